"""The Keras-named face: what it is given wrongly it answers with a sentence, and what it is told holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import ChainruleError

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
LABELS = np.arange(12) % 3


def classifier(optimizer: Any = "adam", seed: int = 0) -> core.Model:
    """Three classes from four numbers, compiled."""
    model = core.Sequential(
        [
            core.Input((4,)),
            layers.Dense(5, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ],
        seed=seed,
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def two_outputs(loss: Any = ("mse", "mse"), **options: Any) -> core.Model:
    """One input, outputs of three and of one number."""
    x = core.Input((4,))
    model = core.Model(x, [layers.Dense(3)(x), layers.Dense(1)(x)])
    model.compile(
        core.optimizers.SGD(0.1), loss if isinstance(loss, str) else list(loss), **options
    )
    return model


REFUSED: dict[str, Callable[[], Any]] = {
    **{f"batch size {b!r}": lambda b=b: classifier().fit(X, LABELS, batch_size=b) for b in (0, -1, 2.5, "8")},
    **{f"epochs {e!r}": lambda e=e: classifier().fit(X, LABELS, epochs=e) for e in (0, 1.5, -1)},
    **{f"x {type(x).__name__}": lambda x=x: classifier().fit(x, LABELS) for x in (None, "x", 3.0)},
    **{f"y {type(y).__name__}": lambda y=y: classifier().fit(X, y) for y in (None, "y", 3.0)},
    "a split that is not a number": lambda: classifier().fit(X, LABELS, validation_split=float("nan")),
    "ragged x": lambda: classifier().fit([[1.0, 2.0], [1.0]], [0, 1]),
    "x and y of different lengths": lambda: classifier().fit(X, LABELS[:5]),
    "samples of another width": lambda: classifier().fit(X[:, :3], LABELS),
    "validation data that is no pair": lambda: classifier().fit(X, LABELS, validation_data=X),
    "predict nothing": lambda: classifier().predict(None),
    "predict text": lambda: classifier().predict(["a", "b"]),
    "fractional labels": lambda: classifier().fit(X, LABELS + 0.5),
    "labels that are no numbers": lambda: classifier().fit(X, np.full(12, np.nan)),
    "one target for two outputs": lambda: two_outputs().fit(X, X[:, :3]),
    "three losses for two outputs": lambda: two_outputs(("mse", "mse", "mse")),
    "loss weights of text": lambda: two_outputs(loss_weights=["a", "b"]),
    "floats for three outputs": lambda: two_outputs().fit(X, [np.arange(12) % 3 * 1.0, X[:, 0]]),
    "weights of text": lambda: classifier().set_weights(["a", "b", "c", "d"]),
    "no weights": lambda: classifier().set_weights(None),
    "a seed of 64 bits": lambda: classifier(seed=2**63),
    "a shape that is a number": lambda: core.Input(4),
    "no shape": lambda: core.Input(None),
    "no layers": lambda: core.Sequential([]).summary(),
    "junk": lambda: core.Sequential([core.Input((4,)), "Dense"]),
    "a class": lambda: core.Sequential([core.Input((4,)), layers.Flatten]),
    "nothing but junk": lambda: core.Sequential(5),
    "two inputs in a chain": lambda: core.Sequential([core.Input((4,)), core.Input((4,))]),
    "a model of junk": lambda: core.Model("x", "y"),
    "metrics that are a number": lambda: classifier().compile("sgd", "mse", metrics=5),
    "callbacks that are a number": lambda: classifier().fit(X, LABELS, callbacks=5),
    "a loss that is a number": lambda: classifier().compile("sgd", 5),
    "an optimizer that is a number": lambda: classifier().compile(5, "mse"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_answered_with_a_sentence(name: str) -> None:
    with pytest.raises(ChainruleError, match=r"^\S+ \S+ \S+.*\.$"):
        REFUSED[name]()


def test_a_refused_layer_is_not_kept() -> None:
    model = core.Sequential([core.Input((4,)), layers.Dense(3)])
    with pytest.raises(ChainruleError):
        model.add(layers.Conv2D(2, 3))
    assert model.predict(X).shape == (12, 3)


def test_numbers_of_numpy_are_settings() -> None:
    dense = layers.Dense(np.int64(3), use_bias=np.bool_(False))
    assert dense.config["units"] == 3
    assert type(dense.config["units"]) is int
    assert dense.config["use_bias"] is False
    assert layers.Dropout(np.float32(0.25)).config["rate"] == 0.25
    assert layers.MaxPooling2D((np.int64(2), 3)).config["pool_size"] == [2, 3]


def test_one_number_a_sample_is_not_enough_for_three_outputs() -> None:
    model = core.Sequential([core.Input((4,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(ChainruleError, match=r"np\.eye\(3\)"):
        model.fit(X, LABELS)
    with pytest.raises(ChainruleError, match="1 number,"):
        model.fit(X, LABELS + 0.5)


def test_a_learning_rate_holds_from_the_next_step() -> None:
    model = classifier(core.optimizers.SGD(0.1))
    model.fit(X, LABELS)
    model.optimizer.learning_rate = 0.0
    assert model._run.journal.entries[-1].value == 0.0
    before = model.get_weights()
    model.fit(X, LABELS)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.optimizer.learning_rate = np.float32(0.5)
    model.fit(X, LABELS, batch_size=5)
    assert model._run.learning_rate == 0.5
    assert not np.array_equal(before[0], model.get_weights()[0])
    with pytest.raises(ChainruleError, match="learning rate"):
        model.optimizer.learning_rate = "fast"


def test_a_learning_rate_changed_between_epochs_holds_in_the_next() -> None:
    class Stop(core.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.model.optimizer.learning_rate = 0.0

    model, once = classifier(core.optimizers.SGD(0.1)), classifier(core.optimizers.SGD(0.1))
    model.fit(X, LABELS, epochs=3, callbacks=[Stop()])
    once.fit(X, LABELS)
    assert all(
        np.array_equal(a, b) for a, b in zip(model.get_weights(), once.get_weights(), strict=True)
    )


def test_loss_weights_are_weights() -> None:
    model = two_outputs(loss_weights=[2.0, 0.5])
    y = [X[:, :3], X[:, :1]]
    parts = [losses.MeanSquaredError()(t, p) for t, p in zip(y, model.predict(X), strict=True)]
    total, *each = model.train_on_batch(X, y)
    assert total == pytest.approx(2 * parts[0] + parts[1] / 2, rel=1e-5)
    assert each == pytest.approx(parts, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", {"kind": "SGD", "momentum": 0.9}])
def test_a_saved_model_goes_on_where_it_stood(optimizer: Any, tmp_path: Path) -> None:
    model = classifier(optimizer)
    model.fit(X, LABELS, batch_size=5, epochs=3)
    model.save(tmp_path / "a.chainrule")
    again = core.load_model(tmp_path / "a.chainrule")
    # Saved before it went on: the memory passes through a second file.
    again.save(tmp_path / "b.chainrule")
    again = core.load_model(tmp_path / "b.chainrule")
    for one in (model, again):
        one.fit(X, LABELS, batch_size=5, epochs=2)
    assert all(
        np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True)
    )


def test_a_saved_model_keeps_its_losses(tmp_path: Path) -> None:
    logits = losses.SparseCategoricalCrossentropy(from_logits=True)
    model = two_outputs((logits, "mse"), loss_weights=[0.25, 3])
    model.save(tmp_path / "two.chainrule")
    again = core.load_model(tmp_path / "two.chainrule")
    kept = [(type(one), one.from_logits, one.weight) for one in again.losses]
    assert kept == [(type(logits), True, 0.25), (losses.MeanSquaredError, False, 3.0)]
    y = [LABELS, X[:, :1]]
    assert again.evaluate(X, y) == model.evaluate(X, y)
