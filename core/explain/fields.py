"""Receptive fields: which pixels of the input a place of a layer's map sees.

Dumoulin and Visin 2016 ("A guide to convolution arithmetic for deep learning"): with jump j (pixels of the input from
one place to the next), size r and start s of the first place's field, a window of k with stride t, dilation d
and p zeros before gives ``r + (d (k - 1)) j``, ``j t`` and ``s - p j``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.layers import registry
from core.layers.windows import reach, same_padding
from core.spec.network import Network

Pair = tuple[int, int]


@dataclass(frozen=True)
class Field:
    """What a place of a map sees, in pixels of the input: by rows and by columns.

    Attributes
    ----------
    size
        Of what one place sees.
    jump
        From one place to the next.
    start
        Where the field of place (0, 0) begins; negative where it begins in the padding.
    image
        Height and width of the input.
    """

    size: Pair = (1, 1)
    jump: tuple[float, float] = (1.0, 1.0)
    start: tuple[float, float] = (0.0, 0.0)
    image: Pair = (1, 1)

    def seen(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Top, left, bottom and right of what a place sees, cut at the border of the image."""
        found = []
        for at, axis in ((row, 0), (column, 1)):
            low = math.floor(self.start[axis] + at * self.jump[axis])
            found.append((max(0, low), min(self.image[axis], low + self.size[axis])))
        (top, bottom), (left, right) = found
        return top, left, bottom, right


def field_of(network: Network, shapes: Mapping[str, tuple[int, ...]], layer: str) -> Field:
    """What a place of a layer's map sees of the input.

    Where a layer mixes all places (Flatten, GlobalAveragePooling2D, ...) that is the whole image.

    Parameters
    ----------
    network
        The document.
    shapes
        Output shape of each layer by its id.
    layer
        Id of the layer.
    """
    found: dict[str, Field] = {}
    image: Pair = (1, 1)
    for name in network.order():
        node = network.node(name)
        document = network.layer(node.layer)
        shape = shapes.get(node.layer, ())
        sources = [found[network.source(text)[0]] for text in node.inputs]
        before = (
            shapes.get(network.node(network.source(node.inputs[0])[0]).layer, ())
            if node.inputs
            else ()
        )
        if document.kind == "InputLayer":
            image = (shape[0], shape[1]) if len(shape) == 3 else (1, 1)
            found[name] = Field(image=image)
        elif len(shape) != 3 or any(len(s) != 3 for s in (before,)):
            found[name] = Field(image, (1.0, 1.0), (0.0, 0.0), image)
        else:
            # A merge sees what any of its branches sees: the widest of them.
            widest = max(sources, key=lambda one: one.size)
            layer_object = registry.make(document.kind, document.config)
            found[name] = _behind(widest, document.kind, layer_object.config, before, shape)
        if node.layer == layer:
            return found[name]
    return Field(image, image=image)


def _behind(source: Field, kind: str, config: Mapping[str, Any], before: Any, shape: Any) -> Field:
    size, jump, start = list(source.size), list(source.jump), list(source.start)
    window = config.get("kernel_size") or config.get("pool_size")
    if kind == "UpSampling2D":
        for axis, factor in enumerate(_pair(config["size"])):
            # Several places show the same one: the field holds what any of them may see.
            more = (factor - 1) / factor * jump[axis]
            size[axis] += math.ceil(more)
            start[axis] -= more
            jump[axis] /= factor
        return replace(
            source, size=(size[0], size[1]), jump=(jump[0], jump[1]), start=(start[0], start[1])
        )
    if kind == "Conv2DTranspose":
        for axis, (k, s) in enumerate(zip(_pair(window), _pair(config["strides"]), strict=True)):
            # Each place of the output hears of at most ⌈k / s⌉ places of the input.
            size[axis] += round((-(-k // s) - 1) * jump[axis])
            start[axis] -= (k - 1) // 2 / s * jump[axis]
            jump[axis] /= s
        return replace(
            source, size=(size[0], size[1]), jump=(jump[0], jump[1]), start=(start[0], start[1])
        )
    if kind in ("ZeroPadding2D", "Cropping2D"):
        sides = config["padding"] if kind == "ZeroPadding2D" else config["cropping"]
        for axis, first in enumerate(_firsts(sides)):
            start[axis] += (-first if kind == "ZeroPadding2D" else first) * jump[axis]
        return replace(source, start=(start[0], start[1]))
    if window is None:
        return source
    steps = _pair(config.get("strides") or window)
    gaps = _pair(config.get("dilation_rate") or 1)
    for axis, (k, s, d) in enumerate(zip(_pair(window), steps, gaps, strict=True)):
        wide = reach(k, d)
        first = same_padding(before[axis], wide, s, config.get("padding", "valid"))[0]
        size[axis] += round((wide - 1) * jump[axis])
        start[axis] -= first * jump[axis]
        jump[axis] *= s
    return replace(
        source, size=(size[0], size[1]), jump=(jump[0], jump[1]), start=(start[0], start[1])
    )


def _pair(value: Any) -> Pair:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _firsts(sides: Any) -> Pair:
    """Rows at the top and columns at the left, of n, (n, m) or ((top, bottom), (left, right)), as Keras takes them."""
    if isinstance(sides, int):
        return sides, sides
    first = [side if isinstance(side, int) else side[0] for side in sides]
    return int(first[0]), int(first[1])
