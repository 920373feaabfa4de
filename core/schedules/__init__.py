"""Learning rates that change while a network trains, under Keras's names, and those of the notes.

A schedule is a pure function of how many updates there have been and, where it counts epochs, of the epoch: the tape
computes the rate anew in every step, so that stepping back, replaying and loading need to remember nothing. The first
step and the first epoch are number 0.

==================================== ============================================= =====================
Schedule                             rate                                          counts
==================================== ============================================= =====================
InverseTimeDecay                     η₀ / (1 + r t/T)                              steps
ExponentialDecay                     η₀ r^(t/T)                                    steps
PolynomialDecay                      (η₀ − η₁)(1 − t/T)^p + η₁                     steps
PiecewiseConstantDecay               one number up to each boundary                steps
CosineDecay                          η₀ (α + (1 − α)(1 + cos(π t/T))/2)            steps, after a warm-up
CosineDecayRestarts                  the same, again and again (Loshchilov 2017)   steps
OneCycle                             up and down once (Smith 2018)                 steps
InverseEpochDecay                    η₀ / (1 + decay · epoch)                      epochs
ExponentialEpochDecay                η₀ · 0.97^epoch                               epochs
SquareRootDecay                      η₀ k / √(epoch + 1)                           epochs
StepDecay                            η₀ · factor^⌊epoch / epochs⌋                  epochs
ManualDecay                          a list, one number an epoch                   epochs
==================================== ============================================= =====================
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.naming import no_attribute, unknown
from core.schedules.base import Schedule
from core.schedules.decays import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from core.schedules.epochs import (
    ExponentialEpochDecay,
    InverseEpochDecay,
    ManualDecay,
    SquareRootDecay,
    StepDecay,
)
from core.schedules.waves import CosineDecay, CosineDecayRestarts, OneCycle

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "ExponentialEpochDecay",
    "InverseEpochDecay",
    "InverseTimeDecay",
    "ManualDecay",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
    "SquareRootDecay",
    "StepDecay",
]


def names() -> tuple[str, ...]:
    """Names of all schedules."""
    return tuple(name for name, kind in Schedule.kinds.items() if kind.operation)


def get(identifier: Any) -> Schedule:
    """A schedule by its document ``{"kind": "ExponentialDecay", ...}``, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such schedule, or its arguments are not its.
    """
    if isinstance(identifier, Schedule):
        return identifier
    if not isinstance(identifier, dict):
        raise SettingError(
            f"A schedule is given as an object of core.schedules, not as {identifier!r}."
        )
    config = dict(identifier)
    kind = str(config.pop("kind", ""))
    if kind not in names():
        raise SettingError(unknown("schedule", kind, names()), "learning_rate")
    found = Schedule.kinds[kind]
    for name, default in found.defaults().items():
        if default is inspect.Parameter.empty and name not in config:
            raise SettingError(f"{kind} needs {name}.", "learning_rate")
    made: Schedule = found.from_config(config)
    return made


def first_rate(learning_rate: Any, default: float = 0.01) -> float:
    """The rate of the first step of a document's ``learning_rate``: a number, a schedule, or nothing."""
    if learning_rate is None:
        return default
    return (
        get(learning_rate)(0)
        if isinstance(learning_rate, (dict, Schedule))
        else float(learning_rate)
    )


def height(learning_rate: Any) -> float:
    """The rate that stands for a document's ``learning_rate``: a number, or a schedule's `Schedule.height`."""
    return (
        get(learning_rate).height
        if isinstance(learning_rate, (dict, Schedule))
        else first_rate(learning_rate)
    )


def at_height(learning_rate: Any, rate: float) -> Any:
    """A document's ``learning_rate`` with another height: a schedule keeps its curve, all its rates are scaled.

    Raises
    ------
    core.errors.SettingError
        The schedule's height is 0, which no factor changes.
    """
    if not isinstance(learning_rate, (dict, Schedule)):
        return rate
    schedule = get(learning_rate)
    if not schedule.height:
        name = type(schedule).__name__
        raise SettingError(
            f"The learning rate follows {name}, whose height is 0: it cannot be scaled to {rate:g}. Give it another "
            "height, or train with a constant rate.",
            "learning_rate",
        )
    return schedule.scaled(rate / schedule.height).to_document()


#: Training that reaches less than this share of a schedule is told so. A little less is often meant.
_REACHED = 0.9


def advice(
    learning_rate: Any, epochs: int, steps_per_epoch: int, *, more_to_come: bool = False
) -> str:
    """A sentence if a schedule ends before training does or long after it, or "".

    With `more_to_come` (a single epoch, as loops of one's own train) nothing is said of what is not reached yet.
    """
    if not isinstance(learning_rate, (dict, Schedule)):
        return ""
    schedule = get(learning_rate)
    total = epochs * (steps_per_epoch if schedule.clock == "step" else 1)
    if schedule.end is None:
        return ""
    if total < _REACHED * schedule.end:
        return "" if more_to_come else _too_long(schedule, schedule.end, total, steps_per_epoch)
    if schedule.end >= total:
        return ""
    last = schedule(total * (1 if schedule.clock == "step" else steps_per_epoch), steps_per_epoch)
    stays = (
        f"the learning rate stays at {last:g}"
        if last
        else "the learning rate is 0: nothing is learned"
    )
    return (
        f"{type(schedule).__name__} ends after {schedule.end:,} {schedule.clock}s, but training has {total:,}. "
        f"From there on {stays}. Let it last {total:,} {schedule.clock}s, or train for less."
    )


def _too_long(schedule: Schedule, end: float, total: int, steps_per_epoch: int) -> str:
    unit, per = schedule.clock, 1 if schedule.clock == "step" else steps_per_epoch
    at, planned = (schedule(when * per, steps_per_epoch) for when in (total, end))
    ends = f"the learning rate ends at {at:.3g}, not at {planned:.3g}" if at != planned else ""
    return (
        f"{type(schedule).__name__} lasts {end:,} {unit}s, but training has only {total:,} and reaches "
        f"{100 * total / end:.0f} % of its curve{': ' + ends if ends else ''}. Let it last {total:,} {unit}s, or "
        "train for longer."
    )


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant."""
        raise no_attribute("core.schedules", name, names())


def __dir__() -> list[str]:
    return sorted({*names(), "Schedule", "get", "names"})
