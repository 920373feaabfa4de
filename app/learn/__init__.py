"""The Learn workspace: lessons that watch what the learner does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext


def _create(context: WindowContext) -> QWidget:
    from app.learn.workspace import LearnWorkspace  # painters are imported when first shown

    return LearnWorkspace(context)


WORKSPACE = Workspace("learn", tr("Learn"), "learn", 10, create=_create)
