"""When training in the window takes the second thread."""

from __future__ import annotations

import pytest

from app.engine.second_thread import threads


@pytest.mark.parametrize(
    ("mode", "processors", "most", "expected"),
    [("rate", 2, 2, 1), ("max", 2, 2, 2), ("rate", 8, 2, 2), ("max", 1, 1, 1), ("max", 8, 1, 1)],
)
def test_it_rests_where_the_window_needs_the_other_processor(
    mode: str, processors: int, most: int, expected: int
) -> None:
    assert threads(mode, processors, most) == expected
