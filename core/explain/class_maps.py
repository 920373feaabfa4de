"""Grad-CAM: which places of a layer's maps speak for a class (Selvaraju et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.explain.resizing import resized
from core.explain.score import Score
from core.layers import registry


@dataclass(frozen=True)
class ClassMaps:
    """A layer's maps, weighted by what each does for a class.

    Attributes
    ----------
    maps
        (rows, height, width): of the layer, before they are brought to the size of the input.
    weights
        (rows, channels): the mean gradient of each of the layer's maps.
    """

    maps: np.ndarray
    weights: np.ndarray


def layers_with_maps(of: Explainer) -> list[str]:
    """Ids of the layers whose output has rows, columns and channels, first to last; the input is none."""
    nodes = [of.network.node(name) for name in of.network.order()]
    kinds = {node.layer: of.network.layer(node.layer).kind for node in nodes}
    return [
        layer
        for layer, kind in kinds.items()
        if kind != "InputLayer" and len(of.shapes.get(layer, ())) == 3
    ]


def last_convolution(of: Explainer) -> str:
    """Id of the layer Grad-CAM is usually of: the last convolution, or the last layer with maps.

    Raises
    ------
    core.errors.ChainruleError
        No layer has maps.
    """
    found = layers_with_maps(of)
    if not found:
        message = (
            "Grad-CAM needs a layer with maps (rows, columns and channels), for example Conv2D; this network has none. "
            "Saliency and integrated gradients work for every network."
        )
        raise ChainruleError(message)
    family = [n for n in found if registry.kind(of.network.layer(n).kind).family == "Convolution"]
    return (family or found)[-1]


def grad_cam(
    of: Explainer, x: np.ndarray, score: Score, layer: str, *, relu: bool = True
) -> ClassMaps:
    """``relu(Σ_k mean(∂s/∂A_k) A_k)`` of the maps A_k of a layer.

    Parameters
    ----------
    of
        The network.
    x
        (rows, ...)
    score
        The number that is explained.
    layer
        Id of a layer with maps.
    relu
        Without it what speaks against the class is kept as negative numbers.

    Raises
    ------
    core.errors.ChainruleError
        The layer has no maps, or is not there.
    """
    if layer not in of.shapes:
        known = ", ".join(layers_with_maps(of)) or "none"
        message = f"The network has no layer {layer!r}. Layers with maps: {known}."
        raise ChainruleError(message)
    if layer not in layers_with_maps(of):
        known = ", ".join(layers_with_maps(of))
        where = f"Choose one of these: {known}." if known else "This network has no such layer."
        raise ChainruleError(
            f"{layer} has no maps: Grad-CAM needs rows, columns and channels. {where}"
        )
    found = of.gradient(x, score, wrt=layer)
    weights = found.gradient.mean((1, 2))
    maps = np.einsum("rhwc,rc->rhw", found.values, weights)
    return ClassMaps(np.maximum(maps, 0) if relu else maps, weights)


def upsampled(found: ClassMaps, of: Explainer, interpolate_mode: str = "nearest") -> np.ndarray:
    """The maps in the height and width of the input: (rows, height, width)."""
    return resized(found.maps, (of.input_shape[0], of.input_shape[1]), interpolate_mode)
