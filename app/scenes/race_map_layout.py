"""Which part of a surface is shown where: from its coordinates to pixels and back, zoom, and the marks of the axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, isfinite, isnan, log10
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF

if TYPE_CHECKING:
    from core.landscape import Surface

#: A unit of x is shown as long as one of y, unless that would show more than so many times the domain.
_MOST = 1.7
#: Nothing is shown that is smaller or larger than this, or farther away.
_LEAST, _LARGEST, _FARTHEST = 1e-9, 1e9, 9e8
#: No pixel is farther than this.
_FAR = 30_000.0
#: Heights have no units that a surface is computed in, so these may be smaller and larger.
_LOWEST, _HIGHEST = 1e-300, 1e308
#: The smallest range that numbers of a size can tell apart, and that of heights.
_EXACT, _LEVEL = 1e-8, 1e-12


@dataclass(frozen=True)
class Viewport:
    """A rectangle of a surface in a rectangle of pixels.

    Attributes
    ----------
    across, down
        First and last x; y at the bottom and at the top.
    x, y, w, h
        Of the pixels: left, top, width, height.
    heights
        Whether what goes up are heights of a curve, not places of a surface.
    """

    across: tuple[float, float]
    down: tuple[float, float]
    x: float
    y: float
    w: float
    h: float
    heights: bool = False

    def px(self, points: np.ndarray) -> np.ndarray:
        """Return pixels (n, 2) of points (n, 2); what is far outside stays near, what is NaN stays NaN."""
        (x0, x1), (y0, y1) = self.across, self.down
        points = np.asarray(points, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.empty(points.shape)
            found[..., 0] = self.x + (points[..., 0] - x0) / (x1 - x0) * self.w
            found[..., 1] = self.y + (y1 - points[..., 1]) / (y1 - y0) * self.h
            # The painter counts in 32 bits.
            return np.clip(found, -_FAR, _FAR)

    def point(self, x: float, y: float) -> QPointF:
        """Return the pixel of one point; what is NaN stands at the left edge and at the bottom."""
        (x0, x1), (y0, y1) = self.across, self.down
        px = self.x + (x - x0) / (x1 - x0) * self.w
        py = self.y + (y1 - y) / (y1 - y0) * self.h
        return QPointF(
            self.x if isnan(px) else _near(px), self.y + self.h if isnan(py) else _near(py)
        )

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the point under a pixel."""
        (x0, x1), (y0, y1) = self.across, self.down
        return x0 + (x - self.x) / self.w * (x1 - x0), y1 - (y - self.y) / self.h * (y1 - y0)

    def contains(self, at: QPointF, margin: float = 0.0) -> bool:
        """Tell whether a pixel is inside, so far from the edges."""
        return (
            self.x + margin <= at.x() <= self.x + self.w - margin
            and self.y + margin <= at.y() <= self.y + self.h - margin
        )

    def zoomed(self, factor: float, x: float, y: float) -> Viewport:
        """Return it with everything `factor` times as large; the pixel (x, y) stays where it is."""
        cx, cy = self.at(x, y)
        return self._moved(_around(self.across, cx, factor), _around(self.down, cy, factor))

    def dragged(self, dx: float, dy: float) -> Viewport:
        """Return it with everything moved by so many pixels."""
        sx = (self.across[1] - self.across[0]) / self.w * dx
        sy = (self.down[1] - self.down[0]) / self.h * dy
        across = (self.across[0] - sx, self.across[1] - sx)
        return self._moved(across, (self.down[0] + sy, self.down[1] + sy))

    def _moved(self, across: tuple[float, float], down: tuple[float, float]) -> Viewport:
        """Take other ranges if numbers can tell their points apart."""
        found = replace(self, across=across, down=down)
        for low, high in (found.across, found.down):
            size = max(abs(low), abs(high))
            free = self.heights and (low, high) == found.down
            least, largest = (_LOWEST, _HIGHEST) if free else (_LEAST, _LARGEST)
            farthest = _HIGHEST if free else _FARTHEST
            if not (isfinite(size) and size <= farthest and least < high - low < largest):
                return self
            if high - low < _EXACT * size:
                return self
        return found

    def placed(self, x: float, y: float, w: float, h: float) -> Viewport:
        """Return the same part of the surface in another rectangle, units as long in it as before."""
        (x0, x1), (y0, y1) = self.across, self.down
        halves = (x1 - x0) / self.w * w / 2, (y1 - y0) / self.h * h / 2
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        return Viewport(
            (cx - halves[0], cx + halves[0]),
            (cy - halves[1], cy + halves[1]),
            x,
            y,
            w,
            h,
            self.heights,
        )


def _around(ends: tuple[float, float], middle: float, factor: float) -> tuple[float, float]:
    return middle + (ends[0] - middle) / factor, middle + (ends[1] - middle) / factor


def _near(pixel: float) -> float:
    return -_FAR if pixel < -_FAR else _FAR if pixel > _FAR else pixel


def fitted(surface: Surface, x: float, y: float, w: float, h: float) -> Viewport:
    """Return what shows the domain of a surface of two variables."""
    (x0, x1), (y0, y1) = surface.domain
    w, h = max(w, 1.0), max(h, 1.0)
    wide, high = x1 - x0, y1 - y0
    unit = max(wide / w, high / h)
    more = (unit * w / wide, unit * h / high)
    if max(more) <= _MOST:
        wide, high = unit * w, unit * h
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    return Viewport(
        (cx - wide / 2, cx + wide / 2), (cy - high / 2, cy + high / 2), x, y, w, h
    )  # fmt: skip


def fitted_curve(
    domain: tuple[float, float], heights: np.ndarray | None, x: float, y: float, w: float, h: float
) -> Viewport:
    """Return what shows a curve: x across, its heights up."""
    low, high = 0.0, 1.0
    known = np.zeros(0) if heights is None else heights[np.isfinite(heights)]
    if known.size:
        # Sums of what is shown have to be numbers, too.
        known = np.clip(known, -_HIGHEST / 8, _HIGHEST / 8)
        low, high = (float(one) for one in np.percentile(known, (0, 100)))
        usual = float(np.percentile(known, 95))
        # A pole must not press the rest flat.
        if high - low > 50 * (usual - low) > 0:
            high = low + 3 * (usual - low)
    size = max(abs(low), abs(high))
    if not high - low > _LEVEL * size:
        half = max(1.0, 1e-6 * size)
        low, high = low - half, high + half
    apart = high - low
    return Viewport(
        domain, (low - 0.16 * apart, high + 0.08 * apart), x, y, max(w, 1.0), max(h, 1.0), True
    )


def marks(low: float, high: float, room: float, apart: float = 72.0) -> list[tuple[float, str]]:
    """Return where an axis of `room` pixels has numbers, and these."""
    wanted = max(2.0, room / apart)
    step = (high - low) / wanted
    if not (step > 0 and isfinite(step)):
        return []
    size = 10.0 ** floor(log10(step))
    step = next(one * size for one in (1, 2, 5, 10) if one * size >= step)
    place = floor(log10(step) + 1e-9)
    digits = max(0, -place)
    # Far from 0 as many figures as tell two of them apart.
    figures = max(7, floor(log10(max(abs(low), abs(high)))) - place + 1)
    first, last = int(np.ceil(low / step)), int(np.floor(high / step))
    found = []
    for k in range(first, last + 1):
        value = k * step
        text = f"{value:.{digits}f}" if digits < 7 and abs(value) < 1e6 else f"{value:.{figures}g}"
        found.append((value, text.replace("-", "\N{MINUS SIGN}")))
    return found
