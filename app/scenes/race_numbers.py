"""What is told of a race besides its paths: who finished when, how far the minimum is, what each racer is set to."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from app.scenes import draw
from app.scenes.formula_expressions import given
from app.text import tr
from core import optimizers, schedules

if TYPE_CHECKING:
    from app.engine.questions.racing import RaceAnswer
    from core.landscape import Trajectory
    from core.landscape.race import Racer

#: The finish line that nobody set: so much of the way down from the start's loss is left there.
_LEFT_OVER = 0.01
#: Letters of arguments that are told in one line, in that order.
_LETTERS = {"momentum": "β", "rho": "ρ", "beta_1": "β₁", "beta_2": "β₂"}
_SOMETIMES = {"epsilon": "ε", "weight_decay": "λ", "clipnorm": tr("clip"), "clipvalue": tr("clip"),
              "global_clipnorm": tr("clip")}  # fmt: skip


class RaceNumbers:
    """Numbers of one answer of the engine, computed when they are asked for first; see `numbers_of`.

    Parameters
    ----------
    answer
        The race with its paths.
    """

    def __init__(self, answer: RaceAnswer) -> None:
        self.race, self.paths, self.lowest = answer.race, answer.paths, answer.lowest
        self._minima = np.array(answer.surface.minima, np.float64).reshape(-1, 2)
        self._flat = len(answer.surface.variables) == 1
        self._distances: dict[int, np.ndarray] = {}
        self._lengths: dict[int, np.ndarray] = {}
        self._finished: dict[float, tuple[int | None, ...]] = {}

    @property
    def start(self) -> float:
        """The loss where all of them begin; NaN if nothing was computed."""
        return float(self.paths[0].losses[0]) if self.paths else float("nan")

    def finish_line(self, wanted: float | None = None) -> float | None:
        """Return the loss that has to be reached: the one that is wanted, else near the lowest; None without one."""
        if wanted is not None:
            return wanted
        way = self.start - self.lowest
        if not isfinite(way):
            return None
        # A number that can be read: of the way that is left, one digit.
        return self.lowest + float(f"{_LEFT_OVER * way:.1g}")

    def finished(self, line: float | None) -> tuple[int | None, ...]:
        """Return each racer's first step at which its loss is at the line or below it."""
        if line is None:
            return (None,) * len(self.paths)
        if line not in self._finished:
            # The line is dragged, but nobody goes back to all the places it was at.
            self._finished = {line: self._first_at(line)}
        return self._finished[line]

    def _first_at(self, line: float) -> tuple[int | None, ...]:
        found = []
        for path in self.paths:
            with np.errstate(invalid="ignore"):
                below = path.losses <= line
            found.append(int(below.argmax()) if below.any() else None)
        return tuple(found)

    def distances(self, place: int) -> np.ndarray:
        """Return how far a racer is from the nearest minimum, (steps + 1,); NaN on surfaces that have none."""
        if place not in self._distances:
            self._distances[place] = self._nearest(self.paths[place].positions)
        return self._distances[place]

    def _nearest(self, positions: np.ndarray) -> np.ndarray:
        best = np.full(len(positions), np.nan)
        for minimum in self._minima:
            away = positions - minimum
            far = np.abs(away[:, 0]) if self._flat else np.hypot(away[:, 0], away[:, 1])
            best = np.fmin(best, far)
        return best

    def lengths(self, place: int) -> np.ndarray:
        """Return the length of a racer's path up to each step, (steps + 1,)."""
        if place not in self._lengths:
            moves = np.diff(self.paths[place].positions, axis=0)
            self._lengths[place] = np.r_[0.0, np.cumsum(np.hypot(moves[:, 0], moves[:, 1]))]
        return self._lengths[place]

    def rates(self, place: int) -> np.ndarray:
        """Return the learning rate of the update from each step, (steps,); NaN where it is gone."""
        rate = np.asarray(self.paths[place].terms.get("rate", np.nan), np.float64)
        steps = len(self.paths[place].losses) - 1
        return np.broadcast_to(rate.reshape(-1, 1)[:, 0], (steps,)) if rate.size else np.zeros(0)


_known: WeakKeyDictionary[RaceAnswer, RaceNumbers] = WeakKeyDictionary()


def numbers_of(answer: RaceAnswer) -> RaceNumbers:
    """Return the numbers of an answer; the same ones as long as there is the answer."""
    found = _known.get(answer)
    if found is None:
        found = _known[answer] = RaceNumbers(answer)
    return found


