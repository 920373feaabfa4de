"""A switch for yes and no."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.widgets.buttons import Control
from app.widgets.guarded import guarded

_TRACK = QSize(28, 16)


class Toggle(Control):
    """A 28 by 16 switch inside a hit area of 24 px; Space and Enter flip it."""

    focus_radius = 8

    def __init__(self, *, name: str, label: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(28, 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def focus_rect(self) -> QRect:
        """Return the part that the focus ring surrounds."""
        top = (self.height() - _TRACK.height()) // 2
        return QRect(0, top, _TRACK.width(), _TRACK.height())

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        on = self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        track = QRectF(self.focus_rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(colors.pri if on else colors.line2, 1))
        painter.setBrush(colors.pri if on else colors.bg3)
        painter.drawRoundedRect(track, 7.5, 7.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.priText if on else colors.tx if self.hovered else colors.tx3)
        left = track.left() + (14.5 if on else 2.5)
        painter.drawEllipse(QRectF(left, track.top() + 2.5, 10, 10))
