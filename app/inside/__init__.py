"""The Look inside workspace: what every layer makes of an input, and which of its pixels mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext


def _create(context: WindowContext) -> QWidget:
    from app.inside.view import InsideView  # painters are imported when first shown

    return InsideView(context)


WORKSPACE = Workspace("inside", tr("Look inside"), "inside", 60, create=_create)
