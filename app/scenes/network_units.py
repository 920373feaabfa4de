"""The units of a network scene: heat maps over the plane, value cells, grids of cells, blocks with a histogram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw, edges, images, signals
from app.scenes.cache import Cache
from app.scenes.network_layout import Column, NetworkLayout
from app.snapshots import NodeView, Source
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.snapshots import Snapshot
    from app.theme import Theme

_rings = Cache(8)

#: Left end of the legend's ramp; 90 px long, with room for an exponent at both sides.
LEGEND = 100.0


def tensor_of(node: NodeView, what: str) -> str:
    """Return the tensor a tile shows: the activation, what goes into it, or the gradient that reached it."""
    if what == "pre-activation" and node.activation not in ("", "linear"):
        return f"{node.id}/z"
    if what == "gradient":
        # Softmax and its loss are differentiated together: the gradient begins before softmax.
        return f"grad/{node.id}/z" if node.activation == "softmax" else f"grad/{node.output}"
    return node.output


def class_sides(
    place: NetworkLayout, k: int, what: str, values: np.ndarray | None
) -> np.ndarray | None:
    """Return probabilities of two classes as the decision map colours them: the first below zero, the second above."""
    node = place.columns[k].node
    if values is None or what != "activation" or not place.planes or k != len(place.columns) - 1:
        return values
    if node.activation == "softmax" and len(values) == 2:
        return np.stack([-values[0], values[1]])
    if node.activation == "sigmoid" and len(values) == 1:
        return 2 * values - 1
    return values


def unit_values(frame: Frame, tensor: str, share: float, source: Source) -> np.ndarray | None:
    """Return a tensor blended from the snapshot before to the one after."""
    new = _value(frame.after, tensor, source)
    old = _value(frame.before, tensor, source)
    if new is None or (share <= 0 and old is not None):
        return old
    if old is None or share >= 1 or old.shape != new.shape:
        return new
    return old + (new - old) * np.float32(share)


def _value(shot: Snapshot | None, tensor: str, source: Source) -> np.ndarray | None:
    if shot is None:
        return None
    found = shot.get(tensor, source=source)
    if found is None and source == "sample":
        found = shot.get(tensor)
        if found is not None:
            found = found[0] if found.ndim > 1 else found
    return found


def _shown(frame: Frame, k: int, count: int) -> float:
    """How much of the new values a column shows."""
    if frame.clock is None or not frame.clock.direction:
        return frame.alpha if frame.before is not None else 1.0
    return signals.arrived(frame.clock, k, count)


def raster_tiles(
    image: QImage, place: NetworkLayout, theme: Theme, frame: Frame, scale: float
) -> frozenset[int]:
    """Draw the heat maps by the compiled rasteriser; return the columns done, none while it is not ready."""
    if not place.planes:
        return frozenset()
    done = []
    what = str(frame.toggles.get("tiles", "activation"))
    table = theme.table("signed")[:, [2, 1, 0, 3]]
    tops = ranges(place, frame, what)
    for k, column in enumerate(place.columns):
        if column.level not in ("numbers", "tiles"):
            continue
        share = _shown(frame, k, len(place.columns))
        planes = unit_values(frame, tensor_of(column.node, what), share, "plane")
        if planes is None or planes.ndim != 3 or planes.shape[0] != len(column.centers):
            continue
        top = tops[k]
        planes = np.ascontiguousarray(class_sides(place, k, what, planes))
        rects = np.empty((len(column.centers), 4), np.float32)
        rects[:, :2] = (column.centers - column.tile / 2) * scale
        rects[:, 2:] = column.tile * scale
        margin = 2.0 if column.level == "numbers" else 1.0
        if edges.draw_tiles(
            image, planes, rects, table, 127.0 / top, 128.0, margin * scale, theme.bg0
        ):
            done.append(k)
    return frozenset(done)


def paint_units(
    painter: QPainter,
    place: NetworkLayout,
    theme: Theme,
    frame: Frame,
    done: frozenset[int] = frozenset(),
) -> None:
    """Draw all columns; those in `done` have their heat maps already."""
    count = len(place.columns)
    what = str(frame.toggles.get("tiles", "activation"))
    tops = ranges(place, frame, what)
    _legend(painter, place, theme, what, tops)
    for k, column in enumerate(place.columns):
        share = _shown(frame, k, count)
        tensor = tensor_of(column.node, what)
        values = unit_values(frame, tensor, share, "sample")
        pending = frame.clock is not None and frame.clock.direction == "forward" and share == 0.0
        if column.level == "image":
            _image(painter, column, theme, frame)
        elif column.level == "block":
            _block(painter, column, theme, values, tops[k])
        elif column.level == "cells":
            _cells(painter, column, theme, values, tops[k])
        else:
            rings = k in done
            if not rings:
                planes = unit_values(frame, tensor, share, "plane") if place.planes else None
                rings = _tiles(
                    painter,
                    column,
                    theme,
                    class_sides(place, k, what, values),
                    class_sides(place, k, what, planes),
                    tops[k],
                )
            if rings and column.level == "numbers" and column.tile >= 20:
                _sample_rings(painter, column, theme, frame)
            if column.level == "numbers":
                _numbers(painter, column, theme, values, pending, k == count - 1 and k > 0, what)


def ranges(place: NetworkLayout, frame: Frame, what: str) -> tuple[float, ...]:
    """Return which size of value gets the ramp's last colour in each column.

    Activations have a range for each layer. Gradients share one, so that a layer they do not reach looks like it.
    """
    count = len(place.columns)
    found = []
    for k, column in enumerate(place.columns):
        node, share = column.node, _shown(frame, k, count)
        bounded = what == "activation" and node.kind != "Input"
        activation = node.activation if bounded else ""
        values = None
        if activation not in ("tanh", "sigmoid", "softmax"):
            tensor = tensor_of(node, what)
            if place.planes and column.level in ("numbers", "tiles") and what != "gradient":
                values = unit_values(frame, tensor, share, "plane")
            if values is None:
                values = unit_values(frame, tensor, share, "sample")
        if what == "gradient" and values is None:
            continue
        found.append(images.extent(values, activation))
    if what == "gradient":
        return (max(found, default=1.0),) * count
    return tuple(found)


def _legend(
    painter: QPainter, place: NetworkLayout, theme: Theme, what: str, tops: tuple[float, ...]
) -> None:
    """Write the ends of the tiles' ramp: numbers if they are the same for all layers that compute, else words."""
    if not tops:
        return
    last = place.columns[-1].node
    inner = tops[1:-1] or tops[-1:] if what == "activation" else tops[1:] or tops
    top = max(inner)
    if what == "activation" and len(tops) < 3 and last.activation in ("softmax", "sigmoid"):
        # Nothing but probabilities: no value is below zero.
        low, high = last.labels if len(last.labels) == 2 else ("0", "1")
    elif top - min(inner) > 0.005 * top:
        low, high = f"{draw.MINUS}max", "+max"
    elif 0.01 <= top < 1000:
        low, high = (f"{sign}{top:.3g}" for sign in (draw.MINUS, "+"))
    else:
        low, high = draw.scientific(-top), "+" + draw.scientific(top)
    y, x = place.size[1] - 16, LEGEND
    draw.text(painter, x - 6, y, low, 10, theme.tx2, mono=True, anchor="end")
    draw.text(painter, x + 96, y, high, 10, theme.tx2, mono=True)


