"""The network as neurons and weights: heat map or value in every unit, signed edges, signals that travel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw, edges, signals
from app.scenes.cache import Cache
from app.scenes.hits import Hit
from app.scenes.network_layout import NetworkLayout, layout
from app.scenes.network_overlay import describe, paint_overlay
from app.scenes.network_static import paint_legend_state, paint_static
from app.scenes.network_units import paint_units, raster_tiles, tensor_of, unit_values
from app.scenes.registry import register
from app.snapshots import NetworkView, Probe

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.theme import Theme

_grounds = Cache(6)
_wired = Cache(3)
_pictures = Cache(4)
_edge_sets = Cache(8)


class NetworkScene:
    """See the module's text."""

    name = "network"

    def layout(
        self, spec: NetworkView, size: tuple[float, float], view: ViewState
    ) -> NetworkLayout:
        """Place the columns."""
        return layout(spec, size, view)

    def stages(self, place: NetworkLayout) -> int:
        """Return how many columns a signal passes."""
        return len(place.columns)

    def probes(self, spec: NetworkView, place: NetworkLayout, frame: Frame) -> tuple[Probe, ...]:
        """Weights of the edges that are drawn, and what the tiles show."""
        wanted = [
            Probe(bundle.kernel, None, "top256" if bundle.count > 16384 else "all")
            for bundle in place.bundles
            if bundle.kernel
        ]
        for column in place.columns:
            tensor = tensor_of(column.node, str(frame.toggles.get("tiles", "activation")))
            wanted.append(Probe(tensor, source="sample"))
            wanted.append(Probe(column.node.output, source="sample"))
            if (
                place.planes
                and column.level in ("numbers", "tiles")
                and not tensor.startswith("grad/")
            ):
                wanted.append(Probe(tensor, source="plane"))
        return tuple(dict.fromkeys(wanted))

    def describe(self, place: NetworkLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Tooltip and accessible name."""
        return describe(place, hit, frame)

    def paint(self, painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        if draw.is_vector(painter):
            draw.fill(painter, 0, 0, *place.size, theme.bg0)
            paint_static(painter, place, theme)
            edges.paint_paths(painter, edge_set(place, theme, frame))
            _signal_paths(painter, place, theme, frame)
            paint_units(painter, place, theme, frame)
        else:
            picture = _picture(painter, place, theme, frame)
            moving = _trails(picture, place, theme, frame)
            draw.blit(painter, 0, 0, moving)
        _heads(painter, place, theme, frame)
        paint_legend_state(painter, place, theme, frame)
        paint_overlay(painter, place, theme, frame)
        painter.restore()


def _picture(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> QImage:
    """Ground, edges and tiles, drawn anew only when numbers change."""
    scale = draw.scale_of(painter)
    ground_key = (place.key, theme.name, scale)
    columns = len(place.columns)
    shown = tuple(signals.arrived(frame.clock, k, columns) for k in range(columns))
    key = (
        *ground_key,
        id(frame.before),
        id(frame.after),
        _weight_alpha(frame),
        shown,
        edges.ready(),
        frame.clock is not None and frame.clock.direction,
        tuple(sorted(frame.toggles.items())),
        round(frame.alpha * 4),
    )

    def ground() -> QImage:
        image = draw.canvas(*place.size, scale, theme.bg0)
        with draw.painting(image, place.size) as inner:
            paint_static(inner, place, theme)
        return image

    def wired() -> tuple[QImage, Frame]:
        image = QImage(_grounds.get(ground_key, ground)).copy()
        edges.draw_into(image, edge_set(place, theme, frame), scale)
        return image, frame

    def make() -> tuple[QImage, Frame]:
        # While a signal travels only tiles change colour: the edges need not be drawn again.
        wires = (
            *ground_key,
            id(frame.before),
            id(frame.after),
            _weight_alpha(frame),
            edges.ready(),
        )
        slow = frame.clock is not None and bool(frame.clock.direction)
        image = _wired.get(wires, wired)[0].copy() if slow else wired()[0]
        done = raster_tiles(image, place, theme, frame, scale)
        with draw.painting(image, place.size) as inner:
            paint_units(inner, place, theme, frame, done)
        return image, frame  # the frame keeps the snapshots alive, so their ids stay theirs

    return _pictures.get(key, make)[0]


def _weight_alpha(frame: Frame) -> float:
    """How much of the new weights the edges show: they change only when the update does."""
    if frame.before is None or frame.after is None or frame.before is frame.after:
        return 1.0
    if frame.clock is None or not frame.clock.direction:
        return round(frame.alpha * 4) / 4
    if frame.clock.direction == "update":
        return round(min(1.0, max(0.0, frame.clock.position)) * 8) / 8
    return 0.0


def weights_of(frame: Frame, kernel: str) -> np.ndarray | None:
    """Return the weights to draw: blended between two snapshots, or (n, 3) rows of the strongest."""
    alpha = _weight_alpha(frame)
    new = frame.after.get(kernel) if frame.after else None
    old = frame.before.get(kernel) if frame.before else None
    if new is None or (old is not None and alpha == 0.0):
        return old
    if old is None or alpha >= 1.0 or old.shape != new.shape:
        return new
    return old + (new - old) * np.float32(alpha)


def edge_set(place: NetworkLayout, theme: Theme, frame: Frame) -> edges.EdgeSet:
    """Gather what the rasteriser draws."""
    key = (place.key, theme.name, id(frame.before), id(frame.after), _weight_alpha(frame))
    return _edge_sets.get(key, lambda: (_edge_set(place, theme, frame), frame))[0]


def _edge_set(place: NetworkLayout, theme: Theme, frame: Frame) -> edges.EdgeSet:
    parts: list[tuple[Any, ...]] = []
    for number, bundle in enumerate(place.bundles):
        weights = weights_of(frame, bundle.kernel) if bundle.kernel else None
        if (
            weights is not None
            and weights.ndim == 2
            and weights.shape == (len(bundle.y0), len(bundle.y1))
        ):
            rows, columns, values = edges.strongest(weights)
        else:
            top = (
                frame.snapshot.get(bundle.kernel, reduction="top256")
                if frame.snapshot and bundle.kernel
                else None
            )
            if top is not None and len(top):
                order = np.argsort(np.abs(top[:, 2]), kind="stable")
                rows, columns, values = (
                    top[order, 0].astype(int),
                    top[order, 1].astype(int),
                    top[order, 2],
                )
                rows, columns = rows % len(bundle.y0), columns % len(bundle.y1)
            else:
                rows, columns, values = _neutral(bundle.kernel, len(bundle.y0), len(bundle.y1))
        known = weights is not None or bool(bundle.kernel and values.any())
        largest = float(np.abs(values).max()) if values.size else 0.0
        size = (
            np.abs(values) / largest
            if largest > 0 and np.isfinite(largest)
            else np.zeros(len(values))
        )
        width, opacity, color = edges.style(theme, size.astype(np.float32), values)
        if not known:
            color = np.tile(edges.bgr(theme.line2), (len(values), 1))
            opacity = np.full(len(values), 0.5, np.float32)
        parts.append(
            (
                bundle.ends(rows, columns),
                width,
                color,
                opacity,
                size.astype(np.float32),
                np.full(len(values), number),
            )
        )
    if not parts:
        none = np.zeros(0, np.float32)
        return edges.EdgeSet(
            np.zeros((0, 4), np.float32),
            none,
            np.zeros((0, 3), np.uint8),
            none,
            none,
            np.zeros(0, int),
        )
    return edges.EdgeSet(*(np.concatenate(column) for column in zip(*parts)))


def _neutral(kernel: str, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges before there are weights: all of a small layer, a sample of a large one, one to one without a kernel."""
    if not kernel:
        k = np.arange(min(inputs, outputs))
        return k, k, np.zeros(len(k), np.float32)
    every = np.arange(inputs * outputs)
    if len(every) > edges.MANY:
        every = np.linspace(0, len(every) - 1, edges.TOP).astype(int)
    return every // outputs, every % outputs, np.zeros(len(every), np.float32)


def _moving(
    place: NetworkLayout, theme: Theme, frame: Frame
) -> tuple[edges.EdgeSet, float, bool] | None:
    where = signals.travelling(frame.clock, len(place.columns))
    if where is None or frame.clock is None:
        return None
    forward = frame.clock.direction == "forward"
    gap, part = where
    # A skip connection's signal leaves with its source (forward) or its target (backward).
    numbers = [
        n for n, b in enumerate(place.bundles) if (b.source if forward else b.target - 1) == gap
    ]
    whole = edge_set(place, theme, frame)
    chosen = np.isin(whole.bundle, numbers) & (whole.size > signals.QUIET)
    if not chosen.any():
        return None
    fields = (whole.ends, whole.width, whole.color, whole.opacity, whole.size, whole.bundle)
    return edges.EdgeSet(*(f[chosen] for f in fields)), part, forward


def _trails(picture: QImage, place: NetworkLayout, theme: Theme, frame: Frame) -> QImage:
    moving = _moving(place, theme, frame)
    if moving is None:
        return picture
    carried, part, forward = moving
    image = picture.copy()
    trail = edges.EdgeSet(
        carried.ends,
        1 + 1.8 * carried.size,
        carried.color,
        carried.opacity,
        carried.size,
        carried.bundle,
    )
    color = edges.bgr(theme.fwd if forward else theme.bwd)
    edges.draw_into(
        image,
        trail,
        picture.devicePixelRatio(),
        signals.spans(len(carried.size), part, forward),
        color,
    )
    return image


def _signal_paths(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    """Trails as shapes: ten straight pieces each."""
    moving = _moving(place, theme, frame)
    if moving is None:
        return
    carried, part, forward = moving
    color = theme.fwd if forward else theme.bwd
    for ends, size in zip(carried.ends, carried.size):
        x0, y0, x1, y1 = (float(v) for v in ends)
        points = []
        for k in range(11):
            u = signals.along(part - signals.TRAIL * (1 - k / 10) * (1 if forward else -1))
            points.append((x0 + (x1 - x0) * u, y0 + (y1 - y0) * float(edges.height_at(u))))
        for k in range(10):
            draw.line(
                painter,
                *points[k],
                *points[k + 1],
                draw.faded(color, (k + 1) / 10 * 0.9),
                1 + 1.8 * float(size),
            )


def _heads(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    moving = _moving(place, theme, frame)
    if moving is None or not 0.01 < moving[1] < 0.99:
        return
    carried, part, forward = moving
    u = signals.along(part)
    x = carried.ends[:, 0] + (carried.ends[:, 2] - carried.ends[:, 0]) * u
    y = carried.ends[:, 1] + (carried.ends[:, 3] - carried.ends[:, 1]) * float(edges.height_at(u))
    signals.heads(painter, x, y, carried.size, theme.fwd if forward else theme.bwd, forward)


__all__ = ["NetworkScene", "edge_set", "unit_values", "weights_of"]

register(NetworkScene())
