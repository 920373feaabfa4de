"""The picture of a study: loss over rate, or one line for each run over its epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.scenes import draw
from app.text import number, tr
from app.widgets.guarded import guarded

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 26, 28


@dataclass(frozen=True)
class Curve:
    """Points joined by a line.

    Attributes
    ----------
    x, y
        Of equal length; a number that is not finite leaves a gap.
    tone
        Token of its colour.
    width
        0 draws dots instead of a line.
    opacity
        From 0 to 1.
    """

    x: Sequence[float]
    y: Sequence[float | None]
    tone: str = "tx2"
    width: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True)
class Plot:
    """What the chart shows.

    Attributes
    ----------
    title, x_title
        Over it, and at the end of its horizontal axis.
    curves
        Drawn in their order.
    log_x
        The horizontal axis counts orders of magnitude.
    mark
        A place on the horizontal axis, with words.
    span
        What the vertical axis shows; by default everything.
    words
        What will be drawn, for as long as there is nothing to draw.
    """

    title: str = ""
    x_title: str = ""
    curves: tuple[Curve, ...] = ()
    log_x: bool = False
    mark: tuple[float, str] | None = None
    span: tuple[float, float] | None = None
    words: str = ""


class Chart(QWidget):
    """Paints a `Plot`; it holds some hundred points, so nothing is cached."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("study-chart")
        self.setAccessibleName(tr("Chart of the study"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(140)
        self.plot = Plot()

    def show_plot(self, plot: Plot) -> None:
        """Show this instead."""
        self.plot = plot
        self.setAccessibleDescription(plot.title or plot.words)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = theme.current()
        plot = self.plot
        box = QRectF(self.rect()).adjusted(_LEFT, _TOP, -_RIGHT, -_BOTTOM)
        painter.fillRect(self.rect(), colors.bg0)
        xs = [
            x for curve in plot.curves for x, y in zip(curve.x, curve.y, strict=False) if _real(y)
        ]
        ys = [y for curve in plot.curves for y in curve.y if y is not None and _real(y)]
        if not xs and plot.words:
            painter.setPen(colors.color("tx3"))
            painter.setFont(theme.font("body"))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, wrap, plot.words)
        if not xs or box.width() < 20 or box.height() < 20:
            return
        draw.text(painter, box.left(), 17, plot.title, 12, colors.tx2)
        low, high = plot.span or _range(ys, plot.log_x)
        place = _Place(box, min(xs), max(xs), low, high, plot.log_x)
        self._axes(painter, place, colors)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(box.adjusted(-4, -4, 4, 4))
        for curve in plot.curves:
            self._curve(painter, place, curve, colors)
        painter.setClipping(False)
        if plot.mark is not None:
            x = place.x(plot.mark[0])
            draw.line(painter, x, box.top(), x, box.bottom(), colors.tx, 1.0)
            right = x > box.center().x()
            draw.text(painter, x + (-6 if right else 6), box.top() + 12, plot.mark[1], 12, colors.tx,
                      anchor="end" if right else "start")  # fmt: skip

    def _axes(self, painter: QPainter, place: _Place, colors: theme.Theme) -> None:
        box = place.box
        for value in _ticks(place.low, place.high):
            y = place.y(value)
            draw.line(painter, box.left(), y, box.right(), y, colors.grid)
            draw.text(
                painter,
                box.left() - 8,
                y + 4,
                number(value),
                10,
                colors.tx3,
                mono=True,
                anchor="end",
            )
        if place.log:
            first, last = math.ceil(math.log10(place.first)), math.floor(math.log10(place.last))
            apart = max(1, round((last - first) * 64 / max(box.width(), 1)))
            marks = [
                (10.0**k, f"1e{k}".replace("-", "\N{MINUS SIGN}"))
                for k in range(first, last + 1, apart)
            ]
        else:
            whole = sorted({round(value) for value in _ticks(place.first, place.last)})
            marks = [(float(k), number(k)) for k in whole if place.first <= k <= place.last]
        for value, words in marks:
            x = place.x(value)
            draw.line(painter, x, box.top(), x, box.bottom(), colors.grid)
            draw.text(
                painter, x, box.bottom() + 15, words, 10, colors.tx3, mono=True, anchor="middle"
            )
        draw.text(
            painter, box.right(), box.top() - 9, self.plot.x_title, 11, colors.tx3, anchor="end"
        )

    @staticmethod
    def _curve(painter: QPainter, place: _Place, curve: Curve, colors: theme.Theme) -> None:
        ink: QColor = draw.faded(colors.color(curve.tone), curve.opacity)
        line = QPolygonF()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(ink, curve.width or 1.0)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        for x, y in [*zip(curve.x, curve.y, strict=False), (0.0, None)]:
            if y is None or not _real(y):
                painter.setPen(pen)
                if line.size() == 1:
                    draw.disc(painter, line.at(0).x(), line.at(0).y(), 2.0, ink)
                elif line.size() > 1:
                    painter.drawPolyline(line)
                line = QPolygonF()
                continue
            point = QPointF(place.x(x), place.y(y))
            if curve.width:
                line.append(point)
            else:
                draw.disc(painter, point.x(), point.y(), 1.6, ink)


@dataclass(frozen=True)
class _Place:
    """Where numbers lie in a box."""

    box: QRectF
    first: float
    last: float
    low: float
    high: float
    log: bool

    def x(self, value: float) -> float:
        a, b, v = self.first, self.last, value
        if self.log:
            a, b, v = math.log(a), math.log(b), math.log(max(v, 1e-300))
        share = 0.5 if a == b else (v - a) / (b - a)
        return self.box.left() + share * self.box.width()

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.box.bottom() - min(max(share, -0.5), 1.5) * self.box.height()


def _real(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _range(values: list[float], breaks: bool) -> tuple[float, float]:
    """Return what the vertical axis spans; of a loss that breaks without the last few, which would hide the rest."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    if breaks:
        high = ordered[min(len(ordered) - 1, int(0.97 * len(ordered)))]
    if high <= low:
        high = ordered[-1]
    pad = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers between two."""
    if not high > low:
        return [low]
    raw = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= raw)
    first = math.ceil(low / step)
    return [round(k * step, 12) for k in range(first, math.floor(high / step) + 1)]
