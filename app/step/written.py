"""A card as it stands on the inspector: its sections under each other, each written once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.step.page import Light, Page, Target
from app.step.sections import sections
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    from app import theme as themes
    from app.scenes.formula import Formula
    from app.step.card import Card


@dataclass(frozen=True)
class _Part:
    """One section: what it was written from, the page it is on, and where that begins."""

    name: str
    content: Any
    page: Page
    top: float


class Written:
    """The sections of a card from top to bottom.

    Parameters
    ----------
    colors, card, width
        What is written, and in which colours and how wide.
    before
        What was written last: a section of it that says the same of the same number is taken over.

    Attributes
    ----------
    height
        Of everything.
    """

    def __init__(
        self, colors: themes.Theme, card: Card, width: float, before: Written | None = None
    ) -> None:
        self.colors, self.card, self.width = colors, card, float(width)
        self._parts: list[_Part] = []
        if card.subject is None:
            page = Page(colors, card, width)
            page.line(
                tr("Press Step: the formula of the instruction appears here, with its numbers."),
                colors.tx3,
            )
            self._parts.append(_Part("", None, page, 0.0))
            self.height = page.y + 24
            return
        known = before.parts_of(colors, card, self.width) if before is not None else {}
        y = 0.0
        for section in sections():
            content = card.parts.get(section.name)
            if content is None:
                continue
            same = known.get(section.name)
            if same is not None and same.content == content:
                page = same.page
            else:
                page = Page(colors, card, width)
                section.paint(page, content)
            self._parts.append(_Part(section.name, content, page, y))
            y += page.y
        self.height = y + 16

    def parts_of(self, colors: themes.Theme, card: Card, width: float) -> dict[str, _Part]:
        """Return the sections that would look the same on another card, by name."""
        if colors is not self.colors or width != self.width or not card.same_number(self.card):
            return {}
        return {one.name: one for one in self._parts}

    def paint(
        self, painter: QPainter, light: Light, top: float = -math.inf, bottom: float = math.inf
    ) -> None:
        """Draw what stands between two heights."""
        for one in self._parts:
            if one.top <= bottom and one.top + one.page.y >= top - 16:
                painter.translate(0.0, one.top)
                one.page.paint(painter, light, top - one.top, bottom - one.top)
                painter.translate(0.0, -one.top)

    @cached_property
    def formulas(self) -> list[tuple[Formula, float, float]]:
        """What was laid out, with its upper left corner."""
        return [(done, x, y + one.top) for one in self._parts for done, x, y in one.page.formulas]

    @cached_property
    def targets(self) -> list[tuple[QRectF, Target]]:
        """What answers the mouse and the keyboard besides formulas, and where it is."""
        return [
            (rect.translated(0.0, one.top), target)
            for one in self._parts
            for rect, target in one.page.targets
        ]
