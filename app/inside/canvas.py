"""What is painted on: a picture of the network's size on a finer grid, strokes, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: The longest side of the grid that is painted on, and so many strokes are taken back.
_FINE, _KEPT = 128, 40


class Canvas:
    """A picture that strokes are laid on.

    A stroke covers what lies within its width of its line, with a soft edge, however often it passes: what is shown
    while it is drawn is what the whole stroke makes.

    Parameters
    ----------
    x : (height, width, channels)
        What it begins with, from 0 to 1.
    blank
        It begins empty: nothing but strokes is on it.

    Attributes
    ----------
    fine
        So many points of the grid are one pixel, each way.
    """

    def __init__(self, x: np.ndarray, *, blank: bool = False) -> None:
        high, wide = x.shape[:2]
        self.fine = max(1, _FINE // max(high, wide)) if max(high, wide) <= _FINE // 2 else 1
        self.blank = blank
        values = np.asarray(x, np.float32)
        self._values = values.repeat(self.fine, 0).repeat(self.fine, 1)
        self._ink = np.zeros(x.shape[2], np.float32)
        self._pending = False
        self._before: list[tuple[np.ndarray, bool]] = []
        self._base: np.ndarray | None = None
        self._cover = np.zeros(self._values.shape[:2], np.float32)

    @property
    def values(self) -> np.ndarray:
        """What is painted, on the grid: (height, width, channels) float32."""
        if self._pending and self._base is not None:
            share = self._cover[..., None]
            self._values = self._base * (1 - share) + self._ink * share
            self._pending = False
        return self._values

    @property
    def strokes(self) -> int:
        """How many can be taken back."""
        return len(self._before)

    def pixels(self) -> np.ndarray:
        """The picture in the network's size: (height, width, channels) float32."""
        high, wide, channels = self.values.shape
        f = self.fine
        parts = self.values.reshape(high // f, f, wide // f, f, channels)
        return np.clip(parts.mean((1, 3), dtype=np.float64), 0, 1).astype(np.float32)

    def begin(self) -> None:
        """Begin a stroke."""
        self._before = [*self._before[-_KEPT:], (self.values, self.blank)]
        self._base = self.values
        self._cover = np.zeros(self.values.shape[:2], np.float32)

    def line(
        self, start: Sequence[float], end: Sequence[float], size: float, ink: Sequence[float]
    ) -> None:
        """Go on with the stroke.

        Parameters
        ----------
        start, end
            Row and column, in pixels; a pixel's middle is at its number and a half.
        size
            Width of the stroke, in pixels.
        ink : (channels,)
            What is painted; zeros erase.
        """
        assert self._base is not None
        f, radius = self.fine, size * self.fine / 2
        ends = np.asarray([start, end], np.float64) * f
        low = np.floor(ends.min(0) - radius - f).astype(int)
        high = np.ceil(ends.max(0) + radius + f).astype(int)
        top, left = (max(0, int(v)) for v in low)
        bottom, right = (max(0, int(v)) for v in high)
        rows = np.arange(top, min(bottom, self._values.shape[0])) + 0.5
        columns = np.arange(left, min(right, self._values.shape[1])) + 0.5
        if not rows.size or not columns.size:
            return
        (y0, x0), (dy, dx) = ends[0], ends[1] - ends[0]
        long = dy * dy + dx * dx
        y, x = rows[:, None] - y0, columns[None] - x0
        along = np.clip((y * dy + x * dx) / long, 0, 1) if long > 0 else 0.0
        away = np.hypot(y - along * dy, x - along * dx)
        part = np.s_[top : top + len(rows), left : left + len(columns)]
        # Where a pixel is one point of the grid, its edge has to be as soft as a pixel.
        cover = np.clip((radius + f / 2 - away) / f, 0, 1).astype(np.float32)
        self._cover[part] = np.maximum(self._cover[part], cover)
        self._ink, self._pending = np.asarray(ink, np.float32), True

    def clear(self) -> None:
        """Begin with nothing."""
        self._before = [*self._before[-_KEPT:], (self.values, self.blank)]
        self._values, self.blank = np.zeros_like(self._values), True

    def undo(self) -> bool:
        """Take the last stroke back; tells whether there was one."""
        if not self._before:
            return False
        self._values, self.blank = self._before.pop()
        self._pending = False
        return True
