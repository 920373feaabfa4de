"""A race in three dimensions: the surface as a mesh, the paths and the racers on it; what hides behind it is dimmer.

Here it is painted at once, as films have it, and the same whatever was painted before. The window keeps what stays from
moment to moment (`app.optimizers.kept_solid`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.scenes import draw, mesh_paint, series
from app.scenes.mesh import Mesh, Projection, coarse, mesh_of
from app.scenes.race_solid_tracks import WIDE, Runner, runners, tracks
from app.scenes.race_solid_ways import (
    HIDDEN,
    is_small,
    lifted,
    paint_end,
    paint_racers,
    paint_way,
    standings,
    ways_of,
)
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.engine.questions.racing import RaceAnswer, SurfaceGrid
    from app.theme import Theme

__all__ = [
    "ASKED", "LARGE", "SMALL", "WIDE", "Runner", "Setting", "ground_of", "heights_words", "is_log", "lowest_of",
    "marker_size", "paint_solid", "runners", "setting_of", "tracks",
]  # fmt: skip

#: Points of the mesh across and down: of a small picture, and of a large one.
SMALL, LARGE = (40, 30), (53, 40)
#: How finely the engine is asked for a surface: columns and rows.
ASKED = (121, 91)


@dataclass(frozen=True)
class Setting:
    """What does not move in a race: equal ones make one picture.

    Attributes
    ----------
    mesh
        The surface as it is painted.
    view
        From where it is seen, into the rectangle (0, 0, width, height).
    size
        Width and height.
    marks
        Minima.
    axes
        Names of the axes; without them there is no frame below the surface.
    """

    mesh: Mesh
    view: Projection
    size: tuple[float, float]
    marks: tuple[tuple[float, float], ...] = ()
    axes: tuple[str, ...] = ()

    def paint(self, painter: QPainter, theme: Theme) -> None:
        """Paint the frame, the surface and its minima."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        if self.axes:
            _paint_frame(painter, theme, self.mesh, self.view, self.axes)
        mesh_paint.paint_mesh(painter, self.mesh, theme, self.view)
        _paint_minima(painter, theme, self.mesh, self.view, self.marks)


def setting_of(
    ground: Mesh,
    view: Projection,
    size: tuple[float, float],
    marks: Sequence[tuple[float, float]] = (),
    axes: tuple[str, ...] = (),
) -> Setting:
    """Return a surface with as many points as a picture of a size shows."""
    mesh = coarse(ground, *(SMALL if is_small(size) else LARGE))
    return Setting(mesh, view, size, tuple((float(x), float(y)) for x, y in marks), axes)


def marker_size(size: tuple[float, float]) -> float:
    """Return how wide a racer's marker is in a picture of a size."""
    return 9.0 if is_small(size) else 12.0


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
    setting = setting_of(ground, view, (width, height), marks, axes)
    ordered = sorted(runners, key=lambda one: one.id == chosen)
    painter.save()
    painter.setClipRect(QRectF(left, top, width, height), Qt.ClipOperation.IntersectClip)
    painter.translate(left, top)
    setting.paint(painter, theme)
    ways = ways_of(ordered, setting.mesh, view)
    stand = standings(ordered, setting.mesh, view, time)
    small = is_small(setting.size)
    for way, now in zip(ways, stand, strict=True):
        count, own = way.count(time), way.runner.id == chosen
        paint_way(painter, theme, way, 0, count - 1, own=own, small=small)
        paint_end(painter, theme, way, count, now, own=own, small=small)
    paint_racers(painter, theme, ordered, stand, chosen, marker_size(setting.size))
    painter.restore()


def _paint_minima(
    painter: QPainter, theme: Theme, mesh: Mesh, view: Projection, minima: Sequence[tuple[float, float]]
) -> None:  # fmt: skip
    if not len(minima):
        return
    raised = lifted(mesh.place(np.asarray(minima, float).reshape(-1, 2)))
    for (x, y), seen in zip(view.pixels(raised).tolist(), view.seen(mesh, raised), strict=True):
        if np.isfinite(x) and np.isfinite(y):
            color = theme.tx if seen else draw.faded(theme.tx, HIDDEN)
            draw.line(painter, x - 5, y, x + 5, y, color, 1.5)
            draw.line(painter, x, y - 5, x, y + 5, color, 1.5)


def _paint_frame(
    painter: QPainter, theme: Theme, ground: Mesh, view: Projection, axes: tuple[str, ...]
) -> None:
    """Paint the ground's edges, and numbers along the two in front."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    painter.setPen(QPen(theme.line2, 1))
    # Line by line: on a fine screen an outline of all four takes twenty times as long.
    spots = [QPointF(x, y) for x, y in view.pixels(corners).tolist()]
    painter.drawLines([QLineF(a, b) for a, b in zip(spots, spots[1:] + spots[:1], strict=True)])
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
