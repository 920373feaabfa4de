"""Pictures for the playground: photographs, reduced until each pixel can be told from the next. Any thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.inside import photos
from app.inside.resampling import window
from app.text import tr

if TYPE_CHECKING:
    from app.inside.photos import Photo

#: Photographs have at most so many pixels along their longer side.
LONGEST = 320


@dataclass(frozen=True, eq=False)
class Picture:
    """What is filtered.

    Attributes
    ----------
    source
        Name of a shipped photograph, "input" or "own".
    pixels
        (height, width, channels): uint8, or float as the network takes it; nobody writes to it.
    note
        Its size, and what was done to it.
    path
        The file of one's own photograph; empty for others, and for one that was pasted.
    """

    source: str
    pixels: np.ndarray
    note: str
    path: str = ""


def of_example(name: str) -> Picture:
    """A photograph the program is delivered with."""
    return of_photo(photos.of_example(name), name)


def of_file(path: Path) -> Picture:
    """A photograph of the learner's own; raises `core.errors.ChainruleError` as `app.inside.photos.of_file` does."""
    return replace(of_photo(photos.of_file(path), "own"), path=str(path))


def of_photo(photo: Photo, source: str) -> Picture:
    """A photograph that was read already."""
    values = photos.on_white(photo.pixels)
    high, wide = values.shape[:2]
    longer = max(high, wide)
    if longer > LONGEST:
        size = (max(1, round(high * LONGEST / longer)), max(1, round(wide * LONGEST / longer)))
        values = window(values, 0, 0, (high, wide), size)
        high, wide = size
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    pixels.setflags(write=False)
    words = f"{wide}×{high}"
    if photo.size != (wide, high):
        words = tr("{width}×{height}, shown reduced to {size}", width=f"{photo.size[0]:,}",
                   height=f"{photo.size[1]:,}", size=words)  # fmt: skip
    notes = [note for note in photo.notes if note != tr("shown reduced")]
    return Picture(source, pixels, ", ".join([words, *notes]))
