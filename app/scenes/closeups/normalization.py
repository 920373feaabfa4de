"""Normalisation: the numbers of one channel (or of one sample's row) on lines, from as they are to γ x̂ + β.

Forward: x with its mean and spread, x̂ with mean 0 and variance 1, and y. Backwards the gradients in the same way. The
line of the instruction that runs is lit; an arrow goes from a moving mean as it was to what it becomes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPen

from app.scenes import draw, formula
from app.scenes.closeups import Moment, Subject, board, register, terms
from app.scenes.closeups.board import HEAD, PAD
from app.scenes.closeups.operands import Operands
from app.scenes.closeups.panels import place as place_panels
from app.scenes.formula_tex import to_box
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.snapshots import InstructionView
    from app.theme import Theme

_MEANS = ("channel_mean", "row_mean", "masked_channel_mean")
_VARIANCES = ("channel_variance", "row_variance", "masked_channel_variance")
_PRODUCTS = ("channel_mean_product", "row_mean_product", "masked_channel_product")
_NORMAL = ("normalize", "row_normalize", "masked_normalize")
_BACK = ("normalize_grad", "row_normalize_grad", "masked_normalize_grad", "normalize_fixed_grad")
_MOVING = ("moving_average",)
_ROW = 64.0


@dataclass(frozen=True)
class Line:
    """One line of numbers.

    Attributes
    ----------
    tensor
        Whose numbers are on it.
    words
        What they are.
    mean, variance
        Tensors of the marks, or "".
    lit
        Whether the instruction that is looked at works on them.
    """

    tensor: str
    words: str
    mean: str = ""
    variance: str = ""
    lit: bool = False


@dataclass(frozen=True)
class Lines(board.Board):
    """A board under lines of numbers."""

    lines: tuple[Line, ...] = ()
    area: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    by_row: bool = False


@dataclass(frozen=True)
class _Parts:
    """The instructions of one call of a normalising layer, by what they do."""

    normal: InstructionView
    scale: InstructionView | None
    shift: InstructionView | None
    back: InstructionView | None


def _parts(subject: Subject) -> _Parts | None:
    """Find the normalisation that an instruction belongs to."""
    line, program = subject.instruction, subject.program
    own = [one for one in program.instructions if one.layer == line.layer and line.layer]
    normals = [one for one in own if one.op in _NORMAL]
    if not normals:
        return None
    tensors = {*line.operands.values(), *line.writes}
    # Of a layer that is called several times the call whose numbers the instruction reads.
    normal = next(
        (n for n in normals if tensors & {n.operands["x"], n.writes[0], n.operands["mean"]}), normals[-1]
    )  # fmt: skip
    hat = normal.writes[0]
    ahead = [one for one in own if one.phase == "forward"]
    scale = next((o for o in ahead if o.op == "scale" and o.operands["x"] == hat), None)
    made = scale.writes[0] if scale is not None else hat
    shift = next((o for o in own if o.op == "bias_add" and o.operands["x"] == made), None)
    back = next((o for o in own if o.op in _BACK and hat in (o.operands.get("y"), hat)), None)
    return _Parts(normal, scale, shift, back)


def _belongs(subject: Subject) -> bool:
    line = subject.instruction
    if line.op in (*_MEANS, *_VARIANCES, *_PRODUCTS, *_NORMAL, *_BACK, *_MOVING):
        return _parts(subject) is not None
    if line.op in ("scale", "bias_add", "column_dot", "column_sum"):
        found = _parts(subject)
        return found is not None and line.layer == found.normal.layer
    return False


class Normalization(Operands):
    """Lines of numbers over the tensors."""

    name = "normalization"
    rank = 12
    #: Every sample is needed, not only the shown one.
    whole = True

    def fits(self, subject: Subject) -> bool:
        """Every instruction of a layer that normalises."""
        return _belongs(subject)

    def lines(self, subject: Subject) -> tuple[Line, ...]:
        """The numbers before and after, forward or backward."""
        found = _parts(subject)
        assert found is not None
        now, normal = subject.instruction, found.normal
        x, hat = normal.operands["x"], normal.writes[0]
        lines = []
        if now.phase != "backward":
            lit = now.op in (*_MEANS, *_VARIANCES, *_MOVING)
            lines.append(Line(x, tr("as they come in, with mean μ and spread √v"), normal.operands["mean"],
                              normal.operands["variance"], lit))  # fmt: skip
            lines.append(Line(hat, tr("normalised: mean 0, variance 1"), lit=now.op in _NORMAL))
            last = found.shift or found.scale
            if last is not None:
                lines.append(Line(last.writes[0], tr("stretched by γ, moved by β: what is learned"),
                                  lit=now.op in ("scale", "bias_add")))  # fmt: skip
        else:
            back = found.back
            dy = back.operands["dy"] if back is not None else now.operands.get("x", "")
            if (
                found.shift is not None
                and f"grad/{found.shift.writes[0]}" in subject.program.tensors
            ):
                lines.append(Line(f"grad/{found.shift.writes[0]}", tr("gradient that arrives"),
                                  lit=now.op in ("column_sum", "column_dot", "scale")))  # fmt: skip
            lines.append(Line(dy, tr("gradient of x̂"), (back.operands.get("a", "") if back is not None else ""),
                              lit=now.op in (*_MEANS, *_PRODUCTS)))  # fmt: skip
            if back is not None:
                lines.append(Line(back.writes[0], tr("gradient of x: its mean, and its share along x̂, are taken out"),
                                  lit=now.op in _BACK))  # fmt: skip
        kept: list[Line] = []
        for line in lines:
            if line.tensor in subject.program.tensors and line.tensor not in [
                k.tensor for k in kept
            ]:
                kept.append(line)
        return tuple(kept)

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs."""
        names = list(super().tensors(subject))
        for line in self.lines(subject):
            names += [n for n in (line.tensor, line.mean, line.variance) if n in subject.program.tensors]  # fmt: skip
        return tuple(dict.fromkeys(names))

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Lines:
        """Place the lines above, the tensors beneath."""
        width, height = size
        low = terms.height_for(height)
        lines = self.lines(subject)
        room = height - low - HEAD - 12
        each = min(_ROW, max(30.0, room * 0.56 / max(1, len(lines))))
        area = (PAD, HEAD + 2, width - 2 * PAD, each * len(lines))
        names = [(role, tensor, False) for role, tensor in board.operands_of(subject)]
        names += [(role, tensor, True) for role, tensor in board.results_of(subject)]
        slots = board.slots_of(subject, view, names)
        top = HEAD + area[3] + 8
        panels = place_panels(slots, PAD, top, width - 2 * PAD, max(60.0, height - low - top - 10))
        base = board.board(subject, size, view, slots, panels)
        found = _parts(subject)
        by_row = found is not None and found.normal.op == "row_normalize"
        return Lines(base.size, base.panels, base.footer, base.hits, lines, area, by_row)

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        assert isinstance(place, Lines)
        super().paint(painter, place, theme, subject, moment)
        x, y, w, h = place.area
        each = h / max(1, len(place.lines))
        for k, line in enumerate(place.lines):
            if k == 0 and subject.instruction.op in _MOVING:
                line = replace(line, words=_moved(subject, moment) or line.words)
            _paint_line(painter, theme, subject, moment, line, (x, y + k * each, w, each), place.by_row)  # fmt: skip

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("The numbers of one channel, before and after")


