"""A matrix product: the row of one matrix meets the column of the other where its result stands; the sum builds up.

The first matrix lies to the left of the result and the second one above it (Falk's scheme), so that row, column and
number are in line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF

from app.scenes import draw
from app.scenes.closeups import Moment, Subject, board, heat, register, terms
from app.scenes.closeups.arrangement import Arrangement
from app.scenes.closeups.board import HEAD, PAD
from app.scenes.closeups.operands import Operands
from app.scenes.closeups.panels import CAPTION, NUMBERED, Panel, Slot
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.theme import Theme

#: Operands of the first and the second matrix, and which of the two is turned.
_SIDES = {
    "matmul": ("x", "w", ""),
    "matmul_weight_grad": ("x", "dy", "x"),
    "matmul_input_grad": ("dy", "w", "w"),
}
#: Longer rows and larger results are shown by the general close-up.
_LONGEST, _LARGEST = 96, 96
#: Seconds a term takes, and the most that all of them may take.
_TERM, _ALL = 0.3, 3.0


class Product(Operands):
    """Row times column."""

    name = "product"
    rank = 10

    def fits(self, subject: Subject) -> bool:
        """Products of matrices whose rows can be read."""
        sides = _SIDES.get(subject.instruction.op)
        if sides is None:
            return False
        shapes = [self._shape(subject, subject.instruction.operands[side]) for side in sides[:2]]
        result = self._shape(subject, subject.instruction.writes[0])
        if any(len(shape) > 2 for shape in (*shapes, result)):
            return False
        return self._length(subject) <= _LONGEST and max(result) <= _LARGEST

    def _shape(self, subject: Subject, tensor: str) -> tuple[int, ...]:
        """The matrix a tensor is: a list is one row, of several samples summed over there is a row for each."""
        info = subject.info(tensor)
        shape = tuple(info.shape)
        if self._summed(subject) and info.batch:
            return (subject.rows, *shape)
        return shape if len(shape) != 1 else (1, *shape)

    def _summed(self, subject: Subject) -> bool:
        return subject.instruction.op == "matmul_weight_grad"

    def _length(self, subject: Subject) -> int:
        """How many products are added."""
        first, _, turned = _SIDES[subject.instruction.op]
        shape = self._shape(subject, subject.instruction.operands[first])
        return shape[0] if turned == first else shape[1]

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Board:
        """Place the first matrix left of the result, the second above."""
        columns = view.option("notation", "rows") == "columns"
        line = subject.instruction
        sides = _SIDES[line.op]
        first, second = (self._slot(subject, view, role, sides[2] == role) for role in sides[:2])
        result = self._slot(subject, view, "", False)
        if columns:
            # (A B)ᵀ = Bᵀ Aᵀ: the two change places and all are turned.
            first, second = _turned(second), _turned(first)
            result = _turned(result)
        width, height = size
        low = terms.height_for(height)
        panels = _falk(
            first, second, result, PAD, HEAD + 4, width - 2 * PAD, height - low - HEAD - 14
        )
        return board.board(subject, size, view, (), panels)

    def _slot(self, subject: Subject, view: ViewState, role: str, turned: bool) -> Slot:
        """One of the three as a table."""
        line = subject.instruction
        tensor = line.operands[role] if role else line.writes[0]
        info = subject.info(tensor)
        shape = tuple(info.shape)
        every = info.batch and subject.rows > 1 and len(shape) == 1 and (
            self._summed(subject) or view.option("rows") == "batch"
        )  # fmt: skip
        if every:
            shape = (subject.rows, *shape)
        row = subject.row if info.batch and not every else None
        a = Arrangement(shape, (), (0,), (1,)) if len(shape) == 2 else Arrangement(shape, across=(0,))  # fmt: skip
        slot = Slot(tensor, role, not role, a, row, info.batch)
        return _turned(slot) if turned else slot

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment: while the sum builds up only the products added so far."""
        vmaxes = board.scales(subject, place, moment)
        shared = moment.toggles.get("scale") == "shared"
        vmax = next(iter(vmaxes.values()), 1.0) if shared else None
        board.header(painter, theme, place, subject, moment, vmax)
        board.paint_panels(painter, theme, place, subject, moment, vmaxes)
        board.paint_marks(painter, theme, place, subject, moment)
        upto = self._upto(subject, moment)
        if upto is not None and moment.origin is not None:
            self._growing(painter, place, theme, subject, moment, upto)
        terms.paint(painter, place.footer, theme, subject, moment, upto)

    def _upto(self, subject: Subject, moment: Moment) -> int | None:
        """How many products have been added by now, or None when all have."""
        duration = self.duration(subject)
        if moment.clock >= duration:
            return None
        return int(moment.clock / duration * (self._length(subject) + 1))

    def _growing(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment, upto: int
    ) -> None:  # fmt: skip
        """Mark the two factors that are being multiplied, and write the sum so far over the result."""
        origin = moment.origin
        assert origin is not None
        now: dict[str, np.ndarray] = {}
        if origin.terms:
            at = min(upto, len(origin.terms)) - 1
            if at >= 0:
                cells = terms.cells_of(origin.terms[at])
                now = {name: np.asarray(own, np.int32) for name, own in cells.items()}
            self._so_far(
                painter, place, theme, subject, sum(t.value for t in origin.terms[: at + 1])
            )
        else:
            # Sums of two are no table; what they read says where the factors are.
            now = {name: own[max(0, upto - 1) : upto] for name, own in origin.sources.items()}
        for panel in place.panels:
            if panel.tensor in now and not panel.slot.result:
                here = heat.marked(panel, now[panel.tensor])
                heat.mark(painter, theme, panel, heat.Marks(here, theme.tx, width=2.5))

    def _so_far(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, partial: float
    ) -> None:
        """Write the sum of what was added until now where the result will stand."""
        panel = place.panel(subject.tensor, True)
        hit = panel.find(subject.cell, subject.row) if panel is not None else None
        if panel is None or hit is None:
            return
        x, y, w, h = hit.rect
        painter.fillRect(QRectF(x, y, w, h), theme.bg2)
        if panel.digits:
            string = heat.number(partial, w, panel.digits)
            draw.text(
                painter,
                x + w / 2,
                y + h / 2 + 4,
                string,
                panel.digits,
                theme.tx,
                mono=True,
                anchor="middle",
            )

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("Row times column")

    def duration(self, subject: Subject) -> float:
        """As long as the sum takes to build up."""
        return min(_ALL, _TERM * (self._length(subject) + 1))


