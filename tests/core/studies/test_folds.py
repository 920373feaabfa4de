"""Folds partition the samples; every fold is an ordinary training; processes change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from core import studies
from core.errors import SettingError
from core.studies.job import digest_of
from tests.core.studies.subjects import model, samples


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("count", "k"), [(10, 2), (11, 3), (7, 7), (100, 9)])
def test_folds_hold_every_sample_once(count: int, k: int, shuffle: bool) -> None:
    folds = studies.partition(count, k, shuffle, seed=4)
    assert len(folds) == k
    assert sorted(np.concatenate(folds).tolist()) == list(range(count))
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    if not shuffle:
        assert np.concatenate(folds).tolist() == list(range(count))


def test_another_seed_draws_other_folds() -> None:
    first, again, other = (studies.partition(40, 4, seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("shuffle", [True, False])
def test_stratified_folds_have_their_share_of_each_class(shuffle: bool) -> None:
    labels = np.random.default_rng(0).choice(3, 101, p=[0.6, 0.3, 0.1])
    folds = studies.partition(101, 4, shuffle, 0, labels)
    assert sorted(np.concatenate(folds).tolist()) == list(range(101))
    for label in range(3):
        shares = [(labels[fold] == label).sum() for fold in folds]
        assert max(shares) - min(shares) <= 1
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


def test_stratified_folds_are_those_of_scikit_learn() -> None:
    # Dealt by hand: sorted labels go round the folds, which says how many of a class each fold gets, in order.
    labels = [0, 0, 0, 1, 1, 1, 1, 0, 0]
    folds = studies.partition(9, 3, shuffle=False, labels=labels)
    assert [fold.tolist() for fold in folds] == [[0, 1, 3], [2, 4, 7], [5, 6, 8]]


def test_a_fold_is_an_ordinary_fit_and_processes_change_no_bit() -> None:
    x, y = samples()
    found = {
        processes: studies.cross_validate(
            model(), x, y, k=3, epochs=2, batch_size=16, stratified=True, processes=processes
        )
        for processes in (0, 1, 2)
    }
    for k, fold in enumerate(found[0].folds):
        kept = np.setdiff1d(np.arange(len(x)), fold.held)
        fitted = model()
        history = fitted.fit(
            x[kept], y[kept], batch_size=16, epochs=2, validation_data=(x[fold.held], y[fold.held])
        )
        assert fold.history == history.history
        assert fold.digest == digest_of(fitted.weights_by_name())
        for processes in (1, 2):
            other = found[processes].folds[k]
            assert other.digest == fold.digest
            assert other.history == fold.history
    last = [fold.history["val_accuracy"][-1] for fold in found[0].folds]
    assert found[0].mean["val_accuracy"] == pytest.approx(np.mean(last))
    assert found[0].std["val_accuracy"] == pytest.approx(np.std(last))
    assert [one.mean for one in found[0].by_epoch["val_accuracy"]][-1] == pytest.approx(
        np.mean(last)
    )


def test_a_model_is_left_as_it_is() -> None:
    x, y = samples()
    made = model()
    before = made.get_weights()
    studies.cross_validate(made, x, y, k=2, processes=0)
    for a, b in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_may_be_kept() -> None:
    x, y = samples()
    made = model()
    made.fit(x, y, epochs=3)
    fresh = studies.cross_validate(made, x, y, k=2, processes=0)
    kept = studies.cross_validate(made, x, y, k=2, keep_weights=True, processes=0)
    assert kept.mean["loss"] < fresh.mean["loss"]


def test_sample_weights_go_with_their_samples() -> None:
    x, y = samples()
    weights = np.linspace(0.1, 2.0, len(x)).astype(np.float32)
    found = studies.cross_validate(model(), x, y, k=2, sample_weight=weights, processes=0)
    fold = found.folds[0]
    kept = np.setdiff1d(np.arange(len(x)), fold.held)
    fitted = model()
    fitted.fit(x[kept], y[kept], sample_weight=weights[kept])
    assert fold.digest == digest_of(fitted.weights_by_name())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"k": 91}, "91 folds need at least 91 samples"),
        ({"k": 1}, "how many folds there are, at least 2"),
        ({"k": 2.5}, "whole number"),
        ({"k": 30, "stratified": True}, "fewer than the 30 folds"),
        ({"epochs": 0}, "at least 1"),
    ],
)
def test_impossible_folds_are_refused(arguments: dict[str, object], words: str) -> None:
    x, y = samples()
    with pytest.raises(SettingError, match=words):
        studies.cross_validate(model(), x, y, **arguments)


def test_stratified_needs_classes() -> None:
    x, _ = samples()
    made = model(loss="mse", metrics=[])
    with pytest.raises(SettingError, match="one class a sample"):
        studies.cross_validate(
            made, x, np.random.default_rng(0).normal(size=(len(x), 3)), stratified=True
        )
