"""Metrics under their Keras names: what is measured besides the loss.

A metric is one class in this package: its arguments in Keras's order, and the instructions it writes. Everything else
follows: names, documents, standalone use, what `compile` takes, the table of the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from core.metrics.area import AUC
from core.metrics.base import OPEN, SHORT, Metric, names
from core.metrics.base import find as get
from core.metrics.chosen import (
    Measured,
    by_logged_name,
    check,
    documents,
    fits,
    measured,
    resolved,
)
from core.metrics.counts import (
    ConfusionMatrix,
    F1Score,
    FalseNegatives,
    FalsePositives,
    FBetaScore,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from core.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanMetricWrapper,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    R2Score,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from core.metrics.functions import (
    binary_accuracy,
    binary_crossentropy,
    categorical_accuracy,
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
    sparse_categorical_accuracy,
    sparse_categorical_crossentropy,
    sparse_top_k_categorical_accuracy,
    squared_hinge,
    top_k_categorical_accuracy,
)
from core.metrics.plain import Mean, Sum
from core.metrics.titles import title
from core.naming import no_attribute

__all__ = [
    "AUC",
    "OPEN",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConfusionMatrix",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Measured",
    "Metric",
    "Poisson",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "by_logged_name",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "check",
    "documents",
    "fits",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "measured",
    "names",
    "poisson",
    "resolved",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "title",
    "top_k_categorical_accuracy",
]


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say which metric was probably meant, also of a short name: ``MSE``."""
        if name.lower() in SHORT:
            raise AttributeError(
                f"core.metrics has no {name!r}. Did you mean {SHORT[name.lower()]!r}? "
                f"(compile(metrics=[{name.lower()!r}]) is fine.)"
            )
        raise no_attribute("core.metrics", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
