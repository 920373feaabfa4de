"""Maps brought to another size, as PyTorch's interpolate does with its defaults."""

from __future__ import annotations

import numpy as np

from core.errors import SettingError

MODES = ("nearest", "bilinear")


def resized(maps: np.ndarray, size: tuple[int, int], mode: str = "nearest") -> np.ndarray:
    """Maps in another size.

    Parameters
    ----------
    maps
        (rows, height, width)
    size
        Height and width to bring them to.
    mode
        ``"nearest"`` or ``"bilinear"`` (corners not aligned).

    Raises
    ------
    core.errors.SettingError
        There is no such mode.
    """
    if mode not in MODES:
        message = f"interpolate_mode is nearest or bilinear; it is {mode!r}."
        raise SettingError(message, "interpolate_mode")
    for axis, new in ((1, size[0]), (2, size[1])):
        old = maps.shape[axis]
        if mode == "nearest":
            maps = np.take(maps, np.arange(new) * old // new, axis)
            continue
        places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, old - 1)
        shape = [1, 1, 1]
        shape[axis] = new
        part = (places - low).reshape(shape).astype(maps.dtype)
        maps = np.take(maps, low, axis) * (1 - part) + np.take(maps, high, axis) * part
    return maps
