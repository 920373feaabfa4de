"""A sanity check: a map that stays while the network forgets what it has learned shows the image, not the network.

Adebayo et al. 2018 ("Sanity Checks for Saliency Maps"): the layers are given random weights one after another, from the
output towards the input, and each time the map is made anew and compared with the first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from core import initializers
from core.explain.explainer import Explainer
from core.explain.progress import Progress
from core.layers import registry
from core.spec.inspection import inspect


@dataclass(frozen=True)
class Randomized:
    """A map of a network some of whose layers are random.

    Attributes
    ----------
    layers
        Ids of the layers that are random, from the output towards the input; empty for the network as it is.
    attributions
        The map.
    correlation
        Spearman's rank correlation of its sizes with those of the first map: 1 if nothing changed, about 0 if nothing
        is left; NaN where a map is the same number everywhere.
    """

    layers: tuple[str, ...]
    attributions: np.ndarray
    correlation: float


def cascading_randomization(
    of: Explainer, method: Callable[[Explainer], np.ndarray], *, seed: int = 0
) -> Iterator[Progress[tuple[Randomized, ...]]]:
    """The map of the network as it is, and after each layer more has forgotten.

    Parameters
    ----------
    of
        The network. It is left as it is.
    method
        Makes the map.
    seed
        Of the random weights: each is drawn as its layer's initializer says.
    """
    found = inspect(of.network, batch_size=1)
    weights = of.weights
    other = Explainer(of.network, weights, of.dtype)
    groups: dict[str, dict[str, np.ndarray]] = {}
    for row in found.rows:
        if row.layer in groups:
            continue
        document = of.network.layer(row.layer)
        layer = registry.make(document.kind, document.config)
        drawn = {
            f"{row.layer}/{w.role}": initializers.draw(w.initializer, w.shape, seed + 1, f"{row.layer}/{w.role}")
            for w in layer.weights(list(row.input_shapes))
        }  # fmt: skip
        if drawn:
            groups[row.layer] = drawn
    layers = list(reversed(groups))
    first = method(other)
    maps = [Randomized((), first, 1.0)]
    yield Progress(1, len(layers) + 1, tuple(maps))
    for k, name in enumerate(layers):
        other.set_weights(groups[name])
        made = method(other)
        maps.append(
            Randomized(tuple(layers[: k + 1]), made, rank_correlation(np.abs(made), np.abs(first)))
        )
        yield Progress(k + 2, len(layers) + 1, tuple(maps))


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays of the same size; equal numbers share their mean rank."""
    x, y = _ranks(a.reshape(-1)), _ranks(b.reshape(-1))
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / size if size > 0 else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse.reshape(-1)]
