"""Global pooling: one number for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.layers.base import Layer, Shape
from core.layers.settings import DATA_FORMAT, Setting
from core.layers.windows import image_shape, sequence_shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor


class _GlobalPooling(Layer):
    """Reduces all places to one."""

    family = "Pooling"
    icon = "pool"
    #: True for layers of sequences.
    along_time: ClassVar[bool] = False
    settings = (
        DATA_FORMAT,
        Setting("keepdims", "Keep axes", "bool", False,
                help="Keep height and width, or the steps, as axes of length 1."),
    )  # fmt: skip

    def output_shape(self, shapes: list[Shape]) -> Shape:
        kind, shape = type(self).__name__, shapes[0]
        (sequence_shape if self.along_time else image_shape)(kind, shape)
        return (*(1 for _ in shape[:-1]), shape[-1]) if self["keepdims"] else (shape[-1],)

    def shaped(self, e: Emitter, y: Tensor, shape: Shape) -> Tensor:
        """The result with the axes that `keepdims` asks for."""
        wanted = self.output_shape([shape])
        return y if y.shape == wanted else e.reshape(y, wanted)

    def describe(self) -> tuple[str, str]:
        return ("whole sequence" if self.along_time else "whole image", "per channel")


class _GlobalMax(_GlobalPooling):
    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        return self.shaped(e, e.op("global_max", inputs[0], role="a"), inputs[0].shape)


class _GlobalAverage(_GlobalPooling):
    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x = image = inputs[0]
        mask = e.mask_of(x)
        if self.along_time and mask is not None:
            return self.shaped(e, e.op("mean_of_steps", x, mask, role="a"), x.shape)
        if self.along_time:
            image = e.reshape(x, (1, *x.shape), role="row")
        h, w, c = image.shape
        given: dict[str, Any] = {
            "pool": (h, w),
            "strides": (h, w),
            "before": (0, 0),
            "output": (1, 1, c),
        }
        y = e.op("average_pool2d", image, role="a/whole", **given)
        return e.reshape(y, self.output_shape([x.shape]))


class GlobalMaxPooling2D(_GlobalMax):
    """``y[c] = max_uv x[u, v, c]``. Source: Keras ``GlobalMaxPooling2D``. Equal maxima share the gradient."""

    summary = (
        "Keeps the largest value of each whole feature map: whether something was found anywhere."
    )


class GlobalMaxPooling1D(_GlobalMax):
    """``y[c] = max_t x[t, c]``. Source: Keras ``GlobalMaxPooling1D``.

    Equal maxima share the gradient; masks are not read.
    """

    along_time = True
    summary = "Keeps the largest value of each feature over all steps: whether something was found at any time."


class GlobalAveragePooling2D(_GlobalAverage):
    """``y[c] = mean_uv x[u, v, c]``. Source: Keras ``GlobalAveragePooling2D``; Lin et al. 2014."""

    summary = "Takes the mean of each whole feature map: one number for each, and no weights."


class GlobalAveragePooling1D(_GlobalAverage):
    """``y[c] = mean_t x[t, c]`` over the steps that are not masked. Source: Keras ``GlobalAveragePooling1D``."""

    along_time = True
    summary = "Takes the mean of each feature over all steps that are not padding."
