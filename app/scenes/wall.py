"""The wall of feature maps: what every layer makes of one input, layer under layer, one tile a map.

Painted from arrays by layer, so that a live view, a drawn input and a film show the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw, images
from app.scenes.cache import Cache
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.scenes.wall_layout import (
    ARROWS,
    MOST_MAPS,
    MOST_UNITS,
    SIDE,
    WallLayout,
    WallRow,
    place_wall,
)
from app.snapshots import NetworkView, Probe
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.theme import Theme

#: What gets the brightest colour: the largest number of each map, of the layer, or of all layers.
SCALES = ("unit", "layer", "network")
#: Width of the colours beside a title.
_RAMP = 84.0
#: What stands over the rows of a film.
_HEAD = 48.0


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
            found[row.node.layer] = highest(array, row.node.activation)
    if scale == "network" and found:
        whole = max(found.values())
        return dict.fromkeys(found, whole)
    return found


def highest(array: np.ndarray, activation: str = "") -> float:
    """The largest size of all numbers; 1 for shares."""
    if activation == "softmax":
        return 1.0
    return float(_sizes(array).max(initial=0.0)) or 1.0


def is_signed(array: np.ndarray | None) -> bool:
    """Whether numbers are on both sides of zero, or below it."""
    return array is not None and bool(array.size) and bool((array < 0).any())


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
    top = tops(values, place.rows, scale)
    for row in place.rows:
        if visible is not None and not (row.y + row.height >= visible[0] and row.y <= visible[1]):
            continue
        array, most = values.get(row.node.layer), top.get(row.node.layer)
        _title(painter, place, row, theme, hover)
        _ramp(painter, place, row, theme, array, most)
        if row.maps:
            _maps(painter, place, row, theme, array, most)
        else:
            _units(painter, place, row, theme, array, most)
        for name, color, width in (
            (hover, theme.tx2, 1.0), (f"map:{chosen[0]}:{chosen[1]}", theme.tx, 2.0),
            (f"unit:{chosen[0]}:{chosen[1]}", theme.tx, 2.0),
        ):  # fmt: skip
            hit = place.hits.get(name) if name else None
            if hit is not None and hit.node == row.node.layer and hit.kind in ("map", "unit"):
                x, y, w, h = hit.rect
                draw.frame(painter, x - 2, y - 2, w + 4, h + 4, color, width, 2)


def _title(painter: QPainter, place: WallLayout, row: WallRow, theme: Theme, hover: str) -> None:
    y = row.y + 14
    node, right = row.node, place.left + place.size[0] - 2 * SIDE
    room = right - place.left - _RAMP - 130
    title = draw.elide(row.title, 12, room * 0.6, 600)
    draw.text(painter, place.left, y, title, 12, theme.tx, weight=600)
    at = place.left + max(96.0, draw.advance(title, 12, 600) + 14)
    if row.maps:
        high, wide = node.shape[:2]
        words = (
            tr("1 map, {high}×{wide}", high=high, wide=wide)
            if row.count == 1
            else tr("{count} maps, {high}×{wide}", count=f"{row.count:,}", high=high, wide=wide)
        )
    else:
        words = tr("1 unit") if row.count == 1 else tr("{count} units", count=f"{row.count:,}")
        if node.activation == "softmax":
            words += ", softmax"
    if row.pages > 1:
        shown = tr("{first} to {last}", first=row.first + 1, last=row.first + row.shown)
        words += f" · {shown}"
        page = row.first // (MOST_MAPS if row.maps else MOST_UNITS)
        for k, (by, arrow) in enumerate(((-1, "‹"), (1, "›"))):
            name = f"page:{node.layer}:{by}"
            there = 0 <= page + by < row.pages
            color = theme.tx if there and hover == name else theme.tx2 if there else theme.line2
            draw.text(
                painter, right - ARROWS * (0.75 - k / 2), y + 1, arrow, 16, color, anchor="middle"
            )
    draw.text(painter, at, y, draw.elide(words, 11.5, right - at - _RAMP - 110), 11.5, theme.tx2)


def _ramp(
    painter: QPainter, place: WallLayout, row: WallRow, theme: Theme, array: np.ndarray | None, top: Any
) -> None:  # fmt: skip
    """What the colours stand for: from 0 (or as far below it as above) to the largest number."""
    if array is None or top is None:
        return
    signed = is_signed(array)
    of_each = isinstance(top, np.ndarray)
    high = tr("its max") if of_each else format_number(float(top), 2)
    low = (tr("−max") if of_each else format_number(-float(top), 2)) if signed else "0"
    x = place.left + place.size[0] - 2 * SIDE - (ARROWS if row.pages > 1 else 0.0)
    y = row.y + 14
    # The bars stand one under the other: the numbers get the room of the longest usual one.
    x -= max(48.0, draw.advance(high, 10.5, mono=True))
    draw.text(painter, x + 6, y, high, 10.5, theme.tx3, mono=True)
    if not row.maps:
        # Of bars: where they begin and what is as high as they can be.
        draw.text(painter, x, y, f"{low} {draw.ARROW}", 10.5, theme.tx3, mono=True, anchor="end")
        return
    shades = np.linspace(-1.0 if signed else 0.0, 1.0, 64, dtype=np.float32)[None]
    ramp = images.heat(theme, shades, "signed" if signed else "activation", 1.0)
    images.place(painter, x - _RAMP, y - 8, _RAMP, 8, ramp, True)
    draw.text(painter, x - _RAMP - 6, y, low, 10.5, theme.tx3, mono=True, anchor="end")


def _maps(
    painter: QPainter, place: WallLayout, row: WallRow, theme: Theme, array: np.ndarray | None, top: Any
) -> None:  # fmt: skip
    ramp = "signed" if is_signed(array) else "activation"
    last = row.first + row.shown
    found: tuple[QImage, ...] = ()
    if array is not None and array.ndim == 3 and array.shape[-1] >= last:
        page = array[..., row.first : last]
        most = top[row.first : last] if isinstance(top, np.ndarray) else np.full(row.shown, top)
        found = _pictures(theme, page, ramp, most)
    for k in range(row.shown):
        x, y, w, h = row.rect(k, place.left)
        if found:
            images.place(painter, x, y, w, h, found[k], False)
        else:
            draw.fill(painter, x, y, w, h, theme.bg2)
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line)


_kept = Cache(48)


def _pictures(theme: Theme, maps: np.ndarray, ramp: str, most: np.ndarray) -> tuple[QImage, ...]:
    """All maps of a page at once, which is much quicker than one by one; of arrays that stay they are kept."""

    def painted() -> tuple[np.ndarray, tuple[QImage, ...]]:
        # Where all is zero, or nothing is finite, there is nothing to divide by: as `images.levels` has it.
        there = (most > 0) & np.isfinite(most)
        scale = np.divide(1.0, most, out=np.zeros(len(most)), where=there).astype(np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = maps.transpose(2, 0, 1) * scale[:, None, None]
        words = images.colors(theme, scaled, ramp, 1.0)
        return maps, tuple(images.from_words(one) for one in words)

    owner = maps.base
    if not isinstance(owner, np.ndarray) or owner.flags.writeable:
        return painted()[1]
    # The array is kept with its pictures, so that no other is at its address.
    place = maps.__array_interface__["data"][0]
    key = (place, maps.shape, maps.strides, ramp, most.tobytes(), theme.name)
    found: tuple[np.ndarray, tuple[QImage, ...]] = _kept.get(key, painted)
    return found[1]


def _units(
    painter: QPainter, place: WallLayout, row: WallRow, theme: Theme, array: np.ndarray | None, top: Any
) -> None:  # fmt: skip
    """Bars from a line: upwards what is positive. Where some are not, the line is in the middle."""
    flat = array.reshape(-1) if array is not None else None
    signed, names = is_signed(array), row.node.labels
    for k in range(row.shown):
        x, y, w, h = row.rect(k, place.left)
        draw.fill(painter, x, y, w, h, theme.bg2)
        number = row.first + k
        value = float(flat[number]) if flat is not None and number < len(flat) else None
        zero = y + h / 2 if signed else y + h
        if value is not None and np.isfinite(value):
            most = float(top[number]) if isinstance(top, np.ndarray) else float(top)
            length = max(-1.0, min(1.0, value / most if most else 0.0)) * (h / 2 if signed else h)
            tone = theme.pos if value >= 0 else theme.neg
            draw.fill(painter, x, min(zero, zero - length), w, abs(length), tone)
        draw.fill(painter, x, zero - 0.5, w, 1, theme.line2)
        if row.written:
            middle = x + w / 2
            if value is not None:
                text = draw.elide(draw.plain(value, 3), 10, w + row.gap, mono=True)
                draw.text(
                    painter, middle, y + h + 12, text, 10, theme.tx2, mono=True, anchor="middle"
                )
            if number < len(names):
                name = draw.elide(names[number], 10.5, w + row.gap - 2, 500)
                draw.text(
                    painter, middle, y + h + 24, name, 10.5, theme.tx, weight=500, anchor="middle"
                )


@dataclass(frozen=True, eq=False)
class WallFilm:
    """A wall laid out for a film: `place`, drawn `zoom` times as large under a head."""

    size: tuple[float, float]
    zoom: float
    place: WallLayout
    hits: HitIndex
    key: tuple[Any, ...]


class WallScene:
    """The wall as a scene: of the sample the snapshots hold, for films."""

    name = "feature-maps"
    film_title = tr("Feature maps")

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> WallFilm:
        """Place the layers for a picture of another size, which is drawn as large as it fits."""
        low, high = 0.1, 2.0
        for _ in range(8):
            zoom = (low + high) / 2
            place = place_wall(spec, (round(size[0] / zoom, 2), size[1]), view.pages)
            low, high = (zoom, high) if place.height * zoom <= size[1] - _HEAD else (low, zoom)
        place = place_wall(spec, (round(size[0] / low, 2), size[1]), view.pages)
        return WallFilm(size, low, place, HitIndex(), (spec, size, view.pages))

    def probes(self, spec: NetworkView, place: WallFilm, frame: Frame) -> tuple[Probe, ...]:
        """The outputs of the layers."""
        return tuple(Probe(row.node.output, source="sample") for row in place.place.rows)

    def describe(self, place: WallFilm, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Films are not pointed at."""
        return ()

    def paint(self, painter: QPainter, place: WallFilm, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        wall = place.place
        painter.save()
        shot = frame.present.snapshot
        values = {}
        for row in wall.rows:
            array = shot.values.get(f"sample:{row.node.output}") if shot is not None else None
            if array is not None:
                values[row.node.layer] = array.reshape(row.node.shape)
        draw.text(painter, 16, 30, frame.caption or tr("Feature maps"), 15, theme.tx, weight=600)
        draw.line(painter, 0, _HEAD - 1, place.size[0], _HEAD - 1, theme.line)
        if shot is not None:
            at = 32 + draw.advance(frame.caption or tr("Feature maps"), 15, 600)
            words = tr("step {step}", step=f"{shot.position.step:,}")
            draw.text(painter, at, 30, words, 12, theme.tx2, mono=True)
        painter.translate(0, _HEAD)
        painter.scale(place.zoom, place.zoom)
        draw.prepare(painter, (wall.size[0], wall.height))
        scale = str(frame.toggles.get("scale", "layer"))
        paint_wall(painter, wall, theme, values, scale=scale if scale in SCALES else "layer")
        painter.restore()


register(WallScene())
