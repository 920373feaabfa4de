"""Penalties in training: what is minimised, what the history says, and what evaluation says."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import layers, optimizers, regularizers
from core.errors import SettingError
from tests.core.networks import chain
from tests.core.subjects import bound


def data(samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(samples, 4)).astype(np.float32), rng.normal(size=(samples, 2)).astype(
        np.float32
    )


def model(**config: object) -> core.Sequential:
    made = core.Sequential([core.Input((4,)), layers.Dense(2, **config)], seed=1)
    made.compile(optimizer="sgd", loss="mse")
    return made


def test_evaluation_adds_the_penalty_once_whatever_the_batches() -> None:
    x, y = data(10)
    plain, penalized = model(), model(kernel_regularizer=regularizers.L2(0.5))
    kernel = plain.get_weights()[0]
    more = 0.5 * (kernel.astype(np.float64) ** 2).sum()
    for size in (3, 5, 10):
        assert penalized.evaluate(x, y, batch_size=size) == pytest.approx(
            plain.evaluate(x, y, batch_size=size) + more, rel=1e-6
        )


def test_a_penalty_on_outputs_is_a_mean_over_the_samples() -> None:
    x, y = data(10)
    plain, penalized = model(), model(activity_regularizer=regularizers.L1(0.25))
    more = 0.25 * np.abs(plain.predict(x)).sum() / 10
    assert penalized.evaluate(x, y) == pytest.approx(plain.evaluate(x, y) + more, rel=1e-6)


def test_the_loss_of_an_epoch_includes_the_penalties_at_each_of_its_steps() -> None:
    # A rate of 0 keeps the weights, so that every batch has the same penalty; the last batch is partial.
    x, y = data(10)
    rate = core.optimizers.SGD(learning_rate=0.0)
    found = []
    for config in ({}, {"kernel_regularizer": "l2", "bias_regularizer": "l1"}):
        made = model(bias_initializer="ones", **config)
        made.compile(optimizer=rate, loss="mse")
        found.append(made.fit(x, y, batch_size=4, epochs=2).history["loss"])
        kernel = made.get_weights()[0].astype(np.float64)
    more = 0.01 * (kernel**2).sum() + 0.01 * 2
    assert found[1] == pytest.approx([loss + more for loss in found[0]], rel=1e-6)


def test_a_strong_penalty_shrinks_the_weights() -> None:
    x, y = data(32)
    plain, penalized = model(), model(kernel_regularizer=regularizers.L2(1.0))
    for made in (plain, penalized):
        made.compile(optimizer=core.optimizers.SGD(learning_rate=0.1), loss="mse")
        made.fit(x, y, epochs=30)
    small, large = (np.abs(m.get_weights()[0]).sum() for m in (penalized, plain))
    assert small < 0.5 * large


def test_the_tape_names_each_penalty_and_what_they_add_up_to() -> None:
    both = {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"}
    program = bound(chain((3,), ("Dense", {"units": 2, **both})), core.losses.get("mse"))
    titles = [ins.title for ins in program.instructions if ins.phase == "loss"]
    assert "Ω(W¹) = 0.01 Σ W¹∘W¹" in titles
    assert "Ω(b¹) = 0.01 Σ|b¹|" in titles
    assert "Ω(ŷ) = 0.01 Σ ŷ∘ŷ / n" in titles
    assert "Ω = Ω(W¹) + Ω(b¹) + Ω(ŷ)" in titles
    assert "L = L₀ + Ω" in titles
    program.run(next(k for k, ins in enumerate(program.instructions) if ins.phase != "data"))
    parts = [float(program.tensor(name)) for name in ("loss/data", "loss/penalty")]
    assert float(program.tensor("loss")) == pytest.approx(sum(parts))
    assert next(iter(program.tape.watch)) == "loss"


def test_a_network_without_penalties_has_no_instruction_for_them() -> None:
    nothing = {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.0}}}
    for config in ({}, nothing):
        program = bound(chain((3,), ("Dense", {"units": 2, **config})), core.losses.get("mse"))
        assert not [ins for ins in program.tape.instructions if "penalty" in ins.op]


def test_a_shared_layers_weight_is_penalized_once_and_each_of_its_outputs() -> None:
    a, b = core.Input((3,)), core.Input((3,))
    layer = layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l2")
    made = core.Model([a, b], layers.Add()([layer(a), layer(b)]))
    made.compile(loss="mse")
    ops = [ins for ins in made.program(4).tape.instructions if ins.op == "penalty"]
    assert [ins.inputs["x"].role for ins in ops].count("weight") == 1
    assert len(ops) == 3


def test_constraints_are_refused_with_a_sentence() -> None:
    assert layers.Dense(2, kernel_constraint=None)["kernel_constraint"] is None
    with pytest.raises(SettingError, match="kernel_constraint must be None"):
        layers.Dense(2, kernel_constraint="max_norm")


def test_the_loss_of_several_outputs_includes_the_penalties_once() -> None:
    x, y = data(10)
    found = []
    for config in ({}, {"kernel_regularizer": "l2"}):
        entry = core.Input((4,))
        hidden = layers.Dense(3, **config)(entry)
        ends = [layers.Dense(2, name=name)(hidden) for name in ("a", "b")]
        made = core.Model(entry, ends, seed=1)
        made.compile(
            core.optimizers.SGD(learning_rate=0.0), loss=["mse", "mae"], loss_weights=[0.5, 2.0]
        )
        history = made.fit(x, [y, y], batch_size=4).history["loss"][0]
        assert made.evaluate(x, [y, y], return_dict=True)["loss"] == pytest.approx(
            history, rel=1e-5
        )
        found.append(history)
    kernel = made.get_weights()[0].astype(np.float64)
    assert found[1] == pytest.approx(found[0] + 0.01 * (kernel**2).sum(), rel=1e-5)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (3, 5, 3)])
def test_what_is_reported_holds_the_whole_penalty(shape: tuple[int, ...]) -> None:
    model = core.Sequential(
        [
            core.Input(shape),
            layers.Dense(2, use_bias=False, kernel_regularizer=regularizers.L1(0.1)),
        ]
    )
    model.set_weights([np.ones((3, 2))])
    model.compile(optimizers.SGD(0.0), "mse")
    # The data's loss is 0, so that 0.1 for each of six weights is left; the last batch is smaller.
    x, y = np.zeros((3, *shape)), np.zeros((3, *shape[:-1], 2))
    assert model.evaluate(x, y) == pytest.approx(0.6)
    history = model.fit(x, y, batch_size=2, validation_data=(x, y), verbose=0).history
    assert history["loss"] == [pytest.approx(0.6)]
    assert history["val_loss"] == [pytest.approx(0.6)]
