"""The step scene: the network with its numbers, and the current instruction lit up in it.

Toggles of the frame: ``show`` ("weights", "gradients" or "both"), ``instruction`` (index of the instruction to light
up instead of the one done last), ``row`` (which sample of the batch is shown) and, in the view's options, ``notation``
("rows" or "columns") and ``loss`` (short name of the loss). The selection's ``node`` and ``hover`` hold cell ids.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QPainter, QRegion

from app.scenes import draw, registry, whatif_marks
from app.scenes.formula_expressions import format_number
from app.scenes.step_focus import Focus
from app.scenes.step_layout import layout
from app.scenes.step_paint import Brush, Piece, pieces, shown
from app.scenes.step_places import StepLayout
from app.scenes.step_seen import PENDING, Seen, see
from app.scenes.step_values import Reader, parse_cell
from app.snapshots import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenes.frame import Frame, ViewState
    from app.scenes.hits import Hit
    from app.snapshots import NetworkView
    from app.theme import Theme


class StepScene:
    """Numbers on neurons and weights of a small network, or blocks of tensors of a larger one."""

    name = "step"

    def layout(self, spec: NetworkView, size: tuple[float, float], view: ViewState) -> StepLayout:
        """Place everything."""
        return layout(spec, (int(size[0]), int(size[1])), view)

    def paint(self, painter: QPainter, place: StepLayout, theme: Theme, frame: Frame) -> None:
        """Draw one moment."""
        self.paint_seen(painter, place, theme, see(place, theme, frame))
        self.mark(painter, place, theme, frame)

    def see(self, place: StepLayout, theme: Theme, frame: Frame) -> Seen:
        """Gather what a moment shows, piece by piece."""
        return see(place, theme, frame)

    def paint_seen(
        self, painter: QPainter, place: StepLayout, theme: Theme, seen: Seen,
        region: QRegion | None = None,
    ) -> None:  # fmt: skip
        """Draw what was gathered, or of it what lies in a region of the picture."""
        size, ground = (
            QRect(0, 0, ceil(place.size[0]), ceil(place.size[1])),
            QRectF(0, 0, *place.size),
        )
        everything = QRegion(size) if region is None else region
        brush = Brush(painter, theme)

        def paint(clip: QRegion, part: QRegion, lines: bool) -> None:
            painter.save()
            if region is not None:
                painter.setClipRegion(clip)
            draw.prepare(painter, place.size)
            if lines:
                painter.fillRect(ground, theme.bg0)
            painter.scale(place.scale, place.scale)
            for piece, rect in _pieces(_Key(place)):
                if piece.is_line is lines and part.intersects(rect):
                    said = shown(piece, seen)
                    if said is not None:
                        piece.paint(brush, said)
            painter.restore()

        # To the last bit as if all was painted: lines come out a little different where the clip's bounds cut them,
        # letters where the clip is more than one rectangle.
        bounds = QRegion(QRect(size.topLeft(), QSize(1, 1))) + QRect(
            size.bottomRight(), QSize(1, 1)
        )
        paint(everything + bounds, everything, lines=True)
        for rect in cast("Iterable[QRect]", everything):
            paint(QRegion(rect), QRegion(rect), lines=False)

    def mark(self, painter: QPainter, place: StepLayout, theme: Theme, frame: Frame) -> None:
        """Mark what is other numbers than without those put in by hand."""
        reader = Reader(frame.snapshot, frame.toggles.get("row", 0))
        whatif_marks.paint(painter, place.hits, theme, reader)

    def changed(self, place: StepLayout, before: Seen, now: Seen) -> QRegion:
        """Return where a picture of one layout has to be drawn anew; the marks of a what-if copy are not asked."""
        region = QRegion()
        for piece, rect in _pieces(_Key(place)):
            if shown(piece, before) != shown(piece, now):
                region += rect
        return region

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
            names[f"grad/{block.id}/z"] = None
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


class _Key:
    """A layout by identity: layouts are cached, and comparing two takes longer than painting one."""

    def __init__(self, place: StepLayout) -> None:
        self.place = place

    def __hash__(self) -> int:
        return id(self.place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.place is self.place


@lru_cache(maxsize=8)
def _pieces(key: _Key) -> tuple[tuple[Piece, QRect], ...]:
    """The pieces of a layout, each with the pixels it lies in."""
    scale = key.place.scale
    found = []
    for piece in pieces(key.place):
        rect = piece.rect
        box = QRectF(
            rect.x() * scale, rect.y() * scale, rect.width() * scale, rect.height() * scale
        )
        found.append((piece, box.toAlignedRect()))
    return tuple(found)


SCENE = StepScene()
registry.register(SCENE)

__all__ = ["SCENE", "Focus", "StepScene"]
