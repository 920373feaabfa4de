"""From a weight to its gradient: one press away from the chain rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.step.page import PAD, Action
from app.step.sections import Section
from app.text import tr

if TYPE_CHECKING:
    from app.step.card import Card
    from app.step.page import Page
    from app.step.session import StepSession


def _build(session: StepSession, card: Card) -> Action | None:
    subject = card.subject
    info = session.reader.info(subject.tensor) if subject is not None else None
    if subject is None or info is None or info.role != "weight" or session.program is None:
        return None
    gradient = f"grad/{subject.tensor}"
    if not any(gradient in i.writes for i in session.program.instructions):
        return None
    tip = tr("Look at the gradient of this weight, factor by factor from the loss")
    return Action("select.cell", (("tensor", gradient), ("index", subject.index)), tip)


def _paint(page: Page, action: Action) -> None:
    page.y += 10
    page.chip(PAD, page.y, tr("∂L/∂w: the chain rule of this weight"), action)
    page.y += 24


SECTION = Section("leads", 55, _build, _paint)
