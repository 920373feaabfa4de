"""The chain rule of one number: its gradient written factor by factor from the loss back to it.

Every backward instruction is linear in the gradients that come in: ``g = Σ c·u`` over gradients `u` that earlier
backward instructions wrote, with local slopes `c` that read only values of the forward pass. So a gradient is a sum
over paths to the loss, each a product of slopes; one path is written out, and wherever it could go another way the
other ways are there to choose. The product of one path's factors is its share of the gradient; the shares of all
paths, over all samples of the batch, add up to the number on the tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import ChainruleError
from core.expressions import (
    Expr,
    Negate,
    Number,
    Product,
    Quotient,
    Ref,
    Sum,
    minus,
    references,
)
from core.ops.base import Cell, Instruction, operation, ref
from core.ops.losses import LossGrad, along
from core.tape.slopes import ONE, Slopes

if TYPE_CHECKING:
    pass

#: How many ways are told at each level, the largest shares first.
MOST_WAYS = 48
#: Longer paths are cut: a recurrent network of hundreds of time steps has thousands of levels.
MOST_LEVELS = 2000

Place = tuple[str, Cell]


@dataclass(frozen=True)
class Way:
    """One of the terms a gradient is made of: an incoming gradient times the slope in between.

    Attributes
    ----------
    source
        The incoming gradient's tensor and cell; of a `Level.split` the number in between.
    variable
        What it is the gradient of, or None if no value of the forward pass is meant (the means of a batch).
    coefficient, slope
        The slope as a formula, and its value.
    value
        The incoming gradient.
    incoming
        Its formula where no instruction computes it: of a `Level.split`.
    """

    source: Ref
    variable: Ref | None
    coefficient: Expr
    slope: float | None
    value: float | None
    incoming: Expr | None = None

    @property
    def share(self) -> float | None:
        """What this way contributes."""
        return None if self.slope is None or self.value is None else self.slope * self.value


@dataclass(frozen=True)
class Level:
    """One gradient on the path, and how it is made.

    Attributes
    ----------
    instruction, op
        What computes it.
    gradient, variable
        The gradient's tensor and cell, and what it is the gradient of (None as for `Way`).
    value
        Its number on the tape; None if the step has not come to it.
    ways
        The terms of its sum, those with the largest share first, and the one that is taken; at most `MOST_WAYS`, and
        of sums of more than `LONG` terms those of one sample.
    count
        How many there are.
    chosen
        Which of `ways` the path takes; None where it ends.
    own
        Where the path ends: the formula, which needs no other gradient.
    own_value
        What is not in `ways` in numbers: the whole gradient of the last level.
    split
        For an instruction that stands for two: softmax and cross-entropy in one are ``p - y``. Their factors.
    not_the_slope
        Why it is a learning rule and no derivative, or "".
    """

    instruction: int
    op: str
    gradient: Ref
    variable: Ref | None
    value: float | None
    ways: tuple[Way, ...] = ()
    count: int = 0
    chosen: int | None = None
    own: Expr | None = None
    own_value: float | None = None
    split: tuple[Way, ...] = ()
    not_the_slope: str = ""

    @property
    def way(self) -> Way | None:
        """The way that is taken."""
        return None if self.chosen is None else self.ways[self.chosen]

    @property
    def passes(self) -> bool:
        """Whether nothing happens to the gradient here: sums over several uses of a value, copies of it."""
        way = self.way
        if way is None or way.coefficient != ONE:
            return False
        a, b = self.variable, way.variable
        same = a is not None and b is not None and (a.symbol, a.shown) == (b.symbol, b.shown)
        return same or a is None or b is None


@dataclass(frozen=True)
class Chain:
    """One path from a number to the loss.

    Attributes
    ----------
    levels
        From the number to the loss.
    numbers
        Every cell that the formulas of the path read, by (tensor, cell).
    complete
        False if the path was cut because it is too long, or has not been computed yet.
    """

    levels: tuple[Level, ...]
    numbers: dict[Place, float | None] = field(default_factory=dict, repr=False)
    complete: bool = True

    @property
    def gradient(self) -> float | None:
        """The gradient on the tape: the sum over all paths."""
        return self.levels[0].value

    @property
    def product(self) -> float | None:
        """The share of this path: its factors multiplied out."""
        result = 1.0
        for level in self.levels:
            factor = level.own_value if level.way is None else level.way.slope
            if factor is None:
                return None
            result *= factor
        return result


class Chains(Slopes):
    """Writes chains of a program; made as `Slopes`."""

    def chain(
        self, tensor: str, cell: Cell, through: Sequence[Place] = (), row: int | None = None
    ) -> Chain:
        """One path from a gradient to the loss.

        Parameters
        ----------
        tensor, cell
            The gradient: ``grad/dense_1/kernel``, (0, 1).
        through
            The incoming gradient to take at each level from the first on; from where it ends, or names one that is
            none, the way with the largest share.
        row
            The sample of the batch the path prefers, as long as it has a part in the gradient.

        Raises
        ------
        core.errors.ChainruleError
            No backward instruction writes this.
        """
        program = self._program
        t = program._tensor(tensor)
        place = program._place(t, cell)
        at = self.writer(t.name, place)
        if at is None:
            raise ChainruleError(
                f"{tensor!r} is no gradient that this program computes; gradients of weights are called "
                "'grad/' and the weight's name."
            )
        self._numbers = {}
        levels: list[Level] = []
        complete = True
        here: Ref | None = ref(t, place)
        while here is not None:
            wanted = through[len(levels)] if len(levels) < len(through) else None
            level = self.level(here, wanted, row)
            levels.append(level)
            here = level.way.source if level.way is not None else None
            if here is not None and len(levels) == MOST_LEVELS:
                complete, here = False, None
        complete = complete and all(level.value is not None for level in levels)
        return Chain(tuple(levels), dict(self._numbers), complete)

    def level(self, gradient: Ref, wanted: Place | None = None, row: int | None = None) -> Level:
        """How one gradient is made, and which way a path takes from it."""
        program = self._program
        index = self.writer(gradient.tensor, gradient.index)
        assert index is not None
        ins = program._internal(index)
        expression = program.expression(index, gradient.index, gradient.tensor)
        known = self._done(index)
        expression, left_out = self.of_row(expression, row)
        slopes, own = self.slopes(expression)
        ways = []
        for source, parts in slopes.items():
            coefficient = parts[0] if len(parts) == 1 else Sum(tuple(parts))
            ways.append(
                Way(
                    source,
                    None,
                    coefficient,
                    self.value(coefficient),
                    self.read(source.tensor, source.index),
                )
            )
        # Of gradients that are not known yet the steepest slope promises most.
        order = sorted(
            range(len(ways)),
            key=lambda k: (_size(ways[k].share), _size(ways[k].slope)),
            reverse=True,
        )
        chosen = self._choose(ways, order, wanted, row)
        kept = order[:MOST_WAYS]
        if chosen is not None and chosen not in kept:
            kept[-1] = chosen
        own_value = self.value(own) if own is not None else None
        # What is left after all ways is the gradient's own part, as the largest one it ends the path.
        if chosen is not None and wanted is None and own is not None:
            largest = max(_size(ways[k].share) for k in order)
            chosen = chosen if largest >= _size(own_value) else None
        shown = tuple(self._named(ways[k]) for k in kept)
        if chosen is not None:
            self._note(shown[kept.index(chosen)].coefficient)
        elif own is not None:
            self._note(own)
        split = self._split(ins, gradient.index) if known and not ways else ()
        for way in split:
            self._note(way.coefficient)
            if way.incoming is not None:
                self._note(way.incoming)
        return Level(
            index,
            ins.op,
            gradient,
            self.variable(gradient),
            self.read(gradient.tensor, gradient.index),
            shown,
            len(ways) + left_out,
            None if chosen is None else kept.index(chosen),
            own if chosen is None else None,
            own_value if chosen is None else None,
            split,
            operation(ins.op).not_the_slope,
        )

    def _split(self, ins: Instruction, cell: Cell) -> tuple[Way, ...]:
        """The two factors of an instruction that multiplies the slopes of a loss and of what stands before it."""
        rule = operation(ins.op)
        if ins.op not in _SPLITS or not isinstance(rule, LossGrad):
            return ()
        p = ins.inputs["p"]
        own = ref(p, cell)
        ways = []
        for place in along(ins.output, cell[:-1]) if ins.op == _SOFTMAX else [cell]:
            other, target = ref(p, place), rule.target(ins, place)
            if ins.op == _SOFTMAX:
                slope: Expr = Product((own, minus(ONE, own)))
                if place != cell:
                    slope = Negate(Product((other, own)))
                error: Expr = Negate(Quotient(target, other)) if self.value(target) else Number(0)
            else:
                slope = Product((other, minus(ONE, other)))
                error = minus(
                    Quotient(minus(ONE, target), minus(ONE, other)), Quotient(target, other)
                )
            incoming = Product((rule.shared(ins, place), error)) if error != Number(0) else error
            ways.append(Way(other, other, slope, self.value(slope), self.value(incoming), incoming))
        ways.sort(key=lambda way: _size(way.share), reverse=True)
        return tuple(ways[:MOST_WAYS])

    # ---- choosing and naming -----------------------------------------------------------------------------------

    def _choose(
        self, ways: list[Way], order: list[int], wanted: Place | None, row: int | None
    ) -> int | None:
        if wanted is not None:
            name, cell = wanted[0], tuple(wanted[1])
            for k, way in enumerate(ways):
                if (way.source.tensor, way.source.index) == (name, cell):
                    return k
        tensors = self._program.tape.tensors
        # A way of the sample that is looked at, but not a dead one while others are alive.
        own = [
            k for k in order
            if row is None or not tensors[ways[k].source.tensor].batch or ways[k].source.index[0] == row
        ]  # fmt: skip
        alive = next((k for k in (*own, *order) if ways[k].share != 0), None)
        return alive if alive is not None else next(iter((*own, *order)), None)

    def _named(self, way: Way) -> Way:
        return Way(
            way.source, self.variable(way.source), way.coefficient, way.slope, way.value, None
        )

    def _note(self, expression: Expr) -> None:
        # Of sums of thousands of terms only some are shown.
        for one in references(expression)[:256]:
            self._numbers[one.tensor, one.index] = self.read(one.tensor, one.index)

    def total(self, tensor: str, cell: Cell) -> float:
        """A gradient from all its paths: sums of shares down to the loss, without any gradient on the tape.

        For checks: it visits every number of the backward pass that has a part in it.
        """
        known: dict[Place, float] = {}
        stack = [ref(self._program._tensor(tensor), tuple(cell))]
        pending: dict[Place, tuple[list[tuple[Ref, float]], float]] = {}
        while stack:
            here = stack[-1]
            place = (here.tensor, here.index)
            if place in known:
                stack.pop()
                continue
            if place not in pending:
                index = self.writer(*place)
                assert index is not None
                slopes, own = self.slopes(self._program.expression(index, here.index, here.tensor))
                terms = [
                    (source, sum(self.value(c) or 0.0 for c in parts))
                    for source, parts in slopes.items()
                ]
                pending[place] = terms, (self.value(own) or 0.0) if own is not None else 0.0
                stack += [s for s, slope in terms if slope and (s.tensor, s.index) not in known]
                continue
            terms, own_value = pending.pop(place)
            known[place] = own_value + sum(
                slope * known[s.tensor, s.index] for s, slope in terms if slope
            )
            stack.pop()
        return known[tensor, tuple(cell)]


_SOFTMAX = "softmax_cross_entropy_grad"
_SPLITS = (_SOFTMAX, "sigmoid_cross_entropy_grad")


def _size(number: float | None) -> float:
    return -1.0 if number is None or number != number else abs(number)
