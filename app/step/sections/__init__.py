"""What the inspector of the Step view is made of, one file for each section.

A file here exposes ``SECTION``; the sheet shows those that have something to say of the number looked at, smallest
``order`` first. A section works its content out in ``build`` (data that can be compared, no widgets) and writes it on
a page in ``paint``, once: the page draws what was written as often as it is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from app.registering import modules

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


@dataclass(frozen=True)
class Section:
    """One part of the inspector.

    Attributes
    ----------
    name
        Under which its content stands in `Card.parts`.
    order
        Its place from top to bottom.
    build
        The content for the session's instruction and cell, or None if there is nothing to show. The card holds what
        all sections need: subject, instruction, expression, values, result.
    paint
        Writes the content on the page.
    tex
        The content in lines of TeX for the clipboard, aligned at their first ``&``.
    """

    name: str
    order: int
    build: Callable[[StepSession, Card], Any]
    paint: Callable[[Page, Any], None]
    tex: Callable[[Card, Any], list[str]] | None = None


@cache
def sections() -> tuple[Section, ...]:
    """Return the sections that exist, in order."""
    found = [module.SECTION for module in modules(__name__) if hasattr(module, "SECTION")]
    return tuple(sorted(found, key=lambda section: (section.order, section.name)))
