"""The convolution playground: a picture brought to the numbers that are shown, and filtered. Worker thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.questions import question
from app.snapshots import read_only
from core.explain.filtering import Filtered, convolved, pooled

if TYPE_CHECKING:
    from app.engine.session import Session

#: Shares of red, green and blue in how bright a colour is seen to be (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Result:
    """What the playground shows.

    Attributes
    ----------
    image
        (height, width, 1 or 3), 0 to 1 for photographs.
    kernel
        (size, size) as it is applied: turned, divided and scaled; None for pooling.
    filtered
        All numbers.
    low, high
        The smallest and largest number of the result.
    striking
        Row and column of its largest number, not too near to the edge.
    """

    image: np.ndarray
    kernel: np.ndarray | None
    filtered: Filtered
    low: float
    high: float
    striking: tuple[int, int]


def brightness(pixels: np.ndarray) -> np.ndarray:
    """Numbers of a picture as floats, 0 to 1 where bytes are given: (height, width, channels)."""
    values = np.asarray(pixels, np.float32)
    if np.asarray(pixels).dtype == np.uint8:
        values = values / np.float32(255)
    return values if values.ndim == 3 else values[..., None]


def grey(values: np.ndarray) -> np.ndarray:
    """(height, width, 1) of a picture: how bright each pixel is."""
    if values.shape[-1] < 3:
        return np.ascontiguousarray(values[..., :1])
    return (values[..., :3] @ np.array(LUMA, np.float32))[..., None]


@question("inside_playground")
def playground(
    session: Session,
    *,
    pixels: Any,
    gray: bool,
    operation: str,
    kernel: Any,
    bias: float,
    strides: int,
    dilation: int,
    padding: str | int,
    mode: str,
    pool: int,
) -> Result:
    """Filter a picture; see `core.explain.filtering`. The picture needs no network."""
    image = brightness(pixels)
    image = grey(image) if gray else np.ascontiguousarray(image[..., :3])
    applied = None
    if operation == "convolution":
        applied = np.asarray(kernel, np.float32)
        found = convolved(
            image, applied, bias=bias, strides=strides, dilation_rate=dilation, padding=padding, mode=mode
        )  # fmt: skip
    else:
        found = pooled(image, pool, strides=strides, padding=str(padding), operation=operation)
    for array in (image, found.padded, found.sums, found.values):
        array.setflags(write=False)
    return Result(
        image, None if applied is None else read_only(applied), found,
        float(np.nanmin(found.values)), float(np.nanmax(found.values)), striking(found.values),
    )  # fmt: skip


def striking(values: np.ndarray) -> tuple[int, int]:
    """Where the middle of a result has most to say: (row, column)."""
    rows, columns = values.shape[0], values.shape[1]
    top, left = rows // 5, columns // 5
    inner = np.abs(values[top : rows - top, left : columns - left]).max(axis=-1)
    row, column = np.unravel_index(int(np.nan_to_num(inner).argmax()), inner.shape)
    return top + int(row), left + int(column)
