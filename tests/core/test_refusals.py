"""Calls that cannot mean anything are refused in a sentence, not somewhere inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import initializers, layers, regularizers
from core.errors import ChainruleError
from core.runs import Run
from core.spec import Layer, Network, inspect

X, Y = np.ones((6, 3)), np.ones((6, 2))


def model() -> core.Sequential:
    made = core.Sequential([core.Input((3,)), layers.Dense(2, name="dense")])
    made.compile("sgd", "mse")
    return made


def run() -> Run:
    made = model()
    made.fit(X, Y, epochs=3, batch_size=2)
    found: Run = made._run
    return found


def changed(value: float) -> list[Any]:
    kernel = np.zeros((3, 2))
    kernel[2, 1] = value
    return [kernel, np.zeros(2)]


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "weights that are NaN": (
        lambda: model().set_weights(changed(np.nan)),
        r"dense/kernel must hold numbers .* nan is given at \(2, 1\)",
    ),
    "weights that are infinite": (lambda: model().set_weights(changed(-np.inf)), "-inf is given"),
    "weights of float64": (lambda: model().set_weights(changed(1e300)), r"1e\+300 is given"),
    "a layer's weights": (lambda: model().layers[0].set_weights(changed(np.nan)), "dense/kernel"),
    "weights by name": (
        lambda: model().set_weights_by_name({"dense/bias": [0.0, np.inf]}),
        r"dense/bias .* at \(1,\)",
    ),
    "no such weight": (
        lambda: model().set_weights_by_name({"dense/krnl": np.zeros((3, 2))}),
        "no weight called 'dense/krnl'. Did you mean 'dense/kernel'",
    ),
    "no such weight of a program": (
        lambda: model().program().set_weights({"dense/krnl": np.zeros((3, 2))}),
        "Did you mean 'dense/kernel'",
    ),
    "one cell": (lambda: run().set_weight("dense/kernel", (0, 0), 1e300), "float32 can hold"),
    "one cell of text": (lambda: run().set_weight("dense/kernel", (0, 0), "a"), "it is 'a'"),
    "a program of text": (lambda: model().program("8"), "Batch size must be a whole number"),
    "a program of nothing": (lambda: model().program(None), "Batch size must be a whole number"),
    "a program of -1": (lambda: model().program(-1), "Batch size must be at least 1"),
    "a program of 0": (lambda: model().program(0), "Batch size must be at least 1"),
    "shuffle of text": (lambda: model().fit(X, Y, shuffle="batch"), "Shuffle must be True or False"),
    "shuffle of nothing": (lambda: model().fit(X, Y, shuffle=None), "Shuffle must be True or False"),
    "verbose of an array": (lambda: model().fit(X, Y, verbose=np.ones(2)), "Verbose must be 0, 1"),
    "verbose of evaluate": (lambda: model().evaluate(X, Y, verbose="loud"), "Verbose must be 0, 1"),
    "verbose of predict": (lambda: model().predict(X, verbose=-1), "Verbose must be 0, 1"),
    "batches of text": (lambda: model().predict(X, batch_size="abc"), "Batch size must be a whole"),
    "batches of 0": (lambda: model().predict(X, batch_size=0), "Batch size must be at least 1"),
    "no file to write": (lambda: model().save(None), r"model\.save takes the path of a file"),
    "no file to read": (lambda: core.load_model(None), "load_model takes the path of a file"),
    "a size that is an array": (lambda: core.Input((np.array([1, 2]),)), "whole number"),
    "a regularizer of numbers": (
        lambda: layers.Dense(2, kernel_regularizer=np.ones(2)),
        "regularizer is given by its name",
    ),
    "an initializer of numbers": (
        lambda: layers.Dense(2, kernel_initializer=np.ones(2)),
        "initializer is given by its name",
    ),
    "an activation of numbers": (lambda: layers.Dense(2, activation=np.ones(2)), "activation"),
    "a step of text": (lambda: run().seek("a"), "Step must be a whole number"),
    "half a step": (lambda: run().seek(0.5), "Step must be a whole number"),
    "no such step": (lambda: run().seek(10), "from step 0 to step 9; it cannot go to step 10"),
    "no such instruction": (lambda: run().seek(0, 10**6), "pc goes from 0 to .* cannot be 1000000"),
    "instructions of text": (lambda: run().seek(0, "a"), "Pc must be a whole number"),
    "steps of text": (lambda: run().advance("a"), "Steps must be a whole number"),
    "steps back": (lambda: run().advance(-1), "Steps must be at least 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_means_nothing_is_refused(name: str) -> None:
    action, part = WRONG[name]
    with pytest.raises(ChainruleError, match=part):
        action()


def test_what_means_something_is_not() -> None:
    made = model()
    made.fit(X, Y, shuffle=np.bool_(False), verbose=np.int64(0))
    made.fit(X, Y, shuffle=0, verbose=False)
    made.fit(X, Y, verbose=None)
    assert np.array_equal(made.predict(X, batch_size=None), made.predict(X, verbose="auto"))
    largest = float(np.finfo(np.float32).max)
    made.set_weights(changed(largest))
    assert made.get_weights()[0][2, 1] == np.float32(largest)
    assert made.program(np.int64(4)).capacity == 4
    trained = run()
    trained.seek(np.int64(4), np.int64(2))
    assert (trained.position.step, trained.position.pc) == (4, 2)


def test_a_refused_weight_changes_nothing() -> None:
    made = model()
    before = made.get_weights()
    with pytest.raises(ChainruleError):
        made.set_weights([np.ones((3, 2)), [0.0, np.nan]])
    assert all(map(np.array_equal, made.get_weights(), before))


def test_a_model_that_training_has_broken_can_be_saved_and_looked_at(tmp_path: Path) -> None:
    made = model()
    made._values = dict(zip(made.weights_by_name(), changed(np.nan), strict=True))
    made.save(tmp_path / "broken.chainrule")
    assert np.isnan(core.load_model(tmp_path / "broken.chainrule").get_weights()[0][2, 1])


# ---- names of classes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "name", "what"),
    [
        (layers.Dense, "Dropout", "layers"),
        (initializers.Initializer, "Zeros", "initializers"),
        (initializers.Zeros, "HeNormal", "initializers"),
        (regularizers.Regularizer, "L2", "regularizers"),
    ],
)
def test_a_class_does_not_replace_another_one_of_its_name(base: type, name: str, what: str) -> None:
    with pytest.raises(TypeError, match=f"Two {what} are called '{name}'"):
        type(name, (base,), {"__module__": __name__})
    assert layers.Dropout(0.5).config["rate"] == 0.5
    assert type(initializers.get("zeros")) is initializers.Zeros
    assert type(initializers.get("HeNormal")) is initializers.HeNormal
    assert type(regularizers.get("l2")) is regularizers.L2


# ---- documents that say little --------------------------------------------------------------------------------------


def test_an_embedding_of_a_document_without_settings_has_the_defaults() -> None:
    network = Network.chain(
        "words", [Layer("i", "InputLayer", "i", {"shape": [3]}), Layer("e", "Embedding", "e")]
    )
    found = inspect(network)
    assert not found.problems
    size = layers.Embedding.normalise({})["input_dim"]
    assert found.vocabularies(network) == {"i": [("e", size)]}
    broken = msgspec.structs.replace(
        network, layers=(network.layers[0], Layer("e", "Embedding", "e", {"input_dim": "many"}))
    )
    found = inspect(broken)
    assert [problem.layer for problem in found.problems] == ["e"]
    assert found.vocabularies(broken) == {}