def _tiles(
    painter: QPainter,
    column: Column,
    theme: Theme,
    values: np.ndarray | None,
    planes: np.ndarray | None,
    top: float,
) -> bool:
    """Draw squares by QPainter: heat maps where there are any, else plain colours; tell whether they were maps."""
    n = len(column.centers)
    margin = 2.0 if column.level == "numbers" else 1.0
    for unit in range(n):
        x, y, w, h = column.rect(unit)
        draw.fill(painter, x - margin, y - margin, w + 2 * margin, h + 2 * margin, theme.bg0)
    if planes is not None and planes.shape[0] == n:
        words = images.colors(theme, planes, "signed", top)
        for unit in range(n):
            x, y, w, h = column.rect(unit)
            images.place(painter, x, y, w, h, images.from_words(words[unit]), True)
        return True
    if values is not None and values.size == n:
        flat = values.ravel()
        for unit in range(n):
            draw.fill(painter, *column.rect(unit), theme.signed(float(flat[unit]), top))
    else:
        for unit in range(n):
            draw.fill(painter, *column.rect(unit), theme.bg2)
    return False


def _sample_rings(painter: QPainter, column: Column, theme: Theme, frame: Frame) -> None:
    shot = frame.snapshot
    if shot is None or shot.plane is None or shot.sample is None or shot.sample.x.size < 2:
        return
    (x0, y0), (x1, y1) = shot.plane.low, shot.plane.high
    sx, sy = (float(v) for v in shot.sample.x.ravel()[:2])
    u, v = (sx - x0) / (x1 - x0), (y1 - sy) / (y1 - y0)
    if not (0 <= u <= 1 and 0 <= v <= 1):
        return
    if draw.is_vector(painter):
        for unit in range(len(column.centers)):
            x, y, w, h = column.rect(unit)
            draw.disc(painter, x + u * w, y + v * h, 2.5, theme.bg0, theme.tx)
        return
    ring = _ring(theme, draw.scale_of(painter))
    for unit in range(len(column.centers)):
        x, y, w, h = column.rect(unit)
        draw.blit(painter, x + u * w - 4, y + v * h - 4, ring)


def _ring(theme: Theme, scale: float) -> QImage:
    """The mark of the sample, drawn once: an antialiased circle costs ten times its copy."""

    def make() -> QImage:
        image = draw.canvas(8, 8, scale, None)
        with draw.painting(image, (8.0, 8.0)) as inner:
            draw.disc(inner, 4, 4, 2.5, theme.bg0, theme.tx)
        return image

    return _rings.get((theme.name, scale), make)


