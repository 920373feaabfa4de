"""The step scene: the network with its numbers, and the current instruction lit up in it.

Toggles of the frame: ``show`` ("weights", "gradients" or "both"), ``instruction`` (index of the instruction to light
up instead of the one done last), ``row`` (which sample of the batch is shown) and, in the view's options, ``notation``
("rows" or "columns") and ``loss`` (short name of the loss). The selection's ``node`` and ``hover`` hold cell ids.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.scenes import draw, formula, images, registry, whatif_marks
from app.scenes.formula_expressions import format_number
from app.scenes.formula_tex import to_box
from app.scenes.step_focus import Focus, focus_of
from app.scenes.step_hover import lit_by
from app.scenes.step_layout import EdgeLine, StepLayout, UnitBox, layout
from app.scenes.step_values import Reader, cell_id, parse_cell
from app.snapshots import Probe
from app.text import tr

if TYPE_CHECKING:
    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView
    from app.theme import Theme

PENDING, NEVER = "…", "–"


class StepScene:
    """Numbers on neurons and weights of a small network, or blocks of tensors of a larger one."""

    name = "step"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> StepLayout:
        """Place everything."""
        return layout(spec, (int(size[0]), int(size[1])), view)

    def paint(self, painter: QPainter, place: StepLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        painter.save()
        draw.prepare(painter, place.size)
        painter.fillRect(QRectF(0, 0, *place.size), theme.bg0)
        painter.scale(place.scale, place.scale)
        _Painter(painter, place, theme, frame).all()
        painter.restore()
        whatif_marks.paint(
            painter, place.hits, theme, Reader(frame.snapshot, frame.toggles.get("row", 0))
        )

    def probes(self, spec: NetworkView, place: StepLayout, frame: Frame) -> tuple[Probe, ...]:
        """Name every tensor that is drawn: whole batches of small networks, one row of large ones."""
        row = frame.toggles.get("row", 0)
        rows = None if place.detail == "numbers" else row
        names: dict[str, None] = {}
        for unit in place.units:
            names.update(dict.fromkeys(r.tensor for r in unit.rows))
        for edge in place.edges:
            if edge.kernel:
                names.update(dict.fromkeys((edge.kernel, f"grad/{edge.kernel}")))
        for block in place.blocks:
            names.update(dict.fromkeys(name for _, name, _ in block.tensors))
            # Softmax with cross-entropy goes back in one instruction: its output has no gradient of its own.
            names[f"grad/{block.layer}/z"] = None
        return tuple(Probe(name, rows) for name in names)

    def describe(self, place: StepLayout, hit: Hit, frame: Frame) -> tuple[str, ...]:
        """Name of a cell and its value."""
        reader = Reader(frame.snapshot, int(frame.toggles.get("row", 0)))
        cell = parse_cell(hit.id)
        if cell is None:
            return (hit.id.replace(":", " "),)
        value = reader.value(*cell)
        info = reader.info(cell[0])
        name = info.symbol if info is not None and info.symbol else cell[0]
        shown = PENDING if value is None else format_number(value, 6)
        before = whatif_marks.words(reader, *cell)
        return (f"{name} [{', '.join(str(i + 1) for i in cell[1])}] = {shown}{before}", cell[0])


class _Painter:
    """One painting of one frame."""

    def __init__(self, painter: QPainter, place: StepLayout, theme: Theme, frame: Frame) -> None:
        self.p, self.place, self.theme, self.frame = painter, place, theme, frame
        self.reader = Reader(frame.snapshot, int(frame.toggles.get("row", 0)))
        self.show = frame.toggles.get("show", "both")
        self.focus = focus_of(place, self.reader, frame)
        self.hover = frame.selection.hover
        self.lit = lit_by(self.hover, self.reader)

    def all(self) -> None:
        if self.place.detail == "numbers":
            self.headers()
            self.lines()
            for unit in self.place.units:
                self.unit(unit)
        else:
            self.arrows()
            for block in self.place.blocks:
                self.block(block)
            self.unit(self.place.units[-1])
        self.legend()

    def color(self, role: str) -> QColor:
        return self.theme.color(role)

    # -- numbers

    def headers(self) -> None:
        for x, title, line in self.place.headers:
            draw.text(self.p, x, 34, title, 12, self.theme.tx, weight=600, anchor="middle")
            box = formula.lay_out(to_box(line, formula.Pen(11, 400, "tx2")))
            formula.paint(self.p, box, self.theme, x - box.width / 2, 54 - box.baseline)

    def lines(self) -> None:
        place, theme = self.place, self.theme
        largest: dict[str, float] = {}
        for edge in place.edges:
            array = self.reader.array(edge.kernel) if edge.kernel else None
            if array is not None and edge.layer not in largest:
                largest[edge.layer] = float(np.abs(array).max()) or 1.0
        for edge in place.edges:
            value = (
                self.reader.value(edge.kernel, (edge.source, edge.target)) if edge.kernel else None
            )
            share = (
                min(1.0, abs(value) / largest.get(edge.layer, 1.0)) if value is not None else 0.3
            )
            color = theme.line2 if value is None else theme.pos if value >= 0 else theme.neg
            faint = draw.faded(color, (0.35 if theme.is_dark else 0.4) + 0.4 * share)
            draw.line(
                self.p,
                edge.start.x(),
                edge.start.y(),
                edge.end.x(),
                edge.end.y(),
                faint,
                0.75 + 3 * share,
            )
        self.loss_lines()

        def key(line: EdgeLine) -> tuple[str, int, int]:
            return line.layer, line.source, line.target

        for edge in place.edges:
            if key(edge) in self.focus.upstream:
                self.dashed(
                    QPointF(edge.end.x(), edge.end.y() + 9),
                    QPointF(edge.start.x(), edge.start.y() + 9),
                )
        for edge in place.edges:
            if key(edge) in self.focus.edges:
                self.strong(edge)
        for edge in place.edges:
            if key(edge) == self.lit.edge:
                start, end = edge.start, edge.end
                draw.line(self.p, start.x(), start.y(), end.x(), end.y(), theme.tx, 1.25)
        for edge in place.edges:
            if edge.pill is not None:
                self.pill(edge, key(edge) in self.focus.edges)

    def strong(self, edge: EdgeLine) -> None:
        """The edge of the instruction: its colour over a glow, the arrowhead clear of the pill."""
        start, end = edge.start, edge.end
        role = self.color(self.focus.role)
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
        if self.focus.backward:
            start, end = end, start
        self.arrow(head, start, end, role)

    def dashed(self, start: QPointF, end: QPointF) -> None:
        pen = QPen(self.theme.bwd, 2)
        pen.setDashPattern([2.5, 2.0])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.p.setPen(pen)
        self.p.drawLine(start, end)
        self.arrow(start + (end - start) * 0.88, start, end, self.theme.bwd)

    def arrow(self, at: QPointF, start: QPointF, end: QPointF, color: QColor) -> None:
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

    def loss_lines(self) -> None:
        """From each output to the loss, and the gradient's way back while it is used."""
        outputs = [u for u in self.place.units if u.kind == "unit"]
        if not outputs:
            return
        layer = outputs[-1].layer
        loss = self.place.loss
        role = self.theme.loss
        used = "loss" in self.focus.upstream_layers
        below = abs(loss.center().x() - outputs[-1].rect.center().x()) < 1
        column = [u for u in outputs if u.layer == layer]
        for order, unit in enumerate(column):
            rect = unit.rect
            if not below:
                points = [
                    QPointF(rect.right(), rect.center().y()),
                    QPointF(loss.left(), loss.center().y()),
                ]
            elif unit is column[-1]:
                points = [
                    QPointF(rect.center().x(), rect.bottom()),
                    QPointF(rect.center().x(), loss.top()),
                ]
            else:
                x = rect.right() + 10 + 6 * (len(column) - 2 - order)
                y = loss.center().y()
                points = [QPointF(rect.right(), rect.center().y()), QPointF(x, rect.center().y()),
                          QPointF(x, y), QPointF(loss.right(), y)]  # fmt: skip
            self.p.setPen(QPen(draw.faded(role, 1.0 if self.focus.loss else 0.55), 2))
            for a, b in pairwise(points):
                self.p.drawLine(a, b)
            if used and (not self.focus.outputs or unit.index in self.focus.outputs):
                if len(points) == 2:
                    shift = QPointF(12, 0) if below else QPointF(0, 9)
                    self.dashed(points[1] + shift, points[0] + shift)
                else:
                    pen = QPen(self.theme.bwd, 2)
                    pen.setDashPattern([2.5, 2.0])
                    self.p.setPen(pen)
                    moved = [q + QPointF(6 if 0 < k < 3 else 0, 9) for k, q in enumerate(points)]
                    for a, b in pairwise(moved):
                        self.p.drawLine(b, a)
                    self.arrow(moved[0] + QPointF(6, 0), moved[1], moved[0], self.theme.bwd)

    def pill(self, edge: Any, current: bool) -> None:
        theme, rect = self.theme, QRectF(edge.pill)
        lines = []
        index = (edge.source, edge.target)
        if self.show in ("weights", "both"):
            value = self.reader.value(edge.kernel, index)
            tone = theme.tx3 if value is None else theme.pos if value >= 0 else theme.neg
            lines.append(("w", PENDING if value is None else format_number(value, 2, sign=True), theme.tx3, tone,
                          cell_id(edge.kernel, index)))  # fmt: skip
        if self.show in ("gradients", "both"):
            value = self.reader.value(f"grad/{edge.kernel}", index)
            text = (
                self.absent(f"grad/{edge.kernel}")
                if value is None
                else format_number(value, 3, sign=True)
            )
            lines.append(("∂", text, theme.bwd, theme.bwd, cell_id(f"grad/{edge.kernel}", index)))
        if len(lines) == 1:
            rect = QRectF(rect.x(), rect.center().y() - 10, rect.width(), 20)
        border = self.color(self.focus.role) if current else theme.line2
        chosen = self.frame.selection.node
        hovered = any(self.hover == line[4] for line in lines)
        if hovered or any(chosen == line[4] for line in lines):
            border = theme.tx
        self.p.setPen(QPen(border, 1.5 if current or hovered else 1))
        self.p.setBrush(theme.bg1)
        self.p.drawRoundedRect(rect, 4, 4)
        for k, (label, text, label_tone, tone, _) in enumerate(lines):
            y = rect.y() + 14 + 14 * k
            draw.text(self.p, rect.x() + 7, y, label, 11, label_tone, mono=True)
            draw.text(self.p, rect.right() - 6, y, text, 11, tone, mono=True, anchor="end")

    def unit(self, unit: UnitBox) -> None:
        theme, rect = self.theme, unit.rect
        marked = unit.id in self.focus.units
        border, width = theme.line2, 1.0
        if unit.kind == "loss":
            border = theme.loss
        if marked:
            border, width = self.color(self.focus.role), 1.5
        if unit.id == self.lit.unit:
            border, width = theme.tx, 1.5
        self.p.setPen(QPen(border, width))
        self.p.setBrush(theme.bg2)
        self.p.drawRoundedRect(rect, 6, 6)
        title = formula.lay_out(to_box(unit.title, formula.Pen(13, 600, "tx")))
        room = unit.rect.width() - 18
        if title.width > room:
            small = formula.Pen(max(10, int(13 * room / title.width)), 600, "tx")
            title = formula.lay_out(to_box(unit.title, small))
        formula.paint(self.p, title, theme, rect.x() + 10, rect.y() + 18 - title.baseline)
        for line in unit.rows:
            identifier = cell_id(line.tensor, line.index)
            chosen = identifier == self.frame.selection.node
            if marked and line.tensor in self.focus.rows:
                fill = draw.faded(self.color(self.focus.role), 0.16)
                draw.fill(
                    self.p,
                    line.rect.x(),
                    line.rect.y(),
                    line.rect.width(),
                    line.rect.height(),
                    fill,
                    3,
                )
            if chosen or identifier == self.hover:
                draw.frame(self.p, line.rect.x(), line.rect.y() + 0.5, line.rect.width(), line.rect.height() - 1,
                           theme.tx if chosen else theme.tx3, 1, 3)  # fmt: skip
            text, role = self.cell_text(unit, line)
            y = line.rect.y() + 12.5
            draw.text(self.p, rect.x() + 10, y, line.label, 11.5, theme.tx3, mono=True)
            weight = 400 if role == "tx2" else 500
            draw.text(
                self.p,
                rect.right() - 10,
                y,
                text,
                11.5,
                self.color(role),
                weight=weight,
                mono=True,
                anchor="end",
            )
            old = self.reader.otherwise(line.tensor, line.index)
            if old is not None:
                before = f"{format_number(old, _decimals(line), sign=line.tensor != 'loss')} →"
                end = rect.right() - 14 - draw.advance(text, 11.5, weight, True)
                start = rect.x() + 12 + draw.advance(line.label, 11.5, 400, True)
                if end - draw.advance(before, 9.5, 400, True) > start:
                    draw.text(self.p, end, y, before, 9.5, theme.tx3, mono=True, anchor="end")

    def absent(self, tensor: str) -> str:
        """The sign for a number that is still to come, or never will."""
        return NEVER if self.reader.never(tensor) else PENDING

    def cell_text(self, unit: UnitBox, line: Any) -> tuple[str, str]:
        """The number of a row, and its colour."""
        if line.tensor == "targets":
            return self.target_text(), "tx2"
        if line.tensor == "loss":
            value = self.reader.value("loss", ())
            return (PENDING, "tx3") if value is None else (format_number(value, 4), "loss")
        value = self.reader.value(line.tensor, line.index)
        gradient = line.tensor.startswith("grad/")
        if value is None:
            return self.absent(line.tensor), "bwd" if gradient else "tx3"
        return format_number(value, _decimals(line), sign=True), line.role

    def target_text(self) -> str:
        target = self.reader.array("targets")
        if target is None or self.reader.state("targets") != "fresh":
            return PENDING
        values = np.ravel(target)
        if values.size > 4:
            return str(int(values.argmax()))
        return ", ".join(format_number(float(v), 0 if float(v).is_integer() else 2) for v in values)

    # -- blocks

    def arrows(self) -> None:
        for start, end, layer in self.place.arrows:
            lit = layer in self.focus.layers
            role = (
                self.color(self.focus.role) if lit and not self.focus.backward else self.theme.line2
            )
            self.p.setPen(QPen(role, 3 if lit and not self.focus.backward else 2))
            points = [start, end]
            if end.y() > start.y() + 8 and abs(end.x() - start.x()) > 8:
                # To the next row: down, across between the rows, down again.
                middle = (start.y() + end.y()) / 2
                points = [start, QPointF(start.x(), middle), QPointF(end.x(), middle), end]
            for a, b in pairwise(points):
                self.p.drawLine(a, b)
            tail = points[-2]
            length = max(1.0, math.hypot(*(end - tail).toTuple()))
            self.arrow(end + (tail - end) * (4 / length), tail, end, role)
            if layer in self.focus.upstream_layers:
                self.dashed(end + QPointF(0, 12), start + QPointF(0, 12))

    def block(self, block: Any) -> None:
        theme, rect = self.theme, block.rect
        lit = block.layer in self.focus.layers
        self.p.setPen(QPen(self.color(self.focus.role) if lit else theme.line2, 1.5 if lit else 1))
        self.p.setBrush(theme.bg2)
        self.p.drawRoundedRect(rect, 8, 8)
        draw.text(self.p, rect.x() + 10, rect.y() + 20, draw.elide(block.title, 13, rect.width() - 20, 600), 13,
                  theme.tx, weight=600)  # fmt: skip
        draw.text(self.p, rect.x() + 10, rect.y() + 36, block.shape, 11, theme.tx2, mono=True)
        for label, tensor, face in block.tensors:
            if label == "δ" and self.show == "weights":
                continue
            self.tensor(label, tensor, face, lit and tensor in self.focus.tensors)

    def tensor(self, label: str, name: str, face: QRectF, lit: bool) -> None:
        """A tensor as a small picture, dashed while it is not computed."""
        theme = self.theme
        gradient = name.startswith("grad/")
        array = self.reader.array(name)
        fresh = self.reader.state(name) == "fresh" and array is not None
        if fresh:
            assert array is not None
            image = _picture(theme, array, face.width() / face.height(), gradient)
            images.place(self.p, face.x(), face.y(), face.width(), face.height(), image, False)
        else:
            pen = QPen(theme.line2, 1, Qt.PenStyle.DashLine)
            self.p.setPen(pen)
            self.p.setBrush(Qt.BrushStyle.NoBrush)
            self.p.drawRoundedRect(face, 2, 2)
            draw.text(self.p, face.center().x(), face.center().y() + 4, self.absent(name), 12,
                      theme.bwd if gradient else theme.tx3, mono=True, anchor="middle")  # fmt: skip
        chosen = (
            f"tensor:{name}" in (self.hover, self.frame.selection.node) or name in self.lit.tensors
        )
        if lit or chosen:
            draw.frame(self.p, face.x() - 1.5, face.y() - 1.5, face.width() + 3, face.height() + 3,
                       theme.tx if chosen else self.color(self.focus.role), 1.5, 3)  # fmt: skip
        role = theme.bwd if gradient else theme.fwd if label == "a" else theme.tx2
        draw.text(self.p, face.x(), face.bottom() + 11, label, 10, role, mono=True)

    # -- legend

    def legend(self) -> None:
        theme = self.theme
        y = self.place.height - 20
        role = self.color(self.focus.role)
        entries: list[tuple[str, Any, str]] = [
            ("line", role, tr("this instruction")),
            ("dash", theme.bwd, tr("upstream gradient it uses")),
            ("a", theme.fwd, tr("forward value")),
            ("δ ∂", theme.bwd, tr("gradient")),
            (PENDING, theme.bwd, tr("not yet computed")),
        ]
        whatif = self.frame.snapshot.whatif if self.frame.snapshot is not None else None
        if whatif is not None and whatif.edits:
            # Before what gives way first where there is little room.
            entries.insert(2, ("◥", theme.loss, tr("changed by what if")))
        if self.reader.frozen:
            entries.append((NEVER, theme.bwd, tr("frozen")))
        widths = [
            (24 if kind in ("line", "dash") else draw.advance(kind, 11.5, 400, True))
            + 8
            + draw.advance(words, 11)
            for kind, _, words in entries
        ]
        while len(entries) > 1 and sum(widths) + 12 * (len(widths) - 1) > self.place.width - 48:
            entries.pop()
            widths.pop()
        gap = min(32.0, max(12.0, (self.place.width - 48 - sum(widths)) / max(1, len(widths) - 1)))
        x = 24.0
        for (kind, tone, words), width in zip(entries, widths, strict=True):
            if kind == "line":
                draw.line(self.p, x, y - 4, x + 24, y - 4, tone, 3)
            elif kind == "dash":
                pen = QPen(tone, 2)
                pen.setDashPattern([2.5, 2.0])
                self.p.setPen(pen)
                self.p.drawLine(QPointF(x, y - 4), QPointF(x + 24, y - 4))
            else:
                draw.text(self.p, x, y, kind, 11.5, tone, mono=True)
            draw.text(self.p, x + width - draw.advance(words, 11), y, words, 11, theme.tx2)
            x += width + gap


