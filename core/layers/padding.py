"""Frames of zeros put around images and sequences, and cut off them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import ShapeError
from core.layers.base import Layer, Shape
from core.layers.settings import DATA_FORMAT, Setting, both_sides
from core.layers.windows import image_shape, sequence_shape

if TYPE_CHECKING:
    from core.tape.emitter import Emitter
    from core.tape.tensors import Tensor

_PADDING = Setting(
    "padding", "Padding", "pairs", [1, 1], 0, 10**4,
    help="Rows above and below, columns at each side; ((top, bottom), (left, right)) if they differ.",
)  # fmt: skip
_CROPPING = Setting(
    "cropping", "Cropping", "pairs", [0, 0], 0, 10**4,
    help="Rows cut off above and below, columns at each side; ((top, bottom), (left, right)) if they differ.",
)  # fmt: skip


class _Framing(Layer):
    """Changes the frame of an image, or the ends of a sequence (an image of one row)."""

    family = "Resizing"
    icon = "conv"

    def sides(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((top, bottom), (left, right))."""
        setting = self.settings[0]
        if setting.type == "pairs":
            return both_sides(self[setting.name])
        before, after = self[setting.name]
        return (0, 0), (before, after)

    def describe(self) -> tuple[str, str]:
        (top, bottom), (left, right) = self.sides()
        if self.settings[0].type == "pair":
            size = f"{left} + {right}"
        elif top == bottom and left == right:
            size = f"{top}×{left}"
        else:
            size = f"{top}+{bottom}×{left}+{right}"
        return (size, "zeros" if self.settings[0].name == "padding" else "cut off")


class _Padding(_Framing):
    def output_shape(self, shapes: list[Shape]) -> Shape:
        (top, bottom), (left, right) = self.sides()
        if self.settings[0].type == "pair":
            steps, features = sequence_shape(type(self).__name__, shapes[0])
            return (steps + left + right, features)
        h, w, c = image_shape(type(self).__name__, shapes[0])
        return (h + top + bottom, w + left + right, c)

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, ((top, bottom), (left, right)) = inputs[0], self.sides()
        if not (top or bottom or left or right):
            return x
        image = e.reshape(x, (1, *x.shape), role="row") if len(x.shape) == 2 else x
        role = "a" if image is x else "a/row"
        y = e.op("pad2d", image, role=role, before=(top, left), after=(bottom, right))
        return y if image is x else e.reshape(y, y.shape[1:])


class _Cropping(_Framing):
    def output_shape(self, shapes: list[Shape]) -> Shape:
        kind, ((top, bottom), (left, right)) = type(self).__name__, self.sides()
        one = self.settings[0].type == "pair"
        (sequence_shape if one else image_shape)(kind, shapes[0])
        h, w, c = (1, *shapes[0]) if one else shapes[0]
        if top + bottom >= h or left + right >= w:
            size = f"a sequence of {w} steps" if one else f"an image of {h}×{w}"
            cut = (
                f"{left + right} steps"
                if one
                else f"{top + bottom} rows and {left + right} columns"
            )
            raise ShapeError(
                "Nothing left", f"{kind} cuts {cut} off {size}: nothing is left. Cut less off."
            )
        out = (h - top - bottom, w - left - right, c)
        return out[1:] if one else out

    def emit(self, e: Emitter, inputs: list[Tensor]) -> Tensor:
        x, ((top, bottom), (left, right)) = inputs[0], self.sides()
        if not (top or bottom or left or right):
            return x
        out = self.output_shape([x.shape])
        if len(out) == 3:
            return e.op("crop2d", x, role="a", before=(top, left), output=out)
        image = e.reshape(x, (1, *x.shape), role="row")
        y = e.op("crop2d", image, role="a/row", before=(top, left), output=(1, *out))
        return e.reshape(y, out)


class ZeroPadding2D(_Padding):
    """Zeros around an image: rows above and below, columns left and right. Source: Keras ``ZeroPadding2D``."""

    summary = (
        "Puts a frame of zeros around an image, so that the next window can reach over its edge."
    )
    settings = (_PADDING, DATA_FORMAT)


class ZeroPadding1D(_Padding):
    """Zeros before the first and after the last step of a sequence. Source: Keras ``ZeroPadding1D``."""

    summary = "Puts steps of zeros before and after a sequence."
    settings = (
        replace(_PADDING, type="pair", help="Steps of zeros before and after the sequence."),
        DATA_FORMAT,
    )


class Cropping2D(_Cropping):
    """The inside of an image: rows and columns are cut off its edges. Source: Keras ``Cropping2D``."""

    summary = "Cuts rows and columns off the edges of an image."
    settings = (_CROPPING, DATA_FORMAT)


class Cropping1D(_Cropping):
    """The middle of a sequence: steps are cut off both ends. Source: Keras ``Cropping1D``."""

    summary = "Cuts steps off both ends of a sequence."
    settings = (
        replace(_CROPPING, type="pair", default=[1, 1], help="Steps cut off the beginning and the end."),
    )  # fmt: skip
