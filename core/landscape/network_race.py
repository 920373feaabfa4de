"""A race of optimizers on a network: the same network, the same first weights, the same batches, one optimizer each.

Every racer is a run of its own (`core.runs.Run`) with the seed of the training settings, so that the order of samples,
and what dropout leaves out, are the same in every step of all of them. What a racer does are the steps of `Model.fit`
with its optimizer, bit for bit. Callbacks of the training settings do not take part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import msgspec
import numpy as np

from core import optimizers
from core.errors import MemoryEstimateError, SettingError
from core.explain.progress import Progress
from core.landscape.planes import Layout
from core.runs.history import Epoch
from core.runs.run import Run
from core.runs.samples import Samples
from core.spec.network import Network
from core.spec.training import Training, check_whole

#: Racers and steps of a race at most.
MOST_RACERS, MOST_STEPS = 24, 100_000
#: How often the weights of a racer are kept on its way, and how often at least: a path needs some points.
KEPT, LEAST_KEPT = 60, 8
#: Bytes that the runs of a race and the weights that are kept may take together.
MEMORY = 1024**3
#: Seconds of work between two pieces of progress.
_PIECE = 0.008


class Entrant(msgspec.Struct, frozen=True):
    """Who takes part.

    Attributes
    ----------
    id
        Of the racer, each its own.
    optimizer
        As a document holds it: ``{"kind": "Adam", "learning_rate": 0.01}``.
    """

    id: str
    optimizer: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Lane:
    """A racer, as far as it has come. Arrays are read-only; what is in them stays as it is.

    Attributes
    ----------
    id, optimizer
        Who it is: the document with all its arguments.
    curves
        What was measured in each step, on its batch before the update, by name, the loss first: (steps so far,).
    epochs
        After each epoch the means over its batches, and ``val_...`` of all held-out samples; the first is before any
        step, and has those alone.
    diverged
        The step (counted from 0) in which a number was no longer finite: the racer stands there. None if none was.
    why
        The sentence about it.
    steps
        (points,): after how many steps its weights were kept, from 0 on.
    weights
        (points, size): the weights then, as `core.landscape.planes.Layout` puts them in a row.
    """

    id: str
    optimizer: dict[str, Any]
    curves: Mapping[str, np.ndarray]
    epochs: tuple[Epoch, ...]
    diverged: int | None
    why: str
    steps: np.ndarray
    weights: np.ndarray

    @property
    def done(self) -> int:
        """Steps so far."""
        return len(self.curves["loss"])


@dataclass(frozen=True, eq=False)
class NetworkRace:
    """A race, as far as it has come.

    Attributes
    ----------
    lanes
        In the order of the entrants.
    steps
        How many each is to take.
    batches, batch_size
        Of an epoch.
    layout
        What the numbers of the weights are.
    """

    lanes: tuple[Lane, ...]
    steps: int
    batches: int
    batch_size: int
    layout: Layout


@dataclass
class _Racer:
    """A racer at work."""

    id: str
    optimizer: dict[str, Any]
    run: Run
    names: tuple[str, ...]
    values: np.ndarray
    steps: np.ndarray
    weights: np.ndarray
    views: tuple[tuple[np.ndarray, int, int], ...]
    done: int = 0
    kept: int = 0
    diverged: int | None = None
    why: str = ""
    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 1e-3

    def advance(self, to: int) -> None:
        """Go on to a step, or as far as fits into a piece."""
        count = min(to - self.done, max(1, int(_PIECE / max(self.seconds, 1e-7))))
        began, first = perf_counter(), self.done
        self.run.advance(count)
        self._look()
        if self.done > first:
            self.seconds = 0.5 * (self.seconds + (perf_counter() - began) / (self.done - first))

    def _look(self) -> None:
        found = self.run.history.since(self.done)
        end = min(self.done + len(found), self.run.step_count)
        self.values[self.done : end] = found[: end - self.done]
        self.done = end
        if self.run.divergence is not None:
            # It may have broken before the loss told of it.
            self.diverged, self.why = self.run.step_count, self.run.divergence.in_code

    def keep(self) -> None:
        """Keep the weights as they are."""
        for view, start, stop in self.views:
            self.weights[self.kept, start:stop] = view
        self.steps[self.kept] = self.done
        self.kept += 1

    def lane(self) -> Lane:
        # Views of what is there; what comes later is written behind them.
        curves = {name: _seen(self.values[: self.done, k]) for k, name in enumerate(self.names)}
        return Lane(
            self.id, dict(self.optimizer), curves, tuple(self.epochs), self.diverged, self.why,
            _seen(self.steps[: self.kept]), _seen(self.weights[: self.kept]),
        )  # fmt: skip

    def before(self, entrant: str, optimizer: dict[str, Any]) -> Lane:
        """The lane of another one, who is not ready yet."""
        nothing = {name: _seen(self.values[:0, k]) for k, name in enumerate(self.names)}
        steps, weights = _seen(self.steps[:0]), _seen(self.weights[:0])
        return Lane(entrant, dict(optimizer), nothing, (), None, "", steps, weights)


def _seen(values: np.ndarray) -> np.ndarray:
    view = values.view()
    view.flags.writeable = False
    return view


def network_race(
    network: Network,
    training: Training,
    entrants: Sequence[Entrant],
    samples: Samples,
    validation: Samples | None = None,
    *,
    loss: Any = None,
    weights: Mapping[str, np.ndarray] | None = None,
    epochs: int = 5,
    steps: int | None = None,
    kept: int = KEPT,
) -> Iterator[Progress[NetworkRace]]:
    """Let optimizers train the same network, step by step side by side.

    Parameters
    ----------
    network, training
        The documents. The optimizer in the second is nobody's; everything else of it is everybody's.
    entrants
        Who takes part.
    samples, validation
        What all train on, and what is measured after each epoch.
    loss
        A loss, or a list of one for each output, instead of the one named in `training`.
    weights
        By name, to begin with; by default those drawn with the seed of `training`.
    epochs, steps
        How long: passes over the samples, or updates if they are given.
    kept
        How often weights are kept on the way, besides the first ones; fewer times if there is no memory for as many.

    Raises
    ------
    core.errors.ChainruleError
        There is nobody to race, or a racer has a wrong optimizer.
    core.errors.MemoryEstimateError
        It would take more memory than `MEMORY`.
    """
    known = _checked(entrants)
    racers: list[_Racer] = []
    total = batches = 0
    size = min(training.batch_size, len(samples))

    def so_far() -> Progress[NetworkRace]:
        lanes = [one.lane() for one in racers]
        for entrant, document in list(zip(entrants, known, strict=True))[len(lanes) :]:
            lanes.append(racers[0].before(entrant.id, document))
        done = sum(total if one.diverged is not None else one.done for one in racers)
        return Progress(
            done, total * len(known), NetworkRace(tuple(lanes), total, batches, size, layout)
        )

    for entrant, document in zip(entrants, known, strict=True):
        run = Run(
            network, msgspec.structs.replace(training, optimizer=document, callbacks=()),
            samples=samples, validation=validation, loss=loss, budget=0,
        )  # fmt: skip
        # Nobody goes back in a race but to where numbers broke.
        run.keeps_starts = False
        run.start_from(dict(weights) if weights is not None else run.program.weights())
        if not racers:
            batches = run.batches
            total = _length(steps, epochs, batches)
            layout = Layout(run.program.tape)
            kept = _affordable(run, layout, len(known), min(check_whole("kept", kept, 1), total))
        racers.append(
            _Racer(
                entrant.id, document, run, run.history.names, np.empty((total, len(run.history.names))),
                np.zeros(kept + 1, np.int64), np.empty((kept + 1, layout.size), np.float32),
                layout.views(run.program),
            )
        )  # fmt: skip
        racers[-1].keep()
        yield so_far()
    if validation is not None:
        # They begin with the same weights, and so with the same numbers.
        held = yield from _measured(racers[0].run, so_far)
        for one in racers:
            one.epochs.append(Epoch(0, 0, {f"val_{key}": value for key, value in held.items()}))
    yield from _raced(racers, total, batches, kept, so_far)
    yield so_far()


def _raced(
    racers: list[_Racer], total: int, batches: int, kept: int, so_far: Any
) -> Iterator[Progress[NetworkRace]]:
    """All of them from stop to stop: where weights are kept, where an epoch ends."""
    # Evenly, the last one at the end.
    keeps = {round(total * (k + 1) / kept) for k in range(kept)}
    done = 0
    while done < total and any(one.diverged is None for one in racers):
        slowest = max(one.seconds for one in racers if one.diverged is None)
        ends = min(s for s in (*keeps, done + batches - done % batches, total) if s > done)
        goal = min(ends, done + max(1, int(_PIECE / max(slowest, 1e-7))))
        for one in racers:
            while one.diverged is None and one.done < goal:
                one.advance(goal)
                yield so_far()
        done = goal
        for one in racers:
            if one.diverged is not None:
                continue
            if done % batches == 0:
                held = None
                if one.run.validation is not None:
                    held = yield from _measured(one.run, so_far)
                one.epochs.append(one.run.note_epoch(held))
            if done in keeps:
                one.keep()


def _measured(run: Run, so_far: Any) -> Generator[Progress[NetworkRace], None, dict[str, float]]:
    """Metrics of the held-out samples."""
    found: dict[str, float] = {}
    told = perf_counter()
    for so_many in run.iter_evaluation(chunk=1):
        found = so_many
        if perf_counter() - told >= _PIECE:
            yield so_far()
            told = perf_counter()
    return found


def _checked(entrants: Sequence[Entrant]) -> list[dict[str, Any]]:
    """The optimizers' documents with all their arguments."""
    if not 1 <= len(entrants) <= MOST_RACERS:
        raise SettingError(
            f"A race has 1 to {MOST_RACERS} racers; {len(entrants)} are given.", "racers"
        )
    ids = [one.id for one in entrants]
    twice = next((one for k, one in enumerate(ids) if one in ids[:k]), None)
    if twice is not None:
        raise SettingError(f"Two racers have the id {twice!r}; each needs its own.", "racers")
    return [optimizers.get(dict(one.optimizer)).to_config() for one in entrants]


