"""Losses under their Keras names. Each is one class: what the tape emits, and the same number in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.losses.base import EPSILON, SHORT, Loss, decided, get, is_open, names
from core.losses.classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from core.losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
    cosine_similarity,
    half_squared_error,
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
from core.losses.regression import (
    CosineSimilarity,
    HalfSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
)
from core.naming import no_attribute

__all__ = [
    "EPSILON",
    "SHORT",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "decided",
    "get",
    "half_squared_error",
    "hinge",
    "huber",
    "is_open",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "names",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say which loss was probably meant, also of a short name: ``MSE``."""
        if name.lower() in SHORT:
            raise AttributeError(
                f"core.losses has no {name!r}. Did you mean {SHORT[name.lower()]!r}? "
                f"(compile(loss={name.lower()!r}) is fine.)"
            )
        raise no_attribute("core.losses", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
