"""A branch goes on with the parent's bits, or with what is changed; the parent is left as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import Input, Sequential, data, layers, losses, optimizers, schedules, templates
from core.errors import ChainruleError, SettingError
from core.runs import Run
from tests.core.networks import RUNS, differences, everything
from tests.core.runs.test_journal import changed, small
from tests.core.runs.ways import STEPS, straight


@pytest.fixture(params=sorted(RUNS))
def make(request: pytest.FixtureRequest) -> Any:
    return RUNS[request.param]


def on(run: Run, until: int) -> Run:
    """Whole steps over the ends of epochs."""
    while run.step_count < until:
        assert run.advance(until - run.step_count) > 0
    return run


def test_a_branch_without_changes_goes_on_with_the_same_bits(make) -> None:
    run = make()
    seen = changed(run)
    there = everything(run)
    for step in (24, 0, 7, 9, 16):
        made = run.branch(step)
        assert (made.position.step, made.position.pc) == (step, 0)
        assert differences(seen[step], everything(made)) == []
        changed_again = changed(made) if step < 4 else None
        if changed_again is not None:
            assert differences(seen[-1], everything(made)) == []
        made.seek(3 if step > 3 else 0)
        assert differences(seen[made.step_count], everything(made)) == []
    assert differences(there, everything(run)) == []


def test_a_branch_goes_on_as_the_parent_did(make) -> None:
    run = make()
    straight(run, STEPS)
    made = run.branch(32)
    on(made, STEPS)
    assert differences(everything(run), everything(made)) == []
    assert np.array_equal(
        *(r.history.series("loss").mean[32 // r.history.bin :] for r in (run, made))
    )


def test_a_branch_leaves_a_step_that_was_begun_alone() -> None:
    run = RUNS["mlp"]()
    on(run, 6)
    for _ in range(9):
        run.step("instruction")
    there = everything(run)
    made = run.branch()
    assert (made.step_count, made.pc) == (6, 0)
    on(made, 12)
    assert differences(there, everything(run)) == []
    run.step_back("instruction")
    on(run, 12)
    assert differences(everything(run), everything(made)) == []


def test_a_branch_with_another_rate_differs_from_the_next_step_on(make) -> None:
    run = make()
    on(run, 20)
    made = run.branch(8, {"learning_rate": 0.003})
    by_hand = make()
    on(by_hand, 8).set("learning_rate", 0.003)
    on(made, 20), on(by_hand, 20)
    assert differences(everything(made), everything(by_hand)) == []
    assert differences(everything(run), everything(made)) != []
    made.seek(8)
    run.seek(8)
    assert run.learning_rate != made.learning_rate
    for name, values in run.program.weights().items():
        assert np.array_equal(values, made.program.weights()[name])


def test_weights_cells_and_the_order_of_samples_are_entries_of_the_branch() -> None:
    run = RUNS["partial"]()
    on(run, 5)
    name, values = next(iter(run.program.weights().items()))
    made = run.branch(
        4, {"weights": {name: values * 0}, "cells": {(name, (0, 0)): 2.0}, "shuffle": False}
    )
    found = made.program.weights()[name]
    assert found[0, 0] == 2.0
    assert not found.reshape(-1)[1:].any()
    assert [e.kind for e in made.journal.entries] == ["weights", "weight", "shuffle"]
    assert len(run.journal) == 0
    assert made.base == 0
    on(made, 9)
    there = everything(made)
    made.seek(2)
    made.seek(9)
    assert differences(there, everything(made)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 4},
        {"seed": 7},
        {"optimizer": "adam"},
        {"optimizer": optimizers.RMSprop(0.002)},
        {"optimizer.momentum": 0.5},
        {"optimizer.learning_rate": schedules.ExponentialDecay(0.1, 10, 0.9)},
        {"loss": "mean_absolute_error"},
        {"loss": losses.Huber(0.5)},
        {"metrics": ()},
    ],
    ids=str,
)
def test_other_settings_begin_at_the_step_with_its_weights(changes: dict[str, Any]) -> None:
    run = RUNS["partial"]()
    on(run, 10)
    there = everything(run)
    weights = run.branch(4).program.weights()
    made = run.branch(4, changes)
    assert (made.base, made.step_count) == (4, 4)
    for name, values in weights.items():
        assert np.array_equal(values, made.program.weights()[name])
    assert made.history.epochs == [e for e in run.history.epochs if e.step <= 4]
    on(made, 12)
    bits = everything(made)
    made.seek(4)
    on(made, 12)
    assert differences(bits, everything(made)) == []
    assert differences(there, everything(run)) == []
    again = run.branch(4, changes)
    on(again, 12)
    assert differences(bits, everything(again)) == []
    key = next(iter(changes)).partition(".")[0]
    assert getattr(made.training, key) != getattr(run.training, key)


def test_an_optimizer_of_the_same_kind_goes_on_with_what_it_remembers() -> None:
    model, x, y = small()
    model.compile(optimizer=optimizers.Nadam(0.01), loss="mse")
    model.fit(x, y, batch_size=5, epochs=2, shuffle=False)
    made = model.run.branch(8, {"batch_size": 4})
    product = "momentum_product"
    kept = [n for n in made.program.tape.scalars if product in n]
    assert kept or any(product in n for n in made.program.tape.tensors)
    for name in kept:
        assert made.program.scalar(name) == model.run.program.scalar(name) != 1
    slot = next(n for n, t in made.program.tape.tensors.items() if t.role == "slot")
    assert np.array_equal(made.program.tensor(slot), model.run.program.tensor(slot))


def test_a_branch_of_a_data_set_divides_it_anew() -> None:
    template = templates.load("xor-mlp")
    given = data.load(template.data.id, **dict(template.data.parameters))
    run = Run(template.network, template.training, given)
    on(run, 5)
    made = run.branch(3, {"validation_split": 0.5})
    assert len(made.samples) == len(given.x_train) // 2
    assert len(run.samples) != len(made.samples)
    on(made, 9)


def test_a_branch_keeps_its_past_in_as_much_memory_and_records_on() -> None:
    model, x, y = small()
    model.fit(x, y, batch_size=5)
    run = model.run
    run.record_health(2)
    on(run, 9)
    same, other = run.branch(6), run.branch(6, {"batch_size": 4})
    for made in (same, other):
        assert made.budget == run.budget
        assert made.history.health.steps.tolist() == [s for s in run.history.health.steps if s <= 6]
    on(same, 9)
    assert same.history.health.steps.tolist() == run.history.health.steps.tolist()


def test_branches_know_where_they_came_from() -> None:
    run = RUNS["partial"]()
    on(run, 10)
    first = run.branch(4, {"learning_rate": 0.5, "batch_size": 4})
    second = run.branch(9)
    on(first, 7)
    third = first.branch(6, {"seed": 3})
    assert [r.id for r in (run, first, second, third)] == ["1", "1.1", "1.2", "1.1.1"]
    assert (first.origin.run, first.origin.step) == ("1", 4)
    assert third.parent is first
    assert first.parent is run
    assert first.origin.changes == ("learning_rate: 0.02 → 0.5", "batch_size: 8 → 4")
    assert third.name == "seed: 11 → 3"
    assert second.name == "from step 9"
    assert repr(second) == "<Run 1.2 'from step 9' at step 9, epoch 3>"


@pytest.mark.parametrize(
    ("step", "changes", "sentence"),
    [
        (99, {}, "no step 99 to branch at"),
        (-1, {}, "Step must be at least 0"),
        (3, {"learning_rat": 1}, "Did you mean 'learning_rate'"),
        (3, {"optimizer.momentun": 1}, "Did you mean 'momentum'"),
        (3, {"optimizer": "adm"}, "Did you mean 'Adam'"),
        (3, {"batch_size": 0}, "Batch size must be at least 1"),
        (3, {"learning_rate": -1.0}, "not negative"),
        (3, {"validation_split": 0.3}, "already divided"),
        (3, {"weights": {"nothing": np.zeros(2)}}, "nothing"),
        (3, {"cells": {("dense_1/kernel", (9, 9)): 1.0}}, "no cell"),
        (3, {"loss": "mean_squared_eror"}, "Did you mean"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(step: int, changes: Any, sentence: str) -> None:
    run = RUNS["partial"]()
    on(run, 5)
    there = everything(run)
    with pytest.raises((ChainruleError, SettingError), match=sentence):
        run.branch(step, changes)
    assert differences(there, everything(run)) == []
    assert run.branches == 0


# ---- models --------------------------------------------------------------------------------------------------------


def test_a_model_has_a_run_to_rewind_and_to_branch_from() -> None:
    model, x, y = small()
    with pytest.raises(ChainruleError, match="no run yet"):
        _ = model.run
    model.fit(x, y, batch_size=8, epochs=4, validation_split=0.2)
    weights, there = model.get_weights(), everything(model.run)
    made = model.run.branch(4, {"learning_rate": 0.05})
    epochs = made.train(3)
    assert [set(e.metrics) >= {"loss", "val_loss"} for e in epochs] == [True] * 3
    assert differences(there, everything(model.run)) == []
    assert not np.array_equal(made.predict(x), model.predict(x))
    model.run.seek(4)
    before = model.predict(x)
    assert not np.array_equal(model.get_weights()[0], weights[0])
    model.run.seek(8)
    assert np.array_equal(model.get_weights()[0], weights[0])
    made.seek(4)
    assert np.array_equal(made.predict(x), before)


def test_a_branch_of_a_model_with_class_weights_and_several_outputs() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(18, 3)).astype(np.float32)
    model = Sequential([Input((3,)), layers.Dense(2, activation="softmax")], seed=0)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, rng.integers(0, 2, 18), batch_size=4, epochs=3, class_weight={0: 1.0, 1: 4.0})
    made = model.run.branch(7)
    on(made, 15)
    assert differences(everything(model.run), everything(made)) == []


def test_data_that_were_written_to_cannot_be_trained_on_again() -> None:
    model, x, y = small()
    model.fit(x, y, batch_size=8, epochs=2)
    x += 1
    with pytest.raises(ChainruleError, match="written to"):
        model.run.branch(2)
