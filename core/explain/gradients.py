"""Attribution by gradients: saliency, gradient times input, guided backpropagation, SmoothGrad, integrated gradients.

Names and defaults are Captum's (https://captum.ai).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import checked
from core.errors import ChainruleError, SettingError
from core.explain.explainer import Explainer
from core.explain.progress import Progress
from core.explain.quadrature import points_and_weights
from core.explain.score import Score

#: What SmoothGrad makes of the saliency of noisy copies: Smilkov et al. 2017, Hooker et al. 2019, Adebayo et al. 2018.
NOISE_TUNNELS = ("smoothgrad", "smoothgrad_sq", "vargrad")


def saliency(of: Explainer, x: np.ndarray, score: Score, *, abs: bool = True) -> np.ndarray:  # noqa: A002
    """``|∂s/∂x|``: how much the score moves with each number of the input (Simonyan, Vedaldi and Zisserman 2013).

    Parameters
    ----------
    of
        The network.
    x
        (rows, ...)
    score
        The number that is explained.
    abs
        Without it the gradient keeps its sign.

    Returns
    -------
    Like `x`.
    """
    # Captum's name, which hides Python's.
    gradient: np.ndarray = of.gradient(x, score).gradient
    return np.abs(gradient) if abs else gradient


def input_x_gradient(of: Explainer, x: np.ndarray, score: Score) -> np.ndarray:
    """``x ∂s/∂x``: what each number contributes to the score, as far as the network is linear (Shrikumar et al. 2016).

    Parameters and result are as those of `saliency`.
    """
    found = of.gradient(x, score)
    product: np.ndarray = found.values * found.gradient
    return product


def guided_backprop(of: Explainer, x: np.ndarray, score: Score) -> np.ndarray:
    """The gradient that goes back through each ReLU only where it is positive (Springenberg et al. 2014).

    Parameters and result are as those of `saliency`.
    """
    return of.gradient(x, score, relu_backward="guided").gradient


def smooth_grad(
    of: Explainer,
    x: np.ndarray,
    score: Score,
    *,
    nt_samples: int = 5,
    stdevs: float = 1.0,
    nt_type: str = "smoothgrad",
    abs: bool = True,  # noqa: A002
    seed: int = 0,
    noise: np.ndarray | None = None,
) -> Iterator[Progress[np.ndarray]]:
    """The mean saliency of noisy copies of the input (Smilkov et al. 2017), piece by piece.

    Parameters
    ----------
    of, x, score, abs
        As those of `saliency`.
    nt_samples
        Noisy copies of each sample.
    stdevs
        Standard deviation of the noise, in the input's units.
    nt_type
        ``"smoothgrad"`` (mean), ``"smoothgrad_sq"`` (mean of squares), ``"vargrad"`` (variance).
    seed
        Of the noise.
    noise
        (rows, nt_samples, ...): this noise instead of noise drawn from `seed`.

    Yields
    ------
    Like `x`: the mean over the copies so far.
    """
    copies = _at_least("nt_samples", nt_samples, 1)
    deviation = checked.finite(stdevs)
    if deviation is None or deviation < 0:
        message = f"stdevs is a number from 0, the noise's standard deviation; it is {stdevs!r}."
        raise SettingError(message, "stdevs")
    if nt_type not in NOISE_TUNNELS:
        message = f"nt_type is one of {', '.join(NOISE_TUNNELS)}; it is {nt_type!r}."
        raise SettingError(message, "nt_type")
    if noise is not None and noise.shape != (len(x), copies, *x.shape[1:]):
        message = f"noise must have shape (samples, nt_samples, ...), here {(len(x), copies, *x.shape[1:])}."
        raise ChainruleError(message)
    at_once = max(1, min(16, of.gradients_at_once(score)) // max(1, len(x)))
    total, squares = np.zeros(x.shape), np.zeros(x.shape)
    # A stream of its own for each copy: its noise does not hang on how many are made at once.
    streams = np.random.SeedSequence(seed).spawn(copies)
    done = 0
    while done < copies:
        count = min(at_once, copies - done)
        if noise is not None:
            drawn = np.moveaxis(noise[:, done : done + count], 1, 0)
        else:
            drawn = np.stack(
                [np.random.default_rng(s).normal(0.0, deviation, x.shape)
                 for s in streams[done : done + count]]
            )  # fmt: skip
        noisy = (x[None] + drawn).astype(of.dtype).reshape(count * len(x), *x.shape[1:])
        found = saliency(of, noisy, score, abs=abs).astype(np.float64)
        found = found.reshape(count, *x.shape)
        total += found.sum(0)
        squares += (found**2).sum(0)
        done += count
        mean = total / done
        if nt_type == "smoothgrad":
            result = mean
        elif nt_type == "smoothgrad_sq":
            result = squares / done
        else:
            result = squares / done - mean**2
        yield Progress(done, copies, result.astype(of.dtype))


@dataclass(frozen=True)
class Path:
    """Integrated gradients, and how well they add up.

    Attributes
    ----------
    attributions
        Like the input.
    score, baseline_score
        (rows,): the number that is explained, at the input and at the baseline.
    delta
        (rows,): ``Σ attributions - (score - baseline_score)``. Completeness says 0; what is left is the error of taking
        so many points of the path.
    alphas, scores
        The points of the path from the baseline (0) to the input (1) so far, and the score at each: (points, rows).
    """

    attributions: np.ndarray
    score: np.ndarray
    baseline_score: np.ndarray
    delta: np.ndarray
    alphas: np.ndarray
    scores: np.ndarray


def integrated_gradients(
    of: Explainer,
    x: np.ndarray,
    score: Score,
    *,
    baselines: Any = 0.0,
    n_steps: int = 50,
    method: str = "gausslegendre",
    multiply_by_inputs: bool = True,
    coarse: bool = False,
) -> Iterator[Progress[Path]]:
    """``(x - x') ∫ ∂s(x' + α (x - x'))/∂x dα`` from α = 0 to 1 (Sundararajan, Taly and Yan 2017), piece by piece.

    Parameters
    ----------
    of, x, score
        As those of `saliency`.
    baselines
        x': a number, or an array like `x` or like one sample.
    n_steps
        Points of the path.
    method
        How the integral is taken: see `core.explain.quadrature`.
    multiply_by_inputs
        Without it the mean gradient of the path is given, not multiplied by ``x - x'``.
    coarse
        First points from all of the path, then those between: where they do not go through at once, the first map is
        of the whole way. The result is the same but for the order in which it is added up.

    Yields
    ------
    The path so far; before its end the attributions are the mean of the points taken, scaled as if they were all.
    """
    points = _at_least("n_steps", n_steps, 1)
    alphas, weights = points_and_weights(method, points)
    start = baseline_like(baselines, x, "baselines").astype(of.dtype)
    ends = of.numbers(np.concatenate([x, start]), score).astype(np.float64)
    here, there = ends[: len(x)], ends[len(x) :]
    difference = (x - start).astype(of.dtype)
    total, scores = np.zeros(x.shape), np.zeros((points, len(x)))
    at_once = max(1, min(points, min(64, of.gradients_at_once(score)) // max(1, len(x))))
    if coarse and at_once < points:
        order = _spread(points)
        alphas, weights = alphas[order], weights[order]
    for k in range(0, points, at_once):
        part = alphas[k : k + at_once]
        steps = part.reshape(-1, *([1] * x.ndim)).astype(of.dtype)
        on_way = (start[None] + steps * difference[None]).reshape(-1, *x.shape[1:])
        found = of.gradient(on_way.astype(of.dtype), score)
        gradients = found.gradient.reshape(len(part), *x.shape)
        total += np.tensordot(weights[k : k + at_once], gradients.astype(np.float64), 1)
        scores[k : k + len(part)] = found.scores.reshape(len(part), len(x))
        done = k + len(part)
        share = weights[:done].sum() / weights.sum()
        mean = total / share if share > 0 else total
        attributions = mean * difference if multiply_by_inputs else mean
        sums = (mean * difference).reshape(len(x), -1).sum(1)
        along = np.argsort(alphas[:done], kind="stable")
        yield Progress(
            done,
            points,
            Path(attributions.astype(of.dtype), here, there, sums - (here - there),
                 alphas[:done][along], scores[:done][along]),
            extra=part,
        )  # fmt: skip


def _spread(count: int) -> np.ndarray:
    """Numbers from 0 in an order in which any first few are spread over all: their bits, read backwards."""
    digits = max(1, (count - 1).bit_length())
    keys = [int(f"{k:0{digits}b}"[::-1], 2) for k in range(count)]
    return np.argsort(np.array(keys), kind="stable")


def baseline_like(given: Any, x: np.ndarray, name: str) -> np.ndarray:
    """What stands for nothing to see, in the shape of `x`.

    Raises
    ------
    core.errors.ChainruleError
        It is neither a finite number, nor an array like `x` or like one of its samples.
    """
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        array = np.full((), np.nan)
    if array.shape in ((), x.shape[1:], x.shape) and np.isfinite(array).all():
        return np.broadcast_to(array, x.shape)
    sizes = ", ".join(map(str, x.shape[1:]))
    raise ChainruleError(
        f"{name} is a finite number, or an array of finite numbers of shape ({sizes}) like one sample, or one for each "
        f"sample; it is {given!r}."
        if array.ndim == 0
        else f"{name} must be finite and have the shape of one sample, ({sizes}), or of all; it has {array.shape}."
    )


def _at_least(name: str, value: Any, least: int) -> int:
    found = checked.whole(value, least)
    if found is None:
        message = f"{name} is a whole number from {least}; it is {value!r}."
        raise SettingError(message, name)
    return found
