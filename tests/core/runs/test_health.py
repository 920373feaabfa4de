"""What a run says of the health of its layers, against NumPy; and its records, which time does not change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import losses
from core.errors import ChainruleError
from core.ops.base import operation
from core.runs import Run
from core.runs.recording import CAPACITY, MEASURES, Health, HealthLog
from core.runs.samples import prepare
from core.spec import Network, Training
from tests.core.networks import chain

NAN = float("nan")
MLP = chain(
    (6,),
    ("Dense", {"units": 16, "activation": "relu"}),
    ("Dense", {"units": 9, "activation": "tanh", "kernel_initializer": {
        "class_name": "RandomNormal", "config": {"stddev": 3.0}}}),
    ("BatchNormalization", {}),
    ("Dense", {"units": 4, "activation": "sigmoid", "trainable": False}),
    ("Dense", {"units": 3, "activation": "softmax"}),
)  # fmt: skip
CNN = chain(
    (7, 6, 2),
    ("Conv2D", {"filters": 8, "kernel_size": 3}),
    ("ReLU", {}),
    ("MaxPooling2D", {"pool_size": 2}),
    ("Flatten", {}),
    ("Dense", {"units": 8, "activation": "relu6"}),
    ("Dense", {"units": 3, "activation": "sigmoid"}),
)
RNN = chain(
    (5, 3),
    ("SimpleRNN", {"units": 6, "activation": "relu", "return_sequences": True}),
    ("LSTM", {"units": 4}),
    ("Dense", {"units": 3, "activation": "softmax"}),
)


def run_of(network: Network, samples: int = 22, **more: Any) -> Run:
    rng = np.random.default_rng(4)
    training = Training(
        optimizer={"kind": "Adam", "learning_rate": 0.02}, batch_size=8, seed=2,
        loss="sparse_categorical_crossentropy", **more,
    )  # fmt: skip
    shape = tuple(network.layers[0].config["shape"])
    x = rng.normal(size=(samples, *shape))
    y = rng.integers(0, 3, samples)
    return Run(network, training, samples=prepare(x, y, losses.get(training.loss), 3))


def norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum((a.astype(np.float64) ** 2).sum() for a in arrays))) if arrays else NAN


def by_hand(run: Run, before: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """The measures of each layer, with NumPy and from the tape's tensors."""
    program = run.program
    outputs = {t.name for t in program.tape.outputs.values()}
    found: dict[str, list[float]] = {}
    for layer in dict.fromkeys(row.layer for row in program.tape.inspection.rows):
        slots = [s for s in program.tape.weights if s.layer == layer and s.weight.trainable]
        names = [s.tensor.name for s in slots if s.learns]
        gradient = norm([program.tensor(f"grad/{name}") for name in names])
        weight = norm([program.tensor(s.tensor.name) for s in slots])
        moved = norm([program.tensor(name).astype(np.float64) - before[name] for name in names])
        ratio = moved / norm([before[name] for name in names]) if names else NAN
        units: dict[str, np.ndarray] = {}
        reached = total = 0
        for ins in program.tape.instructions:
            if ins.layer != layer or ins.phase != "forward":
                continue
            value, rule = program.tensor(ins.output.name), operation(ins.op)
            if ins.op in ("relu", "relu6"):
                name = "/".join(p for p in ins.output.name.split("/") if not p.isdigit())
                off = (value.reshape(-1, value.shape[-1]) == 0).all(0)
                units[name] = units.get(name, True) & off
            elif ins.op in ("tanh", "sigmoid") and ins.output.name not in outputs:
                middle = value if ins.op == "tanh" else 2 * value - 1
                reached, total = reached + int((np.abs(middle) > 0.97).sum()), total + value.size
                assert rule.limits is not None
        dead = float(np.concatenate(list(units.values())).mean()) if units else NAN
        values = [gradient, weight, ratio, dead, reached / total if total else NAN]
        if not np.isnan(values).all():
            found[layer] = values
    return found


