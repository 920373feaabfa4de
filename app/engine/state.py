"""What the engine tells the interface about itself, and the values it is given. All immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from app.text import tr

if TYPE_CHECKING:
    from core.io import SavedRun
    from core.runs import Position
    from core.spec import Network, Training

Status = Literal["starting", "ready", "playing", "paused", "blocked", "diverged", "busy"]
Granularity = Literal["instruction", "layer", "loss", "update", "batch", "epoch"]

GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)

#: Why a question was left unanswered that can be asked again: the learner walked on.
INTERRUPTED = tr("The run went on before this was answered.")
#: What a numeric check answers while its kernels are still compiled.
PREPARING = tr("The numeric check is still being prepared.")
#: The same of what is of nothing that is open: races.
RACES_PREPARING = tr("Races are still being prepared.")

#: Seconds a signal needs from one layer to the next at 1x.
SECONDS_PER_LAYER = 0.6

#: Time a sampled step is shown while training goes on underneath.
SECONDS_PER_SAMPLED_STEP = 1.6


@dataclass(frozen=True)
class Speed:
    """One stop of the speed slider.

    Attributes
    ----------
    key
        What `run.speed` takes: ``"0.5x"``, ``"30/s"``, ``"max"``.
    mode
        ``"slow"``: every step is shown layer by layer, `rate` times 600 ms a layer; ``"rate"``: `rate`
        steps a second; ``"max"``: as fast as possible.
    rate
        See `mode`; 0 for ``"max"``.
    """

    key: str
    mode: Literal["slow", "rate", "max"]
    rate: float = 0.0

    @property
    def sampled(self) -> bool:
        """Training goes on while the signal travels through one of its steps after the other."""
        return self.mode == "rate" and self.rate <= 100.0

    @property
    def label(self) -> str:
        """Text beside the slider."""
        if self.mode == "slow":
            return f"{self.rate:g}×"
        if self.mode == "rate":
            return f"{self.rate:g} steps/s"
        return "max"


def _slow(rate: float) -> Speed:
    return Speed(f"{rate:g}x", "slow", rate)


def _rate(rate: float) -> Speed:
    return Speed(f"{rate:g}/s", "rate", rate)


#: The stops of the speed slider from slow to fast.
SPEEDS: tuple[Speed, ...] = (
    *(_slow(rate) for rate in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)),
    *(_rate(rate) for rate in (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)),
    Speed("max", "max"),
)

#: Fast enough to see the loss fall, slow enough to see the signal travel.
DEFAULT_SPEED = SPEEDS[8]


def speed_of(value: str | float | Speed) -> Speed:
    """Return the speed a command names: a key of `SPEEDS`, or a number read as ``x``.

    Raises
    ------
    ValueError
        With a sentence, when there is no such speed.
    """
    if isinstance(value, Speed):
        return value
    if isinstance(value, int | float) and value > 0:
        return _slow(float(value))
    for speed in SPEEDS:
        if speed.key == value:
            return speed
    message = f"There is no speed {value!r}. Speeds are {', '.join(speed.key for speed in SPEEDS)}."
    raise ValueError(message)


def units_a_second(speed: Speed) -> float:
    """Return how many instructions, layers, ... a walk through a run takes in a second; 0 for as many as possible."""
    if speed.mode == "slow":
        return speed.rate / SECONDS_PER_LAYER
    return speed.rate if speed.mode == "rate" else 0.0


def walks(speed: Speed, granularity: str, *, by_unit: bool, reverse: bool) -> bool:
    """Tell whether playing goes from one moment to the next instead of training.

    Backwards always. Forward, where it goes `by_unit`, unless it is to be as fast as possible, or by whole steps at so
    many steps a second: that is what training does.
    """
    if reverse:
        return True
    if not by_unit or speed.mode == "max":
        return False
    return granularity != "batch" or speed.mode == "slow"


@dataclass(frozen=True)
class RunLabel:
    """A run of the project: its id in the tree, what it is called, whether it is the open one.

    `given` is the name alone, without the number; "" if it has none.
    """

    id: str
    name: str
    open: bool
    given: str = ""


@dataclass(frozen=True)
class EngineState:
    """What the transport, the status line and the title show.

    Attributes
    ----------
    status
        ``"starting"``: Numba or the kernels are being prepared; ``"ready"``: nothing was done yet;
        ``"blocked"``: the network cannot run, `reason` says why; ``"busy"``: a long seek or replay.
    reason
        A sentence: why Play is disabled, or where training diverged.
    progress
        0 to 1 while starting or busy.
    detail
        ``"7/22"`` while kernels compile.
    position
        Step, epoch, batch and program counter; None before the engine is ready.
    granularity, speed
        As chosen.
    steps_per_second
        Measured over the last second of play.
    finished
        The run has taken all the steps it was set to take, or a callback stopped it, until Play, Reset or an
        edit lets it go on.
    stopped
        It was a callback: nothing got better any more.
    epochs_planned
        After how many epochs it will have: those of the training settings, and as many again for each
        time Play was pressed at the end. 0 before a run is open.
    runs
        All runs of the project, in the order of their branches.
    reverse
        While playing: backwards.
    by_unit
        Playing goes by what Step does, one `granularity` after the other: where every number is shown.
    """

    status: Status = "starting"
    reason: str = ""
    progress: float = 0.0
    detail: str = ""
    position: Position | None = None
    granularity: Granularity = "instruction"
    speed: Speed = DEFAULT_SPEED
    steps_per_second: float = 0.0
    finished: bool = False
    stopped: bool = False
    epochs_planned: int = 0
    runs: tuple[RunLabel, ...] = ()
    reverse: bool = False
    by_unit: bool = False

    @property
    def walks(self) -> bool:
        """Whether playing forward goes by the chosen granularity."""
        return walks(self.speed, self.granularity, by_unit=self.by_unit, reverse=False)


@dataclass(frozen=True)
class Opened:
    """Another run of the project was opened.

    Attributes
    ----------
    before
        Id of the one that was open.
    work
        What is open now: its network, settings and data.
    """

    before: str
    work: Work


@dataclass(frozen=True)
class SavedState:
    """What a project file holds of a run, and what resumes it.

    Attributes
    ----------
    weights, optimizer
        Arrays by tensor name.
    run
        Everything else, ready for JSON: position, journal, history, seeds.
    others
        Other runs of the project.
    """

    weights: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    optimizer: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))
    run: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    others: tuple[SavedRun, ...] = ()


@dataclass(frozen=True)
class Work:
    """What the engine is asked to run: a network, how to train it, on which data.

    Attributes
    ----------
    data
        Id of the data set.
    parameters
        Its parameters: samples, noise, seed.
    saved
        State to go on from, or None to begin.
    """

    network: Network
    training: Training
    data: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    saved: SavedState | None = None
