"""The transposed convolution."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from core.errors import SettingError
from core.layers.base import Shape, Weight
from core.layers.filters import DILATION_RATE, FILTERS, KERNEL_SIZE, PADDING, STRIDES, _Filtering
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
    Setting,
)
from core.layers.windows import image_shape, reach

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class Conv2DTranspose(_Filtering):
    """What a convolution does to its errors on their way back, used forward: images become larger.

    The image is spread out (`strides - 1` zeros between its pixels, zeros around) and convolved with the filters turned
    by half a turn (Dumoulin and Visin 2016, chapter 4; Zeiler et al. 2010). Source: Keras ``Conv2DTranspose``. Kernel
    ``(k, k, filters, channels)``; output: ``n · s`` pixels with padding "same", ``(n - 1) s + max(k, s)`` with "valid",
    and with `output_padding` p: ``(n - 1) s + k mod 2 + p`` with "same", ``(n - 1) s + k + p`` with "valid", where k
    is the kernel's reach.
    """

    summary = "Makes an image larger with learned filters: a convolution run backwards."
    settings = (
        FILTERS, KERNEL_SIZE, STRIDES, PADDING,
        Setting("output_padding", "Output padding", "pair", None, 0, 98, optional=True,
                help="Rows and columns more at the bottom and right; less than the stride."),
        DATA_FORMAT, DILATION_RATE, ACTIVATION, USE_BIAS, KERNEL_INITIALIZER, BIAS_INITIALIZER, KERNEL_REGULARIZER,
        BIAS_REGULARIZER, ACTIVITY_REGULARIZER, KERNEL_CONSTRAINT, BIAS_CONSTRAINT,
    )  # fmt: skip

    def check(self) -> None:
        super().check()
        extra, strides = self["output_padding"], self["strides"]
        if extra is not None and any(p >= s for p, s in zip(extra, strides)):
            raise SettingError(
                f"Conv2DTranspose: the output padding {extra[0]}×{extra[1]} must be less than the stride "
                f"{strides[0]}×{strides[1]}, in rows and in columns.",
                "output_padding",
            )

    def output_shape(self, shapes: list[Shape]) -> Shape:
        self.check()
        h, w, _ = image_shape("Conv2DTranspose", shapes[0])
        height, width = (self._length(n, axis) for axis, n in enumerate((h, w)))
        return (height, width, self["filters"])

    def weights(self, shapes: list[Shape]) -> tuple[Weight, ...]:
        shape = (*self["kernel_size"], self["filters"], shapes[0][-1])
        # Keras stores what each filter reads last.
        kernel = Weight("kernel", shape, self["kernel_initializer"], symbol="W", filters=(-2,))
        bias = Weight("bias", (self["filters"],), self["bias_initializer"], symbol="b")
        return (kernel, bias) if self["use_bias"] else (kernel,)

    def multiply_adds(self, shapes: list[Shape]) -> int:
        return prod((*self.output_shape(shapes), *self["kernel_size"], shapes[0][-1]))

    def reach(self, axis: int) -> int:
        """Pixels from the first to the last tap of a filter."""
        return reach(self["kernel_size"][axis], self["dilation_rate"][axis])

    def around(self, axis: int) -> tuple[int, int]:
        """Zeros before and after the spread image, as Keras (TensorFlow and JAX) has them."""
        k, s = self.reach(axis), self["strides"][axis]
        extra = None if self["output_padding"] is None else self["output_padding"][axis]
        if self["padding"] == "valid":
            return (k - 1, k - 1 + (max(s - k, 0) if extra is None else extra))
        total = s + k - 2 if extra is None else k + k % 2 - 2 + extra
        before = min(total - total // 2, k - 1)
        return (before, total - before)

    def _length(self, n: int, axis: int) -> int:
        stride: int = self["strides"][axis]
        return (n - 1) * stride + 2 - self.reach(axis) + sum(self.around(axis))

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        height, width, _ = self.output_shape([x.shape])
        size = (height + self.reach(0) - 1, width + self.reach(1) - 1, x.last)
        before = (self.around(0)[0], self.around(1)[0])
        strides, (dh, dw) = tuple(self["strides"]), self["dilation_rate"]
        turned = e.op("turn_kernel", e.weight("kernel"), role="turned", symbol="flip(W)")
        spread = e.op(
            "spread2d",
            x,
            role="spread",
            symbol="spread(x)",
            before=before,
            strides=strides,
            output=size,
        )
        y = e.op(
            "conv2d",
            spread,
            turned,
            role="product",
            symbol=self.sum_letter,
            strides=(1, 1),
            dilation=(dh, dw),
        )
        return self.finished(e, y)