def _numbers(
    painter: QPainter,
    column: Column,
    theme: Theme,
    values: np.ndarray | None,
    pending: bool,
    last: bool,
    what: str,
) -> None:
    flat = values.ravel() if values is not None and values.size == len(column.centers) else None
    names = column.node.labels if column.node.kind != "Input" else ()
    best = int(flat.argmax()) if flat is not None and len(flat) > 1 else -1
    for unit in range(len(column.centers)):
        x, y = (float(v) for v in column.centers[unit])
        under = y + column.tile / 2
        if names and unit < len(names):
            color = theme.tx if unit == best and not pending else theme.tx2
            draw.text(
                painter,
                x + column.tile / 2 + 8,
                y + 4,
                draw.elide(names[unit], 12, 30, mono=True),
                12,
                color,
                mono=True,
            )
        if last and len(column.centers) == 1:
            draw.text(painter, x, under + 22, "ŷ", 12, theme.tx2, mono=True, anchor="middle")
            if pending or flat is None:
                draw.text(painter, x, under + 40, tr("pending"), 11, theme.tx3, anchor="middle")
            else:
                draw.text(
                    painter,
                    x,
                    under + 40,
                    _caption(float(flat[unit]), column.node, what),
                    12,
                    theme.tx,
                    mono=True,
                    anchor="middle",
                )
        elif flat is None and what == "gradient" and column.node.kind == "Input":
            draw.text(painter, x, under + 14, tr("no gradient"), 10, theme.tx3, anchor="middle")
        elif flat is not None and not pending and column.labelled:
            draw.text(
                painter,
                x,
                under + 12,
                _caption(float(flat[unit]), column.node, what),
                10,
                theme.tx2,
                mono=True,
                anchor="middle",
            )


def _caption(value: float, node: NodeView, what: str) -> str:
    if what == "gradient":
        return draw.fine(value, 2)
    if what == "activation" and node.activation in ("softmax", "sigmoid"):
        return draw.plain(value, 2)
    return draw.signed(value, 2) if abs(value) < 100 else draw.signed(value, 0)


def _cells(
    painter: QPainter, column: Column, theme: Theme, values: np.ndarray | None, top: float
) -> None:
    draw.fill(painter, column.x - 2, column.y - 2, column.width + 4, column.height + 4, theme.bg0)
    flat = values.ravel() if values is not None and values.size == len(column.centers) else None
    half = column.tile / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for unit, (x, y) in enumerate(column.centers.tolist()):
        color = theme.bg2 if flat is None else theme.signed(float(flat[unit]), top)
        draw.fill(painter, x - half, y - half, column.tile, column.tile, color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    draw.frame(
        painter, column.x - 2.5, column.y - 2.5, column.width + 5, column.height + 5, theme.line
    )


def _block(
    painter: QPainter, column: Column, theme: Theme, values: np.ndarray | None, top: float
) -> None:
    x, y, w, h = column.x, column.y, column.width, column.height
    draw.fill(painter, x, y, w, h, theme.bg2, 6)
    draw.frame(painter, x + 0.5, y + 0.5, w - 1, h - 1, theme.line2, 1, 6)
    draw.text(
        painter,
        x + w / 2,
        y + 20,
        tr("{count} units", count=number(column.node.units)),
        11,
        theme.tx2,
        anchor="middle",
    )
    left, right, foot, head = x + 10, x + w - 10, y + h - 22, y + 32
    draw.line(painter, left, foot + 0.5, right, foot + 0.5, theme.line2)
    if values is None or not np.isfinite(values).any():
        return
    counts, _ = np.histogram(np.clip(values[np.isfinite(values)], -top, top), 24, (-top, top))
    step = (right - left) / 24
    for k, count in enumerate(counts.tolist()):
        tall = (foot - head) * count / max(1, counts.max())
        draw.fill(
            painter,
            left + k * step,
            foot - tall,
            max(1.0, step - 1),
            tall,
            theme.signed((k + 0.5) / 12 - 1),
        )
    digits = 0 if top >= 10 else 1 if top >= 1 else 2
    draw.text(painter, left, y + h - 8, draw.plain(-top, digits), 10, theme.tx3, mono=True)
    draw.text(
        painter, right, y + h - 8, draw.signed(top, digits), 10, theme.tx3, mono=True, anchor="end"
    )


def _image(painter: QPainter, column: Column, theme: Theme, frame: Frame) -> None:
    x, y, w, h = column.x, column.y, column.width, column.height
    shot = frame.snapshot
    draw.fill(painter, x, y, w, h, theme.bg2)
    if shot is not None and shot.sample is not None and shot.sample.x.shape == column.node.shape:
        images.place(painter, x, y, w, h, images.photo(theme, shot.sample.x), False)
    draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line2)
