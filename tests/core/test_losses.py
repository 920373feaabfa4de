"""Losses of logits lose nothing to rounding, however sure the network is."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import layers, losses

LOGITS = np.array([[30.0, 0.0], [3.0, -25.0]])


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (losses.SparseCategoricalCrossentropy(from_logits=True), np.array([1, 1])),
        (losses.CategoricalCrossentropy(from_logits=True), np.array([[0, 1], [0, 1]])),
    ],
)
def test_sure_and_wrong_costs_what_it_should(loss: losses.Loss, targets: np.ndarray) -> None:
    assert loss(targets, LOGITS) == pytest.approx(29.0)
    model = core.Sequential([core.Input((2,)), layers.Dense(2, use_bias=False)])
    model.set_weights([np.eye(2)])
    model.compile(core.optimizers.SGD(0.0), loss)
    assert model.evaluate(LOGITS, targets) == pytest.approx(29.0)


def test_the_update_of_a_binary_loss_of_logits_is_p_minus_t() -> None:
    loss = losses.BinaryCrossentropy(from_logits=True)
    model = core.Sequential([core.Input((1,)), layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile(core.optimizers.SGD(1.0), loss)
    # sigmoid(40) is 1 in float32: a slope that passed through the probability would be 0.
    assert model.train_on_batch([[40.0]], [[0.0]]) == pytest.approx(40.0)
    assert model.get_weights()[0] == pytest.approx(1.0 - 40.0)
    assert loss([[0.0]], [[40.0]]) == pytest.approx(40.0)


def test_probabilities_are_divided_by_their_sum() -> None:
    p = [[0.2, 0.2], [3.0, 1.0]]
    expected = -np.log([0.5, 0.75]).mean()
    assert losses.SparseCategoricalCrossentropy()([1, 0], p) == pytest.approx(expected)
    assert losses.CategoricalCrossentropy()([[0, 1], [1, 0]], p) == pytest.approx(expected)
