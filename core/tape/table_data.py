"""Data outside the arena that instructions gather from."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import ChainruleError


class DataTable:
    """One row a sample, back to back, in memory that several programs share.

    Parameters
    ----------
    array
        (samples, ...); uint8 stays bytes, everything else becomes float32. Whole numbers (labels, tokens) are exact as
        floats below 2^24; larger ones are refused.
    scale
        Factor applied when rows are gathered (1/255 for images).
    """

    def __init__(self, array: Any, scale: float = 1.0) -> None:
        given = np.asarray(array)
        if given.dtype != np.uint8:
            if (
                given.size
                and np.issubdtype(given.dtype, np.integer)
                and np.abs(given).max() >= 2**24
            ):
                message = "Whole numbers of 2^24 and more lose digits as float32: number the labels or tokens from 0."
                raise ChainruleError(message)
            given = given.astype(np.float32, copy=False)
        self.array = np.ascontiguousarray(given)
        self.scale = float(scale)

    @property
    def address(self) -> int:
        """Of the first byte. The table must outlive every program it is attached to."""
        return int(self.array.ctypes.data)

    @property
    def is_bytes(self) -> bool:
        """True for uint8."""
        return self.array.dtype == np.uint8

    @property
    def width(self) -> int:
        """Values a sample."""
        return int(self.array.size // max(len(self.array), 1))

    def __len__(self) -> int:
        return len(self.array)
