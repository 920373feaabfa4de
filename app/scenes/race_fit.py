"""What a regression fits: the real points, and everybody's line or curve through them at a moment of the race."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPen

from app.scenes import draw
from app.scenes.polygons import polygon
from app.scenes.race_map_layout import Viewport, marks
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.scenes.race_moment import Moment, Place
    from app.theme import Theme
    from core.landscape import Samples, Surface

#: Room for numbers at the left and below, for words above and at the right.
_LEFT, _BELOW, _ABOVE, _RIGHT = 36.0, 34.0, 40.0, 12.0
#: Beyond the outermost points, as a share of their range.
_MARGIN = 0.1
_SEGMENTS = 80


def is_logistic(surface: Surface) -> bool:
    """Whether the samples' second number is a class, and what goes through them a probability."""
    return surface.kind == "logistic-regression"


@lru_cache(maxsize=16)
def plot(surface: Surface, w: float, h: float) -> Viewport:
    """Return where the points stand in a picture of that size."""
    samples = surface.samples
    assert samples is not None
    ranges = []
    for values in (samples.u, samples.t):
        low, high = float(values.min()), float(values.max())
        apart = (high - low) * _MARGIN or 1.0
        ranges.append((low - apart, high + apart))
    return Viewport(
        ranges[0], ranges[1], _LEFT, _ABOVE, max(1.0, w - _LEFT - _RIGHT), max(1.0, h - _ABOVE - _BELOW),
    )  # fmt: skip


@dataclass(frozen=True)
class Fit:
    """What a racer says of the points: where its line runs, in pixels."""

    place: Place
    line: np.ndarray


def fits(surface: Surface, view: Viewport, moment: Moment) -> tuple[Fit, ...]:
    """Return everybody's line or curve; of those who are gone there is none."""
    found = []
    for place in moment.places:
        w, b = place.at
        if place.gone or not (np.isfinite(w) and np.isfinite(b)):
            continue
        found.append(Fit(place, _line(surface, view, w, b)))
    return tuple(found)


def _line(surface: Surface, view: Viewport, w: float, b: float) -> np.ndarray:
    logistic = is_logistic(surface)
    u = np.linspace(*view.across, _SEGMENTS if logistic else 2)
    said = w * u + b
    if logistic:
        said = 0.5 * (1.0 + np.tanh(0.5 * said))
    return view.px(np.column_stack([u, said]))


def batch_of(moment: Moment) -> np.ndarray | None:
    """Indices of the samples that the chosen racer's next step is made of; None if it is all, or over."""
    for racer, path in moment.racers:
        if racer.id == moment.chosen and path.batches is not None:
            k = int(moment.time)
            return np.asarray(path.batches[k]) if k < len(path.batches) else None
    return None


def paint(
    painter: QPainter,
    theme: Theme,
    surface: Surface,
    size: tuple[float, float],
    moment: Moment | None,
) -> None:
    """Paint all of it into (0, 0, width, height)."""
    samples = surface.samples
    assert samples is not None
    view = plot(surface, *size)
    draw.fill(painter, 0, 0, *size, theme.bg0)
    _axes(painter, theme, view, samples)
    box = QRectF(view.x, view.y, view.w, view.h)
    batch = None
    if moment is not None:
        batch = batch_of(moment)
        painter.save()
        painter.setClipRect(box, Qt.ClipOperation.IntersectClip)
        _best(painter, theme, surface, view)
        found = fits(surface, view, moment)
        for fit in found:
            _stroke(painter, fit, theme, fit.place.racer.id == moment.chosen)
        if found and found[-1].place.racer.id == moment.chosen and batch is not None:
            _errors(painter, theme, surface, view, found[-1].place.at, batch)
        painter.restore()
    _points(painter, theme, surface, view, batch)
    _words(painter, theme, surface, view, moment, batch)


def _axes(painter: QPainter, theme: Theme, view: Viewport, samples: Samples) -> None:
    bottom, right = view.y + view.h, view.x + view.w
    for value, words in marks(*view.across, view.w, 56):
        x = view.point(value, 0).x()
        draw.line(painter, x, view.y, x, bottom, theme.grid)
        draw.text(painter, x, bottom + 13, words, 10, theme.tx3, mono=True, anchor="middle")
    for value, words in marks(*view.down, view.h, 48):
        y = view.point(0, value).y()
        draw.line(painter, view.x, y, right, y, theme.grid)
        draw.text(painter, view.x - 6, y + 3.5, words, 10, theme.tx3, mono=True, anchor="end")
    draw.frame(painter, view.x, view.y, view.w, view.h, theme.line)
    first = draw.elide(samples.names[0], 11, view.w)
    draw.text(painter, right, bottom + 27, first, 11, theme.tx2, anchor="end")
    second = draw.elide(samples.names[1], 11, view.w)
    draw.text(painter, view.x, view.y - 7, second, 11, theme.tx2)


