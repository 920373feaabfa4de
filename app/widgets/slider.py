"""A slider: a thin track, a round knob, arrow keys for one step, double click for the default."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from app import theme
from app.widgets.focus import focus_entered, focus_left
from app.widgets.guarded import guarded

_KNOB = 12
_TRACK = 2
# Positions of a logarithmic slider within one decade: 1, 1.25, 1.6, 2, ... as in preferred numbers.
_PER_DECADE = 10


class Slider(QSlider):
    """A value between two bounds.

    Parameters
    ----------
    minimum, maximum : float
        Bounds.
    step : float
        What one arrow key adds; ignored when logarithmic.
    default : float, optional
        Where a double click goes.
    logarithmic : bool
        Equal distances are equal factors, ten positions a decade.

    Signals
    -------
    moved(float)
        The user changed the value (while dragging too).
    settled()
        A drag ended: what follows is a new edit for undo.
    """

    moved = Signal(float)
    settled = Signal()
    focus_radius = 6

    def __init__(
        self,
        minimum: float,
        maximum: float,
        *,
        name: str,
        label: str = "",
        step: float = 1.0,
        default: float | None = None,
        logarithmic: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName(name)
        self.setAccessibleName(label or name)
        self._low, self._high, self._step = minimum, maximum, step
        self._logarithmic = logarithmic
        self._default = default
        self._silent = False
        if logarithmic:
            positions = round(math.log10(maximum / minimum) * _PER_DECADE)
        else:
            positions = round((maximum - minimum) / step)
        self.setRange(0, max(1, positions))
        self.setSingleStep(1)
        self.setPageStep(max(1, positions // 10))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._hovered = False
        self.valueChanged.connect(self._on_position)
        if default is not None:
            self.set_amount(default)

    @property
    def amount(self) -> float:
        """The value in the bounds' unit."""
        return self._amount_at(self.value())

    def set_amount(self, amount: float) -> None:
        """Move the knob without announcing it; values outside the bounds rest at the end."""
        self._silent = True
        self.setValue(self._position_of(amount))
        self._silent = False

    def sizeHint(self) -> QSize:
        return QSize(96, 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 24)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)
        self._follow(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self._follow(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.isSliderDown():
            self.setSliderDown(False)
            self.settled.emit()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._default is not None:
            self.setValue(self._position_of(self._default))
            self.settled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        # A panel full of sliders must scroll; only the focused slider listens to the wheel.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        focus_entered(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        focus_left(self)
        self.settled.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.isEnabled():
            painter.setOpacity(0.45)
        middle = self.height() / 2
        left, right = _KNOB / 2, self.width() - _KNOB / 2
        x = left + (right - left) * self.value() / self.maximum()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.line2)
        track = QRectF(0, middle - _TRACK / 2, self.width(), _TRACK)
        painter.drawRoundedRect(track, 1, 1)
        painter.setBrush(colors.tx2)
        painter.drawRoundedRect(QRectF(0, middle - _TRACK / 2, x, _TRACK), 1, 1)
        grown = 1.0 if self._hovered or self.isSliderDown() else 0.0
        radius = _KNOB / 2 + grown - 1
        painter.setPen(QPen(colors.bg1, 2))
        painter.setBrush(colors.pri)
        painter.drawEllipse(QRectF(x - radius, middle - radius, 2 * radius, 2 * radius))

    def _follow(self, x: float) -> None:
        span = max(1.0, self.width() - _KNOB)
        share = max(0.0, min(1.0, (x - _KNOB / 2) / span))
        self.setValue(round(share * self.maximum()))
        self.update()

    def _on_position(self, position: int) -> None:
        self.update()
        if not self._silent:
            self.moved.emit(self._amount_at(position))

    def _amount_at(self, position: int) -> float:
        if self._logarithmic:
            share = position / self.maximum()
            value = self._low * (self._high / self._low) ** share
            # Two figures: a learner sets 0.003, not 0.00316227766.
            digits = 1 - math.floor(math.log10(abs(value)))
            return min(self._high, max(self._low, round(value, digits)))
        value = self._low + position * self._step
        return min(self._high, round(value, 10))

    def _position_of(self, amount: float) -> int:
        amount = max(self._low, min(self._high, amount))
        if self._logarithmic:
            share = math.log(amount / self._low) / math.log(self._high / self._low)
            return round(share * self.maximum())
        return round((amount - self._low) / self._step)
