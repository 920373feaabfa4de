"""Losses under their Keras names. Each is one class: what the tape emits, and the same number in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from core.errors import SettingError

if TYPE_CHECKING:
    from core.tape.tensors import Tensor

#: Keras keeps probabilities this far from 0 and 1.
EPSILON = 1e-7


class Loss:
    """Base of the losses. Calling one on arrays gives the number that training would minimise.

    Attributes
    ----------
    name
        Keras's name in snake case.
    operation
        The operation that gives one number a sample.
    sparse
        True if targets are labels.
    mean
        True if the batch is averaged, False if it is summed.
    link
        The activation that turns logits into what the operation reads.
    logits_operation
        The operation that gives one number a sample from logits, without that activation in between.
    """

    name: ClassVar[str] = ""
    operation: ClassVar[str] = ""
    sparse: ClassVar[bool] = False
    link: ClassVar[str] = ""
    logits_operation: ClassVar[str] = ""
    mean = True
    #: How much it counts among the losses of several outputs.
    weight = 1.0

    def __init__(self, from_logits: bool = False) -> None:
        if from_logits and not self.link:
            raise SettingError(
                f"{type(self).__name__} has no logits: it compares the numbers themselves."
            )
        self.from_logits = from_logits

    def weighted(self, weight: float) -> Loss:
        """The same loss, counting this much among several."""
        other = type(self)(self.from_logits)
        other.weight = weight
        return other

    def constants(self, p: Tensor) -> dict[str, Any]:
        """Constants of the operation for predictions of this shape."""
        return {}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """One number a sample, in float64."""
        raise NotImplementedError

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        """One number a sample from logits, in float64."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any) -> float:
        """The loss of a batch: ``y_true`` and ``y_pred`` of shape (batch, outputs); labels (batch,)."""
        t, p = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
        if p.ndim == 1 and not self.sparse:
            t, p = t[:, None], p[:, None]
        rows = self.logit_rows(t, p) if self.from_logits else self.rows(t, p)
        return float(rows.mean() if self.mean else rows.sum())

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            _LOSSES[cls.name] = cls


_LOSSES: dict[str, type[Loss]] = {}


class MeanSquaredError(Loss):
    """``mean (t - p)²`` over outputs, then over samples."""

    name = "mean_squared_error"
    operation = "squared_rows"

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.size}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(((y_true - y_pred) ** 2).reshape(len(y_pred), -1).mean(1))


class HalfSquaredError(Loss):
    """``Σ (t - p)² / 2`` over outputs and samples: the error of many lecture notes, whose slope is ``p - t``."""

    name = "half_squared_error"
    operation = "squared_rows"
    mean = False

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 0.5}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(((y_true - y_pred) ** 2).reshape(len(y_pred), -1).sum(1) / 2)


class BinaryCrossentropy(Loss):
    """``-mean (t ln p + (1 - t) ln(1 - p))``, p kept in [1e-7, 1 - 1e-7] as Keras does."""

    name = "binary_crossentropy"
    operation = "binary_rows"
    link = "sigmoid"
    logits_operation = "sigmoid_cross_entropy_rows"

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.size}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        return np.asarray(
            -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)).reshape(len(p), -1).mean(1)
        )

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        values = np.maximum(z, 0) - z * y_true + np.log1p(np.exp(-np.abs(z)))
        return np.asarray(values.reshape(len(z), -1).mean(1))


class CategoricalCrossentropy(Loss):
    """``-Σ t ln p`` for one-hot targets; p is divided by its sum and kept in [1e-7, 1 - 1e-7] as Keras does."""

    name = "categorical_crossentropy"
    operation = "cross_entropy_rows"
    link = "softmax"
    logits_operation = "softmax_cross_entropy_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(-(y_true * np.log(_probabilities(y_pred))).sum(-1))

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.asarray(-(y_true * _log_softmax(z)).sum(-1))


class SparseCategoricalCrossentropy(Loss):
    """``-ln p[label]`` for whole-number labels; p as for `CategoricalCrossentropy`."""

    name = "sparse_categorical_crossentropy"
    operation = "sparse_cross_entropy_rows"
    sparse = True
    link = "softmax"
    logits_operation = "sparse_softmax_cross_entropy_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        labels = y_true.astype(np.int64).reshape(-1)
        return np.asarray(-np.log(_probabilities(y_pred)[np.arange(len(labels)), labels]))

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        labels = y_true.astype(np.int64).reshape(-1)
        return np.asarray(-_log_softmax(z)[np.arange(len(labels)), labels])


def _probabilities(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1 - EPSILON))


def _log_softmax(z: np.ndarray) -> np.ndarray:
    below = z - z.max(-1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(-1, keepdims=True)))


_SHORT = {"mse": "mean_squared_error", "MeanSquaredError": "mean_squared_error"}


def names() -> tuple[str, ...]:
    """Names of all losses."""
    return tuple(_LOSSES)


def get(identifier: str | Loss) -> Loss:
    """A loss by name ("mse" is short for "mean_squared_error"), or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such loss.
    """
    if isinstance(identifier, Loss):
        return identifier
    if not isinstance(identifier, str):
        raise SettingError(
            f"A loss is given by its name or as an object of core.losses, not as {identifier!r}."
        )
    key = _SHORT.get(identifier, identifier)
    by_class = {cls.__name__: cls for cls in _LOSSES.values()}
    found = _LOSSES.get(key) or by_class.get(key)
    if found is None:
        raise SettingError(
            f"There is no loss called {identifier!r}. Known losses: {', '.join(_LOSSES)}."
        )
    return found()
