"""How many steps to take before looking up, and when the next snapshot is due."""

from __future__ import annotations

from time import perf_counter

from app.engine.state import DEFAULT_SPEED, Speed

#: A slice of training takes at least this long: every return to Python waits for the interpreter lock
#: that painting holds, and shorter slices lose most of their time to it.
SLICE = 0.016

#: Snapshots a second, and their largest share of the engine's time.
_SNAPSHOT_INTERVAL = 1 / 30
_SNAPSHOT_SHARE = 0.10

#: Never more in one call: the stop flag ends it anyway, this bounds what a wrong estimate costs.
_MOST_STEPS = 1_000_000


class Pace:
    """Turn the speed slider and measured times into numbers of steps."""

    def __init__(self) -> None:
        self.speed: Speed = DEFAULT_SPEED
        self.steps_per_second = 0.0
        self._seconds_per_step = 0.0
        self._began = 0.0
        self._taken = 0
        self._window_began = 0.0
        self._window_steps = 0
        self._snapshot_seconds = 0.0
        self._last_snapshot = 0.0

    def begin(self) -> None:
        """Count from now: play was pressed or the speed changed."""
        self._began = self._window_began = perf_counter()
        self._taken = self._window_steps = 0
        self.steps_per_second = 0.0

    def forget(self) -> None:
        """Measure anew: there is another network."""
        self._seconds_per_step = 0.0
        self.begin()

    def steps_due(self) -> int:
        """Return how many steps the next slice takes."""
        if self.speed.mode == "slow":
            return 0
        per_slice = self._steps_per_slice()
        if self.speed.mode == "max":
            return per_slice
        due = int((perf_counter() - self._began) * self.speed.rate) + 1 - self._taken
        if due > 4 * per_slice:
            # The machine cannot keep up: do not try to catch up after a pause or a stall.
            self._began, self._taken = perf_counter(), 0
            due = per_slice
        return min(due, per_slice)

    def seconds_to_wait(self) -> float:
        """Return how long until a step is due."""
        if self.speed.mode == "max":
            return 0.0
        if self.speed.mode == "slow":
            return 3600.0
        return max(0.0, self._began + self._taken / self.speed.rate - perf_counter())

    def count(self, steps: int, seconds: float) -> None:
        """Take note of a slice."""
        now = perf_counter()
        self._taken += steps
        self._window_steps += steps
        if steps > 0:
            measured = seconds / steps
            known = self._seconds_per_step
            self._seconds_per_step = measured if known == 0 else 0.7 * known + 0.3 * measured
        elapsed = now - self._window_began
        if elapsed >= 0.5:
            self.steps_per_second = self._window_steps / elapsed
            self._window_began, self._window_steps = now, 0

    def steps_in(self, seconds: float) -> int:
        """Return how many steps of training take so long, at least one."""
        if self._seconds_per_step <= 0:
            return 1
        return max(1, min(_MOST_STEPS, round(seconds / self._seconds_per_step)))

    def _steps_per_slice(self) -> int:
        if self._seconds_per_step <= 0:
            return 1
        return max(1, min(_MOST_STEPS, round(1.25 * SLICE / self._seconds_per_step)))

    # Snapshots

    def seconds_to_snapshot(self) -> float:
        """Return how long until the next snapshot may be taken."""
        interval = max(_SNAPSHOT_INTERVAL, self._snapshot_seconds / _SNAPSHOT_SHARE)
        return max(0.0, self._last_snapshot + interval - perf_counter())

    def snapshot_due_now(self) -> None:
        """Let the next snapshot be taken at once: the learner pressed Step."""
        self._last_snapshot = 0.0

    def count_snapshot(self, seconds: float) -> None:
        """Take note of what a snapshot cost."""
        known = self._snapshot_seconds
        self._snapshot_seconds = seconds if known == 0 else 0.8 * known + 0.2 * seconds
        self._last_snapshot = perf_counter()
