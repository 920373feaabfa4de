"""Activations: the functions of arrays, the tape's instructions, and Keras's names for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core import activations, gradient_check, layers, losses, optimizers
from core.errors import SettingError
from core.models import Sequential
from core.ops import operation
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain

#: Both sides of every corner, far out on both sides, and what overflows or underflows on the way.
HARD = np.array(
    [-1e4, -120, -89, -30, -6, -3, -2.5, -1, -1e-3, -1e-7, 0, 1e-7, 1e-3, 0.5, 3, 5.9, 6, 7, 20, 88],
    np.float32,
)  # fmt: skip
by_name = pytest.mark.parametrize("name", activations.names())


def on_the_tape(name: str, x: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    network = chain(x.shape[1:], ("Activation", {"activation": name}))
    program = Program(compile_network(network, "predict"), len(x), dtype)
    program.feed([x])
    program.run()
    (output,) = program.tape.outputs.values()
    return program.tensor(output.name).copy()


@by_name
def test_the_tape_and_the_function_of_arrays_are_one(name: str) -> None:
    x = HARD.reshape(4, 5)
    expected = activations.get(name)(x.astype(np.float64))
    assert on_the_tape(name, x, np.float64) == pytest.approx(expected, rel=1e-12, abs=1e-300)
    # The logarithm of a sum next to 1 has no more digits than the sum.
    least = 1e-7 if name == "log_softmax" else 1e-35
    assert on_the_tape(name, x) == pytest.approx(expected, rel=2e-6, abs=least)


@by_name
def test_a_formula_holds_where_exponentials_overflow(name: str) -> None:
    x = np.array([[2000, -3000, 1990, 5], [-2000, -1e9, -1e9, -1e9]], np.float64)
    network = chain((4,), ("Activation", {"activation": name}))
    program = Program(compile_network(network, "predict"), 2, np.float64)
    program.feed([x])
    program.run()
    for k in range(len(program.instructions)):
        for cell in np.ndindex(2, 4):
            found = program.explain(k, cell)
            if np.isfinite(found.kernel_value):
                assert found.value == pytest.approx(found.kernel_value, rel=1e-12, abs=1e-12)
            else:
                assert found.value == found.kernel_value == np.inf


@by_name
def test_nan_is_not_hidden(name: str) -> None:
    x = np.array([[math.nan, 1, -2]], np.float32)
    assert math.isnan(on_the_tape(name, x)[0, 0])
    assert math.isnan(activations.get(name)(x)[0, 0])


@by_name
def test_an_element_type_is_kept(name: str) -> None:
    function = activations.get(name)
    assert function(np.ones((2, 3), np.float32)).dtype == np.float32
    assert function([1, 2]).dtype == np.float64
    assert function(np.ones((0, 3))).shape == (0, 3)


def test_names_of_keras_and_functions_are_accepted() -> None:
    dense = layers.Dense(3, activation="swish")
    assert dense["activation"] == "silu"
    assert layers.Dense(3, activation=activations.gelu)["activation"] == "gelu"
    assert layers.Activation(activations.swish)["activation"] == "silu"
    assert activations.get(None)([3.0]) == [3.0]
    assert activations.get(np.tanh) is np.tanh
    with pytest.raises(SettingError, match="no activation called 'rleu'"):
        activations.get("rleu")
    with pytest.raises(SettingError, match="Dense: activation must be one of"):
        layers.Dense(3, activation=np.sin)


@by_name
def test_an_activation_says_what_it_is(name: str) -> None:
    found = activations.describe(name)
    assert found.summary.endswith(".")
    assert activations.get(name).__doc__
    if found.operation:
        assert operation(found.operation).name == name


# ---- the perceptron -------------------------------------------------------------------------------------------------


def perceptron(rate: float) -> Program:
    """Two inputs, one threshold unit, one sample at a time."""
    network = chain((2,), ("Dense", {"units": 1, "activation": "binary_step"}))
    sgd = optimizers.get({"kind": "SGD", "learning_rate": rate})
    loss = losses.get("half_squared_error")
    return Program(compile_network(network, "train", loss=loss, optimizer=sgd, metrics=()), 1)


def test_a_perceptron_learns_and_by_its_rule() -> None:
    program, rate = perceptron(0.1), 0.1
    weights = {"dense_1/kernel": np.zeros((2, 1)), "dense_1/bias": np.zeros(1)}
    program.set_weights(weights)
    w, b = np.zeros(2, np.float32), np.float32(0)
    first = next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data")
    samples = [((0, 0), 0), ((0, 1), 0), ((1, 0), 0), ((1, 1), 1)]
    wrong = []
    for _ in range(10):
        mistakes = 0
        for x, t in samples:
            program.feed([np.array([x])], [np.array([[t]])])
            program.run(first)
            # Rosenblatt's rule, by hand.
            y = float(w @ np.array(x, np.float32) + b >= 0)
            w += np.float32(rate * (t - y)) * np.array(x, np.float32)
            b += np.float32(rate * (t - y))
            mistakes += y != t
            assert program.tensor("dense_1/output")[0, 0] == y
            assert program.tensor("dense_1/kernel")[:, 0] == pytest.approx(w, abs=1e-7)
            assert program.tensor("dense_1/bias")[0] == pytest.approx(b, abs=1e-7)
        wrong.append(mistakes)
    assert wrong[0] > 0
    assert wrong[-4:] == [0, 0, 0, 0]
    (rule,) = (ins for ins in program.instructions if ins.op == "perceptron_rule")
    assert "perceptron rule" in rule.title
    assert "no derivative" in operation("perceptron_rule").not_the_slope


def test_the_gradient_check_says_why_it_leaves_a_step_out() -> None:
    model = Sequential([layers.InputLayer((2,)), layers.Dense(1, activation="binary_step")])
    model.compile(optimizer="sgd", loss="half_squared_error")
    found = gradient_check(model, np.ones((2, 2)), np.ones((2, 1)))
    assert not found.weights
    assert "dense/kernel" in found.sentence
    assert operation("perceptron_rule").not_the_slope in found.sentence


def test_the_loan_perceptron_of_the_notes() -> None:
    model = Sequential([layers.InputLayer((3,)), layers.Dense(1, activation="binary_step")])
    salaries = np.array([[10000, 15000, 7000]], np.float32)
    for weights, total, answer in (((1, 1, 1), -18000, 0), ((3, 2, 1), 17000, 1)):
        model.set_weights([np.array(weights, np.float32)[:, None], np.array([-50000], np.float32)])
        assert float((salaries @ model.get_weights()[0])[0, 0] - 50000) == total
        assert model.predict(salaries)[0, 0] == answer
