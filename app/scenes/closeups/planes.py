"""Planes: two axes of a tensor as a grid of cells, a heat map with numbers where they fit, and marks on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPen

from app.scenes import draw, images
from app.scenes.hits import Hit, HitIndex
from app.scenes.step_values import cell_id, parse_cell

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Index
    from app.theme import Theme

#: Width of a digit of the numbers' font, in pixels of its size.
_DIGIT = 0.6
#: Smallest cell in which a number is written.
LEAST_CELL = (31.0, 15.0)
#: Largest cell: that of an operand matrix.
LARGEST_CELL = (56.0, 28.0)


@dataclass(frozen=True)
class Axes:
    """Which axes of a tensor run down and across, counted without the sample; the others stay at `base`."""

    down: int | None
    across: int
    base: tuple[int, ...]
    rows: int
    columns: int

    def cell(self, row: int, column: int) -> Index:
        """The cell at a place of the grid."""
        index = list(self.base)
        index[self.across] = column
        if self.down is not None:
            index[self.down] = row
        return tuple(index)

    def find(self, cell: Index) -> tuple[int, int] | None:
        """The place of a cell, or None if it is on another page."""
        if len(cell) != len(self.base):
            return None
        drawn = {self.across, self.down}
        if any(k not in drawn and cell[k] != self.base[k] for k in range(len(cell))):
            return None
        row = 0 if self.down is None else cell[self.down]
        column = cell[self.across]
        return (row, column) if 0 <= row < self.rows and 0 <= column < self.columns else None

    def grid(self, array: np.ndarray) -> np.ndarray:
        """The cells of a tensor without the sample's axis, ``(rows, columns)``."""
        drawn = {self.across, self.down}
        index = tuple(slice(None) if k in drawn else self.base[k] for k in range(array.ndim))
        found = array[index]
        if self.down is None:
            return found[None]
        return found.T if self.down > self.across else found

    def on_page(self, cells: np.ndarray) -> np.ndarray:
        """Places ``(n, 2)`` of those of ``(n, rank)`` cells, without the sample, that are on this page."""
        keep = np.ones(len(cells), bool)
        for k, fixed in enumerate(self.base):
            if k not in (self.across, self.down):
                keep &= cells[:, k] == fixed
        chosen = cells[keep]
        down = np.zeros(len(chosen), np.int64) if self.down is None else chosen[:, self.down]
        return np.stack([down, chosen[:, self.across]], axis=1)


def axes_of(shape: Index, base: Index) -> Axes:
    """The two axes of a tensor that are drawn: height and width; of sequences features and steps."""
    if len(shape) == 1 or (len(shape) == 3 and shape[0] == shape[1] == 1):
        return Axes(None, len(shape) - 1, base, 1, shape[-1])
    if len(shape) == 2:
        return Axes(1, 0, base, shape[1], shape[0])
    if shape[0] == 1:
        return Axes(2, 1, base, shape[2], shape[1])
    return Axes(0, 1, base, shape[0], shape[1])