@pytest.mark.parametrize("network", [MLP, CNN, RNN], ids=["mlp", "cnn", "rnn"])
@pytest.mark.parametrize("steps", [1, 3, 11])
def test_it_is_what_numpy_finds(network: Network, steps: int) -> None:
    # Of three batches the last has fewer samples.
    run = run_of(network)
    while run.step_count < steps - 1:
        run.advance(steps - 1 - run.step_count)
    before = {k: v.astype(np.float64) for k, v in run.program.weights().items()}
    run.advance(1)
    expected, health = by_hand(run, before), run.health()
    assert health.layers == tuple(expected)
    for layer, values in expected.items():
        given = list(health[layer].values())
        assert given == pytest.approx(values, rel=1e-6, nan_ok=True), layer
    assert health.step == steps


def test_something_dies_and_something_is_saturated() -> None:
    """So that the test before compares more than zeros."""
    run = run_of(MLP)
    run.program.tensor("dense_1/bias")[:5] = -100
    run.program.tensor("dense_1/bias")[5:] = 100
    run.advance(1)
    assert run.health()["dense_1"]["dead"] == pytest.approx(5 / 16)
    assert run.health()["dense_2"]["saturated"] > 0.5
    assert np.isnan(run.health()["dense_2"]["dead"])
    # The output's own activation is meant to be sure.
    assert np.isnan(run.health()["dense_4"]["saturated"])


def test_what_is_frozen_or_not_yet_computed_is_not_a_number() -> None:
    run = run_of(MLP)
    fresh = run.health()
    assert np.isnan(fresh.of("gradient_norm")).all()
    assert np.isnan(fresh.of("update_ratio")).all()
    assert np.isnan(fresh.of("saturated")).all()
    assert (fresh.of("weight_norm") > 0).all()
    assert fresh.learns.tolist() == [True, True, True, False, True]
    kinds = [ins.op for ins in run.program.tape.instructions]
    for _ in range(kinds.index("relu") + 1):
        run.step("instruction")
    assert run.health()["dense_1"]["dead"] >= 0
    assert np.isnan(run.health()["dense_2"]["saturated"])
    run.advance(2)
    after = run.health()
    assert np.isnan(after["dense_3"]["gradient_norm"])
    assert after["dense_1"]["update_ratio"] > 0
    run.step("instruction")
    # Of a step that was begun nobody knows yet how far it will go.
    assert np.isnan(run.health()["dense_1"]["update_ratio"])
    assert "dense_1" in repr(after)
    with pytest.raises(ChainruleError, match="dense_1"):
        after["dense1"]
    with pytest.raises(ChainruleError, match="Did you mean 'dead'"):
        after.of("deat")


def test_measuring_changes_nothing() -> None:
    quiet, asked = run_of(MLP), run_of(MLP)
    for _ in range(9):
        quiet.advance(1)
        asked.advance(1)
        asked.health()
    assert np.array_equal(quiet.program.mem, asked.program.mem)


# ---- records --------------------------------------------------------------------------------------------------------


def records(run: Run) -> np.ndarray:
    log = run.history.health
    return np.stack([log.series(layer, m) for layer in log.layers for m in MEASURES])


def test_records_are_taken_at_their_steps_however_the_run_goes() -> None:
    straight, stepped, plain = run_of(MLP), run_of(MLP), run_of(MLP)
    straight.record_health(4)
    stepped.record_health(4)
    while straight.step_count < 21:
        straight.advance(21 - straight.step_count)
        plain.advance(straight.step_count - plain.step_count)
    while stepped.step_count < 21:
        stepped.step("instruction" if stepped.step_count % 3 else "batch")
    assert straight.history.health.steps.tolist() == [4, 8, 12, 16, 20]
    assert np.array_equal(records(straight), records(stepped), equal_nan=True)
    # Recording is looking on.
    assert np.array_equal(
        straight.program.weights()["dense_1/kernel"], plain.program.weights()["dense_1/kernel"]
    )