def _best(painter: QPainter, theme: Theme, surface: Surface, view: Viewport) -> None:
    """The line of the lowest loss."""
    if surface.minima:
        pen = QPen(theme.tx2, 1.25, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPolyline(polygon(_line(surface, view, *surface.minima[0])))


def _stroke(painter: QPainter, fit: Fit, theme: Theme, chosen: bool) -> None:
    color = fit.place.look.color(theme)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if chosen:
        painter.setPen(QPen(draw.faded(theme.bg0, 0.6), 5.0))
        painter.drawPolyline(polygon(fit.line))
    painter.setPen(QPen(color if chosen else draw.faded(color, 0.65), 2.5 if chosen else 1.25))
    painter.drawPolyline(polygon(fit.line))


def _errors(
    painter: QPainter, theme: Theme, surface: Surface, view: Viewport, at: tuple[float, float],
    batch: np.ndarray,
) -> None:  # fmt: skip
    """From the samples of a step to what is said of them: what its gradient is made of."""
    samples = surface.samples
    assert samples is not None
    said = at[0] * samples.u[batch] + at[1]
    if is_logistic(surface):
        said = 0.5 * (1.0 + np.tanh(0.5 * said))
    ends = view.px(np.column_stack([samples.u[batch], said]))
    begins = view.px(np.column_stack([samples.u[batch], samples.t[batch]]))
    painter.setPen(QPen(theme.bwd, 1.25))
    painter.drawLines([QLineF(*begin, *end) for begin, end in zip(begins, ends, strict=True)])


def _points(
    painter: QPainter, theme: Theme, surface: Surface, view: Viewport, batch: np.ndarray | None
) -> None:
    samples = surface.samples
    assert samples is not None
    lit = set() if batch is None else {int(one) for one in batch}
    places = view.px(np.column_stack([samples.u, samples.t]))
    logistic = is_logistic(surface)
    for k, (x, y) in enumerate(places.tolist()):
        ink = _ink(theme, logistic, float(samples.t[k]))
        on = k in lit
        color = ink if on or batch is None else draw.faded(ink, 0.45)
        outline = theme.tx if on else theme.bg0
        radius = 4.5 if on else 3.5
        if logistic and samples.t[k] == 0:
            draw.fill(painter, x - radius, y - radius, 2 * radius, 2 * radius, color)
            draw.frame(painter, x - radius, y - radius, 2 * radius, 2 * radius, outline, 1.25)
        else:
            draw.disc(painter, x, y, radius, color, outline, 1.25)


def _ink(theme: Theme, logistic: bool, t: float) -> QColor:
    return theme.tx2 if not logistic else theme.pos if t else theme.neg


def _words(
    painter: QPainter, theme: Theme, surface: Surface, view: Viewport, moment: Moment | None,
    batch: np.ndarray | None,
) -> None:  # fmt: skip
    right = view.x + view.w
    said = tr("probability of 1") if is_logistic(surface) else tr("best line dashed")
    x = 8.0
    if moment is not None:
        place = next((one for one in moment.places if one.racer.id == moment.chosen), None)
        if place is not None:
            words = place.racer.title
            if batch is not None:
                words = tr("{title}, {count} of {all} points", title=words, count=len(batch),
                           all=len(surface.samples.u) if surface.samples else 0)  # fmt: skip
            words = draw.elide(words, 11.5, right - x, 600)
            draw.text(painter, x, 16, words, 11.5, theme.tx, weight=600)
            x += draw.advance(words, 11.5, 600) + 10
    if x + draw.advance(said, 11) < right:
        draw.text(painter, right, 16, said, 11, theme.tx3, anchor="end")


def sample_at(surface: Surface, view: Viewport, at: QPointF) -> int | None:
    """Return the sample under a pixel."""
    samples = surface.samples
    assert samples is not None
    places = view.px(np.column_stack([samples.u, samples.t]))
    away = np.hypot(places[:, 0] - at.x(), places[:, 1] - at.y())
    nearest = int(away.argmin())
    return nearest if away[nearest] <= 9 else None
