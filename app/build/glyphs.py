"""The picture in a layer's block: its real tensor when there is one, else its shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app import theme
from app.theme import Theme

#: The glyph's own coordinates: it is drawn into 144 by 112.
WIDTH, HEIGHT = 144.0, 112.0
_MIDDLE = QPointF(72, 58)
_LARGEST_FACE = 76.0
_MOST_PLANES = 16
_MOST_CELLS = 32


@dataclass(frozen=True, eq=False)
class Glyph:
    """What is drawn.

    Attributes
    ----------
    kind
        Kind of layer.
    shape
        Output shape without the batch axis; None if it is not known.
    value
        The output for one sample, or None.
    mask
        Dropout's mask for one sample, or None.
    activation
        Name of the activation, or an empty text.
    labels
        Names of the classes, if this is the output of a classifier.
    """

    kind: str
    shape: tuple[int, ...] | None
    value: np.ndarray | None = None
    mask: np.ndarray | None = None
    activation: str = ""
    labels: tuple[str, ...] = ()


def paint(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    """Draw a glyph at the painter's origin."""
    shape = glyph.shape
    if not shape:
        return
    painter.save()
    if glyph.kind == "Flatten":
        _strip(painter, glyph, colors)
    elif len(shape) == 3:
        _planes(painter, glyph, colors)
    elif len(shape) == 2:
        _sequence(painter, glyph, colors)
    elif glyph.activation == "softmax" and 2 <= shape[0] <= 10:
        _bars(painter, glyph, colors)
    else:
        _cells(painter, glyph, colors)
    painter.restore()


def image(values: np.ndarray, table: np.ndarray, low: float, high: float) -> QImage:
    """Return a picture of a matrix: one pixel for each value.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (rows, columns).
    table : numpy.ndarray
        A theme's ramp, shape (256, 4).
    low, high : float
        Values at the ends of the ramp.
    """
    span = high - low or 1.0
    index = np.clip((values - low) * (255.0 / span), 0, 255)
    pixels = np.ascontiguousarray(table[np.nan_to_num(index).astype(np.uint8)])
    rows, columns = values.shape
    # A copy, because the picture outlives the array.
    return QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()


def signed_image(values: np.ndarray, colors: Theme, vmax: float | None = None) -> QImage:
    """Return a picture of weights: blue above zero, orange below."""
    limit = float(np.percentile(np.abs(values), 99)) if vmax is None else vmax
    limit = limit or 1.0
    # Entry 128 of the signed ramp is exactly zero.
    return image(values, colors.table("signed"), -limit * 128 / 127, limit)


