"""The ways of racers on a map: their pixels, without those that nobody could tell apart, and their strokes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw
from app.scenes.polygons import polygon
from app.scenes.race_moment import Moment, Place, points_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from app.scenes.race_map_layout import Viewport
    from app.theme import Theme

#: Points of a trail that are closer are one, in pixels.
_APART = 1.0
#: So often every second of the others is looked at, and left out if it is no farther beside the line between its
#: neighbours.
_PASSES, _BESIDE = 3, 0.06
#: Widths of a trail, of the chosen one, and how much wider the ground beneath is.
_WIDTH, _CHOSEN, _HALO = 1.75, 2.75, 2.25


@dataclass(frozen=True, eq=False)
class Trail:
    """The corners of a whole path on the screen; made once for all the moments that it is seen at.

    Attributes
    ----------
    corners
        (n, 2): its pixels without those that nobody could tell apart.
    steps
        (n,): when it is there. The first is 0, the last is that of the path.
    far
        (n,): how far along the path they are, in pixels.
    """

    corners: np.ndarray
    steps: np.ndarray
    far: np.ndarray

    def reached(self, step: float) -> int:
        """Return the last corner that the path has come to after so many steps."""
        return int(self.steps.searchsorted(step, side="right")) - 1

    def within(self, first: int, last: int, pixels: float) -> int:
        """Return the corner before `last` up to which it is about so far from the first: at least the next one."""
        if last <= first + 1:
            return last
        reached = int(self.far[first : last + 1].searchsorted(self.far[first] + pixels))
        return min(last, first + max(1, reached))

    def back(self, last: int, pixels: float) -> int:
        """Return the corner from which on it is so far to the last."""
        return int(self.far[: last + 1].searchsorted(self.far[last] - pixels))


def trails(view: Viewport, paths: Sequence[np.ndarray]) -> list[Trail]:
    """Return the trails of paths, (steps + 1, 2) each, all in one go.

    After what has no place a path stays where it was.
    """
    if not paths:
        return []
    counts = np.array([len(one) for one in paths])
    ends = np.cumsum(counts)
    first = ends - counts
    pixels = view.px(np.concatenate(paths))
    if not np.isfinite(pixels).all():
        for begin, end in zip(first, ends, strict=True):
            pixels[begin:end] = _there(pixels[begin:end])
    far = _lengths(pixels)
    bins = np.floor(far / _APART)
    fixed = np.zeros(len(pixels), bool)
    fixed[first] = fixed[ends - 1] = True
    kept = np.flatnonzero(fixed | np.r_[True, bins[1:] != bins[:-1]])
    kept = _bent(pixels, kept, fixed)
    parts = np.searchsorted(kept, ends[:-1])
    return [
        Trail(pixels[one], one - begin, far[one])
        for one, begin in zip(np.split(kept, parts), first, strict=True)
    ]


def _there(pixels: np.ndarray) -> np.ndarray:
    """Return pixels with what has no place where it was before, or will be first."""
    good = np.isfinite(pixels).all(axis=1)
    known = np.flatnonzero(good)
    first = known[0] if len(known) else 0
    found: np.ndarray = pixels[np.maximum.accumulate(np.where(good, np.arange(len(good)), first))]
    return found


def _bent(pixels: np.ndarray, steps: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Leave out steps at which a way goes straight on: every second one, so that no bend is lost bit by bit.

    Those that are `fixed`, where ways begin and end, stay.
    """
    for _ in range(_PASSES):
        if len(steps) < 3:
            break
        middle = steps[1:-1:2]
        a, b, c = pixels[steps[:-2:2]], pixels[middle], pixels[steps[2::2]]
        way, aside = c - a, b - a
        square = np.maximum((way * way).sum(axis=1), 1e-12)
        along = (way * aside).sum(axis=1)
        across = way[:, 0] * aside[:, 1] - way[:, 1] * aside[:, 0]
        straight = (across * across < _BESIDE**2 * square) & (along >= 0) & (along <= square)
        steps = np.delete(steps, 1 + 2 * np.flatnonzero(straight & ~fixed[middle]))
    return steps


def trail_of(view: Viewport, place: Place, flat: bool) -> Trail:
    """Return the trail of one racer, whether it has come to its end yet or not."""
    return trails(view, [points_of(place.path, flat)[: steps_of(place.path) + 1]])[0]


def trails_of(view: Viewport, moment: Moment) -> dict[str, Trail]:
    """Return the trails of all racers by id, whether they have come to their ends yet or not.

    Whoever is looked at: they are the same.
    """
    answer = moment.answer
    paths = [points_of(one, moment.flat)[: steps_of(one) + 1] for one in answer.paths]
    names = [one.id for one in answer.race.racers]
    return dict(zip(names, trails(view, paths), strict=False))


def _lengths(places: np.ndarray) -> np.ndarray:
    """How far along the line each of its pixels is, (n,)."""
    return np.r_[0.0, np.cumsum(np.hypot(*np.diff(places, axis=0).T))]


class Piece:
    """A piece of a trail as it is painted.

    Parameters
    ----------
    places
        (n, 2) pixels.
    """

    def __init__(self, places: np.ndarray) -> None:
        self.places = places

    @cached_property
    def lines(self) -> list[QLineF]:
        """From place to place."""
        corners = self.places.tolist()
        return [QLineF(ax, ay, bx, by) for (ax, ay), (bx, by) in pairwise(corners)]


def paint_ground(painter: QPainter, theme: Theme, piece: Piece, chosen: bool) -> None:
    """Paint what makes a trail stand out, beneath it."""
    _draw(painter, _ground(theme.bg0.rgb(), _CHOSEN if chosen else _WIDTH), piece)


def paint_line(painter: QPainter, color: QColor, piece: Piece, chosen: bool) -> None:
    """Paint a trail."""
    _draw(painter, _pen(color.rgb(), _CHOSEN if chosen else _WIDTH), piece)


def stroke(
    painter: QPainter, theme: Theme, color: QColor, places: np.ndarray, chosen: bool
) -> None:
    """Paint a whole trail with its ground: (n, 2) pixels."""
    piece = Piece(places)
    paint_ground(painter, theme, piece, chosen)
    paint_line(painter, color, piece, chosen)


def _draw(painter: QPainter, pen: QPen, piece: Piece) -> None:
    if len(piece.places) < 2:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    if draw.is_vector(painter):
        painter.drawPolyline(polygon(piece.places))
        return
    # Line by line: a third of the time of one stroke with joints. With square ends it looks the same, however
    # much of it is painted at once.
    painter.drawLines(piece.lines)


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
    known = trails_of(view, moment)
    for place in moment.places:
        whole = known[place.racer.id]
        way = whole.corners[: whole.reached(moment.time) + 1]
        chosen = place.racer.id == moment.chosen
        found.append((place, Piece(np.r_[way, view.px(np.array([place.at]))]), chosen))
    for top in (False, True):
        layer = [one for one in found if one[2] == top]
        for _, piece, chosen in layer:
            paint_ground(painter, theme, piece, chosen)
        for place, piece, chosen in layer:
            paint_line(painter, place.look.color(theme), piece, chosen)


def paint_tail(
    painter: QPainter, theme: Theme, view: Viewport, place: Place, corner: np.ndarray, chosen: bool
) -> None:
    """Paint the way of one racer from a corner (2,) of its trail to where it is."""
    painter.setPen(_pen(place.look.color(theme).rgb(), _CHOSEN if chosen else _WIDTH))
    painter.drawLine(QPointF(*corner.tolist()), view.point(*place.at))
