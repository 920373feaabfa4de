"""The convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape, Weight
from core.layers.settings import ACTIVATION, BIAS_INITIALIZER, KERNEL_INITIALIZER, USE_BIAS, Setting
from core.layers.windows import check_fits, image_shape, output_size, same_padding

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Conv2D(Layer):
    """``y[u, v, f] = activation(Σ_ijc x[u·s+i, v·s+j, c] kernel[i, j, c, f] + bias[f])``. Source: Keras ``Conv2D``.

    Input ``(batch, height, width, channels)``; kernel ``(k, k, channels, filters)``; output ``(batch, height', width',
    filters)``. As everywhere in deep learning this is a cross-correlation: the kernel is not flipped.
    """

    family = "Convolution"
    summary = "Slides small learned filters over an image; each makes one feature map."
    icon = "conv"
    settings = (
        Setting("filters", "Filters", "int", 8, 1, 10**6, help="How many feature maps the layer makes.",
                required=True),
        Setting("kernel_size", "Kernel size", "pair", [3, 3], 1, 99, help="Height and width of each filter.",
                required=True),
        Setting("strides", "Stride", "pair", [1, 1], 1, 99, help="How far the filter moves at each step."),
        Setting("padding", "Padding", "choice", "valid", choices=("valid", "same"),
                help="Valid: only where the filter fits. Same: zeros around the image keep its size."),
        ACTIVATION,
        USE_BIAS,
        KERNEL_INITIALIZER,
        BIAS_INITIALIZER,
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        h, w, _ = image_shape("Conv2D", shapes[0])
        (kh, kw), (sh, sw) = self["kernel_size"], self["strides"]
        check_fits("Conv2D", shapes[0], self["kernel_size"], self["padding"])
        return (
            output_size(h, kh, sh, self["padding"]),
            output_size(w, kw, sw, self["padding"]),
            self["filters"],
        )

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        shape = (*self["kernel_size"], shapes[0][-1], self["filters"])
        kernel = Weight("kernel", shape, self["kernel_initializer"], symbol="W")
        bias = Weight("bias", (self["filters"],), self["bias_initializer"], symbol="b")
        return (kernel, bias) if self["use_bias"] else (kernel,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        h, w, f = self.output_shape(shapes)
        return h * w * f * int(self["kernel_size"][0] * self["kernel_size"][1] * shapes[0][-1])

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        pads = [
            same_padding(n, k, s, self["padding"])
            for n, k, s in zip(x.shape, self["kernel_size"], self["strides"], strict=False)
        ]
        if any(map(any, pads)):
            x = e.op(
                "pad2d",
                x,
                role="padded",
                before=(pads[0][0], pads[1][0]),
                after=(pads[0][1], pads[1][1]),
            )
        y = e.op("conv2d", x, e.weight("kernel"), role="product", strides=tuple(self["strides"]))
        if self["use_bias"]:
            y = e.op("bias_add", y, e.weight("bias"), role="z")
        return e.activation(self["activation"], y)

    def describe(self) -> tuple[str, str]:
        k = self["kernel_size"]
        return (
            f"{self['filters']} @ {k[0]}×{k[1]}",
            f"{self['padding']} · {self['activation'] or 'linear'}",
        )
