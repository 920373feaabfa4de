"""A surface in three dimensions: heights over a square, and how they are seen from a place above it.

The eye is far away, so that no line of sight differs from another: what is upright stays upright, and how far to the
right something is seen does not depend on its height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

#: Depth and height of the block, its width being 1.
DEPTH, HEIGHT = 0.85, 0.62
#: The usual view, in radians: from a corner, and not too flat for valleys to be seen.
TURN, TILT = -0.62, 0.85
#: Between these the eye can rise, and so near it can come.
TILTS, ZOOMS = (0.15, 1.5), (0.5, 4.0)
#: Heights are told apart down to this share of their range where the scale is logarithmic.
_FINEST = 4e-4
#: Of heights that outgrow the rest so far only the foot is shown.
_TALL = 4.0


@dataclass(frozen=True, eq=False)
class Mesh:
    """Heights to be seen. Two are equal only if they are one.

    Attributes
    ----------
    heights
        (rows, columns) from 0 to 1, row 0 at the first y; NaN in holes.
    across, down
        First and last x, first and last y.
    log
        Whether the heights are logarithms.
    ends
        The values that are seen at the heights 0 and 1.
    """

    heights: np.ndarray
    across: tuple[float, float]
    down: tuple[float, float]
    log: bool
    ends: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.heights.shape[0], self.heights.shape[1]

    def place(self, points: np.ndarray) -> np.ndarray:
        """Return points (n, 2) of the plane as shares (n, 3) of width, depth and height: on the surface.

        The height is NaN over holes and beside the surface.
        """
        (x0, x1), (y0, y1) = self.across, self.down
        with np.errstate(invalid="ignore", over="ignore"):
            u = (points[:, 0] - x0) / (x1 - x0)
            v = (points[:, 1] - y0) / (y1 - y0)
        return np.stack([u, v, self.height_at(u, v)], axis=1)

    def height_at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the heights at shares of width and depth, between four corners each; NaN where there are none."""
        rows, columns = self.shape
        inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        x = np.where(inside, u, 0.0) * (columns - 1)
        y = np.where(inside, v, 0.0) * (rows - 1)
        i = np.minimum(x.astype(int), max(0, columns - 2))
        j = np.minimum(y.astype(int), max(0, rows - 2))
        s, t = x - i, y - j
        h = self.heights
        i1, j1 = np.minimum(i + 1, columns - 1), np.minimum(j + 1, rows - 1)
        found = (h[j, i] * (1 - s) + h[j, i1] * s) * (1 - t) + (
            h[j1, i] * (1 - s) + h[j1, i1] * s
        ) * t
        return np.where(inside, found, np.nan)


