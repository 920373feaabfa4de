"""Occlusion: a window is slid over the image, and the score tells what was under it (Zeiler and Fergus 2014)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import checked
from core.errors import SettingError
from core.explain.explainer import Explainer, picked
from core.explain.gradients import baseline_like
from core.explain.progress import Progress
from core.explain.score import Score


@dataclass(frozen=True)
class Occluded:
    """A map of what hiding each place costs.

    Attributes
    ----------
    attributions
        Like the input: the mean, over the windows that cover a number, of how much the score falls. 0 where no window
        has been yet.
    score
        (rows,): of the whole input.
    scores
        (windows, rows): of the input with one window hidden, in the order in which the windows are taken; NaN for those
        that are still to come.
    windows
        (windows, 4): top, left, bottom and right of each, in that order.
    """

    attributions: np.ndarray
    score: np.ndarray
    scores: np.ndarray
    windows: np.ndarray


def windows_of(
    shape: tuple[int, ...],
    window: tuple[int, int],
    strides: tuple[int, int],
    *,
    coarse: bool = False,
) -> np.ndarray:
    """Places of the window: (windows, 4), top, left, bottom and right, row by row.

    As in Captum a window that does not fit at the end is cut off there, so that every pixel is covered.

    Parameters
    ----------
    shape
        Of one sample, height and width first.
    window, strides
        In pixels.
    coarse
        First every eighth place of both directions, then what lies between: a rough picture comes early.
    """
    starts = [
        np.arange(-(-(size - w) // s) + 1)
        for size, w, s in zip(shape, window, strides, strict=False)
    ]
    rows, columns = (g.reshape(-1) for g in np.meshgrid(*starts, indexing="ij"))
    if coarse:
        level = np.minimum(_fineness(rows), _fineness(columns))
        order = np.argsort(-level, kind="stable")
        rows, columns = rows[order], columns[order]
    top, left = rows * strides[0], columns * strides[1]
    bottom = np.minimum(top + window[0], shape[0])
    right = np.minimum(left + window[1], shape[1])
    return np.stack([top, left, bottom, right], 1)


def _fineness(places: np.ndarray) -> np.ndarray:
    """3 for every eighth, 2 for every fourth between them, ..., 0 for the odd ones."""
    found = np.zeros(len(places), int)
    for level in (1, 2, 3):
        found[places % 2**level == 0] = level
    return found


def occlusion(
    of: Explainer,
    x: np.ndarray,
    score: Score,
    *,
    window: Any = (3, 3),
    strides: Any = (1, 1),
    baseline: Any = 0.0,
    coarse: bool = False,
) -> Iterator[Progress[Occluded]]:
    """How much the score falls when a window is hidden, piece by piece.

    Parameters
    ----------
    of
        The network; its input has height, width and channels.
    x
        (rows, height, width, channels)
    score
        The number that is explained.
    window, strides
        Height and width in pixels; one number for both. As in Captum the stride is not larger than the window.
    baseline
        What hides: a number, or an array like `x` or like one sample.
    coarse
        See `windows_of`. The result is the same.

    Raises
    ------
    core.errors.SettingError
        The window is larger than the image, or the stride than the window, or the input is no image.
    """
    shape = of.input_shape
    if len(shape) != 3:
        message = f"Occlusion hides a part of an image; this network's input has shape {shape}."
        raise SettingError(message, "window")
    size, step = _pair("window", window), _pair("strides", strides)
    if size[0] > shape[0] or size[1] > shape[1]:
        message = (
            f"The window of {size[0]}×{size[1]} is larger than the image of {shape[0]}×{shape[1]} pixels. Choose a "
            "smaller one."
        )
        raise SettingError(message, "window")
    if step[0] > size[0] or step[1] > size[1]:
        message = (
            f"Strides of {step[0]}×{step[1]} are larger than the window of {size[0]}×{size[1]}: pixels between would "
            "never be hidden. Choose strides up to the size of the window."
        )
        raise SettingError(message, "strides")
    places = windows_of(shape, size, step, coarse=coarse)
    hidden = baseline_like(baseline, x, "baseline").astype(of.dtype)
    whole = of.numbers(x, score).astype(np.float64)
    total, counts = np.zeros(x.shape), np.zeros(shape[:2])
    scores = np.full((len(places), len(x)), np.nan)
    at_once = max(1, of.rows_at_once // max(1, len(x)))
    for k in range(0, len(places), at_once):
        part = places[k : k + at_once]
        batch = np.repeat(x[None], len(part), 0)
        for row, (top, left, bottom, right) in zip(batch, part, strict=True):
            row[:, top:bottom, left:right] = hidden[:, top:bottom, left:right]
        found = picked(of.outputs(batch.reshape(-1, *shape), score.on), score)
        scores[k : k + len(part)] = found.reshape(len(part), len(x))
        falls = whole[None] - scores[k : k + len(part)]
        for fall, (top, left, bottom, right) in zip(falls, part, strict=True):
            total[:, top:bottom, left:right] += fall[:, None, None, None]
            counts[top:bottom, left:right] += 1
        mean = total / np.maximum(counts, 1)[None, :, :, None]
        done = k + len(part)
        yield Progress(
            done,
            len(places),
            Occluded(mean.astype(of.dtype), whole, scores.copy(), places),
            extra=part,
        )


def _pair(name: str, value: Any) -> tuple[int, int]:
    given = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    found = [checked.whole(n, 1) for n in given]
    if len(found) != 2 or None in found:
        raise SettingError(
            f"{name} is a height and a width in pixels, for example (3, 3); it is {value!r}.", name
        )
    return int(given[0]), int(given[1])
