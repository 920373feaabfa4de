"""When the next instruction, or the next step back, is due: playing backwards, and instruction by instruction."""

from __future__ import annotations

from time import perf_counter

from app.engine.state import SECONDS_PER_LAYER, Speed

#: A walk is never asked for more than this in one go, however long something else took.
_MOST = 100_000

#: At "max" as many steps are gone back at once as are trained in this time: replaying takes about as long.
BACK_AT_ONCE = 0.05


class Walk:
    """The hand of the clock of a walk through a run: by instructions in slow motion, else by steps.

    In slow motion an instruction takes as long as a layer does in the pictures of training: 600 ms at 1x.
    """

    def __init__(self) -> None:
        self._began, self._taken = perf_counter(), 0

    def begin(self) -> None:
        """Count from now: it was begun, or the speed changed."""
        self._began, self._taken = perf_counter(), 0

    def seconds_to_wait(self, speed: Speed) -> float:
        """Return how long until something is due."""
        rate = _rate(speed)
        if rate <= 0:
            return 0.0
        return max(0.0, self._began + self._taken / rate - perf_counter())

    def due(self, speed: Speed, at_once: int) -> int:
        """Return how many units are due now, and count them as taken; `at_once` of them at "max"."""
        rate = _rate(speed)
        if rate <= 0:
            return max(1, at_once)
        due = int((perf_counter() - self._began) * rate) + 1 - self._taken
        if due > max(4.0, rate / 4):
            # The machine cannot keep up: do not try to catch up after a stall.
            self.begin()
            due = 1
        due = max(0, min(due, _MOST))
        self._taken += due
        return due


def _rate(speed: Speed) -> float:
    """Units a second; 0 for as fast as possible."""
    if speed.mode == "slow":
        return speed.rate / SECONDS_PER_LAYER
    return speed.rate if speed.mode == "rate" else 0.0
