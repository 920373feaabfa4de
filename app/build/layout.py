"""Where blocks and wires lie: plain geometry, so that it can be tested without a window."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

BLOCK_WIDTH, BLOCK_HEIGHT = 144.0, 208.0
_PITCH = 162.0
_ROW = 264.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 26.0, 16.0, 32.0, 32.0
_CORNER = 6.0
#: Height above a block's top edge at which a bypass runs.
_BYPASS = 10.0


@dataclass(frozen=True)
class Layout:
    """Places of ``count`` blocks in rows of ``columns``.

    Attributes
    ----------
    count
        Number of places: the layers, and one more while something is dragged over the canvas.
    columns
        Blocks in one row.
    """

    count: int
    columns: int

    @classmethod
    def wrapped(cls, count: int, width: float) -> Layout:
        """Rows that fit into ``width``."""
        # At the right edge a wire that turns back needs less than the margin at the left.
        room = int((width - _LEFT + (_PITCH - BLOCK_WIDTH) - _RIGHT) // _PITCH)
        return cls(count, max(1, room))

    @classmethod
    def single(cls, count: int) -> Layout:
        """One line."""
        return cls(count, max(1, count + 1))

    def corner(self, index: int) -> QPointF:
        """Return the upper left corner of a block."""
        row, column = divmod(index, self.columns)
        return QPointF(_LEFT + column * _PITCH, _TOP + row * _ROW)

    def rect(self, index: int) -> QRectF:
        """Return the rectangle of a block."""
        corner = self.corner(index)
        return QRectF(corner.x(), corner.y(), BLOCK_WIDTH, BLOCK_HEIGHT)

    def size(self) -> QRectF:
        """Return the rectangle that everything needs."""
        # One place more for the plus at the end.
        across = min(self.count + 1, self.columns)
        rows = max(1, -(-max(1, self.count) // self.columns))
        width = _LEFT + across * _PITCH - (_PITCH - BLOCK_WIDTH) + _RIGHT
        return QRectF(0, 0, width, _TOP + _BOTTOM + (rows - 1) * _ROW + BLOCK_HEIGHT)

    def wire(self, index: int) -> QPainterPath:
        """Return the wire from block ``index`` to the next one."""
        start = self.rect(index)
        end = self.rect(index + 1)
        y = start.center().y()
        path = QPointF(start.right(), y)
        line = QPainterPath(path)
        if end.top() == start.top():
            line.lineTo(end.left(), y)
            return line
        # Around the end of the row, along the gap between the rows, down to the next row's first.
        gap = start.bottom() + (_ROW - BLOCK_HEIGHT) / 2
        c = _CORNER
        right, left = start.right() + 8 + c, end.left() - 8 - c
        target = end.center().y()
        line.lineTo(right - c, y)
        line.quadTo(right, y, right, y + c)
        line.lineTo(right, gap - c)
        line.quadTo(right, gap, right - c, gap)
        line.lineTo(left + c, gap)
        line.quadTo(left, gap, left, gap + c)
        line.lineTo(left, target - c)
        line.quadTo(left, target, left + c, target)
        line.lineTo(end.left(), target)
        return line

    def bypass(self, index: int) -> QPainterPath:
        """Return the dashed way around a block that cannot work."""
        rect = self.rect(index)
        y, top, c = rect.center().y(), rect.top() - _BYPASS, _CORNER
        left, right = rect.left() - 9, rect.right() + 9
        line = QPainterPath(QPointF(rect.left() - 18, y))
        line.lineTo(left - c, y)
        line.quadTo(left, y, left, y - c)
        line.lineTo(left, top + c)
        line.quadTo(left, top, left + c, top)
        line.lineTo(right - c, top)
        line.quadTo(right, top, right, top + c)
        line.lineTo(right, y - c)
        line.quadTo(right, y, right + c, y)
        line.lineTo(rect.right() + 18, y)
        return line

    def plus(self, index: int) -> QPointF:
        """Return where the plus that inserts at ``index`` stands: before that block."""
        if index <= 0 or index > self.count:
            rect = self.rect(0)
            return QPointF(rect.left() - 9, rect.center().y())
        before = self.rect(index - 1)
        return QPointF(before.right() + (_PITCH - BLOCK_WIDTH) / 2, before.center().y())

    def place(self, point: QPointF) -> int:
        """Return the index at which something dropped at ``point`` is inserted."""
        row = max(0, int((point.y() - _TOP + (_ROW - BLOCK_HEIGHT) / 2) // _ROW))
        column = int((point.x() - _LEFT + _PITCH / 2) // _PITCH)
        column = max(0, min(self.columns, column))
        return max(0, min(self.count, row * self.columns + column))
