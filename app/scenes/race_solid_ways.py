"""The ways of a race in three dimensions as they are seen from somewhere, and the racers at their ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from app.scenes import draw
from app.scenes.polygons import polygon
from app.scenes.race_looks import Look, paint_marker
from app.scenes.race_solid_tracks import WIDE, Runner, position_at, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenes.mesh import Mesh, Projection
    from app.theme import Theme

#: Opacity of what is hidden.
HIDDEN = 0.3
#: At so many places of a line of sight it is asked whether the surface is in the way; and for what is painted in a
#: hurry.
_LOOKS, _HURRIED = 28, 16
#: Nothing shorter than this is painted between a way's last point and its racer, in pixels.
_SHORT = 0.05


@dataclass(frozen=True, eq=False)
class Way:
    """The way of one racer.

    Attributes
    ----------
    runner
        Whose.
    points
        (n, 2) pixels, as many as its track has; NaN beside the surface and over holes.
    there, seen
        (n,) where it is on the surface, and where nothing of this stands before it.
    stretches
        First and last point of what is hidden, and of what is seen: hidden is all that begins or ends so.
    """

    runner: Runner
    points: np.ndarray
    there: np.ndarray
    seen: np.ndarray
    stretches: tuple[list[tuple[int, int]], list[tuple[int, int]]]

    def count(self, time: float) -> int:
        """Return how many of its points lie behind its racer at a time."""
        return int(np.searchsorted(self.runner.track.steps, time, side="right"))


class Standing(NamedTuple):
    """Where a racer is at a moment.

    Attributes
    ----------
    x, y
        In pixels; NaN where it never was on the surface.
    seen
        Whether nothing stands before it.
    gone
        Whether it has left the surface: then it stands where it was last.
    """

    x: float
    y: float
    seen: bool
    gone: bool


def lifted(shares: np.ndarray) -> np.ndarray:
    """Return what lies on the surface a little above it: no cell of the mesh swallows it."""
    found = shares.copy()
    found[:, 2] += 0.012
    return found


def ways_of(
    runners: Sequence[Runner], mesh: Mesh, view: Projection, *, hurried: bool = False
) -> list[Way]:
    """Return the ways of racers on a mesh as it is painted: it may have fewer points than their surface.

    In a hurry narrow ridges may hide nothing.
    """
    if not runners:
        return []
    shares = np.concatenate([one.track.shares for one in runners])
    if any(one.track.ground is not mesh for one in runners):
        shares[:, 2] = mesh.height_at(shares[:, 0], shares[:, 1])
    raised = lifted(shares)
    points = view.pixels(raised)
    there = np.isfinite(points[:, 1])
    seen = view.seen(mesh, raised, _HURRIED if hurried else _LOOKS)
    ends = np.cumsum([len(one.track.steps) for one in runners]).tolist()
    found, first = [], 0
    for one, end, stretches in zip(runners, ends, _stretches(there, seen, ends), strict=True):
        part = slice(first, first := end)
        found.append(Way(one, points[part], there[part], seen[part], stretches))
    return found


def _stretches(
    there: np.ndarray, seen: np.ndarray, ends: list[int]
) -> list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Return first and last point of what is hidden and what is seen, for ways one after the other that end there."""
    found: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]] = [([], []) for _ in ends]
    if len(seen) < 2:
        return found
    # Of each two points: 0 nothing, 1 hidden, 2 seen; 3 between two ways.
    kinds = (there[:-1] & there[1:]).astype(np.int8) + (seen[:-1] & seen[1:])
    kinds[np.array([end - 1 for end in ends[:-1]], int)] = 3
    begins = np.flatnonzero(np.diff(kinds, prepend=-1)).tolist()
    way = 0
    for first, last, kind in zip(
        begins, [*begins[1:], len(kinds)], kinds[begins].tolist(), strict=True
    ):
        if kind == 3:
            way += last - first
        elif kind:
            before = ends[way - 1] if way else 0
            found[way][kind - 1].append((first - before, last - before))
    return found


