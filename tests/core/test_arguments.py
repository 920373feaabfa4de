"""Data a model cannot learn from is refused with the row, what it holds, and what to do."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import AdviceWarning, ChainruleError
from core.runs.samples import prepare
from core.spec import inspect
from tests.core.networks import chain


def dense(shape: tuple[int, ...] = (3,)) -> core.Sequential:
    flat = [layers.Flatten()] if len(shape) > 1 else []
    made = core.Sequential([core.Input(shape, name="entry"), *flat, layers.Dense(1)])
    made.compile(loss="mse")
    return made


X, Y = np.ones((5, 3), np.float32), np.ones((5, 1), np.float32)


def spoiled(array: np.ndarray, row: int, value: float) -> np.ndarray:
    other = array.astype(np.float64)
    other[row, -1] = value
    return other


@pytest.mark.parametrize(
    ("x", "y", "parts"),
    [
        (spoiled(X, 3, np.nan), Y, ["Row 3 of x", "NaN"]),
        (spoiled(X, 0, np.inf), Y, ["Row 0 of x", "infinite"]),
        (spoiled(X, 4, -np.inf), Y, ["Row 4 of x", "infinite"]),
        (spoiled(X, 2, 1e300), Y, ["Row 2 of x", "too large for float32"]),
        (X, spoiled(Y, 1, np.nan), ["Row 1 of y", "NaN"]),
        (X, Y[:4], ["5 and 4 samples"]),
        (X[:0], Y[:0], ["no samples"]),
        (X[0], Y, ["x[None]", "(samples, 3) for Input 'entry'", "it has (3,)"]),
        (np.ones((5, 4)), Y, ["(samples, 3)", "(5, 4)", "Input((4,))"]),
        (np.ones((3, 5)), np.ones(3), ["x.T"]),
        (np.ones((5, 3, 2)), Y, ["(5, 3, 2)"]),
        ([[1, 2, 3], [1, 2]], Y, ["rows of one length"]),
        ([[1, 2, None]] * 5, Y, ["Row 0 of x holds None"]),
        ([["a", "b", "c"]] * 5, Y, ["text"]),
        (X.astype(complex), Y, ["complex"]),
        (3.0, Y, ["single number 3.0"]),
        (None, Y, ["x is missing"]),
        (X, None, ["y is missing"]),
        (X, ["a", "b", "c", "a", "b"], ["text", "Number the classes from 0", "np.unique(y"]),
        (X, np.array(["a", "b", 3, "a", "b"], object), ["holds 'a'", "Number the classes from 0"]),
        ([[1, 2, 10**30]] * 5, Y, ["Row 0 of x", "63 bits"]),
    ],
)
def test_data_that_cannot_be_learned_from(x: Any, y: Any, parts: list[str]) -> None:
    for ask in (dense().fit, dense().evaluate):
        with pytest.raises(ChainruleError) as refused:
            ask(x, y)
        for part in parts:
            assert part in str(refused.value)


def test_two_spoiled_rows_are_counted_and_the_first_is_named() -> None:
    x = spoiled(spoiled(X, 3, np.nan), 1, np.nan)
    with pytest.raises(ChainruleError, match=r"Row 1 of x holds NaN.* 2 rows are like this"):
        dense().fit(x, Y)


def test_numbers_whose_sum_is_too_large_are_fine_each_by_itself() -> None:
    x = np.full((5, 3), 3e38, np.float32)
    assert dense().predict(x).shape == (5, 1)


def test_prediction_refuses_what_is_not_a_number_too() -> None:
    with pytest.raises(ChainruleError, match="Row 2 of x"):
        dense().predict(spoiled(X, 2, np.nan))


@pytest.mark.parametrize(
    ("shape", "given", "part"),
    [
        ((4, 5, 3), (2, 3, 4, 5), "np.moveaxis(x, 1, -1)"),
        ((4, 5, 1), (2, 20), "x.reshape(-1, 4, 5, 1)"),
        ((20,), (2, 4, 5), "x.reshape(-1, 20)"),
        ((4, 5, 1), (4, 5, 1), "x[None]"),
        ((4, 5, 1), (4, 5), "x[None]"),
        ((4, 5), (4, 5, 1), "x[None]"),
    ],
)
def test_data_of_another_shape_is_told_how_to_become_of_this_one(
    shape: tuple[int, ...], given: tuple[int, ...], part: str
) -> None:
    with pytest.raises(ChainruleError) as refused:
        dense(shape).predict(np.zeros(given))
    assert part in str(refused.value)
    assert str(given) in str(refused.value)


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        ((4, 5, 1), (2, 4, 5)),
        ((4, 5), (2, 4, 5, 1)),
        ((1,), (2,)),
        ((3,), (2, 3, 1)),
        ((4,), (2, 4)),
    ],
)
def test_a_last_axis_of_length_one_may_be_missing_or_extra_as_in_keras(
    shape: tuple[int, ...], given: tuple[int, ...]
) -> None:
    assert dense(shape).predict(np.zeros(given)).shape == (2, 1)


@pytest.mark.parametrize(("token", "shown"), [(7, "token 7"), (-1, "token -1"), (1.5, "token 1.5")])
def test_a_token_without_a_place_is_named_with_its_row(token: float, shown: str) -> None:
    made = core.Sequential(
        [core.Input((4,)), layers.Embedding(7, 2, name="words"), layers.Flatten()]
    )
    made.compile(loss="mse")
    x = np.zeros((5, 4))
    x[3, 2] = token
    with pytest.raises(ChainruleError) as refused:
        made.predict(x)
    for part in ("Row 3 of x", shown, "Embedding 'words'", "0 to 6", "input_dim"):
        assert part in str(refused.value)


def test_the_tokens_of_each_input_are_known() -> None:
    network = chain((4,), ("Embedding", {"input_dim": 9, "output_dim": 2}))
    assert inspect(network).vocabularies(network) == {"input_1": [("embedding_1", 9)]}


@pytest.mark.parametrize("x", [spoiled(X, 3, np.nan), spoiled(X, 3, np.inf)])
def test_a_run_refuses_the_same_data(x: np.ndarray) -> None:
    with pytest.raises(ChainruleError, match="Row 3 of x"):
        prepare(x, Y, losses.get("mse"), 1)
    with pytest.raises(ChainruleError, match="Row 3 of y"):
        prepare(X, x[:, -1], losses.get("mse"), 1)
    with pytest.raises(ChainruleError, match="5 and 4"):
        prepare(X, Y[:4], losses.get("mse"), 1)


def classifier(units: int, activation: str, loss: str) -> core.Sequential:
    made = core.Sequential([core.Input((3,)), layers.Dense(units, activation=activation)])
    made.compile(loss=loss)
    return made


@pytest.mark.parametrize(
    ("x", "y", "model", "part"),
    [
        ((255 * X).astype(np.uint8), Y, (1, "sigmoid", "binary_crossentropy"), "x / 255"),
        (X, np.array([1, 1, -1, 1, -1]), (1, "sigmoid", "binary_crossentropy"), "Row 2 of y holds -1"),
        (X, np.array([[1, 0], [1, 0], [1, 0], [1, 1], [0, 1]]), (2, "softmax", "categorical_crossentropy"),
         "Row 3 of y adds up to 2"),
    ],
)  # fmt: skip
def test_data_that_is_seldom_meant_is_advised(
    x: np.ndarray, y: np.ndarray, model: tuple[int, str, str], part: str
) -> None:
    with pytest.warns(AdviceWarning, match="but|networks") as told:
        classifier(*model).fit(x, y)
    assert part in str(told[0].message)


@pytest.mark.parametrize(
    ("x", "y", "model"),
    [
        (X, Y, (1, "sigmoid", "binary_crossentropy")),
        (X.astype(np.uint8), Y, (1, "sigmoid", "binary_crossentropy")),
        (X, np.array([0, 2, 1, 1, 0]), (3, "softmax", "sparse_categorical_crossentropy")),
        (X, np.full((5, 2), 0.5), (2, "softmax", "categorical_crossentropy")),
        (X, np.array([0, 2, 1, 1, 0]) * 100, (1, "linear", "mean_squared_error")),
    ],
)
@pytest.mark.filterwarnings("error")
def test_usual_data_is_passed_over(
    x: np.ndarray, y: np.ndarray, model: tuple[int, str, str]
) -> None:
    classifier(*model).fit(x, y)


def test_a_list_of_one_array_is_one_input_and_one_target() -> None:
    made, rng = dense(), np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 1))
    assert np.array_equal(made.predict([x]), made.predict(x))
    assert made.evaluate([x], [y]) == made.evaluate((x,), [y[:, 0]]) == made.evaluate(x, y)
    made.fit([x], [y], validation_data=([x], [y]))
    late = core.Sequential([layers.Dense(1)])
    assert late.predict([x]).shape == (5, 1)
    labels = classifier(3, "softmax", "sparse_categorical_crossentropy")
    labels.fit([x], [np.array([0, 2, 1, 1, 0])])
    # A list of one sample is still that.
    assert np.array_equal(made.predict([x[0]]), made.predict(x[:1]))
    assert made.evaluate([x[0]], [y[0]]) == made.evaluate(x[:1], y[:1])


def test_a_sequence_of_padding_only_is_named() -> None:
    made = core.Sequential(
        [
            core.Input((5,)),
            layers.Embedding(9, 3, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ]
    )
    made.compile(loss="mse")
    x = np.random.default_rng(0).integers(1, 9, (40, 5))
    x[17] = 0
    with pytest.raises(core.errors.DivergedError) as refused:
        made.fit(x, np.ones(40), batch_size=8)
    assert "Row 17 of x is padding only" in str(refused.value)
    assert "Step back" not in str(refused.value)


def test_code_is_not_told_to_step_back() -> None:
    made = core.Sequential([core.Input((3,)), layers.Dense(1)])
    made.compile(core.optimizers.SGD(1e20), loss="mse")
    with pytest.raises(core.errors.DivergedError, match=r"mean .*\. Lower the learning rate\.$"):
        made.fit(X, Y, epochs=50)


@pytest.mark.parametrize("loss", [losses.BinaryCrossentropy(), losses.binary_crossentropy])
def test_targets_of_arrays_that_are_no_probabilities_are_advised(loss: Any) -> None:
    with pytest.warns(AdviceWarning, match="Row 1 of y_true holds 2, .* from 0 to 1") as told:
        loss([[0.0], [2.0]], [[0.5], [0.5]])
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss([[0.0], [1.0]], [[0.5], [0.5]])
