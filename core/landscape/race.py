"""A race: optimizers that go down the same surface from the same start, as a document.

`Race` is what the window edits, projects and race files hold and films are made of; `run` computes it. Racers that
take as many samples in a step see the same batches: they are drawn from the race's seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from core import optimizers
from core.errors import SettingError

if TYPE_CHECKING:
    from core.landscape import Surface, Trajectory

#: Most racers of a race, and most steps: what is kept of them fits into memory.
MOST_RACERS, MOST_STEPS = 14, 10_000


@dataclass(frozen=True)
class Kind:
    """A racer as it is taught.

    Attributes
    ----------
    name
        Stable name.
    title, short
        What it is called, and the same where there is little room.
    optimizer
        Its optimizer with settings that suit most surfaces.
    batch_size
        Samples in a step on surfaces made of samples; None all of them.
    note
        One sentence.
    fixed
        Arguments of its optimizer that make it this kind and no other: they cannot be set to anything else.
    """

    name: str
    title: str
    short: str
    optimizer: dict[str, Any]
    note: str
    batch_size: int | None = None
    fixed: dict[str, Any] = field(default_factory=dict)


def _sgd(rate: float, **more: Any) -> dict[str, Any]:
    return {"kind": "SGD", "learning_rate": rate, **more}


#: What momentum adds makes another kind.
_PLAIN = {"momentum": 0, "nesterov": False}
#: In the order in which they are taught. Learning rates suit the surfaces whose slopes are near 1.
KINDS = (
    Kind("batch", "Batch gradient descent", "Batch GD", _sgd(0.01),
         "Straight down the slope of all samples.", fixed=_PLAIN),
    Kind("stochastic", "Stochastic gradient descent", "SGD", _sgd(0.01),
         "One sample a step: quick and noisy.", batch_size=1, fixed=_PLAIN),
    Kind("mini-batch", "Mini-batch gradient descent", "Mini-batch", _sgd(0.01),
         "A few samples a step: less noise than one, cheaper than all.", batch_size=8, fixed=_PLAIN),
    Kind("momentum", "Momentum", "Momentum", _sgd(0.01, momentum=0.9),
         "A ball that rolls: it keeps most of its last step.", fixed={"nesterov": False}),
    Kind("nesterov", "Nesterov momentum", "Nesterov", _sgd(0.01, momentum=0.9, nesterov=True),
         "Momentum that looks where it is going before it measures.", fixed={"nesterov": True}),
    Kind("adagrad", "Adagrad", "Adagrad", {"kind": "Adagrad", "learning_rate": 0.3},
         "Divides by all gradients so far: its rates only shrink."),
    Kind("adadelta", "Adadelta", "Adadelta", {"kind": "Adadelta", "learning_rate": 1.0, "epsilon": 1e-3},
         "Measures its steps by those it took before."),
    Kind("rmsprop", "RMSprop", "RMSprop", {"kind": "RMSprop", "learning_rate": 0.03},
         "Divides by the gradients of late."),
    Kind("adam", "Adam", "Adam", {"kind": "Adam", "learning_rate": 0.08},
         "Momentum and RMSprop together, corrected for their start at 0.", fixed={"amsgrad": False}),
    Kind("adamw", "AdamW", "AdamW", {"kind": "AdamW", "learning_rate": 0.08},
         "Adam whose weights decay apart from the gradient."),
    Kind("nadam", "Nadam", "Nadam", {"kind": "Nadam", "learning_rate": 0.08},
         "Adam with Nesterov's look ahead."),
    Kind("adamax", "Adamax", "Adamax", {"kind": "Adamax", "learning_rate": 0.08},
         "Adam that divides by the largest gradient."),
    Kind("amsgrad", "AMSGrad", "AMSGrad", {"kind": "Adam", "learning_rate": 0.08, "amsgrad": True},
         "Adam whose divisor never shrinks.", fixed={"amsgrad": True}),
    Kind("lion", "Lion", "Lion", {"kind": "Lion", "learning_rate": 0.03},
         "Only the signs count: along every axis a step is as long as the rate."),
)  # fmt: skip


class Racer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One racer.

    Attributes
    ----------
    id
        Names it within its race, and keeps its color.
    kind
        Of `KINDS`.
    optimizer
        As a document: ``{"kind": "Adam", "learning_rate": 0.08}``; the rate may be a schedule's document.
    batch_size
        Samples in a step; None all. On surfaces that are not made of samples it changes nothing.
    bias_correction
        False leaves Adam's averages as they are at the start, too small.
    name
        What the learner calls it; "" for its kind's name.
    """

    id: str
    kind: str
    optimizer: dict[str, Any]
    batch_size: int | None = None
    bias_correction: bool = True
    name: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or kind(self.kind).title


