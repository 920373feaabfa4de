"""Finding out whether two threads are faster, while working."""

from __future__ import annotations

import pytest

from core.tape.trial import Trial

PIECE = 0.016


def taken(trial: Trial, alone: float, together: float, pieces: int = 400) -> list[int]:
    """How many threads each piece of work takes, where a step takes so long by one and by two."""
    found = []
    for _ in range(pieces):
        found.append(trial.threads)
        a_step = together if trial.threads == 2 else alone
        trial.count(max(1, int(PIECE / a_step)), max(PIECE, a_step))
    return found


def test_two_where_they_are_faster_and_one_now_and_then_to_know() -> None:
    found = taken(Trial(), alone=0.002, together=0.0012)
    assert found[0] == 2
    assert 1 in found[1:10]
    assert 1 in found[50:]
    assert found[50:].count(2) > 0.9 * len(found[50:])


@pytest.mark.parametrize("together", [0.0023, 0.02])
def test_one_where_the_machine_has_no_time_for_the_second(together: float) -> None:
    found = taken(Trial(), alone=0.002, together=together)
    assert found[50:].count(1) > 0.9 * len(found[50:])
    assert 2 in found[50:]


def test_it_changes_its_mind_when_the_machine_does() -> None:
    trial = Trial()
    assert taken(trial, 0.002, 0.0012)[-50:].count(2) > 40
    assert taken(trial, 0.002, 0.004)[-50:].count(1) > 40
    assert taken(trial, 0.002, 0.0012)[-50:].count(2) > 40


def test_it_does_not_wait_long_when_its_way_becomes_slower_than_the_other_was() -> None:
    trial = Trial()
    taken(trial, 0.002, 0.0012, pieces=12)
    assert taken(trial, 0.002, 0.004, pieces=30)[-10:].count(1) == 10


def test_a_piece_without_steps_says_nothing() -> None:
    trial = Trial()
    trial.count(0, 5.0)
    assert trial.threads == 2


def test_the_first_step_says_nothing_of_the_threads_that_took_it() -> None:
    # It fetches weights and data and wakes the other thread: 40 times as long as those behind it.
    trial = Trial()
    trial.count(1, 0.08)
    found = taken(trial, alone=0.002, together=0.0012, pieces=40)
    assert found[8:].count(2) > 0.8 * len(found[8:])


def test_what_is_tried_is_tried_in_short_pieces() -> None:
    trial = Trial()
    sizes = []
    for _ in range(12):
        sizes.append(trial.most(1000))
        trial.count(sizes[-1], 0.002 * sizes[-1])
    assert sizes[0] == 1
    assert sizes[1:6] == [10, 10, 10, 10, 10]
    assert sizes[6] == 1000
    assert trial.most(3) == 3


@pytest.mark.parametrize("begin", range(20, 60, 3))
def test_a_moment_in_which_another_program_runs_does_not_cost_the_second_thread(begin: int) -> None:
    trial = Trial()
    taken(trial, alone=0.002, together=0.0012, pieces=begin)
    taken(trial, alone=0.002, together=0.004, pieces=3)
    after = taken(trial, alone=0.002, together=0.0012, pieces=60)
    assert after.count(2) > 0.8 * len(after)
