"""Dropout: which numbers the mask silences, and by how much the others grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF
from PySide6.QtGui import QPen

from app.scenes import draw
from app.scenes.closeups import Moment, Subject, board, register
from app.scenes.closeups.operands import Operands
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.closeups.panels import Panel
    from app.theme import Theme

_DRAWN = ("dropout_mask", "shared_dropout_mask")
#: Crosses are drawn in cells of at least this size; smaller ones are dark enough.
_CROSSED = 6.0


def mask_of(subject: Subject) -> tuple[str, float] | None:
    """Return the mask an instruction draws or multiplies by, and the rate at which it silences."""
    line, names = subject.instruction, {*subject.instruction.operands.values()}
    if line.op not in (*_DRAWN, "multiply"):
        return None
    for one in subject.program.instructions:
        if one.op in _DRAWN and (one.index == line.index or one.writes[0] in names):
            return one.writes[0], float(one.attributes.get("rate", 0.0))
    return None


class Dropout(Operands):
    """The tensors with what is silenced crossed out."""

    name = "dropout"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """The mask, and the products with it, forward and backward."""
        return mask_of(subject) is not None

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        super().paint(painter, place, theme, subject, moment)
        found = mask_of(subject)
        assert found is not None
        name, rate = found
        drawn = name in subject.instruction.writes
        whole = moment.made(subject, name) if drawn else moment.read(subject, name)
        if whole is None:
            return
        shape = tuple(subject.info(name).shape)
        for panel in place.panels:
            if tuple(subject.info(panel.tensor).shape) != shape:
                continue
            mask = whole[min(panel.slot.row, len(whole) - 1)] if panel.slot.row is not None else whole  # fmt: skip
            if mask.shape == panel.slot.arrangement.shape:
                _cross(painter, theme, panel, panel.slot.arrangement.spread(mask) == 0)
        own = whole[min(subject.row, len(whole) - 1)] if subject.info(name).batch else whole
        silent, count = int((own == 0).sum()), int(own.size)
        words = tr(
            "{silent} of {count} are silenced ({share} %; on average {rate} %). The others count "
            "1 / (1 − {chance}) = {factor} times, so that their sum stays about the same.",
            silent=silent, count=count, share=f"{100 * silent / max(1, count):.0f}", rate=f"{100 * rate:g}",
            chance=f"{rate:g}", factor=draw.plain(1 / (1 - rate) if rate < 1 else 0.0, 3),
        )  # fmt: skip
        width = place.size[0] - 2 * board.PAD
        y = place.footer.y - 12
        lines = _wrapped(words, width)
        for k, line in enumerate(lines):
            draw.text(painter, board.PAD, y - 16 * (len(lines) - 1 - k), line, 12, theme.tx2)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("What the mask silences")


def _cross(painter: QPainter, theme: Theme, panel: Panel, silent: np.ndarray) -> None:
    """Cross out the silenced cells."""
    w, h = panel.cell
    if min(w, h) < _CROSSED:
        return
    painter.setPen(QPen(theme.err, 1.25))
    inset = max(1.5, min(w, h) * 0.18)
    for tile in range(panel.first, panel.first + panel.count):
        for i, j in np.argwhere(silent[tile]).tolist():
            rect = panel.rect_of(tile, i, j)
            if rect is None:
                continue
            x, y, *_ = rect
            painter.drawLine(QLineF(x + inset, y + h - inset, x + w - inset, y + inset))


def _wrapped(words: str, width: float) -> list[str]:
    lines = [""]
    for word in words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if draw.advance(longer, 12) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


register(Dropout())
