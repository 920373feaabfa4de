"""What layers with filters share: settings, checks, padding, and the bias and activation behind the product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import SettingError, ShapeError
from core.layers.base import Layer, Shape
from core.layers.settings import Setting
from core.layers.windows import (
    check_fits,
    image_shape,
    output_size,
    reach,
    same_padding,
    sequence_shape,
    unwrapped,
)

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

FILTERS = Setting(
    "filters", "Filters", "int", 8, 1, 10**6, help="How many feature maps the layer makes.",
    required=True,
)  # fmt: skip
KERNEL_SIZE = Setting(
    "kernel_size", "Kernel size", "pair", [3, 3], 1, 99, help="Height and width of each filter.",
    required=True,
)  # fmt: skip
STRIDES = Setting(
    "strides", "Stride", "pair", [1, 1], 1, 99, help="How far the filter moves at each step."
)
PADDING = Setting(
    "padding", "Padding", "choice", "valid", choices=("valid", "same"),
    help="Valid: only where the filter fits. Same: zeros around the image keep its size.",
)  # fmt: skip
DILATION_RATE = Setting(
    "dilation_rate", "Dilation", "pair", [1, 1], 1, 99,
    help="How far apart the pixels are that a filter reads; 1: side by side. A larger one only with stride 1.",
)  # fmt: skip
GROUPS = Setting(
    "groups", "Groups", "int", 1, 1, 10**6,
    help="Into how many groups channels and filters are split; each filter sees the channels of its group.",
)  # fmt: skip
DEPTH_MULTIPLIER = Setting(
    "depth_multiplier", "Depth multiplier", "int", 1, 1, 10**6,
    help="How many filters each channel has for itself.",
)  # fmt: skip


class _Filtering(Layer):
    """Slides filters over an image, or along a sequence, which is an image of one row.

    A subclass gives `settings` (among them kernel_size, strides, padding, dilation_rate) and emits the product.
    """

    family = "Convolution"
    icon = "conv"
    #: True for layers of sequences.
    along_time: ClassVar[bool] = False
    #: True if Keras refuses strides together with dilation.
    strides_or_dilation: ClassVar[bool] = True

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, name=name, **kwargs)
        self.check()

    @classmethod
    def normalise(cls, config: dict[str, Any]) -> dict[str, Any]:
        if cls.along_time:
            config = unwrapped(config, "kernel_size", "strides", "dilation_rate")
        if isinstance(config.get("padding"), str):
            config = {**config, "padding": config["padding"].lower()}
        return super().normalise(config)

    def check(self) -> None:
        """Raise if settings exclude each other.

        Raises
        ------
        SettingError
            As Keras: strides with dilation, filters that cannot be divided into groups.
        """
        kind = type(self).__name__
        _, strides, dilation = self.windows()
        if self.strides_or_dilation and max(strides) > 1 and max(dilation) > 1:
            raise SettingError(
                f"{kind} cannot have a stride and a dilation rate above 1 together. Set one of them to 1.",
                "dilation_rate",
            )
        groups, filters = self.config.get("groups", 1), self.config.get("filters", 1)
        if filters % groups:
            raise SettingError(
                f"{kind} cannot divide {filters} filters into {groups} groups of equal size. "
                f"Use a multiple of {groups} filters.",
                "groups",
            )

    def windows(self) -> tuple[list[int], list[int], list[int]]:
        """(kernel size, strides, dilation), of rows and columns."""
        given = [self[name] for name in ("kernel_size", "strides", "dilation_rate")]
        kernel, strides, dilation = ([1, v] if self.along_time else list(v) for v in given)
        return kernel, strides, dilation

    def spatial(self, shape: Shape) -> Shape:
        """Height and width of the output (of a sequence: its steps).

        Raises
        ------
        ShapeError
            The input is of another rank, or too small.
        """
        self.check()
        kind = type(self).__name__
        (sequence_shape if self.along_time else image_shape)(kind, shape)
        kernel, strides, dilation = (v[1:] if self.along_time else v for v in self.windows())
        reaches = [reach(k, d) for k, d in zip(kernel, dilation)]
        check_fits(kind, shape, reaches, self["padding"])
        return tuple(
            output_size(n, k, s, self["padding"]) for n, k, s in zip(shape, reaches, strides)
        )

    def check_groups(self, channels: int) -> None:
        """Raise if the channels cannot be divided into the groups."""
        groups = self["groups"]
        if channels % groups:
            filters = self["filters"]
            fine = [str(g) for g in range(1, channels + 1) if channels % g == 0 == filters % g]
            options = " or ".join(filter(None, [", ".join(fine[:-1]), fine[-1]]))
            raise ShapeError(
                "Channels do not divide",
                f"{type(self).__name__} has {groups} groups, but its input has {channels} channels, which cannot be "
                f"divided into {groups} equal parts. Use {options} group{'s' if options != '1' else ''}.",
            )

    def geometry(self) -> dict[str, Any]:
        """Attributes of the product's instruction."""
        _, (sh, sw), (dh, dw) = self.windows()
        return {"strides": (sh, sw), "dilation": (dh, dw)}

    def framed(self, e: Emitter, x: Tensor) -> Tensor:
        """The image with the zeros that the padding puts around it; a sequence as an image of one row."""
        if self.along_time:
            x = e.reshape(x, (1, *x.shape), role="row")
        kernel, strides, dilation = self.windows()
        pads = [
            same_padding(n, reach(k, d), s, self["padding"])
            for n, k, s, d in zip(x.shape, kernel, strides, dilation)
        ]
        if not any(map(any, pads)):
            return x
        (top, bottom), (left, right) = pads
        return e.op("pad2d", x, role="padded", before=(top, left), after=(bottom, right))

    @property
    def sum_letter(self) -> str:
        """The product's letter: without a bias it is the sum that is activated."""
        return "u" if self["use_bias"] else "z"

    def finished(self, e: Emitter, y: Tensor) -> Tensor:
        """The product with its bias, activated."""
        if self.along_time:
            y = e.reshape(y, y.shape[1:], role="product")
        if self["use_bias"]:
            y = e.op("bias_add", y, e.weight("bias"), role="z")
        return e.activation(self["activation"], y)

    def describe(self) -> tuple[str, str]:
        size = self["kernel_size"]
        window = f"{size}" if self.along_time else f"{size[0]}×{size[1]}"
        filters = f"{self['filters']} @ " if "filters" in self.config else ""
        return (f"{filters}{window}", f"{self['padding']} · {self['activation'] or 'linear'}")
