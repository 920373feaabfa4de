"""Metrics with arguments, and numbers for them: three batches, the last one smaller, with and without weights."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS = (5, 5, 3)


@dataclass(frozen=True)
class MetricCase:
    """A metric of Keras.

    Attributes
    ----------
    kind, config
        Its class, and its arguments.
    data
        What targets and predictions are like: a key of `_DATA`.
    shape
        Of an output.
    """

    kind: str
    data: str
    shape: tuple[int, ...] = (3,)
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For files and sentences."""
        given = ", ".join(f"{key}={value}" for key, value in self.config.items())
        return f"{self.kind}({given}) {self.data} {self.shape}"

    @property
    def ways(self) -> dict[str, bool]:
        """Without weights, and with them; Keras counts answers of sequences only without.

        So it does the sequences of which some classes are ignored; weights of steps are tried in `counting`.
        """
        alone = self.kind in ("Precision", "Recall") or "ignore_class" in self.config
        if alone and len(self.shape) > 1:
            return {"plain": False}
        return {"plain": False, "weighted": True}

    @property
    def labels(self) -> bool:
        """True if targets are labels."""
        return self.data.startswith("labels")


def batches(case: MetricCase) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(targets, predictions, weights of the samples) of each batch, in float32."""
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    for rows in ROWS:
        t, p = _drawn(case.data, (rows, *case.shape), rng)
        weights = np.round(rng.random(rows) * 2, 2)
        weights[0] = 0
        yield t.astype(np.float32), p.astype(np.float32), weights.astype(np.float32)


def _drawn(
    data: str, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    if data.startswith(("labels", "one-hot")):
        p = np.round(rng.random(shape), 1) if "ties" in data else rng.random(shape)
        label = rng.integers(0, shape[-1], shape[:-1])
        return (label if data.startswith("labels") else np.eye(shape[-1])[label]), p
    t = rng.normal(size=shape)
    p = t + 0.5 * rng.normal(size=shape)
    yes = (rng.random(shape) < 0.4).astype(float)
    steps = np.round(rng.random(shape) * 20) / 20
    return {
        "numbers": (t, p),
        "rates": (rng.random(shape) * 0.9 + 0.05, rng.random(shape) * 0.9 + 0.05),
        "binary": (yes, steps),
        "binary, distinct": (yes, rng.random(shape)),
        "logits": (yes, 2 * p),
        "signed": (2 * yes - 1, p),
        "no positives": (0 * yes, steps),
        "no negatives": (0 * yes + 1, steps),
        "nothing predicted": (yes, steps / 3),
        "equal": (yes, (rng.random(shape) < 0.5).astype(float)),
        "constant": (0 * t + 2, p),
        "soft": (steps, rng.random(shape)),
        "NaN": (t, np.where(rng.random(shape) < 0.1, np.nan, p)),
        "zeros": (yes, 0 * steps),
    }[data]


def _cases() -> Iterator[MetricCase]:
    one, many, steps = (1,), (4,), (4, 3)
    for kind in (
        "MeanSquaredError",
        "MeanAbsoluteError",
        "RootMeanSquaredError",
        "LogCoshError",
        "CosineSimilarity",
    ):
        for data in ("numbers", "constant", "NaN"):
            yield MetricCase(kind, data)
        yield MetricCase(kind, "numbers", one)
        yield MetricCase(kind, "numbers", steps)
    for kind in (
        "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError",
        "KLDivergence",
        "Poisson",
    ):
        yield MetricCase(kind, "rates")
        yield MetricCase(kind, "rates", steps)
    for kind in ("Hinge", "SquaredHinge"):
        yield MetricCase(kind, "signed")
        yield MetricCase(kind, "equal", one)
    yield MetricCase("CategoricalHinge", "one-hot")
    for config in ({}, {"label_smoothing": 0.1}):
        yield MetricCase("BinaryCrossentropy", "binary, distinct", many, config)
        yield MetricCase("CategoricalCrossentropy", "one-hot", many, config)
    yield MetricCase("BinaryCrossentropy", "logits", one, {"from_logits": True})
    yield MetricCase("CategoricalCrossentropy", "one-hot", many, {"from_logits": True})
    yield MetricCase("SparseCategoricalCrossentropy", "labels", many)
    yield MetricCase("SparseCategoricalCrossentropy", "labels", steps, {"from_logits": True})
    yield MetricCase("SparseCategoricalCrossentropy", "labels", many, {"ignore_class": 1})
    ignoring = {"from_logits": True, "ignore_class": 2}
    yield MetricCase("SparseCategoricalCrossentropy", "labels", steps, ignoring)
    yield MetricCase("Accuracy", "equal")
    yield MetricCase("Accuracy", "equal", one)
    for config in ({}, {"threshold": 0.25}):
        for shape in (one, many, steps):
            yield MetricCase("BinaryAccuracy", "binary", shape, config)
    for data in ("one-hot", "one-hot, ties"):
        for shape in (many, steps):
            yield MetricCase("CategoricalAccuracy", data, shape)
            yield MetricCase("TopKCategoricalAccuracy", data, shape, {"k": 2})
    for data in ("labels", "labels, ties"):
        for shape in (many, steps):
            yield MetricCase("SparseCategoricalAccuracy", data, shape)
            yield MetricCase("SparseTopKCategoricalAccuracy", data, shape, {"k": 2})
    yield MetricCase("SparseTopKCategoricalAccuracy", "labels", (7,))
    yield MetricCase("CategoricalAccuracy", "zeros", many)
    for kind in ("Precision", "Recall"):
        for data in ("binary", "no positives", "nothing predicted", "soft"):
            yield MetricCase(kind, data, one)
        yield MetricCase(kind, "binary", many)
        yield MetricCase(kind, "binary", steps)
        yield MetricCase(kind, "binary", one, {"thresholds": 0.3})
        yield MetricCase(kind, "binary", many, {"thresholds": [0.7, 0.2, 0.45]})
        yield MetricCase(kind, "binary", many, {"thresholds": [0.0, 0.5, 1.0]})
        yield MetricCase(kind, "binary", many, {"class_id": 2})
        yield MetricCase(kind, "binary, distinct", many, {"top_k": 2})
        yield MetricCase(kind, "binary, distinct", many, {"top_k": 2, "class_id": 1})
        yield MetricCase(kind, "binary, distinct", many, {"top_k": 3, "thresholds": 0.6})
    for kind in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        yield MetricCase(kind, "binary", many)
        yield MetricCase(kind, "binary", one, {"thresholds": [0.2, 0.8]})
    for average in (None, "micro", "macro", "weighted"):
        for threshold in (None, 0.4):
            config = {"average": average, "threshold": threshold}
            yield MetricCase("F1Score", "binary", many, config)
            yield MetricCase("FBetaScore", "soft", many, {**config, "beta": 2.0})
    yield MetricCase("F1Score", "no positives", one, {"threshold": 0.5})
    yield MetricCase("F1Score", "zeros", many)
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "minoring", "majoring"):
            config = {"curve": curve, "summation_method": method, "num_thresholds": 21}
            yield MetricCase("AUC", "binary", one, config)
            yield MetricCase("AUC", "binary, distinct", many, {**config, "multi_label": True})
    for data in ("binary", "no positives", "no negatives", "zeros"):
        yield MetricCase("AUC", data, one)
        yield MetricCase("AUC", data, one, {"curve": "PR"})
    yield MetricCase("AUC", "logits", one, {"from_logits": True})
    yield MetricCase("AUC", "binary", many, {"thresholds": [0.8, 0.1, 0.5]})
    weights = {"label_weights": [0.5, 2.0, 0.0, 1.0]}
    yield MetricCase("AUC", "binary", many, weights)
    yield MetricCase("AUC", "binary", many, {**weights, "multi_label": True, "num_labels": 4})
    for how in (None, "uniform_average", "variance_weighted_average"):
        yield MetricCase("R2Score", "numbers", (3,), {"class_aggregation": how})
        yield MetricCase(
            "R2Score", "numbers", (3,), {"class_aggregation": how, "num_regressors": 2}
        )
    for data in ("numbers", "constant"):
        yield MetricCase("R2Score", data, one)


CASES = tuple(_cases())