@dataclass(frozen=True)
class Plane:
    """A page of a tensor at its place in the picture.

    Attributes
    ----------
    tensor, axes
        What is drawn.
    rect
        x, y, width, height of the grid.
    role
        ``"left"``, ``"right"`` or ``"result"``.
    sample
        The sample shown, where another than the chosen one; -1 for that.
    """

    tensor: str
    axes: Axes
    rect: tuple[float, float, float, float]
    role: str = ""
    sample: int = -1
    #: The sample in front of its cells as the engine counts them, or None for what is not of the batch.
    front: int | None = None

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of a cell."""
        return self.rect[2] / self.axes.columns, self.rect[3] / self.axes.rows

    def box(self, row: int, column: int, rows: int = 1, columns: int = 1) -> QRectF:
        """The rectangle of some cells."""
        w, h = self.size
        return QRectF(self.rect[0] + column * w, self.rect[1] + row * h, columns * w, rows * h)

    def hit(self, x: float, y: float) -> Hit | None:
        """The cell at a point."""
        left, top, width, height = self.rect
        if not (left <= x < left + width and top <= y < top + height):
            return None
        w, h = self.size
        return self.cell_hit(
            min(int((y - top) / h), self.axes.rows - 1),
            min(int((x - left) / w), self.axes.columns - 1),
        )

    def named(self, identifier: str) -> Hit | None:
        """The cell of an id."""
        parsed = parse_cell(identifier)
        place = self.axes.find(parsed[1]) if parsed and parsed[0] == self.tensor else None
        return self.cell_hit(*place) if place is not None else None

    def cell_hit(self, row: int, column: int) -> Hit:
        """What stands for a cell when it is pointed at."""
        cell, box = self.axes.cell(row, column), self.box(row, column)
        full = cell if self.front is None else (self.front, *cell)
        return Hit(cell_id(self.tensor, cell), "cell", self.tensor, full, bounds(box))


@dataclass(frozen=True)
class PlaneHits(HitIndex):
    """Finds cells by arithmetic, in what has `hit` and `named`: thousands of rectangles are never made."""

    planes: tuple[Any, ...] = field(default=())

    def at(self, x: float, y: float) -> Hit | None:
        """Return the topmost item at a point."""
        found = super().at(x, y)
        if found is not None:
            return found
        return next((hit for plane in self.planes if (hit := plane.hit(x, y)) is not None), None)

    def get(self, identifier: str) -> Hit | None:
        """Return the item with that id."""
        found = super().get(identifier)
        if found is not None:
            return found
        found_in = (plane.named(identifier) for plane in self.planes)
        return next((hit for hit in found_in if hit is not None), None)


def fitted(
    rows: int, columns: int, width: float, height: float, *, image: bool
) -> tuple[float, float]:
    """Width and height of a grid's cell in a place: large enough for numbers if possible, else as seen best."""
    w, h = width / columns, height / rows
    if w >= LEAST_CELL[0] and h >= LEAST_CELL[1]:
        return min(w, LARGEST_CELL[0]), min(h, LARGEST_CELL[1])
    if image:
        side = min(w, h)
        return side, side
    return min(w, 24.0), min(h, 24.0)


def bounds(box: QRectF) -> tuple[float, float, float, float]:
    """x, y, width and height of a rectangle."""
    return box.x(), box.y(), box.width(), box.height()


# ---- painting ----------------------------------------------------------------------------------------------------


def ramp_of(values: np.ndarray) -> str:
    """The colours for some values: those of activations where none is negative."""
    with np.errstate(invalid="ignore"):
        return "signed" if bool((values < 0).any()) else "activation"


def exponent_of(values: np.ndarray) -> int:
    """Return by which power of ten small numbers are multiplied where they are written; 0 if they are not."""
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max(initial=0.0))
    return 0 if top == 0 or top >= 0.02 else int(np.ceil(-np.log10(top)))


def power(exponent: int) -> str:
    """``·10⁻³``: what numbers that are written in thousands have to be multiplied by."""
    digits = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"·10⁻{digits}" if exponent else ""


def heat(
    painter: QPainter, theme: Theme, rect: tuple[float, float, float, float], values: np.ndarray, ramp: str,
    extent: float, *, there: np.ndarray | None = None, digits: int = 3, exponent: int = 0,
) -> None:  # fmt: skip
    """Paint ``(rows, columns)`` values as one image, with their numbers where they fit.

    Parameters
    ----------
    there
        ``(rows, columns)`` bool: other cells are left empty, with a dashed outline round all.
    digits
        Decimals, where there is room for them.
    exponent
        Numbers are written this many powers of ten larger than they are (`exponent_of`).
    """
    x, y, w, h = rect
    rows, columns = values.shape
    words = images.colors(theme, values, ramp, extent)
    if there is not None and not there.all():
        words = np.where(there, words, np.uint32(theme.bg0.rgb()))
    image = images.from_words(words.astype(np.uint32))
    images.place(painter, x, y, w, h, image, w / columns < 1.0)
    cell_w, cell_h = w / columns, h / rows
    if cell_w >= 7 and cell_h >= 7:
        _lines(painter, theme, rect, rows, columns)
    _edge(painter, theme, rect, dashed=there is not None and not there.any())
    if cell_w >= LEAST_CELL[0] and cell_h >= LEAST_CELL[1]:
        _numbers(painter, theme, rect, values * 10.0**exponent, words, there, digits)


def pending(painter: QPainter, theme: Theme, rect: tuple[float, float, float, float]) -> None:
    """Paint the place of values that are not computed yet, or not there to be shown."""
    _edge(painter, theme, rect, dashed=True)
    x, y, w, h = rect
    draw.text(painter, x + w / 2, y + h / 2 + 4, "…", 12, theme.tx3, mono=True, anchor="middle")


