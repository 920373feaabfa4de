"""The chart of a race: loss, distance to the minimum or learning rate of all racers by step, up to the playhead."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from app.scenes import draw, series
from app.scenes.race_curves import curves, paint_all, painted_order
from app.scenes.race_looks import looks, paint_marker
from app.scenes.race_numbers import loss_text, numbers_of
from app.text import number, tr

if TYPE_CHECKING:
    from app.engine.questions.racing import RaceAnswer
    from app.scenes.network_race import NetworkChart
    from app.theme import Theme

#: What can be charted, with its title and whether its axis can be logarithmic.
CHARTS = {
    "loss": tr("Loss"),
    "distance": tr("Distance"),
    "rate": tr("Learning rate"),
}
#: A logarithmic axis shows at most so many decades below its top; what is smaller is 0 to the eye.
_DECADES = 16.0
#: Numbers end soon after this power of ten.
_HIGHEST = 308
#: A racer that climbs is followed to so many times the start's loss.
_CLIMB = 1e3
#: Between two numbers of the axis, in pixels at least.
_APART = 14.0
#: Room of the axes' numbers left of the plot, over it and below it.
_LEFT, _ABOVE, _BELOW = 60.0, 4.0, 20.0
#: Room around the plot for lines at its edges.
_EDGE = 4.0
_FINISH_DASH = (4.0, 3.0)


@dataclass(frozen=True, eq=False)
class RaceChart:
    """A chart that can be painted; made by `make`.

    Attributes
    ----------
    answer
        The race.
    kind
        A key of `CHARTS`.
    log
        Whether the axis is logarithmic, which it is where that is possible.
    shift
        What is taken from the losses so that they have logarithms: the lowest one.
    values
        Of each racer, (steps + 1,) or (steps,) float64.
    low, high
        The axis: numbers, or their decimal logarithms.
    ticks
        Numbers with lines.
    empty
        Why there is nothing to see, a sentence; or "".
    wanted_log
        Whether a logarithmic axis was asked for.
    linear
        Of an axis that is logarithmic on both sides of 0: how far from 0 it is about linear. 0 for other axes.
    floored
        Whether there are numbers below a logarithmic axis, which lie on its lowest line.
    """

    answer: RaceAnswer
    kind: str
    log: bool
    shift: float
    values: tuple[np.ndarray, ...]
    low: float
    high: float
    ticks: tuple[float, ...]
    empty: str = ""
    wanted_log: bool = False
    linear: float = 0.0
    floored: bool = False

    @property
    def subtitle(self) -> str:
        """What the axis is, if it is not what is expected."""
        if self.shift:
            return tr("above the lowest, {value}", value=loss_text(self.shift))
        if self.linear:
            return tr("log scale on both sides of 0")
        if self.wanted_log and not self.log and not self.empty:
            return tr("numbers below 0 have no log scale")
        return ""

    def heights(self, values: np.ndarray, box: QRectF) -> np.ndarray:
        """Return heights in pixels: what is too small lies at the bottom, what is too large is out of sight."""
        v = np.asarray(values, float) - self.shift
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.linear:
                v = both_sides(v, self.linear)
            elif self.log:
                v = np.log10(np.maximum(v, 10.0 ** (self.low - 1)))
            share = np.clip((v - self.low) / (self.high - self.low), -0.02, 1.5)
        return box.bottom() - share * box.height()

    def value_at(self, place: int, time: float) -> float:
        """Return a racer's number at a time, between two steps the straight line's; NaN where there is none."""
        values = self.values[place]
        if not len(values):
            return float("nan")
        before = min(int(time), len(values) - 1)
        after = min(before + 1, len(values) - 1)
        part = min(time - before, 1.0)
        a, b = float(values[before]), float(values[after])
        return a if part <= 0 or not isfinite(b) else a + (b - a) * part


def make(answer: RaceAnswer, kind: str = "loss", log: bool = True) -> RaceChart:
    """Return a chart of a race."""
    numbers = numbers_of(answer)
    places = range(len(answer.paths))
    shift, empty, wanted = 0.0, "", log
    if kind == "distance":
        values = tuple(numbers.distances(k) for k in places)
        if not answer.surface.minima:
            empty = tr("No minimum of this surface is known, so there is no distance to it.")
    elif kind == "rate":
        values = tuple(numbers.rates(k) for k in places)
    else:
        values = tuple(path.losses for path in answer.paths)
    every = np.concatenate(values) if values else np.zeros(0)
    every = every[np.isfinite(every)]
    if not every.size:
        gone = bool(values) and not isfinite(numbers.start)
        empty = empty or (
            tr("The formula has no value at the start: move it.")
            if gone
            else tr("There is nobody in the race. Add a racer first.")
        )
        return RaceChart(answer, kind, False, 0.0, values, 0.0, 1.0, (), empty)
    if kind == "loss" and log and every.min() <= 0:
        if isfinite(numbers.lowest) and numbers.lowest:
            shift = numbers.lowest
        else:
            log = log and every.min() == 0
    top = float(every.max())
    if kind == "loss" and isfinite(numbers.start):
        limit = numbers.start - shift
        top = min(top, shift + max(limit, 1e-12) * _CLIMB)
    shown = every - shift
    if log and (shown > 0).any() and top - shift > 0:
        bottom = max(float(shown[shown > 0].min()), (top - shift) * 10.0**-_DECADES)
        low, high, ticks = decades(bottom, top - shift)
    elif wanted and every.min() < 0:
        linear = around_zero(numbers.start)
        low, high, ticks = both_ways(float(every.min()), top, linear)
        return RaceChart(answer, kind, False, 0.0, values, low, high, ticks, empty, wanted, linear)
    else:
        log, shift = False, 0.0
        low, high, ticks = evenly(min(float(every.min()), 0.0), top)
    floored = log and bool((shown < 10.0**low * (1 - 1e-9)).any())
    return RaceChart(
        answer, kind, log, shift, values, low, high, ticks, empty, wanted, floored=floored
    )


def both_sides(values: np.ndarray, linear: float) -> np.ndarray:
    """Return ``sign(v) log10(1 + |v| / linear)``: a logarithm that goes through 0 (Webber 2013)."""
    with np.errstate(divide="ignore"):
        # Of the logarithms: the quotient itself may be no number any more.
        ratio = np.log(np.abs(values)) - np.log(linear)
    return np.asarray(np.sign(values) * np.logaddexp(0.0, ratio) / np.log(10.0))


def around_zero(start: float) -> float:
    """Return how far from 0 an axis of both sides is about linear: a tenth of where the race begins."""
    size = abs(start) if isfinite(start) and start else 1.0
    return float(10.0 ** (floor(log10(max(size, 1e-12))) - 1))


def both_ways(bottom: float, top: float, linear: float) -> tuple[float, float, tuple[float, ...]]:
    """Return the ends of an axis that is logarithmic on both sides of 0, as `both_sides` has them, and its numbers."""
    low, high = (float(both_sides(np.array(one), linear)) for one in (bottom, max(top, 0.0)))
    apart = max(1, ceil((high - low) / 5))
    ticks = {0.0}
    for sign, end in ((1.0, high), (-1.0, -low)):
        ticks |= {sign * linear * 10.0**k for k in range(apart, min(floor(end + 1e-9), _HIGHEST) + 1, apart)
                  if log10(linear) + k <= _HIGHEST}  # fmt: skip
    margin = 0.05 * (high - low)
    return low - margin, high + margin, tuple(sorted(ticks))


def decades(bottom: float, top: float) -> tuple[float, float, tuple[float, ...]]:
    """Return the ends of a logarithmic axis, as decimal logarithms, and its numbers."""
    low, high = floor(log10(bottom) + 1e-9), min(ceil(log10(top) - 1e-9), _HIGHEST)
    if high - low < 1:
        high = low + 1
    apart = max(1, ceil((high - low) / 5))
    # Whole strides from the top, so that the highest line has its number.
    low = high - ceil((high - low) / apart) * apart
    return float(low), float(high), tuple(10.0**k for k in range(low, high + 1, apart))


def evenly(bottom: float, top: float) -> tuple[float, float, tuple[float, ...]]:
    """Return the ends of a linear axis, and its numbers."""
    if top <= bottom:
        top = bottom + (abs(bottom) or 1.0)
    ticks = series.ticks(bottom, top, 4)
    apart = ticks[1] - ticks[0] if len(ticks) > 1 else top - bottom
    if ticks[-1] < top:
        ticks.append(ticks[-1] + apart)
    if ticks[0] > bottom:
        ticks.insert(0, ticks[0] - apart)
    return float(ticks[0]), float(ticks[-1]), tuple(float(one) for one in ticks)


def tick_text(chart: RaceChart | NetworkChart, value: float) -> str:
    """Return what is written at a line of the axis."""
    if isinstance(chart, RaceChart) and chart.linear and value:
        return f"{draw.MINUS if value < 0 else ''}{_power(abs(value))}"
    # Of less than a decade the numbers are round ones.
    if chart.log and (len(chart.ticks) < 2 or chart.ticks[-1] >= 9.99 * chart.ticks[0]):
        least = isinstance(chart, RaceChart) and chart.floored and value <= chart.ticks[0]
        return f"≤ {_power(value)}" if least else _power(value)
    apart = chart.ticks[1] - chart.ticks[0] if len(chart.ticks) > 1 else 1.0
    if apart < 1e-3 or abs(value) >= draw.LARGE:
        return draw.scientific(value)
    return draw.plain(value, max(0, -floor(log10(apart) + 1e-9)))


def _power(value: float) -> str:
    exponent = round(log10(value))
    if -3 <= exponent <= 4:
        return f"{value:.{max(0, -exponent)}f}"
    return f"1e{exponent}".replace("-", draw.MINUS)


def x_of(step: float, box: QRectF, steps: int) -> float:
    """Return where a step stands."""
    return box.left() + step / max(1, steps) * box.width()


def step_at(x: float, box: QRectF, steps: int) -> int:
    """Return the step under a point."""
    share = min(1.0, max(0.0, (x - box.left()) / max(1.0, box.width())))
    return round(share * steps)


#: Axes by what they show, and how many of them are kept.
_grounds: dict[tuple[object, ...], QImage] = {}
_MOST_GROUNDS = 4


def paint(
    painter: QPainter, box: QRectF, theme: Theme, chart: RaceChart, time: float, chosen: str = "",
    line: float | None = None, budget: float = float("inf"), quick: bool = False,
) -> bool:  # fmt: skip
    """Paint the plot with its axes: the curves as far as the race has come, and the markers there.

    Parameters
    ----------
    painter
        Paints.
    box
        Where the curves go; the numbers of the axes stand left of it and below.
    theme
        Colours.
    chart
        What is shown.
    time
        Where the race stands, in steps.
    chosen
        Id of the racer that is looked at.
    line
        The loss at which racers finish.
    budget
        Seconds after which curves that were never painted before are left for the next time; they are sketched.
    quick
        All that were never painted are sketched: the chart is soon another.

    Returns
    -------
    Whether all curves are painted finely.
    """
    steps = chart.answer.race.steps
    whole = box.adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE)
    finish = _finish(chart, box, line)
    if draw.is_vector(painter):
        _paint_axes(painter, box, theme, chart, finish)
    else:
        around = whole.adjusted(-_LEFT, -_ABOVE, 0, _BELOW)
        image = _axes(box, around, theme, chart, finish, draw.scale_of(painter))
        draw.blit(painter, around.left(), around.top(), image)
    if chart.empty:
        words, at = draw.elide(chart.empty, 12, box.width() - 16), box.center()
        draw.text(painter, at.x(), at.y() + 4, words, 12, theme.tx2, anchor="middle")
        return True
    x, done = x_of(time, box, steps), True
    if draw.is_vector(painter):
        painter.save()
        painter.setClipRect(QRectF(whole.left(), whole.top(), x - whole.left(), whole.height()))
        paint_all(painter, box, theme, chart, chosen)
        painter.restore()
    else:
        scale = draw.scale_of(painter)
        image, done = curves(box, whole, theme, chart, chosen, scale, budget, quick)
        # Clipped and not cut: a part of an image is drawn some times slower than the whole of it.
        painter.save()
        painter.setClipRect(
            QRectF(whole.left(), whole.top(), x - whole.left(), whole.height()),
            Qt.ClipOperation.IntersectClip,
        )
        draw.blit(painter, whole.left(), whole.top(), image)
        painter.restore()
    x = round(x) + 0.5
    draw.line(painter, x, box.top() - 4, x, box.bottom(), draw.faded(theme.tx, 0.6))
    _paint_markers(painter, box, theme, chart, time, chosen)
    return done


def _finish(chart: RaceChart, box: QRectF, line: float | None) -> float | None:
    """Return the height of the finish line, or None where it is not seen."""
    if line is None or chart.kind != "loss" or chart.empty:
        return None
    y = float(chart.heights(np.array(line), box))
    return round(y) + 0.5 if box.top() <= y <= box.bottom() else None


def _axes(
    box: QRectF, around: QRectF, theme: Theme, chart: RaceChart, finish: float | None, scale: float
) -> QImage:
    """Return the picture of the axes, which stays while curves grow over it, and while others come with the same."""
    key = (
        *(box.x(), box.y(), box.width(), box.height(), theme.name, scale, finish, chart.answer.race.steps),
        *(chart.log, chart.shift, chart.low, chart.high, chart.ticks, chart.linear, chart.floored),
    )  # fmt: skip
    kept = _grounds.get(key)
    if kept is None:
        kept = draw.canvas(around.width(), around.height(), scale, None)
        with draw.painting(kept, (around.width(), around.height())) as inner:
            inner.translate(-around.left(), -around.top())
            _paint_axes(inner, box, theme, chart, finish)
        if len(_grounds) >= _MOST_GROUNDS:
            _grounds.pop(next(iter(_grounds)))
        _grounds[key] = kept
    return kept


def _paint_axes(
    painter: QPainter, box: QRectF, theme: Theme, chart: RaceChart, finish: float | None
) -> None:
    steps = chart.answer.race.steps
    # In low charts only as many numbers as there is room for, counted from the top.
    apart = box.height() / max(1, len(chart.ticks) - 1)
    stride = max(1, ceil(_APART / max(apart, 1.0)))
    for tick in chart.ticks[::-1][::stride]:
        y = round(float(chart.heights(np.array(tick + chart.shift), box))) + 0.5
        draw.line(painter, box.left(), y, box.right(), y, theme.grid)
        words = tick_text(chart, tick)
        draw.text(painter, box.left() - 8, y + 3.5, words, 10, theme.tx2, mono=True, anchor="end")
    below = box.bottom() + 15
    for tick in series.ticks(0, steps, max(2, min(6, int(box.width() // 80)))):
        if tick == int(tick):
            at, words = x_of(tick, box, steps), number(int(tick))
            anchor = "start" if tick == 0 else "end" if tick == steps else "middle"
            draw.text(painter, at, below, words, 10, theme.tx3, mono=True, anchor=anchor)
    if finish is not None:
        pen = QPen(theme.tx3, 1)
        pen.setDashPattern(list(_FINISH_DASH))
        painter.setPen(pen)
        painter.drawLine(QPointF(box.left(), finish), QPointF(box.right(), finish))


def _paint_markers(
    painter: QPainter, box: QRectF, theme: Theme, chart: RaceChart, time: float, chosen: str
) -> None:
    race, paths = chart.answer.race, chart.answer.paths
    look = looks(race)
    # Those that are gone stand where they were seen last.
    times = [
        max(0, path.left - 1) if path.left is not None and path.left <= time else time
        for path in paths
    ]
    values = np.array([chart.value_at(place, when) for place, when in enumerate(times)])
    heights = np.maximum(chart.heights(values, box), box.top()).tolist()
    for place in painted_order(chart, chosen):
        one = race.racers[place]
        if isfinite(values[place]):
            at = QPointF(x_of(times[place], box, race.steps), heights[place])
            paint_marker(painter, look[one.id], theme, at, 10.0 if one.id == chosen else 8.0)
