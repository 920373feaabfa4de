"""All filters of a network as pictures, with their gradients: what a layer looks for, and how it is about to change.

Painted from arrays by name, so that the window and a film of training show the same picture.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw, images
from app.scenes.cache import Cache
from app.scenes.filters_layout import (
    ARROWS,
    SIDE,
    FilterRow,
    FiltersLayout,
    place_filters,
    wanted,
)
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.snapshots import NetworkView, Probe
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.theme import Theme

#: What gets the strongest colour: the largest size of each filter, of the kernel, or of all kernels.
SCALES = ("unit", "layer", "network")
#: Width of the colours beside a title, and room for their numbers.
_RAMP, _NUMBERS = 56.0, 58.0
#: Where there is less room the colours stand without their ramp.
_NARROW = 600.0
#: A cell in which its number fits.
_WRITTEN = 33.0
#: What stands over the rows of a film.
_HEAD = 48.0
_sheets, _tops = Cache(64), Cache(128)


@dataclass(frozen=True)
class Look:
    """How filters are shown: one of `SCALES`, and whether red, green and blue planes are one picture."""

    scale: str = "layer"
    colour: bool = True


def gradient_of(tensor: str) -> str:
    """Name of a kernel's gradient."""
    return f"grad/{tensor}"


def largest(array: np.ndarray) -> float:
    """The largest size of all numbers; 0 where there is none."""
    top = max(float(array.max(initial=0.0)), -float(array.min(initial=0.0)))
    if not np.isfinite(top):
        top = float(np.abs(array[np.isfinite(array)]).max(initial=0.0))
    return top


def _largest(array: np.ndarray) -> float:
    """The same, remembered as long as the array is shown."""
    found: float = _remembered(_tops, id(array), array, lambda: largest(array))
    return found


def _remembered(cache: Cache, key: Hashable, array: np.ndarray, make: Callable[[], Any]) -> Any:
    """What was made of an array, as long as that very array is shown; the array itself is not kept."""
    held = cache.get(key, list)
    if not held or held[0]() is not array:
        held[:] = [ref(array), make()]
    return held[1]


def tops(
    values: Mapping[str, np.ndarray], rows: tuple[FilterRow, ...], scale: str
) -> dict[str, Any]:
    """What gets the last colour, by name of a kernel or of its gradient: a number, or one a unit.

    Weights and gradients have scales of their own: a gradient is smaller by orders of magnitude.
    """
    found: dict[str, Any] = {}
    for names in ([r.tensor for r in rows], [gradient_of(r.tensor) for r in rows]):
        there = {name: values[name] for name in names if name in values}
        if scale == "network":
            whole = max((_largest(array) for array in there.values()), default=0.0)
            found |= dict.fromkeys(there, whole)
            continue
        for row, name in zip(rows, names, strict=True):
            if name not in there or row.bank is None:
                continue
            if scale == "unit":
                planes = row.bank.planes(there[name])
                found[name] = np.abs(np.nan_to_num(planes, posinf=0, neginf=0)).max((1, 2, 3))
            else:
                found[name] = _largest(there[name])
    return found


def paint_filters(
    painter: QPainter,
    place: FiltersLayout,
    theme: Theme,
    values: Mapping[str, np.ndarray],
    *,
    look: Look = Look(),
    chosen: tuple[str, int] = ("", -1),
    hover: str = "",
    visible: tuple[float, float] | None = None,
) -> None:
    """Draw every kernel's row.

    Parameters
    ----------
    values
        Kernels and gradients by name; what is missing is drawn empty.
    chosen, hover
        Layer and unit that are looked at; id of what the mouse is over.
    visible
        Top and bottom of what is seen: rows outside are left out.
    """
    seen = tuple(
        row for row in place.rows
        if visible is None or (row.y + row.height >= visible[0] and row.y <= visible[1])
    )  # fmt: skip
    top = tops(values, place.rows if look.scale == "network" else seen, look.scale)
    for row in seen:
        _title(painter, place, row, theme, hover, look)
        _ramps(painter, place, row, theme, top, look)
        if row.bank is None:
            continue
        for under in (False, True) if row.both else (False,):
            name = gradient_of(row.tensor) if under else row.tensor
            _tiles(painter, row, theme, values.get(name), top.get(name), under, look)
        for name, color, width in (
            (hover, theme.tx2, 1.0), (f"filter:{row.tensor}:{chosen[1]}", theme.tx, 2.0),
        ):  # fmt: skip
            hit = place.hits.get(name) if name else None
            marks = (
                hit is not None and hit.node == row.tensor and hit.kind in ("filter", "gradient")
            )
            if hit is not None and marks and (name == hover or row.layer == chosen[0]):
                _ring(painter, row, hit, color, width)


