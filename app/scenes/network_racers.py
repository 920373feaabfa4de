"""Who takes part in a race on the learner's network: racers of a race on a surface, with rates of their own."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

from app.scenes.race_looks import Look, looks
from app.text import tr
from core import optimizers
from core.landscape.race import kind

if TYPE_CHECKING:
    from app.scenes.network_settings import NetworkSettings
    from core.landscape.race import Race, Racer


#: Kinds that are told apart by the samples they take in a step. On the network all take the same.
_PLAIN = ("batch", "stochastic", "mini-batch")


class Runner(msgspec.Struct, frozen=True):
    """Who takes part in the race that is shown.

    Attributes
    ----------
    id, kind
        Of the racer.
    title
        What it is called on the network (`names`).
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


def names(race: Race) -> dict[str, str]:
    """Return by id what racers are called on the network.

    Batch, stochastic and mini-batch gradient descent take the batches of the training there: each is SGD. Names that
    the learner gave stay, and no SGD is called as another racer is.
    """
    found = {one.id: one.title for one in race.racers}
    plain = [one.id for one in race.racers if one.kind in _PLAIN and not _is_own(one.name)]
    taken = {title for name, title in found.items() if name not in plain}
    for identifier in plain:
        usual = kind("stochastic").short
        free = (usual if k == 1 else f"{usual} {k}" for k in count(1))
        found[identifier] = next(one for one in free if one not in taken)
        taken.add(found[identifier])
    return found


def _is_own(name: str) -> bool:
    """Whether a learner gave this name, and not the program to tell two of a kind apart: "Adam 2"."""
    stem, _, last = name.rpartition(" ")
    titles = {kind(one).title for one in _PLAIN}
    return bool(name) and name not in titles and not (stem in titles and last.isdecimal())


def is_plain(racer: Racer) -> bool:
    """Whether its kind is known by the samples it takes in a step."""
    return racer.kind in _PLAIN


def brief_of(racer: Racer, name: str) -> str:
    """What a racer of that name on the network is called where there is little room."""
    return name if racer.name or is_plain(racer) else kind(racer.kind).short


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
    if not is_plain(racer):
        return ""
    return tr(
        "On your network all racers take the same batches, those of the training settings: batch, stochastic and "
        "mini-batch gradient descent are the same there. On surfaces this is {name}.",
        name=racer.title,
    )


def entrants(race: Race, settings: NetworkSettings) -> tuple[list[Runner], dict[str, str]]:
    """Return who would take part, and of the others whose twins they are: all take the same batches."""
    known: dict[str, Look] = looks(race)
    called = names(race)
    runners: list[Runner] = []
    twins: dict[str, str] = {}
    for one in race.racers:
        document = optimizer_of(one, settings)
        twin = next((other for other in runners if other.optimizer == document), None)
        if twin is not None:
            twins[one.id] = twin.title
        else:
            name = called[one.id]
            brief = brief_of(one, name)
            runners.append(Runner(one.id, name, document, known[one.id], one.kind, brief))
    return runners, twins
