"""A what-if copy of one step: numbers put in by hand, or other samples, and what follows from them.

Never history: a scratch has an arena of its own, the run is not touched, and what is worth keeping (a weight) is
put into it by `core.runs.keeping`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core import checked
from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.checkpoints import Checkpoint
from core.runs.position import GRANULARITIES, Position
from core.runs.samples import Samples, unweighted
from core.runs.scratch_copy import AT_START, Edit, StepCopy
from core.tape.table_data import DataTable

if TYPE_CHECKING:
    from core.runs.run import Run
    from core.tape.program import Program

#: Numbers that are compared in one go.
_PART = 65_536

#: The largest number there is room for.
_LARGEST = float(np.finfo(np.float32).max)


class Scratch:
    """A what-if copy of a run's step.

    It begins as the step began, numbers are put in behind the instruction that made them, and it stands where the run
    stands. It goes on to the end of its step, and back to its first instruction. Beside it goes the same step without
    the numbers: what it would have been.

    Parameters
    ----------
    run
        Read, never written.
    following
        Between two steps: of the step that comes, not of the one that is done.
    samples
        The batch is made of these instead, up to as many as a batch has.
    rooms
        `rooms` of a scratch that is not used any more.

    Attributes
    ----------
    program, plain
        The copy, and the step without the numbers put in.
    edits
        What was put in, in order.
    step
        Updates done before it.

    Raises
    ------
    core.errors.ChainruleError
        There is no step to copy, or the samples do not fit the network.
    """

    def __init__(
        self, run: Run, *, following: bool = False, samples: Samples | None = None,
        rooms: Sequence[np.ndarray] = (),
    ) -> None:  # fmt: skip
        self.run = run
        self.network, self.training, self.loss = run.network, run.training, run.loss
        self.optimizer, self.base = run.optimizer, run.base
        self.count = len(run.program.kinds)
        done = run.pc == 0 and not following
        start = run.step_start if run.pc or done else run.here()
        if start is None:
            message = "No step was taken yet: there are no numbers to change."
            raise ChainruleError(message)
        self.step = start.step
        self.edits: tuple[Edit, ...] = ()
        mine, other = (*rooms, None, None)[:2]
        self._copy, self._plain = (StepCopy(run.program, start, room) for room in (mine, other))
        if samples is not None:
            if samples.weights is None and run.weighted:
                samples = unweighted(samples, [t.shape for t in run.program.tape.outputs.values()])
            if len(samples) > run.program.capacity:
                raise ChainruleError(
                    f"A batch has up to {run.program.capacity:,} samples; {len(samples):,} are given."
                )
            for one in (self._copy, self._plain):
                one.use(samples)
        self.other_samples = samples is not None
        self._changed: dict[int, bool] = {}
        pc = self.count if done else run.pc
        # The run's arena is that of the step so far, unless another batch or a change between two steps is in it.
        there = samples is None and pc > 0 and not (done and run.journal.at(run.step_count))
        for one in (self._copy, self._plain):
            if there:
                one.stand(pc)
            else:
                one.restart()
                one.go(max(pc, 1))

    # ---- where it stands ----------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The copy's program."""
        return self._copy.program

    @property
    def plain(self) -> Program:
        """The program of the same step without the numbers that were put in."""
        return self._plain.program

    @property
    def rooms(self) -> tuple[np.ndarray, np.ndarray]:
        """The memory of both: another scratch of the run begins faster in it."""
        return self.program.mem, self.plain.mem

    @property
    def pc(self) -> int:
        """Instructions done; the number of them at the end of the step."""
        return self._copy.pc

    @property
    def ended(self) -> bool:
        """True at the end of the step."""
        return self.pc == self.count

    @property
    def position(self) -> Position:
        """Where it stands, counted as the run counts: at the end of the step, the next one has not begun."""
        machine, batches = self._run_machine, self.run.batches
        step = self.step + int(self.ended)
        since = step - int(machine[S.ORIGIN_STEP])
        return Position(
            step, int(machine[S.ORIGIN_EPOCH]) + since // batches, since % batches, batches,
            0 if self.ended else self.pc, self.count, self.program.rows,
        )  # fmt: skip

    @cached_property
    def _run_machine(self) -> np.ndarray:
        return self.run.program.state.copy()

    @property
    def step_start(self) -> Checkpoint:
        """The state the step began with: with the weights that were put in."""
        if self._start is None:
            start, program = self._copy.start, self.program
            memory = start.memory
            early = [e for e in self.edits if e.after == AT_START]
            if early:
                memory = memory.copy()
                for edit in early:
                    t = program.tape.tensors[edit.tensor]
                    place = (
                        int(np.ravel_multi_index(edit.cell, (-1, *t.shape)[int(not t.batch) :]))
                        if edit.cell
                        else 0
                    )
                    memory[t.at + place] = edit.value
                memory.flags.writeable = False
            self._start = replace(start, memory=memory)
        return self._start

    _start: Checkpoint | None = None

    @property
    def batch(self) -> Samples:
        """The batch as it stands now: with the inputs and targets that were put in."""
        tape, program = self.program.tape, self.program

        def table(name: str) -> DataTable:
            return DataTable(np.array(program.tensor(name), np.float32))

        weights = [table(t.name) for t in tape.sample_weights.values()]
        return Samples(
            [table(t.name) for t in tape.inputs.values()],
            [table(t.name) for t in tape.targets.values()],
            weights or None,
        )

    @property
    def between(self) -> tuple[Edit, ...]:
        """What was put in behind the batch: those numbers do not follow from the weights any more."""
        tape = self.program.tape
        given = {id(t.buffer) for t in (*tape.inputs.values(), *tape.targets.values())}
        return tuple(
            e for e in self.edits
            if e.after != AT_START and id(tape.tensors[e.tensor].buffer) not in given
        )  # fmt: skip

    # ---- numbers ------------------------------------------------------------------------------------------------

    def edit(self, tensor: str, cell: Any, value: Any) -> Edit:
        """Put a number in, and run what follows from it up to the present instruction.

        Raises
        ------
        core.errors.ChainruleError
            There is no such cell, it is not computed yet, or the network cannot take the number; nothing is changed.
        """
        number = checked.finite(value)
        if number is None or abs(number) > _LARGEST:
            raise ChainruleError(f"A number must be one that float32 can hold; it is {value!r}.")
        t = self.program._tensor(tensor)
        place = self.program._place(t, list(cell) if isinstance(cell, np.ndarray) else cell)
        if self.program.tape.chosen is not None and t.buffer is self.program.tape.chosen.buffer:
            message = "Which samples are in the batch is chosen as a sample, not as a number."
            raise ChainruleError(message)
        found = Edit(t.name, place, number, self._after(t.name))
        self._try((*(e for e in self.edits if not _same(e, found)), found))
        return found

    def take_back(self, tensor: str, cell: Any) -> None:
        """Let a number be what it was.

        Raises
        ------
        core.errors.ChainruleError
            It was not put in by hand.
        """
        rest = tuple(e for e in self.edits if (e.tensor, e.cell) != (tensor, tuple(cell)))
        if rest == self.edits:
            raise ChainruleError(f"No number was put in by hand at {tuple(cell)} of {tensor!r}.")
        self.use(rest)

    def use(self, edits: tuple[Edit, ...]) -> None:
        """Have these numbers put in and no others: some that were put in before."""
        if edits != self.edits:
            self._try(edits)

    def before(self, edit: Edit) -> float:
        """What stands at an edited cell without any edit."""
        return float(self.plain.tensor(edit.tensor)[edit.cell])

    def _try(self, edits: tuple[Edit, ...]) -> None:
        before, pc = self.edits, self.pc
        try:
            self._copy.have(edits, pc)
        except ChainruleError:
            self._copy.have(before, pc)
            raise
        self.edits, self._start = edits, None
        self._changed.clear()

    def _after(self, tensor: str) -> int:
        """The last instruction so far that has written a tensor."""
        names, program = self.run.program.written_names, self.program
        writers = [k for k, own in enumerate(names) if tensor in own]
        done = [k for k in writers if k < self.pc]
        if done:
            return done[-1]
        if program.tape.tensors[tensor].role in ("weight", "slot", "statistic", "scalar", "state"):
            return AT_START
        if writers:
            message = (
                f"{tensor} is computed by instruction {writers[0] + 1}, which is still to come."
            )
            raise ChainruleError(message)
        raise ChainruleError(f"{tensor} is not computed by the step: it cannot be changed by hand.")

    def changed(self) -> frozenset[int]:
        """The instructions done so far whose results are others than without the numbers put in."""
        if not self.edits:
            return frozenset()
        instructions = self.program.tape.instructions
        edited = {id(self.program.tape.tensors[e.tensor].buffer) for e in self.edits}
        # What reads nothing that is different writes nothing that is.
        other = edited | {id(t.buffer) for k, found in self._changed.items() if found and k < self.pc
                          for t in instructions[k].outputs.values()}  # fmt: skip
        for k in range(self.pc):
            ins = instructions[k]
            buffers = {id(t.buffer) for t in ins.outputs.values()}
            if k not in self._changed:
                reads = {id(t.buffer) for t in ins.inputs.values()}
                self._changed[k] = bool((reads | buffers) & other) and any(
                    _differ(self.program._view(t), self.plain._view(t))
                    for t in ins.outputs.values()
                )
            if self._changed[k]:
                other |= buffers
        return frozenset(k for k in range(self.pc) if self._changed[k])

    # ---- to and fro ---------------------------------------------------------------------------------------------

    def go(self, pc: int) -> None:
        """Stand before instruction `pc` of the step; the number of them is its end.

        Raises
        ------
        core.errors.ChainruleError
            It lies before the first instruction or behind the step, or data are impossible on the way.
        """
        if pc > self.count:
            message = "The copy ends with its step. Keep its weights or discard it, and step on from there."
            raise ChainruleError(message)
        if pc < 1:
            message = (
                "The copy begins with this step. Discard it to step back into what was before."
            )
            raise ChainruleError(message)
        here = self.pc
        if pc < here:
            self._changed.clear()
        try:
            for one in (self._copy, self._plain):
                one.go(pc)
        except ChainruleError:
            for one in (self._copy, self._plain):
                one.go(here)
            raise

    def advance(self, granularity: str) -> None:
        """Go forward by one instruction or layer, or to the end of the step."""
        self.go(self.target(granularity, 1))

    def retreat(self, granularity: str) -> None:
        """Go back by one instruction or layer, or to the first instruction of the step."""
        self.go(self.target(granularity, -1))

    def target(self, granularity: str, by: int) -> int:
        """Where a step by some measure leads, forward or back."""
        pc = self.pc
        if granularity not in GRANULARITIES:
            raise ChainruleError(f"{granularity!r} is not a way to step.")
        if granularity == "instruction" or (by > 0 and self.ended) or (by < 0 and pc <= 1):
            return pc + by
        if granularity != "layer":
            return self.count if by > 0 else 1
        pc += by
        if by > 0:
            while pc < self.count and self._group(pc) == self._group(pc - 1):
                pc += 1
        else:
            while pc > 1 and self._group(pc - 1) == self._group(pc):
                pc -= 1
        return pc

    def _group(self, pc: int) -> tuple[str, str]:
        instructions = self.program.tape.instructions
        if pc >= len(instructions):
            return ("", "")
        return (instructions[pc].phase, instructions[pc].layer)


def _differ(one: np.ndarray, other: np.ndarray) -> bool:
    """True if two values are not the same; of large ones the first part that differs ends the search."""
    if one.size > _PART and one.ndim:
        rows = max(1, _PART * len(one) // one.size)
        return any(
            _differ(one[k : k + rows], other[k : k + rows])
            if rows < len(one)
            else _unequal(one, other)
            for k in range(0, len(one), rows)
        )
    return _unequal(one, other)


def _unequal(one: np.ndarray, other: np.ndarray) -> bool:
    # Looking for NaN costs more than comparing does.
    return not np.array_equal(one, other) and not np.array_equal(one, other, equal_nan=True)


def _same(one: Edit, other: Edit) -> bool:
    return (one.tensor, one.cell, one.after) == (other.tensor, other.cell, other.after)
