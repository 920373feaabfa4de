"""How a program says where a number came from, and where it goes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import ChainruleError, PlaceError
from core.expression_text import number, to_text
from core.expressions import Expr, elide, evaluate
from core.interrupting import glance
from core.kernels import state as S
from core.naming import unknown
from core.ops.base import Cell, Instruction, operation
from core.tape.tensors import Tensor
from core.tape.values import BY_HAND, Values


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


class Reading:
    """Looks numbers up for a formula, and notes what it has read.

    Parameters
    ----------
    array
        Returns a tensor by name, as the formula's instruction read it.

    Attributes
    ----------
    numbers
        The cells read one by one; of sums of thousands of terms those that are written out.
    """

    def __init__(self, array: Callable[[str], np.ndarray]) -> None:
        self.array = array
        self.numbers: dict[tuple[str, Cell], float] = {}

    def __call__(self, tensor: str, at: Cell) -> float:
        glance()
        self.numbers[tensor, at] = found = float(self.array(tensor)[at])
        return found


class Explaining(Values):
    """The part of a program that explains its cells."""

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
            "by_hand": BY_HAND in self.tape.scalars and self.scalar(BY_HAND) >= 0,
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
        read = Reading(self.tensor)
        value = evaluate(expression, read)
        written = float(self._view(t)[place])
        return Explanation(index, t.name, place, expression, value, written, read.numbers)

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

    def uses(self, index: int, operand: str, cell: Cell) -> list[Cell]:
        """Cells of the instruction's output that read `cell` of this operand."""
        ins = self._internal(index)
        if operand not in ins.inputs:
            raise PlaceError(unknown("operand", str(operand), ins.inputs))
        return operation(ins.op).uses(ins, operand, self._place(ins.inputs[operand], cell))
