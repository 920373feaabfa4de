"""Who takes part in a race on the learner's network: racers of a race on a surface, with rates of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from app.scenes.race_looks import Look, looks
from app.text import tr
from core import optimizers
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.scenes.network_settings import NetworkSettings
    from core.landscape.race import Race, Racer


class Runner(msgspec.Struct, frozen=True):
    """Who takes part in the race that is shown.

    Attributes
    ----------
    id, title, kind
        Of the racer.
    brief
        What it is called where there is little room.
    optimizer
        As the network is trained with it.
    look
        As it is shown.
    """

    id: str
    title: str
    optimizer: dict[str, Any]
    look: Any
    kind: str
    brief: str

    @property
    def entry(self) -> dict[str, Any]:
        """As the engine is told of it."""
        return {"id": self.id, "optimizer": self.optimizer}


def brief_of(racer: Racer) -> str:
    """What a racer is called where there is little room."""
    return racer.name or kind(racer.kind).short


def default_rate(racer: Racer) -> float:
    """Keras's default learning rate of a racer's optimizer."""
    return float(optimizers.kind(str(racer.optimizer["kind"])).defaults["learning_rate"])


def optimizer_of(racer: Racer, settings: NetworkSettings) -> dict[str, Any]:
    """Return a racer's optimizer as the network is trained with it."""
    given = dict(racer.optimizer)
    if racer.id in settings.own:
        given["learning_rate"] = settings.own[racer.id]
    elif settings.rates == "keras":
        given["learning_rate"] = default_rate(racer)
    return optimizers.get(given).to_config()


def batches_words(racer: Racer) -> str:
    """What is to be known of a racer here whose kind is known by the samples it takes in a step; "" of others."""
    if racer.kind not in ("batch", "stochastic", "mini-batch"):
        return ""
    return tr(
        "On your network all racers take the same batches, those of the training settings: batch, stochastic and "
        "mini-batch gradient descent are the same there."
    )


def entrants(race: Race, settings: NetworkSettings) -> tuple[list[Runner], dict[str, str]]:
    """Return who would take part, and of the others whose twins they are: all take the same batches."""
    known: dict[str, Look] = looks(race)
    runners: list[Runner] = []
    twins: dict[str, str] = {}
    for one in race.racers:
        document = optimizer_of(one, settings)
        twin = next((other for other in runners if other.optimizer == document), None)
        if twin is not None:
            twins[one.id] = twin.title
        else:
            runners.append(
                Runner(one.id, one.title, document, known[one.id], one.kind, brief_of(one))
            )
    return runners, twins
