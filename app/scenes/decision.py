"""The decision map of a network with two inputs: its output over the plane, the zero contour, and the points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from app.scenes import draw, images
from app.scenes.cache import Cache
from app.scenes.hits import Hit, HitIndex
from app.scenes.registry import register
from app.scenes.series import ticks
from app.snapshots import Probe
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.snapshots import NetworkView, PlaneView
    from app.theme import Theme

_maps = Cache(4)
_clouds = Cache(4)
CAP = 0.72  # the map stays paler than the points


@dataclass(frozen=True)
class DecisionLayout:
    """Result of `layout`: the plot's square and the node whose output is drawn."""

    size: tuple[float, float]
    left: float
    top: float
    side: float
    node: str
    units: int
    activation: str
    slim: bool
    hits: HitIndex
    key: tuple[object, ...]


@lru_cache(maxsize=16)
def layout(spec: NetworkView, size: tuple[float, float], view: ViewState) -> DecisionLayout:
    """Fit the square plot with its ticks and legend."""
    width, height = size
    slim = bool(view.option("slim", False))
    side = max(20.0, min(width - 56, height - (32 if slim else 84)))
    left = 40.0 + max(0.0, (width - 56 - side) / 2)
    last = spec.nodes[-1] if spec.nodes else None
    hits = HitIndex(
        (Hit("plane:0", "plane", last.id if last else "", (), (left, 16.0, side, side)),)
    )
    return DecisionLayout(
        size,
        left,
        16.0,
        side,
        last.layer if last else "",
        last.units if last else 0,
        last.activation if last else "",
        slim,
        hits,
        ("decision", size, slim, last),
    )


def score(values: np.ndarray, activation: str) -> np.ndarray:
    """Return the score over the plane, -1..1, zero on the boundary, from (units, side, side) outputs."""
    if values.shape[0] >= 2:
        # Several classes: how far the second is ahead of the first of all others.
        first = np.max(np.delete(values, 1, axis=0), axis=0)
        return np.clip(values[1] - first, -1, 1)
    one = values[0]
    if activation == "sigmoid":
        return 2 * one - 1
    return np.clip(one, -1, 1)


