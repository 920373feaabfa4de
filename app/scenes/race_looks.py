"""How racers look: a colour and a marker each, so that they can be told apart without colours too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker

if TYPE_CHECKING:
    from app.theme import Theme
    from core.landscape.race import Race

#: Colour on the dark ground, and marker, by kind of racer. Those of the design system first.
_LOOKS = {
    "batch": ("#98a4b3", "circle"), "momentum": ("#5bb8ec", "square"), "nesterov": ("#5680ea", "up"),
    "adagrad": ("#e69f00", "down"), "adadelta": ("#e8dc5a", "diamond"), "rmsprop": ("#1fb58a", "plus"),
    "adam": ("#f4734d", "star"), "stochastic": ("#c9b8a0", "ring"), "mini-batch": ("#7d93a8", "hexagon"),
    "adamw": ("#ee6f9e", "cross"), "nadam": ("#b98ae6", "pentagon"), "adamax": ("#9ad04f", "left"),
    "amsgrad": ("#dca08c", "right"), "lion": ("#c98436", "hourglass"),
}  # fmt: skip
#: On the light ground each is darker by so much.
_DARKER = 0.7
#: Of the same kind the second and later ones are lighter, then darker.
_SHADES = (1.0, 1.35, 0.72, 1.6, 0.55)
#: Width of the stroke of the ground around a marker.
_HALO = 2.5


@dataclass(frozen=True)
class Look:
    """Of one racer.

    Attributes
    ----------
    rgb
        On the dark ground, "#rrggbb".
    marker
        Name of a shape.
    shade
        Tells it from others of its kind; 1 for the first.
    """

    rgb: str
    marker: str
    shade: float = 1.0

    def color(self, theme: Theme) -> QColor:
        """Return its colour on a theme's ground; callers must not change it."""
        return _color(self.rgb, self.shade, theme.is_dark)


@lru_cache(maxsize=256)
def _color(rgb: str, shade: float, dark: bool) -> QColor:
    found = QColor(rgb)
    factor = shade * (1.0 if dark else _DARKER)
    if factor > 1:
        return _mixed(found, QColor("#ffffff"), (factor - 1) * 0.8)
    return _mixed(found, QColor("#000000"), 1 - factor)


def looks(race: Race) -> dict[str, Look]:
    """Return how every racer of a race looks, by id."""
    seen: dict[str, int] = {}
    found = {}
    for one in race.racers:
        rgb, marker = _LOOKS.get(one.kind, ("#98a4b3", "circle"))
        nth = seen[one.kind] = seen.get(one.kind, -1) + 1
        found[one.id] = Look(rgb, marker, _SHADES[nth % len(_SHADES)])
    return found


def look_of(kind: str) -> Look:
    """Return how the first racer of a kind looks."""
    return Look(*_LOOKS.get(kind, ("#98a4b3", "circle")))


def paint_marker(
    painter: QPainter,
    look: Look,
    theme: Theme,
    at: QPointF,
    size: float = 9.0,
    *,
    halo: bool = True,
) -> None:
    """Paint a racer's marker around a point, `size` px wide; with a `halo` of the ground it stands out on trails."""
    painter.save()
    painter.translate(at)
    painter.setPen(Qt.PenStyle.NoPen)
    if halo:
        painter.setBrush(theme.bg0)
        painter.drawPath(_halo(look.marker, size / 2))
    painter.setBrush(look.color(theme))
    painter.drawPath(_filled(look.marker, size / 2))
    painter.restore()


def _mixed(a: QColor, b: QColor, share: float) -> QColor:
    t = min(max(share, 0.0), 1.0)
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * t,
        a.greenF() + (b.greenF() - a.greenF()) * t,
        a.blueF() + (b.blueF() - a.blueF()) * t,
    )


@lru_cache(maxsize=128)
def _filled(marker: str, r: float) -> QPainterPath:
    """What is filled with the colour: a shape, or the stroke of one. Filling takes a third of the time of a stroke."""
    if marker not in ("ring", "cross"):
        return _shape(marker, r)
    pen = QPainterPathStroker()
    pen.setWidth(max(1.5, 2 * r / 5))
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    return pen.createStroke(_shape(marker, r)).simplified()


@lru_cache(maxsize=128)
def _halo(marker: str, r: float) -> QPainterPath:
    """What is filled with the ground beneath."""
    shape, pen = _shape(marker, r), QPainterPathStroker()
    pen.setWidth(_HALO)
    pen.setCapStyle(Qt.PenCapStyle.SquareCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen.createStroke(shape).united(shape).simplified()


@lru_cache(maxsize=128)
def _shape(marker: str, r: float) -> QPainterPath:
    path = QPainterPath()
    if marker in ("circle", "ring"):
        path.addEllipse(QRectF(-r, -r, 2 * r, 2 * r))
    elif marker == "square":
        path.addRect(QRectF(-r * 0.9, -r * 0.9, r * 1.8, r * 1.8))
    elif marker == "plus":
        third = r * 0.36
        for box in (QRectF(-r, -third, 2 * r, 2 * third), QRectF(-third, -r, 2 * third, 2 * r)):
            path.addRect(box)
        path.setFillRule(Qt.FillRule.WindingFill)
    elif marker == "cross":
        path.moveTo(-r * 0.8, -r * 0.8)
        path.lineTo(r * 0.8, r * 0.8)
        path.moveTo(-r * 0.8, r * 0.8)
        path.lineTo(r * 0.8, -r * 0.8)
    else:
        corners = _corners(marker, r)
        path.moveTo(*corners[0])
        for corner in corners[1:]:
            path.lineTo(*corner)
        path.closeSubpath()
    return path


def _corners(marker: str, r: float) -> list[tuple[float, float]]:
    if marker == "star":
        return [
            (radius * math.sin(k * math.pi / 5), -radius * math.cos(k * math.pi / 5))
            for k in range(10)
            for radius in ((r * 1.15) if k % 2 == 0 else r * 0.5,)
        ]
    if marker == "hourglass":
        return [
            (-r * 0.85, -r * 0.95),
            (r * 0.85, -r * 0.95),
            (-r * 0.85, r * 0.95),
            (r * 0.85, r * 0.95),
        ]
    sides, turn = {
        "up": (3, 0.0), "down": (3, 180.0), "left": (3, 270.0), "right": (3, 90.0),
        "diamond": (4, 0.0), "pentagon": (5, 0.0), "hexagon": (6, 0.0),
    }[marker]  # fmt: skip
    begin = math.radians(turn)
    grown = r * 1.1
    return [
        (
            grown * math.sin(begin + 2 * math.pi * k / sides),
            -grown * math.cos(begin + 2 * math.pi * k / sides),
        )
        for k in range(sides)
    ]