class Race(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is raced.

    Attributes
    ----------
    surface
        As a document: ``{"kind": "beale"}``, ``{"kind": "formula", "text": "x^2 + 10*y^2"}``.
    start
        Where all of them begin.
    steps
        How many each takes.
    seed
        Of the batches.
    racers
        In the order in which they were added.
    """

    surface: dict[str, Any] = msgspec.field(default_factory=lambda: {"kind": "beale"})
    start: tuple[float, float] = (0.7, 1.55)
    steps: int = 120
    seed: int = 0
    racers: tuple[Racer, ...] = ()

    def racer(self, identifier: str) -> Racer | None:
        """Return the racer of that id."""
        return next((one for one in self.racers if one.id == identifier), None)


def kind(name: str) -> Kind:
    """Return a kind of racer.

    Raises
    ------
    core.errors.SettingError
        There is none of that name.
    """
    for one in KINDS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in KINDS)
    raise SettingError(f"There is no racer called {name!r}. There are {known}.", "kind")


def new_racer(race: Race, name: str) -> Racer:
    """Return a racer of a kind with an id that the race does not have."""
    found, taken = kind(name), {one.id for one in race.racers}
    identifier = next(
        one for k in range(len(taken) + 1) if (one := name if k == 0 else f"{name}-{k + 1}") not in taken
    )  # fmt: skip
    return Racer(
        id=identifier, kind=name, optimizer=dict(found.optimizer), batch_size=found.batch_size
    )


def first_race() -> Race:
    """Return what stands in the window at first: Beale's function, seven racers."""
    race = Race()
    settings: dict[str, dict[str, Any]] = {
        "momentum": {"learning_rate": 0.002}, "nesterov": {"learning_rate": 0.002},
        "batch": {"learning_rate": 0.006},
    }  # fmt: skip
    for name in ("batch", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam"):
        one = new_racer(race, name)
        changed = {**one.optimizer, **settings.get(name, {})}
        one = msgspec.structs.replace(one, optimizer=changed)
        race = msgspec.structs.replace(race, racers=(*race.racers, one))
    return race


def check(race: Race, known: Race | None = None) -> None:
    """Refuse what cannot be raced.

    Parameters
    ----------
    race
        Which race.
    known
        One that can be raced: its surface and its racers, where `race` has the very same, are not looked at again.

    Raises
    ------
    core.errors.SettingError
        With a sentence for the learner.
    """
    from core import landscape

    if known is None or race.surface is not known.surface:
        landscape.from_document(race.surface)
    if not all(abs(one) <= 1e9 for one in race.start):
        raise SettingError("The start must be two finite numbers, at most a billion.", "start")
    if not 1 <= race.steps <= MOST_STEPS:
        message = f"A race has from 1 to {MOST_STEPS:,} steps; {race.steps:,} are given."
        raise SettingError(message, "steps")
    if not 0 <= race.seed < 2**31:
        raise SettingError("The seed must be a whole number from 0 on.", "seed")
    if len(race.racers) > MOST_RACERS:
        message = f"A race has at most {MOST_RACERS} racers. Take one out first."
        raise SettingError(message, "racers")
    ids = [one.id for one in race.racers]
    if len(set(ids)) < len(ids):
        raise SettingError("Two racers have the same id.", "racers")
    good = set() if known is None else {id(one) for one in known.racers}
    for one in race.racers:
        if id(one) in good:
            continue
        _check_kind(one)
        if one.batch_size is not None and not 1 <= one.batch_size <= 100_000:
            message = f"{one.title}: a step takes at least one sample; {one.batch_size} are given."
            raise SettingError(message, "batch_size")


def _check_kind(racer: Racer) -> None:
    """Refuse a racer that is of another kind than its title and its mark say."""
    found, made = kind(racer.kind), optimizers.get(dict(racer.optimizer))
    usual = type(optimizers.get(dict(found.optimizer)))
    if type(made) is not usual:
        message = f"{racer.title}: this kind of racer goes by {usual.__name__}, not by {made.name}."
        raise SettingError(message, "optimizer")
    for name, value in found.fixed.items():
        if made.config[name] != value:
            message = (
                f"{racer.title}: {name} is {value} in this kind of racer, and cannot be {made.config[name]}. "
                "Add a racer of another kind instead."
            )
            raise SettingError(message, name)


def as_its_kind(racer: Racer) -> Racer:
    """Return a racer as the kind that its settings make it, where they are not those of the kind it is called.

    Files of before could hold such: a "Batch gradient descent" with momentum is read as what it is, "Momentum".
    """
    made = optimizers.get(dict(racer.optimizer))

    def goes(by: Kind) -> bool:
        same = type(optimizers.get(dict(by.optimizer))) is type(made)
        return same and all(made.config[name] == value for name, value in by.fixed.items())

    found = kind(racer.kind)
    named = type(optimizers.get(dict(found.optimizer)))
    if goes(found) or type(made) is not named:
        return racer
    other = next((one for one in KINDS if goes(one)), found)
    return msgspec.structs.replace(racer, kind=other.name)


def run(race: Race, surface: Surface | None = None) -> Iterator[tuple[Trajectory, ...]]:
    """Compute a race, one racer after the other.

    Yields
    ------
    The trajectories so far, in the order of the racers; the last are all of them.
    """
    from core import landscape

    ground = surface or landscape.from_document(race.surface)
    found: tuple[Trajectory, ...] = ()
    for one in race.racers:
        path = landscape.trajectory(
            ground, optimizers.get(dict(one.optimizer)), race.start, race.steps,
            batch_size=one.batch_size, seed=race.seed, bias_correction=one.bias_correction,
        )  # fmt: skip
        found = (*found, path)
        yield found


def ranking(paths: tuple[Trajectory, ...], step: int) -> list[int]:
    """Return the places in `paths` by loss after `step` steps, smallest first; those that are gone come last."""

    def order(place: int) -> tuple[bool, float]:
        path = paths[place]
        gone = path.left is not None and path.left <= step
        # Of those that are gone the one that held out longest comes first.
        return gone, -float(path.left or 0) if gone else float(path.losses[step])

    return sorted(range(len(paths)), key=order)
