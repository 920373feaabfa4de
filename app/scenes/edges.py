"""Edges between columns: cubic curves with horizontal tangents, thick where the weight is large.

Live pictures use our own rasteriser (`app.scenes.edge_kernels`): 384 translucent curves take QPainter 49 ms and it 3.
Until it is compiled, and never on the interface thread, straight hairlines stand in. Vector output gets real curves.
"""

from __future__ import annotations

import importlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

if TYPE_CHECKING:
    from app.theme import Theme

log = logging.getLogger("chainrule.scenes")

TOP = 256  # edges drawn of a layer that has many more
MANY = 512  # a layer with more than this gets the top ones only

_STEPS = 512
_kernel: Any = None
_tile_kernel: Any = None
_failed = False
_lock = threading.Lock()


def _curve_tables() -> tuple[np.ndarray, np.ndarray]:
    """Height and slope over x of the cubic with control points at half width: x(t) is a cubic too, so invert it."""
    t = np.linspace(0.0, 1.0, 8 * _STEPS + 1)
    x = 1.5 * t - 1.5 * t**2 + t**3
    u = np.linspace(0.0, 1.0, _STEPS + 1)
    inverse = np.interp(u, x, t)
    height = 3 * inverse**2 - 2 * inverse**3
    slope = (6 * inverse - 6 * inverse**2) / (1.5 - 3 * inverse + 3 * inverse**2)
    return height.astype(np.float32), slope.astype(np.float32)


SHAPE, SLOPE = _curve_tables()


def height_at(u: np.ndarray | float) -> np.ndarray:
    """Return how far an edge has risen, 0 to 1, at fractions `u` of its width."""
    return np.interp(u, np.linspace(0.0, 1.0, SHAPE.size), SHAPE)


def slope_at(u: np.ndarray | float) -> np.ndarray:
    """Return the derivative of `height_at`."""
    return np.interp(u, np.linspace(0.0, 1.0, SLOPE.size), SLOPE)


@dataclass(frozen=True)
class EdgeSet:
    """Edges ready to be drawn, in the scene's units.

    Attributes
    ----------
    ends
        (n, 4) x0, y0, x1, y1.
    width
        (n,) thickness.
    color
        (n, 3) blue, green, red.
    opacity
        (n,) 0 to 1.
    size
        (n,) the weight's share of the largest in its layer, 0 to 1.
    bundle
        (n,) which gap between columns it lies in.
    """

    ends: np.ndarray
    width: np.ndarray
    color: np.ndarray
    opacity: np.ndarray
    size: np.ndarray
    bundle: np.ndarray