def _ring(painter: QPainter, row: FilterRow, hit: Hit, color: Any, width: float) -> None:
    """Around a unit's weights and its gradient."""
    k = hit.index[0] - row.first
    x, y, w, h = row.rect(k, SIDE)
    if row.both and row.images:
        below = row.rect(k, SIDE, True)
        h = below[1] + below[3] - y
    elif row.both:
        beside = row.rect(k, SIDE, True)
        draw.frame(painter, beside[0] - 2, y - 1, w + 4, h + 2, color, width, 2)
    by = 2.0 if row.images else 1.0
    draw.frame(painter, x - 2, y - by, w + 4, h + 2 * by, color, width, 2)


def _title(
    painter: QPainter, place: FiltersLayout, row: FilterRow, theme: Theme, hover: str, look: Look
) -> None:
    y, right = row.y + 14, place.size[0] - SIDE
    ramp = 0.0 if place.size[0] < _NARROW else _RAMP
    room = right - SIDE - (2 if row.both else 1) * (ramp + _NUMBERS + 66)
    title = draw.elide(row.title, 12, max(60.0, room * 0.6), 600)
    draw.text(painter, SIDE, y, title, 12, theme.tx, weight=600)
    at = SIDE + max(96.0, draw.advance(title, 12, 600) + 14)
    words = describe_row(row, look.colour)
    if row.pages > 1:
        shown = tr("{first} to {last}", first=row.first + 1, last=row.first + row.shown)
        words = f"{words} · {shown}"
        for k, by in enumerate((-1, 1)):
            name = f"page:{row.tensor}:{by}"
            there = place.hits.get(name) is not None
            color = theme.tx if there and hover == name else theme.tx2 if there else theme.line2
            arrow = "‹›"[k]
            draw.text(
                painter, right - ARROWS * (0.75 - k / 2), y + 1, arrow, 16, color, anchor="middle"
            )
    if SIDE + room - at > 40:
        draw.text(painter, at, y, draw.elide(words, 11.5, SIDE + room - at), 11.5, theme.tx2)


def describe_row(row: FilterRow, colour: bool) -> str:
    """How many pictures of which size a kernel has."""
    if row.bank is None:
        return tr("{count} weights, too many to be drawn", count=f"{row.count:,}")
    high, wide, deep = row.bank.size
    if not row.bank.image:
        units, many = f"{row.bank.units:,}", f"{wide:,}"
        return tr("{count} units, one line of {many} weights each", count=units, many=many)
    size = f"{high}×{wide}" + (f"×{deep}" if deep > 1 else "")
    if row.bank.colour and colour:
        size = tr("{size} in colour, grey is 0", size=f"{high}×{wide}")
    if len(row.bank.shape) == 2:
        return tr("{count} units, weights as {size}", count=f"{row.bank.units:,}", size=size)
    return tr("{count} filters, {size}", count=f"{row.bank.units:,}", size=size)


