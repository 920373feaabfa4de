"""Where the units of a network stand: columns left to right, and how much detail each column can afford."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from app.scenes.edges import MANY, TOP, height_at
from app.scenes.frame import ViewState
from app.scenes.hits import Hit, HitIndex
from app.snapshots import NetworkView, NodeView

TOP_MARGIN = 68.0  # column headers
FOOT = 52.0  # legend
LEFT, RIGHT = 68.0, 40.0
LABEL = 14.0  # number under a tile

# Layers that only rearrange or pass on: they get no column of their own in this picture.
_THROUGH = {"Flatten", "Reshape", "Activation", "Dropout"}


@dataclass(frozen=True)
class Column:
    """One layer.

    Attributes
    ----------
    node
        The node it shows.
    level
        ``"numbers"`` tiles with values, ``"tiles"``, ``"cells"``, ``"block"`` with a histogram, ``"image"``.
    x, y, width, height
        Box around its units.
    centers
        (units, 2) middles of the units; empty for a block.
    tile
        Side of one unit's square.
    """

    node: NodeView
    level: str
    x: float
    y: float
    width: float
    height: float
    centers: np.ndarray
    tile: float

    @property
    def labelled(self) -> bool:
        """Tell whether there is room for a number under each unit."""
        if self.level != "numbers":
            return False
        pitch = (
            float(self.centers[1, 1] - self.centers[0, 1])
            if len(self.centers) > 1
            else self.tile + 2 * LABEL
        )
        return pitch - self.tile >= LABEL - 1

    @property
    def middle(self) -> float:
        """Centre line."""
        return self.x + self.width / 2

    def rect(self, unit: int) -> tuple[float, float, float, float]:
        """Return the square of one unit."""
        x, y = self.centers[unit]
        return float(x) - self.tile / 2, float(y) - self.tile / 2, self.tile, self.tile


@dataclass(frozen=True)
class Bundle:
    """All edges between two columns.

    Attributes
    ----------
    source, target
        Positions among the columns.
    kernel
        Tensor with the weights, or "" where units are passed on one to one.
    count
        How many weights there are.
    x0, x1
        Where the edges begin and end.
    y0, y1
        (inputs,), (outputs,) their heights.
    """

    source: int
    target: int
    kernel: str
    count: int
    x0: float
    x1: float
    y0: np.ndarray
    y1: np.ndarray

    @property
    def reduced(self) -> bool:
        """Tell whether only the strongest edges are drawn."""
        return self.count > MANY

    def ends(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return (n, 4) ends of the edges from inputs `rows` to outputs `columns`."""
        result = np.empty((len(rows), 4), np.float32)
        result[:, 0], result[:, 1] = self.x0, self.y0[rows]
        result[:, 2], result[:, 3] = self.x1, self.y1[columns]
        return result


@dataclass(frozen=True, eq=False)
class NetworkLayout:
    """Result of `layout`; `key` stands for it in caches."""

    spec: NetworkView
    size: tuple[float, float]
    columns: tuple[Column, ...]
    bundles: tuple[Bundle, ...]
    hits: HitIndex
    planes: bool
    key: tuple[object, ...]

    def column(self, node: str) -> int:
        """Return the place of a node among the columns, or -1."""
        return next(
            (k for k, c in enumerate(self.columns) if node in (c.node.id, c.node.layer)), -1
        )

    def edge_at(self, x: float, y: float, reach: float = 4.0) -> Hit | None:
        """Return the edge nearest to a point, if it is within `reach`; layers drawn in part are left out."""
        for bundle in self.bundles:
            if not bundle.kernel or bundle.reduced or not bundle.x0 < x < bundle.x1:
                continue
            rise = float(height_at((x - bundle.x0) / (bundle.x1 - bundle.x0)))
            heights = bundle.y0[:, None] + (bundle.y1 - bundle.y0[:, None]) * rise
            gap = np.abs(heights - y)
            i, j = np.unravel_index(int(gap.argmin()), gap.shape)
            if gap[i, j] <= reach:
                node = self.columns[bundle.target].node.id
                at = (x - 2, float(heights[i, j]) - 2, 4.0, 4.0)
                return Hit(f"edge:{node}:{i}:{j}", "edge", node, (int(i), int(j)), at)
        return None

    def bundle_of(self, node: str) -> Bundle | None:
        """Return the edges that lead into a node."""
        place = self.column(node)
        return next((b for b in self.bundles if b.target == place), None)


def level_of(node: NodeView, edges: int) -> str:
    """Choose the level of detail of a layer with that many incoming edges."""
    if node.kind == "Input" and len(node.shape) >= 2:
        return "image"
    units = node.units
    if units <= 16 and edges <= 300:
        return "numbers"
    if units <= 64:
        return "tiles"
    return "cells" if units <= 512 else "block"


def shown_nodes(spec: NetworkView) -> tuple[NodeView, ...]:
    """Return the nodes that get a column."""
    return tuple(n for n in spec.nodes if n.kind not in _THROUGH and n.shape)


