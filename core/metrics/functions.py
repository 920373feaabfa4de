"""Metrics as functions under their Keras names: a number for each list, not averaged.

>>> from core import metrics
>>> metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]])
array([1., 0.], dtype=float32)

``compile(metrics=[metrics.binary_accuracy])`` means the metric of that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from core.metrics import accuracy
from core.metrics.base import Metric, standalone

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]


def _rows(metric: Metric, y_true: Any, y_pred: Any) -> np.ndarray:
    found: np.ndarray = standalone().rows(metric, y_true, y_pred)
    return found


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """1 for every number on its target's side of `threshold`, in the shape of the predictions."""
    return _rows(accuracy.BinaryAccuracy(threshold=threshold), y_true, y_pred)


def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 for every list whose largest number is where the one-hot target has its 1."""
    return _rows(accuracy.CategoricalAccuracy(), y_true, y_pred)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 for every list whose largest number is where the label says."""
    return _rows(accuracy.SparseCategoricalAccuracy(), y_true, y_pred)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """1 for every list in which the class of the one-hot target is among the `k` largest."""
    return _rows(accuracy.TopKCategoricalAccuracy(k), y_true, y_pred)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> np.ndarray:
    """1 for every list in which the label is among the `k` largest."""
    metric = accuracy.SparseTopKCategoricalAccuracy(k, from_sorted_ids=from_sorted_ids)
    return _rows(metric, y_true, y_pred)


for _function, _kind in (
    (binary_accuracy, accuracy.BinaryAccuracy),
    (categorical_accuracy, accuracy.CategoricalAccuracy),
    (sparse_categorical_accuracy, accuracy.SparseCategoricalAccuracy),
    (top_k_categorical_accuracy, accuracy.TopKCategoricalAccuracy),
    (sparse_top_k_categorical_accuracy, accuracy.SparseTopKCategoricalAccuracy),
):
    _function.__dict__["metric"] = _kind
