"""Connectors between blocks, the plus that inserts, and the slot that shows where a drop goes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from app import icons, theme
from app.build.layout import BLOCK_HEIGHT, BLOCK_WIDTH, Layout


class Wire(QGraphicsItem):
    """A line with an arrowhead; dashed red into a block that cannot work, dashed grey around it."""

    def __init__(self, path: QPainterPath, style: str = "normal") -> None:
        super().__init__()
        self._path = path
        self._style = style
        self.setZValue(-1)

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-8, -8, 8, 8)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        colors = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(colors.line2, 2)
        if self._style == "broken":
            pen = QPen(colors.err, 2)
            pen.setDashPattern([1.5, 1.5])
        elif self._style == "bypass":
            pen = QPen(colors.tx3, 1.5)
            pen.setDashPattern([5 / 1.5, 4 / 1.5])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        if self._style == "broken":
            return
        tip = self._path.currentPosition() - QPointF(1, 0)
        head = QPainterPath(tip + QPointF(-6, -4))
        head.lineTo(tip)
        head.lineTo(tip + QPointF(-6, 4))
        painter.setPen(QPen(colors.tx2, 1.5))
        painter.drawPath(head)


class Plus(QGraphicsObject):
    """A round plus on a connector; it appears when the mouse comes near."""

    RADIUS = 12.0

    def __init__(self, index: int, *, always: bool = False) -> None:
        super().__init__()
        self.index = index
        self._always = always
        self._hovered = False
        self.setAcceptHoverEvents(True)
        self.setZValue(3)

    def set_hovered(self, hovered: bool) -> None:
        """Show it, or hide it again."""
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    @property
    def hovered(self) -> bool:
        """Whether it is shown."""
        return self._hovered

    def boundingRect(self) -> QRectF:
        return QRectF(-15, -15, 30, 30)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not (self._hovered or self._always):
            return
        colors = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._hovered:
            painter.setBrush(colors.bg0)
            painter.drawEllipse(QPointF(0, 0), self.RADIUS + 2, self.RADIUS + 2)
            painter.setBrush(colors.pri)
        else:
            painter.setPen(QPen(colors.line2, 1))
            painter.setBrush(colors.bg2)
        radius = self.RADIUS if self._hovered else 9.0
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        ink = colors.priText if self._hovered else colors.tx3
        icons.paint(painter, "plus", ink, QRectF(-6, -6, 12, 12))


class Slot(QGraphicsItem):
    """The dashed place where what is dragged would go."""

    def boundingRect(self) -> QRectF:
        return QRectF(-1, -1, BLOCK_WIDTH + 2, BLOCK_HEIGHT + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        colors = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(colors.tx2, 1.5)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(0.5, 0.5, BLOCK_WIDTH - 1, BLOCK_HEIGHT - 1), 8, 8)


def wires(layout: Layout, works: list[bool]) -> list[Wire]:
    """Return the connectors between places; `works` tells of each whether its block computes something."""
    last = layout.count - 1
    direct = [
        Wire(layout.wire(place), "normal" if works[place + 1] else "broken")
        for place in range(last)
    ]
    around = [
        Wire(layout.bypass(place), "bypass")
        for place, well in enumerate(works)
        if not well and 0 < place < last
    ]
    return direct + around


def pluses(layout: Layout) -> list[Plus]:
    """Return a plus behind every place; the last one is always seen."""
    found = []
    for place in range(1, layout.count + 1):
        plus = Plus(place, always=place == layout.count)
        plus.setPos(layout.plus(place))
        found.append(plus)
    return found
