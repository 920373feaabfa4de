"""A session that trains: slices of steps, single steps, back, and to any step of the past. Worker thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from app.engine import second_thread
from app.engine.epochs import is_measured
from app.engine.showing import Showing
from app.engine.tree import run_of, takes_place_of
from core.errors import ChainruleError
from core.tape import helper

if TYPE_CHECKING:
    from core.breakpoints import Breakpoint
    from core.runs import Stopped


class Going(Showing):
    """A session that trains."""

    def share(self, mode: str) -> None:
        """Let the second thread take part in training, or rest, at a speed of this mode."""
        self.run.program.threads = second_thread.threads(
            mode, helper.processors(), helper.threads()
        )

    def advance(
        self, steps: int, waits: Callable[[], bool] = lambda: False, *, measures: bool = True
    ) -> int:
        """Take up to so many steps; fewer when interrupted, at an epoch's end, at the end, or diverged.

        An epoch's held-out samples are measured before the next one begins, in pieces: none is taken meanwhile.
        """
        self._control[0] = 0
        if waits():
            # Asked for between the look into the queue and the line above.
            return 0
        if not self._look(waits) or (measures and not self._measure(waits)):
            return 0
        limit = min(self._limit, self._supervisor.stop_step() or self._limit)
        left = max(0, limit - self.run.step_count)
        # Whole epochs where one is shorter than what is asked for, so that what is measured belongs to an end of one.
        following = 1 if self._supervisor else self._history.epochs_to_next_note(self.run)
        epochs = max(1, min(steps // self.run.batches, following))
        began = perf_counter()
        done = self.run.advance(min(steps, left), epochs) if left else 0
        self.meter.trained(done, perf_counter() - began)
        if done and self.run.epoch_just_ended():
            self._note_epoch(waits)
            if measures:
                self._measure(waits)
        return int(done)

    def _measure(self, waits: Callable[[], bool]) -> bool:
        """Measure the epoch that has ended, unless callbacks have; False if that goes on later."""
        return self.meter.measure(self.run, self._version, self.evaluation, waits)

    @property
    def measured(self) -> bool:
        """Whether held-out metrics of the present step are in the history."""
        return is_measured(self.run)

    def _note_epoch(self, waits: Callable[[], bool] = lambda: False) -> None:
        """Note what the epoch that just ended measured; one that callbacks have seen stays as they saw it."""
        if self._supervisor:
            self._look(waits)
        else:
            self._history.note_epoch(self.run)

    def _look(self, waits: Callable[[], bool]) -> bool:
        """Let callbacks look at an epoch that has ended; False if something else has to be done in between."""
        run = self.run
        if not self._supervisor.is_due():
            return True
        if self._measuring is None or self._measuring[0] != self._version:
            pieces = run.iter_evaluation(run.validation or run.samples)
            self._measuring = (self._version, pieces)
        for part in self._measuring[1]:
            self._measured = part
            if waits():
                return False
        found, self._measuring, self._measured = self._measured, None, None
        self._happenings += self._supervisor.look(found)
        self._changes += 1
        return True

    def finish_training(self, first: int) -> None:
        """Let callbacks end training that began after the step `first`, where nobody can press Play to go on."""
        self._happenings += self._supervisor.finish(first)
        self._changes += 1

    def finish_step(self) -> None:
        """Complete a step that was begun instruction by instruction."""
        if self.run.position.pc and self.run.divergence is None:
            self._control[0] = 0
            self.run.advance(1)

    def allow_more(self) -> None:
        """Let a finished run go on for as many epochs again: the learner pressed Play once more."""
        if self.run.divergence is not None:
            raise ChainruleError(self.run.divergence.sentence)
        self._supervisor.go_on()
        if self.finished:
            self._limit = self._steps_until(self.epoch + max(1, self.work.training.epochs))

    def step(
        self,
        granularity: str,
        to: int | None = None,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """Go forward by one instruction, layer, batch or epoch, to the next loss or update.

        With `to` until so many instructions of a step are done: of this one, or, if they are already, of the next.
        An epoch ends early if something `waits` that has to.
        """
        self._control[0] = 0
        if self.stopped:
            self._supervisor.go_on()
        count = self.run.position.instructions
        place = to if to is not None else count
        if to is None and granularity in ("loss", "update"):
            place = self.run.place_of(granularity)
        elif to is None:
            self._step_whole(granularity, waits)
            place = 0
        if place and self.run.pc >= place:
            # An epoch that ends on the way is noted where it does.
            self.run.step_to(count)
            self._stepped()
        if place and self.run.divergence is None:
            self.run.step_to(min(place, count))
        self._stepped()

    def _step_whole(self, granularity: str, waits: Callable[[], bool]) -> None:
        """Go on until it is done: whatever is asked meanwhile raises the stop flag, and is no reason to go less far."""
        began = self.run.position
        while True:
            self._control[0] = 0
            self.run.step(granularity)
            moved = self.run.position != began
            if self.run.divergence is not None or (moved and granularity != "epoch"):
                return
            if moved and (self.run.epoch_just_ended() or waits()):
                return

    def _stepped(self) -> None:
        self._limit = max(self._limit, self.run.step_count)
        if self.run.epoch_just_ended():
            self._note_epoch()

    def step_back(self, granularity: str, to: int | None = None) -> None:
        """Go back by one of those; with `to` to where so many instructions of a step were done last."""
        if to is None:
            self.run.step_back(granularity)
            return
        position = self.run.position
        place = to % position.instructions
        step = position.step if position.pc > place else position.step - 1
        self.run.seek(*((step, place) if step >= self.run.base else (self.run.base, 0)))

    def search(
        self, breakpoints: Sequence[Breakpoint], *, back: bool = False, steps: int | None = None
    ) -> Generator[float, None, Stopped | None]:
        """Go on to a breakpoint, or back to the last one; yields progress from 0 to 1, and returns what stopped it.

        Forward at most to the end of training, as callbacks may set it; `steps` are fewer.
        """
        if back:
            return (yield from self.run.running_back_to(breakpoints, steps))
        self._control[0] = 0
        left = max(1, self._limit - self.run.step_count)
        going = self.run.running_to(breakpoints, left if steps is None else min(left, steps))
        noted = self.run.step_count
        while True:
            try:
                share, found = next(going), None
            except StopIteration as end:
                share, found = 1.0, end.value
            if self.run.epoch_just_ended() and self.run.step_count != noted:
                noted = self.run.step_count
                self._note_epoch()
                self._measure(lambda: False)
            self._limit = max(self._limit, self.run.step_count)
            if share >= 1.0 or self.stopped:
                going.close()
                return found
            yield share

    def walk(
        self,
        breakpoints: Sequence[Breakpoint],
        granularity: str = "instruction",
        *,
        back: bool,
        waits: Callable[[], bool] = lambda: False,
    ) -> Stopped | None:
        """Go forward or back by any measure; return the breakpoint on the way that has ended it.

        An epoch ends early if something `waits` that has to.
        """
        self._control[0] = 0
        watched = any(one.enabled for one in breakpoints)
        if not watched and not back:
            self.step(granularity, waits=waits)
            return None
        going = (
            self.search(breakpoints, steps=self._left_in_epoch())
            if granularity == "epoch" and not back
            else self.run.going_by(granularity, breakpoints, back=back)
        )
        while True:
            try:
                next(going)
            except StopIteration as end:
                found: Stopped | None = end.value
                break
            if waits():
                going.close()
                return None
        if not back:
            self._stepped()
        return found

    def _left_in_epoch(self) -> int:
        position = self.run.position
        return int(position.batches - position.batch)

    def back_by(self, steps: int, breakpoints: Sequence[Breakpoint]) -> Stopped | None:
        """Go back by whole steps, to where a step ended; or to a breakpoint before that, which is returned."""
        position = self.run.position
        # A begun step counts as one.
        target = max(position.step - steps + (1 if position.pc else 0), self.run.base)
        going = self.run.going_back_to(breakpoints, target)
        while True:
            try:
                next(going)
            except StopIteration as end:
                found: Stopped | None = end.value
                return found

    @property
    def at_beginning(self) -> bool:
        """Whether there is nothing to go back to."""
        return self.run.step_count == self.run.base and not self.run.pc

    def seek(self, step: int, pc: int = 0) -> Iterator[float]:
        """Go to a step; yields progress from 0 to 1. After all of its instructions it is done, if it was not before."""
        reached = max(self.run.history.length, self.run.step_count)
        step, count = min(max(step, self.run.base), reached), len(self.run.program.kinds)
        if pc < count:
            yield from self.run.seeking(step, max(pc, 0))
        elif step < reached:
            yield from self.run.seeking(step + 1)
        else:
            yield from self.run.seeking(step, count - 1)
            if self.run.pc == count - 1 and self.run.divergence is None:
                self.run.step("instruction")

    def reset(self) -> None:
        """Go back to the first weights of the network as it is now."""
        if self.run.base == 0 and self.run.training == self.work.training:
            self.run.reset()
            self._open_run(self.run)
        else:
            fresh = run_of(self.work)
            takes_place_of(fresh, self.run)
            self._open_run(fresh)

    def set(self, name: str, value: float) -> None:
        """Change a live scalar."""
        self.run.set(name, value)
        if self.evaluation_view is not None and self.evaluation_view.step > self.run.step_count:
            # What was trained after this step is forgotten.
            self.evaluation_view = None
        self._changes += 1
