"""Tensors side by side: how large their cells can be, which cell is under the mouse, and where a cell is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, inf, log, sqrt
from typing import TYPE_CHECKING

from app.scenes.closeups.arrangement import Arrangement
from app.scenes.hits import Hit, HitIndex
from app.scenes.step_values import cell_id, parse_cell

if TYPE_CHECKING:
    from app.scenes.closeups import Index

#: Cells with their number, largest first: width, height, size of the digits.
NUMBERED = (
    (72.0, 36.0, 13.0), (56.0, 28.0, 11.5), (50.0, 24.0, 11.0), (44.0, 20.0, 10.5), (38.0, 18.0, 10.0),
)  # fmt: skip
_SQUARES = (
    28.0, 24.0, 20.0, 16.0, 14.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.75, 0.5, 0.25, 0.1,
)  # fmt: skip
#: Room over a tensor for its name, over a rectangle for its channel, between rectangles, between tensors.
CAPTION, TILE_CAPTION, GAP, SPACE, ARROW = 20.0, 13.0, 8.0, 20.0, 34.0
#: Of many rectangles so many at least are seen at once.
_SEEN = 4


@dataclass(frozen=True)
class Slot:
    """A tensor that wants a place.

    Attributes
    ----------
    tensor, role
        Its name and what the operation calls it.
    result
        Whether the instruction writes it.
    arrangement
        How its cells lie.
    row
        The sample shown, or None where all are or there are none.
    batch
        Whether the engine counts its samples first.
    page, focus
        Which rectangles to show: the page asked for (-1: the one with the rectangle `focus`).
    """

    tensor: str
    role: str
    result: bool
    arrangement: Arrangement
    row: int | None = None
    batch: bool = False
    page: int = -1
    focus: int = 0


@dataclass(frozen=True)
class Panel:
    """A tensor in its place: the top left corner of its first cell, the size of a cell, and which rectangles."""

    slot: Slot
    x: float
    y: float
    cell: tuple[float, float]
    digits: float
    columns: int
    shown: int
    first: int

    @property
    def tensor(self) -> str:
        """Its name."""
        return self.slot.tensor

    @property
    def pages(self) -> int:
        """How many pages its rectangles take."""
        return ceil(self.slot.arrangement.tiles / max(1, self.shown))

    @property
    def page(self) -> int:
        """The one that is shown."""
        return self.first // max(1, self.shown)

    @property
    def tile_size(self) -> tuple[float, float]:
        """Width and height of one rectangle."""
        a = self.slot.arrangement
        return a.width * self.cell[0], a.height * self.cell[1]

    @property
    def count(self) -> int:
        """Rectangles on this page."""
        return min(self.shown, self.slot.arrangement.tiles - self.first)

    @property
    def rect(self) -> tuple[float, float, float, float]:
        """All its rectangles: x, y, width, height."""
        w, h = self.tile_size
        columns = min(self.columns, self.count)
        lines = ceil(self.count / max(1, self.columns))
        head = self.head
        return (
            self.x, self.y, columns * w + (columns - 1) * GAP,
            lines * (h + head) + (lines - 1) * GAP - head,
        )  # fmt: skip

    @property
    def head(self) -> float:
        """Room over each rectangle but those of the first line, which have theirs under the tensor's name."""
        return TILE_CAPTION if self.slot.arrangement.tiles > 1 else 0.0

    def tile_at(self, tile: int) -> tuple[float, float] | None:
        """Return the corner of a rectangle, or None where it is on another page."""
        k = tile - self.first
        if not 0 <= k < self.count:
            return None
        w, h = self.tile_size
        line, column = divmod(k, self.columns)
        return self.x + column * (w + GAP), self.y + line * (h + self.head + GAP)

    def rect_of(self, tile: int, i: int, j: int) -> tuple[float, float, float, float] | None:
        """Return where a cell is: x, y, width, height."""
        corner = self.tile_at(tile)
        if corner is None:
            return None
        w, h = self.cell
        return corner[0] + j * w, corner[1] + i * h, w, h

    def full(self, index: Index) -> Index:
        """Return the index of a cell as the engine counts, the sample first."""
        return (self.slot.row, *index) if self.slot.row is not None else index

    def own(self, full: Index) -> Index | None:
        """Return the index in what is shown of a cell as the engine counts; None of another sample."""
        if self.slot.row is None:
            return full
        return full[1:] if full[:1] == (self.slot.row,) else None

    def hit(self, x: float, y: float) -> Hit | None:
        """Return the cell at a point."""
        w, h = self.tile_size
        left, top = x - self.x, y - self.y
        if left < 0 or top < 0 or w <= 0 or h <= 0:
            return None
        column, line = int(left // (w + GAP)), int(top // (h + self.head + GAP))
        k = line * self.columns + column
        if column >= self.columns or k >= self.count:
            return None
        j = int((left - column * (w + GAP)) / self.cell[0])
        i = int((top - line * (h + self.head + GAP)) / self.cell[1])
        a = self.slot.arrangement
        if not (0 <= i < a.height and 0 <= j < a.width):
            return None
        index = a.index(self.first + k, i, j)
        return None if index is None else self.hit_of(index)

    def hit_of(self, index: Index) -> Hit | None:
        """Return the cell of an index in what is shown."""
        rect = self.rect_of(*self.slot.arrangement.place(index))
        if rect is None:
            return None
        full = self.full(index)
        cell = full[1:] if self.slot.batch else full
        return Hit(cell_id(self.tensor, cell), "cell", self.tensor, full, rect)

    def find(self, cell: Index, row: int) -> Hit | None:
        """Return a cell of the tensor, of this sample if there are several."""
        index = cell
        if self.slot.batch and self.slot.row is None:
            index = (row, *cell)
        if len(index) != len(self.slot.arrangement.shape) or any(
            not 0 <= k < n for k, n in zip(index, self.slot.arrangement.shape, strict=True)
        ):
            return None
        return self.hit_of(index)


@dataclass(frozen=True)
class PanelHits(HitIndex):
    """The cells of panels, found by division; other things lie on top of them."""

    panels: tuple[Panel, ...] = ()
    row: int = field(default=0, kw_only=True)

    def at(self, x: float, y: float) -> Hit | None:
        """Return what is at a point."""
        found = super().at(x, y)
        if found is not None:
            return found
        return next((hit for panel in self.panels if (hit := panel.hit(x, y)) is not None), None)

    def get(self, identifier: str) -> Hit | None:
        """Return the item with that id."""
        cell = parse_cell(identifier)
        if cell is None:
            return super().get(identifier)
        for panel in self.panels:
            if panel.tensor == cell[0] and (hit := panel.find(cell[1], self.row)) is not None:
                return hit
        return None


@dataclass(frozen=True)
class _Fit:
    cell: tuple[float, float]
    digits: float
    columns: int
    shown: int
    width: float
    height: float


def _fit(a: Arrangement, width: float, height: float) -> _Fit:
    """The largest cells with which enough of a tensor is seen in a rectangle."""
    head = TILE_CAPTION if a.tiles > 1 else 0.0
    sizes = [(w, h, d) for w, h, d in NUMBERED] + [(s, s, 0.0) for s in _SQUARES]
    if a.loose and not (a.width * NUMBERED[-1][0] <= width and a.height * NUMBERED[-1][1] <= height):  # fmt: skip
        # A table need not have square cells: it is as wide and as high as there is room, within reason.
        w, h = (min(28.0, _step(room / n)) for room, n in ((width, a.width), (height, a.height)))
        w, h = min(w, max(12.0, 6 * h)), min(h, max(12.0, 6 * w))
        return _Fit((w, h), 0.0, 1, 1, a.width * w, a.height * h)
    for w, h, digits in sizes:
        tw, th = a.width * w, a.height * h
        columns = int((width + GAP) // (tw + GAP))
        lines = int((height + GAP) // (th + head + GAP))
        if columns < 1 or lines < 1:
            continue
        if columns * lines < min(a.tiles, _SEEN):
            continue
        shown = min(a.tiles, columns * lines)
        columns = min(columns, shown)
        lines = ceil(shown / columns)
        # Several lines of about one length look better than a full one and a rest.
        columns = ceil(shown / lines)
        return _Fit(
            (w, h), digits, columns, shown, columns * tw + (columns - 1) * GAP,
            lines * (th + head) + (lines - 1) * GAP,
        )  # fmt: skip
    s = min(width / max(1, a.width), max(1.0, height - head) / max(1, a.height))
    return _Fit((s, s), 0.0, 1, 1, a.width * s, a.height * s)


def _step(size: float) -> float:
    """Round a cell's side down to whole pixels, as far as it has some."""
    return float(int(size)) if size >= 2 else size


def _natural(a: Arrangement) -> tuple[float, float]:
    """The size a tensor would like to have."""
    w, h, _ = NUMBERED[0]
    across = min(ceil(sqrt(a.tiles)), 4)
    down = min(ceil(a.tiles / across), 4)
    # Pictures do without digits.
    if a.tiles > 1 or a.width * a.height > 600:
        w = h = max(4.0, min(24.0, 260.0 / max(a.width, a.height)))
    return across * (a.width * w + GAP), down * (a.height * h + GAP + TILE_CAPTION)


def _shares(wanted: Sequence[float], room: float) -> list[float]:
    """What each gets of the room: those that want little get it, the others share what is left."""
    given = [0.0] * len(wanted)
    for done, k in enumerate(sorted(range(len(wanted)), key=lambda k: wanted[k])):
        given[k] = max(1.0, min(wanted[k], room / (len(wanted) - done)))
        room -= given[k]
    if room > 0 and wanted:
        given[max(range(len(wanted)), key=lambda k: wanted[k])] += room
    return given


def _partitions(n: int) -> list[tuple[int, ...]]:
    """Ways to set n tensors in lines, as the number in each."""
    if n <= 4:
        ways = set()
        for bits in range(1 << (n - 1)):
            lengths, run = [], 1
            for k in range(n - 1):
                if bits >> k & 1:
                    lengths.append(run)
                    run = 1
                else:
                    run += 1
            ways.add((*lengths, run))
        return sorted(ways)
    ways = set()
    for lines in range(1, min(n, 5) + 1):
        each, more = divmod(n, lines)
        ways.add(tuple(each + (k < more) for k in range(lines)))
    return sorted(ways)


@lru_cache(maxsize=256)
def place(slots: tuple[Slot, ...], x: float, y: float, width: float, height: float) -> tuple[Panel, ...]:  # fmt: skip
    """Give every tensor a place in a rectangle: in one line or several, whatever shows the numbers largest."""
    best: tuple[float, list[tuple[int, _Fit, float, float]], float] | None = None
    for way in _partitions(len(slots)):
        score, placed, bottom = _try(slots, way, width, height)
        if best is None or score > best[0]:
            best = (score, placed, bottom)
    if best is None:
        return ()
    left, top = x, y + max(0.0, (height - best[2]) * 0.42)
    found = []
    for k, fit, px, py in best[1]:
        slot, a = slots[k], slots[k].arrangement
        page = slot.page if slot.page >= 0 else slot.focus // max(1, fit.shown)
        page = min(page, ceil(a.tiles / max(1, fit.shown)) - 1)
        head = TILE_CAPTION if a.tiles > 1 else 0.0
        found.append(
            Panel(slot, left + px, top + py + head, fit.cell, fit.digits, fit.columns, fit.shown,
                  page * fit.shown)
        )  # fmt: skip
    return tuple(found)


def _try(
    slots: tuple[Slot, ...], way: tuple[int, ...], width: float, height: float
) -> tuple[float, list[tuple[int, _Fit, float, float]], float]:
    """Set the tensors in lines of these lengths: how good that is, and where each one lies."""
    score, at, start = 0.0, 0.0, 0
    placed: list[tuple[int, _Fit, float, float]] = []
    lines = []
    for length in way:
        lines.append(range(start, start + length))
        start += length
    room = height - len(lines) * CAPTION - (len(lines) - 1) * SPACE
    wanted = [max(_natural(slots[k].arrangement)[1] for k in line) for line in lines]
    if room < 20 * len(lines):
        return -inf, [], 0.0
    heights = _shares(wanted, room)
    for line, tall in zip(lines, heights, strict=True):
        gaps = [ARROW if slots[k].result and not slots[k - 1].result else SPACE for k in line if k]
        between = sum(gaps[1 if line[0] else 0 :])
        shares = _shares([_natural(slots[k].arrangement)[0] for k in line], width - between)
        fits = [_fit(slots[k].arrangement, w, tall) for k, w in zip(line, shares, strict=True)]
        total = sum(fit.width for fit in fits) + between
        px = max(0.0, (width - total) / 2)
        for k, fit in zip(line, fits, strict=True):
            if k != line[0]:
                px += ARROW if slots[k].result and not slots[k - 1].result else SPACE
            placed.append((k, fit, px, at + CAPTION))
            px += fit.width
            score += log(fit.cell[0] * fit.cell[1]) + (1.0 if fit.digits else 0.0)
            score += 0.5 * fit.shown / slots[k].arrangement.tiles
        at += CAPTION + max(fit.height for fit in fits) + SPACE
    # Between two that show the same, the one of fewer lines.
    return score - 0.05 * len(lines), placed, at - SPACE