def _edge(painter: QPainter, theme: Theme, rect: Any, *, dashed: bool) -> None:
    pen = QPen(theme.line2, 1)
    if dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(*rect))


def _lines(painter: QPainter, theme: Theme, rect: Any, rows: int, columns: int) -> None:
    x, y, w, h = rect
    # Rectangles: antialiased lines take fifty times as long.
    color = draw.faded(theme.bg0, 0.55)
    for k in range(1, columns):
        painter.fillRect(QRectF(x + k * w / columns - 0.5, y, 1, h), color)
    for k in range(1, rows):
        painter.fillRect(QRectF(x, y + k * h / rows - 0.5, w, 1), color)


def written(value: float, width: float, digits: int = 3, px: float = 11) -> str:
    """A number as it fits into a cell: fewer decimals in narrow ones, nothing where none fit."""
    room = int((width - 3) / (_DIGIT * px))
    if value != value:
        return "NaN" if room >= 3 else ""
    if np.isinf(value):
        return "∞" if value > 0 else f"{draw.MINUS}∞"
    if value == 0:
        return "0"
    size = abs(value)
    for decimals in range(digits, -1, -1):
        if decimals and size >= 10.0 ** (4 - decimals):
            continue
        text = f"{size:.{decimals}f}"
        if float(text) == 0:
            break
        text = (draw.MINUS if value < 0 and float(text) != 0 else "") + text
        if len(text) <= room:
            return text
    mantissa, exponent = f"{size:.0e}".split("e")
    text = f"{mantissa}e{int(exponent)}".replace("-", draw.MINUS)
    text = (draw.MINUS if value < 0 else "") + text
    if len(text) <= room:
        return text
    return ""


def _numbers(
    painter: QPainter, theme: Theme, rect: Any, values: np.ndarray, words: np.ndarray, there: np.ndarray | None,
    digits: int,
) -> None:  # fmt: skip
    x, y, w, h = rect
    rows, columns = values.shape
    cell_w, cell_h = w / columns, h / rows
    px = 11.0 if cell_w >= 40 else 10.0
    painter.setFont(draw.face(px, 400, True))
    inks: dict[int, QColor] = {}
    # All of one grid with the same decimals, as many as the widest has room for.
    finite = values[np.isfinite(values)] if there is None else values[there & np.isfinite(values)]
    if (
        finite.size
        and bool((finite == np.rint(finite)).all())
        and float(np.abs(finite).max()) < 1000
    ):
        digits = 0
    while (
        digits
        and finite.size
        and len(f"{finite.min():.{digits}f}") > int((cell_w - 3) / (_DIGIT * px))
    ):
        digits -= 1
    for r in range(rows):
        for c in range(columns):
            if there is not None and not there[r, c]:
                continue
            text = written(float(values[r, c]), cell_w, digits, px)
            word = int(words[r, c])
            ink = inks.get(word)
            if ink is None:
                ink = inks[word] = theme.on(QColor.fromRgb(word))
            painter.setPen(ink)
            width = len(text) * _DIGIT * px
            painter.drawText(
                QPointF(x + (c + 0.5) * cell_w - width / 2, y + (r + 0.5) * cell_h + 0.36 * px),
                text,
            )


def outline(painter: QPainter, box: QRectF, color: QColor, width: float = 2.0) -> None:
    """Mark a rectangle so that it is seen on any colour."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, width))
    painter.drawRoundedRect(box, 2, 2)


def mark(
    painter: QPainter, theme: Theme, plane: Plane, places: np.ndarray, color: QColor, *, strong: bool = True
) -> QRectF | None:  # fmt: skip
    """Mark cells ``(n, 2)``: their common rectangle, which is returned, and each of them if there are gaps."""
    if not len(places):
        return None
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0)
    box = plane.box(int(top), int(left), int(bottom - top + 1), int(right - left + 1))
    filled = (bottom - top + 1) * (right - left + 1) == len(places)
    if filled or len(places) > 400:
        outline(painter, box, color, 2.0 if strong else 1.25)
    else:
        pen = QPen(draw.faded(color, 0.8), 1)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        w, h = plane.size
        inset = 0.5 if min(w, h) > 4 else 0.0
        painter.setPen(QPen(color, 1.5 if min(w, h) > 5 else 1.0))
        for r, c in places.tolist():
            painter.drawRect(plane.box(r, c).adjusted(inset, inset, -inset, -inset))
    return box
