"""What integrated gradients add up: the gradient at every point of the path from the baseline to the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core import checked
from core.errors import SettingError
from core.explain.explainer import Explainer
from core.explain.gradients import baseline_like
from core.explain.progress import Progress
from core.explain.quadrature import points_and_weights
from core.explain.score import Score


@dataclass(frozen=True)
class Integrand:
    """The path of one sample. Of images the channels are added up: one number for each pixel.

    Attributes
    ----------
    alphas
        (points,): where on the path, from the baseline (0) to the input (1).
    weights
        (points,): the share of the path that each point stands for.
    scores
        (points,): the number that is explained, there.
    gradients
        (points, ...): its gradient there.
    parts
        (points, ...): what each point adds to the attributions; over all points the sum is what
        `core.explain.integrated_gradients` gives.
    baseline
        Like the sample, with its channels.
    score, baseline_score
        The number that is explained, at the ends of the path.
    """

    alphas: np.ndarray
    weights: np.ndarray
    scores: np.ndarray
    gradients: np.ndarray
    parts: np.ndarray
    baseline: np.ndarray
    score: float
    baseline_score: float

    @cached_property
    def total(self) -> np.ndarray:
        """(...): the attributions by all points."""
        found: np.ndarray = self.parts.sum(0)
        return found

    @cached_property
    def steepest(self) -> float:
        """The largest size of a gradient on the path, but for one in 200."""
        sizes = np.abs(self.gradients[np.isfinite(self.gradients)])
        return float(np.quantile(sizes, 0.995)) if sizes.size else 0.0

    @cached_property
    def gained(self) -> np.ndarray:
        """(points,): the sum of the attributions when so many points are taken."""
        found: np.ndarray = np.cumsum(
            self.parts.reshape(len(self.parts), -1).sum(1, dtype=np.float64)
        )
        return found


def integrand(
    of: Explainer,
    x: np.ndarray,
    score: Score,
    *,
    baselines: Any = 0.0,
    n_steps: int = 50,
    method: str = "gausslegendre",
) -> Iterator[Progress[Integrand]]:
    """Points of the path one after another, from the baseline on.

    Parameters
    ----------
    of
        The network.
    x
        (1, ...): one sample.
    score, baselines, n_steps, method
        As those of `core.explain.gradients.integrated_gradients`.

    Yields
    ------
    The points so far.

    Raises
    ------
    core.errors.SettingError
        `n_steps` is no whole number from 1.
    """
    points = checked.whole(n_steps, 1)
    if points is None:
        message = f"n_steps is a whole number from 1; it is {n_steps!r}."
        raise SettingError(message, "n_steps")
    alphas, weights = points_and_weights(method, points)
    start = baseline_like(baselines, x, "baselines").astype(of.dtype)
    here, there = (float(s) for s in of.numbers(np.concatenate([x, start]), score))
    difference = (x - start).astype(of.dtype)
    image = x.ndim == 4
    gradients, parts, scores = [], [], []
    at_once = max(1, min(points, 16, of.gradients_at_once(score)))
    for k in range(0, points, at_once):
        part = alphas[k : k + at_once].reshape(-1, *([1] * (x.ndim - 1))).astype(of.dtype)
        found = of.gradient((start + part * difference).astype(of.dtype), score)
        weight = weights[k : k + at_once].reshape(part.shape)
        added = weight * found.gradient * difference
        gradients.append(found.gradient.sum(-1) if image else found.gradient)
        parts.append((added.sum(-1) if image else added).astype(np.float32))
        scores.append(found.scores)
        done = k + len(part)
        yield Progress(
            done,
            points,
            Integrand(alphas[:done], weights[:done], np.concatenate(scores), np.concatenate(gradients),
                      np.concatenate(parts), start[0], here, there),
        )  # fmt: skip
