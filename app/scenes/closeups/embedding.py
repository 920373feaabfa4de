"""An embedding: each token's number leads to its row of the table; backwards the gradient comes back to that row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPen

from app.scenes import draw
from app.scenes.closeups import Moment, Subject, board, register, terms
from app.scenes.closeups.arrangement import Arrangement, arrange
from app.scenes.closeups.board import HEAD, PAD
from app.scenes.closeups.operands import Operands
from app.scenes.closeups.panels import CAPTION, NUMBERED, Panel, Slot
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.theme import Theme

_GAP = 44.0


class Embedding(Operands):
    """Tokens, table and rows side by side, with the ways between them."""

    name = "embedding"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """Looking up, and its gradient, for lists of tokens."""
        line = subject.instruction
        if line.op not in ("embed", "embed_grad"):
            return False
        return len(subject.info(line.operands["x"]).shape) == 1

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Board:
        """Place them from left to right in the direction in which the numbers go."""
        line = subject.instruction
        width, height = size
        low = terms.height_for(height)
        x = line.operands["x"]
        role = "table" if line.op == "embed" else "dy"
        middle = (role, line.operands[role], False)
        order = (("x", x, False), middle, ("y", line.writes[0], True))
        slots = []
        for role, tensor, result in order:
            info = subject.info(tensor)
            shape = tuple(info.shape)
            a = Arrangement(shape, down=(0,)) if len(shape) == 1 else arrange(shape)
            row = subject.row if info.batch else None
            slots.append(Slot(tensor, role, result, a, row, info.batch))
        room_w, room_h = width - 2 * PAD - 2 * _GAP - 56, height - low - HEAD - 16 - CAPTION
        panels, left = [], PAD
        for k, slot in enumerate(slots):
            a = slot.arrangement
            w = 56.0 if k == 0 else min(NUMBERED[0][0], room_w / 2 / a.width)
            h = min(NUMBERED[1][1], room_h / a.height)
            digits = next((d for nw, nh, d in NUMBERED if w >= nw and h >= nh), 0.0)
            top = HEAD + 4 + CAPTION + (room_h - a.height * h) / 2
            panels.append(Panel(slot, left, top, (w, h), digits, 1, 1, 0))
            left += a.width * w + _GAP
        shift = max(0.0, (width - PAD - (left - _GAP)) / 2)
        placed = tuple(Panel(p.slot, p.x + shift, p.y, p.cell, p.digits, 1, 1, 0) for p in panels)
        return board.board(subject, size, view, tuple(slots), placed)

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        super().paint(painter, place, theme, subject, moment)
        tokens, other, result = place.panels
        ids = board.array_of(subject, tokens, moment)
        if ids is None:
            return
        table = other if subject.instruction.op == "embed" else result
        chosen = subject.cell[0] if subject.cell else 0
        for t, token in enumerate(np.asarray(ids).astype(np.int64).tolist()):
            if not 0 <= token < table.slot.arrangement.height:
                continue
            lit = (t == chosen) if table is other else (token == chosen)
            if table is other:
                _way(painter, theme, tokens, t, other, token, lit)
                _way(painter, theme, other, token, result, t, lit)
            else:
                _way(painter, theme, tokens, t, other, t, lit)
                _way(painter, theme, other, t, result, token, lit)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("Each token and its row of the table")


def _way(
    painter: QPainter, theme: Theme, start: Panel, i: int, end: Panel, j: int, lit: bool
) -> None:
    """A curve from the right end of one row to the left end of another."""
    x, y, w, _ = start.rect
    a = QPointF(x + w + 2, y + (i + 0.5) * start.cell[1])
    b = QPointF(end.x - 2, end.y + (j + 0.5) * end.cell[1])
    path = QPainterPath(a)
    middle = (a.x() + b.x()) / 2
    path.cubicTo(QPointF(middle, a.y()), QPointF(middle, b.y()), b)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    color = theme.bwd if end.tensor.startswith("grad/") else theme.fwd
    painter.setPen(QPen(color if lit else draw.faded(theme.tx3, 0.6), 1.75 if lit else 1.0))
    painter.drawPath(path)


register(Embedding())
