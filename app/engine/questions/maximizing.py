"""What Look inside asks of channels: the images they answer to most, and the way there. Worker thread."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.answers import Partial
from app.engine.looking import held_out
from app.engine.questions import question
from app.engine.questions.excitement import Frozen, count_of, layer_of, rows_of
from app.engine.questions.inside import NOT_FINITE
from app.engine.unfed import is_unfed
from app.inside import photos
from app.inside.resampling import window
from app.snapshots import read_only
from app.text import tr
from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.explain.maximization import Maximized, activation_maximization, channel_explainer
from core.explain.progress import Progress
from core.explain.score import Score

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position

#: Steps of an activation maximisation: each is kept as a picture.
MOST_STEPS = 2000
#: Bytes the pictures of a maximisation may take; of longer ones every so manieth is kept.
_FILM = 48_000_000
#: Samples among which one is looked for that a maximisation can begin with, and numbers they have together.
_STARTS, _NUMBERS = 512, 1_000_000


@dataclass(frozen=True)
class Maximization:
    """An input on its way to exciting a channel.

    Attributes
    ----------
    position
        Where the run stood.
    layer, channel
        What is excited.
    image
        Shape of one input.
    activations
        (steps so far + 1,)
    steps
        How many there will be.
    frames, numbers
        When it is done: pictures of the way, (frames, ...) uint8 from 0 to 255 of the range, and the steps they are of.
    began
        Number of the held-out sample it began with, because noise says nothing to the channel; -1: with noise.
    photo
        Name of the photograph it began with instead, where no samples fit the network; else empty.
    """

    position: Position
    layer: str
    channel: int
    image: np.ndarray
    activations: np.ndarray
    steps: int
    frames: np.ndarray | None = None
    numbers: np.ndarray | None = None
    began: int = -1
    photo: str = ""

    @property
    def whole(self) -> bool:
        """Whether it has come to its end."""
        return len(self.activations) > self.steps


@dataclass(frozen=True)
class MaximizedChannels:
    """The images that channels of a layer answer to most.

    Attributes
    ----------
    position
        Where the run stood.
    layer
    images, activations
        By channel: an input, and what the channel answers to it.
    """

    position: Position
    layer: str
    images: Mapping[int, np.ndarray]
    activations: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class _Start:
    """What a maximisation begins with: a held-out sample, a photograph, or noise."""

    sample: int = -1
    photo: str = ""
    x: np.ndarray | None = None


@question("inside_maximization")
def maximization(
    session: Session,
    *,
    layer: str,
    channel: int,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Generator[float | Partial, None, Maximization]:
    """The input a channel of a layer answers to most, step by step; a class is a channel of the last layer.

    `settings` are those of `core.explain.maximization.activation_maximization`.
    """
    frozen = Frozen(session)
    of = frozen.explainer
    if len(of.shapes.get(layer_of(of, layer), ())) not in (1, 2, 3):
        raise ChainruleError(tr("{layer} has no channels.", layer=layer))
    channels = of.shapes[layer][-1]
    if isinstance(channel, int) and not 0 <= channel < channels:
        raise ChainruleError(
            tr("{layer} has {count} channels: the first is 1, the last {count}; there is no channel {number}.",
               layer=layer, count=channels, number=channel + 1)
        )  # fmt: skip
    if count_of(settings.get("steps", 120), "steps", MOST_STEPS) and len(of.input_shape) != 3:
        raise ChainruleError(
            tr("Activation maximization paints an image; this network looks at none.")
        )
    yield 0.0  # compiling the channel's programs takes a moment: who has asked may have gone
    first, made, start = _climb(session, channel_explainer(of, layer), channel, dict(settings))
    frames: list[np.ndarray] = []
    numbers: list[int] = []
    low, high = float(settings.get("low", 0.0)), float(settings.get("high", 1.0))
    total = first.total
    keep = max(1, -(-total * int(np.prod(of.input_shape)) // _FILM))
    answer: Maximization | None = None
    for step in chain((first,), made):
        found = step.result
        if not np.isfinite(found.activations).all():
            raise ChainruleError(NOT_FINITE)
        if step.done % keep == 0 or step.done in (1, total):
            share = np.clip((found.image - low) / (high - low), 0, 1)
            frames.append(np.rint(share * 255).astype(np.uint8))
            numbers.append(step.done)
        answer = Maximization(
            frozen.position, layer, int(channel), read_only(found.image), read_only(found.activations, np.float64),
            total, began=start.sample, photo=start.photo,
        )  # fmt: skip
        if step.done < total:
            yield Partial(step.done / total, answer)
    assert answer is not None
    return replace(
        answer, frames=read_only(np.stack(frames), np.uint8), numbers=read_only(np.array(numbers), np.int64)
    )  # fmt: skip


def _climb(
    session: Session, channels: Explainer, channel: Any, settings: dict[str, Any]
) -> tuple[Progress[Maximized], Iterator[Progress[Maximized]], _Start]:
    """The first step of a maximisation, those that follow, and what it begins with."""
    made = activation_maximization(channels, channel, **settings)
    first = next(made)
    if first.result.activations.any() or "start" in settings:
        return first, made, _Start()
    find = _photograph if is_unfed(session) else _strongest
    start = find(session, channels, int(channel))
    if start.x is not None:
        made = activation_maximization(channels, channel, **settings, start=start.x)
        first = next(made)
    return first, made, start


@question("inside_maximized")
def maximized(
    session: Session,
    *,
    layer: str,
    channels: Sequence[int],
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> Generator[float | Partial, None, MaximizedChannels]:
    """The images that several channels of a layer answer to most, one channel after the other."""
    frozen = Frozen(session)
    of = frozen.explainer
    if len(of.input_shape) != 3:
        raise ChainruleError(
            tr("Activation maximization paints an image; this network looks at none.")
        )
    of_channels = channel_explainer(of, layer_of(of, layer))
    images: dict[int, np.ndarray] = {}
    activations: dict[int, float] = {}
    for done, channel in enumerate(channels):
        first, made, _ = _climb(session, of_channels, channel, dict(settings))
        last = first
        for last in made:
            yield (done + last.done / last.total) / len(channels)
        images[channel] = read_only(last.result.image)
        activations[channel] = float(last.result.activations[-1])
        found = MaximizedChannels(
            frozen.position,
            layer,
            MappingProxyType(dict(images)),
            MappingProxyType(dict(activations)),
        )
        yield Partial((done + 1) / len(channels), found)
    return MaximizedChannels(
        frozen.position, layer, MappingProxyType(images), MappingProxyType(activations)
    )


def _strongest(session: Session, channels: Explainer, channel: int) -> _Start:
    """Of the first samples that are held out the one a channel answers to most."""
    samples = held_out(session.run)
    count = min(_STARTS, max(8, _NUMBERS // prod(channels.input_shape)))
    x = rows_of(session, samples, np.arange(min(len(samples), count)))
    best = _best(channels, x, channel)
    return _Start() if best is None else _Start(best, x=x[best])


def _photograph(session: Session, channels: Explainer, channel: int) -> _Start:
    """Of the photographs that are delivered the one a channel answers to most; of other images none."""
    size = channels.input_shape
    if size[-1] not in (1, 3):
        return _Start()
    names, x = photos.examples(), []
    for name in names:
        colors = photos.on_white(photos.of_example(name).pixels)
        pixels = colors if size[-1] == 3 else photos.gray(colors)
        # The largest window of the network's proportions, in the middle.
        high, wide = pixels.shape[:2]
        zoom = min(high / size[0], wide / size[1])
        cut = (size[0] * zoom, size[1] * zoom)
        x.append(window(pixels, (high - cut[0]) / 2, (wide - cut[1]) / 2, cut, (size[0], size[1])))
    best = _best(channels, np.stack(x), channel)
    return _Start() if best is None else _Start(photo=names[best], x=x[best])


def _best(channels: Explainer, x: np.ndarray, channel: int) -> int | None:
    """Which of some inputs a channel answers to most; None if it is silent to all of them."""
    found = np.nan_to_num(channels.numbers(x, Score(channel)), nan=-np.inf)
    return int(found.argmax()) if len(found) and found.max() > 0 else None
