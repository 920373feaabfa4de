"""Layers that make images and sequences larger by whole factors, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape
from core.layers.settings import DATA_FORMAT, Setting
from core.layers.windows import image_shape, sequence_shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class UpSampling2D(Layer):
    """Every pixel becomes a block ("nearest"), or a mix of its neighbours ("bilinear"). Source: Keras ``UpSampling2D``.

    Bilinear: the centre of pixel u lies at ``(u + 1/2) / s - 1/2`` of the input; the edge is repeated beyond the
    outermost centres.
    """

    family = "Resizing"
    summary = "Makes an image larger by a whole factor, by repeating pixels or mixing neighbours."
    icon = "pool"
    settings = (
        Setting("size", "Size", "pair", [2, 2], 1, 99, help="Factors for height and width."),
        DATA_FORMAT,
        Setting("interpolation", "Interpolation", "choice", "nearest", choices=("nearest", "bilinear"),
                help="Nearest repeats pixels, bilinear mixes neighbours."),
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        h, w, c = image_shape("UpSampling2D", shapes[0])
        return (h * self["size"][0], w * self["size"][1], c)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        name = {"nearest": "repeat2d", "bilinear": "bilinear2d"}[self["interpolation"]]
        return e.op(name, inputs[0], role="a", size=tuple(self["size"]))

    def describe(self) -> tuple[str, str]:
        return (f"{self['size'][0]}×{self['size'][1]}", self["interpolation"])


class UpSampling1D(Layer):
    """``y[t] = x[⌊t/s⌋]``: every step is repeated. Source: Keras ``UpSampling1D``."""

    family = "Resizing"
    summary = "Makes a sequence longer by repeating every step."
    icon = "pool"
    settings = (Setting("size", "Size", "int", 2, 1, 99, help="How often each step is repeated."),)

    def output_shape(self, shapes: list[Shape]) -> Shape:
        steps, features = sequence_shape("UpSampling1D", shapes[0])
        return (steps * self["size"], features)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        row = e.reshape(inputs[0], (1, *inputs[0].shape), role="row")
        y = e.op("repeat2d", row, role="a/row", size=(1, self["size"]))
        return e.reshape(y, y.shape[1:])

    def describe(self) -> tuple[str, str]:
        return (f"{self['size']}×", "nearest")