def style(
    theme: Theme, size: np.ndarray, sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return width, opacity and blue-green-red of edges by the share and sign of their weights."""
    width = 0.5 + 3.0 * size
    opacity = (0.14 if theme.is_dark else 0.18) + 0.62 * size
    color = np.where(sign[:, None] >= 0, bgr(theme.pos), bgr(theme.neg)).astype(np.uint8)
    return width.astype(np.float32), opacity.astype(np.float32), color


def bgr(color: QColor) -> np.ndarray:
    """Return blue, green, red bytes."""
    return np.array([color.blue(), color.green(), color.red()], np.uint8)


def strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return input index, output index and value of the weights to draw, weakest first.

    `weights` is (inputs, outputs), or (n, 3) rows of a ``top256`` probe with fields in that order as float64-safe ints.
    """
    flat = weights.ravel()
    if flat.size > MANY:
        chosen = np.argpartition(np.abs(flat), flat.size - TOP)[-TOP:]
    else:
        chosen = np.arange(flat.size)
    chosen = chosen[np.argsort(np.abs(flat[chosen]), kind="stable")]
    rows, columns = np.divmod(chosen, weights.shape[1])
    return rows, columns, flat[chosen]


# ---------------------------------------------------------------- the compiled rasteriser


def ready() -> bool:
    """Tell whether the rasteriser is compiled."""
    return _kernel is not None


def warm() -> bool:
    """Compile the rasteriser now, on the calling thread; tell whether it worked. Safe to call more than once."""
    global _kernel, _tile_kernel, _failed
    with _lock:
        if _kernel is not None or _failed:
            return _kernel is not None
        try:
            module = importlib.import_module("app.scenes.edge_kernels")
            module.warm()
        except Exception:
            # Whatever Numba cannot do on this computer, lines can still be drawn.
            log.warning("edges stay hairlines: the rasteriser could not be compiled", exc_info=True)
            _failed = True
            return False
        _tile_kernel = module.draw_tiles
        _kernel = module.draw_edges
        return True


def warm_in_background() -> threading.Thread | None:
    """Start compiling on a thread of its own; None when there is nothing to do."""
    if _kernel is not None or _failed:
        return None
    thread = threading.Thread(target=warm, name="edge rasteriser", daemon=True)
    thread.start()
    return thread


def _run(
    kernel: Any,
    image: np.ndarray,
    ends: np.ndarray,
    width: np.ndarray,
    color: np.ndarray,
    span: np.ndarray,
) -> None:
    # Read-only arrays would make Numba compile another variant, on whatever thread this is.
    kernel(
        image,
        np.array(ends, np.float32, order="C"),
        np.array(width, np.float32),
        np.array(color, np.uint8, order="C"),
        np.array(span, np.float32, order="C"),
        SHAPE,
        SLOPE,
    )


def pixels(image: QImage) -> np.ndarray:
    """Return the bytes of an RGB32 image, (height, width, 4), writable and shared with it."""
    view = np.frombuffer(image.bits(), np.uint8)
    return view.reshape(image.height(), image.bytesPerLine() // 4, 4)


def draw_into(
    image: QImage,
    edges: EdgeSet,
    scale: float,
    span: np.ndarray | None = None,
    color: np.ndarray | None = None,
) -> None:
    """Draw edges into an opaque image whose pixels are `scale` to the unit.

    Parameters
    ----------
    image
        Format_RGB32.
    edges
        What to draw.
    scale
        Device pixels per unit.
    span
        (n, 4): drawn part as fractions of x, and the opacity at both ends; the whole edge by default.
    color
        (3,) one colour for all instead of their own.
    """
    count = len(edges.width)
    if count == 0:
        return
    if span is None:
        span = np.empty((count, 4), np.float32)
        span[:, 0], span[:, 1] = 0, 1
        span[:, 2] = span[:, 3] = edges.opacity
    colors = edges.color if color is None else np.tile(color, (count, 1))
    if _kernel is None:
        painter = QPainter(image)
        painter.setWorldTransform(
            painter.worldTransform().scale(
                scale / image.devicePixelRatio(), scale / image.devicePixelRatio()
            )
        )
        _hairlines(painter, edges, span, colors)
        painter.end()
        return
    _run(
        _kernel,
        pixels(image),
        edges.ends * np.float32(scale),
        edges.width * np.float32(scale),
        colors,
        span,
    )


def draw_tiles(
    image: QImage,
    values: np.ndarray,
    rects: np.ndarray,
    table: np.ndarray,
    factor: float,
    zero: float,
    margin: float,
    ground: QColor,
) -> bool:
    """Draw heat maps of (n, rows, columns) values into an opaque image; False while nothing is compiled.

    `rects` and `margin` are in pixels, `table` is (256, 4) blue first, and a value v has the colour at
    zero + factor v.
    """
    if _tile_kernel is None:
        return False
    _tile_kernel(
        pixels(image),
        np.array(values, np.float32, order="C"),
        np.array(rects, np.float32, order="C"),
        np.array(table, np.uint8, order="C"),
        np.float32(factor),
        np.float32(zero),
        round(margin),
        np.array(bgr(ground), np.uint8),
    )
    return True


def _hairlines(painter: QPainter, edges: EdgeSet, span: np.ndarray, colors: np.ndarray) -> None:
    """Straight thin lines, a few pens in all: what can be painted fast without the rasteriser."""
    level = np.clip((np.maximum(span[:, 2], span[:, 3]) * 4).astype(int), 0, 3)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    groups: dict[tuple[int, int, int, int], list[QLineF]] = {}
    for e in range(len(level)):
        x0, y0, x1, y1 = (float(v) for v in edges.ends[e])
        a, b = float(span[e, 0]), float(span[e, 1])
        piece = QLineF(
            x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b
        )
        blue, green, red = (int(v) for v in colors[e])
        groups.setdefault((red, green, blue, int(level[e])), []).append(piece)
    for (red, green, blue, strength), lines in groups.items():
        painter.setPen(QPen(QColor(red, green, blue, 50 + 55 * strength), 0))
        painter.drawLines(lines)


# ---------------------------------------------------------------- curves for vector output


def path(x0: float, y0: float, x1: float, y1: float) -> QPainterPath:
    """Return one edge as a cubic."""
    middle = (x0 + x1) / 2
    curve = QPainterPath(QPointF(x0, y0))
    curve.cubicTo(QPointF(middle, y0), QPointF(middle, y1), QPointF(x1, y1))
    return curve


def paint_paths(painter: QPainter, edges: EdgeSet) -> None:
    """Draw edges as shapes, for SVG and PDF."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ends, width, color, opacity in zip(
        edges.ends, edges.width, edges.color, edges.opacity, strict=True
    ):
        ink = QColor(int(color[2]), int(color[1]), int(color[0]))
        ink.setAlphaF(float(opacity))
        painter.setPen(QPen(ink, float(width)))
        painter.drawPath(path(*(float(v) for v in ends)))
