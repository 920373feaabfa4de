"""What stands for a block in the tab order and in the accessibility tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QWidget

from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from app.build.canvas import Canvas


class Handle(QWidget):
    """The keyboard's and the screen reader's side of a block: an unseen widget over it.

    Graphics items have no place in the tab order and none in the accessibility tree; these have.
    """

    focus_radius = 8

    def __init__(self, canvas: Canvas, layer: str) -> None:
        super().__init__(canvas.viewport())
        self._canvas = canvas
        self.layer = layer
        self.setObjectName(f"block-{layer}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.show()

    def focusInEvent(self, event: QFocusEvent) -> None:
        focus_entered(self, event)
        self._canvas.handle_focused(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        focus_left(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._canvas.handle_key(self.layer, event):
            super().keyPressEvent(event)

    @guarded
    def paintEvent(self, event: QEvent) -> None:
        pass
