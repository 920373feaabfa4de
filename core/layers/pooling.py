"""Pooling layers: one number for each window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from core.layers.base import Layer, Shape
from core.layers.settings import DATA_FORMAT, Setting
from core.layers.windows import (
    check_fits,
    image_shape,
    output_size,
    same_padding,
    sequence_shape,
    unwrapped,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

_POOL = Setting("pool_size", "Pool size", "pair", [2, 2], 1, 99, help="Height and width of the window.")  # fmt: skip
_STRIDES = Setting(
    "strides", "Stride", "pair", None, 1, 99, optional=True,
    help="How far the window moves; by default as far as it is large.",
)  # fmt: skip
_PADDING = Setting(
    "padding", "Padding", "choice", "valid", choices=("valid", "same"),
    help="Valid: only whole windows. Same: windows may reach over the edge.",
)  # fmt: skip
_IMAGES = (_POOL, _STRIDES, _PADDING, DATA_FORMAT)
_SEQUENCES = (
    replace(_POOL, type="int", default=2, help="How many steps a window has."),
    replace(_STRIDES, type="int"),
    _PADDING,
    DATA_FORMAT,
)
#: Keras asks for the window of an average.
_ASKED = (
    (replace(_IMAGES[0], required=True), *_IMAGES[1:]),
    (replace(_SEQUENCES[0], required=True), *_SEQUENCES[1:]),
)


class _Pooling(Layer):
    """Slides a window over an image, or along a sequence, which is an image of one row."""

    family = "Pooling"
    icon = "pool"
    operation: ClassVar[str] = "max_pool2d"
    #: True for layers of sequences.
    along_time: ClassVar[bool] = False

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        return super().normalise(
            unwrapped(config, "pool_size", "strides") if cls.along_time else config
        )

    def windows(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(window, strides), of rows and columns."""
        pool, strides = self["pool_size"], self["strides"] or self["pool_size"]
        if self.along_time:
            return (1, pool), (1, strides)
        return (pool[0], pool[1]), (strides[0], strides[1])

    def output_shape(self, shapes: list[Shape]) -> Shape:
        kind = type(self).__name__
        (sequence_shape if self.along_time else image_shape)(kind, shapes[0])
        pool, strides = (v[1:] if self.along_time else v for v in self.windows())
        check_fits(kind, shapes[0], pool, self["padding"])
        *sizes, channels = shapes[0]
        spatial = (output_size(n, k, s, self["padding"]) for n, k, s in zip(sizes, pool, strides))
        return (*spatial, channels)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, (pool, strides), out = inputs[0], self.windows(), self.output_shape([inputs[0].shape])
        if self.along_time:
            x, out = e.reshape(x, (1, *x.shape), role="row"), (1, *out)
        before = tuple(
            same_padding(n, k, s, self["padding"])[0] for n, k, s in zip(x.shape, pool, strides)
        )
        role = "a/row" if self.along_time else "a"
        y = e.op(
            self.operation, x, role=role, pool=pool, strides=strides, before=before, output=out
        )
        return e.reshape(y, out[1:]) if self.along_time else y

    def describe(self) -> tuple[str, str]:
        (ph, pw), (sh, sw) = self.windows()
        if self.along_time:
            return (f"{pw}", f"stride {sw}")
        return (f"{ph}×{pw}", f"stride {sh}" if sh == sw else f"stride {sh}×{sw}")


class MaxPooling2D(_Pooling):
    """``y[u, v, c] = max_ij x[u·s+i, v·s+j, c]``. Source: Keras ``MaxPooling2D``.

    With padding "same" the border counts as minus infinity, as in Keras. The gradient goes to the first maximum.
    """

    summary = "Keeps the largest value of each window: a smaller image that says where something was found."
    settings = _IMAGES


class MaxPooling1D(_Pooling):
    """``y[t, c] = max_i x[t·s+i, c]``. Source: Keras ``MaxPooling1D``. The gradient goes to the first maximum."""

    along_time = True
    summary = "Keeps the largest value of each stretch of steps: a shorter sequence."
    settings = _SEQUENCES


class AveragePooling2D(_Pooling):
    """``y[u, v, c] = mean_ij x[u·s+i, v·s+j, c]``. Source: Keras ``AveragePooling2D``.

    With padding "same" a window that reaches over the edge is the mean of what lies inside, as in Keras on TensorFlow
    and JAX. (Keras on PyTorch repeats the edge where the padding is uneven, and gives other numbers there.)
    """

    operation = "average_pool2d"
    summary = "Takes the mean of each window: a smaller, smoother image."
    settings = _ASKED[0]


class AveragePooling1D(_Pooling):
    """``y[t, c] = mean_i x[t·s+i, c]``. Source: Keras ``AveragePooling1D``; the edge as in `AveragePooling2D`."""

    operation = "average_pool2d"
    along_time = True
    summary = "Takes the mean of each stretch of steps: a shorter, smoother sequence."
    settings = _ASKED[1]
