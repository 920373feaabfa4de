"""Layers that only change the shape: no numbers are computed."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Flatten(Layer):
    """The same values as one list, row by row, channels fastest. Source: Keras ``Flatten``."""

    family = "Core"
    summary = "Lays an image or a sequence out as one list of numbers, so that Dense can read it."
    icon = "flatten"

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (prod(shapes[0]),)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.reshape(inputs[0], (prod(inputs[0].shape),))