register(Normalization())


def _moving(subject: Subject, moment: Moment) -> tuple[float, float, float] | None:
    """The moving statistic of the channel before and after the update, and the batch's."""
    line = subject.instruction
    if line.op not in _MOVING:
        return None
    name, channel = line.writes[0], subject.cell[-1] if subject.cell else 0
    old = moment.value(subject, name, (channel,), made=False)
    new = moment.value(subject, name, (channel,), made=True)
    batch = moment.value(subject, line.operands["x"], (channel,), made=False)
    return None if old is None or new is None or batch is None else (old, new, batch)


def _moved(subject: Subject, moment: Moment) -> str:
    """The update of a moving statistic in words."""
    found = _moving(subject, moment)
    if found is None:
        return ""
    old, new, batch = (draw.plain(value, 4) for value in found)
    keep = float(subject.instruction.attributes.get("momentum", 0.99))
    return tr(
        "for predictions: {keep} of the old {old} and {rest} of this batch's {batch} make {new}",
        keep=f"{keep:g}", old=old, rest=f"{1 - keep:g}", batch=batch, new=new,
    )  # fmt: skip


def chosen(
    subject: Subject, tensor: str, array: np.ndarray, by_row: bool
) -> tuple[np.ndarray, int]:
    """Return the numbers of a line, and which of them is the chosen sample's (or feature's)."""
    last = array.shape[-1] if array.ndim else 1
    cell = subject.cell
    channel = cell[-1] if cell and cell[-1] < last else 0
    row = min(subject.row, len(array) - 1)
    if by_row:
        own = array[row]
        inner = tuple(min(k, n - 1) for k, n in zip(cell, own.shape[:-1], strict=False))
        inner += (0,) * (own.ndim - 1 - len(inner))
        return own[inner], channel
    numbers = array[..., channel]
    inner = tuple(min(k, n - 1) for k, n in zip(cell[:-1], numbers.shape[1:], strict=False))
    inner += (0,) * (numbers.ndim - 1 - len(inner))
    return numbers.reshape(-1), int(np.ravel_multi_index((row, *inner), numbers.shape))