def _planes(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    assert glyph.shape is not None
    rows, columns, channels = glyph.shape
    tall = min(_LARGEST_FACE, 10 + 2.35 * rows)
    wide = min(_LARGEST_FACE, 10 + 2.35 * columns)
    count = min(channels, _MOST_PLANES)
    if glyph.kind == "InputLayer":
        count = 1
    shift = min(3.2, 44 / count) if count > 1 else 0.0
    x0 = _MIDDLE.x() - (wide + shift * (count - 1)) / 2
    y0 = _MIDDLE.y() - tall / 2 + shift * (count - 1) / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for k in range(count - 1, -1, -1):
        box = QRectF(round(x0 + k * shift), round(y0 - k * shift), round(wide), round(tall))
        painter.fillRect(box, colors.bg3 if k or glyph.value is None else colors.bg0)
        if k == 0 and glyph.value is not None:
            painter.drawImage(box, _face(glyph, colors))
        painter.setPen(QPen(colors.tx2 if k == 0 else colors.line2, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0, 0, -1, -1))
    if glyph.value is None:
        _grid(
            painter, QRectF(round(x0), round(y0), round(wide), round(tall)), rows, columns, colors
        )


def _grid(painter: QPainter, box: QRectF, rows: int, columns: int, colors: Theme) -> None:
    """Show how fine the map is, where there are no values yet."""
    if max(rows, columns) > 32:
        return
    painter.setPen(QPen(colors.line, 1))
    for k in range(1, columns):
        x = round(box.left() + box.width() * k / columns)
        painter.drawLine(QPointF(x, box.top() + 1), QPointF(x, box.bottom() - 2))
    for k in range(1, rows):
        y = round(box.top() + box.height() * k / rows)
        painter.drawLine(QPointF(box.left() + 1, y), QPointF(box.right() - 2, y))


def _face(glyph: Glyph, colors: Theme) -> QImage:
    value = glyph.value
    assert value is not None
    if glyph.kind == "InputLayer":
        return input_image(value, colors)
    strongest = int(np.argmax(value.sum(axis=(0, 1)))) if value.shape[2] > 1 else 0
    face = value[:, :, strongest]
    if float(face.min()) < 0:
        return signed_image(face, colors)
    return image(face, colors.table("activation"), 0.0, float(face.max()) or 1.0)


def input_image(value: np.ndarray, colors: Theme) -> QImage:
    """Return a picture of an input: ink on the theme's ground, or its own colours."""
    if value.shape[2] == 3:
        limit = 255.0 if float(value.max()) > 1.5 else 1.0
        table = np.dstack([np.clip(value * (255 / limit), 0, 255), np.full(value.shape[:2], 255)])
        pixels = np.ascontiguousarray(table.astype(np.uint8))
        rows, columns = value.shape[:2]
        form = QImage.Format.Format_RGBA8888
        return QImage(pixels.data, columns, rows, 4 * columns, form).copy()
    high = float(value.max()) or 1.0
    return image(value[:, :, 0], colors.table("ink"), 0.0, high)


def _strip(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    box = QRectF(65, 10, 14, 96)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if glyph.value is None:
        painter.fillRect(box, colors.bg3)
        painter.setPen(QPen(colors.line, 1))
        for k in range(1, 24):
            painter.drawLine(QPointF(65, 10 + 4 * k), QPointF(78, 10 + 4 * k))
    else:
        flat = np.abs(glyph.value.reshape(-1))
        bins = np.array_split(flat, min(46, flat.size))
        peaks = np.array([part.max() for part in bins])[:, None]
        picture = image(peaks, colors.table("activation"), 0.0, float(peaks.max()) or 1.0)
        painter.drawImage(box, picture)
    painter.setPen(QPen(colors.line2, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box.adjusted(-1, -1, 0, 0))


def _sequence(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    assert glyph.shape is not None
    steps, units = glyph.shape
    wide, tall = min(112.0, max(24.0, steps * 6.0)), min(88.0, max(16.0, units * 4.0))
    box = QRectF(round(_MIDDLE.x() - wide / 2), round(_MIDDLE.y() - tall / 2), wide, tall)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(box, colors.bg3)
    if glyph.value is None:
        _grid(painter, box, min(units, 22), min(steps, 18), colors)
    else:
        painter.drawImage(box, signed_image(glyph.value.T, colors))
    painter.setPen(QPen(colors.line2, 1))
    painter.drawRect(box.adjusted(0, 0, -1, -1))


def _cells(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    assert glyph.shape is not None
    count = min(glyph.shape[0], _MOST_CELLS)
    columns = min(4, count)
    rows = -(-count // columns)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left = _MIDDLE.x() - (columns * 16 - 4) / 2
    top = 4 + (8 - rows) * 13.3 / 2
    value = None if glyph.value is None else glyph.value.reshape(-1)[:count]
    mask = None if glyph.mask is None else glyph.mask.reshape(-1)[:count]
    high = 1.0 if value is None else float(np.abs(value).max()) or 1.0
    signed = value is not None and float(value.min()) < 0
    for k in range(count):
        box = QRectF(left + (k % columns) * 16 + 0.5, top + (k // columns) * 13.3 + 0.5, 11, 9)
        pen = QPen(colors.line2, 1)
        dropped = mask is not None and k < mask.size and mask[k] == 0
        if glyph.kind == "Dropout" and mask is None:
            # No batch was drawn yet: show that some will be silent, not which.
            dropped = k % 3 == 1
        if dropped:
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([2, 2])
        painter.setPen(pen)
        painter.setBrush(
            _cell_color(value, k, high, signed, colors) if not dropped else QColor(0, 0, 0, 0)
        )
        painter.drawRoundedRect(box, 2, 2)
    if glyph.shape[0] > _MOST_CELLS:
        painter.setPen(colors.tx3)
        painter.setFont(theme.font("tick"))
        more = f"+{glyph.shape[0] - _MOST_CELLS:,}"
        painter.drawText(QRectF(106, 92, 34, 14), Qt.AlignmentFlag.AlignRight, more)


def _cell_color(
    value: np.ndarray | None, k: int, high: float, signed: bool, colors: Theme
) -> QColor:
    if value is None:
        return colors.bg3
    if signed:
        return colors.signed(float(value[k]), high)
    return colors.activation(float(value[k]), high)


def _bars(painter: QPainter, glyph: Glyph, colors: Theme) -> None:
    assert glyph.shape is not None
    count = glyph.shape[0]
    top = 4 + (10 - count) * 10.6 / 2
    painter.setFont(theme.font("tick"))
    for k in range(count):
        y = top + k * 10.6
        label = glyph.labels[k] if k < len(glyph.labels) and len(glyph.labels[k]) <= 3 else str(k)
        painter.setPen(colors.tx3)
        box = QRectF(8, y - 2, 27, 12)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, label)
        painter.fillRect(QRectF(42, y + 0.5, 76, 8), colors.bg3)
        if glyph.value is not None:
            share = float(np.clip(glyph.value.reshape(-1)[k], 0, 1))
            painter.fillRect(QRectF(42, y + 0.5, max(1.0, 76 * share), 8), colors.pos)
