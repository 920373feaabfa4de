"""A tape with places in memory: it runs any range of instructions, and answers what every value is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core import initializers
from core.arguments import require_names
from core.errors import ChainruleError, DivergedError, PlaceError
from core.expression_text import number, to_text
from core.expressions import Expr, elide, evaluate
from core.naming import suggestion, unknown
from core.ops.base import Cell, Instruction, operation
from core.ops.schedules import ScheduleOp
from core.tape.arena import allocate, place
from core.tape.columns import Columns, columns
from core.tape.table import table as kernel_table
from core.tape.tensors import Shape, Tensor

# after core.tape.table, which decides where Numba keeps compiled code
from core.kernels import machine  # isort: skip
from core.kernels import state as S  # isort: skip

if TYPE_CHECKING:
    from core.tape.compiler import Tape
    from core.tape.table_data import DataTable


#: The learning rate that was set by hand, or -1: it takes the place of a schedule.
_BY_HAND = "learning_rate/by_hand"


@dataclass(frozen=True)
class TensorInfo:
    """What is known of a tensor without its numbers. `shape` has no batch axis; `batch` says whether there is one."""

    name: str
    shape: Shape
    batch: bool
    role: str
    layer: str
    symbol: str


@dataclass(frozen=True)
class TapeInstruction:
    """An instruction as it is shown.

    Attributes
    ----------
    index
        Place on the tape.
    phase
        "data", "forward", "loss", "backward" or "update".
    op, layer
        Names of the operation and of the layer's id ("" if it belongs to none).
    operands
        Tensor names by operand; `writes` are those it writes.
    title, formula
        One line of Unicode, and LaTeX.
    """

    index: int
    phase: str
    op: str
    layer: str
    operands: dict[str, str]
    writes: tuple[str, ...]
    title: str
    formula: str


@dataclass(frozen=True)
class Explanation:
    """How one cell came about.

    Attributes
    ----------
    result
        (tensor, cell) that is explained.
    expression
        Over references to the operands.
    value
        The expression in float64, from the operands as they are in the arena now.
    kernel_value
        What the kernel wrote.
    numbers
        The operands' cells as they were, by (tensor, cell). ``print`` shows the formula with them.
    """

    instruction: int
    tensor: str
    cell: Cell
    expression: Expr
    value: float
    kernel_value: float
    numbers: dict[tuple[str, Cell], float] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        """``dense/z[0, 1] = x[1]·W¹[1,2] + b¹[2] = 0.5·2 + 0.1 = 1.1``."""
        short = elide(self.expression)
        lines = [
            f"{self.tensor}[{', '.join(map(str, self.cell))}]" if self.cell else self.tensor,
            to_text(short),
            to_text(short, lambda tensor, cell: self.numbers.get((tensor, cell), math.nan)),
            number(self.value),
        ]
        return " = ".join(dict.fromkeys(lines))


class _Instructions(Sequence[TapeInstruction]):
    """The tape's instructions as they are shown, made when asked for: a long tape has thousands."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._made: dict[int, TapeInstruction] = {}

    def __len__(self) -> int:
        return len(self._tape.instructions)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index not in self._made:
            ins = self._tape.instructions[index]
            rule = operation(ins.op)
            self._made[index] = TapeInstruction(
                index,
                ins.phase,
                ins.op,
                ins.layer,
                {k: t.name for k, t in ins.inputs.items()},
                tuple(t.name for t in ins.outputs.values()),
                rule.title(ins),
                rule.tex(ins),
            )
        return self._made[index]

    def __iter__(self) -> Iterator[TapeInstruction]:
        return (self[k] for k in range(len(self)))


