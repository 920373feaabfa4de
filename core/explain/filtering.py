"""One filter over one image, by the engine's own convolution and pooling, with all that is needed to write it out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from core import layers
from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.layers.input import Input
from core.layers.windows import reach, same_padding
from core.sequential import Sequential

Array: TypeAlias = npt.NDArray[Any]
Sides: TypeAlias = tuple[tuple[int, int], tuple[int, int]]

#: What stands around an image that is padded, by the name `numpy.pad` has for it.
MODES = ("constant", "edge", "reflect")


@dataclass(frozen=True, eq=False)
class Filtered:
    """An image, filtered.

    Attributes
    ----------
    padded
        What the window slides over: (height, width, channels).
    padding
        Rows above and below, columns at the left and at the right.
    sums
        What the window gives at each place before the bias: (height', width', channels).
    values
        With the bias; of pooling the same as `sums`.
    window
        (rows, columns) that the window reaches over.
    strides, dilation
    """

    padded: Array
    padding: Sides
    sums: Array
    values: Array
    window: tuple[int, int]
    strides: int
    dilation: int


def sides(size: tuple[int, int], window: int, strides: int, padding: str | int) -> Sides:
    """Rows above and below, columns at each side: of "valid", "same" (as Keras), or as many as are asked for."""
    if isinstance(padding, str):
        top, left = (same_padding(n, window, strides, padding) for n in size)
        return top, left
    return (padding, padding), (padding, padding)


def convolved(
    image: Array,
    kernel: Array,
    *,
    bias: float = 0.0,
    strides: int = 1,
    dilation_rate: int = 1,
    padding: str | int = "valid",
    mode: str = "constant",
) -> Filtered:
    """Slide one filter over each channel of an image: ``y[u, v, c] = Σ x[u·s+i·d, v·s+j·d, c] kernel[i, j] + bias``.

    Parameters
    ----------
    image
        (height, width, channels)
    kernel
        (size, size); not turned round, as everywhere in deep learning.
    bias, strides, dilation_rate
        As in `core.layers.DepthwiseConv2D`.
    padding
        "valid", "same", or a number of pixels at each side.
    mode
        What stands there: "constant" (zeros), "edge" or "reflect", as in `numpy.pad`.

    Raises
    ------
    core.errors.ChainruleError
        The window does not fit into the image.
    """
    window = reach(kernel.shape[0], dilation_rate)
    around = sides((image.shape[0], image.shape[1]), window, strides, padding)
    padded = _padded(image, around, mode)
    _check(padded, window, dilation_rate)
    of = _convolution(padded.shape, kernel.shape[0], strides, dilation_rate)
    channels = padded.shape[2]
    weights = np.repeat(kernel[:, :, None, None], channels, axis=2).astype(np.float32)
    of.set_weights({"filter/kernel": weights, "filter/bias": np.full(channels, bias, np.float32)})
    values = of.layer_outputs(padded[None])["filter"][0]
    sums = of.predictor.tensor("filter/product")[0].copy()
    return Filtered(padded, around, sums, values, (window, window), strides, dilation_rate)


def pooled(
    image: Array, pool_size: int, *, strides: int, padding: str = "valid", operation: str = "max"
) -> Filtered:
    """The largest number of each window, or the mean ("average"); what is padded does not count, as in Keras."""
    around = sides((image.shape[0], image.shape[1]), pool_size, strides, padding)
    x = np.ascontiguousarray(image, np.float32)
    if padding == "valid":
        _check(x, pool_size, 1)
    values = _pooling(x.shape, pool_size, strides, padding, operation).layer_outputs(x[None])[
        "filter"
    ][0]
    # Shown as what is not there: no number.
    padded = np.pad(x, (*around, (0, 0)), constant_values=np.nan)
    return Filtered(padded, around, values, values, (pool_size, pool_size), strides, 1)


def _padded(image: Array, around: Sides, mode: str) -> Array:
    # Where there is one row only, there is nothing to be reflected.
    if mode == "reflect" and min(image.shape[:2]) == 1:
        mode = "edge"
    found: Array = np.pad(np.asarray(image, np.float32), (*around, (0, 0)), mode=mode)  # type: ignore[call-overload]
    return np.ascontiguousarray(found)


def _check(padded: Array, window: int, dilation: int) -> None:
    rows, columns = padded.shape[:2]
    if window > rows or window > columns:
        spread = f" (its taps stand {dilation} apart)" if dilation > 1 else ""
        message = (
            f"The window reaches over {window}×{window} pixels{spread}, and the image with its padding has "
            f"{rows}×{columns}. Use a smaller window, a smaller dilation, or more padding."
        )
        raise ChainruleError(message)


@lru_cache(maxsize=4)
def _convolution(shape: tuple[int, ...], size: int, strides: int, dilation: int) -> Explainer:
    layer = layers.DepthwiseConv2D(size, strides=strides, dilation_rate=dilation, name="filter")
    return Explainer(Sequential([Input(shape), layer]).network)


@lru_cache(maxsize=4)
def _pooling(
    shape: tuple[int, ...], size: int, strides: int, padding: str, operation: str
) -> Explainer:
    kind = layers.MaxPooling2D if operation == "max" else layers.AveragePooling2D
    layer = kind(size, strides=strides, padding=padding, name="filter")
    return Explainer(Sequential([Input(shape), layer]).network)
