"""Marks on a picture of a what-if copy: corners on numbers that are others than they would be, frames by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from app.scenes.formula_expressions import format_number
from app.scenes.step_values import alias_names, cell_id, parse_cell
from app.text import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.scenes.closeups.panels import Panel
    from app.scenes.hits import HitIndex
    from app.scenes.step_values import Reader
    from app.theme import Theme

# Of more cells than these only the tensors are marked: the picture is a heat map then.
MOST = 3000
MOST_CELLS = 256
# Cells of a heat map that are smaller have no room for a corner: what has changed is outlined as a whole.
SMALLEST = 5.0
CORNER = 6.0
# A frame around a number put in by hand is at least so large, whatever the size of its cell.
FRAME = 7.0
# An outline of more edges than this would be a picture of its own: a box around all of it says as much.
MOST_EDGES = 3000


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
    left, fine, by_hand = MOST_CELLS, tuple(_fine(hits)), []
    for name in names:
        panels = [panel for panel in fine if panel.tensor == name]
        if panels:
            cells = np.array(reader.changed_cells(name, None), np.int32)
            for panel in panels if len(cells) else ():
                _outline(painter, theme, _edges(panel, _shown(panel, cells, reader.row)))
            by_hand += [
                hit.rect for index in reader.cells_by_hand(name)
                if (hit := hits.get(cell_id(name, index))) is not None
            ]  # fmt: skip
            continue
        small: list[tuple[float, ...]] = []
        for index in reader.changed_cells(name, left):
            left -= 1
            hit = hits.get(cell_id(name, index))
            # A place that turns a page goes by the name of a cell, too.
            if hit is None or hit.kind == "turn":
                continue
            if reader.by_hand(name, index):
                by_hand.append(hit.rect)
            if min(hit.rect[2:]) < SMALLEST:
                small.append(hit.rect)
            else:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                _corner(painter, theme, QRectF(*hit.rect))
        _outline(painter, theme, _around(small))
    for rect in by_hand:
        _frame(painter, theme, QRectF(*rect))
    painter.restore()


def _fine(hits: HitIndex) -> Iterator[Panel]:
    """Yield the heat maps of a picture whose cells are too small for a corner."""
    for panel in getattr(hits, "panels", ()):
        if min(panel.cell) < SMALLEST:
            yield panel


def _shown(panel: Panel, cells: np.ndarray, row: int) -> np.ndarray:
    """Return cells of a sample as a panel counts: where it shows the whole batch the sample comes first."""
    if panel.slot.batch and panel.slot.row is None:
        cells = np.concatenate([np.full((len(cells), 1), row, np.int32), cells], axis=1)
    return cells if cells.shape[1] == len(panel.slot.arrangement.shape) else cells[:0]


def _edges(panel: Panel, cells: np.ndarray) -> list[QLineF]:
    """Return the lines between cells that are given and cells that are not; of a ragged crowd a box around it."""
    a, (w, h) = panel.slot.arrangement, panel.cell
    if not len(cells):
        return []
    tiles, rows, columns = a.places(cells)
    lines: list[QLineF] = []
    for tile in range(panel.first, panel.first + panel.count):
        own, corner = tiles == tile, panel.tile_at(tile)
        if corner is None or not own.any():
            continue
        x, y = corner
        there = np.zeros((a.height + 2, a.width + 2), bool)
        there[rows[own] + 1, columns[own] + 1] = True
        across = np.argwhere(there[1:] != there[:-1])
        down = np.argwhere(there[:, 1:] != there[:, :-1])
        if len(across) + len(down) > MOST_EDGES:
            (top, left), (bottom, right) = (
                (f(rows[own]), f(columns[own])) for f in (np.min, np.max)
            )
            box = (x + left * w, y + top * h, (right + 1 - left) * w, (bottom + 1 - top) * h)
            lines += _around([tuple(float(side) for side in box)])
            continue
        lines += [
            QLineF(x + (j - 1) * w, y + i * h, x + j * w, y + i * h) for i, j in across.tolist()
        ]
        lines += [
            QLineF(x + j * w, y + (i - 1) * h, x + j * w, y + i * h) for i, j in down.tolist()
        ]
    return lines


def _around(rects: Iterable[tuple[float, ...]]) -> list[QLineF]:
    """Return the outline of rectangles of one grid: the sides that no two of them share."""
    sides: dict[tuple[int, ...], QLineF | None] = {}
    for x, y, w, h in rects:
        for line in (
            QLineF(x, y, x + w, y), QLineF(x, y + h, x + w, y + h),
            QLineF(x, y, x, y + h), QLineF(x + w, y, x + w, y + h),
        ):  # fmt: skip
            key = tuple(round(8 * k) for k in (line.x1(), line.y1(), line.x2(), line.y2()))
            sides[key] = None if key in sides else line
    return [line for line in sides.values() if line is not None]


def _outline(painter: QPainter, theme: Theme, lines: list[QLineF]) -> None:
    if lines:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(theme.loss, 1.0))
        painter.drawLines(lines)


def _frame(painter: QPainter, theme: Theme, rect: QRectF) -> None:
    """Frame a number that was put in by hand: around its cell where that is too small to be seen."""
    more = [max(0.0, FRAME - side) / 2 for side in (rect.width(), rect.height())]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.loss, 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(-more[0], -more[1], *more))


def _corner(painter: QPainter, theme: Theme, rect: QRectF) -> None:
    size = min(CORNER, 0.43 * rect.height(), 0.43 * rect.width())
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
