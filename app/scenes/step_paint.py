"""Painting the pieces of the step scene: each from what `app.scenes.step_seen` has gathered for it, and no more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.scenes import draw, formula, images
from app.scenes.formula_tex import to_box
from app.scenes.step_seen import NEVER, PENDING, Seen, last_column
from app.scenes.step_ways import beside
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenes.step_places import Block, EdgeLine, StepLayout, UnitBox
    from app.scenes.step_seen import (
        ArrowSeen,
        BlockSeen,
        EdgeSeen,
        LegendSeen,
        PillSeen,
        StrongSeen,
        TensorSeen,
        UnitSeen,
    )
    from app.theme import Theme

_LINES = frozenset(("arrows", "edges", "loss_lines", "upstream", "strong", "lit"))
#: Room around what is drawn, for the smoothing of its edges.
_AIR = 2.0


@dataclass(frozen=True)
class Piece:
    """A part of the picture: where it lies in the unscaled drawing, how it is painted, and what it shows.

    Attributes
    ----------
    part, index
        Field of `Seen`, and which of its entries; -1 for a part that is one.
    """

    rect: QRectF
    part: str
    index: int
    paint: Callable[[Brush, Any], None]

    @property
    def is_line(self) -> bool:
        """Whether it lies below all that has letters."""
        return self.part in _LINES


def pieces(place: StepLayout) -> tuple[Piece, ...]:
    """Return the pieces of a layout in the order in which they are painted."""
    found: list[Piece] = []
    headers = QRectF(0, 0, place.width, 68)
    if place.headers:
        found.append(Piece(headers, "", -1, lambda brush, _: brush.headers(place)))
    for k, (way, _) in enumerate(place.arrows):
        found.append(Piece(_around(way, 20), "arrows", k, _bound("arrow", way)))
    lines = [_around((edge.start, edge.end), 8) for edge in place.edges]
    found += [
        Piece(rect, "edges", k, _bound("line", edge))
        for k, (rect, edge) in enumerate(zip(lines, place.edges, strict=True))
    ]
    if place.detail == "numbers":
        column = last_column(place)
        for k in range(len(column)):
            points = loss_way(place, column, k)
            found.append(Piece(_around(points, 20), "loss_lines", k, _bound("loss_line", points)))
    for part in ("upstream", "strong", "lit"):
        for k, edge in enumerate(place.edges):
            low = 9 if part == "upstream" else 0
            found.append(Piece(lines[k].adjusted(0, 0, 0, low), part, k, _bound(part, edge)))
    for k, edge in enumerate(place.edges):
        if edge.pill is not None:
            found.append(Piece(_wide(edge.pill), "pills", k, _bound("pill", edge)))
    for k, block in enumerate(place.blocks):
        found.append(Piece(_wide(block.rect), "blocks", k, _bound("block", block)))
        for n, (label, name, face) in enumerate(block.tensors):
            rect = _wide(face).adjusted(0, 0, 0, 14)
            found.append(Piece(rect, f"tensors.{k}", n, _bound("tensor", label, name, face)))
    units = place.units if place.detail == "numbers" else place.units[-1:]
    found += [Piece(_wide(u.rect), "units", k, _bound("unit", u)) for k, u in enumerate(units)]
    legend = QRectF(0, place.height - 40, place.width, 40)
    found.append(Piece(legend, "legend", -1, lambda brush, seen: brush.legend(place, seen)))
    return tuple(found)


def shown(piece: Piece, seen: Seen) -> Any:
    """Return what a piece shows; None where it draws nothing."""
    if not piece.part:
        return True
    part, _, inner = piece.part.partition(".")
    value = getattr(seen, part)
    if inner:
        value = value[int(inner)]
    return value if piece.index < 0 else value[piece.index]


def _bound(name: str, *parts: Any) -> Callable[[Brush, Any], None]:
    return lambda brush, seen: getattr(brush, name)(*parts, seen)


def _around(points: Any, room: float) -> QRectF:
    xs, ys = [p.x() for p in points], [p.y() for p in points]
    rect = QRectF(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return rect.adjusted(-room, -room, room, room)


def _wide(rect: QRectF) -> QRectF:
    return rect.adjusted(-_AIR - 2, -_AIR - 2, _AIR + 2, _AIR + 2)


def loss_way(place: StepLayout, column: list[UnitBox], order: int) -> list[QPointF]:
    """Return the corners of the line from an output to the loss."""
    loss, unit = place.loss, column[order]
    rect = unit.rect
    if abs(loss.center().x() - column[-1].rect.center().x()) >= 1:
        return [
            QPointF(rect.right(), rect.center().y()), QPointF(loss.left(), loss.center().y()),
        ]  # fmt: skip
    if unit is column[-1]:
        return [
            QPointF(rect.center().x(), rect.bottom()), QPointF(rect.center().x(), loss.top()),
        ]  # fmt: skip
    x = rect.right() + 10 + 6 * (len(column) - 2 - order)
    y = loss.center().y()
    return [
        QPointF(rect.right(), rect.center().y()), QPointF(x, rect.center().y()), QPointF(x, y),
        QPointF(loss.right(), y),
    ]  # fmt: skip


class Brush:
    """Paints pieces with a painter, in the colours of a theme."""

    def __init__(self, painter: QPainter, theme: Theme) -> None:
        self.p, self.theme = painter, theme

    def color(self, role: str) -> QColor:
        return self.theme.color(role)

    # -- numbers

    def headers(self, place: StepLayout) -> None:
        for x, title, line in place.headers:
            draw.text(self.p, x, 34, title, 12, self.theme.tx, weight=600, anchor="middle")
            box = formula.lay_out(to_box(line, formula.Pen(11, 400, "tx2")))
            formula.paint(self.p, box, self.theme, x - box.width / 2, 54 - box.baseline)

    def line(self, edge: EdgeLine, seen: EdgeSeen) -> None:
        color = self.color(seen.role or "line2")
        faint = draw.faded(color, (0.35 if self.theme.is_dark else 0.4) + 0.4 * seen.share)
        start, end = edge.start, edge.end
        draw.line(self.p, start.x(), start.y(), end.x(), end.y(), faint, 0.75 + 3 * seen.share)

    def upstream(self, edge: EdgeLine, seen: bool) -> None:
        if seen:
            start, end = edge.start, edge.end
            self.dashed(QPointF(end.x(), end.y() + 9), QPointF(start.x(), start.y() + 9))

    def lit(self, edge: EdgeLine, seen: bool) -> None:
        if seen:
            start, end = edge.start, edge.end
            draw.line(self.p, start.x(), start.y(), end.x(), end.y(), self.theme.tx, 1.25)

    def strong(self, edge: EdgeLine, seen: StrongSeen) -> None:
        """The edge of the instruction: its colour over a glow, the arrowhead clear of the pill."""
        start, end = edge.start, edge.end
        role = self.color(seen.role)
        glow = QPen(draw.faded(role, 0.2), 10)
        glow.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.p.setPen(glow)
        self.p.drawLine(start, end)
        self.p.setPen(QPen(role, 3))
        self.p.drawLine(start, end)
        at = 0.5
        if edge.pill is not None:
            half = edge.pill.width() / 2 / max(1.0, end.x() - start.x())
            middle = (edge.pill.center().x() - start.x()) / max(1.0, end.x() - start.x())
            before, after = middle - half, 1 - middle - half
            at = before / 2 if before > after else 1 - after / 2
        head = start + (end - start) * at
        if seen.backward:
            start, end = end, start
        self.arrow_head(head, start, end, role)

    def dashed(self, start: QPointF, end: QPointF) -> None:
        self._dashes(self.theme.bwd, flat=True)
        self.p.drawLine(start, end)
        self.arrow_head(start + (end - start) * 0.88, start, end, self.theme.bwd)

    def _dashes(self, color: QColor, *, flat: bool = False) -> None:
        pen = QPen(color, 2)
        pen.setDashPattern([2.5, 2.0])
        if flat:
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.p.setPen(pen)

    def arrow_head(self, at: QPointF, start: QPointF, end: QPointF, color: QColor) -> None:
        angle = math.degrees(math.atan2(end.y() - start.y(), end.x() - start.x()))
        path = QPainterPath(QPointF(-6, -5))
        path.lineTo(5, 0)
        path.lineTo(-6, 5)
        path.closeSubpath()
        self.p.save()
        self.p.translate(at)
        self.p.rotate(angle)
        self.p.fillPath(path, color)
        self.p.restore()

    def loss_line(self, points: list[QPointF], seen: tuple[bool, bool]) -> None:
        """From an output to the loss, and the gradient's way back while it is used."""
        current, used = seen
        self.p.setPen(QPen(draw.faded(self.theme.loss, 1.0 if current else 0.55), 2))
        for a, b in pairwise(points):
            self.p.drawLine(a, b)
        if not used:
            return
        if len(points) == 2:
            below = points[0].x() == points[1].x()
            shift = QPointF(12, 0) if below else QPointF(0, 9)
            self.dashed(points[1] + shift, points[0] + shift)
            return
        self._dashes(self.theme.bwd)
        moved = [q + QPointF(6 if 0 < k < 3 else 0, 9) for k, q in enumerate(points)]
        for a, b in pairwise(moved):
            self.p.drawLine(b, a)
        self.arrow_head(moved[0] + QPointF(6, 0), moved[1], moved[0], self.theme.bwd)

    def pill(self, edge: EdgeLine, seen: PillSeen) -> None:
        assert edge.pill is not None
        rect = QRectF(edge.pill)
        if edge.flat:
            self._flat_pill(edge, rect, seen)
            return
        if len(seen.lines) == 1:
            rect = QRectF(rect.x(), rect.center().y() - 10, rect.width(), 20)
        self.p.setPen(QPen(self.color(seen.border), seen.width))
        self.p.setBrush(self.theme.bg1)
        self.p.drawRoundedRect(rect, 4, 4)
        for k, (label, text, label_tone, tone) in enumerate(seen.lines):
            y = rect.y() + 14 + 14 * k
            draw.text(self.p, rect.x() + 7, y, label, 11, self.color(label_tone), mono=True)
            draw.text(self.p, rect.right() - 6, y, text, 11, self.color(tone), mono=True, anchor="end")  # fmt: skip

    def _flat_pill(self, edge: EdgeLine, rect: QRectF, seen: PillSeen) -> None:
        """Both numbers side by side."""
        halves = edge.halves() if len(seen.lines) > 1 else (rect,)
        self.p.setPen(QPen(self.color(seen.border), seen.width))
        self.p.setBrush(self.theme.bg1)
        self.p.drawRoundedRect(rect, 4, 4)
        for half, (label, text, label_tone, tone) in zip(halves, seen.lines, strict=True):
            y = rect.y() + 11.5
            draw.text(self.p, half.x() + 5, y, label, 10.5, self.color(label_tone), mono=True)
            draw.text(self.p, half.right() - 4, y, text, 10.5, self.color(tone), mono=True, anchor="end")  # fmt: skip

    def unit(self, unit: UnitBox, seen: UnitSeen) -> None:
        theme, rect = self.theme, unit.rect
        self.p.setPen(QPen(self.color(seen.border), seen.width))
        self.p.setBrush(theme.bg2)
        self.p.drawRoundedRect(rect, 6, 6)
        title = formula.lay_out(to_box(unit.title, formula.Pen(13, 600, "tx")))
        room = unit.aside or unit.rect.width() - 18
        if title.width > room:
            small = formula.Pen(max(10, int(13 * room / title.width)), 600, "tx")
            title = formula.lay_out(to_box(unit.title, small))
        formula.paint(self.p, title, theme, rect.x() + 10, rect.y() + 18 - title.baseline)
        for line, row in zip(unit.rows, seen.rows, strict=True):
            place = line.rect
            if row.filled:
                fill = draw.faded(self.color(seen.role), 0.16)
                draw.fill(self.p, place.x(), place.y(), place.width(), place.height(), fill, 3)
            if row.frame:
                draw.frame(self.p, place.x(), place.y() + 0.5, place.width(), place.height() - 1,
                           self.color(row.frame), 1, 3)  # fmt: skip
            # In the middle of its row, so that the mark of the next one does not cut it off.
            y = place.center().y() + 4
            draw.text(self.p, place.x() + 6, y, line.label, 11.5, theme.tx3, mono=True)
            weight = 400 if row.role == "tx2" else 500
            draw.text(self.p, rect.right() - 10, y, row.text, 11.5, self.color(row.role), weight=weight,
                      mono=True, anchor="end")  # fmt: skip
            if row.before:
                end = rect.right() - 14 - draw.advance(row.text, 11.5, weight, True)
                start = place.x() + 8 + draw.advance(line.label, 11.5, 400, True)
                if end - draw.advance(row.before, 9.5, 400, True) > start:
                    draw.text(self.p, end, y, row.before, 9.5, theme.tx3, mono=True, anchor="end")

    # -- blocks

    def arrow(self, points: Sequence[QPointF], seen: ArrowSeen) -> None:
        """The way of the values, and beside it that of the gradient, back."""
        role, straight = self.color(seen.role), len(points) == 2
        # A way that is crossed stays one: the other goes under it.
        clear = QPen(self.theme.bg0, seen.width + 5)
        clear.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.p.setPen(clear)
        for a, b in list(pairwise(points))[1:-1]:
            self.p.drawLine(a, b)
        self.p.setPen(QPen(role, seen.width))
        self.p.drawPolyline(list(points))
        tail, end = points[-2], points[-1]
        length = max(1.0, math.hypot(*(end - tail).toTuple()))
        self.arrow_head(end + (tail - end) * (4 / length), tail, end, role)
        if not seen.upstream:
            return
        back = beside(points, 12 if straight else 6)[::-1]
        if straight:
            self.dashed(*back)
            return
        self._dashes(self.theme.bwd, flat=True)
        self.p.drawPolyline(back)
        tail, end = back[-2], back[-1]
        length = max(1.0, math.hypot(*(end - tail).toTuple()))
        self.arrow_head(end + (tail - end) * (5 / length), tail, end, self.theme.bwd)

    def block(self, block: Block, seen: BlockSeen) -> None:
        theme, rect = self.theme, block.rect
        role = self.color(seen.role or "line2")
        self.p.setPen(QPen(role, 1.5 if seen.role else 1))
        self.p.setBrush(theme.bg2)
        self.p.drawRoundedRect(rect, 8, 8)
        draw.text(self.p, rect.x() + 10, rect.y() + 20, draw.elide(block.title, 13, rect.width() - 20, 600), 13,
                  theme.tx, weight=600)  # fmt: skip
        end = draw.text(self.p, rect.x() + 10, rect.y() + 36, block.shape, 11, theme.tx2, mono=True)
        if seen.time:
            words = tr("time step {time}", time=seen.time)
            if end + 16 + draw.advance(words, 11) > rect.width() - 10:
                words = f"⟨{seen.time}⟩"
            draw.text(self.p, rect.right() - 10, rect.y() + 36, words, 11, role, anchor="end")

    def tensor(self, label: str, name: str, face: QRectF, seen: TensorSeen) -> None:
        """A tensor as a small picture, dashed while it is not computed."""
        theme = self.theme
        gradient = name.startswith("grad/")
        if seen.picture is not None:
            box = (face.x(), face.y(), face.width(), face.height())
            images.place(self.p, *box, seen.picture.image, False)
            # Zeros have the colour of the ground.
            draw.frame(self.p, *box, theme.line)
        else:
            self.p.setPen(QPen(theme.line2, 1, Qt.PenStyle.DashLine))
            self.p.setBrush(Qt.BrushStyle.NoBrush)
            self.p.drawRoundedRect(face, 2, 2)
            draw.text(self.p, face.center().x(), face.center().y() + 4, seen.absent, 12,
                      theme.bwd if gradient else theme.tx3, mono=True, anchor="middle")  # fmt: skip
        if seen.frame:
            draw.frame(self.p, face.x() - 1.5, face.y() - 1.5, face.width() + 3, face.height() + 3,
                       self.color(seen.frame), 1.5, 3)  # fmt: skip
        role = theme.bwd if gradient else theme.fwd if label == "a" else theme.tx2
        draw.text(self.p, face.x(), face.bottom() + 11, label, 10, role, mono=True)

    # -- legend

    def legend(self, place: StepLayout, seen: LegendSeen) -> None:
        theme = self.theme
        y = place.height - 20
        entries: list[tuple[str, Any, str]] = [
            ("line", self.color(seen.role), tr("this instruction")),
            ("dash", theme.bwd, tr("upstream gradient it uses")),
            ("a", theme.fwd, tr("forward value")),
            ("δ ∂", theme.bwd, tr("gradient")),
            (PENDING, theme.bwd, tr("not yet computed")),
        ]
        if seen.whatif:
            # Before what gives way first where there is little room.
            entries.insert(2, ("◥", theme.loss, tr("changed by what if")))
        if seen.frozen:
            entries.append((NEVER, theme.bwd, tr("frozen")))
        widths = [
            (24 if kind in ("line", "dash") else draw.advance(kind, 11.5, 400, True))
            + 8
            + draw.advance(words, 11)
            for kind, _, words in entries
        ]
        while len(entries) > 1 and sum(widths) + 12 * (len(widths) - 1) > place.width - 48:
            entries.pop()
            widths.pop()
        gap = min(32.0, max(12.0, (place.width - 48 - sum(widths)) / max(1, len(widths) - 1)))
        x = 24.0
        for (kind, tone, words), width in zip(entries, widths, strict=True):
            if kind == "line":
                draw.line(self.p, x, y - 4, x + 24, y - 4, tone, 3)
            elif kind == "dash":
                self._dashes(tone)
                self.p.drawLine(QPointF(x, y - 4), QPointF(x + 24, y - 4))
            else:
                draw.text(self.p, x, y, kind, 11.5, tone, mono=True)
            draw.text(self.p, x + width - draw.advance(words, 11), y, words, 11, theme.tx2)
            x += width + gap
