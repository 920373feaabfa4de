"""The ways of racers on a map: their pixels, without those that nobody could tell apart, and their strokes."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
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


class Trail:
    """The corners of a whole path on the screen; made once for all the moments that it is seen at.

    Parameters
    ----------
    view
        From places to pixels.
    points
        (steps + 1, 2): where the path leads; after what has no place it stays where it was.

    Attributes
    ----------
    corners
        (n, 2): its pixels without those that nobody could tell apart.
    steps
        (n,): when it is there. The first is 0, the last is that of the path.
    """

    def __init__(self, view: Viewport, points: np.ndarray) -> None:
        pixels = view.px(points)
        good = np.isfinite(pixels).all(axis=1)
        if not good.all():
            known = np.flatnonzero(good)
            first = known[0] if len(known) else 0
            pixels = pixels[np.maximum.accumulate(np.where(good, np.arange(len(good)), first))]
        bins = np.floor(_lengths(pixels) / _APART)
        kept = np.r_[True, bins[1:] != bins[:-1]]
        kept[-1] = True
        self.steps = np.flatnonzero(kept)
        self.corners = pixels[self.steps]
        self._far = _lengths(self.corners)

    def reached(self, step: float) -> int:
        """Return the last corner that the path has come to after so many steps."""
        return int(np.searchsorted(self.steps, step, side="right")) - 1

    def within(self, first: int, last: int, pixels: float) -> int:
        """Return the corner before `last` up to which it is about so far from the first: at least the next one."""
        if last <= first + 1:
            return last
        reached = int(np.searchsorted(self._far[first : last + 1], self._far[first] + pixels))
        return min(last, first + max(1, reached))

    def back(self, last: int, pixels: float) -> int:
        """Return the corner from which on it is so far to the last."""
        return int(np.searchsorted(self._far[: last + 1], self._far[last] - pixels))


def trail_of(view: Viewport, place: Place, flat: bool) -> Trail:
    """Return the trail of a racer, whether it has come to its end yet or not."""
    return Trail(view, points_of(place.path, flat)[: steps_of(place.path) + 1])


def _lengths(places: np.ndarray) -> np.ndarray:
    """How far along the line each of its pixels is, (n,)."""
    return np.r_[0.0, np.cumsum(np.hypot(*np.diff(places, axis=0).T))]


def paint_ground(painter: QPainter, theme: Theme, places: np.ndarray, chosen: bool) -> None:
    """Paint what makes a trail stand out, beneath it: (n, 2) pixels."""
    _draw(painter, _ground(theme.bg0.rgb(), _CHOSEN if chosen else _WIDTH), places)


def paint_line(painter: QPainter, color: QColor, places: np.ndarray, chosen: bool) -> None:
    """Paint a trail: (n, 2) pixels."""
    _draw(painter, _pen(color.rgb(), _CHOSEN if chosen else _WIDTH), places)


def stroke(
    painter: QPainter, theme: Theme, color: QColor, places: np.ndarray, chosen: bool
) -> None:
    """Paint a whole trail with its ground: (n, 2) pixels."""
    paint_ground(painter, theme, places, chosen)
    paint_line(painter, color, places, chosen)


def _draw(painter: QPainter, pen: QPen, places: np.ndarray) -> None:
    if len(places) < 2:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    if draw.is_vector(painter):
        painter.drawPolyline(polygon(places))
        return
    # Line by line: a third of the time of one stroke with joints. With square ends it looks the same, however
    # much of it is painted at once.
    corners = places.tolist()
    painter.drawLines([QLineF(ax, ay, bx, by) for (ax, ay), (bx, by) in pairwise(corners)])


@lru_cache(maxsize=16)
def _ground(rgb: int, width: float) -> QPen:
    pen = QPen(draw.faded(QColor.fromRgb(rgb), 0.5), width + _HALO)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


@lru_cache(maxsize=256)
def _pen(rgb: int, width: float) -> QPen:
    pen = QPen(QColor.fromRgb(rgb), width)
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def paint_trails(painter: QPainter, theme: Theme, view: Viewport, moment: Moment) -> None:
    """Paint the whole way of everybody up to now, with the chosen one over the others."""
    found = []
    for place in moment.places:
        whole = trail_of(view, place, moment.flat)
        way = whole.corners[: whole.reached(moment.time) + 1]
        chosen = place.racer.id == moment.chosen
        found.append((place, np.r_[way, view.px(np.array([place.at]))], chosen))
    for top in (False, True):
        layer = [one for one in found if one[2] == top]
        for _, way, chosen in layer:
            paint_ground(painter, theme, way, chosen)
        for place, way, chosen in layer:
            paint_line(painter, place.look.color(theme), way, chosen)


def paint_tail(
    painter: QPainter, theme: Theme, view: Viewport, place: Place, corner: np.ndarray, chosen: bool
) -> None:
    """Paint the way of one racer from a corner (2,) of its trail to where it is."""
    painter.setPen(_pen(place.look.color(theme).rgb(), _CHOSEN if chosen else _WIDTH))
    painter.drawLine(QPointF(*corner.tolist()), view.point(*place.at))
