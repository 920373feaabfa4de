"""The Build workspace: assemble a network from layers and see what each of them makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext

__all__ = ["WORKSPACE"]


def _create(context: WindowContext) -> QWidget:
    from app.build.view import BuildView

    return BuildView(context)


WORKSPACE = Workspace("build", tr("Build"), "build", 20, _create)
