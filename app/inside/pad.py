"""The input as the network is given it, and painting on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QToolTip

from app.scenes import draw, images
from app.scenes.formula_expressions import format_number
from app.text import tr
from app.widgets.painted import Painted

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent

    from app.inside.session import InsideSession
    from app.theme import Theme

_MOVES = {
    Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Up: (-1, 0),
}  # fmt: skip
_DRAWS = (Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
#: What the network is given, beside what is drawn, as a share of the picture.
_INSET = 0.27


def seen(x: np.ndarray) -> np.ndarray:
    """Channels that can be looked at: one or three as they are, of others the mean."""
    return x if x.shape[-1] in (1, 3) else x.mean(-1, keepdims=True)


class Pad(Painted):
    """A picture; the mouse draws on it, its right button erases; arrows, Space and Delete do the same."""

    smooth = False

    def __init__(self, session: InsideSession) -> None:
        super().__init__("inside-input-picture", tr("The input"))
        self._session = session
        self._drawing = False
        self._at = (0, 0)
        self._mouse: QPointF | None = None
        #: Whether a picture is held over the workspace.
        self.expecting = False
        session.painting.changed.connect(self.update)

    # -- what is shown

    def values(self) -> np.ndarray | None:
        """What is shown and drawn on: what is drawn, or the input; None without a picture."""
        painting, given = self._session.painting, self._session.input
        if painting.is_shown and painting.canvas is not None and painting.canvas.strokes:
            return painting.canvas.pixels()
        return given.x if given is not None and given.x.ndim == 3 else None

    def area(self) -> QRectF:
        """Where the picture stands."""
        shape = self._session.input_shape
        if len(shape) != 3:
            return QRectF(self.rect())
        side = min((self.height() - 2) / shape[0], (self.width() - 2) / shape[1])
        w, h = shape[1] * side, shape[0] * side
        return QRectF((self.width() - w) / 2, (self.height() - h) / 2, w, h)

    def inset(self) -> QRectF:
        """Where stands what the network is given of a centred drawing; it makes way for the mouse."""
        area = self.area()
        w, h = area.width() * _INSET, area.height() * _INSET
        box = QRectF(area.right() - w - 4, area.bottom() - h - 4, w, h)
        if self._mouse is not None and box.adjusted(-12, -12, 12, 12).contains(self._mouse):
            box.moveLeft(area.left() + 4)
        return box

    # -- drawing

    def _place(self, at: QPointF) -> list[float]:
        area, shape = self.area(), self._session.input_shape
        row = (at.y() - area.y()) / area.height() * shape[0]
        column = (at.x() - area.x()) / area.width() * shape[1]
        # Beside the picture strokes go on, but not for ever.
        row, column = (
            min(max(row, -shape[0]), 2 * shape[0]),
            min(max(column, -shape[1]), 2 * shape[1]),
        )
        return [round(row, 2), round(column, 2)]

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._session.is_image or self._drawing:
            return
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            return
        if not self.area().contains(event.position()):
            return
        erase = event.button() == Qt.MouseButton.RightButton
        self._drawing = True
        self._session.painting.begin(erase or self._session.painting.erasing)
        self._go_on(event.position())

    def _go_on(self, at: QPointF) -> None:
        self._drawing = self._session.painting.go_on(*self._place(at))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = event.position()
        if self._drawing:
            self._go_on(event.position())
        else:
            self._tell(event)

    def _tell(self, event: QMouseEvent) -> None:
        values, area = self.values(), self.area()
        self.update()
        if values is None or not area.contains(event.position()):
            return
        row, column = (int(v) for v in self._place(event.position()))
        if row < values.shape[0] and column < values.shape[1]:
            numbers = ", ".join(format_number(float(v), 3) for v in values[row, column])
            words = tr("row {row}, column {column}: {value}", row=row, column=column, value=numbers)
            QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drawing:
            self._drawing = False
            self._session.painting.end()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self.update()
        super().leaveEvent(event)

    # -- keys

    def event(self, event: QEvent) -> bool:
        # Space plays and Ctrl+Z takes an edit back, except here.
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and _is_own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shape = Qt.Key(event.key()), self._session.input_shape
        if len(shape) != 3:
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self._session.context.do("inside.undo_stroke")
        elif key in _MOVES:
            dy, dx = _MOVES[key]
            self._at = (
                min(max(self._at[0] + dy, 0), shape[0] - 1),
                min(max(self._at[1] + dx, 0), shape[1] - 1),
            )
            self.update()
        elif key in _DRAWS:
            painting = self._session.painting
            self._session.context.do(
                "inside.stroke", points=[[self._at[0] + 0.5, self._at[1] + 0.5]], size=painting.size,
                ink=painting.ink, erase=painting.erasing or key != Qt.Key.Key_Space,
            )  # fmt: skip
        else:
            super().keyPressEvent(event)

    def focus_rect(self) -> QRect:
        """Where the focus ring goes."""
        return self.area().toAlignedRect()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        shape = self._session.input_shape
        if len(shape) == 3 and self._at == (0, 0):
            self._at = (shape[0] // 2, shape[1] // 2)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- painting

    def paint(self, painter: QPainter, colors: Theme, area: QRect) -> None:
        place, values = self.area(), self.values()
        edge = place.adjusted(-0.5, -0.5, 0.5, 0.5)
        painter.setPen(QPen(colors.tx if self.expecting else colors.line2, 1))
        painter.setBrush(colors.bg0)
        painter.drawRect(edge)
        if values is None:
            return
        given = self._session.input
        ramp = given.ramp if given is not None else images.INK
        picture = images.photo(colors, seen(values), ramp)
        images.place(painter, place.x(), place.y(), place.width(), place.height(), picture, False)
        if self._session.painting.is_centred and given is not None:
            box = self.inset()
            small = images.photo(colors, seen(given.x), ramp)
            images.place(painter, box.x(), box.y(), box.width(), box.height(), small, False)
            draw.frame(painter, box.x(), box.y(), box.width(), box.height(), colors.tx2)
        self._paint_brush(painter, colors, place)
        if self.hasFocus():
            side = place.width() / values.shape[1]
            x, y = place.x() + self._at[1] * side, place.y() + self._at[0] * side
            draw.frame(painter, x, y, side, side, colors.fwd, 1.5)
        if self.expecting:
            painter.setPen(QPen(colors.tx, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(edge.adjusted(1, 1, -1, -1))

    def _paint_brush(self, painter: QPainter, colors: Theme, area: QRectF) -> None:
        """Where the brush is, and how wide."""
        at = self._mouse
        if at is None or not area.contains(at):
            return
        radius = self._session.painting.size / 2 * area.width() / self._session.input_shape[1]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colors.fwd, 1.5))
        painter.drawEllipse(at, radius, radius)


def _is_own(event: QKeyEvent) -> bool:
    """Whether a key means something to the picture."""
    undo = event.matches(QKeySequence.StandardKey.Undo)
    return undo or Qt.Key(event.key()) in (*_MOVES, *_DRAWS)
