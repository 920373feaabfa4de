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
        #: Why there is no picture; a sentence.
        self.sentence = ""
        #: Names of features, and what gets the whole length of a bar: numbers without rows and columns are bars.
        self.features: tuple[str, ...] = ()
        self.top = 1.0
        self.signed = True
        #: Says what the numbers are.
        self.words: Callable[[float], str] = lambda value: format_number(value, 4)

    def resizeEvent(self, event: object) -> None:
        self.setFixedHeight(self.width() + _NAME)

    def show_picture(self, picture: QImage | None, values: np.ndarray | None, note: str) -> None:
        """Show another picture; `values` are its numbers, (height, width)."""
        self.picture, self.values, self.note = picture, values, note
        self.sentence, self.features = "", ()
        self.update()

    def show_bars(
        self, features: tuple[str, ...], values: np.ndarray, top: float, note: str, *, signed: bool = True
    ) -> None:  # fmt: skip
        """Show numbers of features, (features,), as bars; `top` has the whole length.

        What is `signed` speaks for and against; sizes have the colour of magnitudes.
        """
        self.picture, self.values, self.note = None, values, note
        self.sentence, self.features, self.top = "", features, top
        self.signed = signed
        self.update()

    def show_sentence(self, sentence: str) -> None:
        """Say why there is no picture."""
        self.picture = self.values = None
        self.sentence, self.features, self.note = sentence, (), ""
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
        if self.features and self.values is not None:
            row = int((y - 4) // self._bar())
            return (row, 0) if 0 <= row < len(self.values) and 0 <= x < self.width() else None
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
            self._paint_bars(painter)
            self._paint_sentence(painter, side)
            ring = colors.tx if self.chosen or self.isChecked() else colors.line2
            draw.frame(painter, 0.5, 0.5, side - 1, side - 1, ring, 2.0 if self.chosen else 1.0, 0)
            if self.progress is not None and self.progress < 1:
                draw.fill(painter, 1, side - 3, (side - 2) * self.progress, 2, colors.tx)
            name = draw.elide(self.title, 12, side - 2, 500)
            wide = draw.text(painter, 1, side + 14, name, 12, colors.tx, weight=500)
            # Rather no note than half a name.
            room = side - wide - 10
            if room >= draw.advance(self.note, 11, mono=True):
                draw.text(
                    painter, side - 1, side + 14, self.note, 11, colors.tx3, mono=True, anchor="end"
                )
        finally:
            painter.end()

    def _bar(self) -> float:
        """Height of a bar with its room."""
        return min(22.0, (self.width() - 8) / max(1, len(self.features)))

    def _paint_bars(self, painter: QPainter) -> None:
        if self.values is None or not self.features:
            return
        colors, high, side = theme.current(), self._bar(), float(self.width())
        signed = bool((self.values < 0).any())
        named = min(0.4 * side, 76.0) if high >= 11 else 0.0
        left, room = 6 + named, side - 12 - named
        zero = left + (room / 2 if signed else 0)
        full = room / 2 if signed else room
        for k, (name, value) in enumerate(zip(self.features, self.values.tolist(), strict=False)):
            y = 4 + k * high
            if named:
                shown = draw.elide(name, 11, named - 6)
                draw.text(painter, 6, y + high / 2 + 4, shown, 11, colors.tx2)
            share = (
                max(-1.0, min(1.0, value / self.top))
                if self.top > 0 and np.isfinite(value)
                else 0.0
            )
            ink = colors.bwd if not self.signed else colors.pos if share >= 0 else colors.neg
            thick = max(1.0, high - 4)
            draw.fill(painter, zero + min(0.0, share) * full, y + 2, abs(share) * full, thick, ink)
        if signed:
            draw.line(painter, zero, 4, zero, 4 + high * len(self.features), colors.line2)

    def _paint_sentence(self, painter: QPainter, side: float) -> None:
        if not self.sentence:
            return
        painter.setFont(draw.face(11))
        painter.setPen(theme.current().tx2)
        metrics = painter.fontMetrics()
        box = QRectF(10, 8, side - 20, side - 16)
        words, flags = self.sentence, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
        # As much as there is room for; the tooltip has all of it.
        while (
            words
            and metrics.boundingRect(box.toRect(), int(flags), words + "…").height() > box.height()
        ):
            words = words.rpartition(" ")[0]
        painter.drawText(box, int(flags), words if words == self.sentence else words + "…")

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
        if self.sentence:
            QToolTip.showText(event.globalPosition().toPoint(), self.sentence, self)
        if at is None or self.values is None:
            self.pointed.emit(-1, -1)
            return
        self.pointed.emit(*at)
        if self.features:
            words = f"{self.features[at[0]]}: {self.words(float(self.values[at[0]]))}"
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
            return
        value = self.words(float(self.values[at]))
        words = tr("row {row}, column {column}: {value}", row=at[0], column=at[1], value=value)
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(-1, -1)
        super().leaveEvent(event)