def _length(steps: int | None, epochs: int, batches: int) -> int:
    if steps is None:
        total = check_whole("epochs", epochs, 1) * batches
        asked = f"{epochs:,} epochs are {total:,}"
    else:
        total = check_whole("steps", steps, 1)
        asked = f"{total:,} are asked for"
    if total > MOST_STEPS:
        raise SettingError(
            f"A race goes over at most {MOST_STEPS:,} steps; {asked}. Let it be shorter, or the batches larger.",
            "epochs" if steps is None else "steps",
        )
    return total


def _affordable(run: Run, layout: Layout, racers: int, kept: int) -> int:
    """How often weights can be kept, where the other racers are as large as the first."""
    # The arena, and copies of the state: the first one, the last one, and one in between.
    each = run.program.mem.nbytes + 3 * run.program.plan.state * run.program.dtype.itemsize
    row = racers * layout.size * 4
    affordable = (MEMORY - racers * each) // max(row, 1) - 1
    least = min(kept, LEAST_KEPT)
    if affordable < least:
        needed = racers * each + (least + 1) * row
        raise MemoryEstimateError(
            f"This race would need about {needed / 1024**3:.1f} GB of memory: {racers} "
            f"{'networks' if racers > 1 else 'network'} of {layout.size:,} weights, and these at {least + 1} moments; "
            f"{MEMORY / 1024**3:.0f} GB is the limit. Let fewer optimizers race, make the batches smaller, or choose a "
            "smaller network."
        )
    return int(min(kept, affordable))
