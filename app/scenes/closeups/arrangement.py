"""How the numbers of a tensor lie on paper: one or several rectangles of cells, and which cell is which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, prod, sqrt

import numpy as np

from app.scenes.closeups import Index

#: A list of more numbers than this is set in several lines.
LINE = 16


@dataclass(frozen=True)
class Arrangement:
    """A tensor as `tiles` rectangles of `height` by `width` cells.

    Attributes
    ----------
    shape
        What is shown; of a whole batch the samples are the first axis.
    tiled, down, across
        Which of its axes tell the rectangle apart, go down and go across.
    wrap
        A list that is too long for one line is broken after so many cells; 0 where it is not.
    """

    shape: Index
    tiled: Index = ()
    down: Index = ()
    across: Index = ()
    wrap: int = 0

    @cached_property
    def tiles(self) -> int:
        """How many rectangles."""
        return prod(self.shape[k] for k in self.tiled)

    @cached_property
    def height(self) -> int:
        """Cells from the top of a rectangle to its bottom."""
        if self.wrap:
            return ceil(prod(self.shape) / self.wrap)
        return prod(self.shape[k] for k in self.down)

    @cached_property
    def width(self) -> int:
        """Cells from the left to the right."""
        return self.wrap or prod(self.shape[k] for k in self.across)

    @property
    def loose(self) -> bool:
        """Whether its cells need not be square: it is a table and no picture."""
        return not self.tiled and not self.wrap

    @property
    def order(self) -> Index:
        """The axes in the order of reading."""
        return (*self.tiled, *self.down, *self.across)

    def spread(self, array: np.ndarray) -> np.ndarray:
        """Return an array of `shape` as ``(tiles, height, width)``; NaN where a wrapped list has ended."""
        if self.wrap:
            flat = np.full(self.height * self.width, np.nan, np.float32)
            flat[: array.size] = array.ravel()
            return flat.reshape(1, self.height, self.width)
        return array.transpose(self.order).reshape(self.tiles, self.height, self.width)

    def index(self, tile: int, i: int, j: int) -> Index | None:
        """Return the index of a cell, or None where there is none."""
        if self.wrap:
            at = i * self.wrap + j
            return (at,) if at < self.shape[0] else None
        found = [0] * len(self.shape)
        for axes, at in ((self.tiled, tile), (self.down, i), (self.across, j)):
            for axis in reversed(axes):
                at, found[axis] = divmod(at, self.shape[axis])
        return tuple(found)

    def place(self, index: Index) -> tuple[int, int, int]:
        """Return tile, row and column of a cell."""
        tile, i, j = self.places(np.asarray(index).reshape(1, -1))
        return int(tile[0]), int(i[0]), int(j[0])

    def places(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return tiles, rows and columns of many cells, ``(n, axes)``."""
        if self.wrap:
            at = indices[:, 0]
            return np.zeros_like(at), at // self.wrap, at % self.wrap
        found = []
        for axes in (self.tiled, self.down, self.across):
            at = np.zeros(len(indices), np.int64)
            for axis in axes:
                at = at * self.shape[axis] + indices[:, axis]
            found.append(at)
        return found[0], found[1], found[2]

    def names(self, tile: int) -> Index:
        """Return the index of a rectangle along the axes that tell it apart."""
        found = []
        for axis in reversed(self.tiled):
            tile, at = divmod(tile, self.shape[axis])
            found.append(at)
        return tuple(reversed(found))


@lru_cache(maxsize=1024)
def arrange(shape: Index, rows: int = 0, columns: bool = False) -> Arrangement:
    """Lay a tensor out.

    Parameters
    ----------
    shape
        Without the batch axis.
    rows
        How many samples are shown together; 0 for a tensor without a batch axis, or for one sample of it.
    columns
        Samples in columns: lists stand upright, matrices are transposed.
    """
    whole = (rows, *shape) if rows else tuple(shape)
    n = len(whole)
    if n == 0:
        return Arrangement(whole)
    if n == 1:
        if whole[0] > LINE:
            wrap = LINE if whole[0] <= LINE * LINE else ceil(sqrt(whole[0]))
            return Arrangement(whole, across=(0,), wrap=wrap)
        return Arrangement(whole, down=(0,)) if columns else Arrangement(whole, across=(0,))
    if n == 2:
        return Arrangement(whole, (), (1,), (0,)) if columns else Arrangement(whole, (), (0,), (1,))
    if rows and n == 3:
        return Arrangement(whole, (0,), (1,), (2,))
    first = int(bool(rows))
    # Height and width of pictures and kernels, and a rectangle for each channel; a kernel's outputs come first.
    others = tuple(k for k in range(n) if k not in (first, first + 1))
    if not rows:
        others = others[::-1]
    return Arrangement(whole, others, (first,), (first + 1,))
