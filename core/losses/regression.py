"""Losses of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.losses.base import COMMON, EPSILON, Loss

if TYPE_CHECKING:
    from core.tape.tensors import Tensor


class _Mean(Loss):
    """A mean of one number for each output."""

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.last}


class MeanSquaredError(_Mean):
    """``mean (t - p)²`` over outputs, then over samples."""

    name = "mean_squared_error"
    title = "Mean squared error"
    brief = "MSE"
    operation = "squared_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(((y_true - y_pred) ** 2).mean(-1))


class HalfSquaredError(Loss):
    """``Σ (t - p)² / 2`` over outputs and samples: the error of many lecture notes, whose slope is ``p - t``.

    Keras has no such loss. Unlike Keras's it is summed over the batch unless `reduction` says otherwise.
    """

    name = "half_squared_error"
    title = "Half squared error"
    brief = "½ SE"
    operation = "squared_rows"
    arguments = (("reduction", "sum"), *COMMON[1:])

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 0.5}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(((y_true - y_pred) ** 2).sum(-1) / 2)


class MeanAbsoluteError(_Mean):
    """``mean |t - p|``."""

    name = "mean_absolute_error"
    title = "Mean absolute error"
    brief = "MAE"
    operation = "absolute_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(y_true - y_pred).mean(-1))


class MeanAbsolutePercentageError(Loss):
    """``100 mean |(t - p) / t|``, with |t| of at least 1e-7 below the line."""

    name = "mean_absolute_percentage_error"
    title = "Mean absolute percentage error"
    brief = "MAPE"
    operation = "percentage_rows"

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 100.0 / p.last}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        shares = np.abs((y_true - y_pred) / np.maximum(np.abs(y_true), EPSILON))
        return np.asarray(100 * shares.mean(-1))


class MeanSquaredLogarithmicError(_Mean):
    """``mean (ln(1 + p) - ln(1 + t))²``; numbers below 1e-7 count as 1e-7."""

    name = "mean_squared_logarithmic_error"
    title = "Mean squared logarithmic error"
    brief = "MSLE"
    operation = "logarithmic_rows"
    suits = "sigmoid"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        logs = [np.log(np.maximum(y, EPSILON) + 1) for y in (y_pred, y_true)]
        return np.asarray(((logs[0] - logs[1]) ** 2).mean(-1))


class Huber(_Mean):
    """``mean``: half the square of errors up to `delta`, ``delta |e| - delta²/2`` beyond (Huber 1964)."""

    name = "huber"
    title = "Huber"
    operation = "huber_rows"
    arguments = (("delta", 1.0), *COMMON)

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.last, "parameter": self.config["delta"]}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        delta, error = self.config["delta"], np.abs(y_pred - y_true)
        far = delta * error - delta**2 / 2
        return np.asarray(np.where(error <= delta, error**2 / 2, far).mean(-1))


class LogCosh(_Mean):
    """``mean ln cosh(p - t)``: like a half square near 0, like the distance far from it."""

    name = "log_cosh"
    title = "Log-cosh"
    operation = "log_cosh_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        error = np.abs(y_pred - y_true)
        return np.asarray((error + np.log1p(np.exp(-2 * error)) - np.log(2)).mean(-1))


class CosineSimilarity(Loss):
    """``-Σ t p / (|t| |p|)``: -1 for the same direction, 1 for opposite ones."""

    name = "cosine_similarity"
    title = "Cosine similarity"
    operation = "cosine_rows"
    arguments = (("axis", -1), *COMMON)

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        def unit(y: np.ndarray) -> np.ndarray:
            return np.asarray(y / np.maximum(np.linalg.norm(y, axis=-1, keepdims=True), EPSILON))

        return np.asarray(-(unit(y_true) * unit(y_pred)).sum(-1))


class Poisson(_Mean):
    """``mean (p - t ln p)``: the likelihood of counts t whose expectation is p; 1e-7 is added inside the logarithm."""

    name = "poisson"
    title = "Poisson"
    operation = "poisson_rows"
    suits = "sigmoid"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray((y_pred - y_true * np.log(y_pred + EPSILON)).mean(-1))
