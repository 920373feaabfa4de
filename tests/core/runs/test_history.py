"""What was measured is kept by bins: the same numbers whether steps come one by one or many at once."""

from __future__ import annotations

import numpy as np
import pytest

from core.runs import history
from core.runs.history import History


def measured(steps: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    found = rng.normal(size=(steps, 2)).astype(np.float32).astype(np.float64)
    found[steps // 3] = np.nan
    return found


def by_hand(values: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least, mean and largest of each bin of the first metric, one after the other."""
    low, mean, high = [], [], []
    for start in range(0, len(values), size):
        part = values[start : start + size, 0]
        total = 0.0
        for one in part:
            total += one
        low.append(part.min())
        mean.append(total / len(part))
        high.append(part.max())
    return tuple(np.array(found, np.float32) for found in (low, mean, high))


@pytest.mark.parametrize("pieces", [(1,), (7, 1), (300,), (2, 64, 1, 1)])
@pytest.mark.parametrize("capacity", [1024, 64])
def test_pieces_make_no_difference(
    pieces: tuple[int, ...], capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "CAPACITY", capacity)
    values = measured(300)
    kept = History(("loss", "accuracy"), first=5)
    at, turn = 0, 0
    while at < len(values):
        size = pieces[turn % len(pieces)]
        kept.append(5 + at, values[at : at + size])
        at, turn = at + size, turn + 1
    series = kept.series("loss")
    assert kept.length == 305
    assert kept.bin == (1 if capacity > 300 else 8)
    for mine, wanted in zip((series.low, series.mean, series.high), by_hand(values, kept.bin)):
        np.testing.assert_array_equal(mine, wanted)
    assert series.steps.tolist() == list(range(5, 305, kept.bin))


def test_what_is_known_is_left_out_and_what_was_forgotten_comes_anew() -> None:
    values = measured(20)
    kept = History(("loss", "accuracy"))
    kept.append(0, values)
    kept.append(10, values[10:] + 1)
    np.testing.assert_array_equal(kept.series("loss").mean, values[:, 0].astype(np.float32))
    kept.truncate(10)
    kept.append(10, values[10:] + 1)
    wanted = np.concatenate([values[:10, 0], values[10:, 0] + 1]).astype(np.float32)
    np.testing.assert_array_equal(kept.series("loss").mean, wanted)


def test_a_history_tells_its_last_numbers() -> None:
    kept = History(("loss", "accuracy"))
    assert repr(kept) == "<History of 0 steps>"
    kept.append(0, np.array([[0.5, 0.25]]))
    assert repr(kept) == "<History of 1 step: loss 0.5, accuracy 0.25>"
    kept.append(1, np.full((1999, 2), 0.125))
    kept.add_epoch(history.Epoch(1, 2000, {"loss": 0.123456, "val_loss": 2.0}))
    assert repr(kept) == "<History of 2,000 steps and 1 epoch: loss 0.1235, val_loss 2>"


def test_other_metrics_leave_the_series_that_both_have() -> None:
    values = measured(40)
    before = History(("loss", "accuracy"), first=5)
    before.append(5, values)
    after = before.renamed(("precision", "loss"))
    assert (after.names, after.length, after.first) == (("precision", "loss"), 45, 5)
    np.testing.assert_array_equal(after.series("loss").mean, before.series("loss").mean)
    assert np.isnan(after.series("precision").mean).all()
    after.append(45, np.array([[0.5, 2.0]]))
    assert after.series("precision").mean[-1] == 0.5
    assert (len(before.series("loss").steps), len(after.series("loss").steps)) == (40, 41)
