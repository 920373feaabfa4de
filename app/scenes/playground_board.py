"""What the convolution playground paints: the engine's answer, one place of it, and both pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.scenes import images
from app.scenes.playground_layout import Layout, layout
from app.text import tr

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from app.engine.questions.playground import Result
    from app.scenes.playground_settings import Settings
    from app.theme import Theme

CHANNELS = (tr("red"), tr("green"), tr("blue"))


@dataclass(frozen=True, eq=False)
class Board:
    """What is painted.

    Attributes
    ----------
    result, settings
        The engine's answer, and what was asked.
    place, channel
        The number of the result that is written out.
    filled
        Whether only what comes before `place` is there yet.
    given, made
        The two pictures, one pixel a number.
    """

    result: Result
    settings: Settings
    place: tuple[int, int]
    channel: int
    filled: bool
    given: QImage
    made: QImage

    @property
    def pooling(self) -> bool:
        """Whether there is no kernel."""
        return self.settings.operation != "convolution"

    @property
    def cells(self) -> int:
        """Rows of taps."""
        return self.settings.pool if self.pooling else self.settings.size

    def at(self, size: tuple[float, float]) -> Layout:
        """Where everything stands."""
        found = self.result.filtered
        given, made = found.padded.shape, found.values.shape
        return layout(size, (given[0], given[1]), (made[0], made[1]), self.cells, pooling=self.pooling)  # fmt: skip

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the padded picture at which the window begins."""
        return self.place[0] * self.result.filtered.strides, self.place[1] * self.result.filtered.strides  # fmt: skip

    def patch(self) -> np.ndarray:
        """What the taps see: (cells, cells); NaN where a pooling sees nothing."""
        found, (row, column) = self.result.filtered, self.corner
        n, d = self.cells, found.dilation
        padded = found.padded[..., self.channel]
        seen = np.full((n, n), np.nan, np.float32)
        # The last windows of a pooling may reach over the frame.
        part = padded[row : row + n * d : d, column : column + n * d : d][:n, :n]
        seen[: part.shape[0], : part.shape[1]] = part
        return seen

    def products(self) -> np.ndarray:
        """What the taps see times the kernel: (cells, cells)."""
        assert self.result.kernel is not None
        return self.patch() * self.result.kernel

    def number(self) -> tuple[float, float]:
        """The sum at the place, and what it becomes with the bias."""
        found = self.result.filtered
        index = (*self.place, self.channel)
        return float(found.sums[index]), float(found.values[index])


def extent(result: Result) -> float:
    """The largest size of a number of the result."""
    return max(abs(result.low), abs(result.high)) or 1.0


def given_picture(theme: Theme, result: Result) -> QImage:
    """The padded picture as it is seen: 0 is black, 1 is white."""
    return shade(result.filtered.padded, "clip", 1.0, theme)


def made_picture(theme: Theme, result: Result, display: str) -> QImage:
    """The result: clipped to what can be seen, by its size, or by size and sign."""
    return shade(result.filtered.values, display, extent(result), theme)


def shade(values: np.ndarray, display: str, top: float, theme: Theme) -> QImage:
    """Numbers (height, width, 1 or 3) as a picture."""
    values = np.nan_to_num(values)
    if display == "signed" and values.shape[-1] == 1:
        return images.heat(theme, values[..., 0], "signed", top)
    if display == "signed":
        values = 0.5 + values / (2 * top)
    elif display == "size":
        values = np.abs(values) / top
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint32)
    red, green, blue = (levels[..., min(k, levels.shape[-1] - 1)] for k in range(3))
    return images.from_words(0xFF000000 | red << 16 | green << 8 | blue)


def grids(board: Board) -> tuple[tuple[str, str, np.ndarray], ...]:
    """Name, ramp and numbers of the grids."""
    patch = board.patch()
    colour = CHANNELS[board.channel] if board.result.image.shape[-1] == 3 else ""
    name = tr("Window") if not colour else tr("Window, {colour}", colour=colour)
    if board.pooling:
        return ((name, "grey", patch),)
    assert board.result.kernel is not None
    kernel = tr("Kernel, turned") if board.settings.turned else tr("Kernel")
    return (
        (name, "grey", patch),
        (kernel, "signed", board.result.kernel),
        (tr("Products"), "signed", board.products()),
    )