@lru_cache(maxsize=32)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> NetworkLayout:
    """Place the columns of a network in a picture of `size`."""
    width, height = size
    nodes = shown_nodes(spec)
    planes = spec.data == "points"
    area = max(60.0, height - TOP_MARGIN - FOOT)
    pitch = (width - LEFT - RIGHT) / max(1, len(nodes))
    boxes = []
    for k, node in enumerate(nodes):
        before = int(np.prod(nodes[k - 1].shape)) if k else 0
        level = level_of(node, before * node.units)
        last = k == len(nodes) - 1 and k > 0
        boxes.append((node, level, *_grid(node, level, area, pitch * 0.62, last)))
    total = sum(box[4] for box in boxes)
    gap = (width - LEFT - RIGHT - total) / max(1, len(boxes) - 1)
    columns, x = [], LEFT if len(boxes) > 1 else (width - total) / 2
    for node, level, tile, offsets, wide, tall in boxes:
        top = TOP_MARGIN + (area - tall) / 2
        centers = offsets + np.array([x, top], np.float32) if len(offsets) else offsets
        centers.setflags(write=False)
        columns.append(Column(node, level, x, top, wide, tall, centers, tile))
        x += wide + gap
    bundles = _bundles(columns)
    hits = HitIndex(tuple(_hits(columns)))
    return NetworkLayout(
        spec, size, tuple(columns), bundles, hits, planes, ("network", spec, size, view)
    )


def _grid(
    node: NodeView, level: str, area: float, room: float, last: bool
) -> tuple[float, np.ndarray, float, float]:
    """Return tile side, centres from the column's corner, width and height."""
    if level == "image":
        side = min(144.0, area, max(48.0, room))
        rows, columns = node.shape[0], node.shape[1] if len(node.shape) > 1 else 1
        aspect = rows / max(1, columns)
        wide, tall = (side, side * aspect) if aspect <= 1 else (side / aspect, side)
        return tall / max(1, rows), np.zeros((0, 2), np.float32), wide, tall
    if level == "block":
        return 0.0, np.zeros((0, 2), np.float32), min(96.0, room), min(168.0, area)
    n = node.units
    if level == "numbers":
        full = 72.0 if last and n <= 3 else 48.0
        label = (
            LABEL if area / n - LABEL - 2 >= 24 else 0.0
        )  # in a low window the pictures matter more
        tile = max(4.0, min(full, room, area / n - label - 4))
        space = min(40.0, (area - label - n * tile) / max(1, n - 1))
        return tile, *_cells(n, 1, tile, tile + space)
    if level == "tiles":
        across = _across(n, area, room, 4.0, 26.0, range(1, 9))
        side = max(2.0, min(26.0, area / ceil(n / across) - 4, room / across - 4))
        return side, *_cells(n, across, side, side + 4)
    across = _across(n, area, room, 1.0, 12.0, range(4, 33, 2))
    side = max(1.5, min(12.0, area / ceil(n / across) - 1, room / across - 1))
    return side, *_cells(n, across, side, side + 1)


def _across(n: int, area: float, room: float, gap: float, most: float, choices: range) -> int:
    """Return how many units stand side by side so that their squares are largest; few columns where it is the same."""
    return max(choices, key=lambda c: (min(most, area / ceil(n / c) - gap, room / c - gap), -c))


def _cells(n: int, across: int, side: float, pitch: float) -> tuple[np.ndarray, float, float]:
    place = np.arange(n)
    centers = np.stack(
        [place % across * pitch + side / 2, place // across * pitch + side / 2], 1
    ).astype(np.float32)
    rows = ceil(n / across)
    return centers, (min(n, across) - 1) * pitch + side, (rows - 1) * pitch + side


def _anchors(column: Column, count: int) -> np.ndarray:
    """Heights at which edges touch a column."""
    if len(column.centers) == count:
        return np.array(column.centers[:, 1], np.float32)
    inner = column.height * 0.94
    return (
        column.y + (column.height - inner) / 2 + (np.arange(count) + 0.5) / max(1, count) * inner
    ).astype(np.float32)


def _bundles(columns: list[Column]) -> tuple[Bundle, ...]:
    place = {c.node.id: k for k, c in enumerate(columns)}
    result = []
    for k, column in enumerate(columns[1:], 1):
        node = column.node
        sources = [place[i] for i in node.inputs if i in place] or [k - 1]
        for source in sources:
            left = columns[source]
            count = int(np.prod(left.node.shape))
            if node.weights:
                kernel, edges = node.weights[0], count * node.units
            elif count == node.units:
                kernel, edges = "", count
            else:
                continue
            result.append(
                Bundle(
                    source,
                    k,
                    kernel,
                    edges,
                    left.x + left.width,
                    column.x,
                    _anchors(left, count),
                    _anchors(column, node.units),
                )
            )
    return tuple(result)


def _hits(columns: list[Column]) -> list[Hit]:
    found = []
    for column in columns:
        node = column.node.id
        box = (column.x, column.y, column.width, column.height)
        found.append(Hit(f"layer:{node}", "layer", node, (), box))
        found += [
            Hit(f"unit:{node}:{u}", "unit", node, (u,), column.rect(u))
            for u in range(len(column.centers))
        ]
    return found


def drawn_note(bundle: Bundle) -> tuple[int, int]:
    """Return how many of how many edges are drawn."""
    return (min(TOP, bundle.count) if bundle.reduced else bundle.count), bundle.count
