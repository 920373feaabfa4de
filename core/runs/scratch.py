"""A what-if copy of one step: numbers put in by hand, or other samples, and what follows from them.

Never history: a scratch has an arena of its own, the run is not touched, and what is worth keeping (a weight) is
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from core import checked
from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.checkpoints import Checkpoint
from core.runs.position import GRANULARITIES, Position
from core.runs.samples import Samples, unweighted
from core.tape.table_data import DataTable

if TYPE_CHECKING:
    from core.ops.base import Cell
    from core.runs.run import Run
    from core.tape.program import Program

#: Before the first instruction of the step.
AT_START = -1

#: Numbers that are compared in one go.
_PART = 65_536

#: The largest number there is room for.
_LARGEST = float(np.finfo(np.float32).max)


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


class _Copy:
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
        self._copy, self._plain = (_Copy(run.program, start, room) for room in (mine, other))
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


@dataclass(frozen=True)
class Kept:
    """Numbers put into a run's weights.

    Attributes
    ----------
    cells
        What was put in: (step, tensor, cell, number), in order.
    before
        What stood there: putting these in, in order, makes the very bits there were.
    """

    cells: tuple[tuple[int, str, Cell, float], ...]
    before: tuple[tuple[int, str, Cell, float], ...]


def keep(run: Run, scratch: Scratch) -> Kept:
    """Put the weights that were changed in a scratch into the run, as journalled edits where the scratch had them.

    The run then stands where the scratch stands, with what follows from these weights. What it did after that is
    forgotten, as after any edit of a weight.

    Raises
    ------
    core.errors.ChainruleError
        No weight was changed.
    """
    weights = {slot.tensor.name for slot in run.program.tape.weights}
    chosen = [e for e in scratch.edits if e.tensor in weights]
    if not chosen:
        message = "Only weights can be kept: inputs, targets and what is computed belong to this step alone."
        raise ChainruleError(message)
    step, pc = scratch.step, scratch.pc
    early = tuple((step, e.tensor, e.cell, e.value) for e in chosen if e.after == AT_START)
    late = tuple((step + 1, e.tensor, e.cell, e.value) for e in chosen if e.after != AT_START)
    before: list[tuple[int, str, Cell, float]] = []
    if early:
        run.seek(step)
        before += _set(run, early)
    if late:
        pc = scratch.count
    _go(run, step, pc)
    if late:
        found = _set(run, late)
        # Putting the early ones back forgets what was put in after them.
        before = before or found
    return Kept((*early, *late), tuple(before))


def put(run: Run, cells: Iterable[tuple[int, str, Cell, float]]) -> None:
    """Put numbers into weights as they are at the start of steps, and stand where the run stood.

    A run that has gone on since is given them where it is: training is not undone for that.
    """
    at, pc = run.step_count, run.pc
    for step, group in groupby(cells, key=lambda one: one[0]):
        ended = (run.step_count, run.pc) == (step + 1, 0)
        if run.step_count == step or ended:
            run.seek(step)
            _set(run, tuple(group))
            if ended or at > step:
                _go(run, step, len(run.program.kinds))
            elif pc:
                _go(run, step, pc)
        else:
            _set(run, tuple(group))


def _set(
    run: Run, cells: tuple[tuple[int, str, Cell, float], ...]
) -> list[tuple[int, str, Cell, float]]:
    before = [
        (at, name, cell, float(run.program.tensor(name)[cell])) for at, name, cell, _ in cells
    ]
    for _, name, cell, value in cells:
        run.set_weight(name, cell, value)
    return before


def _go(run: Run, step: int, pc: int) -> None:
    """Stand behind `pc` instructions of a step that the run has come to, or at its end."""
    if run.step_count > step or run.pc > pc:
        run.seek(step)
    if run.pc < pc:
        run.step_to(pc)
