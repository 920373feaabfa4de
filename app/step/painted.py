"""Pieces of a list or a strip that are painted once and then copied, as long as they look the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import ceil
from typing import cast

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QRegion
from PySide6.QtWidgets import QWidget

from app.scenes import draw

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


class Kept:
    """The picture of a widget, of which only what is spoiled is painted again.

    It is painted apart from the window: in that the clip is of many rectangles, and Qt smooths letters in another way
    where it is, so that they would not look as if all was painted in one piece.

    Parameters
    ----------
    widget
        What it is the picture of: opaque, and as large as the picture.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._image: QImage | None = None
        self._form = (0, 0, 1.0)
        self._spoiled = QRegion()

    def spoil(self, region: QRegion) -> None:
        """Have a part painted anew, with the next painting of the widget."""
        if not region.isEmpty():
            self._spoiled |= region
            self._widget.update(region)

    def show(
        self, painter: QPainter, shown: QRegion, ground: QColor, paint: Callable[[QPainter, QRegion], None]
    ) -> None:  # fmt: skip
        """Paint what is spoiled into the picture, and copy of it what the window takes over now."""
        widget, image = self._widget, self._image
        form = (widget.width(), widget.height(), widget.devicePixelRatioF())
        whole = QRegion(widget.rect())
        if image is None or form != self._form:
            image, self._form, self._spoiled = draw.canvas(*form, ground), form, whole
        spoiled = self._spoiled & whole
        if not spoiled.isEmpty():
            with draw.painting(image, form[:2]) as own:
                paint(own, spoiled)
        self._image, self._spoiled = image, QRegion()
        ratio = form[2]
        if not ratio.is_integer():
            draw.blit(painter, 0, 0, image)
            return
        scale = int(ratio)
        # Not the whole picture at once: behind a clip of many rectangles that takes milliseconds.
        for part in cast("Iterable[QRect]", shown & whole):
            place = QRect(part.topLeft() * scale, part.size() * scale)
            painter.drawImage(part, image, place)
