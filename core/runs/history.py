"""What was measured, by step and by epoch, in bounded memory."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import msgspec
import numpy as np

from core.runs.recording import HealthLog

#: Bins kept at most; a long run merges neighbours. A small network makes 10^8 steps in half an hour.
CAPACITY = 1 << 17


class Epoch(msgspec.Struct, frozen=True):
    """Metrics of one pass over the data: means over the samples as they were when trained on, and of held-out data.

    `step` is the number of updates done when the epoch ended.
    """

    epoch: int
    step: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Series:
    """One metric for drawing: for each bin its first step, and the least, mean and largest value."""

    steps: np.ndarray
    low: np.ndarray
    mean: np.ndarray
    high: np.ndarray


class History:
    """Metrics of every step as least, mean and largest value of bins that grow with the run.

    Parameters
    ----------
    names
        Of the metrics, the loss first.
    first
        Number of the first step.
    """

    def __init__(self, names: tuple[str, ...], first: int = 0) -> None:
        self.names = names
        self.first = first
        self.length = first
        self.bin = 1
        self._low = np.zeros((0, len(names)), np.float32)
        self._high = np.zeros((0, len(names)), np.float32)
        self._sum = np.zeros((0, len(names)), np.float64)
        self._count = np.zeros(0, np.int64)
        self._bins = 0
        self.epochs: list[Epoch] = []
        self.health = HealthLog()

    def append(self, step: int, values: np.ndarray) -> None:
        """Add rows (steps, metrics) measured from this step on. Steps already known (a replay) are left out."""
        fresh = values[max(self.length - step, 0) :]
        if step > self.length or not len(fresh):
            return
        for start in range(0, len(fresh), 4096):
            self._add(fresh[start : start + 4096])

    def _add(self, rows: np.ndarray) -> None:
        if self.bin == 1:
            self._put(rows)
        else:
            self._put_together(rows)
        self.length += len(rows)
        while self._bins >= CAPACITY:
            self._merge()

    def _put(self, rows: np.ndarray) -> None:
        """Each step is a bin of its own: nothing stands there yet."""
        place = slice(self.length - self.first, self.length - self.first + len(rows))
        self._grow(place.stop)
        self._low[place] = self._high[place] = self._sum[place] = rows
        self._count[place] = 1
        self._bins = place.stop

    def _put_together(self, rows: np.ndarray) -> None:
        at = (np.arange(self.length, self.length + len(rows)) - self.first) // self.bin
        need = int(at[-1]) + 1
        self._grow(need)
        for name in range(rows.shape[1]):
            np.minimum.at(self._low[:, name], at, rows[:, name])
            np.maximum.at(self._high[:, name], at, rows[:, name])
            np.add.at(self._sum[:, name], at, rows[:, name])
        np.add.at(self._count, at, 1)
        self._bins = need

    def _grow(self, need: int) -> None:
        if need <= len(self._count):
            return
        size = max(need, 2 * len(self._count), 1024)

        def longer(a: np.ndarray, fill: float) -> np.ndarray:
            out = np.full((size, *a.shape[1:]), fill, a.dtype)
            out[: len(a)] = a
            return out

        self._low, self._high = longer(self._low, np.inf), longer(self._high, -np.inf)
        self._sum, self._count = longer(self._sum, 0), longer(self._count, 0)

    def _merge(self) -> None:
        even = self._bins + self._bins % 2
        self._grow(even)

        def pairs(a: np.ndarray) -> np.ndarray:
            return a[:even].reshape(even // 2, 2, *a.shape[1:])

        low, high = pairs(self._low).min(1), pairs(self._high).max(1)
        total, count = pairs(self._sum).sum(1), pairs(self._count).sum(1)
        self._low[...], self._high[...], self._sum[...], self._count[...] = np.inf, -np.inf, 0, 0
        self._bins = even // 2
        self._low[: self._bins], self._high[: self._bins] = low, high
        self._sum[: self._bins], self._count[: self._bins] = total, count
        self.bin *= 2

    def truncate(self, step: int) -> None:
        """Forget what was measured from this step on. Of a bin that straddles it, the part before is forgotten too."""
        if step >= self.length:
            return
        keep = max(step - self.first, 0) // self.bin
        self._low[keep:], self._high[keep:], self._sum[keep:], self._count[keep:] = (
            np.inf,
            -np.inf,
            0,
            0,
        )
        self._bins = keep
        self.length = max(step, self.first)
        self.health.truncate(step)
        self.epochs = [e for e in self.epochs if e.step <= step]

    def __repr__(self) -> str:
        steps, epochs = self.length - self.first, len(self.epochs)
        counted = f"{steps:,} step{'s' if steps != 1 else ''}"
        if epochs:
            counted += f" and {epochs:,} epoch{'s' if epochs != 1 else ''}"
        last = self.epochs[-1].metrics if epochs else {}
        if not last and self._bins:
            # Of the last bin: that of the last step until a run is long.
            place = self._bins - 1
            last = dict(zip(self.names, self._sum[place] / max(self._count[place], 1), strict=True))
        told = ", ".join(f"{name} {value:.4g}" for name, value in last.items())
        return f"<History of {counted}{': ' if told else ''}{told}>"

    def copy(self) -> History:
        """Another one with the same numbers."""
        made = History(self.names, self.first)
        made.restore(self.arrays(), self.length, self.bin, self.epochs)
        made.health = self.health.copy()
        return made

    def renamed(self, names: tuple[str, ...]) -> History:
        """Another one that measures these metrics from now on: what both measure goes on, others are NaN so far."""
        made = History(names, self.first)
        arrays = self.arrays()
        for key in ("low", "high", "sum"):
            theirs = arrays[key]
            arrays[key] = np.full((len(theirs), len(names)), np.nan, theirs.dtype)
            for column, name in enumerate(names):
                if name in self.names:
                    arrays[key][:, column] = theirs[:, self.names.index(name)]
        made.restore(arrays, self.length, self.bin, self.epochs)
        made.health = self.health.copy()
        return made

    def add_epoch(self, epoch: Epoch) -> None:
        """Add the metrics of an epoch; one that is known (a replay) is replaced."""
        at = bisect.bisect_left(self.epochs, epoch.step, key=lambda e: e.step)
        known = at < len(self.epochs) and self.epochs[at].step == epoch.step
        self.epochs[at : at + known] = [epoch]

    def since(self, step: int) -> np.ndarray:
        """(steps, metrics): what was measured from a step on, while each step is still a bin of its own."""
        place = max(step - self.first, 0)
        return self._sum[place : self._bins].copy()

    def series(self, name: str) -> Series:
        """A metric over all steps."""
        k, n = self.names.index(name), self._bins
        count = np.maximum(self._count[:n], 1)
        steps = self.first + np.arange(n, dtype=np.int64) * self.bin
        mean = (self._sum[:n, k] / count).astype(np.float32)
        return Series(steps, self._low[:n, k].copy(), mean, self._high[:n, k].copy())

    # ---- files ----------------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """For a file."""
        n = self._bins
        return {
            "low": self._low[:n],
            "high": self._high[:n],
            "sum": self._sum[:n],
            "count": self._count[:n],
            **self.health.arrays(),
        }

    def restore(
        self, arrays: dict[str, np.ndarray], length: int, bin_size: int, epochs: list[Epoch]
    ) -> None:
        """From a file."""
        n = len(arrays["count"])
        self._grow(n)
        self._low[:n], self._high[:n] = arrays["low"], arrays["high"]
        self._sum[:n], self._count[:n] = arrays["sum"], arrays["count"]
        self._bins, self.length, self.bin, self.epochs = n, length, bin_size, list(epochs)
