"""Which moments of a run a film shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.state import SECONDS_PER_SAMPLED_STEP
from app.export.recipe import Recipe, frames_of

#: With fewer frames a step than this, signals would jump instead of travel: steps are shown whole.
_FRAMES_FOR_PULSES = 24


@dataclass(frozen=True)
class Moment:
    """One frame: after `step` steps, and `share` (0 to 1) of the way through the next.

    Where `travels` is set, the frame shows the signal inside that next step. Where `signal` is set, the steps go by
    too fast for that: the signal is that of an earlier step, `share` of the way through it, as in the window.
    """

    step: int
    share: float = 0.0
    travels: bool = False
    signal: int | None = None


@dataclass(frozen=True)
class FilmPlan:
    """All frames of a film in order; steps never go backwards."""

    first: int
    last: int
    frames: tuple[Moment, ...]

    def __len__(self) -> int:
        return len(self.frames)


def default_last(position: int, total: int, per_epoch: int) -> int:
    """Return where a film ends that was not told: where the run is, or after its first two epochs."""
    if position > 0:
        return position
    return max(1, min(total, 2 * per_epoch) if total else 2 * per_epoch)


def plan(recipe: Recipe, position: int, total: int, per_epoch: int) -> FilmPlan:
    """Return the frames of a film.

    Parameters
    ----------
    recipe
        What to show.
    position
        Steps the run has taken.
    total
        Steps it is set to take, 0 if unknown.
    per_epoch
        Steps of an epoch.
    """
    last = recipe.last if recipe.last is not None else default_last(position, total, per_epoch)
    first = min(recipe.first, last)
    count = frames_of(recipe, last - first)
    if count == 1 or last == first:
        return FilmPlan(first, last, (Moment(last),) * count)
    per_frame = (last - first) / (count - 1)
    travels = per_frame * _FRAMES_FOR_PULSES <= 1.0
    moments: list[Moment] = []
    for index in range(count):
        place = first + per_frame * index
        # Rounding must not show a step as not quite taken.
        step = min(last, int(place + 1e-9))
        if not travels:
            moments.append(_sampled(index, step, moments, recipe.fps))
            continue
        share = place - step if step < last else 0.0
        moments.append(Moment(step, max(0.0, share), step < last))
    return FilmPlan(first, last, tuple(moments))


def _sampled(index: int, step: int, before: list[Moment], fps: int) -> Moment:
    """A frame of a film whose steps go by fast: every `SECONDS_PER_SAMPLED_STEP` another signal sets out."""
    cycle = max(1, round(fps * SECONDS_PER_SAMPLED_STEP))
    place = index % cycle
    signal = step if place == 0 or not before else before[-1].signal
    return Moment(step, place / cycle, signal=signal)