def contour(field: np.ndarray) -> np.ndarray:
    """Return the zero line of a (rows, columns) field as (n, 4) segments in grid units, by marching squares."""
    f = np.where(field == 0, 1e-12, field)
    a, b, c, d = f[:-1, :-1], f[:-1, 1:], f[1:, 1:], f[1:, :-1]
    rows, columns = np.mgrid[0 : a.shape[0], 0 : a.shape[1]].astype(float)

    def part(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return p / (p - q)

    sides = [
        ((a > 0) != (b > 0), columns + part(a, b), rows),
        ((b > 0) != (c > 0), columns + 1, rows + part(b, c)),
        ((c > 0) != (d > 0), columns + 1 - part(c, d), rows + 1),
        ((d > 0) != (a > 0), columns, rows + 1 - part(d, a)),
    ]
    crossed = np.stack([s[0] for s in sides])
    x = np.stack([s[1] for s in sides])
    y = np.stack([s[2] for s in sides])
    segments = []
    count = crossed.sum(0)
    order = np.argsort(~crossed, axis=0, kind="stable")  # crossed sides first
    for first, enough in ((0, 2), (2, 4)):
        cells = np.nonzero(count >= enough)
        p, q = order[first][cells], order[first + 1][cells]
        segments.append(
            np.stack([x[(p, *cells)], y[(p, *cells)], x[(q, *cells)], y[(q, *cells)]], 1)
        )
    return np.concatenate(segments)


class DecisionScene:
    """See the module's text."""

    name = "decision"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> DecisionLayout:
        """Fit the plot."""
        return layout(spec, size, view)

    def probes(self, spec: NetworkView, place: DecisionLayout, frame: Frame) -> tuple[Probe, ...]:
        """The output over the plane."""
        return (
            (Probe(f"{place.node}/output", source="plane"),)
            if spec.data == "points" and place.node
            else ()
        )

    def describe(self, place: DecisionLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Say what is drawn."""
        return (tr("Decision boundary"), tr("colour is the network's output over the plane"))

    def paint(self, painter: QPainter, place: DecisionLayout, theme: Theme, frame: Frame) -> None:
        """Draw map, contour, points, axes and legend."""
        painter.save()
        draw.prepare(painter, place.size)
        draw.fill(painter, 0, 0, *place.size, theme.bg1)
        shot = frame.snapshot
        plane = shot.plane if shot else None
        values = shot.get(f"{place.node}/output", source="plane") if shot else None
        hard = frame.toggles.get("decision") == "classes"
        held_out = bool(frame.toggles.get("validation-points", True))
        if draw.is_vector(painter):
            _map(painter, place, theme, plane, values, hard, held_out)
        else:
            scale = draw.scale_of(painter)

            def make() -> tuple[QImage, object]:
                image = draw.canvas(*place.size, scale, theme.bg1)
                with draw.painting(image, place.size) as inner:
                    _map(inner, place, theme, plane, values, hard, held_out)
                return image, (plane, values)

            key = (place.key, theme.name, scale, id(plane), id(values), hard, held_out)
            draw.blit(painter, 0, 0, _maps.get(key, make)[0])
        if (
            plane is not None
            and shot is not None
            and shot.sample is not None
            and shot.sample.x.size >= 2
        ):
            _aim(painter, place, theme, plane, shot.sample.x.ravel()[:2])
        painter.restore()


def _map(
    painter: QPainter,
    place: DecisionLayout,
    theme: Theme,
    plane: PlaneView | None,
    values: np.ndarray | None,
    hard: bool,
    held_out: bool,
) -> None:
    left, top, side = place.left, place.top, place.side
    draw.fill(painter, left, top, side, side, theme.bg0)
    if values is not None and values.ndim == 3:
        field = score(values, place.activation)
        shown = np.sign(field) if hard else field
        painter.save()
        painter.setClipRect(QRectF(left, top, side, side), Qt.ClipOperation.IntersectClip)
        images.place(painter, left, top, side, side, _capped(theme, shown), not hard)
        _contour(painter, place, theme, field)
        painter.restore()
    low, high = (plane.low, plane.high) if plane else ((-6.0, -6.0), (6.0, 6.0))
    if plane is not None:
        _cloud(painter, place, theme, plane, held_out)
    draw.frame(painter, left - 0.5, top - 0.5, side + 1, side + 1, theme.line2)
    for value in ticks(low[0], high[0], 4 if side > 160 else 2, (1, 2, 3, 5, 10)):
        x = left + (value - low[0]) / (high[0] - low[0]) * side
        draw.text(
            painter, x, top + side + 15, _tick(value), 10, theme.tx2, mono=True, anchor="middle"
        )
    for value in ticks(low[1], high[1], 4 if side > 160 else 2, (1, 2, 3, 5, 10)):
        y = top + (high[1] - value) / (high[1] - low[1]) * side
        draw.text(painter, left - 8, y + 4, _tick(value), 10, theme.tx2, mono=True, anchor="end")
    if not place.slim:
        _legend(painter, place, theme, plane)


def _tick(value: float) -> str:
    return number(round(value, 6))


def _capped(theme: Theme, field: np.ndarray) -> QImage:
    """The diverging mix without the ramp's curve, capped."""
    t = (np.abs(np.clip(field, -1, 1)) * CAP)[..., None]
    end = np.where(field[..., None] >= 0, _rgb(theme.pos), _rgb(theme.neg))
    rgb = np.rint(_rgb(theme.mid) + (end - _rgb(theme.mid)) * t).astype(np.uint32)
    return images.from_words(0xFF000000 | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2])


def _rgb(color: QColor) -> np.ndarray:
    return np.array([color.red(), color.green(), color.blue()], float)


def _contour(painter: QPainter, place: DecisionLayout, theme: Theme, field: np.ndarray) -> None:
    segments = contour(field)
    rows, columns = field.shape
    scale = np.array([place.side / max(1, columns - 1), place.side / max(1, rows - 1)] * 2)
    moved = segments * scale + np.array([place.left, place.top] * 2)
    painter.setPen(QPen(draw.faded(theme.tx, 0.85), 1.25))
    painter.drawLines([QLineF(*four) for four in moved.tolist()])


def _cloud(
    painter: QPainter, place: DecisionLayout, theme: Theme, plane: PlaneView, held_out: bool
) -> None:
    """Draw the points; they stay while the map changes, so pixels are kept."""
    if draw.is_vector(painter):
        _points(painter, place, theme, plane, held_out)
        return
    scale = draw.scale_of(painter)

    def make() -> tuple[QImage, PlaneView]:
        image = draw.canvas(*place.size, scale, None)
        with draw.painting(image, place.size) as inner:
            _points(inner, place, theme, plane, held_out)
        return image, plane

    draw.blit(
        painter, 0, 0, _clouds.get((place.key, theme.name, scale, id(plane), held_out), make)[0]
    )


def _points(
    painter: QPainter, place: DecisionLayout, theme: Theme, plane: PlaneView, held_out: bool
) -> None:
    low, high = np.array(plane.low), np.array(plane.high)
    at = (plane.points - low) / (high - low)
    x = place.left + at[:, 0] * place.side
    y = place.top + (1 - at[:, 1]) * place.side
    ground = QColor("#0d1015") if theme.is_dark else QColor("#ffffff")
    small = min(1.0, place.side / 320)
    train_pen = QPen(ground, 1)
    for k, (cx, cy, label) in enumerate(zip(x.tolist(), y.tolist(), plane.labels.tolist())):
        color = theme.pos if label else theme.neg
        if k < plane.train:
            painter.setPen(train_pen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(cx, cy), 3.2 * small, 3.2 * small)
        elif held_out:
            painter.setPen(QPen(color, 1.4))
            painter.setBrush(ground)
            painter.drawEllipse(QPointF(cx, cy), 2.7 * small, 2.7 * small)


def _aim(
    painter: QPainter, place: DecisionLayout, theme: Theme, plane: PlaneView, point: np.ndarray
) -> None:
    u = (float(point[0]) - plane.low[0]) / (plane.high[0] - plane.low[0])
    v = (plane.high[1] - float(point[1])) / (plane.high[1] - plane.low[1])
    if not (0 <= u <= 1 and 0 <= v <= 1):
        return
    x, y = place.left + u * place.side, place.top + v * place.side
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.tx, 1.5))
    painter.drawEllipse(QPointF(x, y), 6, 6)
    painter.drawLines(
        [
            QLineF(x + a, y + b, x + c, y + d)
            for a, b, c, d in ((-11, 0, -6, 0), (6, 0, 11, 0), (0, -11, 0, -6), (0, 6, 0, 11))
        ]
    )


