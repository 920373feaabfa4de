"""The fully connected layer."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape, Weight
from core.layers.settings import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    USE_BIAS,
    Setting,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Dense(Layer):
    """``y = activation(x · kernel + bias)``, over the last axis. Source: Keras ``Dense``.

    Input shape ``(batch, ..., inputs)``; output shape ``(batch, ..., units)``; kernel ``(inputs, units)``; bias
    ``(units,)``.
    """

    family = "Core"
    summary = "Every unit sees every input: a weighted sum, plus a bias, through an activation."
    icon = "dense"
    passes_mask = True
    settings = (
        Setting(
            "units",
            "Units",
            "int",
            32,
            1,
            10**9,
            help="How many neurons the layer has.",
            required=True,
        ),
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        BIAS_INITIALIZER,
        KERNEL_REGULARIZER,
        BIAS_REGULARIZER,
        ACTIVITY_REGULARIZER,
        KERNEL_CONSTRAINT,
        BIAS_CONSTRAINT,
    )

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (*shapes[0][:-1], self["units"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        shape = (shapes[0][-1], self["units"])
        kernel = Weight("kernel", shape, self["kernel_initializer"], symbol="W", filters=(-1,))
        bias = Weight("bias", (self["units"],), self["bias_initializer"], symbol="b")
        return (kernel, bias) if self["use_bias"] else (kernel,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return prod(shapes[0]) * int(self["units"])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        own = "" if self["use_bias"] else "z"
        y = e.op("matmul", inputs[0], e.weight("kernel"), role="product", symbol=own)
        if self["use_bias"]:
            y = e.op("bias_add", y, e.weight("bias"), role="z")
        return e.activation(self["activation"], y)

    def describe(self) -> tuple[str, str]:
        units = self["units"]
        return (f"{units} unit{'s' if units != 1 else ''}", self["activation"] or "linear")
