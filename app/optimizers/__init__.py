"""The Optimizers workspace: a race of optimizers down one surface, or on the learner's own network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext


def _create(context: WindowContext) -> QWidget:
    from app.optimizers.view import OptimizersView  # painters are imported when first shown

    return OptimizersView(context)


WORKSPACE = Workspace("optimizers", tr("Optimizers"), "optimizers", 70, create=_create)
