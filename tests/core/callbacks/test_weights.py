"""Weights in files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import core
from core import layers
from core.errors import ChainruleError

X = np.random.default_rng(2).normal(size=(16, 4, 2)).astype(np.float32)
Y = X[:, 0, :1].copy()


def made(optimizer: Any = "adam", units: int = 3) -> Any:
    # Layers are named anew each time: lstm, lstm_1, ...
    model = core.Sequential(
        [core.Input((4, 2)), layers.LSTM(units, stateful=False), layers.BatchNormalization(), layers.Dense(1)]
    )  # fmt: skip
    model.compile(optimizer, "mse")
    return model


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(u, v) for u, v in zip(a.get_weights(), b.get_weights(), strict=True))


def test_training_goes_on_from_saved_weights_to_the_same_bits(tmp_path: Path) -> None:
    file = tmp_path / "w.weights.safetensors"
    first = made()
    first.fit(X, Y, batch_size=8, epochs=3)
    first.optimizer.learning_rate = 0.02
    first.save_weights(file)
    fresh, busy = made(), made()
    busy.fit(X, Y, batch_size=8)
    first.fit(X, Y, batch_size=8, epochs=2)
    for other in (fresh, busy):
        other.load_weights(str(file))
        assert other.optimizer.learning_rate == 0.02
        other.fit(X, Y, batch_size=8, epochs=2)
        assert same(first, other)


def test_a_model_that_is_not_compiled_takes_the_weights_alone(tmp_path: Path) -> None:
    file = tmp_path / "w.weights.safetensors"
    first = made()
    first.fit(X, Y)
    first.save_weights(file)
    plain = core.Sequential(
        [core.Input((4, 2)), layers.LSTM(3), layers.BatchNormalization(), layers.Dense(1)]
    )
    plain.load_weights(file)
    assert same(first, plain)
    plain.save_weights(file)
    assert sorted(load_file(file)) == sorted(f"weights/{name}" for name in plain.weights_by_name())


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    file, wrong = tmp_path / "w.weights.safetensors", tmp_path / "other.weights.safetensors"
    model = made()
    model.save_weights(file)
    with pytest.raises(ChainruleError, match="exists already"):
        model.save_weights(file, overwrite=False)
    with pytest.raises(ChainruleError, match=r"'w.weights.safetensors'"):
        model.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ChainruleError, match="There is no file"):
        model.load_weights(tmp_path / "none.weights.safetensors")
    with pytest.raises(
        ChainruleError, match=r"shape \(2, 12\), but .*/kernel of the model has \(2, 20\)"
    ):
        made(units=5).load_weights(file)
    other = made(units=5)
    before = other.get_weights()
    other.load_weights(file, skip_mismatch=True)
    assert np.array_equal(other.get_weights()[0], before[0])
    with pytest.raises(ChainruleError, match=r"holds 9 weights, but the model has 2"):
        core.Sequential([core.Input((4,)), layers.Dense(1)]).load_weights(file)
    save_file({"a": np.zeros(3)}, wrong)
    with pytest.raises(ChainruleError, match="holds no weights of Chainrule"):
        model.load_weights(wrong)
    wrong.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ChainruleError, match="is damaged"):
        model.load_weights(wrong)
    with pytest.raises(ChainruleError, match="has none yet"):
        core.Sequential([layers.Dense(1)]).save_weights(file)


def test_a_model_can_be_loaded_without_what_it_was_trained_with(tmp_path: Path) -> None:
    model = made()
    model.fit(X, Y)
    model.save(tmp_path / "m.chainrule")
    with pytest.raises(ChainruleError, match="exists already"):
        model.save(tmp_path / "m.chainrule", overwrite=False)
    plain = core.load_model(tmp_path / "m.chainrule", compile=False)
    assert same(plain, model)
    with pytest.raises(ChainruleError, match="no loss yet"):
        plain.fit(X, Y)
    with pytest.raises(ChainruleError, match="hold no code"):
        core.load_model(tmp_path / "m.chainrule", custom_objects={"a": int})
