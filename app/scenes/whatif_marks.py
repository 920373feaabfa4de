"""Marks on a picture of a what-if copy: corners on numbers that are others than they would be, frames by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.scenes.formula_expressions import format_number
from app.scenes.step_values import alias_names, cell_id, parse_cell
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenes.hits import HitIndex
    from app.scenes.step_values import Reader
    from app.theme import Theme

# Of more cells than these only the tensors are marked: the picture is a heat map then.
MOST = 3000
MOST_CELLS = 256
# Smaller cells are pixels of a heat map: corners on them would hide it.
SMALLEST = 14.0
CORNER = 6.0


def paint(painter: QPainter, hits: HitIndex, theme: Theme, reader: Reader) -> None:
    """Mark the cells and tensors of a picture, whose hits are in its own pixels."""
    whatif = reader.snapshot.whatif if reader.snapshot is not None else None
    if whatif is None or not whatif.edits or len(hits.items) > MOST:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for hit in hits.items:
        if hit.kind == "cell":
            cell = parse_cell(hit.id)
            changed = cell is not None and reader.otherwise(*cell) is not None
            if cell is not None and reader.by_hand(*cell):
                painter.setPen(QPen(theme.loss, 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(*hit.rect), 3, 3)
        elif hit.kind == "tensor":
            name = hit.id.removeprefix("tensor:")
            fresh = reader.state(name) == "fresh"
            changed = fresh and any(n in whatif.before for n in alias_names(name))
        else:
            continue
        if changed:
            _corner(painter, theme, QRectF(*hit.rect))
    painter.restore()


def paint_cells(
    painter: QPainter, hits: HitIndex, theme: Theme, reader: Reader, names: Iterable[str]
) -> None:
    """Mark the changed numbers of some tensors where a picture has places for them: of large ones the first."""
    whatif = reader.snapshot.whatif if reader.snapshot is not None else None
    if whatif is None or not whatif.edits:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left = MOST_CELLS
    for name in names:
        for index in reader.changed_cells(name, left):
            left -= 1
            hit = hits.get(cell_id(name, index))
            if hit is None or min(hit.rect[2:]) < SMALLEST:
                continue
            rect = QRectF(*hit.rect)
            if reader.by_hand(name, index):
                painter.setPen(QPen(theme.loss, 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(rect)
            _corner(painter, theme, rect)
    painter.restore()


def _corner(painter: QPainter, theme: Theme, rect: QRectF) -> None:
    size = min(CORNER, rect.height() / 2, rect.width() / 2)
    at = rect.topRight()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.loss)
    painter.drawPolygon(QPolygonF([at - QPointF(size, 0), at, at + QPointF(0, size)]))


def words(reader: Reader, tensor: str, index: tuple[int, ...]) -> str:
    """What a tooltip adds to a number: what it would be otherwise; empty where that is the same."""
    old = reader.otherwise(tensor, index)
    if old is None:
        return ""
    if reader.by_hand(tensor, index):
        return tr(" (put in by hand; {old} otherwise)", old=format_number(old, 6))
    return tr(" ({old} without what was put in)", old=format_number(old, 6))
