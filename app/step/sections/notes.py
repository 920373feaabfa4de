"""One line that reconciles what lecture notes print with what is shown: samples in columns, half the squared error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.scenes import draw, formula
from app.scenes.formula_expressions import significant
from app.scenes.formula_tex import to_box
from app.step.notation import PRODUCTS, is_turned, title
from app.step.page import PAD
from app.step.sections import Section
from app.text import tr
from core.ops.notation import line_to_tex

if TYPE_CHECKING:
    from app.snapshots import InstructionView, ProgramView
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession

#: The two errors that differ by a factor, by their names in documents.
ERRORS = ("mean_squared_error", "half_squared_error")


#: Operations with which more than the error is in a number, or samples count differently.
_OTHERS = ("penalty", "loss_share", "weighted_sum", "clip", "global_norm")


@dataclass(frozen=True)
class Product:
    """A product of matrices in one notation: its name, the formula, the shapes, and whether it is the one shown."""

    notation: str
    formula: str
    shapes: str
    shown: bool


@dataclass(frozen=True)
class Notes:
    """The product in both notations, rows first (none for other instructions), and what is to be said of the error."""

    products: tuple[Product, ...]
    error: str


def _build(session: StepSession, card: Card) -> Notes | None:
    line, program = card.instruction, session.program
    if line is None or program is None or card.subject is None:
        return None
    products: tuple[Product, ...] = ()
    if line.op in PRODUCTS:
        products = tuple(
            Product(
                one, title(line, one), _shapes(session, program, line, one), one == session.notation
            )
            for one in ("rows", "columns")
        )
    error = _error(session, program, line, card.subject.tensor, card.result)
    return Notes(products, error) if products or error else None


def _shapes(
    session: StepSession, program: ProgramView, line: InstructionView, notation: str
) -> str:
    """The shapes of a product as it is written: [5×4]·[4×6] = [5×6]."""
    roles = list(line.operands)
    if notation == "columns" and line.op != "matmul_weight_grad":
        roles.reverse()

    def shape(name: str, role: str) -> str:
        info = program.tensors[name]
        if len(info.shape) > (1 if info.batch else 2):
            return ""
        sizes = [session.rows, *info.shape] if info.batch else list(info.shape)
        if is_turned(line.op, role, bool(info.batch), notation):
            sizes.reverse()
        return f"[{draw.TIMES.join(map(str, sizes))}]"

    parts = [shape(line.operands[role], role) for role in roles]
    made = shape(line.writes[0], "")
    return f"{' · '.join(parts)} = {made}" if all(parts) and made else ""


def _error(
    session: StepSession,
    program: ProgramView,
    line: InstructionView,
    tensor: str,
    result: float | None,
) -> str:
    """What the other of the two squared errors makes of the number that is looked at; "" where it has no part in it."""
    loss = session.context.document.training.loss
    factor = _factor(session, program, line, tensor, loss)
    if factor is None or factor == 1:
        return ""
    here_is_mean = loss == ERRORS[0]
    times = factor if here_is_mean else 1 / factor
    by = _ratio(factor) if here_is_mean else _ratio(1 / factor)
    if line.phase == "update" and here_is_mean:
        return tr(
            "The notes' E = ½ Σ (Y − O)² has {by} times this gradient: at the same rate its steps are as much {way}.",
            by=by,
            way=tr("longer") if times > 1 else tr("shorter"),
        )
    if line.phase == "update":
        return tr(
            "Keras's mean squared error has {by} times this gradient: at the same rate its steps are as much {way}.",
            by=by,
            way=tr("longer") if times > 1 else tr("shorter"),
        )
    value = "…" if result is None else significant(result * times, 4)
    if here_is_mean:
        return tr(
            "The notes' E = ½ Σ (Y − O)² has a half and no mean: {by} times this is {value}.", by=by, value=value
        )  # fmt: skip
    return tr(
        "Keras's mean squared error has no half and a mean: {by} times this is {value}.", by=by, value=value
    )  # fmt: skip


def _factor(
    session: StepSession, program: ProgramView, line: InstructionView, tensor: str, loss: object
) -> float | None:
    """How many times the mean squared error of what is looked at its half squared error is."""
    if loss not in ERRORS:
        return None
    rows = next((one for one in program.instructions if one.op == "squared_rows"), None)
    ops = {one.op for one in program.instructions}
    if rows is None or any(op.startswith(_OTHERS) for op in ops):
        return None
    outputs = program.tensors[rows.operands["p"]].shape
    samples = session.snapshot.position.rows if session.snapshot is not None else session.rows
    if line.op == "squared_rows":
        return outputs[-1] / 2
    of_error = tensor == "loss" or (line.phase == "backward" and tensor.startswith("grad/"))
    if of_error or (line.phase == "update" and line.op == "sgd"):
        return samples * math.prod(outputs) / 2
    return None


def _ratio(value: float) -> str:
    """A factor as one writes it: 3, ½, 1/3."""
    if value >= 1 or value == 0:
        return f"{value:g}"
    below = 1 / value
    return f"1/{below:g}" if abs(below - round(below)) < 1e-9 else f"2/{2 * below:g}"


def _paint(page: Page, content: Notes) -> None:
    page.heading(
        tr("The same numbers, turned round") if content.products else tr("As the notes write it")
    )
    names = {"rows": tr("rows"), "columns": tr("columns")}
    tones = ["tx" if one.shown else "tx3" for one in content.products]
    laid = [
        formula.lay_out(to_box(one.formula, formula.Pen(12, 400, tone)))
        for one, tone in zip(content.products, tones, strict=True)
    ]
    wide = max((draw.advance(one.shapes, 11, 400, True) for one in content.products), default=0.0)
    fits = PAD + 60 + max((one.width for one in laid), default=0.0) + 12 + wide <= page.w - PAD
    for one, tone, done in zip(content.products, tones, laid, strict=True):
        ink = page.t.color(tone)
        baseline = page.y + max(done.baseline, 13)
        page.text(PAD, baseline, names[one.notation], 11, ink)
        page.place(done, PAD + 60, baseline - done.baseline)
        if fits:
            page.text(page.w - PAD, baseline, one.shapes, 11, ink, mono=True, anchor="end")
        page.y = baseline + 11
    if content.error:
        page.paragraph([(content.error, page.t.tx2, False)])
    page.y += 8
    page.rule()


def _tex(card: Card, content: Notes) -> list[str]:
    shown = next((one for one in content.products if one.shown), None)
    if shown is None:
        return []
    left, _, right = shown.formula.replace("\\ ", " ").partition(" = ")
    return [f"{line_to_tex(left)} &= {line_to_tex(right)}"]


SECTION = Section("notes", 45, _build, _paint, _tex)
