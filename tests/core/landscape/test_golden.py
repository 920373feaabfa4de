"""Surfaces beside symbolic ones, and ways of 1,000 steps beside Keras's, in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from core import landscape, optimizers
from tests.core.landscape import cases, comparing

BOUND, WAY_BOUND = 1e-12, 1e-6


@pytest.mark.parametrize("name", cases.every())
def test_values_and_gradients_are_the_exact_ones(name: str) -> None:
    assert max(comparing.surface_errors(name)) <= BOUND


@pytest.mark.parametrize("name", cases.ON)
def test_ways_are_those_of_keras(name: str) -> None:
    errors = {key: comparing.way_error(name, key) for key in cases.OPTIMIZERS}
    assert {key: error for key, error in errors.items() if not error <= WAY_BOUND} == {}


def test_every_optimizer_and_every_surface_is_compared() -> None:
    assert {config["kind"] for config in cases.OPTIMIZERS.values()} == set(optimizers.names())
    assert set(landscape.names()) <= set(cases.every())
    assert {f"surface|{name}" for name in cases.every()} <= set(comparing.stored())


@pytest.mark.conformance
@pytest.mark.parametrize("key", cases.OPTIMIZERS)
def test_keras_goes_the_same_way_now(key: str) -> None:
    pytest.importorskip("keras")
    from tests.core.landscape import make_golden

    for name in ("himmelblau", "logistic-regression"):
        theirs = make_golden.way(landscape.surface(name), cases.config_on(name, key))
        assert comparing.difference(comparing.way(name, key), theirs) <= WAY_BOUND


@pytest.mark.conformance
@pytest.mark.parametrize("name", cases.every())
def test_sympy_finds_the_same_now(name: str) -> None:
    pytest.importorskip("sympy")
    from tests.core.landscape import make_golden

    surface = cases.every()[name]
    exact = make_golden.exact(surface, dict(cases.FORMULAS).get(name) or surface.text)
    np.testing.assert_array_equal(exact, comparing.stored()[f"surface|{name}"])
