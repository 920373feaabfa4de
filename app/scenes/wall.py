"""The wall of feature maps: what every layer makes of one input, layer under layer, one tile a map.

Painted from arrays by layer, so that a live view, a drawn input and a film show the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QPainter

from app.scenes import draw, images
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.snapshots import NetworkView, NodeView, Probe
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.theme import Theme

#: Pixels a tile may be wide, and what stands between tiles and rows.
LARGEST, SMALLEST = 88.0, 22.0
GAP, LINE, BETWEEN = 8.0, 22.0, 10.0
#: Maps beside each other at most; the next stand below.
_ACROSS = 16
#: Cells of a layer without maps: units drawn as small squares.
_CELL = 14.0
#: Units of such a layer that are drawn; a line says how many there are.
MOST_UNITS = 512
#: Maps of a layer that are drawn at once: the others are on further pages.
MOST_MAPS = 64

SCALES = ("unit", "layer", "network")


@dataclass(frozen=True)
class WallRow:
    """A layer.

    Attributes
    ----------
    node
        The layer's node.
    y
        Top of its title.
    side
        (width, height) of a tile.
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
    y: float
    side: tuple[float, float]
    across: int
    first: int
    shown: int
    count: int
    maps: bool

    def rect(self, number: int, left: float) -> tuple[float, float, float, float]:
        """Where a map (or unit) of the page stands, by its place on the page."""
        gap = GAP if self.maps else 2.0
        row, column = divmod(number, self.across)
        w, h = self.side
        return (left + column * (w + gap), self.y + LINE + row * (h + gap), w, h)

    @property
    def height(self) -> float:
        """With its title."""
        gap = GAP if self.maps else 2.0
        rows = -(-self.shown // self.across)
        return LINE + rows * self.side[1] + max(0, rows - 1) * gap


@dataclass(frozen=True, eq=False)
class WallLayout:
    """Where everything stands.

    Attributes
    ----------
    size
        What there was room for; `height` is what is needed.
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
    left, width = 16.0, size[0] - 32.0
    y, rows, hits = 8.0, [], []
    turned = dict(pages)
    for node in spec.nodes:
        if node.kind in ("Input", "Flatten", "Reshape", "Dropout") or not node.shape:
            continue
        maps = len(node.shape) == 3
        count = node.shape[-1] if maps else prod(node.shape)
        if maps:
            first = min(turned.get(node.layer, 0), max(0, (count - 1) // MOST_MAPS)) * MOST_MAPS
            shown = min(MOST_MAPS, count - first)
            across = min(shown, _ACROSS)
            room = (width - (across - 1) * GAP) / across
            high, wide = node.shape[:2]
            w = max(SMALLEST, min(LARGEST, room))
            while across > 1 and across * (w + GAP) - GAP > width + 0.5:
                across -= 1
            # Larger pictures are not shown larger than the first ones: a pooled map is half as wide, as it is.
            w = min(w, max(SMALLEST, wide * _zoom(spec, width)))
            side = (w, w * high / wide)
        else:
            first, shown = 0, min(count, MOST_UNITS)
            across = max(1, int((width + 2) // (_CELL + 2)))
            side = (_CELL, _CELL)
        row = WallRow(node, y, side, min(across, shown), first, shown, count, maps)
        rows.append(row)
        hits.append(Hit(f"layer:{node.layer}", "layer", node.layer, (), (left, y, width, LINE - 4)))
        kind = "map" if maps else "unit"
        hits += [
            Hit(
                f"{kind}:{node.layer}:{first + k}",
                kind,
                node.layer,
                (first + k,),
                row.rect(k, left),
            )
            for k in range(shown)
        ]
        if count > MOST_MAPS and maps:
            at = (left + width - 60, y, 60.0, LINE - 4)
            hits.append(Hit(f"page:{node.layer}", "page", node.layer, (), at))
        y += row.height + BETWEEN
    key = (spec, size, pages)
    return WallLayout(size, y, left, tuple(rows), HitIndex(tuple(hits)), key)


def _zoom(spec: NetworkView, width: float) -> float:
    """Pixels of the screen for one of the first map: all maps are drawn to this scale, where they can be."""
    for node in spec.nodes:
        if node.kind != "Input" and len(node.shape) == 3:
            across = min(node.shape[-1], _ACROSS)
            return min(LARGEST, (width - (across - 1) * GAP) / across) / node.shape[1]
    return 1.0


def tops(values: Mapping[str, np.ndarray], rows: tuple[WallRow, ...], scale: str) -> dict[str, Any]:
    """What gets a layer's last colour: one number, or one for each map; by layer.

    Parameters
    ----------
    values
        Output of each layer.
    rows
        The layers shown.
    scale
        One of `SCALES`.
    """
    found: dict[str, Any] = {}
    for row in rows:
        array = values.get(row.node.layer)
        if array is None:
            continue
        if scale == "unit" and row.maps:
            found[row.node.layer] = _sizes(array).max((0, 1))
        else:
            found[row.node.layer] = images.extent(array, row.node.activation)
    if scale == "network" and found:
        whole = max(found.values())
        return dict.fromkeys(found, whole)
    return found


def _sizes(array: np.ndarray) -> np.ndarray:
    return np.abs(np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0))


def paint_wall(
    painter: QPainter,
    place: WallLayout,
    theme: Theme,
    values: Mapping[str, np.ndarray],
    *,
    scale: str = "layer",
    chosen: tuple[str, int] = ("", -1),
    hover: str = "",
    visible: tuple[float, float] | None = None,
) -> None:
    """Draw every layer's row.

    Parameters
    ----------
    values
        Output of each layer by its id, without an axis of rows; what is missing is drawn empty.
    scale
        One of `SCALES`.
    chosen, hover
        Layer and channel that are looked at; id of what the mouse is over.
    visible
        Top and bottom of what is seen: rows outside are left out.
    """
    highest = tops(values, place.rows, scale)
    for row in place.rows:
        if visible is not None and not (row.y + row.height >= visible[0] and row.y <= visible[1]):
            continue
        _title(painter, place, row, theme)
        array = values.get(row.node.layer)
        if row.maps:
            _maps(painter, place, row, theme, array, highest.get(row.node.layer))
        else:
            _units(painter, place, row, theme, array, highest.get(row.node.layer))
        for name, color, width in (
            (hover, theme.tx2, 1.0), (f"map:{chosen[0]}:{chosen[1]}", theme.tx, 2.0),
            (f"unit:{chosen[0]}:{chosen[1]}", theme.tx, 2.0),
        ):  # fmt: skip
            hit = place.hits.get(name) if name else None
            if hit is not None and hit.node == row.node.layer and hit.kind in ("map", "unit"):
                x, y, w, h = hit.rect
                draw.frame(painter, x - 2, y - 2, w + 4, h + 4, color, width, 2)


def _title(painter: QPainter, place: WallLayout, row: WallRow, theme: Theme) -> None:
    y = row.y + 13
    node = row.node
    draw.text(painter, place.left, y, node.title, 12, theme.tx, weight=600)
    at = place.left + draw.advance(node.title, 12, 600) + 12
    if row.maps:
        high, wide = node.shape[:2]
        words = tr("{count} maps, {high}×{wide}", count=row.count, high=high, wide=wide)
        if row.count > row.shown:
            last = row.first + row.shown
            words += " · " + tr("{first} to {last}", first=row.first + 1, last=last)
    else:
        words = tr("{count} units", count=f"{row.count:,}")
        if row.count > row.shown:
            words += " · " + tr("the first {count}", count=row.shown)
    draw.text(painter, at, y, words, 11.5, theme.tx2)
    if row.count > MOST_MAPS and row.maps:
        right = place.left + place.size[0] - 32
        draw.text(painter, right, y, tr("more ›"), 11.5, theme.tx2, anchor="end")


def _maps(
    painter: QPainter,
    place: WallLayout,
    row: WallRow,
    theme: Theme,
    array: np.ndarray | None,
    top: Any,
) -> None:
    signed = array is not None and bool(array.size) and float(np.nanmin(array)) < 0
    ramp = "signed" if signed else "activation"
    for k in range(row.shown):
        x, y, w, h = row.rect(k, place.left)
        number = row.first + k
        if array is not None and array.ndim == 3 and number < array.shape[-1]:
            highest = float(top[number]) if isinstance(top, np.ndarray) else float(top)
            images.place(
                painter, x, y, w, h, images.heat(theme, array[..., number], ramp, highest), False
            )
        else:
            draw.fill(painter, x, y, w, h, theme.bg2)
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line)


def _units(
    painter: QPainter,
    place: WallLayout,
    row: WallRow,
    theme: Theme,
    array: np.ndarray | None,
    top: Any,
) -> None:
    flat = array.reshape(-1)[: row.shown] if array is not None else None
    for k in range(row.shown):
        x, y, w, h = row.rect(k, place.left)
        color = theme.bg2
        if flat is not None and k < len(flat):
            color = theme.signed(float(flat[k]), float(top))
        draw.fill(painter, x, y, w, h, color)


class WallScene:
    """The wall as a scene: of the sample the snapshots hold, for films."""

    name = "feature-maps"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> WallLayout:
        """Place the layers; what does not fit is drawn smaller."""
        return place_wall(spec, size, view.pages)

    def probes(self, spec: NetworkView, place: WallLayout, frame: Frame) -> tuple[Probe, ...]:
        """The outputs of the layers."""
        return tuple(Probe(row.node.output, source="sample") for row in place.rows)

    def describe(self, place: WallLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Title of a layer and number of a map."""
        row = place.row(hit.node)
        if row is None:
            return ()
        if not hit.index:
            return (row.node.title,)
        what = tr("map") if row.maps else tr("unit")
        return (f"{row.node.title}, {what} {hit.index[0] + 1}",)

    def paint(self, painter: QPainter, place: WallLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg0)
        shot = frame.snapshot
        values = {}
        for row in place.rows:
            array = shot.values.get(f"sample:{row.node.output}") if shot is not None else None
            if array is not None:
                values[row.node.layer] = array.reshape(row.node.shape)
        if place.height > place.size[1] > 0:
            painter.scale(place.size[1] / place.height, place.size[1] / place.height)
        scale = str(frame.toggles.get("scale", "layer"))
        paint_wall(painter, place, theme, values, scale=scale if scale in SCALES else "layer")
        painter.restore()


register(WallScene())
