"""Layer normalisation over axes for which Keras on PyTorch gives no numbers, against the formula."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import layers

X = np.random.default_rng(0).normal(2, 3, (4, 5, 3, 6)).astype(np.float32)


@pytest.mark.parametrize("axis", [1, 2, 3, -2, [1, 2], [2, 3], [1, 3], [1, 2, 3]])
def test_the_axes_are_those_that_are_named(axis: int | list[int]) -> None:
    model = core.Sequential([core.Input(X.shape[1:]), layers.LayerNormalization(axis=axis)])
    over = tuple(axis) if isinstance(axis, list) else (axis % 4,)
    lengths = tuple(X.shape[k] for k in over)
    rng = np.random.default_rng(1)
    gamma, beta = rng.normal(size=lengths), rng.normal(size=lengths)
    model.set_weights([gamma, beta])
    mean, variance = X.mean(over, keepdims=True), X.var(over, keepdims=True)
    spread = [X.shape[k] if k in over else 1 for k in range(4)]
    expected = (X - mean) / np.sqrt(variance + 1e-3) * gamma.reshape(spread) + beta.reshape(spread)
    assert np.allclose(model.predict(X), expected, atol=1e-5)
