"""Softmax and losses as bars: the share of each class, predictions beside targets, and each sample's loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPen

from app.scenes import draw
from app.scenes.closeups import Moment, Subject, board, register, terms
from app.scenes.closeups.board import HEAD, PAD
from app.scenes.closeups.operands import Operands
from app.scenes.closeups.panels import place as place_panels
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.theme import Theme

#: Lists of more numbers are not drawn as bars with their value beside them.
_MANY = 40


@dataclass(frozen=True)
class Bars(board.Board):
    """A board under charts; `plots` are their rectangles, left to right."""

    plots: tuple[tuple[float, float, float, float], ...] = ()


class _WithBars(Operands):
    """Charts above, tensors beneath."""

    #: Every sample is needed, not only the shown one.
    whole = True

    def charts(self, subject: Subject) -> tuple[float, ...]:
        """Widths of the charts, as shares."""
        raise NotImplementedError

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Bars:
        """Place the charts above, the tensors beneath."""
        width, height = size
        low = terms.height_for(height)
        room = height - low - HEAD - 12
        tall = max(60.0, room * 0.58)
        shares = self.charts(subject)
        gap = 28.0
        inside = width - 2 * PAD - gap * (len(shares) - 1)
        plots, left = [], PAD
        for share in shares:
            plots.append((left, HEAD + 4.0, inside * share, tall))
            left += inside * share + gap
        names = [(role, tensor, False) for role, tensor in board.operands_of(subject)]
        names += [(role, tensor, True) for role, tensor in board.results_of(subject)]
        slots = board.slots_of(subject, view, names)
        top = HEAD + tall + 12
        panels = place_panels(slots, PAD, top, width - 2 * PAD, max(50.0, height - low - top - 8))
        base = board.board(subject, size, view, slots, panels)
        return Bars(base.size, base.panels, base.footer, base.hits, tuple(plots))


class Softmax(_WithBars):
    """Numbers, their exponentials, and the shares these have of their sum."""

    name = "softmax"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """Softmax over the last axis, of a list that can be read."""
        line = subject.instruction
        return line.op == "softmax" and 1 < subject.info(line.writes[0]).shape[-1] <= _MANY

    def charts(self, subject: Subject) -> tuple[float, ...]:
        """Three charts side by side."""
        return (1 / 3, 1 / 3, 1 / 3)

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        assert isinstance(place, Bars)
        super().paint(painter, place, theme, subject, moment)
        line = subject.instruction
        z = _list(subject, moment.read(subject, line.operands["x"]), line.operands["x"])
        y = _list(subject, moment.made(subject, line.writes[0]), line.writes[0])
        at = subject.cell[-1] if subject.cell else 0
        powers = None
        heading = "exp(z)"
        if z is not None:
            # The largest is taken out first, as the kernel does: the shares stay, nothing overflows.
            shift = float(z.max()) if float(np.abs(z).max()) > 30 else 0.0
            powers = np.exp(z - shift)
            heading = tr("exp(z), together {total}", total=format_number(float(powers.sum()), 3))
            if shift:
                heading = tr("exp(z − {top}), together {total}", top=format_number(shift, 2),
                             total=format_number(float(powers.sum()), 3))  # fmt: skip
        _chart(painter, theme, place.plots[0], "z", z, at, None)
        _chart(painter, theme, place.plots[1], heading, powers, at, theme.tx2)
        _chart(painter, theme, place.plots[2], tr("share of the sum"), y, at, theme.fwd, top=1.0)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("Shares of the sum")


class Loss(_WithBars):
    """Predictions beside targets, and what each sample adds to the loss."""

    name = "loss"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """Losses of each sample, their mean, and their gradient with respect to the prediction."""
        line = subject.instruction
        if line.op == "batch_mean":
            return line.phase == "loss" and line.writes[0] == "loss"
        if not {"p", "t"} <= set(line.operands):
            return False
        return line.phase in ("loss", "backward") and not line.writes[0].startswith("metrics/")

    def _rows(self, subject: Subject) -> str:
        """The tensor with one loss for each sample."""
        line = subject.instruction
        if line.op == "batch_mean":
            return line.operands["x"]
        if line.phase == "loss":
            return line.writes[0]
        p = line.operands["p"]
        for one in subject.program.instructions:
            if one.phase == "loss" and one.operands.get("p") == p and one.writes[0].startswith("loss"):  # fmt: skip
                return one.writes[0]
        return ""

    def _pair(self, subject: Subject) -> tuple[str, str]:
        """The prediction and the target."""
        line = subject.instruction
        if "p" in line.operands:
            return line.operands["p"], line.operands["t"]
        for one in subject.program.instructions:
            if one.writes and one.writes[0] == line.operands["x"] and "p" in one.operands:
                return one.operands["p"], one.operands["t"]
        return "", ""

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs."""
        more = (*self._pair(subject), self._rows(subject))
        return tuple(dict.fromkeys((*super().tensors(subject), *(n for n in more if n))))

    def charts(self, subject: Subject) -> tuple[float, ...]:
        """The sample's list on the left, all samples on the right."""
        return (0.42, 0.58)

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Bars:
        """Place the charts; each sample's bar can be clicked."""
        place = super().layout(subject, size, view)
        x, y, w, h = place.plots[1]
        step = _step(w, subject.rows)
        samples = tuple(
            Hit(f"sample:{k}", "sample", "", (k,), (x + k * step, y + 20, step, h - 20))
            for k in range(subject.rows)
        )
        return replace(place, hits=replace(place.hits, items=(*place.hits.items, *samples)))

    def describe(self, place: Board, hit: Hit, subject: Subject, moment: Moment) -> tuple[str, ...]:
        """Lines of the tooltip: the loss of a sample, or what the general close-up says."""
        if hit.kind != "sample":
            return super().describe(place, hit, subject, moment)
        return (tr("Sample {row}: click to look at it", row=hit.index[0] + 1),)

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        assert isinstance(place, Bars)
        super().paint(painter, place, theme, subject, moment)
        p, t = self._pair(subject)
        at = subject.cell[-1] if subject.cell else 0
        backward = subject.instruction.phase == "backward"
        if p:
            predicted = _list(subject, moment.read(subject, p), p)
            target = _target(subject, moment, t, predicted)
            last = predicted.size if predicted is not None else 0
            if last <= _MANY:
                words = tr("prediction, and target as a mark")
                if not backward:
                    # A loss is of the whole list: the number that counts most is the target's.
                    at = int(np.argmax(target)) if target is not None and target.size else 0
                _chart(
                    painter, theme, place.plots[0], words, predicted, at, theme.fwd, marks=target
                )
        rows = self._rows(subject)
        made = rows in subject.instruction.writes
        losses = (
            moment.made(subject, rows) if made else moment.read(subject, rows) if rows else None
        )
        if losses is not None:
            losses = losses.reshape(len(losses), -1).sum(axis=1) if losses.ndim > 1 else losses
        _columns(painter, theme, place.plots[1], losses, subject.row)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("What each sample adds to the loss")


