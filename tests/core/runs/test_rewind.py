"""A long run is rewound to any step with the bits that were there, over every kind of change, in bounded memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import blake2b

import numpy as np
import pytest

import core
from core import layers, optimizers
from core.model.running import CHECKPOINTS
from core.runs import Run
from core.runs.checkpoints import Checkpoints
from tests.core.networks import RUNS


def digest(run: Run) -> bytes:
    """Of everything the next step depends on: weights, slots, statistics, scalars, running sums, the machine."""
    found = blake2b(run.program.mem[: run.program.plan.state].tobytes(), digest_size=16)
    found.update(run.program.state.tobytes())
    return found.digest()


def change(run: Run, choose: random.Random) -> None:
    """Something a learner or a callback does."""
    weights = run.program.weights()
    name = choose.choice(sorted(weights))
    kind = choose.randrange(5)
    if kind == 0:
        run.set("learning_rate", choose.uniform(0.001, 0.02))
    elif kind == 1:
        run.set_weight(name, (0,) * weights[name].ndim, choose.uniform(0, 0.5))
    elif kind == 2:
        run.replace_weights({name: weights[name] * 0.9})
    elif kind == 3:
        run.shuffle(choose.random() < 0.5)
    else:
        run.use(run.plain)


def forward(run: Run, steps: int, budget: int, changes: int) -> list[bytes]:
    """The digest after every step, changes at its boundary included."""
    choose = random.Random(3)
    first = run.checkpoints.before(0)
    assert first is not None
    run.checkpoints = Checkpoints(budget)
    run.checkpoints.add(first)
    seen = [digest(run)]
    while run.step_count < steps:
        if choose.random() < changes / steps:
            change(run, choose)
            seen[-1] = digest(run)
        assert run.advance(1) == 1
        seen.append(digest(run))
        assert run.checkpoints.nbytes <= max(budget, 3 * first.nbytes)
    return seen


def rewound(make: Callable[[], Run], steps: int, places: int, kept: int, changes: int = 12) -> None:
    """There and back again to so many steps drawn at random, with room for `kept` checkpoints."""
    run = make()
    first = run.checkpoints.before(0)
    assert first is not None
    seen = forward(run, steps, kept * first.nbytes, changes)
    assert len(run.journal) >= changes // 3
    draw = random.Random(8)
    for step in draw.sample(range(steps + 1), places):
        run.seek(step)
        assert run.step_count == step
        assert digest(run) == seen[step], f"other bits after step {step}"
        assert run.checkpoints.nbytes <= kept * first.nbytes
    # The same at full speed, and from a file.
    journal = run.journal.copy()
    run.seek(steps)
    state, arrays = run.save_state()
    fast, loaded = make(), make()
    fast.journal = journal
    while fast.step_count < steps:
        assert fast.advance(steps - fast.step_count, epochs=1000)
    loaded.load_state(state, {name: array.copy() for name, array in arrays.items()})
    assert digest(fast) == digest(loaded) == digest(run) == seen[steps]
    step = draw.randrange(steps)
    loaded.seek(step)
    assert digest(loaded) == seen[step]


@pytest.mark.parametrize("name", sorted(RUNS))
def test_a_run_is_rewound_to_any_step(name: str) -> None:
    steps = {"partial": 4000, "mlp": 2500}.get(name, 400)
    rewound(RUNS[name], steps, 10, 12)


@pytest.mark.wide
def test_a_run_of_100_000_steps_is_rewound_to_any_of_50() -> None:
    rewound(RUNS["mlp"], 100_000, 50, 200, 150)


def test_checkpoints_thin_out_with_age_and_keep_the_first() -> None:
    run = RUNS["partial"]()
    first = run.checkpoints.before(0)
    assert first is not None
    kept = Checkpoints(20 * first.nbytes)
    for step in range(0, 1000, 2):
        kept.add(type(first)(step, first.memory, first.machine))
        assert kept.nbytes <= 20 * first.nbytes
    steps = kept.steps
    assert (steps[0], steps[-1], len(steps)) == (0, 998, 20)
    gaps = np.diff(steps)
    assert gaps[-1] <= 4
    assert gaps[:5].min() > gaps[-5:].max()


def test_a_model_keeps_its_past_in_less_memory_and_goes_back_with_the_same_bits() -> None:
    model = core.Sequential([core.Input((900,)), layers.Dense(900), layers.Dense(2)], seed=0)
    model.compile(optimizer=optimizers.Adam(), loss="mean_squared_error")
    x = np.random.default_rng(0).random((64, 900), dtype=np.float32)
    y = x[:, :2] * 2
    seen = {}
    for _ in range(20):
        model.fit(x, y, batch_size=1, epochs=1)
        seen[model.run.step_count] = digest(model.run)
    run = model.run
    one = run.checkpoints.before(run.base)
    assert one is not None
    assert CHECKPOINTS - one.nbytes < run.checkpoints.nbytes <= CHECKPOINTS
    for step in (run.base + 64 * 3, run.base + 64 * 11):
        run.seek(step)
        assert digest(run) == seen[step]
