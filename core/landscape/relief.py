"""Heights as a picture: which tone each point has, and where contour lines run, for any theme's colours.

Contour lines are drawn by distance: a point is on a line if the height there differs from a level by less than the
slope makes of half a pixel. So lines are as fine as the picture and never ragged, and there are no polygons to paint.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Tones from the lowest to the highest height, and strengths of a contour line from none to full.
TONES, STRENGTHS = 256, 16
#: Codes of points without a height: the ground, and the stripes on it.
HOLE, STRIPE = TONES * STRENGTHS, TONES * STRENGTHS + 1
CODES = STRIPE + 1
#: A logarithmic picture goes so many doublings down from its highest point; what is lower has the lowest tone.
_OCTAVES = 16.0
#: What is higher is shown as if it were so high.
_HIGHEST = 1e300
#: Between equally spaced lines so many intervals are wanted.
_LINES = 14
#: Lines closer than so many pixels are not told apart and fade, up to where they are gone.
_FADING, _GONE = 5.0, 2.5
#: Distance of stripes, and how much of it is stripe.
_STRIPES, _STRIPE = 12.0, 1.0


@dataclass(frozen=True, eq=False)
class Relief:
    """See the module's text.

    Attributes
    ----------
    codes
        (height, width) uint16, row 0 at the least y. ``tone * STRENGTHS + strength`` where there is a height, else
        `HOLE` or `STRIPE`. Every second line has half the strength.
    log
        Whether lines stand at doublings of the height above `base`.
    base
        The lowest height known.
    every
        Between lines there is so much height; of a logarithmic picture 2, a factor.
    """

    codes: npt.NDArray[np.uint16]
    log: bool
    base: float
    every: float


def relief(
    values: Floats, *, log: bool = False, base: float | None = None, scale: float = 1.0
) -> Relief:
    """Make a relief of heights.

    Parameters
    ----------
    values
        (height, width), row 0 at the least y; NaN where there is none.
    log
        Lines at doublings of the height above `base`, rather than at equal distances.
    base
        The lowest height there is; by default the lowest of `values`.
    scale
        Pixels of the picture that one unit of length has on the screen: lines are that wide.

    Notes
    -----
    The tones are those of the heights that are in the picture, so that wherever one looks there is something to see.
    """
    heights = np.asarray(values, np.float64)
    finite = np.isfinite(heights)
    if not finite.any():
        return Relief(_hatched(finite, np.zeros(finite.shape, np.uint16), scale), log, 0.0, 0.0)
    # Differences of heights have to be numbers, too.
    heights = np.where(finite, np.clip(heights, -_HIGHEST, _HIGHEST), np.nan)
    base = None if base is None else min(max(base, -_HIGHEST), _HIGHEST)
    known = heights[finite]
    lowest = float(known.min())
    base = lowest if base is None or not isfinite(base) else min(base, lowest)
    with np.errstate(all="ignore"):
        if log:
            tone, measured, every = _doublings(heights, known, base)
        else:
            tone, measured, every = _linear(heights, known)
        strength = _lines(measured, scale)
    tones = np.rint(np.nan_to_num(tone, nan=0.0) * (TONES - 1)).astype(np.uint16)
    codes = tones * np.uint16(STRENGTHS) + strength
    return Relief(_hatched(finite, codes, scale), log, base, every)


def _doublings(heights: Floats, known: Floats, base: float) -> tuple[Floats, Floats, float]:
    """Tones 0..1, heights in doublings, and the factor between lines."""
    above = heights - base
    top = float(np.percentile(known, 99.8)) - base
    high = ceil(float(np.log2(top))) if top > 0 else 0
    # Zoomed in at the bottom every height is nearly the lowest; the sum keeps the logarithm there.
    least = 2.0 ** (high - _OCTAVES)
    tone = (np.log2(np.maximum(above, 0.0) + least) - (high - _OCTAVES)) / _OCTAVES
    return np.clip(tone, 0.0, 1.0), np.log2(np.where(above > 0, above, np.nan)), 2.0


def _linear(heights: Floats, known: Floats) -> tuple[Floats, Floats, float]:
    """Tones 0..1, heights in distances of lines, and that distance."""
    low, high = (float(one) for one in np.percentile(known, (0.5, 99.5)))
    if high <= low:
        low, high = float(known.min()), float(known.max())
    if not high > low or not isfinite(high - low):
        return np.zeros(heights.shape), np.full(heights.shape, np.nan), 0.0
    every = nice((high - low) / _LINES)
    return np.clip((heights - low) / (high - low), 0.0, 1.0), heights / every, every


def nice(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, near a step."""
    size = 10.0 ** floor(log10(step))
    return next(one * size for one in (1.0, 2.0, 5.0, 10.0) if one * size >= step * 0.999)


def _lines(measured: Floats, scale: float) -> npt.NDArray[np.uint16]:
    """How strongly the lines at whole numbers of `measured` cover each point, 0 to STRENGTHS - 1."""
    if min(measured.shape) < 2:
        return np.zeros(measured.shape, np.uint16)
    down, across = np.gradient(measured)
    slope = np.hypot(down, across)
    nearest = np.rint(measured)
    away = np.abs(measured - nearest) / slope
    covered = np.clip(0.5 * scale + 0.5 - away, 0.0, 1.0)
    apart = 1.0 / (slope * scale)
    covered *= np.clip((apart - _GONE) / (_FADING - _GONE), 0.0, 1.0)
    covered *= np.where(np.mod(nearest, 2) == 0, 1.0, 0.5)
    found: npt.NDArray[np.uint16] = np.rint(np.nan_to_num(covered) * (STRENGTHS - 1)).astype(
        np.uint16
    )
    return found


def _hatched(
    finite: npt.NDArray[np.bool_], codes: npt.NDArray[np.uint16], scale: float
) -> npt.NDArray[np.uint16]:
    """Stripe what has no height."""
    if not finite.all():
        rows, columns = np.nonzero(~finite)
        stripe = np.mod(rows + columns, _STRIPES * scale) < _STRIPE * scale
        codes[rows, columns] = np.where(stripe, STRIPE, HOLE)
    return codes


def enlarged(
    values: Floats, width: int, height: int, *,
    across: tuple[float, float] = (0.0, 1.0), down: tuple[float, float] = (0.0, 1.0),
) -> Floats:  # fmt: skip
    """Return heights on a finer grid over the same rectangle, between the given ones by straight lines.

    `across` and `down` are a part of it, as shares of its columns and rows.
    """
    found = values
    for axis, wanted, (first_share, last_share) in ((0, height, down), (1, width, across)):
        count = found.shape[axis]
        if count == wanted and (first_share, last_share) == (0.0, 1.0):
            continue
        at = np.linspace(first_share * (count - 1), last_share * (count - 1), wanted)
        first = np.minimum(at.astype(int), max(count - 2, 0))
        share = (at - first).reshape((-1, 1) if axis == 0 else (1, -1))
        second = np.minimum(first + 1, count - 1)
        found = np.take(found, first, axis) * (1 - share) + np.take(found, second, axis) * share
    return found
