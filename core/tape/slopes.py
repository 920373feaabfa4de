"""Gradients as sums over the gradients that come in: who writes what, and the slope of every incoming one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from core.errors import ChainruleError
from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Product,
    Quotient,
    Ref,
    Sum,
    children,
    evaluate,
    references,
)
from core.interrupting import glance
from core.long_sums import LongSum
from core.ops.base import Cell, ref
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape
    from core.tape.program import Program

#: What a gradient's name may end in besides what it is the gradient of.
_SUFFIXES = ("from", "sum", "placed")

#: Of sums with more terms than this only those of the sample that is looked at are gone through.
LONG = 2048

ONE = Number(1)

#: In place of an instruction: several write parts of a tensor.
_BY_CELL = -1


class Slopes:
    """Takes the formulas of a program's backward pass apart.

    Parameters
    ----------
    program
        Whose step has come to the gradients that are asked for.
    look_up
        Values by tensor and cell, where they are not the ones that stand in the arena now: weights as the step found
        them, after they were updated.
    done
        Which instructions this step has run; by default all.
    """

    def __init__(
        self,
        program: Program,
        look_up: Callable[[str, Cell], float] | None = None,
        done: Callable[[int], bool] | None = None,
    ) -> None:
        self._program = program
        self._look_up = look_up or program._value
        self._done = done or (lambda _index: True)
        self._numbers: dict[tuple[str, Cell], float | None] = {}
        self._gradients, self._made, self._moved = _known_writers(program)

    def of_row(self, expression: Expr, row: int | None) -> tuple[Expr, int]:
        """Of a sum of thousands of terms those of one sample, and how many others there are."""
        if row is not None and isinstance(expression, Quotient):
            above, left_out = self.of_row(expression.numerator, row)
            return Quotient(above, expression.denominator), left_out
        if row is None or not isinstance(expression, Sum) or expression.count <= LONG:
            return expression, 0
        if isinstance(expression, LongSum):
            own = expression.of_sample(row)
            return (expression, 0) if own is None else (own, expression.count - own.count)
        tensors = self._program.tape.tensors
        batch = {name: t.batch for name, t in tensors.items()}

        def of_row(term: Expr) -> bool:
            while not isinstance(term, Ref):
                parts = children(term)
                if not parts:
                    return True
                term = parts[-1]
            return not batch[term.tensor] or term.index[0] == row

        kept = tuple(term for term in expression.terms if of_row(term))
        return (Sum(kept), len(expression.terms) - len(kept)) if kept else (expression, 0)

    def slopes(self, expression: Expr) -> tuple[dict[Ref, list[Expr]], Expr | None]:
        """Take a formula apart that is linear in the incoming gradients.

        Returns
        -------
        Terms of the slope by incoming gradient, and what is left without any (None if nothing).

        Raises
        ------
        core.errors.ChainruleError
            The formula is not linear in them.
        """
        glance()
        if isinstance(expression, Ref):
            if self.writer(expression.tensor, expression.index) is None:
                return {}, self._origin(expression)
            return {expression: [ONE]}, None
        if isinstance(expression, Sum):
            return self._slopes_of_sum(expression)
        if isinstance(expression, Product):
            return self._slopes_of_product(expression)
        if isinstance(expression, Negate):
            found, own = self.slopes(expression.x)
            return (
                {source: [_negative(c) for c in parts] for source, parts in found.items()},
                None if own is None else Negate(own),
            )
        if isinstance(expression, Quotient):
            found, own = self.slopes(expression.numerator)
            self._require_free(expression.denominator)
            under = expression.denominator
            return (
                {source: [Quotient(c, under) for c in parts] for source, parts in found.items()},
                None if own is None else Quotient(own, under),
            )
        if isinstance(expression, Call) and expression.function == "where":
            test, first, second = expression.arguments
            self._require_free(test)
            return self.slopes(first if self.value(test) else second)
        self._require_free(expression)
        return {}, expression

    def _origin(self, expression: Ref) -> Expr:
        """What a number that the backward pass only moves (a kernel turned round) is a copy of."""
        if not self._moved:
            return expression
        t = self._program.tape.tensors[expression.tensor]
        if id(t.buffer) not in self._moved:
            return expression
        at = self._made.of(t, expression.index)
        assert at is not None
        found = self._program.expression(at, expression.index, expression.tensor)
        return found if isinstance(found, Ref) else expression

    def _slopes_of_sum(self, expression: Sum) -> tuple[dict[Ref, list[Expr]], Expr | None]:
        found: dict[Ref, list[Expr]] = {}
        own: list[Expr] = []
        for term in expression.terms:
            parts, rest = self.slopes(term)
            for source, slopes in parts.items():
                found.setdefault(source, []).extend(slopes)
            if rest is not None:
                own.append(rest)
        if not own:
            return found, None
        return found, own[0] if len(own) == 1 else Sum(tuple(own))

    def _slopes_of_product(self, expression: Product) -> tuple[dict[Ref, list[Expr]], Expr | None]:
        carrying: tuple[dict[Ref, list[Expr]], Expr | None] | None = None
        free: list[Expr] = []
        at = 0
        for factor in expression.factors:
            parts, own = self.slopes(factor)
            if not parts:
                assert own is not None
                free.append(own)
            elif carrying is not None:
                raise ChainruleError("Two incoming gradients are multiplied.")
            else:
                carrying, at = (parts, own), len(free)
        if carrying is None:
            return {}, Product(tuple(free))

        def times(slope: Expr) -> Expr:
            factors = (*free[:at], slope, *free[at:])
            kept = tuple(f for f in factors if f != ONE)
            return kept[0] if len(kept) == 1 else Product(kept) if kept else ONE

        found, own = carrying
        return (
            {source: [times(c) for c in parts] for source, parts in found.items()},
            None if own is None else times(own),
        )

    def _require_free(self, expression: Expr) -> None:
        for one in references(expression):
            if self.writer(one.tensor, one.index) is not None:
                raise ChainruleError(f"The gradient {one.tensor!r} does not enter as a factor.")

    def variable(self, gradient: Ref) -> Ref | None:
        """What a gradient is the gradient of."""
        name, tensors = gradient.tensor.removeprefix("grad/"), self._program.tape.tensors
        if name == gradient.tensor:
            return None
        while name not in tensors:
            head, _, tail = name.rpartition("/")
            if not head or not (tail.isdecimal() or tail in _SUFFIXES):
                return None
            name = head
        t = tensors[name]
        shape = (0, *t.shape) if t.batch else t.shape
        return ref(t, gradient.index) if len(shape) == len(gradient.index) else None

    # ---- values ------------------------------------------------------------------------------------------------

    def read(self, tensor: str, cell: Cell) -> float | None:
        """A number, or None if the step has not made it."""
        glance()
        at = self._made.of(self._program.tape.tensors[tensor], cell)
        if at is not None and not self._done(at):
            return None
        return float(self._look_up(tensor, cell))

    def value(self, expression: Expr) -> float | None:
        """A formula in float64, or None if a number in it is not there yet."""
        if isinstance(expression, Number):
            return expression.value
        missing = False

        def look_up(tensor: str, cell: Cell) -> float:
            nonlocal missing
            found = self.read(tensor, cell)
            missing |= found is None
            return 0.0 if found is None else found

        try:
            found = evaluate(expression, look_up)
        except (ArithmeticError, ValueError):
            return None
        return None if missing else found

    # ---- who writes what ---------------------------------------------------------------------------------------

    def writer(self, tensor: str, cell: Cell) -> int | None:
        """The backward instruction that writes a cell, or None if it is no gradient."""
        return self._gradients.of(self._program.tape.tensors[tensor], cell)


class Writers:
    """Which instructions write which stretches of which buffers."""

    def __init__(self, stretches: dict[int, dict[tuple[int, int], int]]) -> None:
        self._stretches = {
            buffer: sorted((first, last, index) for (first, last), index in found.items())
            for buffer, found in stretches.items()
        }
        self._starts = {
            buffer: [first for first, _, _ in found] for buffer, found in self._stretches.items()
        }
        self._alone: dict[str, int | None] = {}

    def of(self, t: Tensor, cell: Cell) -> int | None:
        """The instruction that writes a cell of a tensor, or None."""
        if t.name not in self._alone:
            self._alone[t.name] = self._whole(t)
        alone = self._alone[t.name]
        if alone != _BY_CELL:
            return alone
        own = cell[1:] if t.batch else cell
        flat = t.offset + (int(np.ravel_multi_index(own, t.shape)) if t.shape else 0)
        k = bisect_right(self._starts[id(t.buffer)], flat) - 1
        if k < 0:
            return None
        _, last, index = self._stretches[id(t.buffer)][k]
        return index if flat < last else None

    def _whole(self, t: Tensor) -> int | None:
        """The instruction that writes all of a tensor, None if none writes a part of it, or `_BY_CELL`."""
        touching = [
            one
            for one in self._stretches.get(id(t.buffer), ())
            if one[0] < t.offset + t.size and t.offset < one[1]
        ]
        if not touching:
            return None
        first, last, index = touching[0]
        alone = len(touching) == 1 and first <= t.offset and t.offset + t.size <= last
        return index if alone else _BY_CELL


def _known_writers(program: Program) -> tuple[Writers, Writers, set[int]]:
    """Who writes gradients, who writes anything, and the buffers of kernels that are turned round: once for a tape."""
    known = _of_tapes.get(program.tape)
    if known is None:
        tape, carrying = program.tape.instructions, _carrying(program)
        moving = {k for k, ins in enumerate(tape) if ins.phase == "backward"} - set(carrying)
        known = _of_tapes[program.tape] = (
            _writers(program, carrying),
            _writers(program, (k for k, ins in enumerate(tape) if ins.phase != "update")),
            {id(t.buffer) for k in moving for t in tape[k].outputs.values()},
        )
    return known


#: A tape of a recurrent layer has thousands of instructions to go through.
_of_tapes: WeakKeyDictionary[Tape, tuple[Writers, Writers, set[int]]] = WeakKeyDictionary()


def _carrying(program: Program) -> list[int]:
    """The instructions whose results the loss's slope is in; others of the backward pass turn a kernel round."""
    found: list[int] = []
    buffers: set[int] = set()
    for k, ins in enumerate(program.tape.instructions):
        if ins.phase != "backward":
            continue
        reads = any(id(t.buffer) in buffers for t in ins.inputs.values())
        if reads or ins.output.role == "gradient":
            found.append(k)
            buffers |= {id(t.buffer) for t in ins.outputs.values()}
    return found


def _writers(program: Program, instructions: Iterable[int]) -> Writers:
    found: dict[int, dict[tuple[int, int], int]] = {}
    for k in instructions:
        for t in program.tape.instructions[k].outputs.values():
            found.setdefault(id(t.buffer), {})[t.offset, t.offset + t.size] = k
    return Writers(found)


def _negative(slope: Expr) -> Expr:
    return slope.x if isinstance(slope, Negate) else Negate(slope)
