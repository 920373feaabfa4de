"""The three factors of a weight's gradient, for the shown sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.scenes import formula
from app.scenes.formula_expressions import (
    Look,
    expression_box,
    format_number,
    role_of,
    symbol_box,
)
from app.scenes.formula_tex import to_box
from app.step.card import Index, symbol_of
from app.step.page import PAD
from app.step.sections import Section
from app.step.simplify import simplify
from app.text import tr
from core.expressions import Expr, Product, Ref, elide

if TYPE_CHECKING:
    from app.snapshots import InstructionView
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule: its name as two symbols over each other, what it is, its value."""

    over: str
    under: str
    expression: Expr
    value: float | None
    note: str


@dataclass(frozen=True)
class Chain:
    """The factors, their product, and of how many samples this is one."""

    factors: tuple[Factor, ...]
    share: float | None
    rows: int


def _build(session: StepSession, card: Card) -> Chain | None:
    if card.instruction is None or card.subject is None or session.cell is None:
        return None
    factors, share = _factors(session, card.instruction, session.cell[1])
    return Chain(factors, share, session.rows) if factors else None


def _paint(page: Page, chain: Chain) -> None:
    subject = page.card.subject
    assert subject is not None
    pen = formula.Pen(13)
    left = symbol_box(subject, pen.with_role(role_of(subject.tensor)))
    pieces = [left, formula.text(" = ", pen.with_role("tx2"))]
    if chain.rows > 1:
        small = pen.script()
        limits = (to_box("n=1", small), to_box(str(chain.rows), small))
        pieces.append(formula.operator("Σ", pen.with_role("tx2"), *limits))
    for index, factor in enumerate(chain.factors):
        if index:
            pieces.append(formula.text(" · ", pen.with_role("tx3")))
        pieces.append(_ratio(factor, pen))
    page.y += 14
    done = formula.lay_out(formula.flow(pieces, page.room))
    page.place(done, PAD, page.y)
    page.y += done.height + 12
    page.rule()
    for factor in chain.factors:
        _factor(page, factor)
    _product(page, chain)


def _factor(page: Page, factor: Factor) -> None:
    """One row: the ratio, what it is, its value."""
    ratio = _ratio(factor, formula.Pen(12))
    top, height = page.y, max(46.0, ratio.height + 12)
    middle = top + (height - ratio.height) / 2 + ratio.ascent
    page.put(ratio, PAD + max(0.0, (58 - ratio.width) / 2), middle)
    page.text(PAD + 66, middle, "=", 12.5, page.t.tx3, mono=True)
    room = page.w - PAD - 76 - (PAD + 86)
    pen = formula.Pen(12, 400, "tx2")
    symbols = expression_box(factor.expression, Look("symbolic", pen))
    small = not (symbols.ascent > 16)
    if symbols.width > room:
        symbols = expression_box(
            factor.expression, Look("symbolic", formula.Pen(10, 400, "tx2"), width=room)
        )
    page.put(symbols, PAD + 86, middle - (6 if small else 0))
    if small:
        page.text(PAD + 86, middle + 11, factor.note, 10.5, page.t.tx3)
    shown = "…" if factor.value is None else format_number(factor.value, 4, sign=True)
    page.text(page.w - PAD, middle, shown, 12.5, page.t.tx, weight=500, mono=True, anchor="end")
    page.y = top + height
    page.rule()


def _product(page: Page, chain: Chain) -> None:
    if chain.share is None:
        return
    page.y += 12
    pieces = []
    for index, factor in enumerate(chain.factors):
        value = format_number(factor.value or 0.0, 4)
        string = f"({value})" if (factor.value or 0) < 0 else value
        pieces.append(formula.text((" × " if index else "") + string, formula.Pen(12, 400, "tx2")))
    pieces.append(formula.text(f" = {format_number(chain.share, 4)}", formula.Pen(12, 400, "tx")))
    done = formula.lay_out(formula.flow(pieces, page.room, 12))
    page.place(done, PAD, page.y)
    page.y += done.height + 4
    if chain.rows > 1:
        words = tr("from this sample; all {count} samples of the batch together:", count=chain.rows)
        page.text(PAD, page.y + 13, words, 11, page.t.tx3)
        page.y += 20


def _factors(
    session: StepSession, instruction: InstructionView, index: Index
) -> tuple[tuple[Factor, ...], float | None]:
    """The three factors of a weight's gradient, for the shown row, and their product."""
    upstream = session.questions.upstream
    if instruction.op != "matmul_weight_grad" or len(index) != 2 or upstream is None:
        return (), None
    i, j = index
    reader = session.reader
    x, dz = instruction.operands["x"], instruction.operands["dy"]
    value_in = session.value(x, (session.row, i))
    answer = upstream.answer
    layer = dz.removeprefix("grad/").rpartition("/")[0]
    z = _letter(session, f"{layer}/z", j)
    weight = _letter(session, instruction.writes[0].removeprefix("grad/"), i, j)
    feeding = Ref(x, (session.row, i), symbol_of(session, x), str(i + 1))
    if answer is None:
        return (), None
    expression = simplify(upstream.expression, session.value)
    factors: list[Factor] = []
    parts = expression.factors if isinstance(expression, Product) else ()
    error = parts[0] if len(parts) == 2 else None
    if isinstance(error, Ref) and error.tensor.startswith("grad/"):
        bend = parts[1]
        a = _letter(session, error.tensor.removeprefix("grad/"), j)
        origin = session.questions.origin
        source = error if origin is None else simplify(origin.expression, session.value)
        factors.append(
            Factor("∂L", f"∂{a}", elide(source, 4), session.value(error.tensor, error.index),
                   tr("error of the neuron"))
        )  # fmt: skip
        factors.append(
            Factor(f"∂{a}", f"∂{z}", bend, _evaluate(session, bend), tr("slope of its activation"))
        )
    else:
        factors.append(
            Factor("∂L", f"∂{z}", expression, reader.value(dz, (j,)), tr("error of the neuron"))
        )
    factors.append(Factor(f"∂{z}", f"∂{weight}", feeding, value_in, tr("value feeding in")))
    share = 1.0
    for factor in factors:
        if factor.value is None:
            return tuple(factors), None
        share *= factor.value
    return tuple(factors), share


def _letter(session: StepSession, tensor: str, *index: int) -> str:
    """Symbol of one cell in the form the formula layout reads: w^1_{12}."""
    symbol = symbol_of(session, tensor).replace("W", "w")
    return f"{symbol}_{{{''.join(str(k + 1) for k in index)}}}"


def _evaluate(session: StepSession, expr: Expr) -> float | None:
    from core.expressions import evaluate

    missing = False

    def lookup(tensor: str, index: Index) -> float:
        nonlocal missing
        value = session.value(tensor, index)
        missing |= value is None
        return value or 0.0

    try:
        result = evaluate(expr, lookup)
    except (ArithmeticError, ValueError):
        return None
    return None if missing else result


def _ratio(factor: Factor, pen: formula.Pen) -> formula.Box:
    over, under = to_box(factor.over, pen), to_box(factor.under, pen)
    return formula.fraction(over, under, pen)


SECTION = Section("chain", 10, _build, _paint)