def _ramps(
    painter: QPainter, place: FiltersLayout, row: FilterRow, theme: Theme, top: Mapping[str, Any], look: Look
) -> None:  # fmt: skip
    """What the colours stand for, of the weights and of the gradients."""
    if row.bank is None:
        return
    x = place.size[0] - SIDE - (ARROWS if row.pages > 1 else 0.0)
    y = row.y + 14
    listed = [(tr("weights"), row.tensor, theme.tx3)]
    if row.both:
        listed.append((tr("gradients"), gradient_of(row.tensor), theme.bwd))
    for label, name, ink in reversed(listed):
        most = top.get(name)
        if most is None:
            continue
        high = (
            tr("its max") if isinstance(most, np.ndarray) else f"±{format_number(float(most), 2)}"
        )
        x -= max(_NUMBERS - 6, draw.advance(high, 10.5, mono=True))
        draw.text(painter, x + 6, y, high, 10.5, theme.tx3, mono=True)
        if place.size[0] >= _NARROW and not (row.bank.colour and look.colour):
            shades = np.linspace(-1.0, 1.0, 64, dtype=np.float32)[None]
            ramp = images.heat(theme, shades, "signed", 1.0)
            images.place(painter, x - _RAMP, y - 8, _RAMP, 8, ramp, True)
            x -= _RAMP
        draw.text(painter, x - 6, y, label, 10.5, ink, anchor="end")
        x -= draw.advance(label, 10.5) + 20


def _tiles(
    painter: QPainter, row: FilterRow, theme: Theme, array: np.ndarray | None, top: Any, under: bool, look: Look
) -> None:  # fmt: skip
    assert row.bank is not None
    ring = draw.mixed(theme.line, theme.bwd, 0.5) if under else theme.line
    sheet = _sheet(row, theme, array, top, look, under) if array is not None else None
    if not row.images:
        x, y, w, _ = row.rect(0, SIDE, under)
        h = row.side[1]
        if sheet is not None:
            images.place(painter, x, y, w, h, sheet, False)
        else:
            draw.fill(painter, x, y, w, h, theme.bg2)
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, ring)
        return
    high, wide = row.bank.cells(look.colour)
    planes = None
    if array is not None and row.bank.size[2] == 1 and row.side[0] / wide >= _WRITTEN:
        planes = row.bank.planes(array, row.first, row.shown)[..., 0]
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    for k in range(row.shown):
        x, y, w, h = row.rect(k, SIDE, under)
        if sheet is None:
            draw.fill(painter, x, y, w, h, theme.bg2)
        elif draw.is_vector(painter):
            images.place(painter, x, y, w, h, sheet.copy(0, k * high, wide, high), False)
        else:
            painter.drawImage(QRectF(x, y, w, h), sheet, QRectF(0, k * high, wide, high))
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, ring)
        if planes is not None:
            most = float(top[row.first + k]) if isinstance(top, np.ndarray) else float(top)
            _numbers(painter, theme, planes[k], most, (x, y, w / wide))


def _numbers(
    painter: QPainter, theme: Theme, values: np.ndarray, top: float, at: tuple[float, float, float]
) -> None:
    """Write each weight into its cell; `at` is the left, the top and a cell's side."""
    left, upper, cell = at
    for (r, c), value in np.ndenumerate(values):
        x, y = left + (c + 0.5) * cell, upper + (r + 0.5) * cell + 4
        text = draw.fine(float(value), 2)
        if draw.advance(text, 10, mono=True) > cell - 2:
            text = draw.elide(text, 10, cell - 2, mono=True)
        ink = theme.on(theme.signed(float(value), top or 1.0))
        draw.text(painter, x, y, text, 10, ink, mono=True, anchor="middle")


def _sheet(
    row: FilterRow, theme: Theme, array: np.ndarray, top: Any, look: Look, under: bool
) -> QImage:
    """The pictures of a page one under the other; for lines a line each."""
    stamp = top.tobytes() if isinstance(top, np.ndarray) else top
    key = (row.tensor, under, row.first, row.shown, theme.name, look, stamp)
    found: QImage = _remembered(_sheets, key, array, lambda: _drawn(row, theme, array, top, look))
    return found


