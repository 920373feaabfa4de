"""The input taken apart: which channels it has, and their numbers, as matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.inside.photos import gray, on_white
from app.scenes import images
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.inside.given import Input
    from app.theme import Theme

#: Which of red, green and blue a channel's picture has.
_LIGHT = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


@dataclass(frozen=True, eq=False)
class Channel:
    """Numbers of one kind for every place of a picture.

    Attributes
    ----------
    id, title
        ``"input:red"``, ``"photo:alpha"``, ...
    kind
        ``"ink"`` for what a gray network is shown, ``"gray"``, ``"red"``, ``"green"``, ``"blue"``, or ``"signed"``.
    shape
        Rows and columns.
    read
        Numbers of some rows and columns: called with two slices.
    extent
        What gets the last colour.
    """

    id: str
    title: str
    kind: str
    shape: tuple[int, int]
    read: Callable[[slice, slice], np.ndarray]
    extent: float = 1.0

    def colors(self, theme: Theme, values: np.ndarray) -> np.ndarray:
        """Numbers as colours: (rows, columns, 3) uint8."""
        if self.kind in ("ink", "signed"):
            words = images.colors(theme, values, self.kind, self.extent)
            return np.stack([words >> 16 & 255, words >> 8 & 255, words & 255], -1).astype(np.uint8)
        light = np.rint(np.clip(np.nan_to_num(values), 0, 1) * 255).astype(np.uint8)
        shares = np.array(_LIGHT.get(self.kind, (1, 1, 1)), np.uint8)
        return light[..., None] * shares

    def thumbnail(self, theme: Theme, most: int) -> QImage:
        """A picture of all of it, of large ones every so many rows and columns."""
        step = max(1, -(-max(self.shape) // most))
        values = self.read(slice(None, None, step), slice(None, None, step))
        return picture(self.colors(theme, values))


def picture(colors: np.ndarray) -> QImage:
    """Colours as an image of one pixel each."""
    wide = colors.astype(np.uint32)
    return images.from_words(0xFF000000 | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2])


def channels_of(given: Input) -> tuple[Channel, ...]:
    """What an input can be taken apart into; of a photograph also what it was before the network's size."""
    found = _of_network(given.x, given.ramp)
    if given.picture is not None:
        found += _of_photo(given.picture)
    return found


def _of_network(x: np.ndarray, ramp: str) -> tuple[Channel, ...]:
    if x.ndim != 3:
        # A row of features, or one for each time step.
        values = x.reshape(-1, 1) if x.ndim == 1 else x.reshape(x.shape[0], -1)
        return (_plain("input:values", tr("Numbers"), "signed", values, images.extent(values)),)
    count = x.shape[2]
    beyond = bool(x.size) and (float(x.min()) < 0 or float(x.max()) > 1)
    extent = images.extent(x) if beyond else 1.0
    if count == 1:
        kind = "signed" if beyond else ramp
        return (_plain("input:gray", tr("Gray"), kind, x[..., 0], extent),)
    names = (tr("Red"), tr("Green"), tr("Blue")) if count == 3 else ()
    kinds = ("red", "green", "blue") if count == 3 and not beyond else ()
    found = tuple(
        _plain(
            f"input:{kinds[k] if kinds else k}",
            names[k] if names else tr("Channel {number}", number=k + 1),
            kinds[k] if kinds else "signed" if beyond else "gray", x[..., k], extent,
        )
        for k in range(count)
    )  # fmt: skip
    if kinds:
        found += (
            Channel(
                "input:gray", tr("Gray"), "gray", (x.shape[0], x.shape[1]),
                lambda rows, columns: gray(np.asarray(x[rows, columns], np.float32))[..., 0],
            ),
        )  # fmt: skip
    return found


def _of_photo(pixels: np.ndarray) -> tuple[Channel, ...]:
    high, wide, count = pixels.shape

    def light(k: int) -> Callable[[slice, slice], np.ndarray]:
        return lambda rows, columns: pixels[rows, columns, k].astype(np.float32) / np.float32(255)

    lines = [
        ("red", tr("Red"), light(0)), ("green", tr("Green"), light(1)), ("blue", tr("Blue"), light(2)),
        ("gray", tr("Gray"), lambda rows, columns: gray(on_white(pixels[rows, columns]))[..., 0]),
    ]  # fmt: skip
    if count == 4:
        lines.append(("alpha", tr("Alpha"), light(3)))
    return tuple(
        Channel(f"photo:{name}", title, name, (high, wide), read) for name, title, read in lines
    )


def _plain(name: str, title: str, kind: str, values: np.ndarray, extent: float) -> Channel:
    return Channel(
        name, title, kind, (values.shape[0], values.shape[1]),
        lambda rows, columns: values[rows, columns], extent,
    )  # fmt: skip
