"""The travelling signal: heads on the edges, trails behind them, and how far each column has come."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

if TYPE_CHECKING:
    from app.scenes.frame import Phase

TRAIL = 0.2  # share of the path behind the head
QUIET = 0.16  # weaker edges carry no pulse
FADE = 0.2  # tiles recolour in 120 ms of the 600 a layer takes


def eased(t: float) -> float:
    """Cubic in and out."""
    t = min(1.0, max(0.0, t))
    return 4 * t**3 if t < 0.5 else 1 - (2 - 2 * t) ** 3 / 2


def along(t: float) -> float:
    """Return the fraction of the width at parameter `t` of an edge's cubic."""
    t = min(1.0, max(0.0, t))
    return 1.5 * t - 1.5 * t * t + t**3


def progress(phase: Phase | None, column: int, columns: int) -> float | None:
    """Return how full a column's header bar is, 0 to 1; None when the bar is not shown."""
    if phase is None or phase.direction not in ("forward", "backward"):
        return None
    place = column if phase.direction == "forward" else columns - 1 - column
    return min(1.0, max(0.0, phase.position - place + 1.0))


def arrived(phase: Phase | None, column: int, columns: int) -> float:
    """Return how much of the new values a column shows, 0 to 1: all of them unless a forward signal is under way."""
    if phase is None or phase.direction != "forward":
        return 1.0
    if phase.still:
        return 1.0 if phase.position >= column else 0.0
    # A few steps are enough for the eye, and each is a picture to keep.
    return round(min(1.0, max(0.0, (phase.position - column) / FADE)) * 4) / 4


def travelling(phase: Phase | None, columns: int) -> tuple[int, float] | None:
    """Return which gap between columns the signal is in and how far, left to right, 0 to 1; None at rest."""
    if phase is None or phase.still or phase.direction not in ("forward", "backward"):
        return None
    step = floor(phase.position)
    if not 0 <= step < columns - 1:
        return None
    part = eased(phase.position - step)
    return (step, part) if phase.direction == "forward" else (columns - 2 - step, 1.0 - part)


def spans(count: int, part: float, forward: bool, length: float = TRAIL) -> np.ndarray:
    """Return the trail of every edge as the rasteriser wants it: fractions of x and the opacity at both ends."""
    span = np.empty((count, 4), np.float32)
    if forward:
        span[:] = along(part - length), along(part), 0.0, 0.9
    else:
        span[:] = along(part), along(part + length), 0.9, 0.0
    return span


def heads(
    painter: QPainter, x: np.ndarray, y: np.ndarray, size: np.ndarray, color: QColor, forward: bool
) -> None:
    """Draw round heads for the forward signal and arrowheads pointing left for the backward one."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    radius = 1.6 + 2.2 * size
    if forward:
        for cx, cy, r in zip(x.tolist(), y.tolist(), radius.tolist()):
            painter.drawEllipse(QPointF(cx, cy), r, r)
        return
    for cx, cy, r in zip(x.tolist(), y.tolist(), (radius * 1.35).tolist()):
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(cx - r, cy),
                    QPointF(cx + r * 0.8, cy - r),
                    QPointF(cx + r * 0.35, cy),
                    QPointF(cx + r * 0.8, cy + r),
                ]
            )
        )
