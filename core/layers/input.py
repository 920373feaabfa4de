"""Where data enters a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.symbolic import SymbolicTensor

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


def Input(shape: Any, name: str | None = None) -> SymbolicTensor:
    """Where data of this shape (without the batch axis) enters a model."""
    if not isinstance(shape, (list, tuple)):
        message = f"Input takes the shape of one sample as a tuple, for example Input((4,)); it is given {shape!r}."
        raise SettingError(message, "shape")
    if None in shape:
        message = (
            f"Input takes a whole number for every axis; in {tuple(shape)} one is None. Here all samples have one "
            "shape: give the length of the longest sequence, and pad the others to it with zeros."
        )
        raise SettingError(message, "shape")
    layer = InputLayer(shape=tuple(shape), name=name)
    return SymbolicTensor(layer, (), tuple(layer["shape"]))
