"""A race in three dimensions: the surface as a mesh, the paths and the racers on it; what hides behind it is dimmer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, mesh_paint, series
from app.scenes.cache import Cache
from app.scenes.mesh import Mesh, Projection, coarse, mesh_of
from app.scenes.polygons import polygon
from app.scenes.race_looks import Look, looks, paint_marker
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.engine.questions.racing import RaceAnswer, SurfaceGrid
    from app.theme import Theme

#: Points of the mesh across and down: of a small picture, and of a large one (wider than so many pixels).
SMALL, LARGE, WIDE = (40, 30), (53, 40), 420
#: How finely the engine is asked for a surface: columns and rows.
ASKED = (121, 91)
#: Most points of all paths together, of one, and of all in a small picture.
_MOST, _ONE, _FEW = 1300, 500, 480
#: A race is so many blocks: a picture of the ways is kept at the beginning of each.
_BLOCKS = 24
#: A path is thinned to places that differ by this share of the picture.
_CELLS = 256
#: Stretches longer than this share of the picture are cut, which makes a path so many times as many points at most.
_PIECE, _FINER = 1 / 40, 2
_HIDDEN = 0.3
#: At so many places of a line of sight it is asked whether the surface is in the way.
_LOOKS = 28

_seen, _pictures, _grounds = Cache(8), Cache(6), Cache(4)
#: What was painted last, by each thread.
_painted = Cache(1)


@dataclass(frozen=True, eq=False)
class Track:
    """A path on a surface, with as many points as are seen.

    Attributes
    ----------
    steps
        (n,) when the racer was there, in steps.
    shares
        (n, 3): places by width, depth and height of the surface; NaN beside it and over holes.
    positions
        (steps + 1, 2): the whole path.
    """

    steps: np.ndarray
    shares: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class Runner:
    """What is shown of one racer. Equal ones make one picture."""

    id: str
    look: Look
    track: Track


def runners(answer: RaceAnswer, ground: Mesh, width: float) -> list[Runner]:
    """Return the racers of a race on its surface, for a picture so many pixels wide."""
    known = looks(answer.race)
    found = tracks(ground, [path.positions for path in answer.paths], width)
    pairs = zip(answer.race.racers, found, strict=False)
    return [Runner(one.id, known[one.id], track) for one, track in pairs]


def position_at(positions: np.ndarray, time: float) -> np.ndarray:
    """Return the position (2,) at a time in steps; NaN where it is gone."""
    k = int(min(max(time, 0), len(positions) - 1))
    share = time - k
    if share <= 0 or k + 1 >= len(positions):
        return np.asarray(positions[k], float)
    found: np.ndarray = positions[k] * (1 - share) + positions[k + 1] * share
    return found


def is_log(surface_log: bool, heights: str) -> bool:
    """Return whether heights are logarithms: as the surface has it, or as is chosen ("log", "plain")."""
    return surface_log if heights == "auto" else heights == "log"


@lru_cache(maxsize=8)
def ground_of(grid: SurfaceGrid, log: bool, lowest: float | None) -> Mesh:
    """Return the surface's heights; the same object for the same grid."""
    return mesh_of(grid.values, grid.across, grid.down, log=log, lowest=lowest)


def lowest_of(answer: RaceAnswer) -> float | None:
    """Return the surface's lowest value, where it is known."""
    return answer.lowest if math.isfinite(answer.lowest) else None


def heights_words(ground: Mesh | None, log: bool) -> str:
    """Return what the heights are."""
    if not log:
        return tr("f")
    return tr("log f") if ground is None or abs(ground.ends[0]) < 1e-9 else tr("log (f − min)")


