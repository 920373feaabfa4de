"""To the next breakpoint, or back to the last: whole steps at full speed, instructions only where one comes true."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence

import numpy as np

from core.breakpoints import Breakpoint
from core.errors import ChainruleError
from core.runs.instructing import REPLAY
from core.runs.travelling import Travelling, check_granularity
from core.runs.watching import Stopped, Watch, loss_of
from core.spec.training import check_whole

#: How a search goes on: shares that are done, and at last where it has stopped.
Search = Generator[float, None, "Stopped | None"]


class Stopping(Travelling):
    """To and fro between breakpoints.

    Where all breakpoints are conditions, whole steps are run as ever, and what they have written is looked at after
    each of them (nothing is written twice in a step). Only the step in which a condition holds is gone through one
    instruction after the other, to stand behind the one that wrote the number.
    """

    def run_to(
        self,
        breakpoints: Sequence[Breakpoint],
        steps: int | None = None,
        progress: Callable[[float], object] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Stopped | None:
        """Go on until a breakpoint stops the run.

        Parameters
        ----------
        breakpoints
            From `core.breakpoints`.
        steps
            Steps to finish at most. Without it a condition that never holds is waited for without end.
        progress, stop
            As for `seek`.

        Returns
        -------
        What has stopped it, or None: `steps` are done, it was told to stop, or numbers broke (`divergence` tells).

        Raises
        ------
        core.errors.ChainruleError
            None of them is enabled, or one is about what the network does not have.

        Examples
        --------
        >>> run.run_to([Breakpoint("condition", of="gradients", test="size-above", value=10.0)], steps=1000)
        """
        return _finished(self.running_to(breakpoints, steps), progress, stop)

    def run_back_to(
        self,
        breakpoints: Sequence[Breakpoint],
        steps: int | None = None,
        progress: Callable[[float], object] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Stopped | None:
        """Go back to where a breakpoint would have stopped the run last, with every bit as it was there.

        Parameters
        ----------
        breakpoints, progress, stop
            As for `run_to`.
        steps
            How many to go back at most.

        Returns
        -------
        What it was, or None: then the run stands at its beginning, so many steps before, or (told to stop) somewhere on
        the way.

        Raises
        ------
        core.errors.ChainruleError
            None of them is enabled, or one is about what the network does not have.
        """
        return _finished(self.running_back_to(breakpoints, steps), progress, stop)

    def running_to(self, breakpoints: Sequence[Breakpoint], steps: int | None = None) -> Search:
        """`run_to` in pieces of at most about `REPLAY` seconds (or one step).

        Between two pieces the run stands after a whole step, and after the last one of an epoch always: there its
        metrics can be noted, and callbacks may look.

        Yields
        ------
        The share of `steps` that is done; 0 without such.
        """
        watch = self._watch(breakpoints)
        self._require_healthy()
        first = self.step_count
        last = None if steps is None else first + check_whole("steps", steps, 1)
        if watch.rises and not self.pc and first > self.base and not self._has_start:
            # What the loss was before is in memory only if the last step was run here.
            self._find_start()
        while last is None or self.step_count < last:
            if self.pc or watch.places:
                found = self._walk(watch, self._loss_before())
            else:
                held = yield from self._steps_to(watch, first, last)
                if held is None:
                    return None if self.divergence is None else self._broken(watch)
                self.seek(held)
                found = self._walk(watch, self._loss_before())
            if found is not None or self.divergence is not None:
                return found
            yield _share(self.step_count - first, None if last is None else last - first)
        return None

    def running_back_to(
        self, breakpoints: Sequence[Breakpoint], steps: int | None = None
    ) -> Search:
        """`run_back_to` in pieces, as `running_to`.

        Yields
        ------
        The share of the steps that have been looked at.
        """
        watch = self._watch(breakpoints)
        self.divergence = None
        self.undo.clear()
        origin, high = (self.step_count, self.pc), self.step_count
        least = (
            self.base if steps is None else max(high - check_whole("steps", steps, 1), self.base)
        )
        if self.pc:
            found = self._last_in(watch, high, self.pc)
            if found is not None:
                return found
        # Where it stands between two steps, the end of the one before is where it is already.
        first_end = watch.count + 1 if origin[1] else watch.count
        while high > least:
            if watch.places:
                held, low = [high - 1], high - 1
            else:
                held, low = yield from self._looked_back(watch, high, origin[0])
            for step in reversed([one for one in held if one >= least]):
                end = first_end if step == origin[0] - 1 else watch.count + 1
                found = self._last_in(watch, step, end)
                if found is not None:
                    return found
            high = low
            yield _share(origin[0] - high, origin[0] - least)
        self.seek(least)
        # Before the beginning there is no step at whose end it would have been found.
        return watch.at(least, 0) if origin != (least, 0) and least == self.base else None

    def step_by(self, breakpoints: Sequence[Breakpoint], *, back: bool = False) -> Stopped | None:
        """One instruction forward or back, and the breakpoint that is there, if one is."""
        watch = self._bound(breakpoints)
        if back:
            self.step_back("instruction")
            return self._here(watch)
        step, pc, before = self.step_count, self.pc, self._loss_before()
        self.step("instruction")
        if self.divergence is not None:
            return self._broken(watch)
        return watch.wrote(step, pc, before) or watch.at(step, pc + 1)

    def go_by(
        self, granularity: str, breakpoints: Sequence[Breakpoint] = (), *, back: bool = False
    ) -> Stopped | None:
        """`step` or `step_back` by any measure, which ends early at a breakpoint on the way.

        Parameters
        ----------
        granularity
            As for `step`.
        breakpoints
            From `core.breakpoints`; none of them need be enabled.
        back
            Go back instead, to where a breakpoint would have stopped the run last, or as far as `step_back` would.

        Returns
        -------
        What has stopped it, or None.
        """
        return _finished(self.going_by(granularity, breakpoints, back=back), None, None)

    def going_by(
        self, granularity: str, breakpoints: Sequence[Breakpoint] = (), *, back: bool = False
    ) -> Search:
        """`go_by` in pieces, as `running_to`: an epoch can be long."""
        check_granularity(granularity)
        if granularity == "instruction":
            return self.step_by(breakpoints, back=back)
        watch = self._bound(breakpoints)
        if not watch:
            (self.step_back if back else self.step)(granularity)
            return None
        if back:
            return (yield from self.going_back_to(breakpoints, *self._behind(granularity)))
        if granularity in ("batch", "epoch"):
            steps = 1 if granularity == "batch" else self._until_epoch_end()
            return (yield from self.running_to(breakpoints, steps))
        for place in self._ahead(granularity):
            found = self._walk(watch, self._loss_before(), place)
            if found is not None or self.divergence is not None:
                return found
        return None

    def going_back_to(self, breakpoints: Sequence[Breakpoint], step: int, pc: int = 0) -> Search:
        """Back to a moment, in pieces, or to the last stop after it or there."""
        watch, origin = self._bound(breakpoints), (self.step_count, self.pc)
        if (step, pc) >= origin:
            return None
        if watch and not pc and step < origin[0]:
            found = yield from self.running_back_to(breakpoints, origin[0] - step)
        else:
            found = self._last_since(watch, (step, pc), origin)
        if found is not None:
            return found
        self.seek(step, pc)
        return self._here(watch)

    # ---- inside ---------------------------------------------------------------------------------------------------

    _bound_last: tuple[tuple[Breakpoint, ...], Watch] | None = None

    def _bound(self, breakpoints: Sequence[Breakpoint]) -> Watch:
        """Breakpoints bound to the program; those of the last time are kept, for whoever asks step by step."""
        wanted, last = tuple(breakpoints), self._bound_last
        if last is None or last[0] != wanted:
            last = self._bound_last = (wanted, Watch(self.program, wanted))
        return last[1]

    def _watch(self, breakpoints: Sequence[Breakpoint]) -> Watch:
        watch = self._bound(breakpoints)
        if not watch:
            message = "There is no breakpoint to run to: set one, or switch one on."
            raise ChainruleError(message)
        return watch

    def _loss_before(self) -> float | None:
        """The loss of the step before the present one, unless this one has its own already."""
        return loss_of(self.program) if self.step_count > self.base else None

    def _walk(self, watch: Watch, before: float | None, end: int | None = None) -> Stopped | None:
        """Go on within the present step to the first stop, or to its end or the place `end`."""
        step, end = self.step_count, watch.count if end is None else end
        for place in [one for one in watch.stations(self.pc) if one < end] + [end]:
            self._run_instructions(place)
            if self.divergence is not None:
                return self._broken(watch)
            found = watch.wrote(step, place - 1, before) or watch.at(step, place)
            if found is not None:
                return found
        return None

    def _last_since(
        self, watch: Watch, target: tuple[int, int], origin: tuple[int, int]
    ) -> Stopped | None:
        """Stand at the last stop between two moments, the first of which counts; None if there is none."""
        end = origin[1]
        for step in range(origin[0], target[0] - 1, -1):
            found = self._last_in(watch, step, end) if end else None
            if found is not None:
                return found if (found.step, found.pc) >= target else None
            # Where it stood between two steps, the end of the one before is where it was already.
            end = watch.count + 1 if origin[1] or step < origin[0] else watch.count
        return None

    def _here(self, watch: Watch) -> Stopped | None:
        """The breakpoint that would have stopped the run where it stands, coming from the instruction before."""
        place = (self.step_count, self.pc)
        pc = (self.pc or watch.count) - 1
        step = place[0] if self.pc else place[0] - 1
        if step < self.base:
            return watch.at(*place)
        before = None
        if watch.rises and any(
            pc in one.written for one in watch.conditions if one.test == "rises"
        ):
            # What the loss was before is in memory only until this step's own is computed.
            self.seek(step)
            before = self._loss_before()
            self.seek(*place)
        return watch.wrote(step, pc, before) or watch.at(*place)

    def _broken(self, watch: Watch) -> Stopped | None:
        """What was waited for where numbers have broken: the run stands there in any case."""
        assert self.divergence is not None
        return watch.wrote(self.divergence.step, self.divergence.instruction, None)

    def _steps_to(self, watch: Watch, first: int, last: int | None) -> Generator[float, None, int | None]:  # fmt: skip
        """Whole steps up to one in which a condition holds, which is returned; None if there is none."""
        began = time.perf_counter()
        many = None if last is None else last - first
        while last is None or self.step_count < last:
            step, before = self.step_count, self._loss_before()
            self._whole_step()
            if self.divergence is not None:
                return None
            if watch.holds(before):
                return step
            if self.epoch_just_ended() or time.perf_counter() - began > REPLAY:
                yield _share(self.step_count - first, many)
                began = time.perf_counter()
        return None

    def _whole_step(self) -> None:
        """One step, whose start is not kept and which a raised stop flag does not end: it is meant for training."""
        kept, self.keeps_starts = self.keeps_starts, False
        control, self.program.control = self.program.control, np.zeros(2, np.int64)
        try:
            if len(self.undo):
                self.undo.clear()
            self._run_slice(1)
        finally:
            self.keeps_starts, self.program.control = kept, control

    def _looked_back(
        self, watch: Watch, high: int, origin: int
    ) -> Generator[float, None, tuple[list[int], int]]:
        """Run the steps before `high` again, from a checkpoint on.

        Returns
        -------
        Those in which a condition holds, and the step before which others are still to be looked at.
        """
        self._restore(self._nearest(max(high - 2, self.base)))
        first, held, began = self.step_count, [], time.perf_counter()
        while self.step_count < high and self.divergence is None:
            step = self.step_count
            # Of a checkpoint the loss before it is not known: that step belongs to the next stretch.
            before = self._loss_before() if step > first else None
            self._whole_step()
            if (step > first or first == self.base) and watch.holds(before):
                held.append(step)
            if time.perf_counter() - began > REPLAY:
                yield _share(origin - high, origin - self.base)
                began = time.perf_counter()
        return held, first if first == self.base else first + 1

    def _last_in(self, watch: Watch, step: int, end: int) -> Stopped | None:
        """Stand at the last stop of a step that lies before the place `end`; None if there is none in it."""
        places = [place for place in watch.stations(0) if place < end]
        if not watch.conditions:
            places = [place for place in places if place % watch.count in watch.places][-1:]
        found = None
        if watch.conditions and places:
            self.seek(step)
            before = self._loss_before()
            for place in places:
                self._run_instructions(place)
                found = watch.wrote(step, place - 1, before) or watch.at(step, place) or found
        elif places:
            found = watch.at(step, places[-1])
        if found is not None:
            self.seek(found.step, found.pc)
        return found


def _share(done: int, whole: int | None) -> float:
    return 0.0 if not whole else min(max(done / whole, 0.0), 1.0)


def _finished(
    search: Search,
    progress: Callable[[float], object] | None,
    stop: Callable[[], bool] | None,
) -> Stopped | None:
    while True:
        try:
            share = next(search)
        except StopIteration as end:
            found: Stopped | None = end.value
            return found
        if progress is not None:
            progress(share)
        if stop is not None and stop():
            search.close()
            return None
