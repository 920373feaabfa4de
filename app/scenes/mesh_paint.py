"""Painting a mesh without a graphics card: strips of the mesh from the far end to the near one, each one polygon.

A strip is what lies between two neighbouring lines of the mesh. Strips do not hide one another but by their order, and
within one the colour changes along it: one gradient. So a frame takes one polygon and one line for each strip, and not
one for each quadrilateral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPen

from app.scenes import draw
from app.scenes.mesh import DEPTH, HEIGHT, Mesh, Projection
from app.scenes.polygons import polygon

if TYPE_CHECKING:
    from app.theme import Theme

#: Low and high ground by theme, beside the fill of the map in the design system: lit from above, it is lighter.
_GROUND = {"dark": ("#16202b", "#627993"), "light": ("#8fa3bb", "#e3eaf2")}
#: Opacity of the mesh's lines, and how dark a slope becomes that is turned away from the light.
_LINES, _SHADE = 0.35, 0.30
#: Where the light comes from: width, depth, height.
_LIGHT = np.array([-0.5, -0.25, 0.83])
#: Width of the lines, and up to how many pixels of a fine screen they are drawn one pixel wide.
_WIDTH, _HAIR = 0.7, 1.5
#: How far a strip reaches under the one behind it, in pixels: no ground is seen between two.
_UNDER = 0.6


@dataclass(frozen=True, eq=False)
class _Strip:
    """Cells between two lines of the mesh, without holes: from column `first` to column `last`."""

    line: int
    first: int
    last: int
    gradient: QLinearGradient


@lru_cache(maxsize=16)
def _strips(ground: Mesh, theme: Theme, along: int) -> tuple[_Strip, ...]:
    """Cut a mesh into strips; `along` 0: of rows, 1: of columns."""
    h = ground.heights if along == 0 else ground.heights.T
    rgb = _colors(ground, theme)
    rgb = rgb if along == 0 else rgb.transpose(1, 0, 2)
    whole = np.isfinite(h)
    cells = whole[:-1, :-1] & whole[:-1, 1:] & whole[1:, :-1] & whole[1:, 1:]
    found = []
    for line, there in enumerate(cells):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], there.astype(np.int8), [0]))))
        for first, last in edges.reshape(-1, 2).tolist():
            count = last - first
            colors = rgb[line, first:last].tolist()
            gradient = QLinearGradient()
            gradient.setStops(
                [((k + 0.5) / count, QColor(*color)) for k, color in enumerate(colors)]
            )
            found.append(_Strip(line, first, last, gradient))
    return tuple(found)


def _colors(ground: Mesh, theme: Theme) -> np.ndarray:
    """Return the colour of each cell, (rows - 1, columns - 1, 3) uint8: by its height, darker away from the light."""
    h = ground.heights
    middle = (h[:-1, :-1] + h[:-1, 1:] + h[1:, :-1] + h[1:, 1:]) / 4
    rows, columns = ground.shape
    across = (h[:-1, 1:] + h[1:, 1:] - h[:-1, :-1] - h[1:, :-1]) / 2 * HEIGHT * (columns - 1)
    down = (h[1:, :-1] + h[1:, 1:] - h[:-1, :-1] - h[:-1, 1:]) / 2 * HEIGHT * (rows - 1) / DEPTH
    up = 1 / np.sqrt(1 + across**2 + down**2)
    lit = (-across * _LIGHT[0] - down * _LIGHT[1] + _LIGHT[2]) * up / np.linalg.norm(_LIGHT)
    low, high = (np.asarray(QColor(name).getRgb(), float)[:3] for name in _GROUND[theme.name])
    share = np.nan_to_num(middle)[..., None]
    dim = 1 - _SHADE * (1 - np.clip(np.nan_to_num(lit), 0, 1))[..., None]
    return np.rint((low + (high - low) * share) * dim).astype(np.uint8)


def paint_mesh(painter: QPainter, ground: Mesh, theme: Theme, view: Projection) -> None:
    """Paint the mesh, far strips first."""
    turn = view.sight.turn
    c, s = math.cos(turn), math.sin(turn)
    # Strips that run across the line of sight: each is a line from left to right.
    along = 0 if abs(c) >= abs(s) else 1
    rows, columns = ground.shape
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    points = view.pixels(np.stack([u, v, np.nan_to_num(ground.heights)], axis=-1))
    if along == 1:
        points = points.transpose(1, 0, 2)
    towards = c if along == 0 else s
    near, far = (points[:-1], points[1:]) if towards > 0 else (points[1:], points[:-1])
    outlines = np.concatenate([far - (0, _UNDER), near[:, ::-1]], axis=1)
    # To the near line and back at every corner: the far line and all that cross the strip, in one stroke.
    combs = np.repeat(far, 3, axis=1)
    combs[:, 1::3] = near
    begins = (near[..., 0] + far[..., 0]) / 2
    strips = _strips(ground, theme, along)
    # Smoothed edges of a gradient take three times as long; the lines of the mesh lie over them, and are smooth.
    hint, smooth = QPainter.RenderHint.Antialiasing, draw.is_vector(painter)
    pen = _pen(theme, draw.scale_of(painter), smooth)
    nothing, count = Qt.BrushStyle.NoBrush, points.shape[1]
    for strip in reversed(strips) if towards > 0 else strips:
        line, first, last = strip.line, strip.first, strip.last
        outline, comb = outlines[line], combs[line]
        if last - first + 1 < count:
            outline = np.concatenate(
                [outline[first : last + 1], outline[2 * count - 1 - last : 2 * count - first]]
            )
            comb = comb[3 * first : 3 * last + 3]
        # A copy, which has the same colours: strips are shared by threads.
        gradient = QLinearGradient(strip.gradient)
        gradient.setStart(begins[line, first], 0)
        gradient.setFinalStop(begins[line, last], 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(gradient))
        painter.setRenderHint(hint, smooth)
        # Without a rule for its inside: with one, PySide takes the corners for a list and looks at each of them. There
        # are two edges above one another and never more, so that both rules say the same.
        painter.drawPolygon(polygon(outline))
        painter.setRenderHint(hint, True)
        painter.setPen(pen)
        painter.setBrush(nothing)
        painter.drawPolyline(polygon(comb))


def _pen(theme: Theme, scale: float, vector: bool) -> QPen:
    """Return what the lines are drawn with, made of what is darkest: they are seen on dark and on light ground."""
    opacity = _LINES if theme.is_dark else _LINES * 0.6
    wide = _WIDTH * scale
    hair = 1 < wide <= _HAIR and not vector
    # A line of more than a pixel is an outline that is filled, which takes thirty times as long: one pixel of more ink.
    pen = QPen(
        draw.faded(QColor("#0d1015"), opacity * wide if hair else opacity), 1 if hair else _WIDTH
    )
    pen.setCosmetic(hair)
    pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
    return pen
