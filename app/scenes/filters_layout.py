"""Where the filters of a network stand: layer under layer, one tile a unit, its gradient under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from app.scenes.filter_banks import MOST_NUMBERS, Bank, bank_of, kernels
from app.scenes.hits import Hit, HitIndex
from app.scenes.spec_view import numbered_titles

if TYPE_CHECKING:
    from app.snapshots import NetworkView, NodeView

#: Pixels a tile may be wide, and what stands between tiles and rows.
LARGEST, SMALLEST = 84.0, 22.0
#: Where it is the only layer: cells large enough for their numbers.
ALONE = 132.0
GAP, LINE, BETWEEN = 8.0, 24.0, 14.0
#: Between weights and their gradients.
UNDER = 3.0
SIDE = 16.0
_ACROSS = 16
#: Lines of weights: height of one at most, and of all of them.
_THICK, _HIGH = 12.0, 168.0
#: Units drawn at once.
MOST_UNITS = 64
#: Room at the right of a title for the arrows that turn the page.
ARROWS = 52.0


@dataclass(frozen=True)
class FilterRow:
    """A kernel.

    Attributes
    ----------
    bank
        How it is cut; None where it has too many numbers to be drawn.
    tensor, layer, title, count
        The kernel, its layer, a name that tells the layer from others, and how many numbers there are.
    y
        Top of its title.
    side
        (width, height) of a tile; of all lines where units are lines.
    across
        Tiles beside each other.
    first, shown
        The first unit of the page and how many are on it.
    both
        Whether gradients are there too.
    """

    bank: Bank | None
    tensor: str
    layer: str
    title: str
    count: int
    y: float
    side: tuple[float, float]
    across: int
    first: int
    shown: int
    both: bool

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.bank.units // MOST_UNITS)) if self.bank is not None else 1

    @property
    def images(self) -> bool:
        """Whether each unit is a picture."""
        return self.bank is not None and self.bank.image

    def rect(
        self, number: int, left: float, under: bool = False
    ) -> tuple[float, float, float, float]:
        """Where a unit of the page stands, or (`under`) its gradient."""
        w, h = self.side
        top = self.y + LINE
        if not self.images:
            line = h / max(1, self.shown)
            shift = (w + 2 * GAP) if under else 0.0
            return (left + shift, top + number * line, w, line)
        row, column = divmod(number, self.across)
        pair = h * (2 if self.both else 1) + (UNDER if self.both else 0.0)
        y = top + row * (pair + GAP) + (h + UNDER if under else 0.0)
        return (left + column * (w + GAP), y, w, h)

    @property
    def height(self) -> float:
        """With its title."""
        if self.bank is None:
            return LINE
        if not self.images:
            return LINE + self.side[1]
        pair = self.side[1] * (2 if self.both else 1) + (UNDER if self.both else 0.0)
        rows = -(-self.shown // self.across)
        return LINE + rows * pair + (rows - 1) * GAP


@dataclass(frozen=True, eq=False)
class FiltersLayout:
    """Where everything stands; `height` is what is needed."""

    size: tuple[float, float]
    height: float
    rows: tuple[FilterRow, ...]
    hits: HitIndex
    key: tuple[Any, ...]

    def row(self, tensor: str) -> FilterRow | None:
        """The row of a kernel."""
        return next((row for row in self.rows if row.tensor == tensor), None)

    def beside(self, hit: Hit, by: int) -> Hit | None:
        """The tile above (by = -1) or below one: the nearest of the next line of tiles."""
        tiles = [one for one in self.hits.items if one.kind == "filter"]
        lines = sorted({one.rect[1] for one in tiles if (one.rect[1] - hit.rect[1]) * by > 0.5})
        if not lines:
            return None
        line = lines[0] if by > 0 else lines[-1]
        at = hit.rect[0] + hit.rect[2] / 2
        near = [one for one in tiles if one.rect[1] == line]
        return min(near, key=lambda one: abs(one.rect[0] + one.rect[2] / 2 - at))


def wanted(spec: NetworkView, layer: str = "") -> tuple[tuple[str, str], ...]:
    """(layer, kernel) of what can be shown; of one layer, or of all."""
    found: dict[str, str] = {}
    for node in spec.nodes:
        if not layer or node.layer == layer:
            found |= {name: node.layer for name in kernels(node) if name not in found}
    return tuple((one, name) for name, one in found.items())


def place_filters(
    spec: NetworkView,
    width: float,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    layer: str = "",
    both: frozenset[str] | bool = False,
    colour: bool = True,
    pages: tuple[tuple[str, int], ...] = (),
) -> FiltersLayout:
    """Place the kernels of a network one under the other.

    Parameters
    ----------
    shapes
        Of the kernels that are there, by name.
    layer
        The only layer shown; empty for all.
    both
        The kernels whose gradients are shown too, or whether all are.
    colour
        Whether red, green and blue planes are one picture.
    pages
        Page of units by kernel.
    """
    if isinstance(both, bool):
        both = frozenset(shapes) if both else frozenset()
    listed = tuple(sorted(shapes.items()))
    return _place(spec, width, listed, layer, both, colour, pages)


@lru_cache(maxsize=32)
def _place(
    spec: NetworkView, width: float, shapes: tuple[tuple[str, tuple[int, ...]], ...], layer: str,
    both: frozenset[str], colour: bool, pages: tuple[tuple[str, int], ...],
) -> FiltersLayout:  # fmt: skip
    nodes: dict[str, NodeView] = {}
    for node in spec.nodes:
        nodes.setdefault(node.layer, node)
    titles, known, turned = numbered_titles(spec), dict(shapes), dict(pages)
    rows: list[FilterRow] = []
    hits: list[Hit] = []
    y = 10.0
    alone = bool(layer)
    for owner, tensor in wanted(spec, layer):
        if tensor not in known:
            continue
        shape, node = known[tensor], nodes[owner]
        title = titles.get(owner, node.title)
        of = tensor.rsplit("/", 1)[-1]
        if of not in ("kernel", "embeddings"):
            title = f"{title}, {of.replace('_', ' ')}"
        row = _row(spec, owner, tensor, title, shape, y, width - 2 * SIDE, tensor in both, colour,
                   turned.get(tensor, 0), alone)  # fmt: skip
        if row is None:
            continue
        rows.append(row)
        hits += _hits(row, width - 2 * SIDE)
        y += row.height + BETWEEN
    key = (spec, width, shapes, layer, both, colour, pages)
    return FiltersLayout((width, y), y, tuple(rows), HitIndex(tuple(hits)), key)


def _row(
    spec: NetworkView, layer: str, tensor: str, title: str, shape: tuple[int, ...], y: float,
    width: float, both: bool, colour: bool, page: int, alone: bool,
) -> FilterRow | None:  # fmt: skip
    node = next(one for one in spec.nodes if one.layer == layer)
    bank, count = bank_of(spec, node, tensor, shape), prod(shape)
    if bank is None:
        return None
    if count > MOST_NUMBERS:
        return FilterRow(None, tensor, layer, title, count, y, (0.0, 0.0), 1, 0, 0, both)
    page = max(0, min(page, (bank.units - 1) // MOST_UNITS))
    first = page * MOST_UNITS
    shown = min(MOST_UNITS, bank.units - first)
    if not bank.image:
        room = (width - 2 * GAP) / 2 if both else width
        cell = min(_THICK, room / bank.size[1])
        thick = min(max(cell, 2.0), _HIGH / shown, _THICK)
        side = (max(cell * bank.size[1], min(room, 48.0)), thick * shown)
        return FilterRow(bank, tensor, layer, title, count, y, side, 1, first, shown, both)
    high, wide = bank.cells(colour)
    most = ALONE if alone else LARGEST
    across = min(shown, max(1, int((width + GAP) / (most + GAP))) if alone else _ACROSS)
    room = (width - (across - 1) * GAP) / across
    w = max(SMALLEST, float(wide), min(most, room))
    if w >= 2 * wide:
        w = wide * float(int(w / wide))
    w = min(w, width)
    across = max(1, min(across, int((width + GAP + 0.01) // (w + GAP))))
    side = (w, w * high / wide)
    return FilterRow(bank, tensor, layer, title, count, y, side, across, first, shown, both)


def _hits(row: FilterRow, width: float) -> list[Hit]:
    name = row.tensor
    found = [Hit(f"layer:{name}", "layer", name, (), (SIDE, row.y, width, LINE - 4))]
    if row.pages > 1:
        page = row.first // MOST_UNITS
        for k, by in enumerate((-1, 1)):
            at = (SIDE + width - ARROWS + k * ARROWS / 2, row.y, ARROWS / 2, LINE - 2)
            if 0 <= page + by < row.pages:
                found.append(Hit(f"page:{name}:{by}", "page", name, (page + by,), at))
    for k in range(row.shown):
        unit = row.first + k
        found.append(Hit(f"filter:{name}:{unit}", "filter", name, (unit,), row.rect(k, SIDE)))
        if row.both:
            under = row.rect(k, SIDE, True)
            found.append(Hit(f"gradient:{name}:{unit}", "gradient", name, (unit,), under))
    return found
