"""How large the gradient is at each time step on its way back, and what clipping makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPen, QPolygonF

from app.scenes import draw
from app.scenes.closeups.cells import number
from app.scenes.closeups.recurrent_layout import MARGIN, REACH, RecurrentLayout, window
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Moment, Subject
    from app.theme import Theme


def arrow(painter: QPainter, x0: float, x1: float, y: float, color: QColor) -> None:
    """Draw an arrow along a line."""
    side = 1 if x1 > x0 else -1
    draw.line(painter, x0, y, x1 - 3 * side, y, color, 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(
        QPolygonF(
            [QPointF(x1, y), QPointF(x1 - 5 * side, y - 3.5), QPointF(x1 - 5 * side, y + 3.5)]
        )
    )


def _tick(value: float) -> str:
    mantissa, e, exponent = f"{value:g}".partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", draw.MINUS)


def sizes(
    place: RecurrentLayout, subject: Subject, moment: Moment, key: str, time: int
) -> dict[int, float]:
    """Return the length of the gradient of the state ("h") or cell ("c") of the shown sample by time step."""
    found = {}
    layer = place.layer
    for t in window(layer, time, REACH):
        step = layer.steps[layer.at(t)]
        name = f"grad/{step.c if key == 'c' else step.h}"
        value = moment.sample(subject, name) if name in subject.program.tensors else None
        if value is not None:
            found[t] = float(np.sqrt((value.astype(np.float64) ** 2).sum()))
    return found


def paint_curve(
    painter: QPainter,
    place: RecurrentLayout,
    theme: Theme,
    subject: Subject,
    moment: Moment,
    time: int,
) -> None:
    """Draw how large the gradient is at each time step: a straight line down is the same factor at every step."""
    x, y, width, height = place.curve
    if height < 34:
        return
    draw.text(painter, MARGIN, y + 10, tr("Size of the gradient"), 11.5, theme.tx)
    found = {key: sizes(place, subject, moment, key, time) for key in ("h", "c")}
    legend = y + 26
    for key, letter in (("h", "|∂L/∂h|"), ("c", "|∂L/∂c|")):
        if key == "h" or place.layer.kind == "LSTM":
            _stroke(painter, [(MARGIN, legend - 4), (MARGIN + 16, legend - 4)], theme, key)
            draw.text(painter, MARGIN + 22, legend, letter, 10.5, theme.tx2, mono=True)
            legend += 15
    draw.line(painter, x, y + height, x + width, y + height, theme.line2)
    every = [v for values in found.values() for v in values.values() if v > 0 and math.isfinite(v)]
    if not every:
        words = tr("Comes in the backward pass, from the last time step read to the first.")
        draw.text(painter, x + 4, y + height - 8, draw.elide(words, 11, width), 11, theme.tx3)
        return
    low, high = min(every), max(every)
    log = high / low > 8
    axis = _Axis(y + 12, y + height - 4, low, high, log=log)
    for mark in axis.ticks():
        draw.line(painter, x, axis.y(mark), x + width, axis.y(mark), theme.grid)
        draw.text(
            painter, x - 5, axis.y(mark) + 3.5, _tick(mark), 10, theme.tx3, mono=True, anchor="end"
        )
    at = _positions(place, found, time)
    for key in ("c", "h"):
        points = [
            (at[t], axis.y(v))
            for t, v in sorted(found[key].items())
            if t in at and v > 0 and math.isfinite(v)
        ]
        _stroke(painter, points, theme, key)
        for px, py in points if len(points) <= 40 else []:
            draw.disc(painter, px, py, 2.4, theme.bwd if key == "h" else theme.bg0, theme.bwd, 1.2)
    value = found["h"].get(time)
    if value is not None and time in at and value > 0:
        px, py = at[time], axis.y(value)
        draw.disc(painter, px, py, 4, theme.bwd, theme.tx, 1.5)
        side = "end" if px > x + width - 50 else "start" if px < x + 30 else "middle"
        taken = draw.advance(number(value, 4), 11, 500, mono=True)
        left = px - taken * {"end": 1.0, "middle": 0.5}.get(side, 0.0)
        draw.fill(
            painter, left - 2, max(y + 9, py - 9) - 10, taken + 4, 13, draw.faded(theme.bg0, 0.8), 2
        )
        draw.text(
            painter,
            px,
            max(y + 9, py - 9),
            number(value, 4),
            11,
            theme.tx,
            weight=500,
            mono=True,
            anchor=side,
        )
    if len(at) > len(place.columns):
        for t in (min(at), max(at)):
            draw.text(
                painter,
                at[t],
                y + height + 12,
                str(t + 1),
                10,
                theme.tx3,
                mono=True,
                anchor="middle",
            )
    draw.text(
        painter,
        x + width - (22 if len(at) > len(place.columns) else 0),
        y + height + 14,
        _trend(place, found["h"], log=log),
        11,
        theme.tx2,
        anchor="end",
    )


def _positions(
    place: RecurrentLayout, found: Mapping[str, Mapping[int, float]], time: int
) -> dict[int, float]:
    """Where a time step stands on the curve: under its column, or all of them evenly where not all have one."""
    times = list(window(place.layer, time, REACH))
    x, _, width, _ = place.curve
    if len(times) <= len(place.columns):
        return {c.time: c.x + c.width / 2 for c in place.columns}
    return {t: x + width * (k + 0.5) / len(times) for k, t in enumerate(times)}


def _stroke(painter: QPainter, points: list[tuple[float, float]], theme: Theme, key: str) -> None:
    pen = QPen(theme.bwd, 1.75)
    if key == "c":
        pen.setDashPattern([3, 2])
    painter.setPen(pen)
    painter.drawLines([QLineF(*a, *b) for a, b in pairwise(points)])


def _trend(place: RecurrentLayout, found: Mapping[int, float], *, log: bool) -> str:
    """What became of the gradient on its way, in words."""
    read = [found[s.time] for s in place.layer.steps if found.get(s.time, 0.0) > 0]
    steps = len(read) - 1
    scale = tr("logarithmic axis") + " · " if log else ""
    if steps < 1:
        return scale + tr("the gradient sets out here")
    ratio = read[0] / read[-1]
    if not math.isfinite(ratio):
        return scale + tr("the gradient is not a number any more")
    factor = f"{ratio ** (1 / steps):.2f}"
    back = tr("1 step back") if steps == 1 else tr("{steps} steps back", steps=steps)
    if ratio < 1:
        return scale + tr(
            "{back} it is {share} % of what it was: × {factor} a step",
            back=back, share=f"{100 * ratio:.3g}", factor=factor,
        )  # fmt: skip
    return scale + tr(
        "{back} it is {ratio} times what it was: × {factor} a step",
        back=back, ratio=f"{ratio:.3g}", factor=factor,
    )  # fmt: skip


class _Axis:
    """Values to heights, on a logarithmic or a plain axis."""

    def __init__(self, top: float, bottom: float, low: float, high: float, *, log: bool) -> None:
        self.top, self.bottom, self.log = top, bottom, log
        self.low = math.log10(low) - 0.1 if log else 0.0
        self.high = math.log10(high) + 0.1 if log else high * 1.08

    def y(self, value: float) -> float:
        """Return the height of a value."""
        shown = math.log10(value) if self.log else value
        part = (shown - self.low) / (self.high - self.low)
        return self.bottom - (self.bottom - self.top) * max(0.0, min(1.0, part))

    def ticks(self) -> list[float]:
        """Return a few round values."""
        if not self.log:
            power = 10.0 ** math.floor(math.log10(self.high))
            step = power * (0.5 if self.high / power >= 2 else 0.2)
            step = step * 2 if self.high / step > 3.5 else step
            return [step * k for k in range(1, int(self.high / step) + 1)][:3]
        decades = range(math.ceil(self.low), math.floor(self.high) + 1)
        apart = max(1, len(decades) // 3)
        found = [10.0**d for d in decades][::apart]
        return found or [10.0 ** ((self.low + self.high) / 2)]


def paint_clip(
    painter: QPainter,
    box: tuple[float, float, float, float],
    theme: Theme,
    subject: Subject,
    moment: Moment,
    clipping: Mapping[str, str],
) -> None:
    """Draw what clipping makes of the gradient of the state's weights: an arrow before, an arrow after."""
    x, y, width, _ = box
    symbol = subject.info(clipping["gradient"]).symbol
    if clipping.get("norm") == "optimizer/norm":
        title = tr("Clipping: length of all gradients")
    elif "norm" in clipping:
        title = tr("Clipping: length of {gradient}", gradient=symbol)
    else:
        title = tr("Clipping: numbers of {gradient}", gradient=symbol)
    draw.text(painter, x, y + 12, draw.elide(title, 11.5, width), 11.5, theme.tx)
    line = next(i for i in subject.program.instructions if clipping["clipped"] in i.writes)
    limit = float(line.attributes["limit"])
    gradient, clipped = (
        moment.arrays.get(clipping["gradient"]),
        moment.arrays.get(clipping["clipped"]),
    )
    if gradient is None or clipped is None:
        draw.text(painter, x, y + 30, tr("Comes before the updates."), 11, theme.tx3)
        return
    if "norm" in clipping:
        norm = moment.arrays.get(clipping["norm"])
        old = float(norm) if norm is not None else math.nan
        new = min(old, limit)
    else:
        old, new = float(np.abs(gradient).max()), float(np.abs(clipped).max())
    scale = max(old, limit) * 1.05
    for k, (word, value, color) in enumerate(
        ((tr("before"), old, theme.tx2), (tr("after"), new, theme.bwd))
    ):
        top = y + 26 + 20 * k
        draw.text(painter, x, top + 4, word, 10.5, theme.tx3)
        left, right = x + 42, x + width - 58
        end = left + (right - left) * value / scale if math.isfinite(value) else right
        arrow(painter, left, max(end, left + 6), top, color)
        draw.text(
            painter, x + width, top + 4, number(value, 4), 11, theme.tx, mono=True, anchor="end"
        )
    at = x + 42 + (width - 100) * limit / scale
    draw.line(painter, at, y + 16, at, y + 56, theme.err, 1.5)
    draw.text(
        painter, at, y + 68, tr("limit {limit}", limit=f"{limit:g}"), 10, theme.tx3, anchor="middle"
    )
