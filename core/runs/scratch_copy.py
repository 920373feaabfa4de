"""A program that runs one step again from its start, with numbers put in on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.checkpoints import Checkpoint
from core.runs.samples import Samples

if TYPE_CHECKING:
    from core.ops.base import Cell
    from core.tape.program import Program

#: Before the first instruction of the step.
AT_START = -1

#: Numbers that are compared in one go.


@dataclass(frozen=True)
class Edit:
    """A number put in by hand.

    Attributes
    ----------
    tensor, cell
        Where: the cell as the program counts, with the sample first where the tensor has one row for each.
    value
        The number.
    after
        The instruction behind which it is put in: the one that writes the tensor; `AT_START` if none has yet.
    """

    tensor: str
    cell: Cell
    value: float
    after: int = AT_START


class StepCopy:
    """A program over an arena of its own that runs a step from its start, with numbers put in on the way."""

    def __init__(self, program: Program, start: Checkpoint, memory: np.ndarray | None) -> None:
        self.program, self.start = program.fork(memory), start
        self.edits: tuple[Edit, ...] = ()
        self.pc = 0
        self._samples: Samples | None = None
        #: What stood where numbers were put in, so that borders of zeros that nobody writes again are there again.
        self._old: list[tuple[Edit, Any]] = []

    def use(self, samples: Samples) -> None:
        """Gather these samples instead of the step's."""
        program, machine = self.program, self.start.machine.copy()
        program.attach(samples.inputs, samples.targets, weights=samples.weights)
        epoch = machine[S.ORIGIN_EPOCH] + (machine[S.STEP] - machine[S.ORIGIN_STEP]) // max(
            machine[S.BATCHES], 1
        )
        machine[S.SAMPLES] = machine[S.BATCH_SIZE] = len(samples)
        machine[S.BATCHES], machine[S.SHUFFLE] = 1, 0
        # The batch stands in the epoch it would have stood in: rates that follow epochs are the same.
        machine[S.ORIGIN_STEP], machine[S.ORIGIN_EPOCH] = machine[S.STEP], epoch
        self.start, self._samples = replace(self.start, machine=machine), samples

    def stand(self, pc: int) -> None:
        """Stand behind `pc` instructions of the step without running them: the arena holds them already."""
        state = self.program.state
        if state[S.STEP] > self.start.step:
            # Whole steps are counted at their end.
            state[S.STEP] -= 1
            state[S.ITERATION] -= 1
        self.pc = pc

    def restart(self) -> None:
        """Stand at the start of the step again, with the numbers to come."""
        program = self.program
        self._put_back(AT_START)
        program.mem[: program.plan.state] = self.start.memory
        self._begin()

    def _begin(self) -> None:
        self.program.state[...] = self.start.machine
        self.program.state[S.ERROR] = S.FINE
        self.pc = 0
        self._put_in(AT_START)

    def back(self, pc: int) -> None:
        """Stand behind fewer instructions than now, with the weights and all that lasts as it was then.

        What else they wrote stays where it is: it counts as not computed, and is written again before it is read.
        """
        if pc == self.pc:
            return
        program = self.program
        lasting = [
            t
            for ins in program.tape.instructions[pc : self.pc]
            for t in ins.outputs.values()
            if t.at < program.plan.state
        ]
        before = {
            id(t.buffer)
            for ins in program.tape.instructions[:pc]
            for t in ins.outputs.values()
            if t.at < program.plan.state
        }
        if pc == 0 or any(id(t.buffer) in before for t in lasting):
            # What was written twice is known from the start only.
            self.restart()
            self.go(pc)
            return
        self._put_back(pc)
        for t in lasting:
            size = (program.capacity - 1) * t.row + t.size if t.batch else t.size
            program.mem[t.at : t.at + size] = self.start.memory[t.at : t.at + size]
        again = {id(t.buffer) for t in lasting}
        for edit in self.edits:
            if edit.after == AT_START and id(program.tape.tensors[edit.tensor].buffer) in again:
                program.tensor(edit.tensor)[edit.cell] = edit.value
        self.pc = pc

    def go(self, pc: int) -> None:
        """Run the instructions before `pc`, or go back."""
        if pc < self.pc:
            self.back(pc)
        for after in sorted({e.after for e in self.edits if self.pc <= e.after < pc}):
            self._run(after + 1)
            self._put_in(after)
        if self.pc < pc:
            self._run(pc)

    def _run(self, pc: int) -> None:
        try:
            self.program.run(self.pc, pc)
        except ChainruleError:
            # What was written on the way has to be put back.
            self.pc = max(self.pc, int(self.program.state[S.ERROR_PC]) + 1)
            raise
        self.pc = pc

    def have(self, edits: tuple[Edit, ...], pc: int) -> None:
        """Have these numbers put in instead of those there are, and stand behind `pc` instructions."""
        other = [e for e in (*edits, *self.edits) if not (e in edits and e in self.edits)]
        first = min((e.after for e in other), default=self.pc)
        if first == AT_START:
            self.edits = edits
            self.restart()
        else:
            self.back(min(first, self.pc))
            self.edits = edits
        self.go(pc)

    def _put_back(self, pc: int) -> None:
        """Let stand again what stood where numbers were put in behind instruction `pc` and later ones."""
        while self._old and self._old[-1][0].after >= pc:
            edit, value = self._old.pop()
            self.program.tensor(edit.tensor)[edit.cell] = value

    def _put_in(self, after: int) -> None:
        for edit in self.edits:
            if edit.after == after:
                self._put(edit)

    def _put(self, edit: Edit) -> None:
        view = self.program.tensor(edit.tensor)
        self._old.append((edit, view[edit.cell].copy()))
        view[edit.cell] = edit.value
