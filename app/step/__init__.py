"""The Step workspace: one instruction at a time, with its formula and its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext


def _create(context: WindowContext) -> QWidget:
    from app.step.workspace import StepWorkspace  # painters are imported when first shown

    return StepWorkspace(context)


WORKSPACE = Workspace("step", tr("Step"), "step", 50, create=_create)
