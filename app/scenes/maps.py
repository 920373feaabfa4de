"""A convolutional network at work: the image, its maps, dense units, class probabilities, and the signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app.scenes import draw, edges, signals
from app.scenes.cache import Cache
from app.scenes.hits import Hit
from app.scenes.maps_layout import MapColumn, MapsLayout, layout
from app.scenes.maps_paint import paint_bars, paint_image, paint_maps, paint_strip, tensor_of
from app.scenes.network_overlay import paint_card
from app.scenes.network_units import unit_values
from app.scenes.registry import register
from app.snapshots import NetworkView, Probe
from app.text import number, tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.theme import Theme

_grounds = Cache(6)
_pictures = Cache(4)


class MapsScene:
    """See the module's text."""

    name = "maps"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> MapsLayout:
        """Place the columns."""
        return layout(spec, size, view)

    def stages(self, place: MapsLayout) -> int:
        """Return how many columns a signal passes."""
        return len(place.columns)

    def probes(self, spec: NetworkView, place: MapsLayout, frame: Frame) -> tuple[Probe, ...]:
        """Name what the columns show."""
        what = str(frame.toggles.get("maps", "maps"))
        wanted = []
        for column in place.columns:
            tensor = tensor_of(column, what)
            wanted.append(
                Probe(tensor) if tensor.endswith("/kernel") else Probe(tensor, source="sample")
            )
        return tuple(dict.fromkeys(wanted))

    def describe(self, place: MapsLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Tooltip and accessible name."""
        at = place.column(hit.node)
        if at < 0:
            return ()
        column = place.columns[at]
        node = column.node
        if hit.kind == "page":
            return (tr("Next maps") if hit.index[0] > 0 else tr("Previous maps"),)
        if not hit.index:
            return (node.title, node.subtitle)
        k = hit.index[0]
        values = unit_values(frame, node.output, 1.0, "sample")
        slopes = unit_values(frame, f"grad/{node.output}", 1.0, "sample")
        if hit.kind == "unit":
            name = node.labels[k] if k < len(node.labels) else _class(place, column, k)
            rows = [
                f"{name}\t{draw.fine(float(v.ravel()[k]), 4)}"
                for name, v in (("a", values), ("∂a", slopes))
                if v is not None and k < v.size
            ]
            return (tr("{layer}, {unit}", layer=node.title, unit=name), *rows)
        title = (
            tr("{layer}, map {map}", layer=node.title, map=k + 1)
            if column.kind == "maps"
            else node.title
        )
        rows = []
        if values is not None and values.ndim == 3 and k < values.shape[-1]:
            one = values[..., k]
            row, left = np.unravel_index(int(one.argmax()), one.shape)
            rows += [
                f"{tr('largest')}\t{draw.fine(float(one.max()), 3)}",
                f"{tr('at')}\t{row}, {left}",
                f"{tr('mean')}\t{draw.fine(float(one.mean()), 3)}",
            ]
        if slopes is not None and slopes.ndim == 3 and k < slopes.shape[-1]:
            rows.append(f"|∂a|\t{draw.scientific(float(np.linalg.norm(slopes[..., k])))}")
        return (title, *rows)

    def paint(self, painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        if draw.is_vector(painter):
            draw.fill(painter, 0, 0, *place.size, theme.bg0)
            _headers(painter, place, theme)
            edges.paint_paths(painter, _connectors(place, theme))
            _columns(painter, place, theme, frame)
        else:
            draw.blit(
                painter, 0, 0, _trails(_picture(painter, place, theme, frame), place, theme, frame)
            )
        _heads(painter, place, theme, frame)
        _bars(painter, place, theme, frame)
        _hover(painter, place, theme, frame)
        painter.restore()


def _class(place: MapsLayout, column: MapColumn, k: int) -> str:
    if column.kind == "bars" and k < len(place.spec.classes):
        return place.spec.classes[k]
    return tr("unit {unit}", unit=k + 1)


def _picture(painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> QImage:
    scale = draw.scale_of(painter)
    count = len(place.columns)
    shown = tuple(signals.arrived(frame.clock, k, count) for k in range(count))
    ground_key = (place.key, theme.name, scale, edges.ready())
    key = (
        *ground_key,
        id(frame.before),
        id(frame.after),
        shown,
        tuple(sorted(frame.toggles.items())),
        round(frame.alpha * 4),
    )

    def ground() -> QImage:
        image = draw.canvas(*place.size, scale, theme.bg0)
        with draw.painting(image, place.size) as inner:
            _headers(inner, place, theme)
        edges.draw_into(image, _connectors(place, theme), scale)
        return image

    def make() -> tuple[QImage, Frame]:
        image = QImage(_grounds.get(ground_key, ground)).copy()
        with draw.painting(image, place.size) as inner:
            _columns(inner, place, theme, frame)
        return image, frame

    return _pictures.get(key, make)[0]


def _headers(painter: QPainter, place: MapsLayout, theme: Theme) -> None:
    for k, column in enumerate(place.columns):
        after = place.columns[k + 1].x if k + 1 < len(place.columns) else place.size[0]
        room = max(24.0, after - column.x - 6)
        draw.text(
            painter,
            column.x,
            26,
            draw.elide(column.node.title, 12, room, 600),
            12,
            theme.tx,
            weight=600,
        )
        text = "\N{MULTIPLICATION SIGN}".join(map(str, column.node.shape))
        draw.text(
            painter, column.x, 42, draw.elide(text, 11, room, mono=True), 11, theme.tx2, mono=True
        )
        draw.fill(painter, column.x, 50, column.width, 2, theme.line2)
        if column.paged:
            y = column.y + column.height + 20
            middle = column.x + column.width / 2
            span = f"{column.first + 1}–{column.first + column.shown} / {number(column.node.units)}"
            draw.text(painter, middle, y, span, 10, theme.tx2, mono=True, anchor="middle")
            draw.text(
                painter,
                middle - 48,
                y,
                "‹",
                13,
                theme.tx if column.first else theme.line2,
                anchor="middle",
            )
            more = column.first + column.shown < column.node.units
            draw.text(
                painter, middle + 48, y, "›", 13, theme.tx if more else theme.line2, anchor="middle"
            )


def _connectors(place: MapsLayout, theme: Theme) -> edges.EdgeSet:
    ends = [e for c in place.connectors for e in c.ends]
    opacity = [c.opacity for c in place.connectors for _ in c.ends]
    bundle = [c.source for c in place.connectors for _ in c.ends]
    # Where many lines meet, smaller heads stay apart.
    size = [0.7 if len(c.ends) <= 12 else 0.25 for c in place.connectors for _ in c.ends]
    n = len(ends)
    return edges.EdgeSet(
        np.array(ends, np.float32).reshape(-1, 4),
        np.ones(n, np.float32),
        np.tile(edges.bgr(theme.line2), (n, 1)),
        np.array(opacity, np.float32),
        np.array(size, np.float32),
        np.array(bundle, int),
    )


def _columns(painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> None:
    count = len(place.columns)
    what = str(frame.toggles.get("maps", "maps"))
    each = frame.toggles.get("scale") == "map"
    for k, column in enumerate(place.columns):
        share = signals.arrived(frame.clock, k, count)
        if frame.clock is None or not frame.clock.direction:
            share = frame.alpha if frame.before is not None else 1.0
        tensor = tensor_of(column, what)
        if tensor.endswith("/kernel"):
            values = frame.snapshot.get(tensor) if frame.snapshot else None
        else:
            values = unit_values(frame, tensor, share, "sample")
        if column.kind == "image":
            paint_image(painter, column, theme, frame, values if what == "gradients" else None)
        elif column.kind == "maps":
            paint_maps(painter, column, theme, values, what, each)
        elif column.kind == "strip":
            paint_strip(painter, column, theme, values, what)
        else:
            probabilities = unit_values(frame, column.node.output, share, "sample")
            paint_bars(painter, column, theme, probabilities, place.spec.classes)


def _moving(
    place: MapsLayout, theme: Theme, frame: Frame
) -> tuple[edges.EdgeSet, float, bool] | None:
    where = signals.travelling(frame.clock, len(place.columns))
    if where is None or frame.clock is None:
        return None
    whole = _connectors(place, theme)
    chosen = whole.bundle == where[0]
    if not chosen.any():
        return None
    fields = (whole.ends, whole.width * 2, whole.color, whole.opacity, whole.size, whole.bundle)
    return edges.EdgeSet(*(f[chosen] for f in fields)), where[1], frame.clock.direction == "forward"


def _trails(picture: QImage, place: MapsLayout, theme: Theme, frame: Frame) -> QImage:
    moving = _moving(place, theme, frame)
    if moving is None:
        return picture
    carried, part, forward = moving
    image = picture.copy()
    color = edges.bgr(theme.fwd if forward else theme.bwd)
    edges.draw_into(
        image,
        carried,
        picture.devicePixelRatio(),
        signals.spans(len(carried.size), part, forward, 0.35),
        color,
    )
    return image


def _heads(painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> None:
    moving = _moving(place, theme, frame)
    if moving is None or not 0.01 < moving[1] < 0.99:
        return
    carried, part, forward = moving
    u = signals.along(part)
    x = carried.ends[:, 0] + (carried.ends[:, 2] - carried.ends[:, 0]) * u
    y = carried.ends[:, 1] + (carried.ends[:, 3] - carried.ends[:, 1]) * float(edges.height_at(u))
    signals.heads(painter, x, y, carried.size, theme.fwd if forward else theme.bwd, forward)


def _bars(painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> None:
    count = len(place.columns)
    backward = frame.clock is not None and frame.clock.direction == "backward"
    for k, column in enumerate(place.columns):
        full = signals.progress(frame.clock, k, count)
        if full:
            left = column.x + column.width * (1 - full) if backward else column.x
            draw.fill(
                painter, left, 50, column.width * full, 2, theme.bwd if backward else theme.fwd
            )
        if frame.selection.node and frame.selection.node in (column.node.id, column.node.layer):
            draw.frame(
                painter,
                column.x - 6,
                column.y - 6,
                column.width + 12,
                column.height + 12,
                theme.tx,
                2,
                6,
            )


def _hover(painter: QPainter, place: MapsLayout, theme: Theme, frame: Frame) -> None:
    hit = place.hits.get(frame.selection.hover) if frame.selection.hover else None
    if hit is None or hit.kind == "layer":
        return
    x, y, w, h = hit.rect
    draw.frame(painter, x - 1.5, y - 1.5, w + 3, h + 3, theme.tx, 1.5, 2)
    if hit.kind != "page":
        paint_card(
            painter,
            place.size,
            theme,
            MapsScene().describe(place, hit, frame),
            x + w + 8,
            y + h / 2 - 20,
        )


register(MapsScene())
