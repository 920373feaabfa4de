"""Where a walk's parts stand: low and wide, from what is read on the left to the map on the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

if TYPE_CHECKING:
    from app.scenes.walk_seen import Seen

#: Left and right of everything.
SIDE = 24.0
#: Over each part its name; between pictures and cells; where signs stand between cells.
TITLE, RAYS, SIGN = 24.0, 30.0, 26.0
#: Lines of text underneath.
LINE = 18.0
#: Sum, bias, and what comes of them.
LEDGER = 96.0
#: The channels over a window that reads several: picture and sum.
STRIP, THUMB, _LOW = 54.0, 30.0, 22.0
#: Cells: at most, the same where there is one grid only, and at least while pictures can be made smaller.
_CELL, _WIDE, _READABLE = 52.0, 76.0, 36.0
#: Pictures at least and at most.
_LEAST, _MOST = 72.0, 190.0
#: Words left of the rows of channels, and room for a channel at least.
_WORDS, _NARROW = 70.0, 54.0


@dataclass(frozen=True)
class Area:
    """A grid of numbers on the picture.

    Attributes
    ----------
    name
        ``"read"``, ``"patch"``, ``"kernel"``, ``"products"``, ``"map"``, ``"z"``, ``"channel"`` (a picture of what is
        read), ``"weights"`` (a channel's kernel), ``"part"`` (what it adds).
    rect
        x, y, width, height.
    rows, columns
        Of the grid.
    plane
        The channel, counted among those that are read.
    """

    name: str
    rect: tuple[float, float, float, float]
    rows: int
    columns: int
    plane: int = 0

    def box(self, row: float, column: float, rows: float = 1, columns: float = 1) -> QRectF:
        """The rectangle of some cells."""
        x, y, w, h = self.rect
        cw, ch = w / self.columns, h / self.rows
        return QRectF(x + column * cw, y + row * ch, columns * cw, rows * ch)

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """The cell at a point."""
        left, top, w, h = self.rect
        if not (left <= x < left + w and top <= y < top + h):
            return None
        return int((y - top) / h * self.rows), int((x - left) / w * self.columns)

    @property
    def bounds(self) -> QRectF:
        """All of it."""
        return QRectF(*self.rect)


@dataclass(frozen=True)
class WalkPlace:
    """A laid-out walk.

    Attributes
    ----------
    view
        ``"window"``: one channel with its numbers; ``"channels"``: all of them as pictures.
    areas
        Grids, later ones on top.
    ledger
        Where sum, bias and result stand; None among channels, where they stand under the pictures.
    text
        Where the written-out line and the size of the map stand.
    lines
        How many lines of text there are.
    first, shown
        The first channel that is drawn, and how many are.
    back, on
        Where other channels can be turned to; None where there are none.
    """

    size: tuple[float, float]
    view: str
    areas: tuple[Area, ...]
    ledger: QRectF | None
    text: QRectF
    lines: int
    first: int = 0
    shown: int = 0
    back: QRectF | None = None
    on: QRectF | None = None

    def area(self, name: str, plane: int | None = None) -> Area | None:
        """The grid of a name, of a channel where there are several."""
        for one in self.areas:
            if one.name == name and plane in (None, one.plane):
                return one
        return None

    def at(self, x: float, y: float) -> tuple[Area, tuple[int, int]] | None:
        """The grid and the cell at a point."""
        for one in reversed(self.areas):
            cell = one.at(x, y)
            if cell is not None:
                return one, cell
        return None


def place_walk(seen: Seen, size: tuple[float, float], view: str = "window") -> WalkPlace:
    """Place everything; `view` is ``"channels"`` or ``"window"``, which is taken where there are no channels to add."""
    if view == "channels" and seen.parts is not None and seen.parts.shape[-1] > 1:
        return _channels(seen, size)
    return _window(seen, size)


def _sizes(seen: Seen) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns of what is read and of the map."""
    read, made = seen.read.shape, seen.map.shape
    return (read[0], read[1]), (made[0], made[1])


def _fit(rows: int, columns: int, wide: float, high: float) -> tuple[float, float]:
    """Width and height of an image with square pixels."""
    cell = min(wide / columns, high / rows)
    return columns * cell, rows * cell


def _window(seen: Seen, size: tuple[float, float]) -> WalkPlace:
    width, height = size
    lines = 3 if height >= 240 else 2
    several = seen.terms.planes > 1
    thumb = THUMB if height >= 240 else _LOW
    strip = STRIP - THUMB + thumb
    top = 8.0 + (strip if several else 0.0) + TITLE
    high = max(40.0, height - top - lines * LINE - 16)
    free = width - 2 * SIDE - LEDGER
    rows, columns = seen.terms.grid
    parts = 3 if seen.sums else 1
    widest = _CELL if seen.sums else _WIDE
    pictures = 1 if seen.dense else 2
    gaps = RAYS * (pictures - 1) + (parts - 1) * SIGN + 2 * 14.0
    read, out = _sizes(seen)
    tall = min(_MOST, high)
    wished = min(tall, widest * max(rows, 1)) if max(rows, columns) <= 7 else tall
    cell = min(wished / rows, widest)
    # Numbers come first: pictures give way until the cells can be read, or are as small as they may be.
    picture = max(
        _LEAST, min(tall, (free - gaps - parts * columns * min(cell, _READABLE)) / pictures)
    )
    left = free - gaps - pictures * min(picture, tall)
    cell = max(1.0, min(cell, left / (parts * columns)))
    # Rectangles rather than squares where only the height is scarce.
    broad = (
        min(widest, max(cell, left / (parts * columns)))
        if columns <= 7
        else left / (parts * columns)
    )
    wide, deep = (max(cell, min(broad, cell * 1.6)), cell)
    whole = parts * columns * wide
    sizes = [_fit(*read, picture, tall), _fit(*out, picture, tall)]
    if seen.dense:
        sizes = [sizes[1]]
    elif seen.listed:
        sizes = [sizes[0], _fit(*out, picture, tall)]
    rest = free - gaps - whole - sum(w for w, _ in sizes)
    # What is left over stands between the parts.
    extra = max(0.0, rest) / (pictures + parts)
    areas: list[Area] = []
    x, middle = SIDE, top + high / 2
    if not seen.dense:
        w, h = sizes[0]
        areas.append(Area("read", (x, middle - h / 2, w, h), *read))
        x += w + RAYS + extra
    names = ("patch", "kernel", "products") if seen.sums else ("patch",)
    for k, name in enumerate(names):
        w, h = columns * wide, rows * deep
        areas.append(Area(name, (x, middle - h / 2, w, h), rows, columns, seen.plane))
        x += w + (SIGN + extra if k + 1 < parts else 0.0)
    w, h = sizes[-1]
    end = width - SIDE - w
    ledger_x = min(x + 14.0 + extra, end - 14.0 - LEDGER)
    ledger = QRectF(ledger_x, top - 14, LEDGER, high + 18)
    areas.append(Area("map", (end, middle - h / 2, w, h), *out))
    text = QRectF(SIDE, top + high + 10, width - 2 * SIDE, lines * LINE)
    first, shown, back, on = 0, 0, None, None
    if several:
        pitch = max(thumb * 2 + 22.0, 72.0)
        first, shown, back, on = _page(seen, width - 2 * SIDE - 8, pitch, 8.0, strip)
        for k in range(shown):
            w, h = _fit(*read, thumb, thumb)
            at = SIDE + (14 if back else 0) + k * pitch
            areas.append(Area("channel", (at, 8.0, w, h), *read, first + k))
            w, h = _fit(rows, columns, thumb, thumb)
            left = at + pitch - 16 - w
            areas.append(Area("weights", (left, 8.0, w, h), rows, columns, first + k))
    return WalkPlace(size, "window", tuple(areas), ledger, text, lines, first, shown, back, on)


def _page(
    seen: Seen, room: float, pitch: float, y: float, high: float
) -> tuple[int, int, QRectF | None, QRectF | None]:
    """The channels beside each other: those around the one that is written out, and where others are turned to."""
    count = seen.terms.planes
    most = max(1, int((room + 6) // pitch))
    if count <= most:
        return 0, count, None, None
    most = max(1, int((room - 28 + 6) // pitch))
    first = min(seen.plane // most * most, count - 1)
    back = QRectF(SIDE - 8, y, 18, high) if first else None
    on = QRectF(SIDE + room - 10, y, 18, high) if first + most < count else None
    return first, min(most, count - first), back, on


def _channels(seen: Seen, size: tuple[float, float]) -> WalkPlace:
    width, height = size
    lines = 2 if height >= 240 else 1
    (rows, columns), (read, out) = seen.terms.grid, _sizes(seen)
    under = 18.0
    high = height - 8 - TITLE - under - lines * LINE - 14
    gap = 8.0 if height >= 240 else 5.0
    side = min(88.0, (high - 2 * gap) / 2.72)
    small = side * 0.72
    # The sum, and what the activation makes of it, stand at the right.
    big = min(150.0, high * 0.7, width * 0.15)
    results, count = 2 if seen.before is not None else 1, seen.terms.planes
    needed = 48.0 + 2 * SIDE + _WORDS + (results - 1) * 34.0 + count * _NARROW
    big = max(min(big, (width - needed) / results), min(big, 84.0))
    right = width - SIDE - results * big - (results - 1) * 34.0
    room = right - 48.0 - SIDE - _WORDS
    # More channels rather than larger ones.
    pitch = min(side + 12.0, max(_NARROW, room / count))
    side = min(side, pitch - 10.0)
    small = side * 0.72
    first, shown, back, on = _page(seen, room, pitch, 8 + TITLE, high)
    if shown == count:
        pitch = min(side * 1.7, room / count)
    top, x0 = 8.0 + TITLE + (high - 2 * side - small - 2 * gap) / 2, SIDE + _WORDS
    if back:
        back = back.translated(_WORDS, 0)
        x0 += 14
    if on:
        on = QRectF(right - 66, 8.0 + TITLE, 18, high)
    areas: list[Area] = []
    for k in range(shown):
        left = x0 + k * pitch
        for name, grid, box, y in (
            ("channel", read, side, top),
            ("weights", (rows, columns), small, top + side + gap),
            ("part", out, side, top + side + small + 2 * gap),
        ):
            w, h = _fit(*grid, box, box)
            areas.append(
                Area(name, (left + (side - w) / 2, y + (box - h) / 2, w, h), *grid, first + k)
            )
    w, h = _fit(*out, big, big)
    middle = 8.0 + TITLE + high / 2
    if results == 2:
        areas.append(Area("z", (right + (big - w) / 2, middle - h / 2, w, h), *out))
    end = width - SIDE - big
    areas.append(Area("map", (end + (big - w) / 2, middle - h / 2, w, h), *out))
    text = QRectF(SIDE, height - lines * LINE - 8, width - 2 * SIDE, lines * LINE)
    return WalkPlace(size, "channels", tuple(areas), None, text, lines, first, shown, back, on)
