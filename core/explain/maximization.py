"""Activation maximisation: the input a channel answers to most strongly (Erhan et al. 2009).

Without restraint that input is noise. What keeps it readable is usual since Yosinski et al. 2015 and Olah et al. 2017:
a penalty on large numbers, one on differences between neighbours, a small random shift before each step, and a blur
every few steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import checked
from core.errors import SettingError
from core.explain.explainer import Explainer
from core.explain.pieces import up_to
from core.explain.progress import Progress
from core.explain.score import Score

#: Images of noise that are tried where a channel is silent.
_TRIED = 48


@dataclass(frozen=True)
class Maximized:
    """An input on its way to exciting a channel.

    Attributes
    ----------
    image
        Shape of one input.
    activations
        (steps so far + 1,): the mean of the channel's map, or the unit's number, at the start and after each step.
    """

    image: np.ndarray
    activations: np.ndarray


def channel_explainer(of: Explainer, layer: str) -> Explainer:
    """What is explained are the channels of a layer instead of the classes."""
    axes = len(of.shapes.get(layer, ()))
    return Explainer(up_to(of.network, layer, axes), of.weights, of.dtype)


def activation_maximization(
    channels: Explainer,
    channel: Any,
    *,
    steps: int = 120,
    learning_rate: float = 0.05,
    l2: float = 0.002,
    total_variation: float = 0.02,
    jitter: int = 1,
    blur_every: int = 8,
    low: float = 0.0,
    high: float = 1.0,
    seed: int = 0,
    start: np.ndarray | None = None,
) -> Iterator[Progress[Maximized]]:
    """Climb the gradient of a channel's mean with respect to the input, one step after the other.

    Parameters
    ----------
    channels
        From `channel_explainer`.
    channel
        Which one, from 0.
    steps
        Of gradient ascent. Each moves by `learning_rate` times the gradient divided by its root mean square: how strong
        a channel answers hangs on its weights, what it looks for does not.
    l2, total_variation
        What large numbers, and differences between neighbours, cost.
    jitter
        By how many pixels the image is shifted at most before each step, and back behind it.
    blur_every
        After how many steps the image is blurred a little (1, 2, 1 in both directions); 0: never.
    low, high
        Where the image's numbers are kept.
    seed
        Of the first noise and the shifts.
    start
        What to begin with, instead of noise around the middle; where the channel is silent there, of stronger noise,
        fine and coarse, what it answers to most.

    Raises
    ------
    core.errors.SettingError
        A setting is out of its range, or the layer has no such channel.
    """
    count = checked.whole(channel)
    if count is None or count >= channels.classes:
        raise SettingError(
            f"channel is a number from 0 to {channels.classes - 1}; it is {channel!r}.", "channel"
        )
    for name, value, least in (
        ("steps", steps, 1), ("jitter", jitter, 0), ("blur_every", blur_every, 0),
    ):  # fmt: skip
        if checked.whole(value, least) is None:
            message = f"{name} is a whole number from {least}; it is {value!r}."
            raise SettingError(message, name)
    for name, given in (
        ("learning_rate", learning_rate), ("l2", l2), ("total_variation", total_variation),
    ):  # fmt: skip
        if (checked.finite(given) or 0.0) < 0 or checked.finite(given) is None:
            message = f"{name} is a number from 0; it is {given!r}."
            raise SettingError(message, name)
    if not low < high:
        message = f"high must be larger than low; they are {high!r} and {low!r}."
        raise SettingError(message, "high")
    shape, dtype = channels.input_shape, channels.dtype
    draw = np.random.default_rng(seed)
    image = (low + high) / 2 + 0.05 * (high - low) * draw.standard_normal(shape)
    if start is not None:
        image = np.asarray(start, np.float64).reshape(shape).copy()
    image = np.clip(image, low, high)
    score = Score(count)
    flat = len(shape) != 3
    activations = [float(channels.numbers(image[None].astype(dtype), score)[0])]
    if start is None and activations[0] == 0:
        # A ReLU that is silent has no slope to climb.
        image, activations = _woken(channels, score, draw, low, high)
    for k in range(steps):
        shift = (0, 0) if flat else tuple(draw.integers(-jitter, jitter + 1, 2).tolist())
        moved = image if flat else np.roll(image, shift, (0, 1))
        found = channels.gradient(moved[None].astype(dtype), score).gradient[0].astype(np.float64)
        size = float(np.sqrt(np.mean(found**2)))
        change = found / size if size > 0 else found
        middle = (low + high) / 2
        change -= l2 / max(learning_rate, 1e-12) * (moved - middle)
        if not flat:
            change -= total_variation / max(learning_rate, 1e-12) * _roughness(moved)
        moved = moved + learning_rate * (high - low) * change
        image = moved if flat else np.roll(moved, (-shift[0], -shift[1]), (0, 1))
        if blur_every and not flat and (k + 1) % blur_every == 0 and k + 1 < steps:
            image = _blurred(image)
        image = np.clip(image, low, high)
        activations.append(float(channels.numbers(image[None].astype(dtype), score)[0]))
        yield Progress(
            k + 1, steps, Maximized(image.astype(dtype), np.array(activations)), extra=shift
        )


def _woken(
    channels: Explainer, score: Score, draw: np.random.Generator, low: float, high: float
) -> tuple[np.ndarray, list[float]]:
    """Of noise over the whole range, half of it coarse, what a channel answers to most; and how strongly."""
    shape = channels.input_shape
    # Of large images fewer: who waits for the first step waits for all of them.
    count = int(np.clip(_TRIED * 4096 // np.prod(shape), 6, _TRIED))
    tried = draw.uniform(low, high, (count, *shape))
    if len(shape) == 3:
        for k in range(count // 2):
            coarse = tried[k]
            for _ in range(1 + k % 6):
                coarse = _blurred(coarse)
            spread = float(np.ptp(coarse))
            tried[k] = low + (coarse - coarse.min()) * (high - low) / max(spread, 1e-12)
    found = channels.numbers(tried.astype(channels.dtype), score)
    best = int(np.nan_to_num(found, nan=-np.inf).argmax())
    return tried[best], [float(found[best])]


def _roughness(image: np.ndarray) -> np.ndarray:
    """Half the gradient of the squared differences between neighbours: the negative discrete Laplacian."""
    found = np.zeros_like(image)
    for axis in (0, 1):
        step = np.diff(image, axis=axis)
        ahead = [slice(None)] * image.ndim
        behind = [slice(None)] * image.ndim
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        found[tuple(ahead)] += step
        found[tuple(behind)] -= step
    return found


def _blurred(image: np.ndarray) -> np.ndarray:
    """1, 2, 1 over 4 along both directions; the border is continued."""
    for axis in (0, 1):
        width = [(0, 0)] * image.ndim
        width[axis] = (1, 1)
        padded = np.pad(image, width, mode="edge")
        n = image.shape[axis]
        parts = [np.take(padded, np.arange(k, k + n), axis) for k in range(3)]
        image = (parts[0] + 2 * parts[1] + parts[2]) / 4
    return image
