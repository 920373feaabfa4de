"""A case of a metric in the engine: by itself, and measured by a model whose predictions are its inputs."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import core
from core import layers, losses, metrics
from tests.core.golden import cases
from tests.core.golden.metric_cases import MetricCase, batches


@cache
def stored() -> dict[str, np.ndarray]:
    """The numbers of Keras."""
    with np.load(cases.FOLDER / "metrics.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def made(case: MetricCase) -> Any:
    """The metric."""
    return getattr(metrics, case.kind)(**case.config)


def by_itself(case: MetricCase, *, weighted: bool) -> np.ndarray:
    """What it says after each batch."""
    metric, said = made(case), []
    for t, p, w in batches(case):
        metric.update_state(t, p, sample_weight=w if weighted else None)
        said.append(np.asarray(metric.result(), np.float64))
    return np.stack(said)


def measured(case: MetricCase, *, weighted: bool) -> tuple[float, Any]:
    """(what `evaluate` says of all samples, what `result` of the metric says then)."""
    t, p, w = (np.concatenate(one) for one in zip(*batches(case), strict=True))
    w = w.reshape(-1, *[1] * (len(case.shape) - 1))
    metric = made(case)
    model = core.Sequential([core.Input(case.shape), layers.Activation("linear")])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True) if case.labels else "mse"
    given = {"weighted_metrics" if weighted else "metrics": [metric]}
    model.compile("sgd", loss, **given)
    said = model.evaluate(np.nan_to_num(p, nan=0.0) if not np.isfinite(p).all() else p, t, 5,
                          sample_weight=w if weighted else None, return_dict=True)  # fmt: skip
    return said[list(said)[-1]], metric.result()


def difference(found: Any, expected: np.ndarray, least: float = 0.01) -> float:
    """The largest difference, relative to the largest number (at least `least`); no number where Keras has none."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape or (np.isnan(found) != np.isnan(expected)).any():
        return float("inf")
    if not np.isfinite(expected).any():
        return 0.0
    known = np.isfinite(expected)
    largest = max(float(np.abs(expected[known]).max()), least)
    return float(np.abs(found - expected)[known].max() / largest)
