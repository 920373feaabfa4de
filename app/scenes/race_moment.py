"""One moment of a race, as maps show it: who is where, who is gone, and the way each has come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from app.scenes.race_looks import Look, looks
from app.text import tr

if TYPE_CHECKING:
    from app.engine.questions.racing import RaceAnswer
    from core.landscape import Surface, Trajectory
    from core.landscape.race import Racer


@dataclass(frozen=True, eq=False)
class Place:
    """Where a racer is.

    Attributes
    ----------
    racer, path, look
        Who.
    at
        (x, y) on the map: of a curve its height is y. The last place it was seen at if it is gone.
    gone
        Whether it has left by now.
    """

    racer: Racer
    path: Trajectory
    look: Look
    at: tuple[float, float]
    gone: bool

    @property
    def farewell(self) -> str:
        """Why and when it left, in three words; "" while it is there."""
        if not self.gone:
            return ""
        if self.path.why == "hole":
            return tr("no value, step {step}", step=self.path.left)
        return tr("diverged, step {step}", step=self.path.left)


@dataclass(frozen=True, eq=False)
class Moment:
    """See the module's text.

    Attributes
    ----------
    answer
        The race as it was run.
    time
        In steps; between two whole numbers racers are between two places.
    chosen
        Id of the racer that is looked at.
    start
        Where the race begins: while it is dragged another point than that of `answer`.
    curve
        Equally distant x and heights of a curve of one variable, between whose points racers roll; or None.
    """

    answer: RaceAnswer
    time: float = 0.0
    chosen: str = ""
    start: tuple[float, float] = (0.0, 0.0)
    curve: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def surface(self) -> Surface:
        """What is raced on."""
        return self.answer.surface

    @cached_property
    def flat(self) -> bool:
        """Whether it is a curve of one variable."""
        return len(self.surface.variables) == 1

    @cached_property
    def looks(self) -> dict[str, Look]:
        """How racers look, by id."""
        return looks(self.answer.race)

    @property
    def racers(self) -> tuple[tuple[Racer, Trajectory], ...]:
        """The racers whose paths are known, the one that is looked at last: it stands on top."""
        pairs = list(zip(self.answer.race.racers, self.answer.paths, strict=False))
        return tuple(sorted(pairs, key=lambda pair: pair[0].id == self.chosen))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where all are now, in the order of `racers`."""
        return tuple(
            Place(
                racer, path, self.looks[racer.id], self._at(path),
                path.left is not None and path.left <= self.time,
            )
            for racer, path in self.racers
        )  # fmt: skip

    def _at(self, path: Trajectory) -> tuple[float, float]:
        last = steps_of(path)
        time = min(max(self.time, 0.0), float(last))
        k = min(int(time), max(last - 1, 0))
        share = time - k
        x, y = self._place(path, k)
        if share > 0 and k < last:
            to_x, to_y = self._place(path, k + 1)
            x, y = x + (to_x - x) * share, y + (to_y - y) * share
            if self.curve is not None:
                y = self._height(x, y)
        return x, y

    def _place(self, path: Trajectory, k: int) -> tuple[float, float]:
        row = path.positions[k]
        return float(row[0]), float(path.losses[k] if self.flat else row[1])

    def _height(self, x: float, otherwise: float) -> float:
        """The curve's height between its points, where these are known."""
        assert self.curve is not None
        xs, heights = self.curve
        if not xs[0] <= x <= xs[-1]:
            return otherwise
        found = float(np.interp(x, xs, heights))
        return found if np.isfinite(found) else otherwise


def steps_of(path: Trajectory) -> int:
    """How many steps of a path lead to a place."""
    return len(path.positions) - 1 if path.left is None else max(path.left - 1, 0)


def points_of(path: Trajectory, flat: bool) -> np.ndarray:
    """The places of a path on the map, (steps + 1, 2): of a curve the losses are its second column."""
    if not flat:
        return path.positions
    return np.column_stack([path.positions[:, 0], path.losses])