def mesh_of(
    values: np.ndarray,
    across: tuple[float, float],
    down: tuple[float, float],
    *,
    log: bool,
    lowest: float | None = None,
) -> Mesh:
    """Return the heights of values (rows, columns).

    Parameters
    ----------
    log
        Show how many times as large a value is, above the lowest, and not how much larger.
    lowest
        The smallest value of the surface, where it is known to lie between the points of the grid.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    known = values[np.isfinite(values)]
    if not known.size:
        return Mesh(np.full(values.shape, np.nan), across, down, log, (0.0, 1.0))
    low, high = float(known.min()), float(known.max())
    if lowest is not None and np.isfinite(lowest):
        low = min(low, lowest)
    if not log:
        # A pole would press all the rest to the ground.
        usual = float(np.percentile(known, 95))
        high = min(high, low + _TALL * max(usual - low, 0.0)) if usual > low else high
    span = high - low
    if not span > 0:
        return Mesh(values * 0.0, across, down, log, (low, low))
    with np.errstate(invalid="ignore"):
        share = np.clip((values - low) / span, 0.0, 1.0)
        if log:
            floor = math.log(_FINEST)
            share = (np.log(share + _FINEST) - floor) / (math.log1p(_FINEST) - floor)
    return Mesh(share, across, down, log, (low, high))


@lru_cache(maxsize=8)
def coarse(whole: Mesh, columns: int, rows: int) -> Mesh:
    """Return the mesh with at most so many points, evenly apart."""
    high, wide = whole.shape
    columns, rows = min(columns, wide), min(rows, high)
    if (rows, columns) == whole.shape:
        return whole
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    heights = whole.height_at(u.reshape(-1), v.reshape(-1)).reshape(rows, columns)
    return Mesh(heights, whole.across, whole.down, whole.log, whole.ends)


@dataclass(frozen=True)
class Sight:
    """From where it is seen.

    Attributes
    ----------
    turn
        How far the block is turned, in radians.
    tilt
        How high the eye stands: 0 at the ground, a quarter of a circle above it.
    zoom
        How many times as large as what fits.
    """

    turn: float = TURN
    tilt: float = TILT
    zoom: float = 1.0

    def moved(self, turn: float = 0.0, tilt: float = 0.0, zoom: float = 1.0) -> Sight:
        """Return the sight turned and risen by so much, so many times as near."""
        return Sight(
            math.remainder(self.turn + turn, 2 * math.pi),
            min(max(self.tilt + tilt, TILTS[0]), TILTS[1]),
            min(max(self.zoom * zoom, ZOOMS[0]), ZOOMS[1]),
        )


@dataclass(frozen=True)
class Projection:
    """From shares of the block to pixels of a rectangle.

    Attributes
    ----------
    sight
        From where.
    box
        Left, top, width, height.
    """

    sight: Sight
    box: tuple[float, float, float, float]

    @property
    def scale(self) -> float:
        """Pixels of the block's width: it does not change when it is turned; corners may just leave the rectangle."""
        _, _, width, height = self.box
        across = math.hypot(1, DEPTH)
        upright = across * math.sin(self.sight.tilt) + HEIGHT * math.cos(self.sight.tilt)
        return 1.04 * self.sight.zoom * min(width / across, height / upright)

    def pixels(self, shares: np.ndarray) -> np.ndarray:
        """Return where shares (..., 3) of width, depth and height are seen, (..., 2)."""
        left, top, width, height = self.box
        sight, scale = self.sight, self.scale
        c, s = math.cos(sight.turn), math.sin(sight.turn)
        a, b = shares[..., 0] - 0.5, (shares[..., 1] - 0.5) * DEPTH
        up = (shares[..., 2] - 0.5) * HEIGHT
        found = np.empty((*shares.shape[:-1], 2))
        found[..., 0] = left + width / 2 + (a * c - b * s) * scale
        away = a * s + b * c
        found[..., 1] = (
            top + height / 2 - (away * math.sin(sight.tilt) + up * math.cos(sight.tilt)) * scale
        )
        return found

    def seen(self, ground: Mesh, shares: np.ndarray, samples: int = 40) -> np.ndarray:
        """Return which of the points (n, 3) nothing of the surface stands before, (n,) bool.

        From each point the line of sight is followed towards the eye, and must stay above the surface.
        """
        sight = self.sight
        slope = math.tan(sight.tilt)
        # So far it goes at most until it is higher than everything.
        reach = min(HEIGHT / slope, math.hypot(1, DEPTH))
        rows, columns = ground.shape
        far = np.arange(1, samples + 1) / samples * reach
        # A cell's width before the point is its own slope and hides nothing.
        far = far[far > 1.0 / max(rows, columns)]
        u = shares[:, :1] - far * math.sin(sight.turn)
        v = shares[:, 1:2] - far * math.cos(sight.turn) / DEPTH
        inside = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
        i = np.where(inside, u * (columns - 1) + 0.5, 0).astype(int)
        j = np.where(inside, v * (rows - 1) + 0.5, 0).astype(int)
        line = shares[:, 2:3] + far * slope / HEIGHT
        with np.errstate(invalid="ignore"):
            hidden = inside & (ground.heights[j, i] > line)
        found: np.ndarray = ~hidden.any(axis=1) & np.isfinite(shares).all(axis=1)
        return found