class Program:
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
    """

    def __init__(self, tape: Tape, capacity: int, dtype: Any = np.float32, seed: int = 0) -> None:
        self.tape = tape
        self.capacity = capacity
        self.dtype = np.dtype(dtype)
        self.plan = place(tape, capacity)
        self.mem = allocate(self.plan.size, self.dtype)
        self.state = np.zeros(S.SIZE, np.int64)
        self.state[S.SEED] = seed
        self.state[S.BATCH_SIZE] = self.state[S.ROWS] = self.state[S.BATCH_ROWS] = capacity
        self.state[S.SAMPLES] = capacity
        self.state[S.SHUFFLE] = 1
        self.control = np.zeros(2, np.int64)
        self.tables: list[DataTable] = []
        self._fed = False
        self.instructions: Sequence[TapeInstruction] = _Instructions(tape)
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
        for ins in self.tape.instructions:
            for t in (*ins.inputs.values(), *ins.outputs.values()):
                end = t.at + (self.capacity - 1) * t.row + t.size if t.batch else t.at + t.size
                if t.buffer.base < 0 or not 0 <= t.at <= end <= self.mem.size:
                    message = f"{ins.op}: {t.name} lies outside the arena."
                    raise AssertionError(message)
            rule = operation(ins.op)
            rows.append(rule.integers(ins))
            reals.append(rule.reals(ins))
            kinds.append(self._table.number(rule.kernel))
        self.kinds = np.array(kinds, np.int64)
        self._kernels = self._table.addresses(self.kinds)
        self.ints = _padded(rows, np.int64)
        self.reals = _padded(reals, np.float64)

    def attach(
        self,
        inputs: list[DataTable],
        targets: list[DataTable],
        batch_size: int | None = None,
        weights: list[DataTable] | None = None,
    ) -> None:
        """Gather from these tables from now on: one for each Input layer, one for each output.

        `weights` are those of the samples, one table for each output, if the tape was written for such.

        Raises
        ------
        core.errors.ChainruleError
            A table does not fit, or the tables have different numbers of samples.
        """
        tables = [*inputs, *targets, *(weights or [])]
        places = [
            *self.tape.inputs.values(), *self.tape.targets.values(), *self.tape.sample_weights.values(),
        ]  # fmt: skip
        if len(tables) != len(places):
            message = (
                f"The network needs {len(places)} tables of data, but {len(tables)} are given."
            )
            raise ChainruleError(message)
        for data, t in zip(tables, places, strict=True):
            if data.width != t.size:
                raise ChainruleError(
                    f"Each sample for {t.name} must have {t.size} values; the data has {data.width}."
                )
            if len(data) != len(tables[0]):
                message = f"Inputs and targets must be as many: {len(tables[0])} and {len(data)} samples are given."
                raise ChainruleError(message)
        if not len(tables[0]):
            message = "There are no samples to learn from."
            raise ChainruleError(message)
        by_tensor = dict(zip(map(id, places), tables, strict=True))
        for k, ins in enumerate(self.tape.instructions):
            if ins.op == "gather":
                ins.attributes["table"] = by_tensor[id(ins.output)]
                numbers = operation("gather").integers(ins)
                self.ints[k, : len(numbers)] = numbers
                self.reals[k, 0] = operation("gather").reals(ins)[0]
        self.tables = tables
        self.state[S.SAMPLES] = len(tables[0])
        size = min(batch_size or self.capacity, self.capacity)
        self.state[S.BATCH_SIZE] = size
        self.state[S.BATCHES] = -(-len(tables[0]) // size)

    def feed(
        self,
        inputs: list[np.ndarray],
        targets: list[np.ndarray] | None = None,
        weights: list[np.ndarray] | None = None,
    ) -> None:
        """Put a batch into the input tensors by hand (prediction, explanation, gradient checks).

        Weights of samples, if the tape has such, are 1 where none are given.
        """
        places = list(self.tape.inputs.values())
        given = list(zip(places, _arrays(inputs, places, "inputs"), strict=True))
        if targets is not None:
            places = list(self.tape.targets.values())
            given += list(zip(places, _arrays(targets, places, "targets"), strict=True))
        places = list(self.tape.sample_weights.values())
        if weights is not None:
            given += list(zip(places, _arrays(weights, places, "weights"), strict=True))
        rows = len(given[0][1]) if given[0][1].ndim else 0
        if rows > self.capacity:
            raise ChainruleError(
                f"The program takes batches of up to {self.capacity}; {rows} samples are given."
            )
        for t, array in given:
            _require_fit(t, array, rows)
        if weights is None:
            given += [(t, np.ones((rows, *t.shape))) for t in places]
        self.state[S.FIRST], self.state[S.ROWS], self.state[S.BATCH_ROWS] = 0, rows, rows
        self._fed = True
        for t, array in given:
            self._view(t)[...] = array.astype(self.dtype, copy=False).reshape(rows, *t.shape)

    # ---- values -----------------------------------------------------------------------------------------------

    @property
    def rows(self) -> int:
        """Samples in the present batch."""
        return int(self.state[S.BATCH_ROWS])

    @property
    def tensors(self) -> dict[str, TensorInfo]:
        """Every tensor by name."""
        return {
            name: TensorInfo(t.name, t.shape, t.batch, t.role, t.layer, t.symbol)
            for name, t in self.tape.tensors.items()
        }

    @cached_property
    def written_names(self) -> tuple[tuple[str, ...], ...]:
        """For each instruction, every name of what it writes: other shapes of the same values and parts included."""
        by_buffer: dict[int, list[tuple[str, Tensor]]] = {}
        for name, t in self.tape.tensors.items():
            by_buffer.setdefault(id(t.buffer), []).append((name, t))
        return tuple(
            tuple(
                name
                for out in ins.outputs.values()
                for name, t in by_buffer.get(id(out.buffer), [])
                if out.covers(t)
            )
            for ins in self.tape.instructions
        )

    def _tensor(self, name: str) -> Tensor:
        found = self.tape.tensors.get(name) if isinstance(name, str) else None
        if found is None:
            hint = suggestion(name, self.tape.tensors) if isinstance(name, str) else ""
            raise ChainruleError(
                f"The program has no value called {name!r}.{hint} The names are in program.tensors."
            )
        return found

    def tensor(self, name: str) -> np.ndarray:
        """A view of a value in the arena; batch tensors have the samples of the present batch as first axis."""
        return self._view(self._tensor(name))

    def _view(self, t: Tensor) -> np.ndarray:
        if not t.batch:
            return self.mem[t.at : t.at + t.size].reshape(t.shape)
        item = self.dtype.itemsize
        inner = [item]
        for n in reversed(t.shape[1:]):
            inner.insert(0, inner[0] * n)
        strides = (t.row * item, *(inner if t.shape else ()))
        return np.lib.stride_tricks.as_strided(self.mem[t.at :], (self.rows, *t.shape), strides)

    def scalar(self, name: str) -> float:
        """A named scalar, such as "learning_rate"."""
        return float(self.mem[self._tensor(name).at])

    def set_scalar(self, name: str, value: float) -> None:
        """Change a named scalar. A learning rate set so takes the place of its schedule from then on."""
        self.mem[self._tensor(name).at] = value
        if name == "learning_rate" and _BY_HAND in self.tape.scalars:
            self.mem[self._tensor(_BY_HAND).at] = value

    def initialise(self, seed: int) -> None:
        """Draw the weights anew; clear everything else that is state."""
        scalars = {name: self.scalar(name) for name in self.tape.scalars}
        self.mem[:] = 0
        for slot in self.tape.weights:
            values = initializers.draw(
                slot.weight.initializer, slot.weight.shape, seed, slot.tensor.name
            )
            self._view(slot.tensor)[...] = values
            for name, start in slot.starts.items():
                self._view(slot.slots[name])[...] = start
        for name, value in scalars.items():
            self.mem[self._tensor(name).at] = value

    def states(self) -> dict[str, np.ndarray]:
        """Views of what lasts from one batch to the next, a row for each sample a batch may have, by name."""
        return {
            t.name: self.mem[t.at : t.at + t.size * self.capacity].reshape(self.capacity, *t.shape)
            for t in self.tape.tensors.values()
            if t.role == "state"
        }

    def set_states(self, values: dict[str, np.ndarray]) -> None:
        """Replace states by name."""
        for name, state in self.states().items():
            state[...] = values[name]

    def clear_states(self, layer: str | None = None) -> None:
        """Let the states of stateful layers (or of one of them) begin at 0 again."""
        for name, values in self.states().items():
            if layer is None or self._tensor(name).layer == layer:
                values[...] = 0

    def weights(self) -> dict[str, np.ndarray]:
        """Copies of all weights and statistics by name."""
        return {slot.tensor.name: self._view(slot.tensor).copy() for slot in self.tape.weights}

    def set_weights(self, values: dict[str, np.ndarray]) -> None:
        """Replace weights by name; those that are not named stay.

        Raises
        ------
        core.errors.ChainruleError
            There is no such weight, or it has another shape.
        """
        require_names(values, [slot.tensor.name for slot in self.tape.weights])
        for slot in self.tape.weights:
            if slot.tensor.name in values:
                given = np.asarray(values[slot.tensor.name])
                if given.shape != slot.tensor.shape:
                    message = f"{slot.tensor.name} has shape {slot.tensor.shape}; the given values have {given.shape}."
                    raise ChainruleError(message)
                self._view(slot.tensor)[...] = given

    def copy_weights_from(self, other: Program) -> None:
        """Take over the weights of a program of the same network; states that last begin at 0."""
        for slot in self.tape.weights:
            self._view(slot.tensor)[...] = other.tensor(slot.tensor.name)
        self.clear_states()

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
        if not self.tables:
            start = self._behind_data(start, end)
        machine.run_range(self._kernels, self.ints, self.reals, self.mem, self.state, start, end)
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
        if not self.tables and any(ins.op == "gather" for ins in self.tape.instructions):
            message = "There is no data to train on: attach tables first."
            raise ChainruleError(message)
        return int(
            machine.run_steps(
                self._kernels,
                self.ints,
                self.reals,
                self.mem,
                self.state,
                self.control,
                self.watch,
                record,
                steps,
            )
        )

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

    # ---- explaining ----------------------------------------------------------------------------------------------

    def _internal(self, index: int) -> Instruction:
        whole = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
        if not whole or not 0 <= index < len(self.tape.instructions):
            raise ChainruleError(
                f"The tape has {len(self.tape.instructions)} instructions, numbered from 0; there is no number "
                f"{index!r}."
            )
        ins = self.tape.instructions[index]
        attributes = {
            **ins.attributes,
            "rows": self.rows,
            "iteration": int(self.state[S.ITERATION]) + 1,
            "epoch": int(self.state[S.EPOCH]),
            "by_hand": _BY_HAND in self.tape.scalars and self.scalar(_BY_HAND) >= 0,
            "first": self.state[S.BATCH] == 0,
        }
        return replace(ins, attributes=attributes)

    def explain(self, index: int, cell: Cell, output: str | None = None) -> Explanation:
        """How instruction `index` computes one cell of its output, from its operands as they are now.

        Of several outputs the first, or the tensor `output`.

        For updates, which change a weight in place, ask before the instruction runs.
        """
        t = self._internal(index).output if output is None else self._tensor(output)
        place = self._place(t, cell)
        expression = self.expression(index, place, output)
        numbers: dict[tuple[str, Cell], float] = {}

        def read(tensor: str, at: Cell) -> float:
            numbers[tensor, at] = found = self._value(tensor, at)
            return found

        value = evaluate(expression, read)
        written = float(self._view(t)[place])
        return Explanation(index, t.name, place, expression, value, written, numbers)

    def expression(
        self, index: int, cell: Cell, output: str | None = None, iteration: int | None = None
    ) -> Expr:
        """The formula of a cell alone, for update number `iteration` instead of the present one."""
        ins = self._internal(index)
        if iteration is not None:
            ins.attributes["iteration"] = iteration
        t = ins.output if output is None else self._tensor(output)
        key, place = self._written(ins, t, self._place(t, cell))
        if ins.outputs[key] is ins.output:
            return operation(ins.op).explain(ins, place)
        return operation(ins.op).explain_output(ins, key, place)

    def _written(self, ins: Instruction, t: Tensor, cell: Cell) -> tuple[str, Cell]:
        """Which output of the instruction a cell of a tensor is in, and where there.

        A time step, the gradient of one, or the same values in another shape may be asked for by a name of its own.
        """
        for key, out in ins.outputs.items():
            if out is t:
                return key, cell
        own = cell[1:] if t.batch else cell
        flat = t.offset + (int(np.ravel_multi_index(own, t.shape)) if t.shape else 0)
        for key, out in ins.outputs.items():
            if out.buffer is t.buffer and out.offset <= flat < out.offset + out.size:
                inside = np.unravel_index(flat - out.offset, out.shape) if out.shape else ()
                return key, (*cell[: int(t.batch)], *map(int, inside))
        names = ", ".join(out.name for out in ins.outputs.values())
        message = f"The instruction does not write cell {cell} of {t.name!r}; it writes {names}."
        raise PlaceError(message)

    def _place(self, t: Tensor, cell: Any) -> Cell:
        """A cell as whole numbers, inside the tensor."""
        shape = (self.rows, *t.shape) if t.batch else t.shape
        first = ", the sample first," if t.batch else ""
        needed = (
            f"{len(shape)} whole number{'s' if len(shape) != 1 else ''}{first}" if shape else "()"
        )
        if not isinstance(cell, (tuple, list)) or not all(
            isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in cell
        ):
            example = (*([0] * len(shape)),)
            raise PlaceError(
                f"A cell of {t.name!r} is a tuple of {needed}, such as {example}; {cell!r} is given."
                if shape
                else f"{t.name!r} is one number: its cell is (); {cell!r} is given."
            )
        place = tuple(int(k) for k in cell)
        if len(place) != len(shape) or not all(
            0 <= k < n for k, n in zip(place, shape, strict=True)
        ):
            raise PlaceError(
                f"{t.name!r} has shape {shape}, so a cell of it is {needed} from {(0,) * len(shape)} to "
                f"{tuple(n - 1 for n in shape)}; {place} is not one."
                if shape
                else f"{t.name!r} is one number: its cell is (); {place} is given."
            )
        return place

    def value(self, tensor: str, cell: Cell) -> float:
        """One cell of a value."""
        t = self._tensor(tensor)
        return float(self._view(t)[self._place(t, cell)])

    def _value(self, tensor: str, cell: Cell) -> float:
        """The same as expressions look it up, with cells that are known to be there."""
        return float(self.tensor(tensor)[cell])

    def columns(self, index: int, row: int, group: int = 0) -> Columns:
        """The column matrix of a convolution for one sample of the batch: `core.tape.columns.columns`."""
        return columns(self, index, row, group)

    def uses(self, index: int, operand: str, cell: Cell) -> list[Cell]:
        """Cells of the instruction's output that read `cell` of this operand."""
        ins = self._internal(index)
        if operand not in ins.inputs:
            raise PlaceError(unknown("operand", str(operand), ins.inputs))
        return operation(ins.op).uses(ins, operand, self._place(ins.inputs[operand], cell))


