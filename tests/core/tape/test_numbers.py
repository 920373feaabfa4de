"""Functions and chance inside the kernels: accurate, complete, fair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numba import njit

from core.kernels import simd
from core.losses import get
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training
from tests.core.networks import chain
from tests.core.subjects import bound

SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, -1e-40, 1.2e-38, -1.2e-38, 3e38, -3e38,
                    88.72, 88.73, 89, -87.3, -88, -103.9, -104, 9.01, -9.02, 20, -20], np.float32)  # fmt: skip


def sweep() -> np.ndarray:
    """Every 4001st float32, and many where the functions bend."""
    patterns = np.arange(0, 2**32, 4001, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return np.concatenate([patterns, np.linspace(-110, 110, 200_000, dtype=np.float32), SPECIAL])


@njit(error_model="numpy")
def all_exp(x, y):
    for k in range(x.size):
        y[k] = simd.exp(x[k])


@njit(error_model="numpy")
def all_tanh(x, y):
    for k in range(x.size):
        y[k] = simd.tanh(x[k])


@njit(error_model="numpy")
def all_sigmoid(x, y):
    for k in range(x.size):
        y[k] = simd.sigmoid(x[k])


def errors(function: Callable[..., None], x: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Units in the last place of the float32 nearest to the exact result."""
    y = np.empty_like(x)
    function(x, y)
    with np.errstate(all="ignore"):
        nearest = exact.astype(np.float32)
        assert np.array_equal(np.isnan(y), np.isnan(nearest))
        assert np.array_equal(np.isinf(y), np.isinf(nearest))
        usual = np.isfinite(nearest)
        unit = np.maximum(np.spacing(np.abs(nearest[usual])), np.float32(1e-45)).astype(np.float64)
        return np.abs(y[usual].astype(np.float64) - exact[usual]) / unit


def test_exp() -> None:
    x = sweep()
    # Where the exact result rounds to the largest float or to infinity is within the error.
    x = x[~((x > 88.7227) & (x < 88.7229))]
    with np.errstate(all="ignore"):
        assert errors(all_exp, x, np.exp(x.astype(np.float64))).max() <= 4


def test_tanh() -> None:
    x = sweep()
    with np.errstate(all="ignore"):
        assert errors(all_tanh, x, np.tanh(x.astype(np.float64))).max() <= 4
    y = np.empty(2, np.float32)
    all_tanh(np.array([-0.0, 0.0], np.float32), y)
    assert np.signbit(y).tolist() == [True, False]


def test_sigmoid() -> None:
    x = sweep()
    # Below, 1 / (1 + exp(-x)) has overflowed to 0; the exact value is under 3e-39.
    x = x[~((x < -88) & np.isfinite(x))]
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        exact = np.where(wide >= 0, 1 / (1 + np.exp(-wide)), np.exp(wide) / (1 + np.exp(wide)))
        exact = np.where(np.isneginf(wide), 0.0, exact)
        assert errors(all_sigmoid, x, exact).max() <= 4
    y = np.empty(3, np.float32)
    all_sigmoid(np.array([-90, -1000, -3e38], np.float32), y)
    assert (y < 3e-39).all()


# ---- chance -------------------------------------------------------------------------------------------------------


@njit
def permutation(n, key):
    out = np.empty(n, np.int64)
    for k in range(n):
        out[k] = simd.shuffled(k, n, key)
    return out


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 23, 64, 100, 1000, 1024, 10_007])
def test_the_order_of_an_epoch_is_a_permutation(n: int) -> None:
    for key in range(3):
        assert np.array_equal(np.sort(permutation(n, np.uint64(key))), np.arange(n))


def test_every_sample_comes_once_an_epoch_in_an_order_of_its_own() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
    network = chain((2,), ("Dense", {"units": 1}))

    def orders(seed: int) -> list[list[int]]:
        training = Training(loss="mean_squared_error", batch_size=8, seed=seed)
        run = Run(network, training, samples=prepare(x, y, get("mse"), 1))
        epochs = []
        for _ in range(3):
            seen: list[int] = []
            for _ in range(7):
                run.advance(1)
                seen += run.program.tensor("batch/samples").astype(int).tolist()
            epochs.append(seen)
        return epochs

    first = orders(0)
    assert all(sorted(epoch) == list(range(50)) for epoch in first)
    assert first[0] != first[1] != first[2]
    assert orders(0) == first
    assert orders(1) != first


def test_places_of_a_permutation_are_evenly_taken() -> None:
    n = 16
    counts = np.zeros((n, n))
    for key in range(2000):
        counts[np.arange(n), permutation(n, np.uint64(key * 7919 + 1))] += 1
    # 125 expected, deviation 11
    assert np.abs(counts - 125).max() < 60


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    network = chain(
        (400,), ("Dense", {"units": 400}), ("Dropout", {"rate": rate}), ("Dense", {"units": 1})
    )
    program = bound(network, get("mse"), rows=64, dtype=np.float32)
    k = next(k for k, ins in enumerate(program.tape.instructions) if ins.op == "dropout_mask")
    masks = []
    for step in range(2):
        program.state[0] = step
        program.run(k, k + 1)
        masks.append(program.tensor(program.tape.instructions[k].output.name).copy())
    kept = np.float32(1 / (1 - rate))
    for mask in masks:
        assert set(np.unique(mask)) == {np.float32(0), kept}
        share = (mask == 0).mean()
        assert share == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / mask.size))
        assert mask.mean() == pytest.approx(1, abs=5 * np.sqrt(rate / (1 - rate) / mask.size))
    assert ((masks[0] == 0) == (masks[1] == 0)).mean() < 0.95
    rows = masks[0] == 0
    assert not np.array_equal(rows[0], rows[1])


def test_two_dropouts_of_one_network_drop_different_values() -> None:
    network = chain(
        (100,), ("Dropout", {"rate": 0.5}), ("Dropout", {"rate": 0.5}), ("Dense", {"units": 1})
    )
    program = bound(network, get("mse"), rows=8, dtype=np.float32)
    found = [ins.output.name for ins in program.tape.instructions if ins.op == "dropout_mask"]
    for k, ins in enumerate(program.tape.instructions):
        if ins.op == "dropout_mask":
            program.run(k, k + 1)
    assert len(found) == 2
    assert not np.array_equal(program.tensor(found[0]), program.tensor(found[1]))
