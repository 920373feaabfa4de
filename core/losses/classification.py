"""Losses of classes: cross-entropies, divergence, margins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.losses.base import COMMON, EPSILON, Loss

if TYPE_CHECKING:
    from core.tape.tensors import Tensor

_CROSSENTROPY = (("from_logits", False), ("label_smoothing", 0.0), ("axis", -1), *COMMON)


class BinaryCrossentropy(Loss):
    """``-mean (t ln p + (1 - t) ln(1 - p))``, p kept in [1e-7, 1 - 1e-7] as Keras does.

    `label_smoothing` moves targets towards a half.
    """

    name = "binary_crossentropy"
    title = "Binary cross-entropy"
    abbreviation = "BCE"
    operation = "binary_rows"
    arguments = _CROSSENTROPY
    link = suits = "sigmoid"
    logits_operation = "sigmoid_cross_entropy_rows"

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.last}

    def smoothing(self, classes: int) -> tuple[float, float]:
        return 1.0 - self.label_smoothing, self.label_smoothing / 2

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        return np.asarray(-(y_true * np.log(p) + (1 - y_true) * np.log(1 - p)).mean(-1))

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        values = np.maximum(z, 0) - z * y_true + np.log1p(np.exp(-np.abs(z)))
        return np.asarray(values.mean(-1))


class CategoricalCrossentropy(Loss):
    """``-Σ t ln p`` for one-hot targets; p is divided by its sum and kept in [1e-7, 1 - 1e-7] as Keras does.

    `label_smoothing` spreads that share of every target over all classes.
    """

    name = "categorical_crossentropy"
    title = "Cross-entropy, one-hot labels"
    brief = "Cross-entropy"
    abbreviation = "CCE"
    operation = "cross_entropy_rows"
    arguments = _CROSSENTROPY
    link = suits = "softmax"
    logits_operation = "softmax_cross_entropy_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(-(y_true * np.log(_probabilities(y_pred))).sum(-1))

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.asarray(-(y_true * _log_softmax(z)).sum(-1))


class SparseCategoricalCrossentropy(Loss):
    """``-ln p[label]`` for whole-number labels; p as for `CategoricalCrossentropy`.

    Samples (time steps, pixels) labelled `ignore_class` do not count.
    """

    name = "sparse_categorical_crossentropy"
    title = "Cross-entropy"
    abbreviation = "CCE"
    operation = "sparse_cross_entropy_rows"
    arguments = (
        ("from_logits", False),
        ("ignore_class", None),
        COMMON[0],
        ("axis", -1),
        *COMMON[1:],
    )
    sparse = True
    link = suits = "softmax"
    logits_operation = "sparse_softmax_cross_entropy_rows"

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {} if self.ignore_class is None else {"ignore": self.ignore_class}

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return self._taken(np.log(_probabilities(y_pred)), y_true)

    def logit_rows(self, y_true: np.ndarray, z: np.ndarray) -> np.ndarray:
        return self._taken(_log_softmax(z), y_true)

    def _taken(self, logs: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        labels = y_true.astype(np.int64)
        counts = labels == labels if self.ignore_class is None else labels != self.ignore_class
        places = np.where(counts, labels, 0)[..., None]
        return np.asarray(np.where(counts, -np.take_along_axis(logs, places, -1)[..., 0], 0.0))


class KLDivergence(Loss):
    """``Σ t ln(t / p)``, both kept in [1e-7, 1] (Kullback and Leibler 1951)."""

    name = "kl_divergence"
    title = "KL divergence"
    abbreviation = "KL"
    operation = "divergence_rows"
    suits = "softmax"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        t, p = np.clip(y_true, EPSILON, 1), np.clip(y_pred, EPSILON, 1)
        return np.asarray((t * np.log(t / p)).sum(-1))


class _Margin(Loss):
    """Targets are -1 or 1; a batch whose targets are all 0 or 1 is read as -1 and 1."""

    signed = True

    def constants(self, p: Tensor) -> dict[str, Any]:
        return {"factor": 1.0 / p.last}


class Hinge(_Margin):
    """``mean max(1 - t p, 0)`` for targets of -1 and 1 (0 and 1 are taken as them)."""

    name = "hinge"
    title = "Hinge"
    operation = "hinge_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(1 - y_true * y_pred, 0).mean(-1))


class SquaredHinge(_Margin):
    """``mean max(1 - t p, 0)²`` for targets of -1 and 1 (0 and 1 are taken as them)."""

    name = "squared_hinge"
    title = "Squared hinge"
    operation = "squared_hinge_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return np.asarray((np.maximum(1 - y_true * y_pred, 0) ** 2).mean(-1))


class CategoricalHinge(Loss):
    """``max(max (1 - t) p - Σ t p + 1, 0)``: the right class should lead the others by 1. Targets are one-hot."""

    name = "categorical_hinge"
    title = "Categorical hinge"
    operation = "categorical_hinge_rows"

    def rows(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        right, wrong = (y_true * y_pred).sum(-1), ((1 - y_true) * y_pred).max(-1)
        return np.asarray(np.maximum(wrong - right + 1, 0))


def _probabilities(p: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(p / p.sum(-1, keepdims=True), EPSILON, 1 - EPSILON))


def _log_softmax(z: np.ndarray) -> np.ndarray:
    below = z - z.max(-1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(-1, keepdims=True)))
