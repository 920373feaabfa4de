"""How a race of one racer went, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.engine.questions.racing import RaceAnswer
    from app.optimizers.effects.effect import Variant
    from core.landscape import Surface, Trajectory

#: Who has come so much of the way down is there.
THERE = 0.99


@dataclass(frozen=True, eq=False)
class Outcome:
    """See the module's text.

    Attributes
    ----------
    variant, surface, path
        What was raced, on what, and the engine's path.
    low
        The lowest loss of the surface; where it is not known, that any of those on the same ground came to at any step.
    """

    variant: Variant
    surface: Surface
    path: Trajectory
    low: float

    @property
    def steps(self) -> int:
        """How many were to be taken."""
        return len(self.path.losses) - 1

    @property
    def left(self) -> int | None:
        """The step after which it is gone."""
        return self.path.left

    @property
    def first(self) -> float:
        """The loss at the start."""
        return float(self.path.losses[0])

    @property
    def last(self) -> float:
        """The loss at the end; NaN if it is gone by then."""
        return float(self.path.losses[-1])

    @property
    def share(self) -> float:
        """How much of the way down it is at the end, from 0 to 1; below 0 if it is higher than at the start."""
        whole = self.first - self.low
        return (self.first - self.last) / whole if whole > 0 else float("nan")

    @property
    def finish(self) -> int | None:
        """The first step at which it is 99 % of the way down."""
        whole = self.first - self.low
        if not whole > 0:
            return None
        # What is gone is no number, and not below anything.
        below = np.flatnonzero(self.path.losses <= self.low + (1 - THERE) * whole)
        return int(below[0]) if len(below) else None

    @property
    def rises(self) -> int:
        """How many steps made the loss larger."""
        with np.errstate(invalid="ignore"):
            return int(np.count_nonzero(np.diff(self.path.losses) > 0))

    def moved(self, step: int) -> float:
        """How far the step after `step` steps went."""
        return float(np.linalg.norm(self.path.positions[step + 1] - self.path.positions[step]))

    def at(self, time: float) -> tuple[float, float, float] | None:
        """Return x, y and the loss at a time, between two steps on the line between them; None once it is gone."""
        step = min(int(time), self.steps)
        past, after = time - step, min(step + 1, self.steps)
        here, there = self.path.positions[step], self.path.positions[after]
        low, high = self.path.losses[step], self.path.losses[after]
        if not np.isfinite(here).all() or not np.isfinite(low):
            return None
        if not past or not np.isfinite(there).all() or not np.isfinite(high):
            return float(here[0]), float(here[1]), float(low)
        x, y = here + (there - here) * past
        return float(x), float(y), float(low + (high - low) * past)


def measured(
    variants: tuple[Variant, ...], answers: Mapping[str, RaceAnswer]
) -> tuple[Outcome, ...]:
    """Return how they went: `answers` are the races on each ground."""
    found = []
    for variant in variants:
        answer = answers[variant.ground]
        place = [racer.id for racer in answer.race.racers].index(variant.racer.id)
        found.append(Outcome(variant, answer.surface, answer.paths[place], _low(answer)))
    return tuple(found)


def _low(answer: RaceAnswer) -> float:
    """What the way down goes down to."""
    reached = [path.losses[np.isfinite(path.losses)] for path in answer.paths]
    low = min((float(one.min()) for one in reached if len(one)), default=float("inf"))
    return low if np.isnan(answer.lowest) else min(low, answer.lowest)
