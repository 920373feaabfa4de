"""What the network is shown: numbers, and what people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.scenes import images
from app.snapshots import read_only
from app.text import tr
from core import data as data_sets

if TYPE_CHECKING:
    from app.engine.questions.samples import FoundSample


@dataclass(frozen=True, eq=False)
class Input:
    """What the network is shown.

    Attributes
    ----------
    x
        As the network takes it, in the input's shape; nobody writes to it.
    source
        ``"sample"``, ``"drawn"`` or ``"photo"``.
    words
        What it is, for people.
    label
        Its class, if it is known.
    sample
        (data set, part, number) of a sample: the run's own set is ``""``.
    picture
        A photograph before it was brought to the network's size, (height, width, 3 or 4) uint8; None for others.
    photographed
        Whether it is a photograph, also one that was painted on: it looks like itself, whatever the theme.
    """

    x: np.ndarray
    source: str
    words: str
    label: int | None = None
    sample: tuple[str, str, int] | None = None
    picture: np.ndarray | None = None
    photographed: bool = False

    @property
    def ramp(self) -> str:
        """The greys of one channel: ink on the theme's paper, or of a photograph black is black."""
        return images.GRAY if self.photographed else images.INK


def kept_sample(kept: Any) -> tuple[str, str, int] | None:
    """What a project has kept, if it names a sample: files may hold anything."""
    sample = kept.get("sample") if isinstance(kept, Mapping) else None
    if not isinstance(sample, list) or len(sample) != 3:
        return None
    data, part, index = sample
    right = isinstance(data, str) and part in ("train", "validation")
    if not right or not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 2**31:
        return None
    return data, part, index


def of_sample(found: FoundSample, classes: tuple[str, ...]) -> Input:
    """A sample of a data set as an input.

    Parameters
    ----------
    found
        What the engine found.
    classes
        Of the network. What another data set calls its classes is said, and is no label: it has not learned it.
    """
    number, label = f"{found.index + 1:,}", found.label
    words = tr("sample {number}", number=number)
    if found.data:
        info = data_sets.info(found.data)
        words = tr("{data}, sample {number}", data=info.title, number=number)
        classes = tuple(info.classes)
    if label is not None and label < len(classes):
        words = f"{words} · {classes[label]}"
    return Input(
        read_only(np.array(found.x, np.float32)), "sample", words, None if found.data else label,
        (found.data, found.part, found.index),
    )  # fmt: skip
