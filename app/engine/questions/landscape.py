"""Optimizers that race on the learner's network, and slices of its loss. Worker thread.

Neither touches the run: racers are runs of their own, and a slice is measured by a program of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec
import numpy as np

from app.engine.answers import Partial
from app.engine.compiled import compiled_elsewhere
from app.engine.questions import question
from app.engine.slicing import (
    Pace,
    Path,
    gone_of,
    losses_of,
    measured_at,
    paths_over,
    quietly,
    row_of,
    spans_of,
    usual,
    ways_of,
)
from app.snapshots import read_only
from app.text import tr
from core.errors import ChainruleError
from core.landscape.network_race import KEPT, Entrant, NetworkRace, network_race
from core.landscape.planes import principal_plane, random_plane
from core.landscape.slices import Slice, loss_slice

if TYPE_CHECKING:
    from app.engine.session import Session
    from core.runs import Position, Run
    from core.spec import Training

#: Races that are kept for slices through them.
_RACES = 2
#: Bytes from which on a race is kept until the next one only.
_LARGE = 128 * 1024**2


@dataclass(frozen=True, eq=False)
class RaceOnNetwork:
    """A race on the learner's network, as far as it has come.

    Attributes
    ----------
    number
        By which `loss_slice` is asked for a slice that shows its paths.
    position
        Where the run stood when it was asked for.
    start
        ``"drawn"`` or ``"present"``: what all began with.
    samples, held_out
        How many all train on, and how many are measured after each epoch.
    race
        What was measured.
    """

    number: int
    position: Position
    start: str
    samples: int
    held_out: int
    race: NetworkRace


@dataclass(frozen=True, eq=False)
class LossSlice:
    """A slice of the loss of the learner's network, as far as it is known.

    Attributes
    ----------
    position
        Where the run stood when it was asked for.
    directions
        ``"random"`` or ``"principal"``.
    race
        Number of the race whose paths are shown; 0 for the run's own.
    centre
        ``"present"``, ``"mean"``, or the racer whose last weights are in the middle.
    part
        ``"train"`` or ``"validation"``: which samples.
    found
        The loss over the plane; ``found.plane.shares`` are those of the variance that principal components show.
    paths
        Ways over it.
    left_out
        Racers that broke, or went so far that the components would be theirs alone: shown, where they are near.
    weights, learned
        How many numbers the network has, and how many of them learn: of so many directions a slice shows two.
    """

    position: Position
    directions: str
    race: int
    centre: str
    part: str
    found: Slice
    paths: tuple[Path, ...]
    left_out: tuple[str, ...]
    weights: int
    learned: int


_numbers = itertools.count(1)
#: By run: its last races.
_races: WeakKeyDictionary[Any, dict[int, NetworkRace]] = WeakKeyDictionary()


@question("network_race")
def race_on_network(
    session: Session,
    *,
    racers: Sequence[Mapping[str, Any]],
    epochs: int = 5,
    steps: int | None = None,
    start: str = "drawn",
    seed: int | None = None,
    kept: int = KEPT,
) -> Generator[float | Partial, None, RaceOnNetwork]:
    """Let optimizers train the learner's network side by side, from the same weights, on the same batches.

    `racers` are documents ``{"id": "a", "optimizer": {"kind": "Adam", ...}}``. They begin with weights that are
    ``"drawn"`` with the seed of the training settings (or with `seed`), or with those the run has at present.
    """
    run, position = session.run, session.position
    entrants = _entrants(racers)
    if start not in ("drawn", "present"):
        raise ChainruleError(
            tr(
                "A race begins with weights that are drawn or present, not {start}.",
                start=repr(start),
            )
        )
    weights = run.program.weights() if start == "present" else None
    training = _training(session, seed)
    documents = [one.optimizer for one in entrants]
    yield from compiled_elsewhere(run.network, training, run.loss, documents)
    number, kept_races = next(_numbers), _races.setdefault(run, {})
    for old in [k for k, one in kept_races.items() if _bytes(one) > _LARGE]:
        del kept_races[old]
    held = run.validation
    found: RaceOnNetwork | None = None
    for step in network_race(
        run.network, training, entrants, run.plain, held, loss=run.loss, weights=weights,
        epochs=epochs, steps=steps, kept=kept,
    ):  # fmt: skip
        found = RaceOnNetwork(
            number, position, start, len(run.plain), 0 if held is None else len(held), step.result
        )
        # A slice can be asked for before its end.
        kept_races[number] = step.result
        for old in sorted(kept_races)[:-_RACES]:
            del kept_races[old]
        if step.done < step.total:
            yield Partial(step.done / step.total, found)
    assert found is not None
    return found


def _bytes(race: NetworkRace) -> int:
    return sum(lane.weights.nbytes for lane in race.lanes)


def _entrants(racers: Sequence[Mapping[str, Any]]) -> list[Entrant]:
    try:
        return msgspec.convert(list(racers), list[Entrant])
    except (msgspec.ValidationError, TypeError) as error:
        example = '{"id": "a", "optimizer": {"kind": "Adam"}}'
        raise ChainruleError(
            tr("A racer is a document such as {example}; {problem}", example=example, problem=str(error))
        ) from error  # fmt: skip


def _training(session: Session, seed: int | None) -> Training:
    """The settings all train with; of classes the accuracy is measured, too."""
    training = session.run.training
    if seed is not None:
        training = msgspec.structs.replace(training, seed=seed)
    if session.info.classes and len(session.run.network.outputs) == 1:
        names = [str(one) for one in training.metrics]
        if not any("accuracy" in name.lower() for name in names):
            metrics = (*training.metrics, "accuracy")
            training = msgspec.structs.replace(training, metrics=metrics)
    return training


@question("loss_slice")
def slice_of_loss(
    session: Session,
    *,
    directions: str = "random",
    race: int = 0,
    centre: str = "",
    side: int = 41,
    samples: int = 256,
    part: str = "train",
    seed: int = 0,
    x_range: Sequence[float] | None = None,
    y_range: Sequence[float] | None = None,
    heights: bool = True,
) -> Generator[float | Partial, None, LossSlice]:
    """The loss of the learner's network over a plane through its weights, with the ways of the racers of a race.

    Parameters
    ----------
    session
        The engine's.
    directions
        ``"random"``: filter by filter as long as the weights; ``"principal"``: where the paths went most.
    race
        Number of a `RaceOnNetwork`; 0: of the run itself, with the way it has come.
    centre
        ``"present"``, ``"mean"`` (of the paths), or a racer; "" is what fits: the run as it is, the mean of the paths
        of a race for principal components, of random directions the racer with the least loss.
    side
        Points along a side.
    samples, part, seed
        On how many it is measured, of which part of the data; of the draw of these and of random directions.
    x_range, y_range
        From where to where; None: -1 to 1 of random directions, and around the paths of principal components.
    heights
        Whether the loss is measured along the paths as well, when the slice is done.
    """
    if directions not in ("random", "principal"):
        raise ChainruleError(
            tr("A slice has random or principal directions, not {directions}.", directions=repr(directions))
        )  # fmt: skip
    run, position, pace = session.run, session.position, Pace()
    losses = losses_of(run, part, samples, seed)
    layout = losses.layout
    ways = ways_of(run, layout, _raced(run, race) if race else None)
    gone = gone_of(ways)
    near = [one for one in ways if one.id not in gone]
    if not near:
        near, gone = ways, ()
    chosen = centre or usual(directions, race, near)
    row = row_of(run, layout, ways, near, chosen)
    if directions == "random":
        plane = random_plane(layout, row, seed)
    else:
        plane = yield from quietly(
            principal_plane(layout, [one.weights for one in near], row), pace
        )
    paths = yield from paths_over(plane, ways, pace)
    spans = spans_of(directions, [one for one in paths if one.id not in gone], x_range, y_range)
    points = sum(len(one.steps) for one in paths) if heights else 0
    whole = max(side * side + points, 1) if isinstance(side, int) else 1

    def answer(found: Slice) -> LossSlice:
        return LossSlice(
            position, directions, race, chosen, part, found, tuple(paths), gone, layout.size, layout.learned,
        )  # fmt: skip

    found: Slice | None = None
    done = 0
    for step in loss_slice(losses, plane, side=side, x_range=spans[0], y_range=spans[1]):
        found, done = step.result, step.done
        yield Partial(step.done / whole, answer(found))
    assert found is not None
    for k, way in enumerate(ways if heights else ()):
        measured = np.full(len(way.steps), np.nan)
        for place, weights in enumerate(way.weights):
            measured[place] = yield from measured_at(losses, weights, done / whole, pace)
            done += 1
        paths[k] = replace(paths[k], losses=read_only(measured, np.float64))
        yield Partial(done / whole, answer(found))
    return answer(found)


def _raced(run: Run, number: int) -> NetworkRace:
    """The race of this number."""
    found = _races.get(run, {}).get(number)
    if found is None:
        raise ChainruleError(
            tr("That race is not kept any more: the network was changed, or others were raced since. Race again, "
               "then look at the slice.")
        )  # fmt: skip
    return found
