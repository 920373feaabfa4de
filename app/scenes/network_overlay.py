"""What lies on top of a network scene: borders that tell the pass, the hovered edge or unit, and its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from app.scenes import draw, edges, signals
from app.scenes.hits import Hit
from app.scenes.network_layout import NetworkLayout
from app.scenes.network_units import unit_values
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame
    from app.theme import Theme


def paint_overlay(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    """Draw borders, selection and the hovered item."""
    _borders(painter, place, theme, frame)
    hover = frame.selection.hover
    if hover.startswith("edge:"):
        _hovered_edge(painter, place, theme, frame, hover)
    elif hover:
        hit = place.hits.get(hover)
        if hit is not None and hit.kind == "unit":
            x, y, w, h = hit.rect
            draw.frame(painter, x - 1.5, y - 1.5, w + 3, h + 3, theme.tx, 1.5, 3)
            paint_card(
                painter, place.size, theme, describe(place, hit, frame), x + w + 8, y + h / 2 - 20
            )


def _borders(painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame) -> None:
    count = len(place.columns)
    direction = frame.clock.direction if frame.clock is not None else ""
    for k, column in enumerate(place.columns):
        color = theme.line2
        if direction == "forward" and signals.progress(frame.clock, k, count) == 1.0:
            color = theme.fwd
        elif direction in ("backward", "update"):
            full = direction == "update" or signals.progress(frame.clock, k, count) == 1.0
            color = (
                theme.bwd
                if full and k > 0
                else theme.fwd
                if direction == "backward"
                else theme.line2
            )
        width = 1.0
        if frame.selection.node and frame.selection.node in (column.node.id, column.node.layer):
            color, width = theme.tx, 2.0
        if column.level in ("image", "block", "cells"):
            if color is not theme.line2:
                draw.frame(
                    painter,
                    column.x - 2.5,
                    column.y - 2.5,
                    column.width + 5,
                    column.height + 5,
                    color,
                    width,
                    2,
                )
            continue
        painter.setPen(QPen(color, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        radius = 2 if column.tile >= 20 else 1
        for unit in range(len(column.centers)):
            x, y, w, h = column.rect(unit)
            painter.drawRoundedRect(QRectF(x - 0.5, y - 0.5, w + 1, h + 1), radius, radius)


def _hovered_edge(
    painter: QPainter, place: NetworkLayout, theme: Theme, frame: Frame, hover: str
) -> None:
    node, source, target = hover.split(":")[1:4]
    bundle = place.bundle_of(node)
    if bundle is None or int(source) >= len(bundle.y0) or int(target) >= len(bundle.y1):
        return
    y0, y1 = float(bundle.y0[int(source)]), float(bundle.y1[int(target)])
    painter.setPen(QPen(theme.tx, 1.25))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(edges.path(bundle.x0, y0, bundle.x1, y1))
    u = signals.along(0.3)
    px, py = bundle.x0 + (bundle.x1 - bundle.x0) * u, y0 + (y1 - y0) * float(edges.height_at(u))
    lines = describe(
        place, Hit(hover, "edge", node, (int(source), int(target)), (px, py, 0, 0)), frame
    )
    down = py + 26 + 15 * len(lines) + 12 < place.size[1]
    top = py + 26 if down else py - 26 - 15 * len(lines) - 12
    draw.line(painter, px, py, px, top if down else py - 26, theme.tx)
    draw.disc(painter, px, py, 2.5, theme.tx)
    paint_card(painter, place.size, theme, lines, px - 40, top)


def paint_card(
    painter: QPainter,
    size: tuple[float, float],
    theme: Theme,
    lines: tuple[str, ...],
    x: float,
    y: float,
) -> None:
    """Draw a tooltip near a point, kept inside the picture: a title, then rows of name and value."""
    if not lines:
        return
    title, rows = lines[0], [line.split("\t") for line in lines[1:]]
    column = max((draw.advance(r[0], 11, mono=True) for r in rows if len(r) > 1), default=0) + 16
    widths = [draw.advance(title, 10.5)]
    widths += [
        column + draw.advance(r[-1], 11, mono=True)
        if len(r) > 1
        else draw.advance(r[0], 11, mono=True)
        for r in rows
    ]
    width, height = max(widths) + 20, 26 + 15 * len(rows)
    x = max(4.0, min(x, size[0] - width - 4))
    y = max(4.0, min(y, size[1] - height - 4))
    draw.fill(painter, x, y, width, height, theme.bg2, 6)
    draw.frame(painter, x + 0.5, y + 0.5, width - 1, height - 1, theme.line2, 1, 6)
    draw.text(painter, x + 10, y + 16, title, 10.5, theme.tx2)
    for k, row in enumerate(rows):
        draw.text(painter, x + 10, y + 32 + 15 * k, row[0], 11, theme.tx, mono=True)
        if len(row) > 1:
            draw.text(painter, x + 10 + column, y + 32 + 15 * k, row[1], 11, theme.tx, mono=True)


def unit_name(place: NetworkLayout, column: int, unit: int) -> str:
    """Return ``x₁``, ``H2·4`` or ``Out·1``."""
    node = place.columns[column].node
    if column == 0 and unit < len(node.labels):
        return node.labels[unit]
    if column == 0:
        return f"x·{unit + 1}"
    if column == len(place.columns) - 1:
        return node.labels[unit] if unit < len(node.labels) else f"ŷ·{unit + 1}"
    return f"H{column}·{unit + 1}"


def describe(place: NetworkLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
    """Return a title and rows of "name<tab>value" about a unit, an edge or a layer."""
    column = place.column(hit.node)
    if column < 0:
        return ()
    node = place.columns[column].node
    if hit.kind == "edge":
        bundle = place.bundle_of(hit.node)
        if bundle is None:
            return ()
        i, j = hit.index
        title = tr(
            "Weight {source} {arrow} {target}",
            arrow=draw.ARROW,
            source=unit_name(place, bundle.source, i),
            target=unit_name(place, column, j),
        )
        shot = frame.snapshot
        weights = shot.get(bundle.kernel) if shot else None
        if weights is None or weights.ndim != 2 or i >= weights.shape[0] or j >= weights.shape[1]:
            return (title, tr("not computed yet"))
        weight = float(weights[i, j])
        rows = [f"w\t{draw.fine(weight, 3)}"]
        inputs = unit_values(frame, place.columns[bundle.source].node.output, 1.0, "sample")
        if inputs is not None and i < inputs.size:
            rows.append(f"w {draw.TIMES} a\t{draw.fine(weight * float(inputs.ravel()[i]), 3)}")
        gradient = shot.get(f"grad/{bundle.kernel}") if shot else None
        if gradient is not None and gradient.shape == weights.shape:
            rows.append(f"∂w\t{draw.fine(float(gradient[i, j]), 4)}")
        return (title, *rows)
    if hit.kind == "unit":
        unit = hit.index[0]
        rows = []
        for name, tensor, digits in (
            ("z", f"{node.id}/z", 3),
            ("a", node.output, 3),
            ("∂a", f"grad/{node.output}", 4),
        ):
            values = unit_values(frame, tensor, 1.0, "sample")
            if values is not None and unit < values.size:
                rows.append(f"{name}\t{draw.fine(float(values.ravel()[unit]), digits)}")
        shot = frame.snapshot
        bias = shot.get(f"{node.layer}/bias") if shot else None
        if bias is not None and unit < bias.size:
            rows.append(f"b\t{draw.fine(float(bias.ravel()[unit]), 3)}")
        return (
            tr("{layer}, unit {unit}", layer=node.title, unit=f"{unit_name(place, column, unit)}"),
            *rows,
        )
    return (node.title, node.subtitle)
