"""The range of steps a film shows, chosen over the loss curve."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleValueChangeEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.text import number, tr
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

_PLOT = 80
_GRIP = 8


class RangeBar(QWidget):
    """Two handles over the loss curve. Drag them, or focus the bar and use the arrow keys.

    Left and Right move the end, with Shift the beginning; Page Up and Down move a tenth.

    Signals
    -------
    changed(first, last)
        The learner moved a handle.
    """

    changed = Signal(int, int)
    focus_radius = 4

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("export-range")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(112)
        self.setMouseTracking(True)
        self._limit = 1
        self._first, self._last = 0, 1
        self._curve: tuple[np.ndarray, np.ndarray] | None = None
        self._mark: tuple[int, str] | None = None
        self._dragged = ""
        self._name_it()

    def sizeHint(self) -> QSize:
        return QSize(560, 112)

    @property
    def range(self) -> tuple[int, int]:
        """First and last step."""
        return self._first, self._last

    @property
    def limit(self) -> int:
        """The last step there is."""
        return self._limit

    def set_limit(self, last: int) -> None:
        """Let the range reach to that step."""
        self._limit = max(1, last)
        self.set_range(min(self._first, self._limit), min(self._last, self._limit))

    def set_range(self, first: int, last: int) -> None:
        """Show a range without announcing it."""
        self._first = max(0, min(first, self._limit))
        self._last = max(self._first, min(last, self._limit))
        self._name_it()
        self.update()

    def set_curve(self, steps: np.ndarray, loss: np.ndarray) -> None:
        """Show the loss behind the handles."""
        self._curve = (np.asarray(steps, float), np.asarray(loss, float)) if len(steps) else None
        self.update()

    def set_mark(self, step: int | None, text: str = "") -> None:
        """Show where the export is."""
        self._mark = None if step is None else (step, text)
        self.update()

    # Input

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        left, right = self._x(self._first), self._x(self._last)
        # On top of each other, the side of the click decides.
        self._dragged = "first" if abs(x - left) < abs(x - right) or x < left else "last"
        self._drag_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._dragged:
            self._drag_to(x)
            return
        near = min(abs(x - self._x(self._first)), abs(x - self._x(self._last))) <= _GRIP
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        large = max(1, self._limit // 10)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_PageDown: -large,
            Qt.Key.Key_PageUp: large,
        }
        move = steps.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._choose(min(self._last, self._first + move), self._last)
        else:
            self._choose(self._first, max(self._first, self._last + move))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)

    def _drag_to(self, x: float) -> None:
        step = round((x / max(1, self.width())) * self._limit)
        if self._dragged == "first":
            self._choose(min(max(0, step), self._last), self._last)
        else:
            self._choose(self._first, max(step, self._first))

    def _choose(self, first: int, last: int) -> None:
        before = self.range
        self.set_range(first, last)
        if self.range != before:
            self.changed.emit(*self.range)
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self, self._last))

    def _name_it(self) -> None:
        self.setAccessibleName(
            tr("Range, steps {a} to {b}", a=number(self._first), b=number(self._last))
        )

    # Painting

    def _x(self, step: int) -> float:
        return step / self._limit * (self.width() - 1)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.75)
        box = QRectF(0.5, 0.5, self.width() - 1, _PLOT)
        painter.setPen(colors.line)
        painter.setBrush(colors.bg0)
        painter.drawRect(box)
        self._paint_curve(painter)
        left, right = self._x(self._first), self._x(self._last)
        shade = QColor(colors.bg1)
        shade.setAlphaF(0.78)
        painter.fillRect(QRectF(1, 1, max(0.0, left - 1), _PLOT - 1), shade)
        painter.fillRect(QRectF(right, 1, max(0.0, self.width() - 1 - right), _PLOT - 1), shade)
        painter.setPen(QPen(colors.tx, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left, 1, max(1.0, right - left), _PLOT - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.tx)
        for x in (left, right):
            x = min(max(x, _GRIP / 2), self.width() - _GRIP / 2)
            painter.drawRoundedRect(QRectF(x - _GRIP / 2, 26, _GRIP, 28), 2, 2)
        self._paint_labels(painter, left, right)

    def _paint_curve(self, painter: QPainter) -> None:
        if self._curve is None:
            return
        colors = theme.current()
        steps, loss = self._curve
        keep = np.isfinite(loss) & (loss > 0)
        steps, loss = steps[keep], np.log10(loss[keep])
        if len(steps) < 2:
            return
        low, high = float(loss.min()), float(loss.max())
        span = max(high - low, 1e-6)
        # One point a pixel: a curve of a thousand points costs QPainter 25 ms.
        columns = np.linspace(0, len(steps) - 1, min(len(steps), self.width())).astype(int)
        line = QPolygonF()
        for column in columns:
            line.append(QPointF(self._x(int(steps[column])), 72 - (loss[column] - low) / span * 64))
        painter.setPen(QPen(colors.loss, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(line)

    def _paint_labels(self, painter: QPainter, left: float, right: float) -> None:
        colors = theme.current()
        painter.setFont(theme.font("tick"))
        metrics = painter.fontMetrics()

        def label(x: float, text: str, color: QColor, taken: list[tuple[float, float]]) -> None:
            width = metrics.horizontalAdvance(text)
            start = min(max(0.0, x - width / 2), self.width() - width)
            if any(start < b + 6 and start + width > a - 6 for a, b in taken):
                return
            taken.append((start, start + width))
            painter.setPen(color)
            painter.drawText(QPointF(start, 98), text)

        taken: list[tuple[float, float]] = []
        if self._mark is not None:
            step, text = self._mark
            x = self._x(step)
            painter.setPen(QPen(colors.tx, 1, Qt.PenStyle.CustomDashLine))
            pen = painter.pen()
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(x, 2), QPointF(x, _PLOT))
            label(x, text, colors.tx, taken)
        label(left, number(self._first), colors.tx, taken)
        label(right, number(self._last), colors.tx, taken)
        label(0, tr("step 0"), colors.tx2, taken)
        label(self.width(), number(self._limit), colors.tx2, taken)
