"""One instruction after the other, and the place where numbers stop being finite."""

from __future__ import annotations

import time

import numpy as np

from core.errors import ChainruleError, DivergedError
from core.kernels import state as S
from core.runs.changing import Changing
from core.runs.divergence import describe

#: Seconds a replay to the nearest step should take at most: decides how far checkpoints are apart.
REPLAY = 0.05
#: Where copying the state takes long, up to this: copies should not take more than so much of the time of steps.
SLOW_REPLAY, COPYING = 0.2, 0.03


class Instructing(Changing):
    """Forwards by one instruction, up to the end of a step."""

    def _run_instructions(self, stop: int) -> None:
        """Run the instructions of this step before `stop`, up to one in which numbers break.

        They may have broken in a whole step before, whose loss did not tell of it: then the run goes back there.
        """
        step = self.step_count
        self._run_tested(stop)
        if self.divergence is not None and step > self.base:
            start = self._previous if self._start is None else self._start
            if start is None or not _finite(start.memory):
                self.divergence = None
                self._locate(step)

    def _run_tested(self, stop: int) -> None:
        self._require_healthy()
        if self.pc == 0:
            self._apply_journal()
            self._start = self._checkpoint()
        step = self.step_count
        try:
            self.pc, broken = self.undo.run(self.program, self.pc, stop)
        except ChainruleError:
            self.pc = int(self.program.state[S.ERROR_PC])
            raise
        if broken:
            self.divergence = describe(self.program, self.network, step, self.pc - 1)
        if self.pc == len(self.program.kinds):
            self._finish_step()

    def _finish_begun_step(self) -> None:
        self.program.run(self.pc, len(self.program.kinds))
        self.undo.clear()
        loss = self._watched()[0] if len(self.program.watch) else 0.0
        if not np.isfinite(loss):
            self.program.state[S.ERROR] = S.LOSS_NOT_FINITE
            self._diverged_or_raise()
            return
        self._finish_step()

    def _finish_step(self) -> None:
        self.history.append(self.step_count, self._watched()[None])
        self.program.state[S.STEP] += 1
        self.program.state[S.ITERATION] += 1
        self.pc = 0
        self._previous, self._start = self._start, None
        self._after_steps()
        self._arrive()

    def _after_steps(self) -> None:
        if self.step_count % self._spacing() == 0:
            began = time.perf_counter()
            self.checkpoints.add(self._checkpoint())
            taken = time.perf_counter() - began
            self._seconds_a_copy = 0.5 * (self._seconds_a_copy + taken)
        if self.history.health.due(self.step_count):
            self.history.health.add(self.health())

    def _spacing(self) -> int:
        """Steps between checkpoints: a power of two that a replay does within `REPLAY` seconds, or `SLOW_REPLAY`."""
        replay = min(max(REPLAY, self._seconds_a_copy / COPYING), SLOW_REPLAY)
        steps = max(int(replay / max(self._seconds_a_step, 1e-7)), 1)
        return 1 << (min(steps, 4096).bit_length() - 1)

    def _arrive(self) -> None:
        """Let changes noted for this boundary take effect as soon as it is reached, so that they are seen.

        What the undo ring holds lies before them: going back over the boundary is a replay then.
        """
        if self.journal.at(self.step_count):
            self._apply_journal()
            self.undo.clear()

    def _watched(self) -> np.ndarray:
        return self.program.mem[self.program.watch].astype(np.float64)

    # ---- when numbers break ---------------------------------------------------------------------------------------

    def _require_healthy(self) -> None:
        if self.divergence is not None:
            raise DivergedError(self.divergence.sentence)

    def _diverged_or_raise(self) -> None:
        if self.program.error != S.LOSS_NOT_FINITE:
            self.pc = 0
            self.program.raise_error()
        self._locate(self.step_count)

    def _locate(self, step: int) -> None:
        """Run the broken step again, testing every write, and stand behind the instruction where it began.

        It may lie before `step`, whose loss told of it: steps behind it are forgotten, since one instruction after the
        other would not have come to them.
        """
        self.program.state[S.ERROR] = S.FINE
        # A raised stop flag is meant for training.
        control, self.program.control = self.program.control, np.zeros(2, np.int64)
        try:
            step = self._first_broken(step)
            self._seek_quietly(step)
        finally:
            self.program.control = control
        while not self.divergence:
            self._run_tested(len(self.program.kinds))
            if self.pc == 0 and not self.divergence:
                # Finite again: the loss overflowed only in the sum of an epoch. Nothing to name but the loss itself.
                names = [ins.output.name for ins in self.program.tape.instructions]
                place = names.index("loss")
                self.divergence = describe(self.program, self.network, step, place)
        self._forget_future()

    def _first_broken(self, step: int) -> int:
        """The step, at most `step`, that left numbers which are not finite in the state; `step` if none did."""
        start = self._nearest(step)
        while start.step > self.base and not _finite(start.memory):
            start = self._nearest(start.step - 1)
        self._restore(start)
        while self.step_count < step:
            self._step_quietly()
            if not self._state_is_finite():
                return self.step_count - 1
        return step

    def _state_is_finite(self) -> bool:
        return _finite(self.program.mem[: self.program.plan.state])

    def _seek_quietly(self, step: int) -> None:
        # As `seek` does: the step before is run again too, so that values not yet overwritten are its own.
        self._restore(self._nearest(max(step - 1, self.base)))
        while self.step_count < step:
            last = self.step_count == step - 1
            self._step_quietly(keep=last)

    def _step_quietly(self, *, keep: bool = False) -> None:
        """A whole step that no history hears of, even if its loss is not finite; its start is kept on demand."""
        self._apply_journal()
        start = self._checkpoint() if keep else None
        self.program.run_steps(1, np.zeros((1, self._record.shape[1])))
        if self.program.error:
            self.program.state[S.ERROR] = S.FINE
            self.program.state[S.STEP] += 1
            self.program.state[S.ITERATION] += 1
        self._previous, self._start = start, None


def _finite(values: np.ndarray) -> bool:
    """True if all are finite. Their sum tells it at once, unless it overflows."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum()) or np.isfinite(values).all())