def _list(subject: Subject, array: np.ndarray | None, tensor: str) -> np.ndarray | None:
    """The list along the last axis that the chosen number is part of."""
    if array is None:
        return None
    if subject.info(tensor).batch:
        array = array[min(subject.row, len(array) - 1)]
    inner = subject.cell[: array.ndim - 1] if len(subject.cell) >= array.ndim - 1 else ()
    for k in (*inner, *([0] * (array.ndim - 1 - len(inner)))):
        array = array[min(k, len(array) - 1)]
    return np.atleast_1d(np.asarray(array, np.float64))


def _target(
    subject: Subject, moment: Moment, tensor: str, predicted: np.ndarray | None
) -> np.ndarray | None:
    """Targets as numbers beside the predictions: a label is 1 at its class."""
    found = _list(subject, moment.read(subject, tensor), tensor)
    if found is None or predicted is None:
        return None
    if found.size == predicted.size and predicted.size > 1:
        return found
    if predicted.size == 1:
        return found[:1]
    label = float(found[0])
    if not label.is_integer() or not 0 <= label < predicted.size:
        return None
    one = np.zeros(predicted.size)
    one[int(label)] = 1.0
    return one


def _chart(
    painter: QPainter, theme: Theme, rect: tuple[float, float, float, float], words: str,
    values: np.ndarray | None, at: int, color: QColor | None, *, top: float = 0.0,
    marks: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Horizontal bars with their numbers; `color` None colours by sign; `marks` are strokes across the bars."""
    x, y, w, h = rect
    draw.text(painter, x, y + 12, draw.elide(words, 11, w), 11, theme.tx2, weight=600)
    if values is None or not values.size:
        draw.text(painter, x, y + 34, "…", 12, theme.bwd, mono=True)
        return
    row = min(24.0, (h - 22) / values.size)
    finite = np.abs(values[np.isfinite(values)])
    every = [float(finite.max()) if finite.size else 1.0, top]
    if marks is not None and marks.size:
        every.append(float(np.abs(marks).max()))
    span = max(every) or 1.0
    signed = bool((values < 0).any()) or (marks is not None and bool((marks < 0).any()))
    number = 56.0
    head = 22.0
    left, room = x + head, w - head - number - 6
    zero = left + room / 2 if signed else left
    scale = (room / 2 if signed else room) / span
    for k, value in enumerate(values.tolist()):
        top_y = y + 20 + k * row
        if k == at:
            draw.fill(painter, x - 4, top_y, w + 8, row, theme.selbg, 3)
        if row >= 10:
            middle = top_y + row / 2 + 4
            draw.text(
                painter, x + head - 8, middle, str(k + 1), 10, theme.tx3, mono=True, anchor="end"
            )
        if np.isfinite(value):
            length = abs(value) * scale
            ink = color if color is not None else theme.pos if value >= 0 else theme.neg
            start = zero if value >= 0 else zero - length
            inset = min(3.0, row * 0.15)
            draw.fill(painter, start, top_y + inset, max(length, 1.0), row - 2 * inset, ink)
        if marks is not None and k < marks.size:
            mark = zero + float(marks[k]) * scale
            painter.setPen(QPen(theme.tx, 2.0))
            painter.drawLine(round(mark), round(top_y + 1), round(mark), round(top_y + row - 1))
        if row >= 10:
            shown = format_number(value, 4)
            draw.text(
                painter, x + w, top_y + row / 2 + 4, shown, 10.5, theme.tx, mono=True, anchor="end"
            )
    painter.fillRect(QRectF(zero, y + 20, 1, row * values.size), theme.line2)


def _step(width: float, count: int) -> float:
    """Room for the bar of a sample."""
    return min(width / max(1, count), 48.0)


def _columns(
    painter: QPainter, theme: Theme, rect: tuple[float, float, float, float],
    losses: np.ndarray | None, row: int,
) -> None:  # fmt: skip
    """A bar for each sample, the shown one lit, and a line at the mean."""
    x, y, w, h = rect
    if losses is None or not losses.size:
        draw.text(painter, x, y + 12, tr("loss of each sample"), 11, theme.tx2, weight=600)
        draw.text(painter, x, y + 34, "…", 12, theme.bwd, mono=True)
        return
    finite = losses[np.isfinite(losses)]
    mean = float(finite.mean()) if finite.size else float("nan")
    own = float(losses[min(row, len(losses) - 1)])
    words = tr("loss of each sample; this one {own}, mean {mean}",
               own=format_number(own, 4), mean=format_number(mean, 4))  # fmt: skip
    draw.text(painter, x, y + 12, draw.elide(words, 11, w), 11, theme.tx2, weight=600)
    # Losses may be below 0, as that of the cosine similarity: the bars hang down from the line then.
    high = max(0.0, float(finite.max())) if finite.size else 1.0
    low = min(0.0, float(finite.min())) if finite.size else 0.0
    bottom, room = y + h - 14, h - 40
    span = max(high - low, 1e-12)
    base = bottom + low / span * room
    step = _step(w, len(losses))
    for k, value in enumerate(losses.tolist()):
        if not np.isfinite(value):
            continue
        length = max(1.0, abs(value) / span * room)
        ink = theme.loss if k == row else draw.faded(theme.loss, 0.4)
        gap = min(2.0, step * 0.15)
        upper = base - length if value >= 0 else base
        draw.fill(painter, x + k * step + gap, upper, max(1.0, step - 2 * gap), length, ink)
    draw.line(painter, x, base, x + w, base, theme.line2)
    if mean == mean:
        level = base - mean / span * room
        pen = QPen(theme.tx, 1.25)
        pen.setDashPattern([4.0, 3.0])
        painter.setPen(pen)
        painter.drawLine(round(x), round(level), round(x + w), round(level))
    draw.text(painter, x, bottom + 12, tr("sample 1"), 10, theme.tx3)
    draw.text(painter, x + w, bottom + 12, str(len(losses)), 10, theme.tx3, mono=True, anchor="end")


register(Softmax())
register(Loss())
