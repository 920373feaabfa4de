"""A close-up of the instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.step.views import StepView
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.step.session import StepSession


def _create(session: StepSession) -> QWidget:
    from app.step.closeup import CloseupStage

    return CloseupStage(session)


VIEW = StepView(
    "closeup", tr("Close-up"), tr("The instruction itself, with every number it reads"), 20, _create
)
