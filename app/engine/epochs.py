"""Held-out samples measured at the end of every epoch that is noted, as `fit` does. Worker thread.

Measuring goes forward only, about a third of a step's work, and as a rule fewer samples are held out than trained on:
it takes a quarter of the time at most, and a curve without gaps is worth that. Where more is held out than that (a
handful of training samples, ten thousand test samples) an epoch waits for it only while it is cheap; else samples are
measured in the background, at some epochs, and the curve has points there alone.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.runs import Run

#: An epoch waits for this many seconds in any case: no more than 2 s for all the epochs that are noted one by one.
_CHEAP = 0.004

#: Largest share of the time that measuring may take beside training.
_SHARE = 0.3

#: Seconds in one go; then snapshots and requests have their turn.
_PIECE = 0.016

Version = tuple[int, int, int]


class EpochMeter:
    """Decides whether an epoch waits for its held-out metrics, and measures them in pieces."""

    def __init__(self) -> None:
        self._pieces: tuple[Version, Iterator[None]] | None = None
        self._seconds_a_step = 0.0
        #: How long the last ones took.
        self._last: deque[float] = deque(maxlen=8)
        self._begun = 0.0
        #: Seconds spent measuring since this was set to 0.
        self.spent = 0.0

    def trained(self, steps: int, seconds: float) -> None:
        """Take note of how long steps took."""
        if steps:
            known, now = self._seconds_a_step, seconds / steps
            self._seconds_a_step = now if not known else 0.7 * known + 0.3 * now

    def measure(
        self, run: Run, version: Version, pieces: Callable[[], Iterator[None]],
        waits: Callable[[], bool],
    ) -> bool:  # fmt: skip
        """Measure the epoch that has just ended if it was noted and waits for that; False if there is more to do."""
        end = perf_counter() + _PIECE
        while _is_noted(run) and not is_measured(run) and self._is_affordable(run):
            if self._pieces is None or self._pieces[0] != version:
                self._pieces, self._begun = (version, pieces()), 0.0
            began = perf_counter()
            done = next(self._pieces[1], self._pieces) is self._pieces
            seconds = perf_counter() - began
            self._begun += seconds
            self.spent += seconds
            if done:
                self._pieces = None
                self._last.append(self._begun)
            elif waits() or perf_counter() > end:
                return False
        return True

    def _is_affordable(self, run: Run) -> bool:
        if len(self._last) < 2:
            # The first one compiles, too.
            return True
        epoch = self._seconds_a_step * run.batches
        # The shortest is what it costs; the others had to wait for the interpreter.
        return min(self._last) <= max(_CHEAP, epoch * _SHARE / (1 - _SHARE))


def is_measured(run: Run) -> bool:
    """Tell whether held-out metrics of the step at which a run stands are in its history."""
    return any("val_loss" in metrics for metrics in _found(run))


def _is_noted(run: Run) -> bool:
    return bool(_found(run)) and run.divergence is None and run.epoch_just_ended()


def _found(run: Run) -> list[dict[str, float]]:
    epochs, step = run.history.epochs, run.step_count
    at = bisect.bisect_left(epochs, step, key=lambda epoch: epoch.step)
    return [epoch.metrics for epoch in epochs[at : at + 1] if epoch.step == step]
