"""A matrix of numbers as large as it is: every number in its cell where there is room, and it scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from app import theme
from app.inside.channels import picture
from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QResizeEvent

    from app.inside.channels import Channel

#: Widths of a cell; from `_READ` on its number stands in it.
_SMALLEST, _READ, _LARGEST = 3, 26, 72
#: Room for the numbers of rows and of columns.
_ROWS, _COLUMNS = 34, 18
_MOVES = {
    Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Up: (-1, 0),
}  # fmt: skip
_ZOOMS = {Qt.Key.Key_Plus: 1.25, Qt.Key.Key_Equal: 1.25, Qt.Key.Key_Minus: 0.8}
#: Numbers that can be saved as a table: those of larger photographs would take long to be read.
_MOST_SAVED = 1_000_000


class Matrix(QAbstractScrollArea):
    """See the module's text. Arrow keys go from number to number, + and − and Ctrl with the wheel change its size.

    Signals
    -------
    pointed(row, column)
        The number that is looked at; (-1, -1) for none.
    """

    pointed = Signal(int, int)
    focus_radius = 4

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(tr("Numbers of a channel"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.channel: Channel | None = None
        #: Numbers are written from 0 to 255 instead of as they are.
        self.bytes = False
        self.cell = 34.0
        self.at = (-1, -1)

    def show_channel(self, channel: Channel | None, as_bytes: bool) -> None:
        """Show another channel, at the same place if it has one there."""
        before = self.channel.shape if self.channel is not None else None
        self.channel, self.bytes = channel, as_bytes
        if channel is not None and channel.shape != before:
            self._fit(channel.shape[1])
        if channel is None or self.at[0] >= channel.shape[0] or self.at[1] >= channel.shape[1]:
            self.at = (-1, -1)
        self._extend()
        self.viewport().update()

    def numbers(self) -> dict[str, np.ndarray]:
        """All numbers of the channel, where they are not too many for a table."""
        channel = self.channel
        if channel is None or channel.shape[0] * channel.shape[1] > _MOST_SAVED:
            return {}
        return {channel.id: channel.read(slice(0, channel.shape[0]), slice(0, channel.shape[1]))}

    def value(self, row: int, column: int) -> float:
        """A number of the channel."""
        assert self.channel is not None
        found = self.channel.read(slice(row, row + 1), slice(column, column + 1))
        return float(found[0, 0])

    def words(self, value: float, decimals: int = 4) -> str:
        """A number as it is written."""
        if self.bytes and self.channel is not None and self.channel.kind != "signed":
            return str(round(value * 255))
        return format_number(value, decimals)

    # -- places

    @property
    def line(self) -> float:
        """Height of a cell: numbers are wider than high, pictures are not."""
        return self.cell if self.cell < _READ else max(18.0, min(self.cell * 0.7, 30.0))

    def _fit(self, columns: int) -> None:
        """Begin with cells in which numbers are readable, wider where all columns have room."""
        room = (self.viewport().width() - _ROWS) // max(1, columns)
        self.cell = float(min(max(room, _READ), 44))
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.setValue(0)

    def _extend(self) -> None:
        rows, columns = self.channel.shape if self.channel is not None else (0, 0)
        room = self.viewport().size()
        for bar, length, shown in (
            (self.horizontalScrollBar(), columns * self.cell + _ROWS, room.width()),
            (self.verticalScrollBar(), rows * self.line + _COLUMNS, room.height()),
        ):
            bar.setRange(0, max(0, round(length - shown)))
            bar.setPageStep(max(1, shown))
            bar.setSingleStep(round(self.cell))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._extend()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def origin(self) -> tuple[float, float]:
        """Where the first cell would stand."""
        return (
            _ROWS - float(self.horizontalScrollBar().value()),
            _COLUMNS - float(self.verticalScrollBar().value()),
        )

    def rect_of(self, row: int, column: int) -> QRectF:
        """Where a cell stands."""
        x, y = self.origin()
        return QRectF(x + column * self.cell, y + row * self.line, self.cell, self.line)

    def place(self, at: QPoint) -> tuple[int, int]:
        """The row and column of a point; (-1, -1) beside the cells."""
        x, y = self.origin()
        if self.channel is None or at.x() < _ROWS or at.y() < _COLUMNS:
            return (-1, -1)
        row, column = int((at.y() - y) // self.line), int((at.x() - x) // self.cell)
        rows, columns = self.channel.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else (-1, -1)

    def zoom(self, factor: float) -> None:
        """Larger or smaller cells; what is looked at, or the middle, stays where it is."""
        size = self.viewport().size()
        at = self.at
        if at[0] < 0 or not self.viewport().rect().contains(self.rect_of(*at).center().toPoint()):
            x, y = self.origin()
            at = (
                round((size.height() / 2 - y) / self.line),
                round((size.width() / 2 - x) / self.cell),
            )
        before = self.rect_of(*at).topLeft()
        self.cell = float(min(max(round(self.cell * factor), _SMALLEST), _LARGEST))
        self._extend()
        after = self.rect_of(*at).topLeft()
        for bar, moved in (
            (self.horizontalScrollBar(), after.x() - before.x()),
            (self.verticalScrollBar(), after.y() - before.y()),
        ):
            bar.setValue(bar.value() + round(moved))
        self.viewport().update()

    def go(self, row: int, column: int) -> None:
        """Look at a number, and bring it into sight."""
        if self.channel is None:
            return
        rows, columns = self.channel.shape
        self.at = (min(max(row, 0), rows - 1), min(max(column, 0), columns - 1))
        box = self.rect_of(*self.at)
        size = self.viewport().size()
        for bar, low, high, first, last in (
            (self.horizontalScrollBar(), box.left(), box.right(), _ROWS, size.width()),
            (self.verticalScrollBar(), box.top(), box.bottom(), _COLUMNS, size.height()),
        ):
            if low < first:
                bar.setValue(bar.value() - round(first - low))
            elif high > last:
                bar.setValue(bar.value() + round(high - last))
        self.pointed.emit(*self.at)
        self.viewport().update()

    # -- mouse and keys

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._point((-1, -1))
        return super().viewportEvent(event)

    def _point(self, at: tuple[int, int]) -> None:
        if at != self.at:
            self.at = at
            self.pointed.emit(*at)
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self.place(event.position().toPoint())
        self._point(at)
        if at[0] >= 0:
            words = tr(
                "row {row}, column {column}: {value}", row=at[0], column=at[1],
                value=self.words(self.value(*at)),
            )  # fmt: skip
            QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and event.angleDelta().y():
            self.zoom(1.25 if event.angleDelta().y() > 0 else 0.8)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MOVES:
            dy, dx = _MOVES[key]
            row, column = self.at if self.at[0] >= 0 else (-dy, -dx)
            self.go(row + dy, column + dx)
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        else:
            super().keyPressEvent(event)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes."""
        return self.rect()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    # -- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            colors, size = theme.current(), self.viewport().size()
            draw.fill(painter, 0, 0, size.width(), size.height(), colors.bg0)
            if self.channel is None:
                return
            self._paint_cells(painter, colors, float(size.width()), float(size.height()))
        finally:
            painter.end()

    def _paint_cells(
        self, painter: QPainter, colors: theme.Theme, wide: float, high: float
    ) -> None:
        channel = self.channel
        assert channel is not None
        x, y = self.origin()
        first, begin = (
            max(0, int((_COLUMNS - y) // self.line)),
            max(0, int((_ROWS - x) // self.cell)),
        )
        last = min(channel.shape[0], int((high - y) // self.line) + 1)
        end = min(channel.shape[1], int((wide - x) // self.cell) + 1)
        if first >= last or begin >= end:
            return
        values = channel.read(slice(first, last), slice(begin, end))
        shown = channel.colors(colors, values)
        painter.save()
        painter.setClipRect(QRectF(_ROWS, _COLUMNS, wide - _ROWS, high - _COLUMNS))
        corner = self.rect_of(first, begin).topLeft()
        images.place(
            painter, corner.x(), corner.y(), (end - begin) * self.cell, (last - first) * self.line,
            picture(shown), False,
        )  # fmt: skip
        if self.cell >= _READ:
            self._write(painter, values, shown, first, begin)
        if self.at[0] >= 0:
            box = self.rect_of(*self.at)
            draw.frame(painter, box.x(), box.y(), box.width(), box.height(), colors.fwd, 2.0)
        painter.restore()
        self._paint_edges(painter, colors, (first, last), (begin, end), (wide, high))

    def _write(
        self, painter: QPainter, values: np.ndarray, shown: np.ndarray, first: int, begin: int
    ) -> None:
        """Numbers in their cells, dark on bright ones."""
        bright = (shown / 255) @ np.array([0.2126, 0.7152, 0.0722]) > 0.42
        inks: tuple[QColor, QColor] = (theme.LIGHT.bg2, theme.DARK.bg0)
        px = 11.0 if self.cell >= 34 else 10.0
        painter.setFont(draw.face(px, mono=True))
        align = Qt.AlignmentFlag.AlignCenter
        for dark in (False, True):
            painter.setPen(inks[dark])
            for row, column in np.argwhere(bright == dark):
                words = self._short(float(values[row, column]))
                painter.drawText(self.rect_of(first + int(row), begin + int(column)), align, words)

    def _short(self, value: float) -> str:
        """A number as it has room in its cell; all of it stands in the tooltip."""
        if self.bytes or self.channel is None or self.channel.kind == "signed":
            return self.words(value, 3 if self.cell >= 44 else 2 if abs(value) < 10 else 1)
        if value in (0.0, 1.0):
            return str(round(value))
        if self.cell >= 34:
            return f"{value:.{3 if self.cell >= 44 else 2}f}"
        return "1.0" if value >= 0.995 else f"{value:.2f}".removeprefix("0")

    def _paint_edges(
        self, painter: QPainter, colors: theme.Theme, rows: tuple[int, int], columns: tuple[int, int],
        size: tuple[float, float],
    ) -> None:  # fmt: skip
        """Numbers of the rows and columns, as many as there is room for."""
        draw.fill(painter, 0, 0, size[0], _COLUMNS, colors.bg0)
        draw.fill(painter, 0, 0, _ROWS, size[1], colors.bg0)
        across = max(1, -(-24 // max(1, int(self.cell))))
        down = max(1, -(-14 // max(1, int(self.line))))
        painter.save()
        painter.setClipRect(QRectF(_ROWS, 0, size[0] - _ROWS, _COLUMNS))
        for column in range(columns[0] + (-columns[0]) % across, columns[1], across):
            x = self.rect_of(0, column).center().x()
            ink = colors.tx if column == self.at[1] else colors.tx3
            draw.text(painter, x, 13, str(column), 10, ink, mono=True, anchor="middle")
        painter.setClipRect(QRectF(0, _COLUMNS, _ROWS, size[1] - _COLUMNS))
        for row in range(rows[0] + (-rows[0]) % down, rows[1], down):
            y = self.rect_of(row, 0).center().y() + 3.5
            ink = colors.tx if row == self.at[0] else colors.tx3
            draw.text(painter, _ROWS - 6, y, str(row), 10, ink, mono=True, anchor="end")
        painter.restore()
