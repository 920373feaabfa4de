"""The curve of an activation function, 40 by 28 px."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.text import tr
from app.widgets.guarded import guarded


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# Curve, the span of x it is shown over, and the span of y.
_CURVES: dict[str, tuple[Callable[[float], float], float, tuple[float, float]]] = {
    "linear": (lambda x: x, 2.0, (-2.0, 2.0)),
    "relu": (lambda x: max(0.0, x), 2.0, (-0.4, 2.0)),
    "sigmoid": (_sigmoid, 6.0, (-0.15, 1.15)),
    "tanh": (math.tanh, 3.0, (-1.2, 1.2)),
    "softmax": (lambda x: math.exp(x) / (math.exp(x) + 2.0), 5.0, (-0.15, 1.15)),
    "elu": (lambda x: x if x > 0 else math.exp(x) - 1, 2.5, (-1.2, 2.5)),
    "softplus": (lambda x: math.log1p(math.exp(x)), 3.0, (-0.5, 3.0)),
    "silu": (lambda x: x * _sigmoid(x), 4.0, (-0.6, 4.0)),
    "gelu": (lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))), 3.0, (-0.5, 3.0)),
    "leaky_relu": (lambda x: x if x > 0 else 0.2 * x, 2.0, (-0.6, 2.0)),
    "binary_step": (lambda x: float(x >= 0), 2.0, (-0.15, 1.15)),
    "hard_sigmoid": (lambda x: min(max(x / 6 + 0.5, 0.0), 1.0), 6.0, (-0.15, 1.15)),
    "arctan": (math.atan, 5.0, (-1.7, 1.7)),
    "relu6": (lambda x: min(max(x, 0.0), 6.0), 9.0, (-1.2, 7.2)),
    "selu": (lambda x: 1.0507 * (x if x > 0 else 1.6733 * (math.exp(x) - 1)), 2.5, (-2.0, 2.7)),
    "softsign": (lambda x: x / (1 + abs(x)), 6.0, (-1.1, 1.1)),
    "exponential": (math.exp, 1.5, (-0.4, 4.5)),
    "log_softmax": (lambda x: x - math.log(math.exp(x) + 2.0), 5.0, (-6.0, 0.5)),
}


class Sparkline(QWidget):
    """The shape of a function, with the axis x = 0."""

    def __init__(self, function: str = "linear", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._function = ""
        self.set_function(function)

    def set_function(self, function: str | None) -> None:
        """Show another function by its Keras name; None is linear."""
        self._function = function or "linear"
        self.setAccessibleName(tr("Curve of {function}", function=self._function))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40, 28)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._function not in _CURVES:
            return
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(2, 4, self.width() - 4, self.height() - 8)
        painter.setPen(QPen(colors.line2, 1))
        middle = round(box.center().x()) + 0.5
        painter.drawLine(QPointF(middle, box.top()), QPointF(middle, box.bottom()))
        curve, span, (low, high) = _CURVES[self._function]
        points = []
        for k in range(41):
            x = -span + 2 * span * k / 40
            y = (curve(x) - low) / (high - low)
            points.append(
                QPointF(box.left() + box.width() * k / 40, box.bottom() - box.height() * y)
            )
        pen = QPen(colors.fwd, 1.5)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setClipRect(self.rect())
        painter.drawPolyline(QPolygonF(points))
