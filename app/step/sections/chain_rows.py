"""The factors of a chain as the inspector shows them: from the loss to the number, sums that only pass on left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.scenes import formula
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    significant,
    symbol_box,
    visible,
)
from app.step.page import Action
from app.step.simplify import shorten, simplify
from app.step.ways import named
from app.text import tr
from core.expressions import Expr, Number, Product, Ref, elide

if TYPE_CHECKING:
    from app.step.session import StepSession
    from core.tape.chain import Chain, Level

#: Height of a factor's row with one or two lines.
ROW = 52.0
#: What takes more than this is set smaller, then broken.
_SIZES = (12, 11, 10)

Numbers = tuple[tuple[tuple[str, tuple[int, ...]], float | None], ...]


@dataclass(frozen=True)
class Factor:
    """One factor: ``∂over/∂under``.

    Attributes
    ----------
    over, under
        What changes when what changes; `over` is None for the loss.
    expression, numbers
        The factor in symbols, and the numbers in it by (tensor, cell).
    value
        What it comes to.
    actions
        Small controls of its row: what is written on them, and what they do.
    rule
        Whether it is what a learning rule puts in place of a slope.
    """

    over: Ref | None
    under: Ref
    expression: Expr
    numbers: Numbers
    value: float | None
    actions: tuple[tuple[str, Action], ...] = ()
    rule: bool = False

    def lines(self, room: float) -> tuple[formula.Formula, formula.Formula | None]:
        """The formula in symbols, and with numbers where that says more than the value."""
        symbols = _fitting(self.expression, "symbolic", None, room)
        if self.rule:
            words = formula.text(tr("put in by the rule: no slope"), formula.Pen(9, 400, "tx3"))
            return symbols, formula.lay_out(words)
        plain = isinstance(self.expression, (Ref, Number))
        if plain or any(value is None for _, value in self.numbers):
            return symbols, None
        numbers = _fitting(self.expression, "numbers", dict(self.numbers), room)
        # A denominator of two lines would read as another number: the symbols and the value say enough.
        return symbols, numbers if numbers.width <= room else None

    def fits(self, room: float) -> bool:
        """Whether no line of the formula has to be broken: a fraction that is torn reads as another number."""
        for mode in ("symbolic", "numbers"):
            if _smallest(self.expression, mode, dict(self.numbers)).width > room:
                return False
        return True


@dataclass(frozen=True)
class Hidden:
    """Factors that are folded away."""

    count: int
    product: float


@dataclass(frozen=True)
class Path:
    """What the section shows.

    Attributes
    ----------
    rows
        From the loss to the number.
    product, gradient
        The factors multiplied out, and the gradient on the tape; None while the step has not come to it.
    several
        Whether the gradient is a sum over more than this path.
    samples
        In the batch.
    opened
        Whether a long chain is shown whole.
    rule
        Why it is a learning rule and no slope, or "".
    complete
        Whether the path reaches the loss.
    other
        (sample that is looked at, sample of the path), counted from 1, where the first has no part in the gradient.
    """

    rows: tuple[Factor | Hidden, ...]
    product: float | None
    gradient: float | None
    several: bool
    samples: int
    opened: bool = False
    rule: str = ""
    complete: bool = True
    other: tuple[int, int] | None = None

    @cached_property
    def share(self) -> float | None:
        """The part of the gradient that this path makes."""
        if self.product is None or not self.gradient or self.gradient != self.gradient:
            return None
        return self.product / self.gradient

    def sentences(self) -> list[str]:
        """What the product says."""
        if self.gradient is None and self.product is not None:
            return [
                tr(
                    "Nothing will come on this path: choose another. The step has not come to this gradient yet."
                )
            ]
        if self.gradient is None:
            return [
                tr(
                    "The step has not come to this gradient yet: this is the way the error will take to it, factor by "
                    "factor. What is known of it already stands in numbers."
                )
            ]
        whole = significant(self.gradient, 4, sign=True)
        found = []
        if not self.complete:
            found.append(tr("The path is longer than what is shown."))
        if self.other is not None:
            own, other = self.other
            found.append(
                tr("What sample {own} brings comes to 0, so the path goes by sample {other}.", own=own, other=other)
            )  # fmt: skip
        if not self.several:
            found.append(tr("There is no other path: this is the gradient."))
        elif self.product is not None:
            if self.share is not None and 0 <= self.share <= 1:
                percent = format_number(100 * self.share, 1)
                found.append(tr("This path is {percent} % of the gradient.", percent=percent))
            elif self.share is not None:
                found.append(tr("Other paths pull the other way."))
            if self.samples > 1:
                found.append(
                    tr("All paths of all {count} samples together: {whole}.", count=self.samples, whole=whole)
                )  # fmt: skip
            else:
                found.append(tr("All paths together: {whole}.", whole=whole))
        if self.rule:
            found.append(tr(self.rule))
        return [" ".join(found)]


def factors(session: StepSession, chain: Chain, split: bool) -> list[Factor]:
    """Every factor of a chain, the loss first."""
    found: list[Factor] = []
    numbers = chain.numbers
    #: Of numbers on the way that are no gradients of a value: what they bring into the next factor.
    held: list[tuple[int, Level]] = []
    for k, level in reversed(list(enumerate(chain.levels))):
        under = level.variable or level.gradient
        actions = [_jump(session, level)]
        if level.count > 1 and level.chosen is not None:
            actions.append(_ways(session, k, level))
        way = level.way
        if way is None:
            assert level.own is not None
            if level.split:
                actions.append(_splitting(not split))
            if level.split and split:
                inner = level.split[0]
                assert inner.incoming is not None
                error = _factor(None, inner.source, inner.incoming, numbers, inner.value, (actions.pop(),))  # fmt: skip
                found += [
                    error,
                    _factor(inner.source, under, inner.coefficient, numbers, inner.slope, actions),
                ]
            else:
                found.append(_factor(None, under, level.own, numbers, level.own_value, actions))
            continue
        if level.passes:
            # Nothing is multiplied; what can be chosen here is chosen at the factor before it.
            if found and level.count > 1:
                found[-1] = _with(found[-1], _ways(session, k, level))
            continue
        if level.variable is None and k > 0:
            # The means that normalisation takes out: x̂ does not depend on them. With the slope they get in the
            # gradient behind them they make the slope of x̂ through its mean or variance.
            held.append((k, level))
            continue
        start, source = (held[0][0], held[0][1].way) if held else (k, way)
        assert source is not None
        over = _named_on(chain, start + 1) or source.source
        coefficient, slope = way.coefficient, way.slope
        for at, one in held:
            assert one.way is not None
            coefficient = Product((one.way.coefficient, coefficient))
            slope = None if slope is None or one.way.slope is None else slope * one.way.slope
            actions.append(_jump(session, one))
            if one.count > 1 and one.chosen is not None:
                actions.append(_ways(session, at, one))
        held = []
        factor = _factor(over, under, coefficient, numbers, slope, actions)
        found.append(replace(factor, rule=bool(level.not_the_slope)))
    return found


def _named_on(chain: Chain, k: int) -> Ref | None:
    """The value whose gradient comes in: the first with a name where the gradient is only moved."""
    for level in chain.levels[k:]:
        if level.variable is not None or not level.passes:
            return level.variable
    return None


def _factor(
    over: Ref | None,
    under: Ref,
    expression: Expr,
    numbers: dict[Any, float | None],
    value: float | None,
    actions: Any,
) -> Factor:
    shown = elide(simplify(shorten(expression), lambda t, i: numbers.get((t, tuple(i)))), 4)
    needed = tuple((key, numbers.get(key)) for key in visible(shown))
    return Factor(over, under, shown, needed, value, tuple(actions))


def _with(factor: Factor, action: tuple[str, Action]) -> Factor:
    return replace(factor, actions=(*factor.actions, action))


def _jump(session: StepSession, level: Level) -> tuple[str, Action]:
    index = level.gradient.index
    info = session.reader.info(level.gradient.tensor)
    cell = list(index[1:] if info is not None and info.batch else index)
    tip = tr(
        "Look at instruction {number}, which computed the gradient of {name}",
        number=level.instruction + 1, name=named(session, level.variable or level.gradient),
    )  # fmt: skip
    action = Action(
        "step.chain_jump",
        (("instruction", level.instruction), ("tensor", level.gradient.tensor), ("index", tuple(cell))),
        tip,
    )  # fmt: skip
    return f"{level.instruction + 1:02d}", action


def _ways(session: StepSession, k: int, level: Level) -> tuple[str, Action]:
    assert level.chosen is not None
    tip = tr("{count} ways lead on from here: choose another", count=level.count)
    label = tr("{one} of {count} ▾", one=level.chosen + 1, count=level.count)
    if level.way is not None and _over_samples(session, level):
        # Its place by size could be taken for the number of the sample, which is said everywhere else.
        sample = level.way.source.index[0] + 1
        label = tr("sample {number} ▾", number=sample)
        tip = tr(
            "The path of sample {number} of the batch, number {one} by size of {count} ways: choose another",
            number=sample, one=level.chosen + 1, count=level.count,
        )  # fmt: skip
    return label, Action("step.chain_ways", (("level", k),), tip)


def _over_samples(session: StepSession, level: Level) -> bool:
    """Whether the ways from here on belong to the samples of a batch: to what is summed over them."""
    assert level.way is not None
    info = session.reader.info(level.way.source.tensor)
    own = session.reader.info(level.gradient.tensor)
    if session.rows < 2 or info is None or own is None:
        return False
    return info.batch and not own.batch and bool(level.way.source.index)


def _splitting(on: bool) -> tuple[str, Action]:
    arguments = (("part", "split"), ("on", on))
    if on:
        tip = tr("One instruction stands for two factors: show both")
        return tr("split"), Action("step.chain_show", arguments, tip)
    tip = tr("Multiply both factors out, as the instruction does")
    return tr("join"), Action("step.chain_show", arguments, tip)


def fitted_ratio(factor: Factor, room: float) -> formula.Box:
    """`ratio` as large as it fits."""
    for size in _SIZES:
        box = ratio(factor, formula.Pen(size))
        if box.width <= room:
            break
    return box


def ratio(factor: Factor, pen: formula.Pen) -> formula.Box:
    """``∂over/∂under``, both answering the mouse as the numbers they are."""
    inner = pen.fraction()
    over = (
        formula.text("∂L", inner.with_role("loss"))
        if factor.over is None
        else _differential(factor.over, inner)
    )
    return formula.fraction(over, _differential(factor.under, inner), pen)


def _differential(ref: Ref, pen: formula.Pen) -> formula.Box:
    symbol = formula.tag(symbol_box(ref, pen), ref)
    return symbol if "∂" in ref.symbol else formula.row([formula.text("∂", pen), symbol])


def _fitting(
    expression: Expr, mode: Any, values: dict[Any, float | None] | None, room: float
) -> formula.Formula:
    """An expression as large as it fits."""
    role = "tx" if mode == "symbolic" else "tx3"
    for size in _SIZES:
        pen = formula.Pen(size if mode == "symbolic" else size - 1, 400, role)
        box = expression_box(expression, Look(mode, pen), values)
        if box.width <= room:
            return formula.lay_out(box)
    pen = formula.Pen(_SIZES[-1], 400, role)
    whole = expression_box(expression, Look(mode, pen, width=room, whole=True), values)
    if mode != "symbolic" or whole.width <= room:
        return formula.lay_out(whole)
    return formula.lay_out(expression_box(expression, Look(mode, pen, width=room), values))


def _smallest(expression: Expr, mode: Any, values: dict[Any, float | None]) -> formula.Box:
    """An expression in one line, as small as it is set before it is broken."""
    pen = formula.Pen(_SIZES[-1] if mode == "symbolic" else _SIZES[-1] - 1)
    return expression_box(expression, Look(mode, pen), values)
