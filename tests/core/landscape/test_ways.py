"""Ways over surfaces: the optimizers' own steps, term by term; batches; what becomes of those who leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import landscape, optimizers, schedules
from core.errors import SettingError
from core.landscape import StoppedError, Surface, Trajectory, trajectory
from tests.core.golden import cases

COSINE = {"kind": "CosineDecay", "initial_learning_rate": 0.05, "decay_steps": 150}


def by_hand(
    surface: Surface, optimizer: Any, start: tuple[float, float], steps: int
) -> list[dict[str, Any]]:
    """The same steps with the optimizer's own class on arrays."""
    made = optimizers.get(optimizer)
    position = np.array(start, np.float64)[: len(surface.variables)]
    found = []
    for _ in range(steps):
        at = np.append(position, 0.0)[:2]
        gradient = surface.gradients(at)[: len(position)].copy()
        terms = made.apply_gradients([(gradient, position)])[0]
        found.append({"position": position.copy(), **made._shared, **terms})
    return found


@pytest.mark.parametrize("key", [*cases.OPTIMIZERS, "scheduled"])
@pytest.mark.parametrize("name", ["beale", "valley", "non-convex-curve"])
def test_every_optimizer_makes_its_own_steps(key: str, name: str) -> None:
    config = cases.OPTIMIZERS.get(key, {"kind": "Nadam", "learning_rate": COSINE})
    if config["kind"] == "SGD":
        # These are steep.
        config = {**config, "learning_rate": config["learning_rate"] / 50}
    surface, steps = landscape.surface(name), 200
    found = trajectory(surface, config, surface.start, steps)
    wanted = by_hand(surface, config, surface.start, steps)
    axes = len(surface.variables)
    assert found.left is None
    positions = np.array([step["position"] for step in wanted])
    np.testing.assert_allclose(found.positions[1:, :axes], positions, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found.positions[:, axes:], 0.0)
    np.testing.assert_allclose(
        found.losses, surface.values(found.positions), rtol=1e-13, atol=1e-13
    )
    np.testing.assert_allclose(
        found.gradients, surface.gradients(found.positions), rtol=1e-12, atol=1e-12
    )
    for term in set(wanted[0]) - {"position"}:
        theirs = np.array([step[term] for step in wanted])
        ours = found.terms[term] if theirs.ndim == 1 else found.terms[term][:, :axes]
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12, err_msg=term)
    assert set(found.terms) == {"g", "rate", "keep", *wanted[0]} - {"position"}


