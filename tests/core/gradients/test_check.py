"""The public gradient check: it says yes to right gradients, no to wrong ones, and where a loss has no slope."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core
from core import layers
from core.errors import ChainruleError
from core.ops import operation

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.random.default_rng(1).integers(0, 3, 6)


def classifier(activation: str = "tanh") -> core.Model:
    model = core.Sequential(
        [
            core.Input((3,)),
            layers.Dense(4, activation=activation),
            layers.Dense(3, activation="softmax"),
        ],
        seed=2,
    )
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_right_gradients_are_right_in_both_element_types() -> None:
    model = classifier()
    before = model.get_weights()
    for dtype, bound in (("float64", 1e-5), ("float32", 1e-3)):
        found = core.gradient_check(model, X, Y, dtype=dtype)
        assert found.ok
        assert found.bound == bound
        assert 0 < found.error < bound / 10
        names = ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "input/x"]
        assert [w.name for w in found.weights] == names
        assert [w.checked for w in found.weights] == [12, 4, 12, 3, 18]
        assert "right" in found.sentence
        assert found.sentence in str(found)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)


def test_a_wrong_gradient_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # What a program with a mistake would do: the slope of another function.
    monkeypatch.setattr(type(operation("tanh_grad")), "kernel", "elementwise.sigmoid_grad")
    found = core.gradient_check(classifier(), X, Y)
    assert not found.ok
    wrong = {w.name for w in found.weights if w.error > found.bound}
    assert wrong == {"dense/kernel", "dense/bias", "input/x"}
    worst = max(found.weights, key=lambda w: w.error)
    assert found.sentence.startswith(f"The gradient of {worst.name}[")
    assert worst.gradient != pytest.approx(worst.slope, rel=1e-3)


def test_corners_are_counted_and_checked_beside() -> None:
    model = classifier("relu")
    found = core.gradient_check(model, np.zeros((4, 3)), Y[:4])
    kinks = {w.name: w.kinks for w in found.weights}
    assert kinks["dense/bias"] > 0
    assert kinks["dense_1/bias"] == 0
    assert found.ok, str(found)
    assert "corner" in found.sentence


def test_a_wrong_gradient_is_no_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(operation("relu_grad")), "kernel", "elementwise.sigmoid_grad")
    assert not core.gradient_check(classifier("relu"), np.zeros((4, 3)), Y[:4]).ok


def test_a_learning_rule_that_is_no_slope_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "The step has no slope; the perceptron's rule is used in its place."
    monkeypatch.setattr(type(operation("tanh_grad")), "not_the_slope", reason)
    found = core.gradient_check(classifier(), X, Y)
    assert set(found.excluded) == {"dense/kernel", "dense/bias", "input/x"}
    assert [w.name for w in found.weights] == ["dense_1/kernel", "dense_1/bias"]
    assert reason in found.sentence


def test_tokens_and_masks_chance_and_statistics_are_checked_as_in_training() -> None:
    model = core.Sequential(
        [
            core.Input((5,)),
            layers.Embedding(7, 3, mask_zero=True),
            layers.LSTM(4),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy")
    tokens = np.random.default_rng(3).integers(0, 7, (8, 5))
    found = core.gradient_check(model, tokens, tokens[:, 0] % 2)
    assert found.ok, str(found)
    assert "input/x" not in {w.name for w in found.weights}
    assert "embedding/embeddings" in {w.name for w in found.weights}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"dtype": "float16"}, "dtype must be"), ({"samples": 0}, "Samples"), ({"numbers": -1}, "Numbers")],
)  # fmt: skip
def test_what_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        core.gradient_check(classifier(), X, Y, **given)


def test_a_model_without_a_loss_is_refused() -> None:
    model = core.Sequential([core.Input((3,)), layers.Dense(2)])
    with pytest.raises(ChainruleError, match="no loss yet"):
        core.gradient_check(model, X, Y)


def test_a_loss_that_is_cut_off_is_explained() -> None:
    model = core.Sequential([core.Input((2,)), layers.Dense(2, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.set_weights([np.array([[30.0, -30.0], [0.0, 0.0]]), np.zeros(2)])
    x = np.ones((2, 2))
    wrong = core.gradient_check(model, x, np.array([1, 1]))
    assert not wrong.ok
    assert "cut off" in wrong.sentence
    right = core.gradient_check(model, 0.01 * x, np.array([1, 1]))
    assert right.ok
    assert right.note == ""
