"""Where everything of a window's close-up stands: planes above, the arithmetic of one cell below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF

from app.scenes import draw
from app.scenes.closeups.gathering import Terms, terms_of, whole
from app.scenes.closeups.planes import Plane, PlaneHits, axes_of, bounds, fitted
from app.scenes.hits import Hit
from app.scenes.step_values import cell_id, parse_cell
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.closeups import Index, Subject
    from app.scenes.frame import ViewState
    from app.snapshots import InstructionView, ProgramView

MARGIN = 24.0
TOP = 44.0
#: Over each plane its name and page, under it its scale.
CAPTION, LEGEND = 34.0, 18.0
LEDGER = 176.0
LINE = 19.0
#: The arithmetic takes no more width than this.
WIDEST = 860.0


@dataclass(frozen=True)
class TermGrid:
    """The numbers one plane of terms is made of, as a matrix.

    Attributes
    ----------
    which
        ``"left"``, ``"right"`` or ``"products"``.
    plane
        Which plane of the terms.
    """

    which: str
    terms: Terms
    plane: int
    rect: tuple[float, float, float, float]

    def box(self, row: int, column: int) -> QRectF:
        """The rectangle of a cell."""
        rows, columns = self.terms.grid
        w, h = self.rect[2] / columns, self.rect[3] / rows
        return QRectF(self.rect[0] + column * w, self.rect[1] + row * h, w, h)

    def id_of(self, row: int, column: int) -> str:
        """Name the number at a place: a cell of a tensor, or a product of two."""
        terms = self.terms
        cells = {"left": terms.left_cells, "right": terms.right_cells}.get(self.which)
        if cells is None or not terms.there[self.plane, row, column]:
            return f"term:{self.plane},{row},{column}"
        name = terms.left if self.which == "left" else terms.right
        index = cells[self.plane, row, column] if cells.ndim == 4 else cells[self.plane]
        return cell_id(name, tuple(index.tolist())[self._batch(name) :])

    def _batch(self, name: str) -> int:
        return int(name in self.batch)

    @property
    def batch(self) -> frozenset[str]:
        """Operands with a sample in front of their indices."""
        return self.terms.batch

    def hit(self, x: float, y: float) -> Hit | None:
        """The number at a point."""
        left, top, width, height = self.rect
        if not (left <= x < left + width and top <= y < top + height):
            return None
        rows, columns = self.terms.grid
        r = min(int((y - top) / height * rows), rows - 1)
        c = min(int((x - left) / width * columns), columns - 1)
        return self._hit(r, c)

    def _hit(self, row: int, column: int) -> Hit:
        name, box = self.id_of(row, column), bounds(self.box(row, column))
        if name.startswith("term:"):
            return Hit(name, "term", self.which, (self.plane, row, column), box)
        terms = self.terms
        tensor, cells = (
            (terms.left, terms.left_cells)
            if self.which == "left"
            else (terms.right, terms.right_cells)
        )
        assert cells is not None
        return Hit(name, "cell", tensor, tuple(cells[self.plane, row, column].tolist()), box)

    def named(self, identifier: str) -> Hit | None:
        """The number of an id."""
        place = self.find(identifier)
        return self._hit(*place) if place is not None and self.id_of(*place) == identifier else None

    def find(self, identifier: str) -> tuple[int, int] | None:
        """Where in the grid the term is that an id stands for: a product, or a cell of an operand."""
        terms = self.terms
        if identifier.startswith("term:"):
            plane, row, column = map(int, identifier[5:].split(","))
            rows, columns = terms.grid
            return (
                (row, column) if plane == self.plane and row < rows and column < columns else None
            )
        parsed = parse_cell(identifier)
        if parsed is None:
            return None
        for name, cells in ((terms.left, terms.left_cells), (terms.right, terms.right_cells)):
            if parsed[0] != name or cells is None or cells.ndim != 4:
                continue
            own = cells[self.plane][..., self._batch(name) :]
            if own.shape[-1] != len(parsed[1]):
                continue
            found = np.argwhere((own == np.array(parsed[1])).all(axis=-1) & terms.there[self.plane])
            if len(found):
                return int(found[0, 0]), int(found[0, 1])
        return None


@dataclass(frozen=True)
class Page:
    """What stands over a plane: its name, its page and where to turn it.

    Attributes
    ----------
    words
        "channel 3 of 8"; "" where there is one page.
    back, on
        Ids of the hits that turn it, "" at the ends.
    inner
        Of a padded image: row, column, height and width of the image itself.
    note
        What the image went through: "padded ↑1 ↓2 ←0 →1", "spread out", "turned".
    """

    plane: Plane
    title: str
    size: str
    words: str = ""
    back: str = ""
    on: str = ""
    inner: tuple[int, int, int, int] | None = None
    note: str = ""


@dataclass(frozen=True)
class WindowPlace:
    """A laid-out close-up of a window."""

    size: tuple[float, float]
    hits: PlaneHits
    pages: tuple[Page, ...]
    terms: Terms
    focus: int
    grids: tuple[TermGrid, ...]
    #: Where the sums are listed, and which planes have a line there.
    ledger: tuple[float, float, float, float]
    lines: tuple[int, ...]
    #: How many planes there are in all; of sums over samples `terms` hold one only.
    count: int
    view: ViewState


def writer(program: ProgramView, tensor: str) -> InstructionView | None:
    """Return the instruction that writes a tensor, or None."""
    return next((line for line in reversed(program.instructions) if tensor in line.writes), None)


def focus_of(subject: Subject, view: ViewState, count: int) -> int:
    """Return which plane of the terms is written out."""
    return min(_chosen(view), count - 1) if _chosen(view) >= 0 else 0


def _chosen(view: ViewState) -> int:
    """The plane that was chosen, or -1; commands carry it as a word."""
    chosen = str(view.option("plane", ""))
    return int(chosen) if chosen.isdecimal() else -1


def place(
    subject: Subject, operands: tuple[str, ...], size: tuple[float, float], view: ViewState
) -> WindowPlace:
    """Place planes of the named operands and of the result, and the arithmetic of the chosen cell."""
    terms, focus, count = terms_in_focus(subject, view)
    width, height = size
    top_height = height - TOP - _needed(terms, count, (width, height - TOP))
    pages = _pages(subject, operands, terms, focus, count, (width, top_height))
    below = TOP + top_height
    ledger_width = min(LEDGER, width * 0.3)
    # On wide pictures the arithmetic stays together under the planes.
    side = max(MARGIN, (width - WIDEST) / 2)
    ledger = (width - side - ledger_width, below + 16, ledger_width, height - below - 28)
    room = (side, below + 40, width - 2 * side - ledger_width - 28, height - below - 40 - 34)
    grids = _grids(terms, min(focus, terms.planes - 1), room) if terms.planes else ()
    most = max(1, int(ledger[3] / LINE) - 4)
    lines = (
        _listed(count, focus, most)
        if terms.kind in ("channel", "filter", "window", "sample")
        else ()
    )
    items = [*_page_hits(pages)]
    for k, line in enumerate(lines):
        items.append(Hit(f"toggle:plane:{line}", "toggle", "", (line,),
                         (ledger[0], ledger[1] + k * LINE, ledger[2], LINE)))  # fmt: skip
    planes = tuple(page.plane for page in pages)
    return WindowPlace(
        size, PlaneHits(tuple(items), planes + grids), pages, terms, focus, grids, ledger, lines, count, view
    )  # fmt: skip


def _needed(terms: Terms, count: int, room: tuple[float, float]) -> float:
    """How much height the arithmetic takes."""
    rows, columns = terms.grid
    parts = 3 if terms.right and not terms.kind.startswith("sample") else 1
    side = min(28.0, max(8.0, (room[0] - 2 * MARGIN - LEDGER - 90) / (parts * columns)))
    listed = min(count, 8) if count > 1 else 0
    wished = max(rows * side + 84, (listed + 4) * LINE + 44)
    return min(max(wished, 0.2 * room[1]), 0.52 * room[1])


def terms_in_focus(subject: Subject, view: ViewState) -> tuple[Terms, int, int]:
    """Return the terms that are written out, which plane of all that is, and how many there are."""
    sums_samples = not subject.info(subject.tensor).batch and any(
        subject.info(name).batch for name in subject.instruction.operands.values()
    )
    if not sums_samples:
        terms = terms_of(subject)
        return terms, focus_of(subject, view, max(1, terms.planes)), terms.planes
    sample = min(_chosen(view) if _chosen(view) >= 0 else subject.row, subject.rows - 1)
    return terms_of(subject, sample), sample, subject.rows


def _listed(count: int, focus: int, most: int) -> tuple[int, ...]:
    """Which planes have a line of their own: as many as there is room for, around the one in focus."""
    # A line for one that is left out takes as much room as that one.
    if count <= most + 1:
        return tuple(range(count)) if count > 1 else ()
    first = min(max(0, focus - most // 2), count - most)
    return tuple(range(first, first + most))


# ---- planes ------------------------------------------------------------------------------------------------------


def _pages(
    subject: Subject, operands: tuple[str, ...], terms: Terms, focus: int, count: int, room: tuple[float, float]
) -> tuple[Page, ...]:  # fmt: skip
    names = [subject.instruction.operands[role] for role in operands]
    entries = [(name, _base(subject, name, terms, focus), "operand") for name in names]
    entries.append((subject.tensor, subject.cell, "result"))
    axes = [axes_of(whole(subject, name), base) for name, base, _ in entries]
    height = room[1] - CAPTION - LEGEND
    gap = 44.0
    free = room[0] - 2 * MARGIN - gap * (len(entries) - 1)
    cells = []
    wishes = []
    for one in axes:
        numbers = one.rows * 28 <= height and one.columns * 56 <= free
        side = height / one.rows
        wishes.append(one.columns * (56.0 if numbers or one.down is None else max(side, 1.0)))
    given = _shared(wishes, free)
    for one, most in zip(axes, given, strict=True):
        # Height and width of an image have one scale; steps and features need not.
        image = one.down is not None and one.down < one.across
        cells.append(fitted(one.rows, one.columns, most, height, image=image))
    total = sum(c[0] * a.columns for c, a in zip(cells, axes, strict=True)) + gap * (len(axes) - 1)
    x = (room[0] - total) / 2
    found = []
    for (name, base, role), one, (w, h) in zip(entries, axes, cells, strict=True):
        rect = (x, TOP + CAPTION + (height - h * one.rows) / 2, w * one.columns, h * one.rows)
        sample = terms.names[0] if terms.kind.startswith("sample") and role != "result" else -1
        front = (sample if sample >= 0 else subject.row) if subject.info(name).batch else None
        plane = Plane(name, one, rect, role, sample, front)
        found.append(_page(subject, plane, base, role, (terms, focus, count)))
        x += rect[2] + gap
    return tuple(found)


def _shared(wishes: list[float], free: float) -> list[float]:
    """Give each what it wishes, or an equal share of what the modest ones leave."""
    given = [0.0] * len(wishes)
    open_ones = sorted(range(len(wishes)), key=lambda k: wishes[k])
    for done, k in enumerate(open_ones):
        given[k] = min(wishes[k], free / (len(wishes) - done))
        free -= given[k]
    return given


def _base(subject: Subject, name: str, terms: Terms, focus: int) -> Index:
    """The page of an operand: the channel that the plane in focus reads, or the place of the cell itself."""
    shape = whole(subject, name)
    cells = (
        terms.left_cells
        if name == terms.left
        else terms.right_cells
        if name == terms.right
        else None
    )
    if cells is not None and terms.planes:
        one = cells[min(focus, terms.planes - 1)].reshape(-1, cells.shape[-1])[0]
        return tuple(one.tolist())[int(subject.info(name).batch) :]
    # Maximum pooling's own output: the same channel.
    return (*(0,) * (len(shape) - 1), min(subject.cell[-1], shape[-1] - 1))


def _page(
    subject: Subject, plane: Plane, base: Index, role: str, of: tuple[Terms, int, int]
) -> Page:
    terms, focus, count = of
    info = subject.info(plane.tensor)
    title, size = info.symbol or plane.tensor, "×".join(map(str, info.shape))
    words = back = on = ""
    drawn = {plane.axes.down, plane.axes.across}
    pages = [k for k in range(len(info.shape)) if k not in drawn and info.shape[k] > 1]
    if role == "result" and pages:
        axis = pages[-1]
        number, last = base[axis], info.shape[axis] - 1
        words = _numbered("map" if info.batch else "filter", number, last + 1)
        back, on = (
            cell_id(plane.tensor, (*base[:axis], number + by, *base[axis + 1 :]))
            if 0 <= number + by <= last
            else ""
            for by in (-1, 1)
        )
    elif pages:
        axis = pages[-1]
        words = _numbered("channel" if info.batch else "filter", base[axis], info.shape[axis])
    if not info.batch and len(pages) > 1:
        # A kernel has a plane for each channel that it reads, too.
        more = _numbered("channel", base[pages[-2]], info.shape[pages[-2]])
        both = f"{words}, {more}"
        if draw.advance(page_words(both), 11) + 32 <= plane.rect[2] + _OVER:
            words = both
    if role != "result" and plane.sample >= 0:
        words = ", ".join(filter(None, [_numbered("sample", plane.sample, count), words]))
    if role == "operand" and plane.tensor == terms.left and count > 1:
        back = f"toggle:plane:{focus - 1}" if focus else ""
        on = f"toggle:plane:{focus + 1}" if focus + 1 < count else ""
    made = writer(subject.program, plane.tensor) if role == "operand" else subject.instruction
    inner, note = None, ""
    if made is not None and made.op in ("pad2d", "spread2d"):
        shape, before = whole(subject, made.operands["x"]), made.attributes["before"]
        sh, sw = made.attributes.get("strides", (1, 1))
        inner = (*before, (shape[0] - 1) * sh + 1, (shape[1] - 1) * sw + 1)
        note = "" if role == "result" else _padding(made) if made.op == "pad2d" else "spread out"
    elif role == "operand" and made is not None and made.op == "turn_kernel":
        note = "turned"
    if plane.axes.down is not None and plane.axes.down > plane.axes.across:
        inner = None if inner is None else (0, inner[1], plane.axes.rows, inner[3])
    return Page(plane, title, size, words, back, on, inner, note)


def _padding(made: InstructionView) -> str:
    """How many rows and columns of zeros stand above, below, left and right: uneven ones are told from even ones."""
    (top, left), (bottom, right) = made.attributes["before"], made.attributes["after"]
    return f"padded ↑{top} ↓{bottom} ←{left} →{right}"


#: How far the words over a plane may reach beyond it.
_OVER = 24.0


def _numbered(kind: str, number: int, of: int) -> str:
    return f"{kind}|{number + 1}|{of}"


def page_words(words: str) -> str:
    """``channel|3|8`` in words."""
    said = []
    for part in words.split(", "):
        kind, number, of = part.split("|")
        said.append({
            "channel": tr("channel {n} of {all}", n=number, all=of), "map": tr("map {n} of {all}", n=number, all=of),
            "filter": tr("filter {n} of {all}", n=number, all=of),
            "sample": tr("sample {n} of {all}", n=number, all=of),
        }[kind])  # fmt: skip
    return ", ".join(said)


def turns(page: Page) -> tuple[float, float]:
    """Where the arrows stand that turn a page."""
    x, _, w, _ = page.plane.rect
    half = draw.advance(page_words(page.words), 11) / 2 + 16 if page.words else 0.0
    return x + w / 2 - half, x + w / 2 + half


def _page_hits(pages: tuple[Page, ...]) -> list[Hit]:
    found = []
    for page in pages:
        y = page.plane.rect[1]
        for name, middle in zip((page.back, page.on), turns(page), strict=True):
            left = middle - 12
            if name:
                kind = "toggle" if name.startswith("toggle") else "turn"
                found.append(Hit(name, kind, page.plane.tensor, (), (left, y - 22, 24.0, 22.0)))
    return found


# ---- arithmetic --------------------------------------------------------------------------------------------------


def _grids(
    terms: Terms, plane: int, room: tuple[float, float, float, float]
) -> tuple[TermGrid, ...]:
    parts = ["left"]
    if terms.kind.startswith("sample") and terms.right:
        # Both operands stand above as they are: the products get the room.
        parts = ["products"]
    elif terms.right_cells is not None and terms.right_cells.ndim == 4:
        parts.append("right")
    elif terms.shares is not None:
        parts.append("shares")
    if len(parts) > 1 and terms.how == "sum":
        parts.append("products")
    rows, columns = terms.grid
    x, y, width, height = room
    gap = 30.0
    free = (width - gap * (len(parts) - 1)) / len(parts)
    w, h = fitted(rows, columns, free, height, image=True)
    found = []
    for part in parts:
        found.append(TermGrid(part, terms, plane, (x, y, w * columns, h * rows)))
        x += w * columns + gap
    return tuple(found)
