"""What excites a channel: the samples, and their patches, at which its map is largest; and a sample's neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from core.explain.explainer import Explainer
from core.explain.fields import field_of
from core.explain.progress import Progress


@dataclass(frozen=True)
class Exciting:
    """The strongest samples of each channel of a layer.

    Attributes
    ----------
    samples
        (channels, k): numbers of the samples, strongest first; -1 where there are fewer.
    activations
        (channels, k): the largest number of the channel's map in that sample.
    places
        (channels, k, 2): row and column of that number in the map; 0 where a layer has no maps.
    patches
        (channels, k, 4): top, left, bottom and right of what that number sees of the input, cut at its border.
    """

    samples: np.ndarray
    activations: np.ndarray
    places: np.ndarray
    patches: np.ndarray


def exciting(
    of: Explainer, batches: Iterator[tuple[int, np.ndarray]], total: int, layer: str, k: int = 9
) -> Iterator[Progress[Exciting]]:
    """Go through samples and keep, for each channel of a layer, the `k` that excite it most.

    Parameters
    ----------
    of
        The network.
    batches
        (number of the first, samples) in order.
    total
        How many samples there are.
    layer
        Id of a layer.
    k
        How many are kept.
    """
    shape = of.shapes[layer]
    channels = shape[-1]
    field = field_of(of.network, of.shapes, layer) if len(shape) == 3 else None
    best = np.full((channels, k), -np.inf)
    which = np.full((channels, k), -1)
    where = np.zeros((channels, k), int)
    done = 0
    for first, x in batches:
        found = of.layer_outputs(x, (layer,))[layer].reshape(len(x), prod(shape[:-1]), channels)
        place = found.argmax(1)
        top = np.take_along_axis(found, place[:, None], 1)[:, 0]
        numbers = np.arange(first, first + len(x))
        values = np.concatenate([best, top.T], 1)
        samples = np.concatenate([which, np.broadcast_to(numbers, (channels, len(x)))], 1)
        places = np.concatenate([where, place.T], 1)
        order = np.argsort(-values, 1, kind="stable")[:, :k]
        best, which, where = (np.take_along_axis(a, order, 1) for a in (values, samples, places))
        done += len(x)
        yield Progress(done, total, _exciting(best, which, where, shape, field, of.input_shape))


def _exciting(
    best: np.ndarray, which: np.ndarray, where: np.ndarray, shape: Any, field: Any, size: Any
) -> Exciting:
    width = shape[1] if len(shape) == 3 else 1
    places = (
        np.stack(np.divmod(where, width), -1)
        if len(shape) == 3
        else np.zeros((*where.shape, 2), int)
    )
    patches = np.zeros((*where.shape, 4), int)
    if field is not None:
        patches = np.stack([np.stack([field.seen(*p) for p in row]) for row in places])
    elif len(size) == 3:
        patches[...] = (0, 0, size[0], size[1])
    return Exciting(which.copy(), best.copy(), places, patches)


def neighbours(features: np.ndarray, one: np.ndarray, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The `k` rows nearest to one by Euclidean distance, nearest first: their numbers and distances.

    Parameters
    ----------
    features
        (samples, features): a layer's output for each, flat.
    one
        (features,)
    """
    distances = np.sqrt(((features - one.reshape(1, -1)) ** 2).sum(1))
    order = np.argsort(distances, kind="stable")[:k]
    return order, distances[order]


@dataclass(frozen=True)
class Near:
    """The samples nearest to one, by what a layer makes of them.

    Attributes
    ----------
    samples
        (up to k,): their numbers, nearest first.
    distances
        Likewise: Euclidean, between the layer's outputs.
    """

    samples: np.ndarray
    distances: np.ndarray


def nearest(
    of: Explainer,
    batches: Iterator[tuple[int, np.ndarray]],
    total: int,
    layer: str,
    one: np.ndarray,
    k: int = 8,
    without: int = -1,
) -> Iterator[Progress[Near]]:
    """Go through samples and keep the `k` whose output of a layer is nearest to that of one input.

    Parameters
    ----------
    of
        The network.
    batches
        (number of the first, samples) in order.
    total
        How many samples there are.
    layer
        Id of a layer; the input's own for the distance between pixels.
    one
        The input, in the network's shape.
    k
        How many are kept.
    without
        Number of a sample that is left out: the input itself.
    """
    feature = of.layer_outputs(one.reshape(1, *of.input_shape), (layer,))[layer].reshape(-1)
    numbers, distances = np.zeros(0, int), np.zeros(0)
    done = 0
    for first, x in batches:
        features = of.layer_outputs(x, (layer,))[layer].reshape(len(x), -1)
        rows, found = neighbours(features, feature, len(x))
        kept = rows + first != without
        numbers = np.concatenate([numbers, rows[kept] + first])
        distances = np.concatenate([distances, found[kept]])
        order = np.argsort(distances, kind="stable")[:k]
        numbers, distances = numbers[order], distances[order]
        done += len(x)
        yield Progress(done, total, Near(numbers, distances))
