"""Loss and accuracy over the steps: training solid over its raw values, validation dashed, one playhead for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, series
from app.scenes.cache import Cache
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import HistoryView, NetworkView, Probe
    from app.theme import Theme

_pictures = Cache(6)
#: Pixels that share one point of a line with more points than that; the band behind it keeps the extremes.
COLUMN = 2
FOLDED = 80.0  # in less height only the titles and newest values are shown


@dataclass(frozen=True)
class Panel:
    """One chart: which metric, the plot's box, and where its title stands."""

    metric: str
    left: float
    right: float
    top: float
    bottom: float
    title: float


@dataclass(frozen=True)
class CurvesLayout:
    """Result of `layout`. `log` plots the loss on a logarithmic axis; `slim` leaves out the scrubber."""

    size: tuple[float, float]
    panels: tuple[Panel, ...]
    log: bool
    slim: bool
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> CurvesLayout:
    """Divide the picture among the metrics."""
    width, height = size
    metrics = tuple(view.option("metrics", ("loss", "accuracy")))
    slim = bool(view.option("slim", False))
    share = width / max(1, len(metrics))
    panels = []
    for k, metric in enumerate(metrics):
        left = k * share
        end = left + share - (24 if k == len(metrics) - 1 else 16)
        panels.append(Panel(metric, left + 64, end, 36.0, height - (18 if slim else 32), left + 16))
    hits = HitIndex(
        tuple(
            Hit(
                f"chart:{p.metric}",
                "chart",
                "",
                (),
                (p.left, p.top - 6, p.right - p.left, height - p.top),
            )
            for p in panels
        )
    )
    log = bool(view.option("log", False))
    return CurvesLayout(size, tuple(panels), log, slim, hits, ("curves", size, metrics, log, slim))


def span_of(history: HistoryView) -> float:
    """Return the step at the right edge of every chart."""
    last = float(history.steps[-1]) if len(history.steps) else 0.0
    return max(1.0, float(history.total_steps), last)


def step_at(place: CurvesLayout, history: HistoryView, x: float) -> int | None:
    """Return the step under a point of a chart, for scrubbing; None outside."""
    for panel in place.panels:
        if panel.left - 8 <= x <= panel.right + 8:
            part = min(1.0, max(0.0, (x - panel.left) / (panel.right - panel.left)))
            return round(part * span_of(history))
    return None


