"""Layers inside of layers: how they are given and stored, what they own, what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import layers
from core.errors import ChainruleError, GraphError, SettingError
from core.layers import registry
from core.spec import Network, inspect
from tests.core.networks import chain
from tests.core.subjects import bound


def test_an_inner_layer_is_an_object_in_code_and_plain_values_in_documents() -> None:
    made = layers.Bidirectional(layers.LSTM(10, return_sequences=True), merge_mode="sum")
    assert made.config["layer"]["class_name"] == "LSTM"
    assert made.config["layer"]["config"]["units"] == 10
    assert registry.make("Bidirectional", made.config).config == made.config
    network = chain((5, 2), ("Bidirectional", made.config), ("TimeDistributed", {
        "layer": layers.TimeDistributed(layers.Dense(3)).config["layer"]}))  # fmt: skip
    again = msgspec.json.decode(msgspec.json.encode(network), type=Network)
    assert again == network
    assert inspect(again).ok


def test_the_notes_two_layers_both_ways() -> None:
    model = core.Sequential(
        [
            core.Input((5, 10)),
            layers.Bidirectional(layers.LSTM(10, return_sequences=True)),
            layers.Bidirectional(layers.LSTM(10)),
            layers.Dense(5, activation="softmax"),
        ]
    )
    assert model.count_params() == 1680 + 2480 + 105
    assert [w.shape for w in model.layers[0].get_weights()] == [(10, 40), (10, 40), (40,)] * 2
    changed = [np.full_like(w, 0.1) for w in model.layers[1].get_weights()]
    model.layers[1].set_weights(changed)
    assert all(map(np.array_equal, model.get_weights()[6:12], changed))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 5, 10)), rng.integers(0, 5, 16)
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=12, batch_size=4).history["loss"]
    assert history[-1] < history[0]


def test_a_saved_wrapper_comes_back(tmp_path) -> None:
    model = core.Sequential(
        [core.Input((4, 3)), layers.TimeDistributed(layers.Dense(2)), layers.Bidirectional(layers.GRU(3))],
        seed=4,
    )  # fmt: skip
    model.save(tmp_path / "m.chainrule")
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    assert np.array_equal(core.load_model(tmp_path / "m.chainrule").predict(x), model.predict(x))


def test_every_time_step_has_the_same_weights_and_names_of_its_own() -> None:
    inner = {"class_name": "Conv2D", "config": {"filters": 2, "kernel_size": [2, 2]}}
    program = bound(
        chain((3, 4, 4, 1), ("TimeDistributed", {"layer": inner})), None, mode="predict"
    )
    assert len(program.tape.weights) == 2
    assert {f"time_distributed_1/{t}/product" for t in range(3)} <= set(program.tensors)


def test_both_directions_of_a_tape_are_told_apart() -> None:
    inner = {"class_name": "LSTM", "config": {"units": 2, "return_sequences": True}}
    program = bound(chain((3, 2), ("Bidirectional", {"layer": inner})), None, mode="predict")
    names, symbols = set(program.tensors), {t.symbol for t in program.tensors.values()}
    for way, mark in (("forward", "→"), ("backward", "←")):
        assert {f"bidirectional_1/{way}/{gate}/{t}" for gate in "ifgoch" for t in range(3)} <= names
        assert f"W{mark}¹" in symbols
        assert f"h{mark}¹⟨2⟩" in symbols


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: layers.Bidirectional(layers.Dense(3)), "wraps one of LSTM, GRU, SimpleRNN; Dense"),
        (lambda: layers.Bidirectional("LSTM"), "a layer such as LSTM"),
        (lambda: layers.Bidirectional(layers.GRU(2), merge_mode="max"), "one of concat, sum"),
        (
            lambda: layers.Bidirectional(layers.GRU(2, go_backwards=True)),
            "different go_backwards; both have True. Leave go_backwards out",
        ),
        (
            lambda: layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2)),
            "different go_backwards; both have False. Make the backward_layer with go_backwards=True",
        ),
        (
            lambda: layers.Bidirectional(
                layers.GRU(2), backward_layer=layers.GRU(2, go_backwards=True, return_state=True)
            ),
            "the same return_state",
        ),
        (lambda: layers.Bidirectional(layers.GRU(2), "sum", [1]), "weights must be None"),
        (
            lambda: layers.Bidirectional(layers.GRU(2, activity_regularizer="l2")),
            "activity_regularizer",
        ),
        (lambda: layers.TimeDistributed(layers.Add()), "Add is none"),
        (lambda: layers.TimeDistributed(layers.LSTM(2, stateful=True)), "cannot be stateful"),
        (lambda: layers.TimeDistributed({"class_name": "Nothing"}), "no layer called 'Nothing'"),
        (
            lambda: layers.TimeDistributed({"class_name": "Dense", "config": {"units": 0}}),
            "at least 1",
        ),
    ],
)
def test_what_cannot_be_wrapped_is_refused(make, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        make()


def backwards_first(kit: Any, **options: Any) -> Any:
    """A layer that reads backwards, made to read both ways."""
    i = kit.Input((4, 3))
    inner = kit.layers.LSTM(3, go_backwards=True, return_sequences=True)
    return kit.Model(i, kit.layers.Bidirectional(inner, **options)(i))


@pytest.mark.conformance
def test_a_layer_that_reads_backwards_is_wrapped_as_in_keras() -> None:
    keras: Any = pytest.importorskip("keras")
    for kit in (core, keras):
        with pytest.raises(ValueError, match=r"different `?go_backwards"):
            backwards_first(kit)
    models = [
        backwards_first(kit, backward_layer=kit.layers.LSTM(2, return_sequences=True))
        for kit in (core, keras)
    ]
    models[1].set_weights(models[0].get_weights())
    x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    theirs = np.asarray(models[1].predict(x, verbose=0))
    assert models[0].predict(x) == pytest.approx(theirs, abs=1e-6)


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ChainruleError, match="needs a sequence"):
        layers.TimeDistributed(layers.Dense(2))(core.Input((5,)))
    with pytest.raises(ChainruleError, match="gives 2 at each"):
        layers.TimeDistributed(layers.GRU(2, return_state=True))(core.Input((3, 4, 2)))
    both = layers.Bidirectional(
        layers.GRU(2), merge_mode="sum", backward_layer=layers.GRU(3, go_backwards=True)
    )
    with pytest.raises(ChainruleError, match="as many units"):
        both(core.Input((3, 4)))
    with pytest.raises((ChainruleError, GraphError), match="both directions"):
        layers.Bidirectional(layers.GRU(2))(core.Input((3, 4)), initial_state=[core.Input((2,))])
