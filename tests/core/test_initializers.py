"""Drawn weights have the spread their formulas say."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from core import initializers

SHAPES = [(300, 200), (3, 3, 40, 60)]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    places = int(np.prod(shape[:-2]))
    return shape[-2] * places, shape[-1] * places


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["glorot_uniform", "he_uniform"])
def test_uniform_limits(name: str, shape: tuple[int, ...]) -> None:
    inputs, outputs = fans(shape)
    limit = sqrt(6 / (inputs + outputs)) if name == "glorot_uniform" else sqrt(6 / inputs)
    values = initializers.draw(name, shape, 0, "w")
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.999 * limit
    assert values.mean() == pytest.approx(0, abs=0.01 * limit)
    assert values.std() == pytest.approx(limit / sqrt(3), rel=0.02)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["glorot_normal", "he_normal"])
def test_truncated_normals_have_the_deviation_of_the_formula_and_end_at_two(
    name: str, shape: tuple[int, ...]
) -> None:
    inputs, outputs = fans(shape)
    deviation = sqrt(2 / (inputs + outputs)) if name == "glorot_normal" else sqrt(2 / inputs)
    values = initializers.draw(name, shape, 0, "w")
    # Keras draws with a larger deviation, so that cutting off at two of them leaves the formula's.
    assert values.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(values).max() <= 2 * deviation / 0.87962566103423978 * (1 + 1e-6)
    assert np.abs(values).max() > 2 * deviation


@pytest.mark.parametrize(
    ("name", "deviation"), [("random_normal", 0.05), ("random_uniform", 0.05 / sqrt(3))]
)
def test_plain_random_values(name: str, deviation: float) -> None:
    values = initializers.draw(name, (300, 200), 0, "w")
    assert values.std() == pytest.approx(deviation, rel=0.02)
    assert values.mean() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("shape", [(8, 32), (32, 8), (5, 5)])
def test_orthogonal_rows_or_columns(shape: tuple[int, int]) -> None:
    q = initializers.draw("orthogonal", shape, 0, "w").astype(np.float64)
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    assert product == pytest.approx(np.eye(min(shape)), abs=1e-6)


def test_constants() -> None:
    assert (initializers.draw("zeros", (3,), 0, "w") == 0).all()
    assert (initializers.draw("ones", (3,), 0, "w") == 1).all()
    assert initializers.draw("lstm_forget_bias", (8,), 0, "w").tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