class _Axis:
    """Values to heights for one panel."""

    def __init__(self, panel: Panel, history: HistoryView, log: bool) -> None:
        self.panel = panel
        train, valid = values_of(history, panel.metric)
        both = np.concatenate([train, valid])
        both = both[np.isfinite(both)]
        self.log = log and panel.metric == "loss" and both.size > 0 and float(both.max()) > 0
        if panel.metric == "accuracy":
            self.low, self.high, self.ticks = 0.0, 1.0, [0.0, 0.5, 1.0]
        elif self.log:
            top = float(both.max())
            bottom = float(both[both > 0].min())
            if not _exploding(both):
                bottom = max(bottom, top * 1e-6)
            self.low, self.high = log10(bottom) - 0.05, log10(top) + 0.05
            if self.high - self.low < 1:
                self.low = self.high - 1
            apart = max(1, round((self.high - self.low) / 5))
            decades = range(floor(self.low) // apart * apart, floor(self.high) + 1, apart)
            marks = [
                m * 10.0**d
                for d in decades
                for m in ((1, 5) if self.high - self.low < 2.2 else (1,))
            ]
            self.ticks = [m for m in marks if self.low <= log10(m) <= self.high][-6:]
        else:
            top = float(np.percentile(both, 99.5)) if both.size else 1.0
            top = top if isfinite(top) and top > 0 else 1.0
            self.ticks = series.ticks(0.0, top * 1.02, 3)
            if self.ticks[-1] < top * 1.02:
                self.ticks.append(
                    self.ticks[-1] + (self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else top)
                )
            self.low, self.high = 0.0, self.ticks[-1]

    def y(self, value: np.ndarray | float) -> np.ndarray:
        """Return heights, clipped to the plot."""
        v = np.asarray(value, float)
        if self.log:
            v = np.log10(np.maximum(v, 10.0 ** (self.low - 1)))
        t = np.clip((v - self.low) / (self.high - self.low), 0, 1)
        return self.panel.bottom - t * (self.panel.bottom - self.panel.top)

    def label(self, value: float) -> str:
        """Return a tick's text."""
        if self.panel.metric == "accuracy":
            return f"{round(value * 100)}%"
        if self.log or (value == 0 and self.high >= 100):
            mantissa, _, exponent = f"{value:g}".partition("e")
            text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
            return text.replace("-", draw.MINUS)
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else self.high
        return draw.plain(value, max(0, min(4, -floor(log10(step) + 1e-9))) if step > 0 else 1)


def _exploding(values: np.ndarray) -> bool:
    """Tell whether a loss left the range of anything learned: then its whole way up is worth seeing."""
    return float(values.max()) > 1e6


def values_of(history: HistoryView, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a metric's training and validation values."""
    if metric == "accuracy":
        return history.accuracy, history.val_accuracy
    return history.loss, history.val_loss


class CurvesScene:
    """See the module's text."""

    name = "curves"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> CurvesLayout:
        """Divide the picture among the metrics."""
        return layout(spec, size, view)

    def probes(self, spec: NetworkView, place: CurvesLayout, frame: Frame) -> tuple[Probe, ...]:
        """The history comes with every snapshot."""
        return ()

    def describe(self, place: CurvesLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Latest values of a chart."""
        shot = frame.snapshot
        metric = hit.id.partition(":")[2]
        title = tr("Accuracy") if metric == "accuracy" else tr("Loss")
        if shot is None or not len(shot.history.steps):
            return (title, tr("no steps yet"))
        train, valid = values_of(shot.history, metric)
        rows = [
            f"{name}\t{_value(values[-1], metric)}"
            for name, values in ((tr("train"), train), (tr("validation"), valid))
            if len(values)
        ]
        return (title, *rows)

    def paint(self, painter: QPainter, place: CurvesLayout, theme: Theme, frame: Frame) -> None:
        """Draw all charts."""
        painter.save()
        draw.prepare(painter, place.size)
        shot = frame.snapshot
        from app.snapshots import HistoryView

        history = shot.history if shot is not None else HistoryView.empty()
        if draw.is_vector(painter):
            draw.fill(painter, 0, 0, *place.size, theme.bg1)
            _charts(painter, place, theme, history)
        else:
            scale = draw.scale_of(painter)

            def make() -> tuple[QImage, HistoryView]:
                image = draw.canvas(*place.size, scale, theme.bg1)
                with draw.painting(image, place.size) as inner:
                    _charts(inner, place, theme, history)
                return image, history

            draw.blit(
                painter,
                0,
                0,
                _pictures.get((place.key, theme.name, scale, _identity(history)), make)[0],
            )
        _playhead(painter, place, theme, frame, history)
        painter.restore()


def _identity(history: HistoryView) -> tuple[int, ...]:
    """Tell pictures apart: an empty history is made anew often, and only its axis is seen."""
    if len(history.steps):
        return (id(history),)
    return (0, history.total_steps, history.epoch_steps)


def _value(value: float, metric: str) -> str:
    return f"{100 * float(value):.1f} %" if metric == "accuracy" else draw.plain(float(value), 4)


def _charts(painter: QPainter, place: CurvesLayout, theme: Theme, history: HistoryView) -> None:
    for k, panel in enumerate(place.panels):
        if k:
            draw.line(painter, panel.title - 15.5, 0, panel.title - 15.5, place.size[1], theme.line)
        _chart(painter, place, panel, theme, history)


def _chart(
    painter: QPainter, place: CurvesLayout, panel: Panel, theme: Theme, history: HistoryView
) -> None:
    axis = _Axis(panel, history, place.log)
    color = theme.tx if panel.metric == "accuracy" else theme.loss
    title = tr("Accuracy") if panel.metric == "accuracy" else tr("Loss")
    folded = place.size[1] < FOLDED
    draw.text(painter, panel.title, 20, title, 12, theme.tx, weight=600)
    span = span_of(history)
    per_epoch = max(1, history.epoch_steps)
    epochs = span / per_epoch
    in_epochs = history.total_steps > 0 and epochs >= 2
    unit = (tr("log scale") + ", " if axis.log else "") + (
        tr("epochs") if in_epochs else tr("steps")
    )
    train, valid = values_of(history, panel.metric)
    _legend(painter, panel, theme, color, unit, train, valid, place.log or folded)
    if folded:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for tick in axis.ticks:
        y = round(float(axis.y(tick))) + 0.5
        draw.line(painter, panel.left, y, panel.right, y, theme.grid)
        draw.text(
            painter,
            panel.left - 8,
            y + 3.5,
            axis.label(tick),
            10,
            theme.tx2,
            mono=True,
            anchor="end",
        )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    domain = epochs if in_epochs else span
    for tick in series.ticks(0, domain, 4 if panel.right - panel.left > 240 else 2):
        if tick and span <= 1.0:
            break  # nothing is known of the length of the run yet
        x = panel.left + tick / domain * (panel.right - panel.left)
        anchor = "start" if tick == 0 else "end" if tick >= domain * 0.98 else "middle"
        draw.text(
            painter,
            x,
            panel.bottom + 16,
            number(round(tick, 6)),
            10,
            theme.tx3,
            mono=True,
            anchor=anchor,
        )
    if len(train):
        _curves(painter, panel, axis, color, history, train, valid, span)


def _legend(
    painter: QPainter,
    panel: Panel,
    theme: Theme,
    color: QColor,
    unit: str,
    train: np.ndarray,
    valid: np.ndarray,
    numbers: bool,
) -> None:
    draw.text(painter, panel.right, 20, unit, 11, theme.tx3, anchor="end")
    limit = panel.right - draw.advance(unit, 11) - 12
    x = (
        panel.title + (44 if panel.metric == "loss" else 76)
        if numbers or panel.right - panel.title < 320
        else panel.title + 108
    )
    for name, values, dashed in ((tr("train"), train, False), (tr("validation"), valid, True)):
        label = f"{name} {_value(values[-1], panel.metric)}" if numbers and len(values) else name
        if x + 24 + draw.advance(label, 11, mono=numbers) > limit:
            return
        pen = QPen(color, 2)
        if dashed:
            pen.setDashPattern([2, 1.5])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(QLineF(x, 16, x + 18, 16))
        x += 24 + draw.text(painter, x + 24, 20, label, 11, theme.tx2, mono=numbers) + 16


def _curves(
    painter: QPainter,
    panel: Panel,
    axis: _Axis,
    color: QColor,
    history: HistoryView,
    train: np.ndarray,
    valid: np.ndarray,
    span: float,
) -> None:
    steps = history.steps[: len(train)]
    _band(painter, panel, axis, color, steps, train, span)
    keep = series.smoothing(len(train))
    if axis.log:  # a mean of logarithms stays in the middle of what is drawn
        even = np.exp(series.smooth(np.log(np.maximum(train, 1e-30)), keep))
    else:
        even = series.smooth(train, keep)
    _line(painter, panel, axis, color, steps, even, span, False)
    if len(valid):
        at = history.val_steps[: len(valid)]
        if len(valid) > (panel.right - panel.left) / COLUMN:
            _band(painter, panel, axis, color, at, valid, span)
        _line(painter, panel, axis, color, at, valid, span, True)


def _band(
    painter: QPainter,
    panel: Panel,
    axis: _Axis,
    color: QColor,
    steps: np.ndarray,
    values: np.ndarray,
    span: float,
) -> None:
    """Draw least and greatest value of each column of pixels, faintly."""
    columns = max(1, int(panel.right - panel.left))
    at, low, high = series.ranges(steps, values, columns, 0.0, span)
    if not len(at):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(draw.faded(color, 0.25), 1))
    x, top, bottom = panel.left + at + 0.5, axis.y(high), axis.y(low)
    # Joining a column to the one before keeps a steep curve in one piece.
    top[1:] = np.minimum(top[1:], bottom[:-1])
    painter.drawLines(
        [QLineF(a, b, a, c + 1) for a, b, c in zip(x.tolist(), top.tolist(), bottom.tolist())]
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _line(
    painter: QPainter,
    panel: Panel,
    axis: _Axis,
    color: QColor,
    steps: np.ndarray,
    values: np.ndarray,
    span: float,
    dashed: bool,
) -> None:
    wide = panel.right - panel.left
    at, kept = series.thin(steps, values, max(1, int(wide / COLUMN)), 0.0, span)
    if not len(at):
        return
    x, y = panel.left + at / span * wide, axis.y(kept)
    if len(at) == 1:
        draw.disc(painter, float(x[0]), float(y[0]), 1.75, color)
        return
    if dashed:
        segments = series.dashes(x, y, 5.0, 3.0)
    else:
        segments = np.column_stack([x[:-1], y[:-1], x[1:], y[1:]])
    # One path of a noisy curve takes Qt twenty times as long: its pieces cross each other in every row.
    cap = Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(color, 1.75, Qt.PenStyle.SolidLine, cap))
    painter.drawLines([QLineF(*segment) for segment in segments.tolist()])


def _playhead(
    painter: QPainter, place: CurvesLayout, theme: Theme, frame: Frame, history: HistoryView
) -> None:
    if place.size[1] < FOLDED:
        return
    shot = frame.snapshot
    span = span_of(history)
    step = float(shot.position.step) if shot is not None else 0.0
    for panel in place.panels:
        wide = panel.right - panel.left
        x = panel.left + min(1.0, step / span) * wide
        diverged = frame.toggles.get("divergence")
        if isinstance(diverged, int) and not isinstance(diverged, bool):
            at = panel.left + min(1.0, diverged / span) * wide
            pen = QPen(theme.err, 1.5)
            pen.setDashPattern([3, 2])
            painter.setPen(pen)
            painter.drawLine(QLineF(at, panel.top, at, panel.bottom))
            draw.text(painter, at + 4, panel.top + 8, tr("diverged"), 10, theme.err)
        draw.line(painter, round(x) + 0.5, panel.top - 6, round(x) + 0.5, panel.bottom, theme.tx)
        if place.slim:
            continue
        y = panel.bottom + 22
        draw.fill(painter, panel.left, y, wide, 4, theme.line, 2)
        draw.fill(painter, panel.left, y, max(0.0, x - panel.left), 4, theme.tx2, 2)
        draw.fill(painter, x - 5, y - 5, 10, 14, theme.pri, 3)


register(CurvesScene())