def _turned(slot: Slot) -> Slot:
    a = slot.arrangement
    return Slot(
        slot.tensor, slot.role, slot.result, Arrangement(a.shape, a.tiled, a.across, a.down),
        slot.row, slot.batch,
    )  # fmt: skip


def _split(first: int, second: int, room: float, most: float, digits: float) -> tuple[float, ...]:
    """Sides of the cells of two tables in line: as large as there is room, the one with few cells first."""
    few, many = sorted((first, second))
    side = min(most, room / (first + second))
    if side < digits and few * digits < room * 0.7:
        # Where not all can have numbers, those with few cells do.
        side = digits
    other = min(most, max(0.2, (room - few * side) / many))
    side = min(most, max(side, (room - many * other) / few))
    sides = (side, other) if first <= second else (other, side)
    return tuple(float(int(s)) if s >= 3 else s for s in sides)


def _falk(
    first: Slot, second: Slot, result: Slot, x: float, y: float, width: float, height: float
) -> tuple[Panel, ...]:
    a, b, c = first.arrangement, second.arrangement, result.arrangement
    gap_x, gap_y = 28.0, CAPTION + 12.0
    most_w, most_h, _ = NUMBERED[0]
    least_w, least_h, _ = NUMBERED[-1]
    wa, wc = _split(a.width, c.width, width - gap_x, most_w, least_w)
    hb, hc = _split(b.height, c.height, height - gap_y - CAPTION, most_h, least_h)
    total_w = a.width * wa + gap_x + c.width * wc
    total_h = CAPTION + b.height * hb + gap_y + c.height * hc
    left, top = x + max(0.0, (width - total_w) / 2), y + max(0.0, (height - total_h) / 2)
    cx, cy = left + a.width * wa + gap_x, top + CAPTION + b.height * hb + gap_y

    def panel(slot: Slot, px: float, py: float, w: float, h: float) -> Panel:
        digits = next((d for nw, nh, d in NUMBERED if w >= nw and h >= nh), 0.0)
        return Panel(slot, px, py, (w, h), digits, 1, 1, 0)

    return (
        panel(first, left, cy, wa, hc), panel(second, cx, top + CAPTION, wc, hb), panel(result, cx, cy, wc, hc),
    )  # fmt: skip


register(Product())
