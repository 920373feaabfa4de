"""One weight over all steps of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.step.views import StepView
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.step.session import StepSession


def _create(session: StepSession) -> QWidget:
    from app.step.story import StoryView

    return StoryView(session)


VIEW = StepView(
    "story",
    tr("Story"),
    tr("One weight over all steps, and what each sample of the batch says of it"),
    30,
    _create,
)