def test_records_go_back_in_time_branch_and_come_from_a_file() -> None:
    run = run_of(MLP)
    run.record_health(3)
    while run.step_count < 20:
        run.advance(20 - run.step_count)
    known = records(run)
    run.seek(7)
    assert np.array_equal(records(run), known, equal_nan=True)
    while run.step_count < 20:
        run.advance(20 - run.step_count)
    assert np.array_equal(records(run), known, equal_nan=True)
    state, arrays = run.save_state()
    other = run_of(MLP)
    other.load_state(state, arrays)
    assert np.array_equal(records(other), known, equal_nan=True)
    assert other.history.health.every == 3
    for one in (run, other):
        while one.step_count < 25:
            one.advance(25 - one.step_count)
    assert np.array_equal(records(run), records(other), equal_nan=True)
    branch = run.branch(10)
    assert branch.history.health.steps.tolist() == [3, 6, 9]
    branch.advance(3)
    assert branch.history.health.steps.tolist() == [3, 6, 9, 12]
    assert np.array_equal(records(branch), records(run)[:, :4], equal_nan=True)
    run.seek(10)
    run.set("learning_rate", 0.5)
    assert run.history.health.steps.tolist() == [3, 6, 9]
    run.reset()
    assert run.history.health.steps.tolist() == []
    run.advance(3)
    assert run.history.health.steps.tolist() == [3]
    run.record_health(0)
    run.advance(5)
    assert run.history.health.steps.tolist() == [3]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("health_every", np.array([0])),
        ("health_every", np.array([3, 4])),
        ("health_steps", np.array([3, 3, 9])),
        ("health_steps", np.array([3, 6, 9000])),
        ("health_steps", np.array([3, 6])),
        ("health_values", np.zeros((3, 2, 5), np.float32)),
        ("health_values", None),
    ],
)
def test_records_of_another_run_are_refused(key: str, value: Any) -> None:
    run = run_of(MLP)
    run.record_health(3)
    while run.step_count < 10:
        run.advance(10 - run.step_count)
    state, arrays = run.save_state()
    arrays[f"history/{key}"] = value
    if value is None:
        del arrays[f"history/{key}"]
    with pytest.raises(ChainruleError, match="does not fit"):
        run_of(MLP).load_state(state, arrays)


def test_a_long_log_keeps_every_second_record() -> None:
    log = HealthLog(5)
    for step in range(1, 3 * CAPACITY * 5 // 2 + 1):
        if log.due(step):
            log.add(
                Health(step, ("a",), np.ones(1, bool), np.full((1, len(MEASURES)), float(step)))
            )
        assert log.until_next(step) > 0
    assert log.every == 10
    assert len(log.steps) < CAPACITY
    assert log.steps[:3].tolist() == [10, 20, 30]
    assert np.array_equal(log.series("a", "dead"), log.steps.astype(np.float32))


def test_how_often_is_a_whole_number() -> None:
    with pytest.raises(ChainruleError, match="Every must be at least 0"):
        run_of(MLP).record_health(-1)


def test_a_log_tells_how_much_it_has_and_what_was_last() -> None:
    log = HealthLog()
    assert "nothing is recorded; run.record_health(100)" in repr(log)
    log.every = 10
    assert repr(log) == "<HealthLog of 0 records, taken after every 10 steps>"
    layers = tuple(f"dense_{k}" for k in range(6))
    values = np.full((6, len(MEASURES)), 0.25)
    values[0] = NAN
    log.add(Health(10, layers, np.ones(6, bool), values))
    assert repr(log) == (
        "<HealthLog of 1 record, taken after every 10 steps; update ratios of the last (step 10): "
        "dense_1 0.25, dense_2 0.25, dense_3 0.25, dense_4 0.25, ...>"
    )
