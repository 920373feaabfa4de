"""Padding as a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.windows import image_shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class ZeroPadding2D(Layer):
    """Zeros around an image: rows above and below, columns left and right. Source: Keras ``ZeroPadding2D``."""

    family = "Convolution"
    summary = (
        "Puts a frame of zeros around an image, so that the next window can reach over its edge."
    )
    icon = "conv"
    settings = (
        Setting(
            "padding",
            "Padding",
            "pair",
            [1, 1],
            0,
            99,
            help="Rows above and below, columns at each side.",
        ),
    )

    def output_shape(self, shapes: list[Shape]) -> Shape:
        h, w, c = image_shape("ZeroPadding2D", shapes[0])
        rows, columns = self["padding"]
        return (h + 2 * rows, w + 2 * columns, c)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        pads = tuple(self["padding"])
        return (
            e.op("pad2d", inputs[0], role="a", before=pads, after=pads) if any(pads) else inputs[0]
        )

    def describe(self) -> tuple[str, str]:
        rows, columns = self["padding"]
        return (f"{rows}×{columns}", "zeros")
