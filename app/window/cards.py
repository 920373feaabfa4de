"""A card to choose: a title and a sentence under it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from app import theme
from app.widgets import Control
from app.widgets.guarded import guarded


class Card(Control):
    """A wide button with two lines."""

    focus_radius = 8

    def __init__(self, title: str, sentence: str, *, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)
        self._title = title
        self._sentence = sentence
        self.setFixedHeight(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(440, 60)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colors.line2 if self.hovered else colors.line, 1))
        painter.setBrush(colors.bg3 if self.hovered else colors.bg2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        room = self.width() - 32
        painter.setFont(theme.font("header"))
        painter.setPen(colors.tx)
        box = QRectF(16, 10, room, 20)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self._title)
        font = theme.font("label")
        painter.setFont(font)
        painter.setPen(colors.tx2)
        shown = QFontMetricsF(font).elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(16, 31, room, 18), Qt.AlignmentFlag.AlignVCenter, shown)
