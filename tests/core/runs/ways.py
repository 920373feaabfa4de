"""The ways to come to a step: straight on, from a saved file, by stepping to and fro, by replaying the journal."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from core.runs import GRANULARITIES, Run
from tests.core.networks import differences, everything

STEPS = 50
CHANGES = {13: 0.004, 31: 0.03}
Make = Callable[[], Run]


def straight(run: Run, until: int) -> None:
    """Whole steps, with the changes of the learning rate a learner makes on the way."""
    while run.position.step < until:
        now = run.position.step
        if now in CHANGES and not any(e.step == now for e in run.journal.entries):
            run.set("learning_rate", CHANGES[now])
        following = min([k for k in CHANGES if k > now] + [until])
        assert run.advance(min(following, until) - now) > 0


def saved_and_loaded(make: Make) -> Run:
    """20 steps, a saved state, a new run that loads it, 30 steps."""
    saved, loaded = make(), make()
    straight(saved, 20)
    state, arrays = saved.save_state()
    loaded.load_state(state, {key: array.copy() for key, array in arrays.items()})
    assert differences(everything(saved), everything(loaded)) == []
    straight(loaded, STEPS)
    return loaded


def wandered(make: Make, moves: int = 60) -> Run:
    """Forwards and back by instructions, layers, batches and epochs, and at last to the same step."""
    run = make()
    choose = random.Random(7)
    furthest = 0
    for _ in range(moves):
        granularity = choose.choice(GRANULARITIES)
        now = run.position
        if now.pc == 0 and now.step in CHANGES and now.step >= furthest:
            run.set("learning_rate", CHANGES[now.step])
        if choose.random() < 0.6 and now.step < STEPS - 8:
            if granularity == "epoch" and any(now.step < k for k in CHANGES):
                granularity = "batch"
            run.step(granularity)
        else:
            run.step_back(granularity)
        furthest = max(furthest, run.position.step)
    if run.position.pc:
        run.step("batch")
    straight(run, STEPS)
    return run


def replayed(make: Make, of: Run) -> Run:
    """A new run that does what the journal of another says."""
    run = make()
    run.journal = of.journal.copy()
    while run.position.step < STEPS:
        run.advance(STEPS - run.position.step)
    return run


def all_the_same(make: Make, moves: int = 60) -> None:
    """50 steps = 20, saved and loaded, and 30 = random stepping = replay, byte for byte."""
    expected = make()
    straight(expected, STEPS)
    bits = everything(expected)
    assert all(np.isfinite(values).all() for values in expected.program.weights().values())
    loaded = saved_and_loaded(make)
    assert differences(bits, everything(loaded)) == []
    series = [run.history.series("loss").mean for run in (expected, loaded)]
    assert np.array_equal(*series)
    assert differences(bits, everything(wandered(make, moves))) == []
    assert differences(bits, everything(replayed(make, expected))) == []
