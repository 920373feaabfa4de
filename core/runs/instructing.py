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
        """Run the instructions of this step before `stop`, up to one in which numbers break."""
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
        """Run the broken step again, testing every write, and stand behind the instruction where it began."""
        self.program.state[S.ERROR] = S.FINE
        while step > self.base:
            self._seek_quietly(step)
            if np.isfinite(self.program.mem[: self.program.plan.state]).all():
                break
            step -= 1
        else:
            self._seek_quietly(step)
        while not self.divergence:
            self._run_instructions(len(self.program.kinds))
            if self.pc == 0 and not self.divergence:
                # Finite again: the loss overflowed only in the sum of an epoch. Nothing to name but the loss itself.
                names = [ins.output.name for ins in self.program.tape.instructions]
                place = names.index("loss")
                self.divergence = describe(self.program, self.network, step, place)

    def _seek_quietly(self, step: int) -> None:
        self._restore(self._nearest(step))
        record = np.zeros((1, self._record.shape[1]))
        while self.step_count < step:
            self._apply_journal()
            self._start = self._checkpoint()
            self.program.run_steps(1, record)
            if self.program.error:
                self.program.state[S.ERROR] = S.FINE
                self.program.state[S.STEP] += 1
                self.program.state[S.ITERATION] += 1
            self._previous, self._start = self._start, None
