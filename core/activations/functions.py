"""The activations as functions of arrays, with Keras's arguments.

They compute in float64 and answer in the element type given, float32 or float64; anything else becomes float64. The
tape has instructions of its own for them (`core.ops.activations`); tests hold the two together.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

#: Klambauer et al. 2017: the fixed point of mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805

_ERFC = np.vectorize(math.erfc, otypes=[np.float64])


def _read(x: ArrayLike) -> tuple[np.ndarray, Any]:
    """(float64 values, element type of the answer)."""
    given = np.asarray(x)
    return given.astype(np.float64), np.float32 if given.dtype == np.float32 else np.float64


def _answer(values: Any, dtype: Any) -> np.ndarray:
    return np.asarray(values, dtype)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Whichever exponential does not overflow.
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1 / (1 + small), small / (1 + small)))


def _above(x: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    # Only what is known to be below goes: NaN stays NaN.
    return np.where(x <= threshold, 0.0, x)


def linear(x: ArrayLike) -> np.ndarray:
    """``x``."""
    values, dtype = _read(x)
    return _answer(values, dtype)


def binary_step(x: ArrayLike) -> np.ndarray:
    """``1 where x >= 0, else 0``. McCulloch and Pitts 1943, Rosenblatt 1958; not in Keras."""
    values, dtype = _read(x)
    return _answer(np.where(values < 0, 0.0, np.where(values >= 0, 1.0, values)), dtype)


def sigmoid(x: ArrayLike) -> np.ndarray:
    """``1 / (1 + exp(-x))``."""
    values, dtype = _read(x)
    return _answer(_sigmoid(values), dtype)


def hard_sigmoid(x: ArrayLike) -> np.ndarray:
    """``clip(x / 6 + 1/2, 0, 1)``, as Keras 3 (Keras 2 had the slope 0.2)."""
    values, dtype = _read(x)
    return _answer(np.clip(values / 6 + 0.5, 0, 1), dtype)


def tanh(x: ArrayLike) -> np.ndarray:
    """``2 / (1 + exp(-2x)) - 1``."""
    values, dtype = _read(x)
    return _answer(np.tanh(values), dtype)


def arctan(x: ArrayLike) -> np.ndarray:
    """``arctan x``, in radians; not in Keras."""
    values, dtype = _read(x)
    return _answer(np.arctan(values), dtype)


def relu(
    x: ArrayLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> np.ndarray:
    """``x`` above the threshold, at most `max_value`; ``negative_slope (x - threshold)`` below.

    Nair and Hinton 2010; threshold and limit as in Keras.
    """
    values, dtype = _read(x)
    above = _above(values, threshold)
    if max_value is not None:
        above = np.clip(above, 0, max_value)
    below = negative_slope * _above(threshold - values) if negative_slope else 0.0
    return _answer(above - below, dtype)


def relu6(x: ArrayLike) -> np.ndarray:
    """``min(max(x, 0), 6)``. Krizhevsky 2010."""
    values, dtype = _read(x)
    return _answer(np.clip(values, 0, 6), dtype)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> np.ndarray:
    """``x`` above 0, ``negative_slope x`` below. Maas et al. 2013; the layer's slope is 0.3, this one's 0.2."""
    values, dtype = _read(x)
    return _answer(np.where(values > 0, values, negative_slope * values), dtype)


def elu(x: ArrayLike, alpha: float = 1.0) -> np.ndarray:
    """``x`` above 0, ``alpha (exp x - 1)`` below. Clevert et al. 2016."""
    values, dtype = _read(x)
    return _answer(np.where(values > 0, values, alpha * np.expm1(np.minimum(values, 0))), dtype)


def selu(x: ArrayLike) -> np.ndarray:
    """``1.0507 x`` above 0, ``1.0507 · 1.6733 (exp x - 1)`` below. Klambauer et al. 2017."""
    values, dtype = _read(x)
    return _answer(SELU_SCALE * elu(values, SELU_ALPHA), dtype)


def gelu(x: ArrayLike, approximate: bool = False) -> np.ndarray:
    """``x Φ(x)``, Φ the distribution of a standard normal number. Hendrycks and Gimpel 2016.

    With `approximate`: ``x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))``.
    """
    values, dtype = _read(x)
    if approximate:
        twice = 1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3))
    else:
        twice = _ERFC(values / -math.sqrt(2)) if values.size else values
    return _answer(0.5 * values * twice, dtype)


def silu(x: ArrayLike) -> np.ndarray:
    """``x sigmoid(x)``. Elfwing et al. 2018; Ramachandran et al. 2017 call it swish."""
    values, dtype = _read(x)
    return _answer(values * _sigmoid(values), dtype)


swish = silu


def softplus(x: ArrayLike) -> np.ndarray:
    """``ln(1 + exp x)``. Dugas et al. 2001."""
    values, dtype = _read(x)
    return _answer(np.maximum(values, 0) + np.log1p(np.exp(-np.abs(values))), dtype)


def softsign(x: ArrayLike) -> np.ndarray:
    """``x / (1 + |x|)``. Turian et al. 2009."""
    values, dtype = _read(x)
    return _answer(values / (1 + np.abs(values)), dtype)


def exponential(x: ArrayLike) -> np.ndarray:
    """``exp x``."""
    values, dtype = _read(x)
    return _answer(np.exp(values), dtype)


def softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """``exp x / Σ exp x`` along an axis (or several). Bridle 1990."""
    values, dtype = _read(x)
    powers = np.exp(values - values.max(axis, keepdims=True))
    return _answer(powers / powers.sum(axis, keepdims=True), dtype)


def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """``x - ln Σ exp x`` along an axis (or several)."""
    values, dtype = _read(x)
    below = values - values.max(axis, keepdims=True)
    return _answer(below - np.log(np.exp(below).sum(axis, keepdims=True)), dtype)