def tracks(ground: Mesh, paths: Sequence[np.ndarray], width: float) -> list[Track]:
    """Return paths, (steps + 1, 2) each, on a surface, for a picture so many pixels wide."""
    most = min(_ONE, (_MOST if width > WIDE else _FEW) // max(1, len(paths)))
    return [_track(ground, _Held(path), most) for path in paths]


class _Held:
    """An array by identity, so that what is made of it can be kept."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __hash__(self) -> int:
        return id(self.array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.array is self.array


@lru_cache(maxsize=64)
def _track(ground: Mesh, held: _Held, most: int) -> Track:
    positions = held.array
    (x0, x1), (y0, y1) = ground.across, ground.down
    unit = np.array([x1 - x0, y1 - y0])
    kept = thinned((positions - (x0, y0)) / unit, most)
    steps, places = draped(kept.astype(float), positions[kept], unit, most)
    return Track(steps, ground.place(places), positions)


def draped(
    steps: np.ndarray, places: np.ndarray, unit: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) and places (n, 2) with more of them on long stretches, so that these lie on the surface.

    A stretch is cut where it is longer than a piece of the `unit`'s length, as far as there are not too many.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(np.diff(places, axis=0) / unit).max(axis=1, initial=0.0)
    # What goes far out of the picture is not seen there.
    far = np.clip(np.nan_to_num(far, nan=0.0), 0.0, 2.0)
    pieces = np.clip(np.ceil(far / _PIECE), 1, max(1, _FINER * most // max(1, len(steps)))).astype(
        int
    )
    before = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(before)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[
        before
    ]
    times = np.append(steps[before] + np.diff(steps)[before] * share, steps[-1:])
    found = places[before] + np.diff(places, axis=0)[before] * share[:, None]
    return times, np.concatenate([found, places[-1:]])


def thinned(shares: np.ndarray, most: int) -> np.ndarray:
    """Return which points (n, 2) of a path tell it, in order: no two at one place, at most about `most`."""
    with np.errstate(invalid="ignore", over="ignore"):
        cells = np.clip(np.nan_to_num(shares, nan=-1.0), -1, 2) * _CELLS
    cells = cells.astype(int)
    moved = np.any(np.diff(cells, axis=0) != 0, axis=1)
    kept = np.flatnonzero(np.concatenate(([True], moved)))
    if len(kept) > most:
        # Of each stretch what is farthest out on all four sides, so that zigzags stay as wide as they are.
        stretches = np.array_split(kept, max(1, most // 4))
        chosen = [
            part[[func(cells[part, axis]) for func in (np.argmin, np.argmax) for axis in (0, 1)]]
            for part in stretches
            if len(part)
        ]
        kept = np.unique(np.concatenate([[0], *chosen]))
    last = np.flatnonzero(np.isfinite(shares).all(axis=1))
    end = int(last[-1]) if len(last) else 0
    return np.unique(np.append(kept[kept <= end], end))


def paint_solid(
    painter: QPainter,
    theme: Theme,
    box: tuple[float, float, float, float],
    ground: Mesh,
    runners: Sequence[Runner],
    time: float,
    chosen: str,
    view: Projection,
    *,
    marks: Sequence[tuple[float, float]] = (),
    axes: tuple[str, ...] = (),
) -> None:
    """Paint a race into a rectangle.

    Parameters
    ----------
    box
        Left, top, width, height; what is seen is cut off at its edges.
    runners
        The racers; the chosen one is painted last.
    time
        Where the race stands, in steps.
    view
        From where it is seen, into the rectangle (0, 0, width, height).
    marks
        Minima.
    axes
        Names of the axes; without them there is no frame below the surface.
    """
    left, top, width, height = box
    small = width <= WIDE
    mesh = coarse(ground, *(SMALL if small else LARGE))
    ordered = tuple(sorted(runners, key=lambda one: one.id == chosen))
    still = _Still(
        theme,
        mesh,
        view,
        (width, height),
        tuple((float(x), float(y)) for x, y in marks),
        axes,
        ordered,
        chosen,
    )
    painter.save()
    painter.setClipRect(QRectF(left, top, width, height), Qt.ClipOperation.IntersectClip)
    painter.translate(left, top)
    if draw.is_vector(painter):
        still.paint_ground(painter)
        still.paint_ways(painter, 0.0, time)
    else:
        total = max((len(one.track.positions) - 1 for one in ordered), default=1)
        block = int(min(max(time / max(1, total), 0.0), 1.0) * _BLOCKS)
        since = block * total / _BLOCKS
        scale = draw.scale_of(painter)
        if still != _painted.known(0):
            # Seen from here for the first time: while it is turned, no picture of the ways would be used again.
            draw.blit(painter, 0, 0, still.ground(scale))
            since = 0.0
        else:
            draw.blit(painter, 0, 0, still.picture(block, since, scale))
        _painted.clear()
        _painted.get(0, lambda: still)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        still.paint_ways(painter, since, time)
    _paint_racers(painter, theme, ordered, mesh, view, time, chosen, 9.0 if small else 12.0)
    painter.restore()


@dataclass(frozen=True)
class _Still:
    """What stays from frame to frame: the ground, and the ways up to a time. Equal ones make one picture."""

    theme: Theme
    mesh: Mesh
    view: Projection
    size: tuple[float, float]
    marks: tuple[tuple[float, float], ...]
    axes: tuple[str, ...]
    ordered: tuple[Runner, ...]
    chosen: str

    def picture(self, block: int, time: float, scale: float) -> QImage:
        """Return the ground with the ways so far; of the next block only what is new is painted."""

        def make() -> QImage:
            before = _pictures.known((self, block - 1, scale)) if block else None
            image = QImage(before if before is not None else self.ground(scale))
            with draw.painting(image, self.size) as painter:
                since = (block - 1) / block * time if before is not None else 0.0
                self.paint_ways(painter, since, time)
            return image

        found: QImage = _pictures.get((self, block, scale), make)
        return found

    def ground(self, scale: float) -> QImage:
        """Return the ground without ways."""

        def make() -> QImage:
            image = draw.canvas(*self.size, scale, None)
            with draw.painting(image, self.size) as painter:
                self.paint_ground(painter)
            return image

        key = (self.theme.name, self.mesh, self.view, self.size, self.marks, self.axes, scale)
        found: QImage = _grounds.get(key, make)
        return found

    def paint_ground(self, painter: QPainter) -> None:
        """Paint the frame, the surface and its minima."""
        if self.axes:
            _paint_frame(painter, self.theme, self.mesh, self.view, self.axes)
        mesh_paint.paint_mesh(painter, self.mesh, self.theme, self.view)
        _paint_minima(painter, self.theme, self.mesh, self.view, self.marks)

    def paint_ways(self, painter: QPainter, since: float, time: float) -> None:
        """Paint where all have been between two times."""
        if time <= since:
            return
        small = self.size[0] <= WIDE
        ends = [
            self.view.pixels(_lifted(_places(self.ordered, self.mesh, at))) for at in (since, time)
        ]
        ways = _ways(tuple(one.track for one in self.ordered), self.mesh, self.view)
        for one, begin, end, (points, seen) in zip(self.ordered, *ends, ways, strict=True):
            own = one.id == self.chosen
            pen = QPen(
                _color(one.look, self.theme),
                (2.2 if small else 2.75) if own else (1.5 if small else 1.75),
            )
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            _paint_way(painter, pen, one.track.steps, (since, time), (begin, points, end), seen)


def _lifted(shares: np.ndarray) -> np.ndarray:
    """What lies on the surface, a little above it: no cell of the mesh swallows it."""
    found = shares.copy()
    found[:, 2] += 0.012
    return found


def _places(runners: Sequence[Runner], mesh: Mesh, time: float) -> np.ndarray:
    """Return where all racers are at a time, (racers, 3)."""
    found = [position_at(one.track.positions, time) for one in runners]
    return mesh.place(np.array(found).reshape(-1, 2))


@lru_cache(maxsize=64)
def _color(look: Look, theme: Theme) -> QColor:
    return look.color(theme)


def _ways(
    known: tuple[Track, ...], mesh: Mesh, view: Projection
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return of each path its pixels and which of them are seen."""

    def make() -> list[tuple[np.ndarray, np.ndarray]]:
        if not known:
            return []
        # On the mesh as it is painted: it has fewer points than the surface is known at.
        shares = np.concatenate([one.shares for one in known])
        shares[:, 2] = mesh.height_at(shares[:, 0], shares[:, 1])
        raised = _lifted(shares)
        ends = np.cumsum([len(one.steps) for one in known])[:-1]
        points, seen = view.pixels(raised), view.seen(mesh, raised, _LOOKS)
        return list(zip(np.split(points, ends), np.split(seen, ends), strict=True))

    found: list[tuple[np.ndarray, np.ndarray]] = _seen.get((known, mesh, view), make)
    return found


def _paint_way(
    painter: QPainter, pen: QPen, steps: np.ndarray, times: tuple[float, float],
    parts: tuple[np.ndarray, np.ndarray, np.ndarray], seen: np.ndarray,
) -> None:  # fmt: skip
    """Paint a path between two times; `parts` are its pixels at the first, at all of its steps, and at the last."""
    first, last = np.searchsorted(steps, times, side="right").tolist()
    begin, points, end = parts
    points = np.concatenate([begin[None], points[first:last], end[None]])
    before, after = max(0, first - 1), max(0, last - 1)
    seen = np.concatenate([seen[before : before + 1], seen[first:last], seen[after : after + 1]])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    there = np.isfinite(points[:, 1])
    if there.all() and seen.all():
        painter.setPen(pen)
        painter.drawPolyline(polygon(points))
        return
    hidden = there & ~seen
    if hidden.any():
        faint = QPen(pen)
        faint.setColor(draw.faded(pen.color(), _HIDDEN))
        faint.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(faint)
        for a, b in _runs(hidden):
            # Hidden stretches reach to the seen ones beside them, so that there are no gaps.
            a -= bool(a and there[a - 1])
            b += bool(b < len(there) and there[b])
            if b - a > 1:
                painter.drawPolyline(polygon(points[a:b]))
    painter.setPen(pen)
    for a, b in _runs(there & seen):
        if b - a > 1:
            painter.drawPolyline(polygon(points[a:b]))


def _runs(which: np.ndarray) -> list[tuple[int, int]]:
    """Return first and one past last of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], which.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _paint_racers(
    painter: QPainter, theme: Theme, ordered: Sequence[Runner], mesh: Mesh, view: Projection, time: float,
    chosen: str, size: float,
) -> None:  # fmt: skip
    now = _places(ordered, mesh, time)
    found = [(one, *where(one.track, place, time)) for one, place in zip(ordered, now, strict=True)]
    there = [(one, place, gone) for one, place, gone in found if place is not None]
    if not there:
        return
    raised = _lifted(np.array([place for _, place, _ in there]))
    spots, seen = view.pixels(raised).tolist(), view.seen(mesh, raised, _LOOKS)
    for (one, _, gone), (x, y), clear in zip(there, spots, seen, strict=True):
        painter.setOpacity(1.0 if clear and not gone else 0.5)
        own = one.id == chosen
        paint_marker(painter, one.look, theme, QPointF(x, y), size + 2 * own)
    painter.setOpacity(1.0)


def where(track: Track, now: np.ndarray, time: float) -> tuple[np.ndarray | None, bool]:
    """Return where a racer is painted that is at `now`, and whether it is out of sight: then it is where it was last.

    None where it was never on the surface.
    """
    if np.isfinite(now).all():
        return now, False
    count = int(np.searchsorted(track.steps, time, side="right"))
    before = np.flatnonzero(np.isfinite(track.shares[:count]).all(axis=1))
    return (None, True) if not len(before) else (track.shares[before[-1]], True)


def _paint_minima(
    painter: QPainter, theme: Theme, mesh: Mesh, view: Projection, minima: Sequence[tuple[float, float]]
) -> None:  # fmt: skip
    if not len(minima):
        return
    raised = _lifted(mesh.place(np.asarray(minima, float).reshape(-1, 2)))
    for (x, y), seen in zip(view.pixels(raised).tolist(), view.seen(mesh, raised), strict=True):
        if np.isfinite(x) and np.isfinite(y):
            color = theme.tx if seen else draw.faded(theme.tx, _HIDDEN)
            draw.line(painter, x - 5, y, x + 5, y, color, 1.5)
            draw.line(painter, x, y - 5, x, y + 5, color, 1.5)


def _paint_frame(
    painter: QPainter, theme: Theme, ground: Mesh, view: Projection, axes: tuple[str, ...]
) -> None:
    """Paint the ground's edges, and numbers along the two in front."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    painter.setPen(QPen(theme.line2, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(polygon(view.pixels(corners)))
    for axis, ends in enumerate((ground.across, ground.down)[: len(axes)]):
        _paint_axis(painter, theme, view, axis, ends, axes[axis])


def _paint_axis(
    painter: QPainter, theme: Theme, view: Projection, axis: int, ends: tuple[float, float], name: str
) -> None:  # fmt: skip
    def line(other: float, shares: Sequence[float]) -> np.ndarray:
        places = np.zeros((len(shares), 3))
        places[:, axis], places[:, 1 - axis] = shares, other
        return view.pixels(places)

    middles = [line(other, [0.5])[0] for other in (0.0, 1.0)]
    # The edge that is lower on the screen is nearer.
    front = float(int(middles[1][1] > middles[0][1]))
    away = middles[int(front)] - middles[1 - int(front)]
    away /= max(float(np.hypot(*away)), 1e-9)
    edge = line(front, [0.0, 1.0])
    if float(np.hypot(*(edge[1] - edge[0]))) < 60:
        return
    values = series.ticks(ends[0], ends[1], 4)
    apart = values[1] - values[0] if len(values) > 1 else 1.0
    digits = max(0, min(6, -math.floor(math.log10(apart) + 1e-9)))
    spots = line(front, [(value - ends[0]) / (ends[1] - ends[0]) for value in values])
    for value, (x, y) in zip(values, spots.tolist(), strict=True):
        draw.line(painter, x, y, x + 5 * away[0], y + 5 * away[1], theme.tx3)
        draw.text(
            painter, x + 15 * away[0], y + 15 * away[1] + 4, draw.plain(float(value), digits), 10, theme.tx3,
            mono=True, anchor="middle",
        )  # fmt: skip
    x, y = (line(front, [0.5])[0] + 34 * away).tolist()
    draw.text(painter, x, y + 4, name, 11.5, theme.tx2, anchor="middle")
