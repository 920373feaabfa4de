"""Numbers of a tensor as cells of equal size: where each stands, which is under the mouse, and how they are painted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw, images
from app.scenes.hits import Hit, HitIndex
from app.scenes.step_values import cell_id, parse_cell

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.theme import Theme

Ramp = Literal["signed", "activation", "magnitude"]

#: A number of so many characters at 10 px, and the least height of a cell that shows one.
_DIGIT, NUMBER_HEIGHT = 6.1, 13.0
#: Of larger arrays the scale is taken from so many numbers.
_SAMPLED = 65_536


@dataclass(frozen=True)
class Grid:
    """A tensor, or a part of it, as rows and columns of cells.

    Attributes
    ----------
    tensor, shape
        Of the whole tensor, without the sample.
    rect
        x, y, width, height.
    rows, columns
        How many cells stand under and beside each other; cell (r, k) is number ``r * columns + k`` of the part.
    prefix
        Index of the part: ``(t,)`` is one time step of a sequence.
    """

    tensor: str
    shape: tuple[int, ...]
    rect: tuple[float, float, float, float]
    rows: int
    columns: int
    prefix: tuple[int, ...] = ()

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of one cell."""
        return self.rect[2] / self.columns, self.rect[3] / self.rows

    def at(self, x: float, y: float) -> tuple[int, ...] | None:
        """Return the index of the cell at a point, or None outside."""
        left, top, width, height = self.rect
        if not (left <= x < left + width and top <= y < top + height):
            return None
        r = min(self.rows - 1, int((y - top) / height * self.rows))
        k = min(self.columns - 1, int((x - left) / width * self.columns))
        return self.index(r * self.columns + k)

    def index(self, number: int) -> tuple[int, ...]:
        """Return the index of a cell by its number."""
        inside = self.shape[len(self.prefix) :]
        found = np.unravel_index(number, inside) if inside else ()
        return (*self.prefix, *(int(k) for k in found))

    def place(self, index: tuple[int, ...]) -> tuple[float, float, float, float] | None:
        """Return the rectangle of a cell, or None where it is not among these."""
        if len(index) != len(self.shape) or index[: len(self.prefix)] != self.prefix:
            return None
        inside = self.shape[len(self.prefix) :]
        own = index[len(self.prefix) :]
        if any(not 0 <= k < n for k, n in zip(own, inside, strict=True)):
            return None
        number = int(np.ravel_multi_index(own, inside)) if inside else 0
        width, height = self.cell
        r, k = divmod(number, self.columns)
        return self.rect[0] + k * width, self.rect[1] + r * height, width, height


def as_table(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (rows, columns) in which a tensor is shown: the last axis across, a vector in one row."""
    return (math.prod(shape[:-1]), shape[-1]) if shape else (1, 1)


@dataclass(frozen=True)
class CellHits(HitIndex):
    """A hit index that finds cells of grids by reckoning: there may be a million of them.

    Attributes
    ----------
    kind
        Of the hits: ``"cell"``, or ``"look"`` for numbers of other instructions, which a click goes to.
    """

    grids: tuple[Grid, ...] = ()
    kind: str = "cell"

    def at(self, x: float, y: float) -> Hit | None:
        """Return what is at a point: an item, else a cell."""
        found = super().at(x, y)
        if found is not None:
            return found
        for grid in self.grids:
            index = grid.at(x, y)
            if index is not None:
                return self._hit(grid, index)
        return None

    def get(self, identifier: str) -> Hit | None:
        """Return the item, or else the cell, with that id."""
        found = super().get(identifier)
        cell = parse_cell(identifier) if found is None else None
        if cell is None:
            return found
        for grid in self.grids:
            if grid.tensor == cell[0] and grid.place(cell[1]) is not None:
                return self._hit(grid, cell[1])
        return None

    def _hit(self, grid: Grid, index: tuple[int, ...]) -> Hit:
        rect = grid.place(index)
        assert rect is not None
        return Hit(cell_id(grid.tensor, index), self.kind, grid.tensor, index, rect)


def paint_grid(
    painter: QPainter,
    theme: Theme,
    grid: Grid,
    values: np.ndarray | None,
    vmax: float,
    ramp: Ramp = "signed",
    digits: int = 2,
    factor: float = 1.0,
) -> None:
    """Paint the cells of a grid, with numbers where they fit; dashed where there are none yet.

    Of more cells than there are pixels a regular part is painted.

    Parameters
    ----------
    values
        As many as the grid has cells, of any shape.
    vmax
        What gets the last colour of the ramp.
    digits
        Decimals of numbers.
    factor
        What the values are multiplied by: thousandths are written as numbers.
    """
    x, y, width, height = grid.rect
    if values is None or values.size != grid.rows * grid.columns:
        pen = QPen(theme.line2, 1, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(x + 0.5, y + 0.5, width - 1, height - 1))
        return
    down, across = (
        max(1, int(n / (2 * size))) for n, size in ((grid.rows, height), (grid.columns, width))
    )
    table = values.reshape(grid.rows, grid.columns)[::down, ::across]
    if factor != 1:
        table = table.astype(np.float64) * factor
    images.place(painter, x, y, width, height, images.heat(theme, table, ramp, vmax), smooth=False)
    wide, high = grid.cell
    if high >= NUMBER_HEIGHT and wide >= _DIGIT * (digits + 3):
        _numbers(painter, theme, grid, table, vmax, ramp, digits)


def top_of(values: np.ndarray | None) -> float:
    """Return what gets the ramp's last colour; of large arrays by a regular sample."""
    if values is None or values.size <= _SAMPLED:
        return images.extent(values)
    flat = values.reshape(-1)
    return images.extent(flat[:: flat.size // _SAMPLED])


def _numbers(
    painter: QPainter,
    theme: Theme,
    grid: Grid,
    table: np.ndarray,
    vmax: float,
    ramp: Ramp,
    digits: int,
) -> None:
    across, down = grid.cell
    x, y = grid.rect[:2]
    colors = theme.table(ramp)[images.levels(table, ramp, vmax)]
    for r in range(grid.rows):
        for k in range(grid.columns):
            value = float(table[r, k])
            shown = number(value, digits)
            if draw.advance(shown, 10, mono=True) > across - 2:
                shown = draw.plain(value, digits)
            if draw.advance(shown, 10, mono=True) > across - 2:
                continue
            ink = theme.on(QColor(*(int(c) for c in colors[r, k, :3])))
            middle = y + (r + 0.5) * down + 3.5
            draw.text(
                painter, x + (k + 0.5) * across, middle, shown, 10, ink, mono=True, anchor="middle"
            )


def number(value: float, digits: int = 2) -> str:
    """Return a number for a cell: with a true minus, in scientific notation where decimals would show only zeros."""
    if value and abs(value) < 0.5 * 10.0**-digits:
        return draw.scientific(value)
    return draw.plain(value, digits)


def outline(
    painter: QPainter, rect: tuple[float, float, float, float], color: QColor, width: float = 1.5
) -> None:
    """Mark a cell; one that is smaller than the mark gets a ring around it."""
    x, y, w, h = rect
    if w < 5 or h < 5:
        grow_x, grow_y = max(0.0, (7 - w) / 2), max(0.0, (7 - h) / 2)
        x, y, w, h = x - grow_x, y - grow_y, w + 2 * grow_x, h + 2 * grow_y
    draw.frame(painter, x, y, w, h, color, width, radius=1.5)
