"""One weight's story as a picture: value, gradient and update over all steps, and what each sample says of it.

Drawn without state: `layout`, then `charts` (which changes only with the story and may be kept as an image), `marks`
over it, and `bars`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPen, QPolygonF

from app.scenes import draw, formula, series
from app.scenes.formula_tex import to_box
from app.scenes.hits import Hit, HitIndex
from app.text import number, tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.theme import Theme
    from core.runs.each_sample import SampleGradients
    from core.runs.story import Story

#: Names of the charts with the letters of what they show; the colour is a token of the theme.
CHARTS = (("value", "w", "tx"), ("gradient", "∂L/∂w", "bwd"), ("update", "Δw", "pos"))
LEFT, RIGHT, TITLE, AXIS = 72.0, 20.0, 28.0, 22.0
#: From so few points on every one is a dot on the line.
DOTS = 60


@dataclass(frozen=True)
class Box:
    """A plot, in pixels."""

    name: str
    left: float
    top: float
    right: float
    bottom: float

    def x(self, step: float, first: float, last: float) -> float:
        """Where a step stands."""
        return self.left + (step - first) / max(last - first, 1.0) * (self.right - self.left)


@dataclass(frozen=True)
class StoryLayout:
    """Result of `layout`: three charts over one another, the bars of the samples below."""

    size: tuple[float, float]
    charts: tuple[Box, ...]
    bars: Box
    words: float
    hits: HitIndex


@lru_cache(maxsize=16)
def layout(size: tuple[float, float], rows: int) -> StoryLayout:
    """Divide the picture; `rows` samples have a bar each."""
    width, height = size
    low = max(96.0, min(190.0, height * 0.3))
    room = height - low - AXIS - 8.0
    each = room / len(CHARTS)
    charts = tuple(
        Box(name, LEFT, k * each + TITLE, width - RIGHT, (k + 1) * each - 8.0)
        for k, (name, _, _) in enumerate(CHARTS)
    )
    top = room + AXIS + 8.0
    bars = Box("samples", LEFT, top + 30.0, width - RIGHT, height - 46.0)
    hits = [
        Hit(f"chart:{b.name}", "chart", "", (), (b.left, b.top, b.right - b.left, b.bottom - b.top))
        for b in charts
    ]
    slot = (bars.right - bars.left) / max(rows, 1)
    hits += [
        Hit(f"sample:{k}", "sample", "", (k,), (bars.left + k * slot, bars.top, slot, bars.bottom - bars.top))
        for k in range(rows)
    ]  # fmt: skip
    return StoryLayout(size, charts, bars, height - 12.0, HitIndex(tuple(hits)))


def step_at(place: StoryLayout, story: Story, x: float) -> int | None:
    """Return the step under a point of the charts, or None beside them."""
    box = place.charts[0]
    if not box.left - 8 <= x <= box.right + 8:
        return None
    share = min(1.0, max(0.0, (x - box.left) / (box.right - box.left)))
    return round(story.first + share * (story.last - story.first))


def at_step(story: Story, step: int) -> tuple[float, float | None, float | None] | None:
    """Return the weight after so many steps, and the gradient and update of the last of them."""
    k = step - story.first
    if not 0 <= k <= len(story) or not len(story):
        return None
    if k == 0:
        return float(story.before[0]), None, None
    return float(story.after[k - 1]), float(story.gradient[k - 1]), float(story.update[k - 1])


@dataclass(frozen=True)
class Bins:
    """What a chart draws: for each column of steps where it stands, and its least, mean and largest number."""

    steps: np.ndarray
    low: np.ndarray
    mean: np.ndarray
    high: np.ndarray

    def before(self, step: int) -> Bins:
        """Return the columns up to a step."""
        kept = self.steps <= step
        low = self.low[kept]
        if self.low is self.high:
            return Bins(self.steps[kept], low, low, low)
        return Bins(self.steps[kept], low, self.mean[kept], self.high[kept])


def binned(story: Story, name: str, columns: int) -> Bins:
    """Return the numbers of a chart by columns: after 0, 1, ... updates the value, of update 1, 2, ... the others.

    Steps follow each other, so that columns are slices: a million of them take two milliseconds.
    """
    none = np.zeros(0)
    if not len(story):
        return Bins(none, none, none, none)
    begin = story.first
    if name == "value":
        values = np.r_[story.before[:1], story.after]
    else:
        values = story.gradient if name == "gradient" else story.update
        begin += 1
    count = len(values)
    if count <= columns:
        return Bins(np.arange(begin, begin + count), values, values, values)
    starts = np.arange(columns) * count // columns
    ends = np.r_[starts[1:], count]
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    mean = np.add.reduceat(values, starts) / (ends - starts)
    return Bins(begin + (starts + ends - 1) / 2, low, mean, high)


def short(value: float) -> str:
    """Return a number beside an axis or a name, with its sign."""
    if value and abs(value) < 0.001:
        return ("+" if value > 0 else "") + draw.scientific(value)
    return draw.signed(value, 4)


def _span(least: np.ndarray, most: np.ndarray, zero: bool) -> tuple[float, float]:
    good = np.isfinite(least) & np.isfinite(most)
    low, high = (float(least[good].min()), float(most[good].max())) if good.any() else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    room = 0.06 * (high - low)
    return low - room, high + room


def _label(value: float, apart: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, int(np.ceil(-np.log10(apart) - 1e-9)))
    # Marks close to each other need as many digits as tell them apart.
    if digits > 7 or abs(value) >= 1e5 or (apart < 0.001 and abs(value) < 20 * apart):
        return draw.scientific(value)
    return draw.plain(value, digits)


def _beside(painter: QPainter, box: Box, y: float, words: str, color: QColor) -> None:
    """Write a number of the axis."""
    draw.text(painter, box.left - 8, y + 3.5, words, 10, color, mono=True, anchor="end")


def charts(
    painter: QPainter, place: StoryLayout, theme: Theme, story: Story, until: int | None = None
) -> None:
    """Draw the three curves with their axes; with `until` the curves end there, and the axes stay those of all."""
    draw.prepare(painter, place.size)
    draw.fill(painter, 0, 0, *place.size, theme.bg0)
    first, last = float(story.first), float(max(story.last, story.first + 1))
    for box, (name, _, role) in zip(place.charts, CHARTS, strict=True):
        found = binned(story, name, max(1, int(box.right - box.left)))
        low, high = _span(found.low, found.high, zero=name != "value")
        marks = series.ticks(low, high, 3 if box.bottom - box.top > 60 else 2)
        apart = marks[1] - marks[0] if len(marks) > 1 else high - low
        scale = (box.bottom - box.top) / (high - low)
        painter.setRenderHint(painter.RenderHint.Antialiasing, False)
        for mark in marks:
            at = round(box.bottom - (mark - low) * scale) + 0.5
            line = theme.line2 if mark == 0 and name != "value" else theme.grid
            draw.line(painter, box.left, at, box.right, at, line)
            _beside(painter, box, at, _label(mark, apart), theme.tx2)
        painter.setRenderHint(painter.RenderHint.Antialiasing, True)
        ink = theme.color(role)
        shown = found if until is None else found.before(until)
        _curve(painter, box, shown, (first, last), (low, scale), ink)
        if name == "value":
            for step in story.edited if until is None else story.edited[story.edited <= until]:
                at = box.x(float(step), first, last)
                draw.line(painter, at, box.top, at, box.bottom, theme.tx3)
                draw.text(painter, at + 4, box.top + 10, tr("set by hand"), 10, theme.tx3)
    box = place.charts[-1]
    free = -np.inf
    for tick in series.ticks(first, last, 5):
        if tick != round(tick):
            continue
        at = box.x(tick, first, last)
        words = number(round(tick))
        if at < free:
            continue
        free = at + draw.advance(words, 10, mono=True) + 14
        anchor = (
            "start"
            if tick == first
            else "end"
            if tick >= last - 0.02 * (last - first)
            else "middle"
        )
        draw.text(painter, at, box.bottom + 15, words, 10, theme.tx3, mono=True, anchor=anchor)
    draw.text(painter, LEFT - 8, box.bottom + 15, tr("step"), 10, theme.tx3, anchor="end")


def _curve(
    painter: QPainter,
    box: Box,
    found: Bins,
    domain: tuple[float, float],
    scale: tuple[float, float],
    ink: QColor,
) -> None:
    """Draw a line; where columns hold several steps, their range behind their mean."""
    good = np.isfinite(found.low) & np.isfinite(found.high)
    wide = (box.right - box.left) / (domain[1] - domain[0])
    px = box.left + (found.steps[good] - domain[0]) * wide

    def height(values: np.ndarray) -> np.ndarray:
        return np.asarray(box.bottom - (values[good] - scale[0]) * scale[1])

    # Antialiasing costs with every crossing of a noisy line; where points are that many nobody sees the steps.
    smooth = len(px) <= 150
    if found.low is not found.high:
        painter.setRenderHint(painter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(draw.faded(ink, 0.38), 1))
        rows = zip(
            px.tolist(), height(found.high).tolist(), height(found.low).tolist(), strict=True
        )
        painter.drawLines([QLineF(x, t, x, max(b, t + 1)) for x, t, b in rows])
    middle = height(found.mean)
    line = QPolygonF([QPointF(x, y) for x, y in zip(px.tolist(), middle.tolist(), strict=True)])
    painter.setRenderHint(painter.RenderHint.Antialiasing, smooth)
    painter.setPen(QPen(ink, 1.5 if smooth else 1))
    painter.drawPolyline(line)
    painter.setRenderHint(painter.RenderHint.Antialiasing, True)
    if len(px) <= DOTS:
        for x, y in zip(px.tolist(), middle.tolist(), strict=True):
            draw.disc(painter, x, y, 2.2, ink)


def marks(
    painter: QPainter, place: StoryLayout, theme: Theme, story: Story | None, symbol: str, step: int,
    hover: int | None,
) -> None:  # fmt: skip
    """Draw what moves over the charts: the playhead, the step under the mouse, and the numbers there."""
    shown = step if hover is None else hover
    found = at_step(story, shown) if story is not None else None
    names = _names(shown if found is not None else None)
    for k, (box, (_, letters, role)) in enumerate(zip(place.charts, CHARTS, strict=True)):
        words = names[k]
        end = 16 + draw.text(painter, 16, box.top - 9, words, 12, theme.tx, weight=600)
        value = found[k] if found is not None else None
        if value is not None:
            name = letters.replace("w", symbol)
            pen = formula.Pen(12, 400, role)
            done = formula.lay_out(
                formula.row([to_box(name, pen), formula.text(f" = {short(value)}", pen)])
            )
            formula.paint(painter, done, theme, end + 10, box.top - 9 - done.baseline)
    if story is None or not len(story):
        return
    first, last = float(story.first), float(max(story.last, story.first + 1))
    top, bottom = place.charts[0].top, place.charts[-1].bottom
    if hover is not None and hover != step:
        at = round(place.charts[0].x(hover, first, last)) + 0.5
        painter.setPen(QPen(theme.tx3, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(at, top, at, bottom))
    if story.first <= step <= story.last:
        at = round(place.charts[0].x(step, first, last)) + 0.5
        draw.line(painter, at, top, at, bottom, theme.tx)
        draw.fill(painter, at - 5, top - 7, 10, 14, theme.pri, 3)


def _names(step: int | None) -> tuple[str, str, str]:
    """Name the charts, with the step that the numbers beside their names are of."""
    if step is None:
        return tr("Value"), tr("Gradient"), tr("Update")
    if step == 0:
        return tr("Value before the first step"), tr("Gradient"), tr("Update")
    told = number(step)
    return (
        tr("Value after step {step}", step=told), tr("Gradient in step {step}", step=told),
        tr("Update in step {step}", step=told),
    )  # fmt: skip


def bars(
    painter: QPainter, place: StoryLayout, theme: Theme, found: SampleGradients | None, row: int,
    hover: int | None, aside: str = "",
) -> None:  # fmt: skip
    """Draw what each sample of the batch adds to the gradient, their mean and their spread; `aside` is told of it."""
    box = place.bars
    draw.line(painter, 0, box.top - 29.5, place.size[0], box.top - 29.5, theme.line)
    title = tr("The batch's gradient is the sum of its samples'")
    if found is not None:
        # The charts show the step that is done, the bars the one under way.
        title = tr(
            "The gradient of step {step} is the sum of its samples'", step=number(found.step + 1)
        )
    end = 16 + draw.text(painter, 16, box.top - 10, title, 12, theme.tx, weight=600)
    if aside:
        end += 10 + draw.text(painter, end + 10, box.top - 10, aside, 11.5, theme.loss)
    if found is None or not len(found.shares):
        return
    shares = found.shares
    low, high = _span(shares, shares, zero=True)
    scale = (box.bottom - box.top) / (high - low)
    zero = round(box.bottom + low * scale) + 0.5
    slot = (box.right - box.left) / len(shares)
    gap = 0.0 if slot < 3 else min(6.0, slot * 0.2)
    mean, spread = found.mean, found.deviation
    if len(shares) > 1:
        upper = box.bottom - (min(mean + spread, high) - low) * scale
        lower = box.bottom - (max(mean - spread, low) - low) * scale
        band = draw.faded(theme.bwd, 0.10)
        draw.fill(painter, box.left, upper, box.right - box.left, max(1.0, lower - upper), band)
    for k, share in enumerate(shares.tolist()):
        at = box.left + k * slot + gap / 2
        tall = box.bottom - (share - low) * scale
        ink = theme.pos if share > 0 else theme.neg
        shown = ink if k in (row, hover) or len(shares) == 1 else draw.faded(ink, 0.72)
        size = (max(slot - gap, 1.0), max(abs(tall - zero), 1.0))
        draw.fill(painter, at, min(tall, zero), *size, shown, 1.5 if slot > 8 else 0)
        if k == row:
            draw.fill(painter, at, box.bottom + 3, max(slot - gap, 2.0), 2, theme.tx)
        if slot >= 26:
            draw.text(painter, at + (slot - gap) / 2, box.bottom + 15, str(k + 1), 10, theme.tx3,
                      mono=True, anchor="middle")  # fmt: skip
    draw.line(painter, box.left, zero, box.right, zero, theme.line2)
    if len(shares) > 1:
        at = box.bottom - (mean - low) * scale
        painter.setPen(QPen(theme.bwd, 1.25, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(box.left, at, box.right, at))
        draw.text(
            painter, box.left - 8, at + 3.5, short(mean), 10, theme.bwd, mono=True, anchor="end"
        )
        if abs(at - zero) > 14:
            draw.text(
                painter, box.left - 8, zero + 3.5, "0", 10, theme.tx2, mono=True, anchor="end"
            )
    total = f"Σ = {short(found.total)}"
    if found.rest:
        total = tr("{total}, of which {rest} from penalties", total=total, rest=short(found.rest))
    if end + 20 + draw.advance(total, 11.5, 400, True) <= box.right:
        draw.text(painter, box.right, box.top - 10, total, 11.5, theme.bwd, mono=True, anchor="end")
    room = place.size[0] - 32
    words = draw.elide(sentence(found), 11.5, room)
    used = draw.text(painter, 16, place.words, words, 11.5, theme.tx2)
    legend = tr("dashed: their mean, band: ± deviation")
    if len(shares) > 1 and used + 24 + draw.advance(legend, 11) <= room:
        draw.text(painter, box.right, place.words, legend, 11, theme.tx3, anchor="end")


def sentence(found: SampleGradients) -> str:
    """Return in words how much the samples agree."""
    count = len(found.shares)
    if count < 2:
        return tr("A batch of one sample: its gradient is the batch's.")
    mean, spread = short(found.mean), draw.plain(found.deviation, 4)
    if 0 < found.deviation < 0.001:
        spread = draw.scientific(found.deviation)
    against = found.against
    if not against:
        return tr(
            "No sample pulls the other way ({mean} ± {spread} each, {count} samples).",
            count=count, mean=mean, spread=spread,
        )  # fmt: skip
    return tr(
        "{against} of {count} samples pull the other way ({mean} ± {spread} each): so stochastic descent is noisy.",
        against=against, count=count, mean=mean, spread=spread,
    )  # fmt: skip
