"""Where feature maps stand: stacks of at most sixteen, a strip for dense layers, bars for classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from app.scenes.frame import ViewState
from app.scenes.hits import Hit, HitIndex
from app.snapshots import NetworkView, NodeView

PAGE = 16
TOP_MARGIN = 68.0
FOOT = 28.0
SIDE = 24.0
GAP = 8.0

_THROUGH = {"Flatten", "Reshape", "Dropout", "SpatialDropout2D", "GaussianNoise"}


@dataclass(frozen=True)
class MapColumn:
    """One layer.

    Attributes
    ----------
    node
        The node it shows.
    kind
        ``"image"``, ``"maps"``, ``"strip"`` or ``"bars"``.
    x, y, width, height
        Box around its pictures.
    first, shown
        First map of the page and how many are on it; bars and strips show all.
    across, side
        Maps side by side, and the side of one.
    tall
        Height of one map.
    """

    node: NodeView
    kind: str
    x: float
    y: float
    width: float
    height: float
    first: int
    shown: int
    across: int
    side: float
    tall: float

    def rect(self, place: int) -> tuple[float, float, float, float]:
        """Return the box of the map, unit or class at `place` on the page."""
        if self.kind in ("strip", "bars"):
            pitch = self.height / max(1, self.shown)
            return self.x, self.y + place * pitch, self.width, pitch
        column, row = place % self.across, place // self.across
        return (
            self.x + column * (self.side + GAP),
            self.y + row * (self.tall + GAP),
            self.side,
            self.tall,
        )

    @property
    def paged(self) -> bool:
        """Tell whether there are more maps than fit on a page."""
        return self.kind == "maps" and self.node.units > PAGE

    def ports(self, right: bool) -> np.ndarray:
        """Return (n, 2) points where connectors touch: one a row of maps, the middle of a strip, every class."""
        x = self.x + self.width + 2 if right else self.x - 2
        if self.kind == "bars":
            rows = [
                self.y + (k + 0.5) * self.height / max(1, self.shown) for k in range(self.shown)
            ]
        elif self.kind == "strip":
            x = self.x + self.width + 4 if right else self.x - 3
            rows = (
                [self.y + self.height / 2]
                if right
                else [self.y + self.height * (k + 0.5) / 6 for k in range(6)]
            )
        elif self.kind == "image":
            rows = [self.y + self.height / 2]
        else:
            count = ceil(self.shown / self.across)
            rows = [self.y + k * (self.tall + GAP) + self.tall / 2 for k in range(count)]
        return np.array([(x, y) for y in rows], np.float32).reshape(-1, 2)


@dataclass(frozen=True)
class Connector:
    """The lines between two columns: (n, 4) ends, and how strong they are drawn."""

    source: int
    target: int
    ends: tuple[tuple[float, float, float, float], ...]
    opacity: float


@dataclass(frozen=True, eq=False)
class MapsLayout:
    """Result of `layout`; `key` stands for it in caches."""

    spec: NetworkView
    size: tuple[float, float]
    columns: tuple[MapColumn, ...]
    connectors: tuple[Connector, ...]
    hits: HitIndex
    key: tuple[object, ...]

    def column(self, node: str) -> int:
        """Return the place of a node among the columns, or -1."""
        return next(
            (k for k, c in enumerate(self.columns) if node in (c.node.id, c.node.layer)), -1
        )

    def edge_at(self, x: float, y: float) -> Hit | None:
        """Connectors stand for whole kernels and are not pointed at."""
        return None


def kind_of(node: NodeView, last: bool) -> str:
    """Choose how a layer is drawn."""
    if len(node.shape) == 3:
        return "image" if node.kind == "Input" else "maps"
    return "bars" if last and node.units <= 16 else "strip"


@lru_cache(maxsize=32)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> MapsLayout:
    """Place the columns."""
    width, height = size
    nodes = [n for n in spec.nodes if n.kind not in _THROUGH and n.shape]
    area = max(60.0, height - TOP_MARGIN - FOOT)
    room = width - 2 * SIDE
    for shrink in (1.8, 1.6, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.22, 0.16):
        boxes = [
            _box(n, kind_of(n, k == len(nodes) - 1), area, shrink, view.page(n.id))
            for k, n in enumerate(nodes)
        ]
        total = sum(b[4] for b in boxes)
        gap = (room - total) / max(1, len(boxes) - 1)
        if gap >= (48 if shrink > 1 else 30) or shrink == 0.16:
            break
    gap = min(gap, 120.0) if len(boxes) > 1 else 0.0
    x = SIDE + max(0.0, (room - total - gap * (len(boxes) - 1)) / 2)
    columns = []
    for node, kind, first, shown, wide, tall, across, side, one in boxes:
        columns.append(
            MapColumn(
                node,
                kind,
                round(x),
                round(TOP_MARGIN + (area - tall) / 2),
                wide,
                tall,
                first,
                shown,
                across,
                side,
                one,
            )
        )
        x += wide + gap
    connectors = tuple(_connect(columns, k) for k in range(1, len(columns)))
    return MapsLayout(
        spec,
        size,
        tuple(columns),
        connectors,
        HitIndex(tuple(_hits(columns))),
        ("maps", spec, size, view),
    )


def _box(
    node: NodeView, kind: str, area: float, shrink: float, page: int
) -> tuple[NodeView, str, int, int, float, float, int, float, float]:
    if kind == "bars":
        return (
            node,
            kind,
            0,
            node.units,
            max(56.0, 112 * min(1.0, shrink * 1.3)),
            min(area, 30.4 * node.units),
            1,
            0.0,
            0.0,
        )
    if kind == "strip":
        tall = min(area, max(304.0, 12.0 * node.units))
        return node, kind, 0, node.units, max(12.0, 36 * min(1.0, shrink)), tall, 1, 0.0, 0.0
    rows, columns, maps = node.shape
    aspect = rows / max(1, columns)
    if kind == "image":
        side: float = round(min(max(48.0, 96 * shrink), area / max(1.0, aspect) - 60))
        return node, kind, 0, 1, side, side * aspect, 1, side, side * aspect
    first = min(page, max(0, (maps - 1) // PAGE)) * PAGE
    shown = min(PAGE, maps - first)
    across = 1 if maps <= 4 else 2 if maps <= 8 else 4
    natural = 28 + 16 * rows / 14 if maps <= 8 else 8 + 12 * rows / 7
    lines = ceil(min(PAGE, maps) / across)
    tall = min(natural * max(0.3, shrink), 60.0 * max(1.0, shrink), (area + GAP) / lines - GAP)
    tall = max(4.0, float(round(tall)))
    side = max(4.0, float(round(tall / aspect)))
    return (
        node,
        kind,
        first,
        shown,
        across * side + (across - 1) * GAP,
        lines * tall + (lines - 1) * GAP,
        across,
        side,
        tall,
    )


def _connect(columns: list[MapColumn], k: int) -> Connector:
    left, right = columns[k - 1], columns[k]
    a, b = left.ports(True), right.ports(False)
    same = left.kind == right.kind == "maps" and not right.node.weights and len(a) == len(b)
    if same:
        ends = [(*p, *q) for p, q in zip(a.tolist(), b.tolist())]
    else:
        ends = [(*p, *q) for p in a.tolist() for q in b.tolist()]
    opacity = (
        0.9
        if same or (len(a) == 1 and right.kind == "maps")
        else 0.7
        if right.kind == "bars"
        else 0.45
    )
    return Connector(k - 1, k, tuple(ends), opacity)


def _hits(columns: list[MapColumn]) -> list[Hit]:
    found = []
    for column in columns:
        node = column.node.id
        found.append(Hit(f"layer:{node}", "layer", node, (), (column.x, 8.0, column.width, 48.0)))
        kind = {"maps": "map", "image": "map"}.get(column.kind, "unit")
        if column.kind == "strip" and column.height / max(1, column.shown) < 1.5:
            found.append(
                Hit(
                    f"layer:{node}:body",
                    "layer",
                    node,
                    (),
                    (column.x, column.y, column.width, column.height),
                )
            )
            continue
        found += [
            Hit(
                f"{kind}:{node}:{column.first + p}", kind, node, (column.first + p,), column.rect(p)
            )
            for p in range(column.shown)
        ]
        if column.paged:
            y = column.y + column.height + 4
            middle = column.x + column.width / 2
            found.append(Hit(f"page:{node}:-1", "page", node, (-1,), (middle - 60, y, 24.0, 24.0)))
            found.append(Hit(f"page:{node}:1", "page", node, (1,), (middle + 36, y, 24.0, 24.0)))
    return found