def _mark(subject: Subject, moment: Moment, tensor: str, by_row: bool) -> float | None:
    """The mean or variance that belongs to a line."""
    if not tensor:
        return None
    written = tensor in subject.instruction.writes
    array = moment.made(subject, tensor) if written else moment.read(subject, tensor)
    if array is None or not array.size:
        return None
    if by_row:
        row = array[min(subject.row, len(array) - 1)]
        inner = tuple(min(k, n - 1) for k, n in zip(subject.cell, row.shape, strict=False))
        inner += (0,) * (row.ndim - len(inner))
        return float(row[inner])
    cell = subject.cell
    channel = cell[-1] if cell and cell[-1] < array.shape[-1] else 0
    return float(array.reshape(-1, array.shape[-1])[0, channel]) if array.ndim else float(array)


def _paint_line(
    painter: QPainter, theme: Theme, subject: Subject, moment: Moment, line: Line,
    rect: tuple[float, float, float, float], by_row: bool,
) -> None:  # fmt: skip
    x, y, w, h = rect
    backward = line.tensor.startswith("grad/")
    color = theme.bwd if backward else theme.fwd
    if line.lit:
        draw.fill(painter, x - 8, y + 1, w + 16, h - 2, draw.faded(color, 0.10), 4)
        painter.fillRect(QRectF(x - 8, y + 1, 2, h - 2), color)
    info = subject.info(line.tensor)
    parts = (info.symbol or info.name).split("/")
    pen = formula.Pen(12, 500, "bwd" if backward else "fwd")
    pieces = [to_box(parts[0], pen)]
    for part in parts[1:]:
        pieces += [formula.text("/", pen), to_box(part, pen)]
    done = formula.lay_out(formula.row(pieces))
    formula.paint(painter, done, theme, x, y + 16 - done.baseline)
    room = w - done.width - 12
    draw.text(painter, x + done.width + 10, y + 16, draw.elide(line.words, 11, room), 11, theme.tx3)
    base = y + h - 18
    left, right = x + 12, x + w - 12
    made = line.tensor in subject.instruction.writes
    array = moment.made(subject, line.tensor) if made else moment.read(subject, line.tensor)
    draw.line(painter, left, base, right, base, theme.line2)
    if array is None or array.ndim < 1 or not array.size:
        draw.text(
            painter, (left + right) / 2, base - 6, "…", 12, theme.bwd, mono=True, anchor="middle"
        )
        return
    numbers, own = chosen(subject, line.tensor, array, by_row)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        draw.text(
            painter, (left + right) / 2, base - 6, "NaN", 12, theme.err, mono=True, anchor="middle"
        )
        return
    mean = _mark(subject, moment, line.mean, by_row)
    variance = _mark(subject, moment, line.variance, by_row)
    span = max(abs(float(finite.max())), abs(float(finite.min())), abs(mean or 0.0), 1e-12) * 1.08

    def at(value: float) -> float:
        return left + (value + span) / (2 * span) * (right - left)

    _scale(painter, theme, left, right, base, span)
    if mean is not None and variance is not None and variance >= 0:
        spread = variance**0.5
        a, b = max(left, at(mean - spread)), min(right, at(mean + spread))
        draw.fill(painter, a, base - 12, max(1.0, b - a), 12, draw.faded(color, 0.18), 2)
    step = max(1, numbers.size // 400)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(draw.faded(color, 0.55 if numbers.size <= 64 else 0.28))
    for value in numbers[::step].tolist():
        if value == value and abs(value) <= span:
            painter.drawEllipse(QRectF(at(value) - 2.6, base - 8.6, 5.2, 5.2))
    if mean is not None:
        painter.setPen(QPen(theme.tx, 1.25))
        painter.drawLine(round(at(mean)), round(base - 14), round(at(mean)), round(base + 3))
        words = f"μ = {draw.plain(mean, 4)}"
        if variance is not None:
            words += f"   √v = {draw.plain(max(variance, 0.0) ** 0.5, 4)}"
        _above(painter, theme, words, at(mean), base - 16, left, right)
    # An arrow of the variance would stand on the wrong line.
    of_mean = bool(line.mean) and line.mean in subject.instruction.operands.values()
    moved = _moving(subject, moment) if of_mean else None
    if moved is not None and max(abs(moved[0]), abs(moved[1])) <= span:
        _arrow(painter, theme, at(moved[0]), at(moved[1]), base + 8)
    value = float(numbers[own])
    if value == value and abs(value) <= span:
        draw.disc(painter, at(value), base - 6, 4.2, color, theme.bg0, 1.5)
        draw.text(painter, right, y + 16, draw.plain(value, 4), 11, color, mono=True, anchor="end")


def _arrow(painter: QPainter, theme: Theme, start: float, end: float, y: float) -> None:
    """From what a moving mean was to what it becomes; a stroke marks where it was."""
    draw.line(painter, start, y - 4, start, y + 4, theme.tx2, 1.5)
    draw.line(painter, start, y, end, y, theme.tx, 1.5)
    way = 4.0 if end >= start else -4.0
    for side in (-3.0, 3.0):
        draw.line(painter, end, y, end - way, y + side, theme.tx, 1.5)


def _scale(
    painter: QPainter, theme: Theme, left: float, right: float, base: float, span: float
) -> None:
    for value in (-span / 1.08, 0.0, span / 1.08):
        at = left + (value + span) / (2 * span) * (right - left)
        draw.line(painter, at, base - 2, at, base + 3, theme.line2)
        shown = "0" if value == 0 else draw.plain(value, 2) if span >= 0.05 else draw.scientific(value)  # fmt: skip
        draw.text(painter, at, base + 14, shown, 10, theme.tx3, mono=True, anchor="middle")


def _above(
    painter: QPainter, theme: Theme, words: str, at: float, y: float, left: float, right: float
) -> None:  # fmt: skip
    width = draw.advance(words, 10, 400, True)
    x = min(max(at - width / 2, left), right - width)
    draw.text(painter, x, y, words, 10, theme.tx2, mono=True)
