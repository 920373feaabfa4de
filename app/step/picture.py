"""What all pictures in the middle of the Step view are: widgets that paint all of themselves and take the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.scenes import draw
from app.widgets.focus import focus_entered, focus_left

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPainter

    from app.step.session import StepSession
    from app.theme import Theme


class Picture(QWidget):
    """A picture of the session, with mouse and keyboard.

    Parameters
    ----------
    session
        What is looked at.
    name, label
        For tests and for screen readers.
    """

    focus_radius = 4

    def __init__(self, session: StepSession, name: str, label: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(label)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._session = session

    def sizeHint(self) -> QSize:
        return QSize(704, 664)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 200)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes: just inside, because the picture fills its panel."""
        return self.rect().adjusted(5, 5, -5, -5)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    def say(self, painter: QPainter, colors: Theme, words: str) -> None:
        """Write why there is nothing to see."""
        x, y = self.width() / 2, self.height() / 2
        draw.text(painter, x, y, words, 13, colors.tx2, anchor="middle")