def _drawn(row: FilterRow, theme: Theme, array: np.ndarray, top: Any, look: Look) -> QImage:
    bank = row.bank
    assert bank is not None
    planes = bank.planes(array, row.first, row.shown)
    if isinstance(top, np.ndarray):
        each = top[row.first : row.first + row.shown]
        planes = planes / np.where(each > 0, each, 1)[:, None, None, None].astype(np.float32)
        top = 1.0
    if bank.colour and look.colour:
        scale = 127.5 / top if top > 0 else 0.0
        bytes_ = np.clip(np.nan_to_num(planes) * np.float32(scale) + 127.5, 0, 255).astype(
            np.uint32
        )
        words = 0xFF000000 | bytes_[..., 0] << 16 | bytes_[..., 1] << 8 | bytes_[..., 2]
        return images.from_words(words.reshape(-1, words.shape[-1]))
    if not bank.image:
        return images.heat(theme, planes[:, 0, :, 0], "signed", float(top))
    if planes.shape[-1] == 1:
        return images.heat(theme, planes.reshape(-1, planes.shape[2]), "signed", float(top))
    whole = bank.mosaic(np.nan_to_num(planes))
    words = images.colors(theme, whole, "signed", float(top))
    words[np.isnan(whole)] = theme.bg0.rgb()
    return images.from_words(words.reshape(-1, words.shape[-1]))


class FiltersScene:
    """The filters as a scene, for films of training. ``toggles``: layer, scale, gradients, colour."""

    name = "filters"
    film_title = tr("Filters")
    film_layers = True

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> FiltersLayout:
        """Remember what there is room for: what is shown depends on the numbers."""
        key = (spec, size, str(view.option("layer", "") or ""))
        return FiltersLayout(size, size[1], (), HitIndex(()), key)

    def probes(self, spec: NetworkView, place: FiltersLayout, frame: Frame) -> tuple[Probe, ...]:
        """The kernels and their gradients."""
        names = [name for _, name in wanted(spec, place.key[2])]
        more = [gradient_of(name) for name in names] if frame.toggles.get("gradients", True) else []
        return tuple(Probe(name) for name in (*names, *more))

    def describe(self, place: FiltersLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Say nothing: films have no mouse."""
        return ()

    def paint(self, painter: QPainter, place: FiltersLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment; what does not fit is drawn smaller."""
        painter.save()
        spec, (width, height), layer = place.key
        shot = frame.present.snapshot
        title = frame.caption or tr("Filters")
        at = 32 + draw.text(painter, SIDE, 30, title, 15, theme.tx, weight=600)
        draw.line(painter, 0, _HEAD - 1, 20_000, _HEAD - 1, theme.line)
        if shot is not None:
            step = tr("step {step}", step=f"{shot.position.step:,}")
            draw.text(painter, at, 30, step, 12, theme.tx2, mono=True)
            names = {name for _, name in wanted(spec, layer)}
            shapes = {name: array.shape for name, array in shot.values.items() if name in names}
            # Room is kept for gradients from the first frame on: nothing jumps when they come.
            both = bool(frame.toggles.get("gradients", True))
            colour = bool(frame.toggles.get("colour", True))
            scale = str(frame.toggles.get("scale", "layer"))
            zoom, room = 1.0, height - _HEAD
            for _ in range(6):
                found = place_filters(
                    spec, round(width / zoom, 2), shapes, layer=layer, both=both, colour=colour
                )
                if found.height * zoom <= room:
                    break
                zoom *= max(0.6, room / (found.height * zoom)) * 0.99
            painter.translate(0, _HEAD)
            zoom = min(zoom, room / max(1.0, found.height))
            painter.scale(zoom, zoom)
            draw.prepare(painter, found.size)
            look = Look(scale if scale in SCALES else "layer", colour)
            paint_filters(painter, found, theme, shot.values, look=look)
        painter.restore()


register(FiltersScene())
