"""One palette of 256 colours for a whole film."""

from __future__ import annotations

import numpy as np
from PIL import Image

# Colours are counted in 5 bits a channel; 32768 counters say enough to choose 256 colours.
_BITS = 5
_SHIFT = 8 - _BITS
_CELLS = 1 << (3 * _BITS)


class Palette:
    """Count colours, choose 256 of them, map frames to them."""

    def __init__(self) -> None:
        self._counts = np.zeros(_CELLS, np.int64)
        self._sums = np.zeros((_CELLS, 3), np.float64)
        self._seen = 0
        self._image: Image.Image | None = None
        self.argb = np.zeros((256, 4), np.uint8)

    def count(self, frame: np.ndarray) -> None:
        """Count the colours of a frame ``(height, width, 3)``."""
        self._seen += 1
        # Of a long film every eighth frame says what there is; of a short one every frame does.
        if self._seen > 64 and self._seen % 8:
            return
        pixels = frame.reshape(-1, 3)
        cells = pixels.astype(np.int64) >> _SHIFT
        index = (cells[:, 0] << (2 * _BITS)) | (cells[:, 1] << _BITS) | cells[:, 2]
        self._counts += np.bincount(index, minlength=_CELLS)
        for channel in range(3):
            self._sums[:, channel] += np.bincount(index, pixels[:, channel], _CELLS)

    def choose(self) -> Palette:
        """Fix the palette; afterwards frames can be mapped."""
        used = np.flatnonzero(self._counts)
        means = np.rint(self._sums[used] / self._counts[used, None]).astype(np.uint8)
        # A thin yellow curve has few pixels beside a dark ground and must not lose its colour for that:
        # the square root keeps the order and takes away the distance.
        weights = np.ceil(np.sqrt(self._counts[used] / max(1, self._seen))).astype(np.int64)
        weights = np.minimum(weights, 256)
        sample = np.repeat(means, weights, axis=0)
        image = Image.fromarray(sample[None, :, :], "RGB")
        self._image = image.quantize(256, method=Image.Quantize.MEDIANCUT)
        colours = np.array(self._image.getpalette() or [], np.uint8).reshape(-1, 3)[:256]
        self.argb[:, 0] = 255
        self.argb[: len(colours), 1:] = colours
        self._table = np.full((len(colours), 3), 0, np.uint8)
        self._table[:] = colours
        return self

    def map(self, frame: np.ndarray) -> np.ndarray:
        """Return the frame as indices into the palette."""
        assert self._image is not None, "choose() comes first"
        picture = Image.fromarray(np.ascontiguousarray(frame), "RGB")
        mapped = picture.quantize(palette=self._image, dither=Image.Dither.NONE)
        return np.asarray(mapped, np.uint8).copy()
