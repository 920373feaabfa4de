"""When the next instruction, layer or step is due: playing backwards, and by the unit that Step goes by."""

from __future__ import annotations

from time import perf_counter

from app.engine.state import Speed, units_a_second

#: A walk is never asked for more than this in one go, however long something else took.
_MOST = 100_000

#: At "max" as many steps are gone back at once as are trained in this time: replaying takes about as long.
BACK_AT_ONCE = 0.05


class Walk:
    """The hand of the clock of a walk through a run.

    In slow motion an instruction, or whatever is chosen, takes as long as a layer does in the pictures of training:
    600 ms at 1x. At so many steps a second it goes by so many of them.
    """

    def __init__(self) -> None:
        self._began, self._taken = perf_counter(), 0

    def begin(self) -> None:
        """Count from now: it was begun, or the speed changed."""
        self._began, self._taken = perf_counter(), 0

    def seconds_to_wait(self, speed: Speed) -> float:
        """Return how long until something is due."""
        rate = units_a_second(speed)
        if rate <= 0:
            return 0.0
        return max(0.0, self._began + self._taken / rate - perf_counter())

    def due(self, speed: Speed, at_once: int) -> int:
        """Return how many units are due now, and count them as taken; `at_once` of them at "max"."""
        rate = units_a_second(speed)
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
