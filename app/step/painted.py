"""Pieces of a list or a strip that are painted once and then copied, as long as they look the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from math import ceil

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

#: Pieces kept: some screens full of lines.
_MOST = 512


class Painted:
    """Pictures by what they show. A line with a formula takes ten times as long to paint as to copy."""

    def __init__(self) -> None:
        self._known: dict[Hashable, QPixmap] = {}

    def clear(self) -> None:
        """Forget all: it is another program."""
        self._known.clear()

    def draw(
        self, painter: QPainter, x: float, y: float, size: tuple[float, float], key: Hashable, ground: QColor,
        paint: Callable[[QPainter], None],
    ) -> None:  # fmt: skip
        """Draw what `paint` paints at (0, 0) at another place; `key` says all that it depends on."""
        ratio = painter.device().devicePixelRatioF()
        found = self._known.get((key, size, ratio, ground.rgba()))
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = QPixmap(max(1, ceil(size[0] * ratio)), max(1, ceil(size[1] * ratio)))
            found.setDevicePixelRatio(ratio)
            # On its ground, so that letters are smoothed as they are on the panel.
            found.fill(ground if ground.alpha() else Qt.GlobalColor.transparent)
            own = QPainter(found)
            own.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint(own)
            own.end()
            self._known[key, size, ratio, ground.rgba()] = found
        painter.drawPixmap(QPointF(x, y), found)
