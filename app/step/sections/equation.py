"""The formula of the instruction for one cell, in symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes import formula
from app.scenes.formula_expressions import Look, expression_box, role_of, symbol_box
from app.scenes.formula_tex import to_box
from app.step.notation import title
from app.step.page import PAD
from app.step.sections import Section

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession

#: Width that a right side needs beside its left one.
_LEAST = 80.0


def _build(_session: StepSession, card: Card) -> bool | None:
    return True if card.subject is not None else None


def _paint(page: Page, _content: bool) -> None:
    card = page.card
    assert card.subject is not None
    pen = formula.Pen(13)
    left = symbol_box(card.subject, pen.with_role(role_of(card.subject.tensor)))
    line = card.instruction
    arrow = line is not None and (line.phase == "update" or line.op == "accumulate")
    equals = formula.text(" ← " if arrow else " = ", pen.with_role("tx2"))
    page.y += 14
    if line is not None and card.worded:
        lines = [to_box(title(line), pen)]
    elif card.expression is not None:
        room = page.room - left.width - equals.width
        # A long name, such as that of a part of a gradient, has a line of its own.
        alone = room < _LEAST
        look = Look("symbolic", pen, width=page.room - equals.width if alone else room)
        right = expression_box(card.expression, look)
        lines = (
            [left, formula.row([equals, right])] if alone else [formula.row([left, equals, right])]
        )
    else:
        lines = [formula.row([left, equals, formula.text("…", pen.with_role("tx3"))])]
    for box in lines:
        done = formula.lay_out(box)
        page.place(done, PAD, page.y)
        page.y += done.height + (4 if box is not lines[-1] else 12)
    page.rule()


SECTION = Section("equation", 20, _build, _paint)
