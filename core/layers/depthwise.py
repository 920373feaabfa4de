"""Convolutions that treat each channel by itself."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.layers.base import Shape, Weight
from core.layers.filters import (
    DEPTH_MULTIPLIER,
    DILATION_RATE,
    FILTERS,
    KERNEL_SIZE,
    PADDING,
    STRIDES,
    _Filtering,
)
from core.layers.settings import (
    ACTIVATION,
    ACTIVITY_REGULARIZER,
    BIAS_CONSTRAINT,
    BIAS_INITIALIZER,
    BIAS_REGULARIZER,
    DATA_FORMAT,
    DEPTHWISE_CONSTRAINT,
    DEPTHWISE_INITIALIZER,
    DEPTHWISE_REGULARIZER,
    POINTWISE_CONSTRAINT,
    POINTWISE_INITIALIZER,
    POINTWISE_REGULARIZER,
    USE_BIAS,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class DepthwiseConv2D(_Filtering):
    """``y[u, v, c·M+m] = activation(Σ_ij x[u·s+i·d, v·s+j·d, c] kernel[i, j, c, m] + bias[c·M+m])``.

    Every channel has M filters (`depth_multiplier`) of its own; channels are not mixed. Source: Keras
    ``DepthwiseConv2D``. Kernel ``(k, k, channels, M)``; output ``(batch, height', width', channels · M)``.
    """

    summary = "Slides a filter of its own over each channel, so that channels are not mixed."
    strides_or_dilation = False
    settings = (
        KERNEL_SIZE, STRIDES, PADDING, DEPTH_MULTIPLIER, DATA_FORMAT, DILATION_RATE, ACTIVATION, USE_BIAS,
        DEPTHWISE_INITIALIZER, BIAS_INITIALIZER, DEPTHWISE_REGULARIZER, BIAS_REGULARIZER, ACTIVITY_REGULARIZER,
        DEPTHWISE_CONSTRAINT, BIAS_CONSTRAINT,
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (*self.spatial(shapes[0]), shapes[0][-1] * self["depth_multiplier"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        channels, many = shapes[0][-1], self["depth_multiplier"]
        shape = (*self["kernel_size"], channels, many)
        kernel = Weight(
            "kernel", shape, self["depthwise_initializer"], symbol="W", regularizer=self["depthwise_regularizer"],
            filters=(-2, -1),
        )  # fmt: skip
        bias = Weight("bias", (channels * many,), self["bias_initializer"], symbol="b")
        return (kernel, bias) if self["use_bias"] else (kernel,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return prod((*self.output_shape(shapes), *self["kernel_size"]))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = self.framed(e, inputs[0])
        y = e.op(
            "depthwise2d", x, e.weight("kernel"), role="product", symbol=self.sum_letter, **self.geometry()
        )  # fmt: skip
        return self.finished(e, y)


class SeparableConv2D(_Filtering):
    """A convolution in two steps: each channel by itself, then every pixel's channels mixed by a 1×1 convolution.

    ``d = x ∗ depthwise_kernel`` channel by channel, ``y[u, v, f] = activation(Σ_k d[u, v, k] pointwise_kernel[0, 0, k,
    f] + bias[f])``. Source: Chollet 2017; Keras ``SeparableConv2D``.
    """

    summary = "Filters each channel by itself, then mixes the channels: like Conv2D with far fewer weights."
    strides_or_dilation = False
    settings = (
        FILTERS, KERNEL_SIZE, STRIDES, PADDING, DATA_FORMAT, DILATION_RATE, DEPTH_MULTIPLIER, ACTIVATION, USE_BIAS,
        DEPTHWISE_INITIALIZER, POINTWISE_INITIALIZER, BIAS_INITIALIZER, DEPTHWISE_REGULARIZER, POINTWISE_REGULARIZER,
        BIAS_REGULARIZER, ACTIVITY_REGULARIZER, DEPTHWISE_CONSTRAINT, POINTWISE_CONSTRAINT, BIAS_CONSTRAINT,
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        return (*self.spatial(shapes[0]), self["filters"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        channels, many, filters = shapes[0][-1], self["depth_multiplier"], self["filters"]
        size = (*self["kernel_size"], channels, many)
        depthwise = Weight(
            "depthwise_kernel", size, self["depthwise_initializer"], symbol="D", filters=(-2, -1)
        )
        size = (1, 1, channels * many, filters)
        pointwise = Weight(
            "pointwise_kernel", size, self["pointwise_initializer"], symbol="P", filters=(-1,)
        )
        bias = Weight("bias", (filters,), self["bias_initializer"], symbol="b")
        return (depthwise, pointwise, bias) if self["use_bias"] else (depthwise, pointwise)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        height, width, filters = self.output_shape(shapes)
        between = shapes[0][-1] * int(self["depth_multiplier"])
        return prod((height, width, between, prod(self["kernel_size"]) + filters))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = self.framed(e, inputs[0])
        weights = e.weight("depthwise_kernel"), e.weight("pointwise_kernel")
        d = e.op("depthwise2d", x, weights[0], role="depthwise", symbol="d", **self.geometry())
        y = e.op("conv2d", d, weights[1], role="product", symbol=self.sum_letter, strides=(1, 1))
        return self.finished(e, y)
