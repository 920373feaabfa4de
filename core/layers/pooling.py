"""Pooling layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.windows import check_fits, image_shape, output_size, same_padding

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class MaxPooling2D(Layer):
    """``y[u, v, c] = max_ij x[u·s+i, v·s+j, c]``. Source: Keras ``MaxPooling2D``.

    With padding "same" the border counts as minus infinity, as in Keras. The gradient goes to the first maximum.
    """

    family = "Convolution"
    summary = "Keeps the largest value of each window: a smaller image that says where something was found."
    icon = "pool"
    settings = (
        Setting("pool_size", "Pool size", "pair", [2, 2], 1, 99, help="Height and width of the window."),
        Setting("strides", "Stride", "pair", None, 1, 99, optional=True,
                help="How far the window moves; by default as far as it is large."),
        Setting("padding", "Padding", "choice", "valid", choices=("valid", "same"),
                help="Valid: only whole windows. Same: windows may reach over the edge."),
    )  # fmt: skip

    def _strides(self) -> list[int]:
        return list(self["strides"] or self["pool_size"])

    def output_shape(self, shapes: list[Shape]) -> Shape:
        h, w, c = image_shape("MaxPooling2D", shapes[0])
        check_fits("MaxPooling2D", shapes[0], self["pool_size"], self["padding"])
        (ph, pw), (sh, sw) = self["pool_size"], self._strides()
        return (output_size(h, ph, sh, self["padding"]), output_size(w, pw, sw, self["padding"]), c)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, strides = inputs[0], self._strides()
        before = tuple(
            same_padding(n, k, s, self["padding"])[0]
            for n, k, s in zip(x.shape, self["pool_size"], strides, strict=False)
        )
        out = self.output_shape([x.shape])
        return e.op("max_pool2d", x, role="a", pool=tuple(self["pool_size"]), strides=tuple(strides), before=before,
                    output=out)  # fmt: skip

    def describe(self) -> tuple[str, str]:
        p, s = self["pool_size"], self._strides()
        return (f"{p[0]}×{p[1]}", f"stride {s[0]}" if s[0] == s[1] else f"stride {s[0]}×{s[1]}")
