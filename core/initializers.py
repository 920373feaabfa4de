"""Starting values of weights, under their Keras names. Drawn from a counter-based generator keyed by seed and name."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from math import prod, sqrt

import numpy as np

from core.errors import SettingError

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]

#: Standard deviation of a normal distribution cut off at two deviations; Keras divides by it.
_TRUNCATED = 0.87962566103423978


def fans(shape: Shape) -> tuple[float, float]:
    """(inputs, outputs) of one unit.

    For a convolution, places of the kernel times channels (Glorot and Bengio 2010).
    """
    if len(shape) < 2:
        return (float(shape[0]) if shape else 1.0,) * 2
    places = prod(shape[:-2])
    return float(shape[-2] * places), float(shape[-1] * places)


def _truncated(rng: np.random.Generator, shape: Shape, deviation: float) -> np.ndarray:
    values = rng.standard_normal(shape)
    outside = np.abs(values) > 2
    while outside.any():
        values[outside] = rng.standard_normal(int(outside.sum()))
        outside = np.abs(values) > 2
    return values * deviation / _TRUNCATED


def _glorot_uniform(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    limit = sqrt(6 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


def _glorot_normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return _truncated(rng, shape, sqrt(2 / sum(fans(shape))))


def _he_uniform(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    limit = sqrt(6 / fans(shape)[0])
    return rng.uniform(-limit, limit, shape)


def _he_normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return _truncated(rng, shape, sqrt(2 / fans(shape)[0]))


def _random_normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.normal(0, 0.05, shape)


def _random_uniform(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-0.05, 0.05, shape)


def _zeros(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return np.zeros(shape)


def _ones(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return np.ones(shape)


def _orthogonal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Saxe et al. 2014: the Q of a QR decomposition, signs made unique."""
    rows, columns = prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape)


def _lstm_forget_bias(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Zeros, with ones for the forget gate (Jozefowicz et al. 2015)."""
    values = np.zeros(shape)
    values[shape[0] // 4 : shape[0] // 2] = 1
    return values


_DRAWS: dict[str, Draw] = {
    "glorot_uniform": _glorot_uniform,
    "glorot_normal": _glorot_normal,
    "he_uniform": _he_uniform,
    "he_normal": _he_normal,
    "random_normal": _random_normal,
    "random_uniform": _random_uniform,
    "zeros": _zeros,
    "ones": _ones,
    "orthogonal": _orthogonal,
    "lstm_forget_bias": _lstm_forget_bias,
}


def names() -> tuple[str, ...]:
    """Names of all initializers."""
    return tuple(_DRAWS)


def draw(name: str, shape: Shape, seed: int, key: str) -> np.ndarray:
    """Values for a weight: the same for the same seed and key, whatever else the network holds.

    Parameters
    ----------
    name
        Of the initializer.
    shape
        Of the weight, as Keras stores it.
    seed
        Of the run.
    key
        The weight's name.
    """
    if name not in _DRAWS:
        raise SettingError(
            f"There is no initializer called {name!r}. Known initializers: {', '.join(_DRAWS)}."
        )
    rng = np.random.Generator(np.random.Philox(key=[seed & (2**64 - 1), zlib.crc32(key.encode())]))
    return _DRAWS[name](rng, shape).astype(np.float32)
