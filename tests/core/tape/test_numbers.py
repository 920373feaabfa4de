"""Chance inside the kernels: complete and fair."""

from __future__ import annotations

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
