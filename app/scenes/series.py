"""Curves thinned for the screen: what a column of pixels can show, and no extreme lost."""

from __future__ import annotations

import numpy as np


def decimate(
    x: np.ndarray, y: np.ndarray, columns: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return a polyline with at most four points a column that has the same first, least, greatest and last values.

    Parameters
    ----------
    x
        (n,) ascending positions.
    y
        (n,) values; those that are not finite are left out.
    columns
        Pixel columns between `low` and `high`.
    low, high
        Positions of the first and last column's edges.
    """
    good = np.isfinite(y)
    x, y = np.asarray(x, float)[good], np.asarray(y, float)[good]
    if len(x) <= 4 * columns or high <= low:
        return x, y
    column = np.clip(((x - low) / (high - low) * columns).astype(int), 0, columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    stops = np.r_[starts[1:], len(x)]
    keep = np.zeros(len(x), bool)
    keep[starts] = keep[stops - 1] = True
    order = np.lexsort((y, column))  # within each column from least to greatest
    keep[order[starts]] = keep[order[stops - 1]] = True
    return x[keep], y[keep]


def ranges(
    x: np.ndarray, y: np.ndarray, columns: int, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each occupied column with its least and greatest value."""
    good = np.isfinite(y)
    x, y = np.asarray(x, float)[good], np.asarray(y, float)[good]
    if not len(x) or high <= low:
        none = np.zeros(0)
        return none.astype(int), none, none
    column = np.clip(((x - low) / (high - low) * columns).astype(int), 0, columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    return column[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)


def smoothing(points: int) -> float:
    """Return how much of the past a curve of so many points keeps.

    It grows with the curve, so that the average never lags by more than a sixtieth of what is drawn, and never jumps.
    """
    return 1.0 - 1.0 / min(max(points / 60, 5.0), 25.0)


def smooth(y: np.ndarray, keep: float = 0.96) -> np.ndarray:
    """Return the exponential moving average that keeps `keep` of the past, started at the first value."""
    y = np.asarray(y, float)
    if len(y) == 0:
        return y
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
