"""Where the feature maps of a wall stand: layer under layer, one tile a map, one bar a unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from app.scenes.hits import Hit, HitIndex
from app.scenes.spec_view import numbered_titles

if TYPE_CHECKING:
    from app.snapshots import NetworkView, NodeView

#: Pixels a tile may be wide, and what stands between tiles and rows.
LARGEST, SMALLEST = 88.0, 22.0
GAP, LINE, BETWEEN = 8.0, 24.0, 12.0
#: Left and right of the rows.
SIDE = 16.0
#: Maps beside each other at most; the next stand below.
_ACROSS = 24
#: Bars of a layer without maps: width at most and at least, and height.
_BAR, _THIN, BAR_HIGH = 22.0, 4.0, 38.0
#: Bars that are as wide as that have their number and their name underneath.
WRITTEN = 40.0
NAMES = 27.0
#: Maps, and units, that are drawn at once: the others are on further pages.
MOST_MAPS, MOST_UNITS = 64, 256
#: Room at the right of a title for the arrows that turn the page.
ARROWS = 52.0
#: Layers that only turn, or drop, what others have made.
PASSING = ("Input", "Flatten", "Reshape", "Dropout")


@dataclass(frozen=True)
class WallRow:
    """A layer.

    Attributes
    ----------
    node
        The layer's node.
    title
        A name that tells it from other layers.
    y
        Top of its title.
    side
        (width, height) of a tile or bar.
    gap
        Between tiles.
    across
        Tiles beside each other.
    first, shown
        The first map of the page, and how many are on it.
    count
        Maps or units there are.
    maps
        Whether it has maps; units else.
    """

    node: NodeView
    title: str
    y: float
    side: tuple[float, float]
    gap: float
    across: int
    first: int
    shown: int
    count: int
    maps: bool

    @property
    def written(self) -> bool:
        """Whether bars have their numbers underneath."""
        return not self.maps and self.side[0] + self.gap >= WRITTEN

    @property
    def pages(self) -> int:
        """How many pages there are."""
        most = MOST_MAPS if self.maps else MOST_UNITS
        return max(1, -(-self.count // most))

    def rect(self, number: int, left: float) -> tuple[float, float, float, float]:
        """Where a map (or unit) of the page stands, by its place on the page."""
        row, column = divmod(number, self.across)
        w, h = self.side
        return (left + column * (w + self.gap), self.y + LINE + row * (h + GAP), w, h)

    @property
    def height(self) -> float:
        """With its title."""
        rows = -(-self.shown // self.across)
        under = NAMES if self.written else 0.0
        return LINE + rows * self.side[1] + max(0, rows - 1) * GAP + under


@dataclass(frozen=True, eq=False)
class WallLayout:
    """Where everything stands.

    Attributes
    ----------
    size
        What there was room for; `height` is what is needed.
    left
        Where the tiles begin.
    """

    size: tuple[float, float]
    height: float
    left: float
    rows: tuple[WallRow, ...]
    hits: HitIndex
    key: tuple[Any, ...]

    def row(self, layer: str) -> WallRow | None:
        """The row of a layer."""
        return next((row for row in self.rows if row.node.layer == layer), None)

    def beside(self, hit: Hit, by: int) -> Hit | None:
        """The tile above (by = -1) or below one: the nearest of the next line of tiles."""
        tiles = [one for one in self.hits.items if one.kind in ("map", "unit")]
        x = _middle(hit)
        lines = sorted({one.rect[1] for one in tiles if (one.rect[1] - hit.rect[1]) * by > 0.5})
        if not lines:
            return None
        line = lines[0] if by > 0 else lines[-1]
        return min((one for one in tiles if one.rect[1] == line), key=lambda o: abs(_middle(o) - x))


def _middle(hit: Hit) -> float:
    return hit.rect[0] + hit.rect[2] / 2


@lru_cache(maxsize=32)
def place_wall(
    spec: NetworkView, size: tuple[float, float], pages: tuple[tuple[str, int], ...] = ()
) -> WallLayout:
    """Place the layers of a network one under the other.

    Parameters
    ----------
    spec
        The network; its input is left out, and so are layers that only turn or drop what others have made.
    size
        Width and height there is; the height is only a hint.
    pages
        Page of maps by layer.
    """
    width = size[0] - 2 * SIDE
    rows: list[WallRow] = []
    hits: list[Hit] = []
    y = 10.0
    turned, titles, zoom = dict(pages), numbered_titles(spec), _zoom(spec, width)
    for node in spec.nodes:
        if node.kind in PASSING or not node.shape:
            continue
        title = titles.get(node.layer, node.title)
        row = _row(node, title, y, width, turned, zoom)
        if rows and row.maps and rows[-1].maps and row.count == rows[-1].count:
            # What becomes of a map stands under it.
            pitch, above = rows[-1].side[0] + rows[-1].gap, rows[-1].across
            if above == row.shown or above <= row.across:
                row = replace(row, gap=max(row.gap, pitch - row.side[0]), across=above)
        rows.append(row)
        hits += _hits(row, width)
        y += row.height + BETWEEN
    return WallLayout(size, y, SIDE, tuple(rows), HitIndex(tuple(hits)), (spec, size, pages))


def _row(
    node: NodeView, title: str, y: float, width: float, turned: dict[str, int], zoom: float
) -> WallRow:
    maps = len(node.shape) == 3
    count, most = (node.shape[-1], MOST_MAPS) if maps else (prod(node.shape), MOST_UNITS)
    page = max(0, min(turned.get(node.layer, 0), (count - 1) // most))
    first = page * most
    shown = min(most, count - first)
    if not maps:
        slot = min(width / shown, 64.0 if node.labels else _BAR + 4.0)
        gap = 4.0 if slot >= 12 else 1.0
        wide = max(_THIN, slot - gap)
        across = max(1, int((width + gap + 0.01) // (wide + gap)))
        return WallRow(
            node, title, y, (wide, BAR_HIGH), gap, min(across, shown), first, shown, count, False
        )
    across = _across(shown, width)
    high, wide = node.shape[:2]
    gap = GAP if across * (SMALLEST + GAP) - GAP <= width else GAP / 2
    # Larger pictures are not shown larger than the first ones: a pooled map is half as wide, as it is.
    room = (width - (across - 1) * gap) / across
    w = min(max(SMALLEST, min(LARGEST, room)), max(SMALLEST, wide * zoom))
    if across > 1:
        gap = max(gap, min((width - across * w) / (across - 1), 1.2 * w))
    return WallRow(node, title, y, (w, w * high / wide), gap, across, first, shown, count, True)


def _across(shown: int, width: float) -> int:
    """How many maps stand beside each other: few lines of maps, and all lines as long."""
    fitting = max(1, min(_ACROSS, int((width + GAP / 2) // (SMALLEST + GAP / 2))))
    return -(-shown // -(-shown // fitting))


def _hits(row: WallRow, width: float) -> list[Hit]:
    layer, kind = row.node.layer, "map" if row.maps else "unit"
    found = [Hit(f"layer:{layer}", "layer", layer, (), (SIDE, row.y, width, LINE - 4))]
    if row.pages > 1:
        page = row.first // (MOST_MAPS if row.maps else MOST_UNITS)
        for k, by in enumerate((-1, 1)):
            at = (SIDE + width - ARROWS + k * ARROWS / 2, row.y, ARROWS / 2, LINE - 2)
            if 0 <= page + by < row.pages:
                found.append(Hit(f"page:{layer}:{by}", "page", layer, (page + by,), at))
    found += [
        Hit(f"{kind}:{layer}:{row.first + k}", kind, layer, (row.first + k,), row.rect(k, SIDE))
        for k in range(row.shown)
    ]
    return found


def _zoom(spec: NetworkView, width: float) -> float:
    """Pixels of the screen for one of the first map: all maps are drawn to this scale, where they can be."""
    for node in spec.nodes:
        if node.kind != "Input" and len(node.shape) == 3:
            across = _across(min(node.shape[-1], MOST_MAPS), width)
            return min(LARGEST, (width - (across - 1) * GAP) / across) / node.shape[1]
    return 1.0
