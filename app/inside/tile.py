"""A tile of the attribution panel: a picture over the input, its name, and the number under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip

from app import theme
from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets import Control
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

#: Room under the picture for its name.
_NAME = 20


class Tile(Control):
    """See the module's text. A click chooses it.

    Parameters
    ----------
    name, title
        Object name and what stands under the picture.

    Signals
    -------
    pointed(row, column)
        The pixel under the mouse; (-1, -1) when it leaves.
    """

    pointed = Signal(int, int)
    focus_radius = 4

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title, self.note = title, ""
        self.picture: QImage | None = None
        self.values: np.ndarray | None = None
        #: 0 to 1 while it is computed; the old picture stays, half as bright.
        self.progress: float | None = None
        self.chosen = False
        #: A rectangle of pixels to mark: left, top, width, height.
        self.mark: tuple[int, int, int, int] | None = None
        #: Says what the numbers are.
        self.words: Callable[[float], str] = lambda value: format_number(value, 4)

    def resizeEvent(self, event: object) -> None:
        self.setFixedHeight(self.width() + _NAME)

    def show_picture(self, picture: QImage | None, values: np.ndarray | None, note: str) -> None:
        """Show another picture; `values` are its numbers, (height, width)."""
        self.picture, self.values, self.note = picture, values, note
        self.update()

    def area(self) -> QRectF:
        """Where the picture stands."""
        side = float(self.width()) - 2
        if self.picture is None or not self.picture.width():
            return QRectF(1, 1, side, side)
        wide, high = self.picture.width(), self.picture.height()
        zoom = side / max(wide, high)
        w, h = wide * zoom, high * zoom
        return QRectF(1 + (side - w) / 2, 1 + (side - h) / 2, w, h)

    def pixel(self, x: float, y: float) -> tuple[int, int] | None:
        """The row and column of a point."""
        area = self.area()
        if self.values is None or not area.contains(x, y):
            return None
        rows, columns = self.values.shape[:2]
        row = min(rows - 1, int((y - area.y()) / area.height() * rows))
        return row, min(columns - 1, int((x - area.x()) / area.width() * columns))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            colors = theme.current()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            side = float(self.width())
            draw.fill(painter, 0, 0, side, side, colors.bg0)
            if self.picture is not None:
                area = self.area()
                painter.setOpacity(1.0 if self.progress is None else 0.5 + 0.5 * self.progress)
                images.place(
                    painter, area.x(), area.y(), area.width(), area.height(), self.picture, False
                )
                painter.setOpacity(1.0)
                self._paint_mark(painter, area)
            ring = colors.tx if self.chosen or self.isChecked() else colors.line2
            draw.frame(painter, 0.5, 0.5, side - 1, side - 1, ring, 2.0 if self.chosen else 1.0, 0)
            if self.progress is not None and self.progress < 1:
                draw.fill(painter, 1, side - 3, (side - 2) * self.progress, 2, colors.tx)
            note = draw.advance(self.note, 11, mono=True)
            name = draw.elide(self.title, 12, side - note - 8, 500)
            draw.text(painter, 1, side + 14, name, 12, colors.tx, weight=500)
            draw.text(
                painter, side - 1, side + 14, self.note, 11, colors.tx3, mono=True, anchor="end"
            )
        finally:
            painter.end()

    def _paint_mark(self, painter: QPainter, area: QRectF) -> None:
        if self.mark is None or self.picture is None:
            return
        left, top, width, height = self.mark
        cell = area.width() / self.picture.width()
        draw.frame(
            painter, area.x() + left * cell, area.y() + top * cell, width * cell, height * cell,
            theme.current().fwd, 2.0, 0,
        )  # fmt: skip

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self.pixel(event.position().x(), event.position().y())
        if at is None or self.values is None:
            self.pointed.emit(-1, -1)
            return
        self.pointed.emit(*at)
        value = self.words(float(self.values[at]))
        words = tr("row {row}, column {column}: {value}", row=at[0], column=at[1], value=value)
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(-1, -1)
        super().leaveEvent(event)
