"""A card to choose: a title and a sentence under it, in one line or in as many as it takes."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from app import theme
from app.widgets import Control
from app.widgets.guarded import guarded


class Card(Control):
    """A wide button with two lines."""

    focus_radius = 8

    def __init__(self, title: str, sentence: str, *, name: str, wrap: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)
        self._title = title
        self._sentence = sentence
        self._wrap = wrap
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(wrap)
        self.setSizePolicy(policy)
        if not wrap:
            self.setFixedHeight(60)

    def sizeHint(self) -> QSize:
        return QSize(440, self.heightForWidth(440) if self._wrap else 60)

    def heightForWidth(self, width: int) -> int:
        """As high as the sentence is in as many lines as it takes."""
        if not self._wrap:
            return 60
        room = QRectF(0, 0, width - 32, 10_000)
        flags = int(Qt.TextFlag.TextWordWrap)
        text = QFontMetricsF(theme.font("label")).boundingRect(room, flags, self._sentence)
        return 42 + max(18, ceil(text.height()))

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
        if self._wrap:
            painter.drawText(
                QRectF(16, 31, room, self.height() - 41),
                int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop),
                self._sentence,
            )
            return
        shown = QFontMetricsF(font).elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(16, 31, room, 18), Qt.AlignmentFlag.AlignVCenter, shown)
