"""Curves thinned for the screen: what a column of pixels can show, and no extreme lost."""

from __future__ import annotations

import numpy as np


def thin(
    x: np.ndarray, y: np.ndarray, columns: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a polyline through the middle of each column, between the same first and last points.

    Parameters
    ----------
    x
        (n,) ascending positions.
    y
        (n,) values; those that are not finite are left out.
    columns
        Columns between `low` and `high`; a line of no more points is left as it is.
    low, high
        Positions of the first and last column's edges.
    """
    good = np.isfinite(y)
    x, y = np.asarray(x, float)[good], np.asarray(y, float)[good]
    if len(x) <= columns or high <= low:
        return x, y
    starts = _starts(x, columns, low, high)[1]
    count = np.diff(np.r_[starts, len(x)])
    middle_x, middle_y = np.add.reduceat(x, starts) / count, np.add.reduceat(y, starts) / count
    return np.r_[x[0], middle_x[1:-1], x[-1]], np.r_[y[0], middle_y[1:-1], y[-1]]


def _starts(x: np.ndarray, columns: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    column = np.clip(((x - low) / (high - low) * columns).astype(int), 0, columns - 1)
    return column, np.flatnonzero(np.r_[True, column[1:] != column[:-1]])


def ranges(
    x: np.ndarray, y: np.ndarray, columns: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each occupied column with its least and greatest value."""
    good = np.isfinite(y)
    x, y = np.asarray(x, float)[good], np.asarray(y, float)[good]
    if not len(x) or high <= low:
        none = np.zeros(0)
        return none.astype(int), none, none
    column, starts = _starts(x, columns, low, high)
    return column[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)


def dashes(x: np.ndarray, y: np.ndarray, on: float, off: float) -> np.ndarray:
    """Return the drawn pieces of a dashed polyline as rows (x1, y1, x2, y2), for any number of points in one go.

    Parameters
    ----------
    x, y
        (n,) points of the line, n at least 2.
    on, off
        Lengths of a dash and of the gap after it, along the line.
    """
    along = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
    starts = np.arange(0.0, along[-1], on + off)
    cuts = np.unique(np.r_[along, starts, np.minimum(starts + on, along[-1])])
    middle = (cuts[1:] + cuts[:-1]) / 2
    drawn = middle % (on + off) < on
    px, py = np.interp(cuts, along, x), np.interp(cuts, along, y)
    return np.column_stack([px[:-1], py[:-1], px[1:], py[1:]])[drawn]


def smoothing(points: int) -> float:
    """Return how much of the past a curve of so many points keeps.

    It grows with the curve, so that the average never lags by more than a sixtieth of what is drawn, and never jumps.
    """
    return 1.0 - 1.0 / min(max(points / 60, 5.0), 25.0)


def smooth(y: np.ndarray, keep: float = 0.96) -> np.ndarray:
    """Return the exponential moving average that keeps `keep` of the past, started at the first value.

    Before the first finite value nothing was measured yet, and nothing is there afterwards.
    """
    y = np.asarray(y, float)
    if len(y) == 0:
        return y
    first = int(np.argmax(np.isfinite(y)))
    if first:
        return np.concatenate([y[:first], smooth(y[first:], keep)])
    y = np.where(
        np.isfinite(y),
        y,
        np.nanmax(np.where(np.isfinite(y), y, np.nan)) if np.isfinite(y).any() else 0.0,
    )
    taps = min(len(y), int(np.ceil(np.log(1e-3) / np.log(keep))))
    kernel = (1 - keep) * keep ** np.arange(taps)
    padded = np.concatenate([np.full(taps - 1, y[0]), y])
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def ticks(
    low: float, high: float, count: int, steps: tuple[int, ...] = (1, 2, 5, 10)
) -> list[float]:
    """Return round positions between two values, about `count` intervals of them; `steps` are the digits allowed."""
    if not high > low:
        return [low]
    raw = (high - low) / max(1, count)
    power = 10.0 ** np.floor(np.log10(raw))
    step = min((m * power for m in steps), key=lambda s: abs(np.log(s / raw)))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [float(round(v * step, 12)) + 0.0 for v in np.arange(first, last + 1)]
