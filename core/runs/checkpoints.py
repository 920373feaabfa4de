"""Copies of a run's state, dense near the present and thinner the older they are."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np

#: Bytes all checkpoints of a run may take.
BUDGET = 512 * 1024**2


@dataclass(frozen=True)
class Checkpoint:
    """Everything a step needs to be run again: weights, optimizer memory, statistics, scalars, running sums, machine.

    Attributes
    ----------
    step
        Updates done.
    memory
        The state segments of the arena, read-only.
    machine
        The machine's state vector, read-only.
    """

    step: int
    memory: np.ndarray
    machine: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self.memory.nbytes + self.machine.nbytes


class Checkpoints:
    """Checkpoints by step, within a budget of bytes. The first is never dropped."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._steps: list[int] = []
        self._by_step: dict[int, Checkpoint] = {}
        self._bytes = 0

    def add(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint; older ones make room, so that gaps grow with age."""
        if checkpoint.step in self._by_step:
            return
        bisect.insort(self._steps, checkpoint.step)
        self._by_step[checkpoint.step] = checkpoint
        self._bytes += checkpoint.nbytes
        while self._bytes > self._budget and len(self._steps) > 2:
            self._drop_one()

    @property
    def nbytes(self) -> int:
        """Memory they take."""
        return self._bytes

    def _drop_one(self) -> None:
        steps = np.asarray(self._steps)
        # The gap its loss would leave, relative to its age: dropping the smallest thins exponentially.
        gaps = (steps[2:] - steps[:-2]) / (steps[-1] - steps[1:-1] + 1)
        k = 1 + int(gaps.argmin())
        self._bytes -= self._by_step.pop(self._steps.pop(k)).nbytes

    def copy(self, until: int) -> Checkpoints:
        """Those up to a step, for a run that goes on from there: the same arrays, which nobody writes to."""
        made = Checkpoints(self._budget)
        for step in self._steps:
            if step <= until:
                made.add(self._by_step[step])
        return made

    def before(self, step: int) -> Checkpoint | None:
        """The latest checkpoint at or before a step."""
        k = bisect.bisect_right(self._steps, step)
        return self._by_step[self._steps[k - 1]] if k else None

    def forget_after(self, step: int) -> None:
        """Drop checkpoints of steps that will not happen as they did."""
        place = bisect.bisect_right(self._steps, step)
        for s in self._steps[place:]:
            self._bytes -= self._by_step.pop(s).nbytes
        del self._steps[place:]

    @property
    def steps(self) -> tuple[int, ...]:
        """Steps with a checkpoint."""
        return tuple(self._steps)
