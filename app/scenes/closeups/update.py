"""An optimizer's update of one weight: every term of its rule with its numbers, and the whole weight as heat maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes import draw
from app.scenes.closeups import register
from app.scenes.closeups.update_layout import MARGIN, UpdateLayout, placed
from app.scenes.closeups.update_paint import (
    map_values,
    paint_map,
    paint_row,
    paint_way,
    rate_of,
    scales_of,
)
from app.scenes.closeups.update_terms import is_update, lines, terms, words
from app.scenes.formula_expressions import format_number
from app.scenes.hits import Hit
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from app.scenes.closeups import Index, Moment, Subject
    from app.scenes.frame import ViewState
    from app.theme import Theme


class Update:
    """The close-up of an optimizer's update."""

    name = "update"
    rank = 30

    def fits(self, subject: Subject) -> bool:
        """Updates of weights."""
        return is_update(subject)

    def tensors(self, subject: Subject) -> tuple[str, ...]:
        """The weight, its gradient, what is remembered of both, and the numbers all weights share."""
        shared = [
            n
            for n in ("optimizer/mean_correction", "optimizer/square_correction")
            if n in subject.program.tensors
        ]
        return (*dict.fromkeys(subject.instruction.operands.values()), *shared)

    def title(self, subject: Subject) -> str:
        """The optimizer's name, and whose number."""
        weight = subject.info(subject.instruction.operands["w"]).symbol
        return tr(
            "{optimizer} moves {weight}",
            optimizer=subject.instruction.attributes["optimizer"],
            weight=_cell_name(weight, subject.cell),
        )

    def duration(self, subject: Subject) -> float:
        """The weight travels for a moment."""
        return 0.5

    def layout(self, subject: Subject, size: tuple[float, float], view: ViewState) -> UpdateLayout:
        """Lines under each other, the way of the weight at the foot, heat maps at the right."""
        weight = subject.instruction.operands["w"]
        shape = subject.info(weight).shape
        slots = tuple(
            (key, name) for key, name in subject.instruction.results.items() if key != "y"
        )
        return placed(lines(subject), weight, shape, slots, size)

    def paint(
        self,
        painter: QPainter,
        place: UpdateLayout,
        theme: Theme,
        subject: Subject,
        moment: Moment,
    ) -> None:
        """Draw every term with its numbers."""
        width, _ = place.size
        draw.text(
            painter,
            MARGIN,
            26,
            draw.elide(self.title(subject), 13, width - 2 * MARGIN, 600),
            13,
            theme.tx,
            weight=600,
        )
        found = terms(subject, moment)
        draw.text(
            painter,
            MARGIN,
            43,
            draw.elide(words(subject, found), 11.5, width - 2 * MARGIN),
            11.5,
            theme.tx2,
        )
        scales = scales_of(found)
        rate = rate_of(found)
        by_name = {id(term.line): term for term in found}
        for row in place.rows:
            term = by_name.get(id(row.line)) or next(t for t in found if t.line == row.line)
            paint_row(painter, place, theme, row, term, scales, rate, moment)
        paint_way(painter, place, theme, found[-1], moment, self.duration(subject))
        for one in place.maps:
            paint_map(painter, theme, one, subject, moment)

    def describe(
        self, place: UpdateLayout, hit: Hit, subject: Subject, moment: Moment
    ) -> tuple[str, ...]:
        """The numbers of a cell."""
        weight = subject.instruction.operands["w"]
        found = [_cell_name(subject.info(weight).symbol, hit.index)]
        for one in place.maps:
            values = map_values(one.key, subject, moment)
            if values is not None and len(hit.index) == values.ndim:
                found.append(f"{one.title}: {format_number(float(values[hit.index]), 6)}")
        return tuple(found)


def _cell_name(symbol: str, cell: Index) -> str:
    return f"{symbol}[{', '.join(str(k + 1) for k in cell)}]" if cell else symbol


register(Update())