def is_gone(path: Trajectory, step: int) -> bool:
    """Tell whether a racer has left the surface by then."""
    return path.left is not None and path.left <= step


def gone_words(path: Trajectory) -> str:
    """Return what became of a racer that is gone, with the step."""
    if path.why == "hole":
        return tr("in a hole at step {step}", step=path.left)
    return tr("diverged at step {step}", step=path.left)


def loss_text(value: float) -> str:
    """Return a loss as rankings write it: three decimals, small ones with an exponent."""
    if not isfinite(value):
        return draw.scientific(value)
    if value and abs(value) < 0.01:
        return draw.scientific(value)
    return draw.plain(value, 3) if abs(value) < 1000 else draw.plain(value, 1)


def settings_words(racer: Racer, samples: bool = False) -> str:
    """Return what a racer is set to in one line: ``lr 0.080  β₁ 0.90  β₂ 0.999``.

    Parameters
    ----------
    racer
        The racer.
    samples
        Whether the surface is made of samples, so that it matters how many a step takes.
    """
    config = racer.optimizer
    found = optimizers.kind(str(config.get("kind", "")))
    rate = config.get("learning_rate", found.defaults["learning_rate"])
    words = [f"lr {_padded(schedules.height(rate), 3)}"]
    if isinstance(rate, dict):
        words.append(str(rate.get("kind", "")))
    if samples:
        # Before the numbers that are the same in most races: a list that is not wide cuts the end.
        size = tr("all") if racer.batch_size is None else str(racer.batch_size)
        words.append(tr("batch {size}", size=size))
    for name, letter in _LETTERS.items():
        if name in found.defaults:
            value = config.get(name, found.defaults[name])
            # SGD without momentum has none.
            if value or name != "momentum":
                words.append(f"{letter} {_padded(float(value), 2)}")
    for name, letter in _SOMETIMES.items():
        value = config.get(name, found.defaults.get(name))
        if value and value != found.defaults.get(name):
            words.append(f"{letter} {given(float(value))}")
    if not racer.bias_correction and corrects(racer.optimizer):
        words.append(tr("no correction"))
    return "  ".join(words)


def _padded(value: float, decimals: int) -> str:
    """Return a number as it was given, one below 1 with so many decimals at least: 0.080 above 0.002."""
    fixed = f"{value:.{decimals}f}"
    return fixed if value < 1 and float(fixed) == value else given(value)


def ordinal(place: int) -> str:
    """Return ``1st``, ``2nd``, ``3rd``, ``4th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place if place < 20 else place % 10, "th")
    return tr("{place}{ending}", place=place, ending=ending)


def corrects(optimizer: dict[str, Any]) -> bool:
    """Tell whether an optimizer corrects the bias of averages that start at 0."""
    return bool(optimizers.kind(str(optimizer.get("kind", ""))).shared)


@dataclass(frozen=True)
class Standing:
    """Where one racer stands at a step.

    Attributes
    ----------
    loss, position
        As they are written.
    gone
        What became of it, a few words; "" while it is in the race.
    finished
        The step at which it came to the finish line, if it has by now.
    place
        Its place among those that have finished, from 1; 0 before.
    """

    loss: str
    position: str
    gone: str = ""
    finished: int | None = None
    place: int = 0


def standings(answer: RaceAnswer, step: int, line: float | None) -> dict[str, Standing]:
    """Return where the racers stand after a step, by id; `line` is the loss at which they finish."""
    numbers = numbers_of(answer)
    steps = numbers.finished(line)
    found = {}
    for racer, path, at in zip(answer.race.racers, answer.paths, steps, strict=False):
        gone = is_gone(path, step)
        by_now = at if at is not None and at <= step else None
        ahead = sum(one is not None and at is not None and one < at for one in steps)
        found[racer.id] = Standing(
            "" if gone else loss_text(float(path.losses[step])),
            "" if gone else point_text(path.positions[step], len(answer.surface.variables)),
            gone_words(path) if gone else "", by_now, ahead + 1 if by_now is not None else 0,
        )  # fmt: skip
    return found


def point_text(point: Any, variables: int = 2) -> str:
    """Return a point with two decimals: ``(2.29, 0.27)``; of a curve only x."""
    x, y = (draw.plain(float(one), 2) for one in point)
    return f"({x}, {y})" if variables > 1 else f"x = {x}"
