"""A sentence on one line: shortened where there is no room for it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.guarded import guarded


class Sentence(QWidget):
    """A sentence that is shortened where there is no room for it; the tooltip has all of it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(28)
        self.text = ""

    def sizeHint(self) -> QSize:
        return QSize(80, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 28)

    def say(self, text: str) -> None:
        """Show another sentence."""
        if text != self.text:
            self.text = text
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            font = theme.font("label")
            words = QFontMetrics(font).elidedText(
                self.text, Qt.TextElideMode.ElideRight, self.width()
            )
            painter.setFont(font)
            painter.setPen(theme.current().tx2)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, words)
        finally:
            painter.end()
