"""Which map is right? Delete the pixels it calls important, or insert them, and see what the score does.

Petsiuk, Das and Saenko 2018 (RISE): a good map makes the score fall early when its strongest pixels go first, and rise
early when they come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import checked
from core.errors import ChainruleError, SettingError
from core.explain.explainer import Explainer, picked
from core.explain.gradients import baseline_like
from core.explain.progress import Progress
from core.explain.score import Score

WAYS = ("deletion", "insertion")


@dataclass(frozen=True)
class Curve:
    """The score while pixels go, or come.

    Attributes
    ----------
    fractions
        (points,): the share of pixels that are gone (or there), from 0 to 1.
    scores
        (points,): NaN for points that are still to come.
    area
        Under the curve, by trapezoids: small is good for a deletion, large for an insertion. NaN until it is complete.
    order
        (pixels,): the pixels, flat, strongest first.
    """

    fractions: np.ndarray
    scores: np.ndarray
    area: float
    order: np.ndarray


def pixel_order(attributions: np.ndarray) -> np.ndarray:
    """Pixels by importance, strongest first, ties in reading order; channels are summed.

    Parameters
    ----------
    attributions
        (height, width), (height, width, channels), or any other shape of one input without channels.
    """
    flat = attributions.sum(-1) if attributions.ndim == 3 else attributions
    return np.argsort(-flat.reshape(-1).astype(np.float64), kind="stable")


def curve(
    of: Explainer,
    x: np.ndarray,
    attributions: np.ndarray,
    score: Score,
    *,
    way: str = "deletion",
    baseline: Any = 0.0,
    points: int = 50,
) -> Iterator[Progress[Curve]]:
    """Change the input from whole to baseline (or back) in the order of a map, piece by piece.

    Parameters
    ----------
    of
        The network.
    x
        One sample.
    attributions
        Like `x`, or without its channels.
    score
        What is followed; probabilities (``on="probability"``) are usual.
    way
        ``"deletion"`` or ``"insertion"``.
    baseline
        What pixels are replaced by: a number, or an array like `x`.
    points
        Into how many parts the way is cut.

    Raises
    ------
    core.errors.ChainruleError
        A setting is out of its range, or the map is of another size.
    """
    if way not in WAYS:
        message = f"way is deletion or insertion; it is {way!r}."
        raise SettingError(message, "way")
    count = checked.whole(points, 1)
    if count is None:
        message = f"points is a whole number from 1; it is {points!r}."
        raise SettingError(message, "points")
    image = len(of.input_shape) == 3
    places = of.input_shape[:2] if image else of.input_shape
    if attributions.shape not in (of.input_shape, places):
        sizes = "×".join(map(str, attributions.shape))
        message = f"The map has {sizes} numbers; the network's input has {'×'.join(map(str, of.input_shape))}."
        raise ChainruleError(message)
    order = pixel_order(attributions)
    pixels = len(order)
    count = min(count, pixels)
    steps = np.round(np.linspace(0, pixels, count + 1)).astype(int)
    empty = baseline_like(baseline, x[None], "baseline")[0]
    rank = np.empty(pixels, int)
    rank[order] = np.arange(pixels)
    rank = rank.reshape(places)
    if image:
        rank = rank[..., None]
    first, then = (x, empty) if way == "deletion" else (empty, x)
    scores = np.full(count + 1, np.nan)
    fractions = steps / pixels
    at_once = of.rows_at_once
    for k in range(0, count + 1, at_once):
        part = steps[k : k + at_once]
        batch = np.stack([np.where(rank < n, then, first) for n in part]).astype(of.dtype)
        scores[k : k + len(part)] = picked(of.outputs(batch, score.on), score)
        done = k + len(part)
        complete = done > count
        area = float(np.trapezoid(scores, fractions)) if complete else float("nan")
        yield Progress(done, count + 1, Curve(fractions, scores.copy(), area, order))
