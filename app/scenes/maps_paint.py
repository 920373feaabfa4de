"""The pictures of a convolutional network's columns."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QPainter

from app.scenes import draw, images
from app.scenes.maps_layout import MapColumn
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.theme import Theme


def tensor_of(column: MapColumn, what: str) -> str:
    """Return the tensor a column shows: maps, gradients that reached them, or the layer's filters."""
    if what == "gradients":
        return f"grad/{column.node.output}"
    if what == "filters" and column.kind == "maps" and column.node.weights:
        return column.node.weights[0]
    return column.node.output


def _top(values: np.ndarray) -> float:
    """Return the largest finite size."""
    sizes = np.abs(values[np.isfinite(values)])
    return float(sizes.max()) if sizes.size and sizes.max() > 0 else 1.0


def paint_image(
    painter: QPainter, column: MapColumn, theme: Theme, frame: Frame, slopes: np.ndarray | None
) -> None:
    """Draw the input, or the gradient that reached it, and what is said of it."""
    x, y, w, h = column.rect(0)
    shot = frame.snapshot
    sample = shot.sample if shot else None
    draw.fill(painter, x, y, w, h, theme.bg2)
    if slopes is not None and slopes.ndim == 3:
        size = np.abs(slopes).max(-1)
        images.place(painter, x, y, w, h, images.heat(theme, size, "magnitude", _top(size)), False)
    elif sample is not None and sample.x.shape == column.node.shape:
        images.place(painter, x, y, w, h, images.photo(theme, sample.x), True)
    draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line2)
    if sample is None:
        return

    def named(label: int) -> str:
        return sample.classes[label] if label < len(sample.classes) else str(label)

    lines = []
    if sample.label is not None:
        lines.append((tr("label {label}", label=named(sample.label)), theme.tx))
        if sample.output is not None and sample.output.size > 1:
            said = int(np.argmax(sample.output))
            lines.append(
                (
                    tr("predicted {label}", label=named(said)),
                    theme.tx if said == sample.label else theme.err,
                )
            )
    if sample.loss is not None:
        lines.append((tr("loss {loss}", loss=draw.plain(sample.loss, 3)), theme.loss))
    for k, (text, color) in enumerate(lines):
        draw.text(painter, x, y + h + 20 + 17 * k, text, 11.5, color, mono=True)


def paint_maps(
    painter: QPainter,
    column: MapColumn,
    theme: Theme,
    values: np.ndarray | None,
    what: str,
    each: bool,
) -> None:
    """Draw the page of maps, gradients or filters."""
    filters = what == "filters" and values is not None and values.ndim == 4
    known = values is not None and (filters or values.ndim == 3)
    ramp = "magnitude" if what == "gradients" else "signed" if filters else "activation"
    if known and values is not None:
        if what == "gradients":
            values = np.abs(values)
        elif not filters and float(values.min()) < 0:
            ramp = "signed"
        whole = _top(values)
    for place in range(column.shown):
        x, y, w, h = column.rect(place)
        k = column.first + place
        if known and values is not None and k < values.shape[-1]:
            one = _mosaic(values[..., k]) if filters else values[..., k]
            top = _top(one) if each else whole
            image = images.heat(theme, one, ramp, top)
            images.place(painter, x, y, w, h, image, False)
        else:
            draw.fill(painter, x, y, w, h, theme.bg1)
        draw.frame(painter, x - 0.5, y - 0.5, w + 1, h + 1, theme.line2)


def _mosaic(kernel: np.ndarray) -> np.ndarray:
    """Lay the slices of one filter, (rows, columns, inputs), side by side with gaps of zero between them."""
    rows, columns, inputs = kernel.shape
    if inputs == 1:
        return kernel[..., 0]
    across = ceil(inputs**0.5)
    down = ceil(inputs / across)
    sheet = np.zeros((down * (rows + 1) - 1, across * (columns + 1) - 1), np.float32)
    for k in range(inputs):
        r, c = divmod(k, across)
        sheet[
            r * (rows + 1) : r * (rows + 1) + rows, c * (columns + 1) : c * (columns + 1) + columns
        ] = kernel[..., k]
    return sheet


def paint_strip(
    painter: QPainter, column: MapColumn, theme: Theme, values: np.ndarray | None, what: str
) -> None:
    """Draw a dense layer as a strip, one row a unit."""
    x, y, w, h = column.x, column.y, column.width, column.height
    draw.fill(painter, x - 3, y - 3, w + 6, h + 6, theme.bg0)
    n = column.shown
    if values is not None and values.size >= 1:
        flat = values.ravel()
        n = flat.size
        ramp = (
            "magnitude"
            if what == "gradients"
            else "signed"
            if float(flat.min()) < 0
            else "activation"
        )
        shown = np.abs(flat) if ramp == "magnitude" else flat
        words = images.colors(theme, shown, ramp, _top(shown))
    pitch = h / max(1, n)
    if pitch >= 4:
        for k in range(n):
            color = theme.bg1 if values is None else _color(int(words[k]))
            draw.fill(painter, x, y + k * pitch, w, pitch - 2, color)
    elif values is not None:
        images.place(painter, x, y, w, h, images.from_words(words[:, None]), pitch < 1)
    else:
        draw.fill(painter, x, y, w, h, theme.bg1)
    draw.frame(painter, x - 2.5, y - 2.5, w + 5, h + 3 if pitch >= 4 else h + 5, theme.line)


def _color(word: int) -> QColor:
    return QColor.fromRgb(word)


def paint_bars(
    painter: QPainter,
    column: MapColumn,
    theme: Theme,
    values: np.ndarray | None,
    classes: tuple[str, ...],
) -> None:
    """Draw the output, one bar a class with its number."""
    flat = values.ravel() if values is not None else None
    best = int(flat.argmax()) if flat is not None and flat.size else -1
    name_room = min(40.0, 8 + max((draw.advance(c, 12, mono=True) for c in classes), default=8.0))
    number_room = 40.0 if column.width > 84 else 0.0
    bar = column.width - name_room - number_room
    soft = column.node.activation in ("softmax", "sigmoid")
    top = 1.0 if soft or flat is None else _top(flat)
    for k in range(column.shown):
        x, y, _, h = column.rect(k)
        name = classes[k] if k < len(classes) else str(k)
        chosen = k == best
        color = theme.tx if chosen else theme.tx2
        if h >= 10:
            draw.text(
                painter,
                x,
                y + h / 2 + 4,
                draw.elide(name, 12, name_room - 4, mono=True),
                12,
                color,
                weight=600 if chosen else 400,
                mono=True,
            )
        inset = min(8.0, h * 0.26)
        draw.fill(painter, x + name_room, y + inset, bar, h - 2 * inset, theme.bg3)
        if flat is None or k >= flat.size:
            continue
        value = float(flat[k])
        part = min(1.0, abs(value) / top) if np.isfinite(value) else 0.0
        draw.fill(
            painter,
            x + name_room,
            y + inset,
            max(1.0, bar * part),
            h - 2 * inset,
            theme.pos if value >= 0 else theme.neg,
        )
        if number_room and h >= 10:
            draw.text(
                painter,
                x + column.width,
                y + h / 2 + 4,
                draw.plain(value, 3),
                11,
                theme.tx if chosen else theme.tx3,
                mono=True,
                anchor="end",
            )
