from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF

from app.build.layout import Layout

LAYOUTS = st.builds(Layout.wrapped, st.integers(0, 40), st.floats(100, 4000))


def test_the_mockups_canvas_holds_five_blocks_in_a_row() -> None:
    layout = Layout.wrapped(10, 844)
    assert layout.columns == 5
    assert layout.corner(1) == QPointF(188, 32)
    assert layout.corner(5) == QPointF(26, 296)


@given(LAYOUTS)
def test_blocks_do_not_touch(layout: Layout) -> None:
    rects = [layout.rect(k) for k in range(layout.count)]
    for k, rect in enumerate(rects):
        assert layout.size().contains(rect)
        assert not any(rect.intersects(other) for other in rects[k + 1 :])


@given(LAYOUTS)
def test_wires_run_from_block_to_block(layout: Layout) -> None:
    for k in range(layout.count - 1):
        wire = layout.wire(k)
        start, end = wire.pointAtPercent(0), wire.currentPosition()
        assert start.x() == pytest.approx(layout.rect(k).right())
        assert end.x() == pytest.approx(layout.rect(k + 1).left())


@given(LAYOUTS, st.integers(0, 40))
def test_a_drop_on_a_block_takes_its_place(layout: Layout, index: int) -> None:
    if index < layout.count:
        assert layout.place(layout.rect(index).center()) == index


@given(LAYOUTS, st.floats(-500, 5000), st.floats(-500, 5000))
def test_every_point_is_some_place(layout: Layout, x: float, y: float) -> None:
    assert 0 <= layout.place(QPointF(x, y)) <= layout.count
