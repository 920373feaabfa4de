"""Every metric gives Keras's numbers: by itself, batch after batch, and measured by a model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from core import metrics
from tests.core.golden import metric_side
from tests.core.golden.metric_cases import CASES, MetricCase, batches

BOUND = 1e-5
each = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
#: No metric of a network, ours alone, or a loss by another name.
WITHOUT = {"Mean", "Sum", "ConfusionMatrix", "MeanMetricWrapper"}


@each
def test_a_metric_by_itself_says_what_keras_says(case: MetricCase) -> None:
    for way, weighted in case.ways.items():
        expected = metric_side.stored()[f"{case.name}|{way}"]
        found = metric_side.by_itself(case, weighted=weighted)
        assert metric_side.difference(found, expected) < BOUND, (way, found, expected)


@each
def test_a_model_measures_what_keras_says(case: MetricCase) -> None:
    if case.data == "NaN":
        pytest.skip("data without numbers are refused")
    for way, weighted in case.ways.items():
        expected = metric_side.stored()[f"{case.name}|{way}"][-1]
        said, result = metric_side.measured(case, weighted=weighted)
        assert metric_side.difference(result, expected) < BOUND
        assert metric_side.difference(said, np.mean(expected)) < BOUND


def test_every_metric_has_a_case() -> None:
    assert {case.kind for case in CASES} | WITHOUT == {
        kind.__name__ for kind in metrics.Metric.kinds.values() if not kind.__name__.startswith("_")
    }


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(3))
@each
def test_keras_here_and_now_says_the_same(case: MetricCase, seed: int) -> None:
    keras: Any = pytest.importorskip("keras")
    rng = np.random.default_rng(seed)
    ours, theirs = metric_side.made(case), getattr(keras.metrics, case.kind)(**case.config)
    given = list(batches(case))
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(6):
        t, p, w = given[int(rng.integers(len(given)))]
        weights = [None, w, rng.random(len(t)).astype(np.float32)][int(rng.integers(3))]
        if len(case.ways) == 1:
            weights = None
        ours.update_state(t, p, weights)
        theirs.update_state(t, p, weights)
        seen.append((t, np.ones(len(t)) if weights is None else weights))
        if case.kind == "R2Score" and _hardly_differ(seen):
            continue  # Keras takes the square of the sum from the sum of squares: little is left in float32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = np.asarray(theirs.result().detach().numpy())
        # An R2 score is a difference from 1.
        least = 1.0 if case.kind == "R2Score" else 0.01
        assert metric_side.difference(ours.result(), expected, least) < BOUND
        if rng.random() < 0.2:
            ours.reset_state()
            theirs.reset_state()
            seen.clear()


def _hardly_differ(seen: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether a column of weighted targets has a variance below a hundredth of its mean square."""
    t = np.concatenate([np.reshape(t, (len(t), -1)) for t, _ in seen]).astype(float)
    w = np.concatenate([w for _, w in seen]).astype(float)
    if not w.any():
        return True
    square, mean = np.average(t**2, 0, w), np.average(t, 0, w)
    return bool((square - mean**2 < 0.01 * square).any())
