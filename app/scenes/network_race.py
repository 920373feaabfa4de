"""Curves of a race on a network: what each racer's batches told, in means over some steps, and tests after epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPen, QPolygonF

from app.scenes import draw, series
from app.scenes.charts import value_text
from app.scenes.race_chart import decades, evenly, tick_text, x_of
from app.scenes.race_looks import Look, paint_marker
from app.scenes.race_numbers import loss_text
from app.text import number, tr
from core.metrics.titles import title

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.theme import Theme
    from core.landscape.network_race import Lane, NetworkRace

#: A racer that climbs is followed to so many times what was lost at the start.
_CLIMB, _CLIMB_LOG = 2.5, 1e3
#: A loss so many times as large as it was at first went the wrong way.
_CLIMBED = 2.0
#: Of curves as long as the race so many means are apart; no mean is over more than an epoch.
_MEANS = 40
#: Pixels that share a point; the length of dashes and gaps.
_COLUMN, _DASH, _GAP = 3, 5.0, 3.5
#: Tests closer together than so many pixels have no dots.
_DOTS = 24.0
#: Logarithmic axes longer than this, in decades, have whole decades; shorter ones than that even numbers.
_DECADES, _EVEN = 3.0, 0.7
#: Between two numbers of the axis, in pixels at least.
_APART = 16.0


class _Shown(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def look(self) -> Look: ...


@dataclass(frozen=True, eq=False)
class Line:
    """One racer's curve.

    Attributes
    ----------
    id, title, look
        Who.
    raw
        (steps,): of each batch.
    mean
        (steps,): over the last steps of it, as many as `NetworkChart.window`.
    tested
        (tests, 2): after how many steps the held-out samples were measured, and what came out.
    diverged
        In which step it broke; None if it did not.
    epoch
        (steps,): the mean over as many steps as an epoch has.
    """

    id: str
    title: str
    look: Look
    raw: np.ndarray
    mean: np.ndarray
    tested: np.ndarray
    diverged: int | None
    epoch: np.ndarray

    def over_epoch(self, time: float) -> float:
        """The mean over the last epoch's batches at a time, over all there are in the first; NaN before a step."""
        place = min(int(time), len(self.epoch)) - 1
        return float(self.epoch[place]) if place >= 0 else float("nan")

    def climbed(self, time: float) -> bool:
        """Whether it has far more at a time than its first batch had: it diverged, though its numbers are finite."""
        return len(self.raw) > 0 and self.over_epoch(time) > _CLIMBED * float(self.raw[0])

    def at(self, time: float) -> float:
        """The mean at a time; NaN before the first step."""
        place = min(int(time), len(self.mean)) - 1
        return float(self.mean[place]) if place >= 0 else float("nan")

    def tested_at(self, time: float) -> float:
        """What the last test before a time found; NaN if there was none.

        What was found before the first step is of that moment alone: beside losses of later steps it would mislead.
        """
        place = int(np.searchsorted(self.tested[:, 0], time, side="right")) - 1
        if place < 0 or self.tested[place, 0] == 0 < int(time):
            return float("nan")
        return float(self.tested[place, 1])

    def gone(self, time: float) -> bool:
        """Whether it has broken by a time."""
        return self.diverged is not None and time >= self.diverged


@dataclass(frozen=True, eq=False)
class NetworkChart:
    """A chart that can be painted; made by `make`. Ends of the axis are numbers or their decimal logarithms."""

    metric: str
    title: str
    lines: tuple[Line, ...]
    steps: int
    window: int
    log: bool
    low: float
    high: float
    ticks: tuple[float, ...]
    share: bool

    def heights(self, values: np.ndarray, box: QRectF) -> np.ndarray:
        """Return heights in pixels; what is too large lies above the box."""
        v = np.asarray(values, float)
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.log:
                v = np.log10(np.maximum(v, 10.0 ** (self.low - 1)))
            share = np.clip((v - self.low) / (self.high - self.low), -0.02, 1.2)
        return np.asarray(box.bottom() - share * box.height())

    def words(self, value: float) -> str:
        """A number as it is written."""
        if not isfinite(value):
            return "–"
        return value_text(value, True) if self.share else loss_text(value)


def metrics_of(race: NetworkRace) -> tuple[str, ...]:
    """What was measured in each step, the loss first."""
    return tuple(race.lanes[0].curves) if race.lanes else ()


