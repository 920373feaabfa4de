"""The general close-up: every operand and result as a heat map. It fits every instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes.closeups import Moment, Subject, board, register, terms
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups.board import Board
    from app.scenes.frame import ViewState
    from app.scenes.hits import Hit
    from app.theme import Theme


class Operands:
    """All tensors of an instruction; other close-ups take from it what they do not do themselves."""

    name = "operands"
    rank = 0

    def fits(self, subject: Subject) -> bool:
        """Whether it has something to show: always."""
        return True

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """Name the tensors it needs."""
        every = (*board.operands_of(subject), *board.results_of(subject))
        return tuple(dict.fromkeys(tensor for _, tensor in every))

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> Board:
        """Place the tensors."""
        names = [(role, tensor, False) for role, tensor in board.operands_of(subject)]
        names += [(role, tensor, True) for role, tensor in board.results_of(subject)]
        return board.board(subject, size, view, board.slots_of(subject, view, names))

    def paint(
        self, painter: QPainter, place: Board, theme: Theme, subject: Subject, moment: Moment
    ) -> None:
        """Draw one moment."""
        vmaxes = board.scales(subject, place, moment)
        shared = moment.toggles.get("scale") == "shared"
        vmax = next(iter(vmaxes.values()), 1.0) if shared else None
        board.header(painter, theme, place, subject, moment, vmax)
        board.paint_panels(painter, theme, place, subject, moment, vmaxes)
        board.paint_marks(painter, theme, place, subject, moment)
        terms.paint(painter, place.footer, theme, subject, moment)

    def describe(self, place: Board, hit: Hit, subject: Subject, moment: Moment) -> tuple[str, ...]:
        """Lines of the tooltip."""
        return board.describe(place, hit, subject, moment)

    def title(self, subject: Subject) -> str:
        """What is shown."""
        return tr("Operands and results")

    def duration(self, subject: Subject) -> float:
        """Nothing moves."""
        return 0.0


register(Operands())
