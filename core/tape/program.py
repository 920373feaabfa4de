"""A tape with places in memory: it runs any range of instructions, and answers what every value is."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core import checked
from core.errors import ChainruleError, DivergedError, SettingError
from core.ops.base import operation
from core.ops.schedules import ScheduleOp
from core.tape import helper
from core.tape.arena import allocate, place
from core.tape.columns import Columns, columns
from core.tape.explanation import Explaining, Explanation
from core.tape.feeding import Feeding
from core.tape.fusing import fuse
from core.tape.listing import Instructions, TapeInstruction
from core.tape.sharing import WORTH_SHARING, turned_again, work
from core.tape.table import table as kernel_table
from core.tape.values import TensorInfo
from core.tape.writes import Writes, writes

# after core.tape.table, which decides where Numba keeps compiled code
from core.kernels import machine, reading  # isort: skip
from core.kernels import state as S  # isort: skip
from core.tape.team import Team  # isort: skip

if TYPE_CHECKING:
    from core.tape.compiler import Tape

__all__ = ["Explanation", "Program", "TapeInstruction", "TensorInfo"]


class Program(Explaining, Feeding):
    """A bound tape. Owned by one thread.

    Parameters
    ----------
    tape
        From `core.tape.compiler.compile_network`. A tape is bound once.
    capacity
        Largest batch.
    dtype
        float32 to run, float64 to check gradients.
    seed
        Start of every random number.

    Attributes
    ----------
    threads
        How many threads share a whole step, 1 or 2: any number gives the same bits. At first what `core.tape.helper`
        finds; small steps are not shared.
    fused
        True if whole steps run in fewer instructions where nothing looks inside (`core.tape.fusing`): the same bits.
    """

    def __init__(self, tape: Tape, capacity: int, dtype: Any = np.float32, seed: int = 0) -> None:
        self.tape = tape
        self.capacity = capacity
        self.dtype = np.dtype(dtype)
        self.fused = True
        self._fused_instructions = fuse(tape)
        self.plan = place(tape, capacity, self._fused_instructions)
        self.mem = allocate(self.plan.size, self.dtype)
        self.state = np.zeros(S.SIZE, np.int64)
        self.state[S.SEED] = seed
        self.state[S.BATCH_SIZE] = self.state[S.ROWS] = self.state[S.BATCH_ROWS] = capacity
        self.state[S.SAMPLES] = capacity
        self.state[S.SHUFFLE] = 1
        self.control = np.zeros(2, np.int64)
        self.tables = []
        self._fed = False
        self._threads = helper.threads()
        self._teams: dict[int, Team] = {}
        self._work = -1
        self.instructions: Sequence[TapeInstruction] = Instructions(tape)
        self._table = kernel_table(self.dtype)
        self._bind()
        self.watch = np.array([t.at for t in tape.watch.values()], np.int64)
        for t, value in tape.scalars.values():
            self.mem[t.at] = value
        self.initialise(seed)

    # ---- places ---------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        """Write every instruction's integers; check that every operand lies inside the arena."""
        rows, reals, kinds = [], [], []
        tape, fused = self.tape.instructions, self._fused_instructions
        numbers = {id(ins): k for k, ins in enumerate(tape)}
        added = [ins for ins in fused if id(ins) not in numbers]
        numbers.update({id(ins): len(tape) + k for k, ins in enumerate(added)})
        for ins in (*tape, *added):
            for t in (*ins.inputs.values(), *ins.outputs.values()):
                end = t.at + (self.capacity - 1) * t.row + t.size if t.batch else t.at + t.size
                if t.buffer.base < 0 or not 0 <= t.at <= end <= self.mem.size:
                    message = f"{ins.op}: {t.name} lies outside the arena."
                    raise AssertionError(message)
            rule = operation(ins.op)
            rows.append(rule.integers(ins))
            reals.append(rule.reals(ins))
            kinds.append(self._table.number(rule.kernel))
        self.kinds = np.array(kinds[: len(tape)], np.int64)
        self._kernels = self._table.addresses(np.array(kinds, np.int64))
        self.ints = _padded(rows, np.int64)
        self._whole_ints = self.ints.copy()
        self._full_order = np.arange(len(tape))
        self._fused_order = np.array([numbers[id(ins)] for ins in fused], np.int64)
        for instructions, order in ((tape, self._full_order), (fused, self._fused_order)):
            for k, row in turned_again(instructions).items():
                self._whole_ints[order[k], : len(row)] = row
        self.reals = _padded(reals, np.float64)

    def fork(self, memory: np.ndarray | None = None) -> Program:
        """Another program of the same tape over a copy of everything there is: what it does is not seen here.

        It gathers from the same tables, and runs on one thread.

        Parameters
        ----------
        memory
            The arena of a fork that is not used any more: fresh memory takes several times as long.

        Raises
        ------
        core.errors.MemoryEstimateError
            The computer has not that much memory.
        """
        twin = copy(self)
        # Views of the arena that were asked for are of this one.
        twin.__dict__.pop("_views", None)
        fits = memory is not None and (memory.size, memory.dtype) == (self.mem.size, self.dtype)
        twin.mem = memory if memory is not None and fits else allocate(self.plan.size, self.dtype)
        twin.mem[...] = self.mem
        twin.state, twin.control = self.state.copy(), np.zeros(2, np.int64)
        twin.ints, twin._whole_ints = self.ints.copy(), self._whole_ints.copy()
        twin.reals = self.reals.copy()
        twin._teams, twin._threads = {}, 1
        return twin

    # ---- running ------------------------------------------------------------------------------------------------

    def run(self, start: int = 0, stop: int | None = None) -> None:
        """Run instructions start..stop-1 once. Does not count a step.

        Raises
        ------
        core.errors.ChainruleError
            A kernel met impossible data (a label or token out of range).
        """
        end = len(self.kinds) if stop is None else stop
        if not 0 <= start <= end <= len(self.kinds):
            raise ChainruleError(
                f"The tape has {len(self.kinds)} instructions; {start} to {end} is not a range of it."
            )
        whole = start == 0 and end == len(self.kinds)
        if not self.tables:
            start = self._behind_data(start, end)
        team = self.team(start, self.rows) if whole else None
        if team is not None:
            team.run(self)
        else:
            machine.run_range(
                self._kernels, self.ints, self.reals, self.mem, self.state, start, end
            )
        self.raise_error()

    def _behind_data(self, start: int, end: int) -> int:
        """Where to begin if no table is attached: a batch that was fed by hand stands in the tensors already."""
        first = next(
            (
                k
                for k, ins in enumerate(self.tape.instructions)
                if ins.phase != "data" or isinstance(operation(ins.op), ScheduleOp)
            ),
            len(self.kinds),
        )
        if start < first and not self._fed:
            message = "There is no data: attach tables, or feed a batch, before the program runs."
            raise ChainruleError(message)
        return min(max(start, first), end)

    def run_steps(self, steps: int, record: np.ndarray) -> int:
        """Whole steps without returning to Python; `record` (at least steps x watched scalars, float64) is filled.

        Returns
        -------
        Steps done: fewer if `control[0]` was raised or the loss stopped being finite (`error` tells).
        """
        self._require_tables()
        team = self.team()
        if team is not None:
            return team.run_steps(self, steps, record)
        return int(
            machine.run_steps(
                self._kernels,
                self._whole_ints,
                self.reals,
                self.mem,
                self.state,
                self._full_order,
                self.fused_order,
                self.control,
                self.watch,
                record,
                steps,
            )
        )

    @property
    def fused_order(self) -> np.ndarray:
        """The instructions of a whole step inside a run, by number: those of the tape, then others."""
        return self._fused_order if self.fused else self._full_order

    def run_kept(
        self, start: int, stop: int, store: np.ndarray, to: int, machines: np.ndarray
    ) -> tuple[int, bool]:
        """Run instructions start..stop-1, up to one that writes a number that is not finite.

        What each is about to overwrite (`written`, in that order) goes to `store`, from the element `to` on, and the
        machine's state before it to a row of `machines`.

        Returns
        -------
        The next instruction (where data are impossible the one that met them; `raise_error` tells), and whether numbers
        broke in the one before.
        """
        self._require_tables()
        pc: int
        broken: bool
        pc, broken = reading.run_kept(
            self._kernels, self.ints, self.reals, self.mem, self.state, start, stop, self.written.table,
            self.written.ends, store, to, machines,
        )  # fmt: skip
        return pc, broken

    @cached_property
    def written(self) -> Writes:
        """What each instruction writes: every row that a batch may have."""
        return writes(self.tape, self.capacity)

    @cached_property
    def _gathers(self) -> bool:
        return any(ins.op == "gather" for ins in self.tape.instructions)

    def _require_tables(self) -> None:
        if not self.tables and self._gathers:
            message = "There is no data to train on: attach tables first."
            raise ChainruleError(message)

    def team(self, first: int = 0, rows: int | None = None) -> Team | None:
        """Who shares runs of this program from instruction `first` on, or None: one thread, or too little to do.

        `rows` is the size of the batch, by default the largest.
        """
        if self.threads < 2:
            return None
        if self._work < 0:
            self._work = work(self.tape, self.capacity)
        share = 1.0 if rows is None else rows / self.capacity
        if self._work * share < WORTH_SHARING:
            return None
        if first not in self._teams:
            # Whole steps begin at 0, a batch that was fed behind the data: no program has more than two.
            self._teams[first] = Team(self, first, self._work)
        return self._teams[first]

    @property
    def threads(self) -> int:
        """How many threads share a whole step."""
        return self._threads

    @threads.setter
    def threads(self, count: int) -> None:
        given = checked.whole(count, 1)
        if given is None or given > 2:
            raise SettingError(
                f"A step is shared by 1 or 2 threads; threads is {count!r}.", "threads"
            )
        self._threads = given

    @property
    def error(self) -> int:
        """0, or a code of `core.kernels.state`."""
        return int(self.state[S.ERROR])

    def raise_error(self) -> None:
        """Turn an error code into its sentence."""
        code = self.error
        if code == S.FINE:
            return
        self.state[S.ERROR] = S.FINE
        if code == S.LOSS_NOT_FINITE:
            message = "The loss is no longer a finite number."
            raise DivergedError(message)
        at = self.instructions[int(self.state[S.ERROR_PC])]
        what = "a label" if code == S.BAD_LABEL else "a token"
        raise ChainruleError(
            f"Instruction {at.index + 1} ({at.title}) met {what} that the network has no place for. "
            f"Number {what.split()[1]}s from 0 and give the layer enough of them."
        )

    def columns(self, index: int, row: int, group: int = 0) -> Columns:
        """The column matrix of a convolution for one sample of the batch: `core.tape.columns.columns`."""
        return columns(self, index, row, group)


def _padded(rows: list[list[Any]], dtype: Any) -> np.ndarray:
    width = max([1, *map(len, rows)])
    out = np.zeros((len(rows), width), dtype)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out
