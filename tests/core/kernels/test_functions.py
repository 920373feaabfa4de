"""The functions of kernels over all of float32: their errors are those their file states, special values are right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numba import njit

from core.kernels import doubles, functions

SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, -1e-40, 1.1754942e-38, 1.1754944e-38, -1.2e-38,
     3.4028235e38, -3.4028235e38, 88.72, 88.73, 89, -87.3, -88, -103.9, -104, 9.01, -9.02, 20, -20, 2.4142134,
     2.4142137, 0.41421354, 0.41421357, -14.5, 14.5, -14.2, 1, -1], np.float32,
)  # fmt: skip


def _sigmoid(x: np.ndarray) -> np.ndarray:
    exact = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
    return np.where(np.isneginf(x), 0.0, exact)


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    # libm's erfc of -x/√2 would feel the rounding of its argument by x² / 2 as much; in float64 that is nothing.
    return 0.5 * np.array([math.erfc(-v * math.sqrt(0.5)) for v in x.tolist()])


def _everywhere(x: np.ndarray) -> np.ndarray:
    return np.ones(x.shape, bool)


#: The exact function, where it is asked, and the largest error in units in the last place.
CASES: dict[
    str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray], float]
] = {
    # Where the exact result rounds to the largest float or to infinity is within the error.
    "exp": (np.exp, lambda x: ~((x > 88.7227) & (x < 88.7229)), 2),
    "tanh": (np.tanh, _everywhere, 4),
    # Below, 1 / (1 + exp(-x)) has overflowed to 0; the exact value is under 3e-39.
    "sigmoid": (_sigmoid, lambda x: ~((x < -88) & np.isfinite(x)), 4),
    "expm1_below": (np.expm1, lambda x: ~(x > 0), 4),
    "log1p": (np.log1p, lambda x: (x >= 0) & (x <= 1), 4),
    "log": (np.log, _everywhere, 2),
    "arctan": (np.arctan, _everywhere, 4),
    "normal_cdf": (_normal_cdf, _everywhere, 8),
}


@cache
def sweep() -> np.ndarray:
    """Every 4001st float32 (a prime: all exponents, mantissas that differ), and many where the functions bend."""
    patterns = np.arange(0, 2**32, 4001, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.concatenate(
        [
            patterns,
            np.linspace(-110, 110, 200_000, dtype=np.float32),
            np.linspace(-3, 3, 100_000, dtype=np.float32),
            SPECIAL,
        ]
    )


@cache
def everywhere(name: str) -> Callable[[np.ndarray, np.ndarray], None]:
    """A loop over the function, as kernels have it."""
    function = getattr(functions, name)

    @njit(error_model="numpy")
    def loop(x: Any, y: Any) -> None:
        for k in range(x.size):
            y[k] = function(x[k])

    return loop  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", CASES)
def test_errors_are_as_stated(name: str) -> None:
    exact_function, asked, allowed = CASES[name]
    x = sweep()
    x = x[asked(x)]
    y = np.empty_like(x)
    everywhere(name)(x, y)
    with np.errstate(all="ignore"):
        exact = exact_function(x.astype(np.float64))
        nearest = exact.astype(np.float32)
        assert np.array_equal(np.isnan(y), np.isnan(nearest))
        assert np.array_equal(np.isinf(y), np.isinf(nearest))
        usual = np.isfinite(nearest)
        unit = np.maximum(np.spacing(np.abs(nearest[usual])), np.float32(1e-45)).astype(np.float64)
        errors = np.abs(y[usual].astype(np.float64) - exact[usual]) / unit
    assert errors.max() <= allowed, f"{errors.max():.2f} at {x[usual][errors.argmax()]!r}"
    stated = re.search(rf"^`{name}` +(\d+)\b", str(functions.__doc__), re.MULTILINE)
    assert stated is not None
    assert float(stated[1]) == allowed


@pytest.mark.parametrize("name", ["tanh", "arctan", "expm1_below", "log1p"])
def test_zero_stays_zero_with_its_sign(name: str) -> None:
    zeros = np.array([-0.0, 0.0] * 20, np.float32)
    y = np.empty_like(zeros)
    everywhere(name)(zeros, y)
    assert not y.any()
    if name in ("tanh", "arctan"):
        assert np.array_equal(np.signbit(y), np.signbit(zeros))


def test_sigmoid_far_below_is_next_to_nothing() -> None:
    y = np.empty(3, np.float32)
    everywhere("sigmoid")(np.array([-90, -1000, -3e38], np.float32), y)
    assert (y < 3e-39).all()


@pytest.mark.parametrize("name", CASES)
def test_double_precision_is_libm(name: str) -> None:
    exact, _, _ = CASES[name]
    x = np.linspace(-30, 0, 1001) if name == "expm1_below" else np.linspace(0.01, 0.99, 1001)
    y = np.empty_like(x)
    everywhere(name)(x, y)
    np.testing.assert_allclose(y, exact(x), rtol=1e-14)


def test_a_result_does_not_depend_on_where_it_stands_in_a_loop() -> None:
    """The vectorised middle of a loop and its scalar rest are the same operations."""
    x = np.random.default_rng(0).normal(size=67).astype(np.float32) * 3
    for name in CASES:
        v = -np.abs(x) if name == "expm1_below" else np.abs(x) % 1 if name == "log1p" else x
        whole, alone = np.empty_like(v), np.empty_like(v)
        everywhere(name)(v, whole)
        for k in range(v.size):
            everywhere(name)(v[k : k + 1], alone[k : k + 1])
        assert whole.tobytes() == alone.tobytes(), name


@cache
def doubles_everywhere(name: str) -> Callable[[np.ndarray, np.ndarray], None]:
    """A loop over a function of double precision."""
    function = getattr(doubles, name)

    @njit(error_model="numpy")
    def loop(x: Any, y: Any) -> None:
        for k in range(x.size):
            y[k] = function(x[k])

    return loop  # type: ignore[no-any-return]


#: The exact function in extended precision, and where it is asked.
DOUBLES = {
    "log64": (np.log, np.concatenate([np.exp(np.linspace(-708, 709, 100_001)), np.linspace(0.5, 2, 100_001)])),
    "exp_below64": (np.exp, -np.concatenate([np.linspace(0, 707, 100_001), np.exp(np.linspace(-40, 0, 50_001))])),
}  # fmt: skip


@pytest.mark.skipif(
    np.finfo(np.longdouble).nmant <= 52, reason="nothing more exact to compare with"
)
@pytest.mark.parametrize("name", DOUBLES)
def test_errors_of_double_precision_are_as_stated(name: str) -> None:
    exact_function, x = DOUBLES[name]
    y = np.empty_like(x)
    doubles_everywhere(name)(x, y)
    exact = exact_function(x.astype(np.longdouble))
    errors = np.abs(y - exact) / np.spacing(np.abs(exact.astype(np.float64)))
    stated = re.search(rf"^`{name}` +(\d+)\b", str(doubles.__doc__), re.MULTILINE)
    assert stated is not None
    assert errors.max() <= float(stated[1])


def test_special_values_of_double_precision() -> None:
    x = np.array([0.0, -0.0, 1e-310, np.inf, 1.0, -1.0, -np.inf, np.nan] * 5)
    y = np.empty_like(x)
    doubles_everywhere("log64")(x, y)
    wanted = [-np.inf, -np.inf, -np.inf, np.inf, 0.0, np.nan, np.nan, np.nan]
    np.testing.assert_array_equal(y, wanted * 5)
    x = np.array([0.0, -0.0, -1e-310, -800.0, -np.inf, np.nan] * 5)
    y = np.empty_like(x)
    doubles_everywhere("exp_below64")(x, y)
    np.testing.assert_allclose(y, [1, 1, 1, 0, 0, np.nan] * 5, rtol=0, atol=4e-308)


def test_cosine_of_turns() -> None:
    turns = np.arange(2**24, dtype=np.float32)[::7] / np.float32(2**24)
    y = np.empty_like(turns)
    everywhere("cos_of_turns")(turns, y)
    assert np.abs(y - np.cos(2 * np.pi * turns.astype(np.float64))).max() < 2e-7
