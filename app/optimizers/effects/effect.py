"""What an effect is: races that differ in one setting, and what is said of how they went."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from app.optimizers.effects.words import gone, share
from app.text import number, tr
from core import schedules
from core.landscape.race import Race, Racer, new_racer

if TYPE_CHECKING:
    from app.optimizers.effects.outcome import Outcome


@dataclass(frozen=True)
class Variant:
    """One of the races that are compared.

    Attributes
    ----------
    title
        What it differs in, short: "β = 0.9".
    race
        A race of one racer.
    """

    title: str
    race: Race

    @property
    def racer(self) -> Racer:
        """Who races."""
        return self.race.racers[0]

    @property
    def ground(self) -> str:
        """The same for all that can race beside each other."""
        race = self.race
        return json.dumps([race.surface, race.start, race.steps, race.seed], sort_keys=True)


def verdict(one: Outcome, all_of_them: tuple[Outcome, ...]) -> str:
    """Say in a few words how a race went."""
    if one.left is not None:
        return gone(one)
    if one.finish is None:
        return share(one)
    return tr("99 % down at step {step}", step=number(one.finish))


@dataclass(frozen=True)
class Effect:
    """One effect.

    Attributes
    ----------
    name, title
        Stable name, and what it is called.
    tip
        What is compared, in one sentence.
    order
        Place among the others, smallest first.
    variants
        Receives the race of the document and the racer that is looked at.
    told
        Receives how they went, in the order of the variants; says what is to be seen, from their numbers alone.
    word
        Says how one of them went.
    close
        Shows the paths as large as there is room for, rather than the whole surface.
    even
        A unit of x is as long as one of y on the map: the shape of the surface is what it is about.
    """

    name: str
    title: str
    tip: str
    order: int
    variants: Callable[[Race, Racer], tuple[Variant, ...]]
    told: Callable[[tuple[Outcome, ...]], str]
    word: Callable[[Outcome, tuple[Outcome, ...]], str] = verdict
    close: bool = False
    even: bool = False


def alone(race: Race, racer: Racer, identifier: str, name: str, **optimizer: Any) -> Race:
    """Return the race with one racer, who has other settings of the optimizer, and a name of its own."""
    config = {**racer.optimizer, **optimizer}
    own = msgspec.structs.replace(racer, id=identifier, name=name, optimizer=config)
    return msgspec.structs.replace(race, racers=(own,))


def descent(race: Race, rate: float, **more: Any) -> Racer:
    """Return batch gradient descent at a rate."""
    found = new_racer(msgspec.structs.replace(race, racers=()), "batch")
    return msgspec.structs.replace(found, optimizer={"kind": "SGD", "learning_rate": rate, **more})


def rate_of(racer: Racer) -> float:
    """Return the learning rate that stands for a racer's, which may follow a schedule."""
    return schedules.height(racer.optimizer.get("learning_rate", 0.01))