def _legend(
    painter: QPainter, place: DecisionLayout, theme: Theme, plane: PlaneView | None
) -> None:
    y = place.top + place.side + 40
    names = plane.classes if plane and len(plane.classes) == 2 else (tr("Class A"), tr("Class B"))
    x = place.left + 5
    for color, name in ((theme.neg, names[0]), (theme.pos, names[1])):
        draw.disc(painter, x, y - 4, 4, color)
        x += 9 + draw.text(painter, x + 9, y, name, 11.5, theme.tx) + 20
    draw.disc(painter, x, y - 4, 4, theme.tx2)
    x += 9 + draw.text(painter, x + 9, y, tr("train"), 11.5, theme.tx2) + 18
    draw.disc(painter, x, y - 4, 3.3, theme.bg1, theme.tx2, 1.4)
    x += 9 + draw.text(painter, x + 9, y, tr("validation"), 11.5, theme.tx2) + 18
    if x + 60 < place.size[0]:
        draw.line(painter, x, y - 4, x + 18, y - 4, theme.tx, 1.5)
        draw.text(
            painter,
            x + 24,
            y,
            "ŷ = ½" if place.activation in ("sigmoid", "softmax") else "ŷ = 0",
            11.5,
            theme.tx2,
            mono=True,
        )


register(DecisionScene())