def places(runners: Sequence[Runner], mesh: Mesh, time: float) -> np.ndarray:
    """Return where all racers are at a time, (racers, 3) shares of the mesh."""
    found = [position_at(one.track.positions, time) for one in runners]
    return mesh.place(np.array(found).reshape(-1, 2))


def standings(
    runners: Sequence[Runner], mesh: Mesh, view: Projection, time: float
) -> list[Standing]:
    """Return where all racers are seen at a time."""
    found = places(runners, mesh, time)
    gone = ~np.isfinite(found).all(axis=1)
    for k in np.flatnonzero(gone).tolist():
        last, _ = where(runners[k].track, found[k], time)
        found[k] = np.nan if last is None else last
    raised = lifted(found)
    spots, seen = view.pixels(raised), view.seen(mesh, raised, _LOOKS)
    rows = zip(spots.tolist(), seen.tolist(), gone.tolist(), strict=True)
    return [Standing(x, y, clear, left) for (x, y), clear, left in rows]


def paint_way(
    painter: QPainter, theme: Theme, way: Way, first: int, last: int, *, own: bool, small: bool, joined: bool = True
) -> None:  # fmt: skip
    """Paint a way from one of its points to another.

    Parameters
    ----------
    own
        Whether its racer is looked at.
    small
        Whether the picture is a small one.
    joined
        Whether corners are round. Else each line is one by itself: that takes half the time, can hardly be told from
        round corners, and is the same in pieces.
    """
    if last <= first:
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen, faint = _pens(way.runner.look, theme, own, small, joined)
    hidden, seen = (
        [
            (max(begin, first), min(end, last))
            for begin, end in stretches
            if begin < last and end > first
        ]
        for stretches in way.stretches
    )
    for own_pen, stretches in ((faint, hidden), (pen, seen)):
        if stretches:
            painter.setPen(own_pen)
        for begin, end in stretches:
            points = way.points[begin : end + 1]
            if joined:
                painter.drawPolyline(polygon(points))
            else:
                corners = points.tolist()
                painter.drawLines([QLineF(*at, *to) for at, to in pairwise(corners)])


def paint_end(
    painter: QPainter, theme: Theme, way: Way, count: int, now: Standing, *, own: bool, small: bool
) -> None:
    """Paint a way from the last of so many points to where its racer is."""
    if not count or now.gone or not way.there[count - 1]:
        return
    x, y = way.points[count - 1].tolist()
    if abs(x - now.x) < _SHORT > abs(y - now.y):
        return
    pen, faint = _pens(way.runner.look, theme, own, small, True)
    painter.setPen(pen if now.seen and way.seen[count - 1] else faint)
    painter.drawLine(QLineF(x, y, now.x, now.y))


def paint_racers(
    painter: QPainter, theme: Theme, runners: Sequence[Runner], stand: Sequence[Standing], chosen: str, size: float
) -> None:  # fmt: skip
    """Paint the racers' markers; that which is looked at is larger."""
    for one, now in zip(runners, stand, strict=True):
        if now.x == now.x and now.y == now.y:
            painter.setOpacity(1.0 if now.seen and not now.gone else 0.5)
            paint_marker(
                painter, one.look, theme, QPointF(now.x, now.y), size + 2 * (one.id == chosen)
            )
    painter.setOpacity(1.0)


def is_small(size: tuple[float, float]) -> bool:
    """Return whether a picture of a width and a height is a small one: its lines and markers are thinner."""
    return size[0] <= WIDE


@lru_cache(maxsize=128)
def _pens(look: Look, theme: Theme, own: bool, small: bool, joined: bool) -> tuple[QPen, QPen]:
    """Return the pens for what is seen of a way and for what is hidden; callers must not change them."""
    wide = (2.2 if small else 2.75) if own else (1.5 if small else 1.75)
    caps = Qt.PenCapStyle
    pen = QPen(look.color(theme), wide)
    pen.setCapStyle(caps.RoundCap if joined else caps.SquareCap)
    faint = QPen(draw.faded(pen.color(), HIDDEN), wide)
    faint.setCapStyle(caps.FlatCap)
    for one in (pen, faint):
        one.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen, faint
