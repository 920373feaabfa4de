"""Geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from core.errors import ShapeError
from core.layers.base import Shape
from core.layers.wording import given


def image_shape(kind: str, shape: Shape) -> Shape:
    """`shape`, if it is an image.

    Raises
    ------
    ShapeError
        It is not height x width x channels.
    """
    if len(shape) != 3:
        raise ShapeError(
            "Needs an image",
            f"{kind} needs an image (height, width, channels) but gets {given(shape)}.",
            "swap",
        )
    return shape


def output_size(n: int, window: int, stride: int, padding: str) -> int:
    """Positions of a window: ``⌊(n + p₀ + p₁ - k) / s⌋ + 1`` (Dumoulin and Visin 2016)."""
    return -(-n // stride) if padding == "same" else (n - window) // stride + 1


def same_padding(n: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """Zeros before and after; Keras puts the odd one after."""
    if padding != "same":
        return (0, 0)
    total = max((-(-n // stride) - 1) * stride + window - n, 0)
    return (total // 2, total - total // 2)


def check_fits(kind: str, shape: Shape, window: list[int], padding: str) -> None:
    """Raise if a window is larger than the image and no padding makes room.

    Raises
    ------
    ShapeError
        With the two sizes.
    """
    if padding == "valid" and (window[0] > shape[0] or window[1] > shape[1]):
        raise ShapeError(
            "Window too large",
            f"A {window[0]}×{window[1]} window does not fit into a {shape[0]}×{shape[1]} image. "
            f'Use a smaller {kind} window or padding "same".',
            "same-padding",
        )
