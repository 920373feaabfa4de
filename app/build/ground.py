"""The dotted ground of the canvas."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QTransform

from app import theme

_DOT = 16


def paint(painter: QPainter, rect: QRectF | QRect, pixels: float) -> None:
    """Fill a part of the scene; `pixels` is how many of the device make one of the widget."""
    ratio = pixels * painter.worldTransform().m11()
    brush = QBrush(_dots(theme.current().name, ratio))
    # The tile is in device pixels; the brush must not be scaled a second time.
    brush.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
    painter.fillRect(rect, brush)


@lru_cache(maxsize=8)
def _dots(name: str, ratio: float) -> QImage:
    """Return one tile of the dotted ground."""
    colors = theme.THEMES[name]
    side = max(1, round(_DOT * ratio))
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(colors.bg0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colors.line)
    painter.drawEllipse(QPointF(side / 2, side / 2), ratio, ratio)
    painter.end()
    return image
