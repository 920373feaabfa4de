"""A surface as a map: tones and contour lines ready to be coloured, and one point of it. Worker thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.engine.answers import Partial
from app.engine.compiled import surfaces_compiled_elsewhere
from app.engine.questions import question
from app.snapshots import read_only

if TYPE_CHECKING:
    from core.landscape import Surface
    from core.landscape.relief import Relief

#: The first picture has so many times fewer points each way; that of a surface made of samples is also computed so.
_COARSE, _SAMPLED = 4, 3
#: The lowest point is looked for on so many grids of so many points each way.
_GRIDS, _POINTS = 6, 33
#: A curve is evaluated at so many points for each pixel.
_FINE = 2


@dataclass(frozen=True, eq=False)
class SurfaceMap:
    """A surface over a rectangle.

    Attributes
    ----------
    surface
        As a document.
    across, down
        First and last x, first and last y: of the middles of the outermost pixels.
    relief
        Its picture; None of a curve.
    curve
        (n,) heights of a curve at equal distances from the first to the last x, NaN where there are none; else None.
    """

    surface: dict[str, object]
    across: tuple[float, float]
    down: tuple[float, float]
    relief: Relief | None
    curve: np.ndarray | None = None


@dataclass(frozen=True)
class SurfacePoint:
    """A point of a surface.

    Attributes
    ----------
    at
        Where.
    value, gradient
        Height and slopes there; NaN where the formula has none.
    """

    at: tuple[float, float]
    value: float
    gradient: tuple[float, float]


def lowest(surface: Surface) -> float | None:
    """The height of the lowest point of a surface in its domain; None if it has no heights there.

    Where the minima are not known it is looked for on grids, each around the lowest point of the one before.
    """
    if surface.minima:
        return float(np.nanmin(surface.values(np.asarray(surface.minima, np.float64))))
    (x0, x1), (y0, y1) = surface.domain
    least: float | None = None
    for _ in range(_GRIDS):
        values = surface.grid((x0, x1), (y0, y1), _POINTS, _POINTS)
        if np.isnan(values).all():
            break
        row, column = divmod(int(np.nanargmin(values)), _POINTS)
        found = float(values[row, column])
        least = found if least is None else min(least, found)
        wide, high = (x1 - x0) / (_POINTS - 1), (y1 - y0) / (_POINTS - 1)
        x, y = x0 + column * wide, y0 + row * high
        if min(wide, high) < 1e-7 * max(1.0, abs(x), abs(y)):
            break
        x0, x1, y0, y1 = x - wide, x + wide, y - high, y + high
    return least


@question("surface_map", alone=True)
def surface_map(
    session: None,
    *,
    surface: dict[str, object],
    across: tuple[float, float],
    down: tuple[float, float],
    width: int,
    height: int,
    scale: float = 1.0,
) -> Generator[float | Partial, None, SurfaceMap]:
    """Draw a surface `width` x `height` pixels large, `scale` of them to a unit of length; first a coarse picture."""
    from core import landscape
    from core.landscape.relief import enlarged, relief

    yield from surfaces_compiled_elsewhere()
    found = landscape.from_document(surface)
    if len(found.variables) == 1:
        heights = found.grid(across, (0.0, 1.0), max(2, width * _FINE), 1)[0]
        return SurfaceMap(surface, across, down, None, read_only(heights, np.float64))
    base = lowest(found)
    for factor in (_COARSE, _SAMPLED if found.samples is not None else 1):
        wide, high = max(2, width // factor), max(2, height // factor)
        values = found.grid(across, down, wide, high)
        if factor == _COARSE:
            drawn = relief(values, log=found.log, base=base, scale=scale / factor)
            yield Partial(0.1, SurfaceMap(surface, across, down, drawn))
        else:
            values = enlarged(values, width, height)
    drawn = relief(values, log=found.log, base=base, scale=scale)
    return SurfaceMap(surface, across, down, drawn)


@question("surface_point", alone=True)
def surface_point(
    session: None, *, surface: dict[str, object], at: tuple[float, float]
) -> SurfacePoint:
    """Evaluate a surface at a point."""
    from core import landscape

    found = landscape.from_document(surface)
    slopes = found.gradients(np.asarray(at, np.float64)[None])[0]
    value = float(found.values(np.asarray(at, np.float64)[None])[0])
    return SurfacePoint(at, value, (float(slopes[0]), float(slopes[1])))


@question("heights_relief", alone=True)
def heights_relief(
    session: None, *, values: np.ndarray, width: int, height: int, log: bool, scale: float = 1.0,
    across: tuple[float, float] = (0.0, 1.0), down: tuple[float, float] = (0.0, 1.0),
) -> Relief:  # fmt: skip
    """Draw heights (rows, columns), row 0 at the least y, `width` x `height` pixels large.

    `across` and `down` are which part of the columns and rows is drawn, as shares; lines are those of all of it.
    """
    from core.landscape.relief import enlarged, relief

    known = np.where(np.isfinite(values), values, np.nan)
    good = known[np.isfinite(known)]
    base = float(good.min()) if good.size else None
    drawn = enlarged(known, width, height, across=across, down=down)
    return relief(drawn, log=log, base=base, scale=scale)
