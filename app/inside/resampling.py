"""Pictures brought to another size by averaging areas, and drawn digits centred as those of MNIST are."""

from __future__ import annotations

import numpy as np

#: Digits of MNIST fill a box of 20 pixels in a picture of 28.
BOX = 20 / 28


def weights(count: int, start: float, length: float, wanted: int) -> np.ndarray:
    """Shares that `count` pixels in a row have in `wanted` pixels over a window of them: (wanted, count) float32.

    Parameters
    ----------
    count
        Pixels there are; what a window has beside them counts as zero.
    start, length
        Of the window, in pixels.
    wanted
        Pixels to make of it.

    Notes
    -----
    Each made pixel averages what it covers; where it covers less than one, it reaches over one: that is linear
    interpolation, without the blocks of the nearest neighbour.
    """
    step = length / wanted
    reach = max(step, 1.0)
    middle = start + (np.arange(wanted) + 0.5) * step
    low, high = middle - reach / 2, middle + reach / 2
    pixels = np.arange(count)
    over = np.minimum(high[:, None], pixels + 1) - np.maximum(low[:, None], pixels)
    return (np.clip(over, 0, None) / reach).astype(np.float32)


def window(
    values: np.ndarray, top: float, left: float, size: tuple[float, float], shape: tuple[int, int]
) -> np.ndarray:
    """A window of a picture, brought to `shape`; what lies beside the picture is zero.

    Parameters
    ----------
    values : (height, width, channels)
    top, left, size
        The window, in pixels of the picture; it may reach beyond it.
    shape
        Rows and columns to make.

    Returns
    -------
    (rows, columns, channels) float32
    """
    high, wide = values.shape[:2]
    # What the window does not reach needs no products.
    first, last = max(0, int(top) - 2), min(high, int(np.ceil(top + size[0])) + 2)
    begin, end = max(0, int(left) - 2), min(wide, int(np.ceil(left + size[1])) + 2)
    if first >= last or begin >= end:
        return np.zeros((*shape, values.shape[2]), np.float32)
    seen = np.asarray(values[first:last, begin:end], np.float32)
    rows = weights(last - first, top - first, size[0], shape[0])
    columns = weights(end - begin, left - begin, size[1], shape[1])
    across = np.tensordot(rows, seen, (1, 0))
    return np.ascontiguousarray(np.tensordot(across, columns, (1, 1)).transpose(0, 2, 1))


def centred(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A drawing as MNIST has its digits: fitted into a box of 20 of 28 pixels, its centre of mass in the middle.

    Parameters
    ----------
    values : (height, width, 1)
        Ink from 0 to 1.
    shape
        Rows and columns to make.

    Notes
    -----
    LeCun, Cortes, Burges, "The MNIST database of handwritten digits". An empty drawing stays empty.
    """
    ink = values[..., 0]
    there = ink > 0.05
    if not there.any():
        return np.zeros((*shape, 1), np.float32)
    rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    left, right = float(columns[0]), float(columns[-1] + 1)
    # A window of the shape asked for, in which the longer side of the drawing has its share.
    tall = max((bottom - top) / BOX, (right - left) / BOX * shape[0] / shape[1])
    wide = tall * shape[1] / shape[0]
    total = float(ink.sum())
    y = float((ink.sum(1) * (np.arange(ink.shape[0]) + 0.5)).sum()) / total
    x = float((ink.sum(0) * (np.arange(ink.shape[1]) + 0.5)).sum()) / total
    # Nothing of a lopsided drawing is cut off.
    above = min(max(y - tall / 2, bottom - tall), top)
    beside = min(max(x - wide / 2, right - wide), left)
    return window(values, above, beside, (tall, wide), shape)
