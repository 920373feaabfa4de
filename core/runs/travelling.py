"""Time: to any step and instruction there has been, a step forwards or back by any measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from core.errors import ChainruleError
from core.runs.advancing import Advancing
from core.runs.history import History
from core.runs.journal import Journal
from core.runs.position import GRANULARITIES
from core.runs.samples import Samples
from core.runs.watching import loss_place, update_place
from core.spec.training import SEEDS, check_whole

#: Places inside a step that one can go to and back to.
_PLACES = {"loss": loss_place, "update": update_place}


class Travelling(Advancing):
    """To and fro in what the run has done."""

    def step(self, granularity: str = "instruction") -> None:
        """Go forward by one instruction, one layer, one batch (to the end of the present step) or one epoch.

        By "loss": to where the next loss has been computed. By "update": to where the next update begins, so that all
        gradients are there. Where this step has passed it already, that is in the next one.
        """
        check_granularity(granularity)
        if granularity == "instruction":
            self._run_instructions(self.pc + 1)
        elif granularity == "layer" or granularity in _PLACES:
            for place in self._ahead(granularity):
                if self.divergence is None:
                    self._run_instructions(place)
        elif granularity == "batch":
            self.advance(1)
        else:
            target = self.step_count + self._until_epoch_end()
            while self.step_count < target and not self.divergence and not self.program.control[0]:
                if not self.advance(target - self.step_count):
                    break

    def step_to(self, pc: int) -> None:
        """Go forward within the present step, until its instruction `pc` is the next; the number of them is its end.

        As many single instructions would: it ends where numbers break, and going back finds each of them.

        Raises
        ------
        core.errors.ChainruleError
            It is not ahead.
        """
        pc, count = check_whole("pc", pc, -SEEDS), len(self.program.kinds)
        if not self.pc < pc <= count:
            raise ChainruleError(
                f"The run stands before instruction {self.pc} of {count}; pc must lie behind that, up to {count}. "
                f"It is {pc}: seek goes back."
            )
        self._run_instructions(pc)

    def step_back(self, granularity: str = "instruction") -> None:
        """Go back by one instruction, one layer, one batch (to the start of a step) or one epoch.

        By "loss" or "update": to where `step` by it would have stood last.
        """
        check_granularity(granularity)
        self.divergence = None
        if granularity == "instruction":
            self._back_one()
        elif granularity == "layer":
            self._back_one()
            while self.pc and self._group(self.pc - 1) == self._group(self.pc):
                self._back_one()
        else:
            self._back_to(*self._behind(granularity))

    def _ahead(self, granularity: str) -> list[int]:
        """Places at which a step by layer, loss or update ends; before that of the next step the end of this one."""
        count = len(self.program.kinds)
        if granularity == "layer":
            group, stop = self._group(self.pc), self.pc + 1
            while stop < count and self._group(stop) == group:
                stop += 1
            return [stop]
        place = self.place_of(granularity)
        return [count, place] if self.pc >= place else [place]

    def _behind(self, granularity: str) -> tuple[int, int]:
        """Step and place to which a step back by layer, loss, update, batch or epoch leads."""
        position, count = self.position, len(self.program.kinds)
        step, pc = position.step, position.pc
        if granularity == "layer":
            step, pc = (step, pc - 1) if pc else (step - 1, count - 1)
            while pc and self._group(pc - 1) == self._group(pc):
                pc -= 1
        elif granularity in _PLACES:
            place = self.place_of(granularity) % count
            step, pc = (step if pc > place else step - 1), place
        elif granularity == "batch":
            step, pc = (step if pc else step - 1), 0
        else:
            step -= position.batch if position.batch or pc else position.batches
            pc = 0
        return (step, pc) if step >= self.base else (self.base, 0)

    def place_of(self, granularity: str) -> int:
        """Instructions that are done where a step by "loss" or by "update" ends; all, where there is no such."""
        place = _PLACES[granularity](self.program)
        # A step that ends behind its last instruction is the beginning of the next.
        return len(self.program.kinds) if place is None else place

    def _back_to(self, step: int, place: int) -> None:
        """To a moment before the present one, or to the beginning."""
        if place:
            while len(self.undo) and (self.step_count, self.pc) > (step, place):
                self._back_one()
        if (self.step_count, self.pc) != (step, place):
            self.seek(step, place)

    def _back_one(self) -> None:
        if len(self.undo):
            self.pc = self.undo.pop(self.program)
            if self._start is None or self._start.step != self.step_count:
                self._restore_bookkeeping()
            return
        if self.pc:
            self.seek(self.step_count, self.pc - 1)
        elif self.step_count > self.base:
            self.seek(self.step_count - 1, len(self.program.kinds) - 1)

    def _restore_bookkeeping(self) -> None:
        """After stepping back over the end of a step: the start of that step is the begun one again."""
        if self.pc and self._previous is not None and self._previous.step == self.step_count:
            self._start, self._previous = (
                self._previous,
                self.checkpoints.before(max(self.step_count - 1, self.base)),
            )
        elif self.pc == 0:
            self._start = None

    def _group(self, pc: int) -> tuple[str, str]:
        """What a step by layers takes in one go: neighbours of one layer in one phase."""
        instructions = self.program.tape.instructions
        if pc >= len(instructions):
            return ("", "")
        return (instructions[pc].phase, instructions[pc].layer)

    def seek(
        self,
        step: int,
        pc: int = 0,
        progress: Callable[[float], object] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> bool:
        """Stand after `step` steps and `pc` instructions, with every value as it was.

        Parameters
        ----------
        step, pc
            Where to.
        progress
            Called on the way with the share that is done, 0 to 1: a long replay takes seconds.
        stop
            Called on the way; if it answers True the run stays at the step it has come to, between there and the
            nearest checkpoint before it.

        Returns
        -------
        True if the run has come there: False if it was stopped, or if numbers broke on the way.

        Raises
        ------
        core.errors.ChainruleError
            Before the beginning, or further than the run has ever been.
        """
        for share in self.seeking(step, pc):
            if progress is not None:
                progress(share)
            if share < 1 and stop is not None and stop():
                return False
        return (self.step_count, self.pc) == (step, pc)

    def seeking(self, step: int, pc: int = 0) -> Iterator[float]:
        """The same in pieces of at most about `REPLAY` seconds (or one step, where that takes longer).

        Between two pieces the run stands after a whole step, and whoever has had enough leaves it there.

        Yields
        ------
        The share that is done, from 0 to 1.
        """
        step, pc = check_whole("step", step, -SEEDS), check_whole("pc", pc, -SEEDS)
        count, last = len(self.program.kinds), max(self.history.length, self.step_count)
        if not self.base <= step <= last:
            message = (
                f"The run goes from step {self.base} to step {last}; it cannot go to step {step}."
                f"{self._why_not(step)}"
            )
            raise ChainruleError(message)
        if not 0 <= pc < count:
            message = f"A step has {count} instructions, and pc goes from 0 to {count - 1}; it cannot be {pc}."
            raise ChainruleError(message)
        self.divergence = None
        self.undo.clear()
        # One whole step before the target is run again too, so that values not yet overwritten are exact as well.
        start = self._nearest(max(step - 1, self.base))
        self._restore(start)
        while self.step_count < step and not self.divergence:
            yield (self.step_count - start.step) / (step - start.step)
            if not self._replay(step - self.step_count):
                break
        if not self.divergence:
            self._arrive()
        if self.pc < pc and self.step_count == step and not self.divergence:
            self._run_instructions(pc)
        yield 1.0

    def _find_start(self) -> None:
        """Do the last step again, with its start kept: nobody did, or the machine was stopped."""
        kept, self.keeps_starts = self.keeps_starts, True
        try:
            self.seek(self.step_count)
        finally:
            self.keeps_starts = kept

    # ---- changes that undo a begun step --------------------------------------------------------------------------

    def replace_weights(self, values: dict[str, np.ndarray], epoch: int = 0) -> None:
        self._undo_begun_step()
        super().replace_weights(values, epoch)

    def replace_states(self, values: dict[str, np.ndarray]) -> None:
        self._undo_begun_step()
        super().replace_states(values)

    def use(self, samples: Samples) -> None:
        self._undo_begun_step()
        super().use(samples)

    def _undo_begun_step(self) -> None:
        if self.pc:
            self.seek(self.step_count)

    def reset(self) -> None:
        """Back to the beginning: the first weights, and what happened since is forgotten."""
        first = self.checkpoints.before(self.base)
        assert first is not None
        self.divergence = None
        self.undo.clear()
        self._restore(first)
        self.journal = Journal()
        self.checkpoints.forget_after(self.base)
        every = self.history.health.every
        self.history = History(self.history.names, self.base)
        self.history.health.every = every


def check_granularity(granularity: str) -> None:
    """Refuse what is not a way to step."""
    if not isinstance(granularity, str) or granularity not in GRANULARITIES:
        raise ChainruleError(
            f"{granularity!r} is not a way to step; there are {', '.join(GRANULARITIES)}."
        )
