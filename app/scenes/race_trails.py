"""The ways of racers on a map: their pixels, without those that nobody could tell apart, and their strokes."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw
from app.scenes.polygons import polygon
from app.scenes.race_moment import Moment, Place, points_of, steps_of

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.race_map_layout import Viewport
    from app.theme import Theme

#: Points of a trail that are closer are one, in pixels.
_APART = 0.75
#: Widths of a trail, of the chosen one, and how much wider the ground beneath is.
_WIDTH, _CHOSEN, _HALO = 1.75, 2.75, 2.25
#: So few points are all painted.
_FEW = 4


class Trail:
    """The pixels of a whole path; made once for all the moments that it is seen at.

    Parameters
    ----------
    view
        From places to pixels.
    points
        (steps + 1, 2): where the path leads; after what has no place it stays where it was.

    Attributes
    ----------
    pixels
        (steps + 1, 2).
    far
        (steps + 1,): how far along the path each of them is, in pixels.
    """

    def __init__(self, view: Viewport, points: np.ndarray) -> None:
        pixels = view.px(points)
        good = np.isfinite(pixels).all(axis=1)
        if not good.all():
            known = np.flatnonzero(good)
            first = known[0] if len(known) else 0
            pixels = pixels[np.maximum.accumulate(np.where(good, np.arange(len(good)), first))]
        self.pixels = pixels
        self.far = lengths(pixels)
        self._kept = _needed(pixels, self.far)

    def piece(self, first: int, last: int) -> np.ndarray:
        """Return the pixels (n, 2) from one step to another that are needed for the line to look the same."""
        found = self.pixels[first : last + 1]
        if len(found) <= _FEW:
            return found
        kept = self._kept[first : last + 1].copy()
        kept[[0, -1]] = True
        return found[kept]

    def within(self, first: int, last: int, pixels: float) -> int:
        """Return the step before `last` up to which it is about so far from the first: one step at least."""
        if last <= first + 1:
            return last
        reached = int(np.searchsorted(self.far[first : last + 1], self.far[first] + pixels))
        return min(last, first + max(1, reached))

    def back(self, last: int, pixels: float) -> int:
        """Return the step from which on it is so far to the last."""
        return int(np.searchsorted(self.far[: last + 1], self.far[last] - pixels))


def _needed(pixels: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Which pixels (n,) of a line are needed for it to look the same."""
    bins = np.floor(far / _APART)
    return np.r_[True, bins[1:] != bins[:-1]]


def trail_of(view: Viewport, place: Place, flat: bool) -> Trail:
    """Return the trail of a racer, whether it has come to its end yet or not."""
    return Trail(view, points_of(place.path, flat)[: steps_of(place.path) + 1])


def lengths(places: np.ndarray) -> np.ndarray:
    """How far along the line each of its pixels is, (n,)."""
    return np.r_[0.0, np.cumsum(np.hypot(*np.diff(places, axis=0).T))]


def stroke(
    painter: QPainter, theme: Theme, color: QColor, places: np.ndarray, again: int, chosen: bool
) -> None:
    """Paint a piece of a trail: its ground, and then it and the `again` places before, which the ground may touch."""
    if len(places) < 2:
        return
    width = _CHOSEN if chosen else _WIDTH
    under, over = _ground(theme.bg0.rgb(), width), _pen(color.rgb(), width)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if draw.is_vector(painter):
        for pen, line in ((under, places[again:]), (over, places)):
            painter.setPen(pen)
            painter.drawPolyline(polygon(line))
        return
    # Line by line: a third of the time of one stroke with joints, and with square ends it looks the same.
    corners = places.tolist()
    lines = [QLineF(ax, ay, bx, by) for (ax, ay), (bx, by) in pairwise(corners)]
    painter.setPen(under)
    painter.drawLines(lines[again:])
    painter.setPen(over)
    painter.drawLines(lines)


@lru_cache(maxsize=16)
def _ground(rgb: int, width: float) -> QPen:
    pen = QPen(draw.faded(QColor.fromRgb(rgb), 0.5), width + _HALO)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@lru_cache(maxsize=256)
def _pen(rgb: int, width: float) -> QPen:
    pen = QPen(QColor.fromRgb(rgb), width)
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def paint_trails(painter: QPainter, theme: Theme, view: Viewport, moment: Moment) -> None:
    """Paint the whole way of everybody up to now."""
    for place in moment.places:
        paint_trail(painter, theme, view, moment, place, trail_of(view, place, moment.flat))


def paint_trail(
    painter: QPainter, theme: Theme, view: Viewport, moment: Moment, place: Place, whole: Trail, first: int = 0
) -> None:  # fmt: skip
    """Paint the way of one racer up to now, from one of its places on."""
    last = min(int(moment.time), len(whole.pixels) - 1)
    now = view.px(np.array([place.at]))
    way = np.r_[whole.piece(min(first, last), last), now]
    chosen = place.racer.id == moment.chosen
    stroke(painter, theme, place.look.color(theme), way, 0, chosen)


def paint_tail(
    painter: QPainter, theme: Theme, view: Viewport, moment: Moment, place: Place
) -> None:
    """Paint the way of one racer from its last whole step to where it is."""
    last = min(int(moment.time), steps_of(place.path))
    row = place.path.positions[last]
    begin = view.point(float(row[0]), float(place.path.losses[last] if moment.flat else row[1]))
    chosen = place.racer.id == moment.chosen
    painter.setPen(_pen(place.look.color(theme).rgb(), _CHOSEN if chosen else _WIDTH))
    painter.drawLine(begin, view.point(*place.at))
