"""Marks of what was put in by hand, on cells of every size."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from app import theme as themes
from app.scenes import whatif_marks
from app.scenes.closeups.arrangement import arrange
from app.scenes.closeups.panels import Panel, PanelHits, Slot
from app.scenes.step_values import Reader
from app.snapshots import ProgramView, Snapshot, TensorView, WhatIfEdit, WhatIfView
from tests.app.scenes.fixtures import Position

THEME = themes.THEMES["dark"]
NAME, SIZE = "layer/kernel", 20


def reader(changed: np.ndarray, by_hand: tuple[tuple[int, int], ...] = ()) -> Reader:
    """A weight of which some numbers are others than before."""
    before = np.full((SIZE, SIZE), np.nan, np.float32)
    before[::2] = 1.0
    now = np.where(changed, 7.0, before).astype(np.float32)
    program = ProgramView(0, (), {NAME: TensorView(NAME, (SIZE, SIZE), role="weight")})
    whatif = WhatIfView(
        0,
        tuple(WhatIfEdit(NAME, cell, 1.0, 7.0, True) for cell in by_hand),
        MappingProxyType({NAME: before}),
    )
    values = MappingProxyType({NAME: now})
    return Reader(Snapshot(1, Position(), values, program=program, whatif=whatif), 0)


def hits(side: float) -> PanelHits:
    panel = Panel(Slot(NAME, "w", False, arrange((SIZE, SIZE))), 10, 10, (side, side), 0, 1, 1, 0)
    return PanelHits((), (panel,))


def painted(side: float, shown: Reader) -> np.ndarray:
    """Where the marks' colour is: a truth value for each pixel."""
    image = QImage(420, 420, QImage.Format.Format_RGB32)
    image.fill(QColor(0, 0, 0))
    painter = QPainter(image)
    whatif_marks.paint_cells(painter, hits(side), THEME, shown, [NAME])
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).reshape(420, 420) & 0xFFFFFF > 0x202020


@pytest.mark.parametrize("side", [20.0, 12.0, 8.0, 5.0, 3.0, 1.0, 0.5])
def test_a_number_put_in_by_hand_is_seen_at_its_cell_whatever_its_size(side):
    changed = np.zeros((SIZE, SIZE), bool)
    changed[6, 9] = True
    found = painted(side, reader(changed, ((6, 9),)))
    assert found.sum() >= 12
    rows, columns = np.nonzero(found)
    x, y = 10 + 9.5 * side, 10 + 6.5 * side
    reach = max(side, whatif_marks.FRAME) / 2 + 2
    assert abs(columns - x).max() <= reach
    assert abs(rows - y).max() <= reach


@pytest.mark.parametrize("side", [4.0, 2.0])
def test_small_cells_that_follow_are_outlined_and_keep_their_colours(side):
    changed = np.zeros((SIZE, SIZE), bool)
    changed[5:15, 4:12] = True
    found = painted(side, reader(changed, ((0, 0),)))
    left, top, right, bottom = (round(10 + side * k) for k in (4, 5, 12, 15))
    assert found[top, left:right].all()
    assert found[top:bottom, left].all()
    assert not found[top + 2 : bottom - 1, left + 2 : right - 1].any()


def test_cells_with_room_have_a_corner_each():
    changed = np.zeros((SIZE, SIZE), bool)
    changed[5, [4, 8]] = True
    found = painted(8.0, reader(changed, ((19, 19),)))
    for column in (4, 8):
        corner = found[50:58, 10 + 8 * column : 18 + 8 * column]
        assert 2 <= corner.sum() <= 16
        assert corner[0, 5:].all()


def test_a_ragged_crowd_is_boxed_instead_of_drawn_line_by_line(monkeypatch):
    monkeypatch.setattr(whatif_marks, "MOST_EDGES", 100)
    changed = np.indices((SIZE, SIZE)).sum(0) % 2 == 0
    found = painted(4.0, reader(changed, ((0, 1),)))
    assert found[10, 10:90].all()
    assert not found[20:80, 20:80].any()
