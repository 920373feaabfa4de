"""Numbers that the lecture notes work out by hand, and the models they print."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import core
from core import layers, losses

X = np.array(
    [[1, 3, 0, 0], [1, 58, 1, 1], [0, 8, 0, 0], [0, 70, 0, 1], [1, 14, 0, 0], [1, 10, 0, 0]]
)
Y = np.array([0, 1, 0, 1, 0, 0.0])[:, None]
HIDDEN = np.array([[.3, .8, .8, .7, .2], [.6, .3, .8, .1, .2], [.8, 1, 1, .6, .7], [1, 1, .2, .7, .1]])  # fmt: skip
READ_OUT = np.array([0.2, 0.5, 0.1, 0.2, 0.7])[:, None]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def stroke_risk() -> core.Model:
    """4-5-1 with sigmoids and half the squared error; its biases start at 0."""
    model = core.Sequential(
        [
            core.Input((4,)),
            layers.Dense(5, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="sgd", loss=losses.HalfSquaredError())
    model.set_weights([HIDDEN, np.zeros(5), READ_OUT, np.zeros(1)])
    return model


def test_the_first_patient_of_the_stroke_network() -> None:
    program = stroke_risk().program(batch_size=6)
    program.feed([X], [Y])
    program.run()
    sums, hidden = program.tensor("dense/z"), program.tensor("dense/output")
    assert sums[0] == pytest.approx([2.1, 1.7, 3.2, 1.0, 0.8], abs=1e-6)
    assert np.round(hidden[0], 2) == pytest.approx([0.89, 0.85, 0.96, 0.73, 0.69], abs=1e-6)


def test_the_notes_rules_for_the_gradients() -> None:
    program = stroke_risk().program(batch_size=6)
    program.feed([X], [Y])
    program.run()
    h = sigmoid(X @ HIDDEN)
    o = sigmoid(h @ READ_OUT)
    error = (o - Y) * o * (1 - o)
    expected = {
        "dense_1/kernel": h.T @ error,
        "dense_1/bias": error.sum(0),
        "dense/kernel": X.T @ ((error @ READ_OUT.T) * h * (1 - h)),
        "dense/bias": ((error @ READ_OUT.T) * h * (1 - h)).sum(0),
    }
    for name, gradient in expected.items():
        found = program.tensor(f"grad/{name}")
        assert found == pytest.approx(gradient, rel=2e-5, abs=1e-7), name
    assert float(program.tensor("loss")) == pytest.approx(((Y - o) ** 2).sum() / 2, rel=1e-5)


@pytest.mark.parametrize(("bias", "total", "answer"), [(0.0, -0.35, 0.0), (1.0, 0.65, 0.65)])
def test_a_bias_moves_the_threshold(bias: float, total: float, answer: float) -> None:
    model = core.Sequential([core.Input((2,)), layers.Dense(1, activation="relu")])
    model.set_weights([np.array([[-0.55], [0.1]]), np.array([bias])])
    program = model.program(batch_size=1)
    program.feed([np.array([[1.0, 2.0]])])
    program.run()
    assert float(program.tensor("dense/z")[0, 0]) == pytest.approx(total, abs=1e-6)
    assert float(model.predict(np.array([[1.0, 2.0]]))[0, 0]) == pytest.approx(answer, abs=1e-6)


def many_labels(recurrent: Callable[..., layers.Layer]) -> core.Model:
    return core.Sequential(
        [
            core.Input((12,)),
            layers.Embedding(20000, 128),
            recurrent(50, return_sequences=True),
            layers.GlobalMaxPooling1D(),
            layers.Dropout(0.5),
            layers.Dense(50, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(20, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(("kind", "recurrent"), [("GRU", 27_000), ("LSTM", 35_800)])
def test_the_models_for_many_labels(kind: str, recurrent: int) -> None:
    model = many_labels(getattr(layers, kind))
    assert [layer.count_params() for layer in model.layers] == [
        2_560_000, recurrent, 0, 0, 2_550, 0, 1_020,
    ]  # fmt: skip
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 20000, (8, 12)), np.eye(20)[rng.integers(0, 20, 8)]
    history = model.fit(x, y, batch_size=4, epochs=3).history["loss"]
    assert history[-1] < history[0]
    assert model.predict(x).sum(-1) == pytest.approx(np.ones(8), rel=1e-5)


@pytest.mark.parametrize(
    ("widths", "last", "loss"),
    [((50, 32), None, "mean_squared_error"), ((10, 5), "sigmoid", "binary_crossentropy")],
)  # fmt: skip
def test_the_printed_regression_and_the_churn_classifier(
    widths: tuple[int, int], last: str | None, loss: str
) -> None:
    model = core.Sequential(
        [
            core.Input((11,)),
            *(layers.Dense(n, activation="relu") for n in widths),
            layers.Dense(1, activation=last),
        ]
    )
    expected = 12 * widths[0] + (widths[0] + 1) * widths[1] + widths[1] + 1
    assert model.count_params() == expected
    model.compile(optimizer="adam", loss=loss)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(32, 11))
    history = model.fit(x, (x[:, :1] > 0).astype(float), epochs=20).history["loss"]
    assert history[-1] < history[0]
