"""Where data enters a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape
from core.layers.settings import Setting

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class InputLayer(Layer):
    """``y = x``: a batch of samples of one shape. Source: Keras ``InputLayer``.

    Input shape and output shape: ``(batch, *shape)``.
    """

    family = "Core"
    summary = "Where the data enters: one sample's shape, without the batch axis."
    icon = "input"
    arity = (0, 0)
    settings = (
        Setting("shape", "Shape", "shape", [2], 1, 4096, help="Height, width, channels; or the number of features.",
                required=True),
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return tuple(self["shape"])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return e.input_tensor()

    def describe(self) -> tuple[str, str]:
        shape = self["shape"]
        kind = {1: "greyscale", 3: "colour"}.get(shape[-1], "") if len(shape) == 3 else ""
        return ("×".join(map(str, shape)), kind)
