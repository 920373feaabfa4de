"""The window of a photograph that the network is shown, and what it is given of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.inside.photos import gray, on_white
from app.inside.resampling import window

#: The smallest crop, in pixels of the photograph.
_LEAST = 4.0


@dataclass(frozen=True)
class Crop:
    """A window of a photograph with the sides of the network's picture.

    Attributes
    ----------
    left, top, width
        In pixels of the photograph; its height follows from the network's picture.
    """

    left: float
    top: float
    width: float

    def height(self, shape: Sequence[int]) -> float:
        """Of the window, for a network that looks at `shape`."""
        return self.width * shape[0] / shape[1]

    @classmethod
    def middle(cls, photo: Sequence[int], shape: Sequence[int]) -> Crop:
        """The largest window in the middle of a photograph of (height, width, ...)."""
        width = min(float(photo[1]), photo[0] * shape[1] / shape[0])
        return cls((photo[1] - width) / 2, (photo[0] - width * shape[0] / shape[1]) / 2, width)

    @classmethod
    def whole(cls, photo: Sequence[int], shape: Sequence[int]) -> Crop:
        """The smallest window that holds all of a photograph; what is beside it is black."""
        width = max(float(photo[1]), photo[0] * shape[1] / shape[0])
        return cls((photo[1] - width) / 2, (photo[0] - width * shape[0] / shape[1]) / 2, width)

    def within(self, photo: Sequence[int], shape: Sequence[int]) -> Crop:
        """The nearest window that the photograph fills, or that holds all of one of its sides."""
        width = min(max(self.width, _LEAST), Crop.whole(photo, shape).width)
        high = width * shape[0] / shape[1]
        return Crop(_inside(self.left, width, photo[1]), _inside(self.top, high, photo[0]), width)

    def beyond(self, photo: Sequence[int], shape: Sequence[int]) -> bool:
        """Whether it reaches beside the photograph."""
        return self.width > photo[1] + 0.5 or self.height(shape) > photo[0] + 0.5


def _inside(start: float, length: float, room: float) -> float:
    if length >= room:
        return (room - length) / 2
    return min(max(start, 0.0), room - length)


def cropped(
    pixels: np.ndarray, crop: Crop, shape: Sequence[int], invert: bool = False
) -> np.ndarray:
    """A window of a photograph as a network takes it.

    Parameters
    ----------
    pixels : (height, width, 3 or 4) uint8
        Transparent places count as white.
    crop
        The window.
    shape
        (rows, columns, channels): gray for one channel, colours for three.
    invert
        Light for dark, as a network needs that has learned from light ink on dark ground.

    Returns
    -------
    (rows, columns, channels) float32
        From 0 to 1; beside the photograph 0.
    """
    rows, columns, channels = shape
    high = crop.height(shape)
    # A window alone is brought to floats: a photograph has a million pixels.
    top, left = max(0, int(crop.top) - 2), max(0, int(crop.left) - 2)
    part = pixels[top : int(crop.top + high) + 3, left : int(crop.left + crop.width) + 3]
    values = on_white(part)
    if channels != 3:
        values = gray(values)
    if invert:
        values = 1 - values
    found = window(values, crop.top - top, crop.left - left, (high, crop.width), (rows, columns))
    if channels not in (1, 3):
        found = np.repeat(found, channels, 2)
    return np.clip(found, 0, 1)
