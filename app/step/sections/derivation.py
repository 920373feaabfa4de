"""The gradient of a normalisation derived: over the number itself, over its mean, and over its variance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.scenes import formula
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    role_of,
    symbol_box,
)
from app.scenes.formula_tex import to_box
from app.step.page import PAD
from app.step.sections import Section
from app.text import number, tr
from core.expressions import Call, Expr, Negate, Number, Product, Quotient, Ref, Sum, evaluate
from core.expressions import references as references_of

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession

#: Operations that are derived, each with the numbers that share a mean: of a channel, or of one sample's row.
_SHARING = {"normalize_grad": "channel", "masked_normalize_grad": "channel", "row_normalize_grad": "row"}  # fmt: skip

Values = Mapping[tuple[str, tuple[int, ...]], float | None]


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes
    ----------
    words
        Why.
    left
        What is worked out, in TeX.
    expression
        What it is.
    value
        Its number.
    """

    words: str
    left: str
    expression: Expr
    value: float


@dataclass(frozen=True)
class Derivation:
    """A gradient as the sum of the ways on which a number acts.

    Attributes
    ----------
    subject
        The gradient.
    x
        What it is the gradient of, in letters.
    count
        How many numbers share mean and variance.
    steps
        The factors of the ways.
    values
        The numbers in the expressions.
    means
        What the two means that the tape has computed before are called.
    ways
        Each way's words and its factors.
    total
        What the ways add up to.
    """

    subject: Ref
    x: str
    count: int
    steps: tuple[Step, ...]
    values: Values
    means: str
    ways: tuple[tuple[str, tuple[float, ...]], ...]
    total: float


def _build(session: StepSession, card: Card) -> Derivation | None:
    line, program = card.instruction, session.program
    if (
        line is None or program is None or card.subject is None or card.arranged is None or card.result is None
        or line.op not in _SHARING
    ):  # fmt: skip
        return None
    count = _count(session, line)
    made = line.operands["y"]
    forward = next((one for one in program.instructions if made in one.writes), None)
    refs = {ref.tensor: ref for ref in references_of(card.arranged)}
    parts = [refs.get(line.operands[role]) for role in ("dy", "y", "a", "b", "variance")]
    if count is None or forward is None or any(ref is None for ref in parts):
        return None
    known = {
        (ref.tensor, tuple(ref.index)): session.value(ref.tensor, tuple(ref.index))
        for ref in parts if ref is not None
    }  # fmt: skip
    if any(value is None for value in known.values()):
        return None
    dy, y, a, b, variance = (ref for ref in parts if ref is not None)
    x, mean, spread = (
        program.tensors[forward.operands[role]].symbol for role in ("x", "mean", "variance")
    )
    under = Sum((variance, Number(float(line.attributes["epsilon"]))))
    sigma, n = Call("sqrt", (under,)), Number(float(count))

    def step(words: str, left: str, expression: Expr) -> Step:
        value = evaluate(expression, lambda tensor, index: known[tensor, tuple(index)] or 0.0)
        return Step(words, left, expression, value)

    hat = program.tensors[made].symbol
    steps = (
        step(tr("{x} itself, were {mean} and {v} fixed", x=x, mean=mean, v=spread),
             rf"\frac{{∂{hat}}}{{∂{x}}}", Quotient(Number(1.0), sigma)),
        step(tr("the mean is taken off every one of the {n}: −1/√({v} + ε) of each gradient",
                n=number(count), v=spread),
             rf"\frac{{∂L}}{{∂{mean}}}", Negate(Quotient(Product((n, a)), sigma))),
        step(tr("{x} is one of the {n} the mean is made of", x=x, n=number(count)),
             rf"\frac{{∂{mean}}}{{∂{x}}}", Quotient(Number(1.0), n)),
        step(tr("the variance divides every one of the {n}", n=number(count)),
             rf"\frac{{∂L}}{{∂{spread}}}", Negate(Quotient(Product((n, b)), Product((Number(2.0), under))))),
        step(tr("2 ({x} − {mean}) / {n}, which is", x=x, mean=mean, n=number(count)),
             rf"\frac{{∂{spread}}}{{∂{x}}}", Quotient(Product((Number(2.0), y, sigma)), n)),
    )  # fmt: skip
    gradient = known[dy.tensor, tuple(dy.index)] or 0.0
    ways = (
        (tr("over itself"), (gradient, steps[0].value)),
        (tr("over the mean"), (steps[1].value, steps[2].value)),
        (tr("over the variance"), (steps[3].value, steps[4].value)),
    )
    total = sum(one * other for _, (one, other) in ways)
    means = tr("{a} is the mean of {dy}, {b} that of {dy} ∘ {y}.",
               a=a.symbol, b=b.symbol, dy=dy.symbol, y=y.symbol)  # fmt: skip
    return Derivation(card.subject, x, count, steps, known, means, ways, total)