@pytest.mark.parametrize("name", schedules.names())
@pytest.mark.parametrize("batch", [None, 5])
def test_rates_are_those_of_the_schedule(name: str, batch: int | None) -> None:
    schedule = schedules.Schedule.kinds[name].example(0.1, 60, 60)
    surface = landscape.surface("linear-regression", scaled=True)
    found = trajectory(
        surface,
        {"kind": "SGD", "learning_rate": schedule.to_document()},
        (0, 0),
        80,
        batch_size=batch,
    )
    # 24 samples: an epoch begins with the step that takes the first of them.
    count = [k * batch // 24 if batch else k for k in range(80)]
    wanted = [schedule(k if schedule.clock == "step" else count[k]) for k in range(80)]
    np.testing.assert_allclose(found.terms["rate"], wanted, rtol=1e-12, atol=1e-15)


def test_without_bias_correction_averages_are_taken_as_they_are() -> None:
    surface = landscape.surface("beale")
    for kind in ("Adam", "AdamW", "Adamax", "Nadam"):
        config = {"kind": kind, "learning_rate": 0.01}
        plain = trajectory(surface, config, surface.start, 50, bias_correction=False)
        usual = trajectory(surface, config, surface.start, 50)
        assert not np.allclose(plain.positions, usual.positions)
        terms = plain.terms
        if kind == "Nadam":
            np.testing.assert_allclose(terms["v_corrected"], terms["v"])
            continue
        np.testing.assert_array_equal(terms["effective_rate"], 0.01)
        below = terms["u"] if kind == "Adamax" else np.sqrt(terms["v"])
        np.testing.assert_allclose(terms["step"], -0.01 * terms["m"] / (below + 1e-7), rtol=1e-12)
    same = [
        trajectory(surface, "RMSprop", surface.start, 9, bias_correction=flag).positions
        for flag in (True, False)
    ]
    np.testing.assert_array_equal(*same)


@pytest.mark.parametrize(
    "config",
    [
        {"kind": "SGD", "learning_rate": 0.1},
        {"kind": "Adam", "learning_rate": 0.1},
        {"kind": "SGD", "learning_rate": COSINE, "momentum": 0.9, "clipnorm": 1.0},
    ],
)
def test_all_who_share_a_seed_see_the_same_batches(config: dict[str, Any]) -> None:
    surface = landscape.surface("logistic-regression", scaled=True)
    found = trajectory(surface, config, surface.start, 100, batch_size=5, seed=7)
    other = trajectory(surface, "Lion", (0.0, 0.0), 100, batch_size=5, seed=7)
    assert found.batches is not None
    assert other.batches is not None
    np.testing.assert_array_equal(found.batches, other.batches)
    third = trajectory(surface, "Lion", (0.0, 0.0), 100, batch_size=5, seed=8)
    assert not np.array_equal(third.batches, found.batches)
    # One order for all batch sizes; each epoch holds every sample once.
    single = trajectory(surface, "Lion", (0.0, 0.0), 500, batch_size=1, seed=7)
    assert single.batches is not None
    np.testing.assert_array_equal(single.batches.ravel(), found.batches.ravel())
    for epoch in range(15):
        order = single.batches[32 * epoch : 32 * (epoch + 1), 0]
        np.testing.assert_array_equal(np.sort(order), np.arange(32))


def test_gradients_are_those_of_the_batch_and_losses_those_of_all() -> None:
    surface = landscape.surface("linear-regression")
    assert surface.samples is not None
    u, t = surface.samples.u, surface.samples.t
    found = trajectory(
        surface, {"kind": "SGD", "learning_rate": 0.001}, surface.start, 60, batch_size=6
    )
    assert found.batches is not None
    for k, rows in enumerate(found.batches):
        w, b = found.positions[k]
        error = w * u[rows] + b - t[rows]
        wanted = [(2 * error * u[rows]).mean(), (2 * error).mean()]
        np.testing.assert_allclose(found.gradients[k], wanted, rtol=1e-12)
    np.testing.assert_allclose(found.losses, surface.values(found.positions), rtol=1e-12)
    np.testing.assert_allclose(
        found.gradients[-1], surface.gradients(found.positions[-1]), rtol=1e-12
    )
    everything = trajectory(surface, "SGD", surface.start, 5, batch_size=24)
    assert everything.batches is None
    assert trajectory(landscape.surface("bowl"), "SGD", (1, 1), 5, batch_size=2).batches is None


def test_clipping_is_of_both_axes_together() -> None:
    surface = landscape.surface("cliff")
    way = {"kind": "SGD", "learning_rate": 0.3}
    free = trajectory(surface, way, surface.start, 60)
    held = trajectory(surface, {**way, "clipnorm": 1.0}, surface.start, 60)
    assert free.positions[:, 0].min() < -10
    assert held.positions[:, 0].min() >= -3
    lengths = np.linalg.norm(held.terms["g"], axis=1)
    np.testing.assert_allclose(
        lengths, np.minimum(np.linalg.norm(held.gradients[:-1], axis=1), 1.0)
    )
    together = trajectory(surface, {**way, "global_clipnorm": 1.0}, surface.start, 60)
    np.testing.assert_array_equal(together.positions, held.positions)


def gone(found: Trajectory, why: str) -> int:
    assert found.why == why
    assert found.left is not None
    assert np.isfinite(found.losses[: found.left]).all()
    assert np.isfinite(found.positions[: found.left]).all()
    assert np.isnan(found.losses[found.left :]).all()
    assert np.isnan(found.positions[found.left + 1 :]).all()
    assert np.isnan(found.terms["step"][found.left :]).all()
    assert np.isnan(found.terms["rate"][found.left :]).all()
    return found.left


def test_absurd_rates_diverge_and_say_so() -> None:
    surface = landscape.surface("rosenbrock")
    found = trajectory(surface, {"kind": "SGD", "learning_rate": 5.0}, surface.start, 50)
    left = gone(found, "diverged")
    assert 0 < left < 10
    assert np.isnan(found.positions[left]).all()
    assert gone(
        trajectory(landscape.surface("saddle"), {"kind": "SGD", "learning_rate": 1}, (1, 1), 99),
        "diverged",
    )
    over = landscape.formula("exp(x^2)")
    assert (
        gone(trajectory(over, {"kind": "SGD", "learning_rate": 10.0}, (2, 0), 99), "diverged") == 1
    )


def test_who_goes_into_a_hole_is_marked_where() -> None:
    surface = landscape.formula("x - log(x) + y^2", domain=((0.1, 3), (-1, 1)))
    found = trajectory(surface, {"kind": "SGD", "learning_rate": 0.9}, (0.6, 0.5), 50)
    found_there = trajectory(surface, {"kind": "SGD", "learning_rate": 8.0}, (2.0, 0.0), 50)
    assert found.left is None
    left = gone(found_there, "hole")
    assert found_there.positions[left, 0] < 0
    assert gone(trajectory(surface, "SGD", (-1, 0), 5), "hole") == 0


def test_a_curve_stays_a_curve_without_epsilon() -> None:
    surface = landscape.surface("convex-curve")
    found = trajectory(
        surface, {"kind": "Adam", "epsilon": 0.0, "learning_rate": 0.1}, (2.0, 5.0), 30
    )
    assert found.left is None
    np.testing.assert_array_equal(found.positions[:, 1], 0.0)


def test_long_ways_are_made_of_chunks_and_can_be_left_off() -> None:
    surface = landscape.surface("linear-regression", scaled=True)
    asked = []

    def go_on() -> bool:
        asked.append(1)
        return len(asked) < 3

    config = {"kind": "Adam", "learning_rate": 0.01}
    whole = trajectory(surface, config, surface.start, 5001, batch_size=4)
    short = trajectory(surface, config, surface.start, 2100, batch_size=4)
    np.testing.assert_array_equal(whole.positions[:2101], short.positions)
    np.testing.assert_array_equal(whole.terms["m"][:2100], short.terms["m"])
    with pytest.raises(StoppedError):
        trajectory(surface, config, surface.start, 9000, go_on=go_on)
    assert len(asked) == 3


def test_an_optimizer_that_has_worked_begins_anew_and_is_left_alone() -> None:
    surface = landscape.surface("bowl")
    made = optimizers.Adam(0.1)
    variable = np.ones(2)
    for _ in range(5):
        made.apply_gradients([(variable.copy(), variable)])
    found = trajectory(surface, made, (1, 1), 5)
    np.testing.assert_array_equal(
        found.positions, trajectory(surface, optimizers.Adam(0.1), (1, 1), 5).positions
    )
    assert made.iterations == 5
    assert not found.positions.flags.writeable


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"optimizer": "Adma"}, "Did you mean 'Adam'"),
        ({"start": (np.nan, 0)}, "two numbers"),
        ({"start": (1,)}, "two numbers"),
        ({"start": 3}, "two numbers"),
        ({"steps": -1}, "steps must be"),
        ({"steps": 10**9}, "from 0 to 100,000"),
        ({"steps": 1.5}, "steps must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_run_is_refused(change: dict[str, Any], sentence: str) -> None:
    given = {"optimizer": "SGD", "start": (1, 1), "steps": 3, **change}
    with pytest.raises(SettingError, match=sentence):
        trajectory(
            landscape.surface("bowl"),
            given.pop("optimizer"),
            given.pop("start"),
            given.pop("steps"),
            **given,
        )


def test_no_steps_are_a_start() -> None:
    found = trajectory(landscape.surface("bowl"), "Adam", (1, 2), 0)
    assert found.positions.tolist() == [[1, 2]]
    assert found.losses.tolist() == [5]
    assert found.gradients.tolist() == [[2, 4]]


def test_what_an_optimizer_computes_with_is_shared_by_its_ways_and_by_no_others() -> None:
    surface = landscape.surface("beale")
    adam = {"kind": "Adam", "learning_rate": 0.08}
    one = landscape.trajectory(surface, adam, (1.0, 1.0), 60)
    other = landscape.trajectory(surface, dict(adam), (2.0, 1.0), 60)
    assert np.shares_memory(one.terms["rate"], other.terms["rate"])
    for way in (one, other):
        assert not any(term.flags.writeable for term in way.terms.values())
    # Rates that fall, no correction, other lengths: nothing of it is taken for the other.
    falling = {
        **adam, "learning_rate": {"kind": "ExponentialDecay", "initial_learning_rate": 0.08, "decay_steps": 10,
                                  "decay_rate": 0.5},
    }  # fmt: skip
    fallen = landscape.trajectory(surface, falling, (1.0, 1.0), 60)
    assert fallen.terms["rate"][0] == one.terms["rate"][0]
    assert fallen.terms["rate"][-1] < 0.1 * one.terms["rate"][-1]
    bare = landscape.trajectory(surface, adam, (1.0, 1.0), 60, bias_correction=False)
    assert not np.array_equal(bare.positions[1], one.positions[1])
    assert len(landscape.trajectory(surface, adam, (1.0, 1.0), 61).terms["rate"]) == 61
    # Whoever is gone takes nothing from those who come after.
    fast = {"kind": "SGD", "learning_rate": 1.0}
    gone = landscape.trajectory(surface, fast, (3.0, 3.0), 60)
    assert gone.left is not None
    assert np.isnan(gone.terms["rate"][gone.left :]).all()
    stays = landscape.trajectory(surface, fast, (3.0, 0.5), 60)
    assert np.isfinite(stays.terms["rate"]).all()
    again = landscape.trajectory(surface, adam, (1.0, 1.0), 60)
    assert np.array_equal(again.positions, one.positions)
    assert all(np.array_equal(again.terms[name], term) for name, term in one.terms.items())
