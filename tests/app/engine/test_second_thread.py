"""When training in the window takes the second thread."""

from __future__ import annotations

import pytest

from app.engine.second_thread import SecondThread

SLICE = 0.016


def settled(second: SecondThread, alone: float, together: float, slices: int = 400) -> list[int]:
    """How many threads took part in each slice, where a step takes so long by one and by two."""
    taken = []
    for _ in range(slices):
        threads = second.wanted("max")
        taken.append(threads)
        a_step = together if threads == 2 else alone
        second.count(threads, max(1, int(SLICE / a_step)), max(SLICE, a_step))
    return taken


def test_it_takes_part_where_steps_are_faster_so() -> None:
    taken = settled(SecondThread(2, 2), alone=0.002, together=0.0012)
    assert taken[0] == 1
    assert taken[200:].count(2) > 180


@pytest.mark.parametrize("together", [0.00195, 0.003])
def test_it_rests_where_it_saves_little_or_nothing(together: float) -> None:
    taken = settled(SecondThread(2, 2), alone=0.002, together=together)
    assert taken[20:].count(2) < 20
    assert 2 in taken[20:], "it is tried again now and then"


def test_it_changes_its_mind_when_the_window_has_more_to_paint() -> None:
    second = SecondThread(2, 2)
    assert settled(second, 0.002, 0.0012)[-50:].count(2) > 40
    assert settled(second, 0.002, 0.004)[-50:].count(1) > 40
    second.forget()
    assert second.wanted("max") == 1


def test_it_rests_at_a_given_speed_on_two_processors_only() -> None:
    assert SecondThread(2, 2).wanted("rate") == 1
    assert SecondThread(8, 2).wanted("rate") == 2


def test_one_thread_stays_one() -> None:
    second = SecondThread(1, 1)
    assert set(settled(second, 0.002, 0.001)) == {1}