def window_of(race: NetworkRace) -> int:
    """Over how many steps means are taken."""
    return max(1, min(race.batches, race.steps // _MEANS))


def trailing(values: np.ndarray, window: int) -> np.ndarray:
    """Return means (n,) over the last `window` values up to each; over fewer at the start."""
    v = np.asarray(values, np.float64)
    if window <= 1 or len(v) < 2:
        return v
    good = np.isfinite(v)
    # A number that broke breaks the means that it is in, and no others.
    sums = np.cumsum(np.where(good, v, 0.0))
    bad = np.cumsum(~good)
    count = np.minimum(np.arange(1, len(v) + 1), window)
    sums[window:], bad[window:] = sums[window:] - sums[:-window], bad[window:] - bad[:-window]
    return np.where(bad > 0, np.nan, sums / count)


def make(
    race: NetworkRace, runners: Sequence[_Shown], metric: str = "loss", *, log: bool = False
) -> NetworkChart:
    """Return a chart of a race."""
    window = window_of(race)
    by_id = {one.id: one for one in runners}
    lines = tuple(
        _line(lane, by_id[lane.id], metric, window, race.batches)
        for lane in race.lanes
        if lane.id in by_id
    )
    share = "accuracy" in metric.lower()
    name = tr(title(metric))
    known = [
        one[np.isfinite(one)] for line in lines for one in (line.mean, line.tested[:, 1]) if len(one)
    ]  # fmt: skip
    every = np.concatenate(known) if known else np.zeros(0)
    if not every.size:
        return NetworkChart(
            metric, name, lines, race.steps, window, False, 0.0, 1.0, (0.0, 0.5, 1.0), share
        )
    top, bottom = float(every.max()), float(every.min())
    if metric == "loss":
        # Where all begin; who climbs far above it must not press the others flat.
        begun = max(
            (float(line.mean[0]) for line in lines if len(line.mean) and isfinite(line.mean[0])), default=top
        )  # fmt: skip
        top = min(top, max(begun, 1e-12) * (_CLIMB_LOG if log else _CLIMB))
    log = log and bottom > 0
    if log:
        low, high, ticks = fitting(bottom, top)
    elif share:
        low, high, ticks = evenly(max(0.0, bottom - 0.02), 1.0)
    else:
        low, high, ticks = evenly(min(bottom, 0.0), top)
    return NetworkChart(metric, name, lines, race.steps, window, log, low, high, ticks, share)


def fitting(bottom: float, top: float) -> tuple[float, float, tuple[float, ...]]:
    """Return the ends of a logarithmic axis that is no longer than its numbers need, and numbers to write at it."""
    span = log10(top / bottom)
    if span >= _DECADES:
        return decades(bottom, top)
    room = max(0.05 * span, 0.005)
    low, high = log10(bottom) - room, log10(top) + room
    ends = 10.0**low, 10.0**high
    if span < _EVEN:
        known = series.ticks(*ends, 4)
    else:
        known = [digit * 10.0**k for k in range(floor(low), ceil(high) + 1) for digit in (1, 2, 5)]
    return low, high, tuple(float(one) for one in known if ends[0] <= one <= ends[1])


def _line(lane: Lane, shown: _Shown, metric: str, window: int, batches: int) -> Line:
    raw = np.asarray(lane.curves.get(metric, np.zeros(0)), np.float64)
    tests = [
        (one.step, one.metrics[f"val_{metric}"]) for one in lane.epochs if f"val_{metric}" in one.metrics
    ]  # fmt: skip
    tested = np.array(tests, np.float64).reshape(-1, 2)
    return Line(
        lane.id, shown.title, shown.look, raw, trailing(raw, window), tested, lane.diverged,
        trailing(raw, max(1, batches)),
    )  # fmt: skip


def subtitle(chart: NetworkChart) -> str:
    """What the lines are."""
    of = (
        tr("of each batch")
        if chart.window == 1
        else tr("mean of {count} batches", count=number(chart.window))
    )
    tested = any(len(line.tested) > 1 for line in chart.lines)
    return tr("{of}; dashed: held-out samples, measured after epochs", of=of) if tested else of


def order(chart: NetworkChart, time: float, *, epoch: bool = False) -> list[str]:
    """Ids by what they have at a time, or over the last `epoch`: the best first, those who broke last."""

    def key(line: Line) -> tuple[bool, float]:
        value = line.over_epoch(time) if epoch else line.at(time)
        if line.gone(time) or not isfinite(value):
            return True, -float(line.diverged or 0)
        return False, -value if chart.share else value

    return [line.id for line in sorted(chart.lines, key=key)]


def paint_line(
    painter: QPainter, box: QRectF, theme: Theme, chart: NetworkChart, line: Line, chosen: bool,
    until: float | None = None,
) -> None:  # fmt: skip
    """Paint one racer's curve, and its tests; up to a step if one is told."""
    painter.save()
    painter.setClipRect(box.adjusted(-4, -3, 4, 3), Qt.ClipOperation.IntersectClip)
    painter.save()
    if until is not None:
        done = x_of(until, box, chart.steps) + 1
        far = QRectF(
            box.left() - 4, box.top() - 3, max(0.0, done - box.left() + 4), box.height() + 6
        )
        painter.setClipRect(far, Qt.ClipOperation.IntersectClip)
    color = line.look.color(theme)
    if chosen and chart.window > 1:
        _polyline(painter, box, chart, line.raw, QPen(draw.faded(color, 0.28), 1))
    pen = QPen(color, 2.5 if chosen else 1.5)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    _polyline(painter, box, chart, line.mean, pen)
    painter.restore()
    _paint_tests(painter, box, theme, chart, line, chosen, until)
    painter.restore()


def paint_axes(painter: QPainter, box: QRectF, theme: Theme, chart: NetworkChart) -> None:
    """Paint lines and numbers, over which the curves go."""
    apart = box.height() / max(1, len(chart.ticks) - 1)
    stride = max(1, ceil(_APART / max(apart, 1.0)))
    for place, tick in enumerate(reversed(chart.ticks)):
        if place % stride or (chart.share and tick > 1):
            continue
        y = round(float(chart.heights(np.array(tick), box))) + 0.5
        draw.line(painter, box.left(), y, box.right(), y, theme.grid)
        words = _tick_text(chart, tick)
        draw.text(painter, box.left() - 8, y + 3.5, words, 10, theme.tx2, mono=True, anchor="end")
    below = box.bottom() + 15
    for tick in series.ticks(0, chart.steps, max(2, min(6, int(box.width() // 80)))):
        if tick == int(tick):
            at, words = x_of(tick, box, chart.steps), number(int(tick))
            anchor = "start" if tick == 0 else "end" if tick == chart.steps else "middle"
            draw.text(painter, at, below, words, 10, theme.tx3, mono=True, anchor=anchor)


def _tick_text(chart: NetworkChart, value: float) -> str:
    if chart.share:
        return f"{100 * value:.0f} %"
    return axis_text(value) if chart.log else tick_text(chart, value)


def axis_text(value: float) -> str:
    """Return what is written at a line of a logarithmic axis."""
    if 1e-3 <= value < draw.LARGE:
        return f"{value:.6g}"
    exponent = log10(value)
    whole = round(exponent)
    return f"1e{whole}".replace("-", draw.MINUS) if exponent == whole else draw.scientific(value)


def _polyline(
    painter: QPainter, box: QRectF, chart: NetworkChart, values: np.ndarray, pen: QPen
) -> None:
    """A batch's number stands where its step ends."""
    if not len(values):
        return
    x = box.left() + np.arange(1, len(values) + 1) / max(1, chart.steps) * box.width()
    columns = max(1, int(box.width()) // _COLUMN)
    x, y = series.thin(x, chart.heights(values, box), columns, box.left(), box.right())
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist())]))


def _paint_tests(
    painter: QPainter, box: QRectF, theme: Theme, chart: NetworkChart, line: Line, chosen: bool, until: float | None
) -> None:  # fmt: skip
    """Dashed from test to test, as far as these were made by then; dots say that there is nothing between them."""
    good = line.tested[np.isfinite(line.tested[:, 1])]
    good = good if until is None else good[good[:, 0] <= until]
    if len(good) < 2:
        return
    x = box.left() + good[:, 0] / max(1, chart.steps) * box.width()
    y = chart.heights(good[:, 1], box)
    columns = max(1, int(box.width()) // _COLUMN)
    x, y = series.thin(x, y, columns, box.left(), box.right())
    color = line.look.color(theme)
    painter.setPen(QPen(color, 2.0 if chosen else 1.25))
    pieces = series.dashes(x, y, _DASH, _GAP)
    painter.drawLines([QLineF(*one) for one in pieces.tolist()])
    if (x[-1] - x[0]) / (len(x) - 1) >= _DOTS:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        size = 3.5 if chosen else 3.0
        for one in zip(x.tolist(), y.tolist()):
            painter.drawEllipse(QPointF(*one), size, size)


def paint_now(
    painter: QPainter, box: QRectF, theme: Theme, chart: NetworkChart, time: float, chosen: str
) -> None:
    """Paint the playhead, and everybody's marker at it."""
    x = round(x_of(time, box, chart.steps)) + 0.5
    draw.line(painter, x, box.top() - 4, x, box.bottom(), draw.faded(theme.tx, 0.6))
    for line in sorted(chart.lines, key=lambda one: one.id == chosen):
        when = min(time, float(len(line.mean)))
        value = line.at(when)
        if isfinite(value):
            y = max(box.top(), float(chart.heights(np.array(value), box)))
            at = QPointF(x_of(when, box, chart.steps), y)
            paint_marker(painter, line.look, theme, at, 10.0 if line.id == chosen else 8.0)
