"""What the number looked at would be without what was put in by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.formula_expressions import format_number
from app.step.sections import Section
from app.text import tr

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


def _build(session: StepSession, card: Card) -> tuple[str, str] | None:
    """What happened, and the sentence about it."""
    cell = session.cell
    if card.subject is None or cell is None:
        return None
    reader = session.reader
    old = reader.otherwise(*cell)
    if old is None:
        return None
    new = reader.value(*cell)
    shown = f"{format_number(old, 4)} → {'…' if new is None else format_number(new, 4)}"
    line = session.instruction
    if reader.by_hand(*cell) and (line is None or line.phase != "update"):
        return shown, tr("put in by hand: the formula would make {old}", old=format_number(old, 4))
    return shown, tr("by what was put in by hand")


def _paint(page: Page, content: tuple[str, str]) -> None:
    shown, why = content
    page.y += 10
    page.paragraph(
        [(tr("What if:"), page.t.loss, False), (shown, page.t.tx, True), (why, page.t.tx2, False)]
    )
    page.y += 4


SECTION = Section("whatif", 35, _build, _paint)