def _arrays(given: Any, places: list[Tensor], what: str) -> list[np.ndarray]:
    """One array of numbers for each place; of a single place the array itself will do."""
    if not isinstance(given, (list, tuple)):
        given = [given]
    if len(given) != len(places):
        names = ", ".join(t.name for t in places) or "none"
        message = f"feed takes a list of {len(places)} {what} ({names}); {len(given)} are given."
        raise ChainruleError(message)
    found = []
    for one, t in zip(given, places, strict=True):
        try:
            array = np.asarray(one)
        except ValueError:
            array = np.empty(0, object)
        if array.dtype.kind not in "biuf":
            message = f"{what} for {t.name} must be an array of numbers; {type(one).__name__} of other things is given."
            raise ChainruleError(message)
        found.append(array)
    return found


def _require_fit(t: Tensor, array: np.ndarray, rows: int) -> None:
    """Say so if an array is not a batch for this place: in its shape, with other axes of length 1, or flat."""
    plain = [tuple(n for n in shape if n != 1) for shape in (array.shape[1:], t.shape)]
    fits = plain[0] == plain[1] or array.shape[1:] == (t.size,)
    if not array.ndim or len(array) != rows or not rows or not fits:
        needed = (rows or "samples", *t.shape)
        shown = "(" + ", ".join(map(str, needed)) + (",)" if len(needed) == 1 else ")")
        message = f"The batch for {t.name} must have shape {shown}; it has {array.shape}."
        raise ChainruleError(message)


def _padded(rows: list[list[Any]], dtype: Any) -> np.ndarray:
    width = max([1, *map(len, rows)])
    out = np.zeros((len(rows), width), dtype)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out
