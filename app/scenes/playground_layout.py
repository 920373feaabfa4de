"""Where everything of the convolution playground stands: two pictures above, the arithmetic of one place below."""

from __future__ import annotations

from dataclasses import dataclass

from app.scenes import draw

Rect = tuple[float, float, float, float]

MARGIN, GAP = 20.0, 40.0
#: Over the pictures their names; under them the formula of the size; over the cells their names; under them the sum.
TOP, FORMULA, NAMES, LINES = 36.0, 40.0, 26.0, 48.0
#: Width of the sum beside the products, and between the grids.
LEDGER, SIGN = 124.0, 32.0


@dataclass(frozen=True)
class Layout:
    """See the module's text.

    Attributes
    ----------
    given, made
        The two pictures.
    grids
        Patch, kernel and products; only the patch of a pooling.
    side
        Of a cell.
    cells
        Rows and columns of a grid.
    ledger
        Where the sum stands.
    formula, lines
        Baselines of the formula of the size and of what is written out.
    """

    size: tuple[float, float]
    given: Rect
    made: Rect
    grids: tuple[Rect, ...]
    side: float
    cells: int
    ledger: Rect
    formula: float
    lines: float


def fitted(rows: int, columns: int, x: float, y: float, w: float, h: float) -> Rect:
    """The largest place for a picture in a room, its pixels square, at the top and in the middle."""
    zoom = min(w / columns, h / rows)
    return (x + (w - columns * zoom) / 2, y, columns * zoom, rows * zoom)


def layout(
    size: tuple[float, float],
    given: tuple[int, int],
    made: tuple[int, int],
    cells: int,
    *,
    pooling: bool,
) -> Layout:
    """Place everything.

    Parameters
    ----------
    given, made
        Rows and columns of the two pictures.
    cells
        Rows of the window's taps.
    """
    width, height = size
    count = 1 if pooling else 3
    room = max(80.0, height - TOP - FORMULA - NAMES - LINES - 8)
    across = (width - 2 * MARGIN - LEDGER - SIGN * count) / (3 * cells)
    side = max(8.0, min(44.0, 0.38 * room / cells, across))
    high = room - side * cells
    wide = (width - 2 * MARGIN - GAP) / 2
    pictures = (
        fitted(*given, MARGIN, TOP, wide, high),
        fitted(*made, MARGIN + wide + GAP, TOP, wide, high),
    )
    under = max(y + h for _, y, _, h in pictures)
    top = TOP + high + FORMULA + NAMES
    total = count * side * cells + SIGN * count + LEDGER
    x = max(MARGIN, (width - total) / 2)
    grids = []
    for _ in range(count):
        grids.append((x, top, side * cells, side * cells))
        x += side * cells + SIGN
    return Layout(
        size, *pictures, tuple(grids), side, cells, (x, top, LEDGER, side * cells), under + 22,
        top + side * cells + 22,
    )  # fmt: skip


def pixel(rect: Rect, rows: int, columns: int, x: float, y: float) -> tuple[int, int] | None:
    """The row and column of a point in a picture, or None outside."""
    left, top, w, h = rect
    if not (left <= x < left + w and top <= y < top + h):
        return None
    return (
        min(rows - 1, int((y - top) / h * rows)),
        min(columns - 1, int((x - left) / w * columns)),
    )


def short(value: float) -> str:
    """A number as it fits into a cell."""
    if value != value:
        return "–"
    if float(value).is_integer() and abs(value) < 1000:
        return draw.plain(value, 0)
    if abs(value) < 0.0005:
        return draw.scientific(value)
    return draw.plain(value, 3 if abs(value) < 0.095 else 2)


def tight(value: float) -> str:
    """A number with fewer figures, for small cells: ``.09``."""
    if value != value or (float(value).is_integer() and abs(value) < 1000):
        return short(value)
    return draw.plain(value, 2 if abs(value) < 1 else 1).replace("0.", ".", 1)
