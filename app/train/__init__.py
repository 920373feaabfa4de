"""The Train workspace: watch a network learn, forward and backward, while its curves grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.text import tr
from app.workspace import Workspace

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.workspace import WindowContext

__all__ = ["WORKSPACE"]


def _create(context: WindowContext) -> QWidget:
    from app.train.view import TrainView

    return TrainView(context)


WORKSPACE = Workspace("train", tr("Train"), "train", 40, _create)
