"""What is set for races on the learner's network and for slices of its loss, as projects keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core import optimizers
from core.errors import ChainruleError

if TYPE_CHECKING:
    from core.landscape.race import Race

#: Under these names they are kept with a project.
NETWORK, SLICE = "network_race", "loss_slice"
#: Epochs of a race at most; steps have a limit of their own, which the engine tells.
MOST_EPOCHS = 1000
#: Points along a side; each has the coarser ones in it.
SIDES = (21, 41, 81, 161)
#: How much is seen, as a share of what is usual.
SPANS = (0.25, 0.5, 1.0, 2.0, 4.0)
MOST_SAMPLES, MOST_SEED = 10_000, 2**31


@dataclass(frozen=True)
class NetworkSettings:
    """A race on the network.

    Attributes
    ----------
    epochs, start
        How long it is, and with which weights all begin: ``"drawn"`` or ``"present"``.
    rates
        Whose learning rates racers have: Keras's defaults (``"keras"``), or those of the ``"race"`` on the surface.
    own
        Rates that were set here, by racer.
    """

    epochs: int = 5
    start: str = "drawn"
    rates: str = "keras"
    own: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def document(self) -> dict[str, Any]:
        """As a project keeps it."""
        return {"epochs": self.epochs, "start": self.start, "rates": self.rates, "own": dict(self.own)}  # fmt: skip


@dataclass(frozen=True)
class SliceSettings:
    """A slice of the loss.

    Attributes
    ----------
    directions
        ``"principal"`` or ``"random"``.
    source
        Whose ways are shown: of the ``"race"`` on the network, or of the learner's own ``"run"``.
    part, samples, seed
        What it is measured on; the seed is of random directions, too.
    side, span
        Points along a side; how much is seen, as a share of what is usual.
    """

    directions: str = "principal"
    source: str = "race"
    side: int = 41
    span: float = 1.0
    samples: int = 256
    part: str = "train"
    seed: int = 0

    def document(self) -> dict[str, Any]:
        """As a project keeps it."""
        return asdict(self)


def network_settings(kept: Any, race: Race) -> NetworkSettings:
    """Return what a project has kept; what is damaged or missing is as usual: files may hold anything.

    Rates are taken of racers of that race only, and only those that their optimizers take.
    """
    known = kept if isinstance(kept, Mapping) else {}
    usual = NetworkSettings()
    own = known.get("own")
    rates = {}
    for name, value in own.items() if isinstance(own, Mapping) else ():
        racer = race.racer(name) if isinstance(name, str) else None
        if racer is None or not _is_number(value):
            continue
        try:
            optimizers.get({**racer.optimizer, "learning_rate": float(value)})
        except ChainruleError:
            continue
        rates[name] = float(value)
    return NetworkSettings(
        _whole(known.get("epochs"), 1, MOST_EPOCHS, usual.epochs),
        _one_of(known.get("start"), ("drawn", "present"), usual.start),
        _one_of(known.get("rates"), ("keras", "race"), usual.rates),
        rates,
    )


def slice_settings(kept: Any) -> SliceSettings:
    """Return what a project has kept; what is damaged or missing is as usual."""
    known = kept if isinstance(kept, Mapping) else {}
    usual = {one.name: one.default for one in fields(SliceSettings)}
    found = {
        "directions": _one_of(known.get("directions"), ("principal", "random"), usual["directions"]),
        "source": _one_of(known.get("source"), ("race", "run"), usual["source"]),
        "side": _one_of(known.get("side"), SIDES, usual["side"]),
        "span": float(_one_of(known.get("span"), SPANS, usual["span"])),
        "samples": _whole(known.get("samples"), 1, MOST_SAMPLES, 256),
        "part": _one_of(known.get("part"), ("train", "validation"), usual["part"]),
        "seed": _whole(known.get("seed"), 0, MOST_SEED - 1, 0),
    }  # fmt: skip
    return SliceSettings(**found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _whole(value: Any, least: int, most: int, usual: int) -> int:
    right = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    return value if right else usual


def _one_of(value: Any, known: tuple[Any, ...], usual: Any) -> Any:
    if isinstance(known[0], str):
        return value if isinstance(value, str) and value in known else usual
    return value if _is_number(value) and value in known else usual
