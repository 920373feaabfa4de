"""Where numbers break whole steps leave what single instructions leave: the same place, values, past and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.errors import ChainruleError
from core.runs import Run
from core.spec import Network
from tests.core.networks import chain
from tests.core.runs.stepped import same_as_stepping
from tests.core.runs.test_every_layer import run_of

RELU = chain((3,), ("Dense", {"units": 4, "activation": "relu"}), ("Dense", {"units": 2}))


def gru(steps: int) -> Network:
    return chain((steps, 3), ("GRU", {"units": 8, "activation": "relu"}), ("Dense", {"units": 2}))


#: The loss tells of it one step late, several steps late (the first), or at once.
BREAK: dict[str, tuple[Network, dict[str, Any]]] = {
    "behind the loss": (RELU, {"kind": "Adam", "learning_rate": 1e8}),
    "in the loss": (RELU, {"kind": "SGD", "learning_rate": 1e6}),
    "in the last instruction": (RELU, {"kind": "Adam", "learning_rate": 1482787.0493192489}),
    "forwards through time": (gru(4), {"kind": "SGD", "learning_rate": 30.0}),
    "a longer way": (gru(7), {"kind": "SGD", "learning_rate": 30.0}),
    "with momentum": (gru(4), {"kind": "SGD", "learning_rate": 300.0, "momentum": 0.9}),
}


def made(name: str) -> Run:
    network, optimizer = BREAK[name]
    return run_of(network, None, optimizer)


def stepped(name: str) -> Run:
    run = made(name)
    while run.divergence is None:
        run.step("instruction")
    return run


def whole(name: str, at_once: int = 40) -> Run:
    run = made(name)
    while run.divergence is None:
        run.advance(at_once)
    return run


def values(run: Run) -> dict[str, np.ndarray]:
    return {name: run.program.tensor(name).copy() for name in run.program.tensors}


@pytest.mark.parametrize("name", BREAK)
@pytest.mark.parametrize("at_once", [1, 40])
def test_whole_steps_end_where_single_instructions_do(name: str, at_once: int) -> None:
    run, slow = whole(name, at_once), stepped(name)
    assert run.divergence == slow.divergence
    assert run.position == slow.position
    found, expected = values(run), values(slow)
    # What the broken step has not come to yet is that of the step before.
    others = [
        key for key in expected if not np.array_equal(found[key], expected[key], equal_nan=True)
    ]
    assert others == []
    assert run.history.length == slow.history.length
    last = slow.history.length
    assert run.checkpoints.steps[-1] <= last
    asked: list[Callable[[Run], object]] = [
        lambda one: one.seek(last + 1),
        lambda one: one.branch(last + 1),
    ]
    for ask in asked:
        for one in (run, slow):
            with pytest.raises(ChainruleError, match=f"from step 0 to step {last}; it"):
                ask(one)
    for one in (run, slow):
        assert one.seek(last)
        assert one.divergence is None
        one.advance(1)
        assert one.divergence is not None or one.step_count == last + 1


def test_what_an_optimizer_remembers_may_be_all_that_breaks() -> None:
    run = run_of(RELU, None, {"kind": "Adagrad", "learning_rate": 1e8})
    assert run.read(40).stopped is not None
    assert run.divergence is not None
    kernel, remembered = run.program.instructions[run.divergence.instruction].writes
    assert np.isfinite(run.program.tensor(kernel)).all()
    assert np.isinf(run.program.tensor(remembered)).any()
    assert run.divergence.sentence.startswith("A value became infinite in step 2,")


def test_steps_that_were_done_before_the_break_was_found_do_not_count() -> None:
    run = made("behind the loss")
    done = run.advance(4)
    assert (done, run.step_count) == (1, 1)
    assert run.history.length == 1


def test_an_instruction_behind_the_break_goes_back_to_it() -> None:
    run = made("behind the loss")
    run.advance(3)
    assert (run.step_count, run.divergence) == (3, None)
    while run.divergence is None:
        run.step("instruction")
    assert run.divergence == stepped("behind the loss").divergence
    assert run.position == stepped("behind the loss").position


def test_changes_behind_the_break_are_forgotten() -> None:
    run = made("behind the loss")
    run.advance(2)
    run.set("learning_rate", 1e7)
    while run.divergence is None:
        run.advance(1)
    assert run.step_count == 1
    assert len(run.journal.entries) == 0


def test_a_raised_stop_flag_does_not_keep_the_break_from_being_found() -> None:
    run = made("behind the loss")
    run.advance(2)
    run.program.control[0] = 1
    run._locate(2)
    assert run.divergence == stepped("behind the loss").divergence
    assert run.program.control[0] == 1


@pytest.mark.parametrize("name", BREAK)
def test_reading_ends_with_the_broken_step(name: str) -> None:
    slow, run = stepped(name), made(name)
    place = slow.divergence
    assert place is not None
    found = run.read(40)
    assert (found.steps, found.stopped) == (range(place.step + 1), place.instruction + 1)
    assert (run.divergence, run.position) == (place, slow.position)
    slow.seek(0)
    same_as_stepping(found, slow)
    expected = [*[None] * place.step, place.instruction + 1]
    # A step that is read by itself is broken, too, before a later loss tells of it.
    assert [part.stopped for part in made(name).reading(40, part=1)] == expected
    exactly = made(name).read(place.step + 1)
    assert (exactly.steps, exactly.stopped) == (found.steps, found.stopped)
    if place.step:
        assert made(name).read(place.step).stopped is None
