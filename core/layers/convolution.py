"""Convolutions: filters that read all channels."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from core.layers.base import Shape, Weight
from core.layers.filters import (
    DILATION_RATE,
    FILTERS,
    GROUPS,
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
    KERNEL_CONSTRAINT,
    KERNEL_INITIALIZER,
    KERNEL_REGULARIZER,
    USE_BIAS,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

_BEHIND = (
    DATA_FORMAT, DILATION_RATE, GROUPS, ACTIVATION, USE_BIAS, KERNEL_INITIALIZER, BIAS_INITIALIZER, KERNEL_REGULARIZER,
    BIAS_REGULARIZER, ACTIVITY_REGULARIZER, KERNEL_CONSTRAINT, BIAS_CONSTRAINT,
)  # fmt: skip


class _Convolution(_Filtering):
    """What convolutions of images and of sequences share."""

    def output_shape(self, shapes: list[Shape]) -> Shape:
        spatial = self.spatial(shapes[0])
        self.check_groups(shapes[0][-1])
        return (*spatial, self["filters"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        size = self["kernel_size"]
        window = (size,) if self.along_time else tuple(size)
        shape = (*window, shapes[0][-1] // self["groups"], self["filters"])
        kernel = Weight("kernel", shape, self["kernel_initializer"], symbol="W", filters=(-1,))
        bias = Weight("bias", (self["filters"],), self["bias_initializer"], symbol="b")
        return (kernel, bias) if self["use_bias"] else (kernel,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        kernel, _, _ = self.windows()
        return prod((*self.output_shape(shapes), *kernel, shapes[0][-1] // self["groups"]))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, w, role = self.framed(e, inputs[0]), e.weight("kernel"), "product"
        if self.along_time:
            w, role = e.reshape(w, (1, *w.shape), role="kernel/row"), "product/row"
        y = e.op(
            "conv2d",
            x,
            w,
            role=role,
            symbol=self.sum_letter,
            **self.geometry(),
            groups=self["groups"],
        )
        return self.finished(e, y)


class Conv2D(_Convolution):
    """``y[u, v, f] = activation(Σ_ijc x[u·s+i·d, v·s+j·d, c] kernel[i, j, c, f] + bias[f])``. Source: Keras.

    Input ``(batch, height, width, channels)``; kernel ``(k, k, channels / groups, filters)``; output ``(batch, height',
    width', filters)``. As everywhere in deep learning this is a cross-correlation: the kernel is not flipped. With
    groups, c runs over the channels of the group of f.
    """

    summary = "Slides small learned filters over an image; each makes one feature map."
    settings = (FILTERS, KERNEL_SIZE, STRIDES, PADDING, *_BEHIND)


class Conv1D(_Convolution):
    """``y[t, f] = activation(Σ_ic x[t·s+i·d, c] kernel[i, c, f] + bias[f])``. Source: Keras ``Conv1D``.

    Input ``(batch, steps, features)``; kernel ``(k, features / groups, filters)``; output ``(batch, steps', filters)``.
    Padding "causal" puts all zeros before the first step, so that no output sees a later step (van den Oord et al.
    2016).
    """

    along_time = True
    summary = "Slides small learned filters along a sequence; each looks for one pattern in neighbouring steps."
    settings = (
        FILTERS,
        replace(KERNEL_SIZE, type="int", default=3, help="How many steps each filter reads."),
        replace(STRIDES, type="int", default=1),
        replace(
            PADDING, choices=("valid", "same", "causal"),
            help="Valid: only where the filter fits. Same: zeros at both ends. Causal: zeros before the first step.",
        ),
        *(replace(s, type="int", default=1) if s is DILATION_RATE else s for s in _BEHIND),
    )  # fmt: skip