def _count(session: StepSession, line: InstructionView) -> int | None:
    """How many numbers share mean and variance; None while it is not known, or where the number is padding."""
    program, snapshot = session.program, session.snapshot
    assert program is not None
    assert snapshot is not None
    shape = program.tensors[line.operands["dy"]].shape
    if _SHARING[line.op] == "row":
        return shape[-1]
    if line.op == "normalize_grad":
        return max(1, snapshot.position.rows) * math.prod(shape[:-1])
    name = line.operands["mask"]
    mask = session.array(name, whole=True)
    own = session.cell
    if mask is None or own is None or len(mask) < snapshot.position.rows:
        return None
    info = program.tensors[name]
    kept = session.value(name, (session.row, *own[1][: len(info.shape)]))
    return int(mask[: snapshot.position.rows].sum()) if kept else None


def _paint(page: Page, content: Derivation) -> None:
    count = number(content.count)
    page.heading(tr("Where this gradient comes from"), f"n = {count}")
    words = tr("{x} acts in three ways: by itself, by the mean of the {n}, and by their variance.",
               x=content.x, n=count)  # fmt: skip
    page.paragraph([(words, page.t.tx2, False), (content.means, page.t.tx3, False)])
    page.y += 6
    for step in content.steps:
        page.paragraph([(step.words, page.t.tx3, False)])
        page.y += 4
        _equation(page, to_box(step.left, formula.Pen(12, 400, "bwd")), step, content.values)
    pen = formula.Pen(12)
    left = symbol_box(content.subject, pen.with_role(role_of(content.subject.tensor)))
    page.y += 2
    at = PAD
    head = formula.row([left, formula.text(" =", pen.with_role("tx2"))])
    done = formula.lay_out(head)
    page.place(done, at, page.y)
    page.y += done.height + 4
    for k, (way, (one, other)) in enumerate(content.ways):
        sign = "+" if k else " "
        factors = f"{sign} {_bracketed(one)} × {_bracketed(other)}"
        page.text(PAD + 12, page.y + 13, factors, 11.5, page.t.tx2, mono=True)
        page.text(page.w - PAD, page.y + 13, way, 11, page.t.tx3, anchor="end")
        page.y += 18
    total = f"= {format_number(content.total, 4)}"
    page.text(PAD + 12, page.y + 15, total, 14, page.t.bwd, weight=600, mono=True)
    page.y += 28
    page.rule()


def _bracketed(value: float) -> str:
    shown = format_number(value, 4)
    return f"({shown})" if value < 0 else shown


def _equation(page: Page, left: formula.Box, step: Step, values: Values) -> None:
    """The formula in letters, under it with its numbers, and what they make."""
    pen, faint = formula.Pen(12), formula.Pen(11, 400, "tx2")
    equals = formula.text(" = ", pen.with_role("tx2"))
    room = max(60.0, page.room - left.width - equals.width)
    body = expression_box(step.expression, Look("symbolic", pen, width=room))
    done = formula.lay_out(formula.row([left, equals, body]))
    page.place(done, PAD, page.y)
    page.y += done.height + 3
    value = formula.text(f" = {format_number(step.value, 4)}", formula.Pen(12, 600, "bwd"))
    numbers = expression_box(
        step.expression, Look("numbers", faint, width=max(60.0, room - value.width)), _told(values)
    )
    done = formula.lay_out(formula.row([formula.space(left.width), equals, numbers, value]))
    page.place(done, PAD, page.y)
    page.y += done.height + 8


def _told(values: Values) -> dict[Any, float | None]:
    return dict(values)


SECTION = Section("derivation", 45, _build, _paint)
