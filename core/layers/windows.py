"""Geometry of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import ShapeError
from core.layers.base import _KINDS, Shape
from core.layers.wording import given


def image_shape(kind: str, shape: Shape) -> Shape:
    """`shape`, if it is an image.

    Raises
    ------
    ShapeError
        It is not height x width x channels.
    """
    if len(shape) == 2:
        other = kind.replace("2D", "1D")
        instead = f"; for a sequence use {other}" if other in _KINDS else ""
        raise ShapeError(
            "Needs an image",
            f"{kind} needs an image (height, width, channels) but gets {given(shape)}. If this is an image, give it "
            f"its channels with Reshape(({shape[0]}, {shape[1]}, 1)){instead}.",
        )
    if len(shape) != 3:
        raise ShapeError(
            "Needs an image",
            f"{kind} needs an image (height, width, channels) but gets {given(shape)}.",
            "swap",
        )
    return shape


def sequence_shape(kind: str, shape: Shape) -> Shape:
    """`shape`, if it is a sequence.

    Raises
    ------
    ShapeError
        It is not time x features.
    """
    if len(shape) == 3 and kind.replace("1D", "2D") in _KINDS:
        raise ShapeError(
            "Needs a sequence",
            f"{kind} needs a sequence (steps, features) but gets {given(shape)}. Use {kind.replace('1D', '2D')} for "
            "images.",
        )
    if len(shape) != 2:
        raise ShapeError(
            "Needs a sequence",
            f"{kind} needs a sequence (steps, features) but gets {given(shape)}.",
            "sequence",
        )
    return shape


def reach(window: int, dilation: int) -> int:
    """Pixels from the first to the last tap of a filter, both counted: ``(k - 1) d + 1``."""
    return (window - 1) * dilation + 1


def output_size(n: int, window: int, stride: int, padding: str) -> int:
    """Positions of a window: ``⌊(n + p₀ + p₁ - k) / s⌋ + 1`` (Dumoulin and Visin 2016)."""
    return -(-n // stride) if padding in ("same", "causal") else (n - window) // stride + 1


def same_padding(n: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """Zeros before and after; Keras puts the odd one after, and with "causal" all of them before."""
    if padding == "causal":
        return (window - 1, 0)
    if padding != "same":
        return (0, 0)
    total = max((-(-n // stride) - 1) * stride + window - n, 0)
    return (total // 2, total - total // 2)


def check_fits(kind: str, shape: Shape, window: Sequence[int], padding: str) -> None:
    """Raise if a window is larger than the image (or the sequence) and no padding makes room.

    Raises
    ------
    ShapeError
        With the two sizes.
    """
    if padding != "valid" or all(k <= n for k, n in zip(window, shape)):
        return
    if len(window) == 1:
        sizes = f"a window of {window[0]} steps, which does not fit into a sequence of {shape[0]}"
    else:
        sizes = f"a {window[0]}×{window[1]} window, which does not fit into an image of {shape[0]}×{shape[1]}"
    raise ShapeError(
        "Window too large",
        f'{kind} has {sizes}. Use a smaller window or padding "same".',
        "same-padding",
    )


def unwrapped(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """`config` with ``(3,)`` read as 3: Keras takes both for windows along one axis."""
    return {
        key: value[0] if key in names and isinstance(value, (list, tuple)) and len(value) == 1 else value
        for key, value in config.items()
    }  # fmt: skip
