"""A sentence about the instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.step.sections import Section
from app.text import tr

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


def _build(_session: StepSession, card: Card) -> str | None:
    return card.words or None


def _paint(page: Page, words: str) -> None:
    page.y += 10
    page.paragraph([(tr("In words:"), page.t.tx2, False), (words, page.t.tx, False)])


SECTION = Section("words", 90, _build, _paint)