def _decimals(line: Any) -> int:
    """Places behind the point of a row's number."""
    if line.label == "":
        return 2
    return 4 if line.tensor.startswith("grad/") or line.tensor == "loss" else 3


def _picture(theme: Theme, array: np.ndarray, aspect: float, gradient: bool) -> Any:
    """A tensor of any rank as one small image: maps side by side, vectors folded into rows."""
    values = np.asarray(array, np.float32)
    if values.ndim == 4:
        values = values.transpose(2, 3, 0, 1).reshape(-1, *values.shape[:2])
    elif values.ndim == 3:
        values = values.transpose(2, 0, 1)
    elif values.ndim == 2:
        values = values[None]
    else:
        count = max(1, values.size)
        columns = max(1, min(count, round(math.sqrt(count * aspect))))
        padded = np.full(-(-count // columns) * columns, np.nan, np.float32)
        padded[:count] = values.ravel()
        values = padded.reshape(1, -1, columns)
    if len(values) > 1:
        shown = values[:16]
        side = math.ceil(math.sqrt(len(shown) * aspect))
        high = -(-len(shown) // side)
        h, w = shown.shape[1:]
        sheet = np.full((high * (h + 1) - 1, side * (w + 1) - 1), np.nan, np.float32)
        for k, image in enumerate(shown):
            y, x = divmod(k, side)
            sheet[y * (h + 1) : y * (h + 1) + h, x * (w + 1) : x * (w + 1) + w] = image
        values = sheet[None]
    plane = values[0]
    step = max(1, plane.shape[0] // 256, plane.shape[1] // 256)
    plane = plane[::step, ::step]
    finite = plane[np.isfinite(plane)]
    signed = gradient or bool((finite < 0).any())
    return images.heat(theme, plane, "signed" if signed else "activation", images.extent(finite))


SCENE = registry.register(StepScene())

__all__ = ["SCENE", "Focus", "StepScene"]
