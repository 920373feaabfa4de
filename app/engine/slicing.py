"""Where a slice of a network's loss lies: ways weights have gone, and the plane they are seen on. Worker thread."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from app.engine.looking import held_out
from app.snapshots import read_only
from app.text import tr
from core import checked
from core.errors import ChainruleError
from core.landscape.network_race import KEPT, NetworkRace
from core.landscape.planes import Layout, Plane, mean_of
from core.landscape.slices import Losses, some

if TYPE_CHECKING:
    from core.runs import Run

#: The path of the learner's own run, among those of racers.
OWN = "run"
#: Samples a slice is measured on at most.
MOST_SAMPLES = 10_000
#: What is seen around paths, as a share of their extent, on each side.
_MARGIN = 0.15
#: Seconds of work between two turns of the worker.
_PIECE = 0.01
#: Bytes of the run's own weights that are looked at.
_OWN_BYTES = 256 * 1024**2
#: Racers that went so many times as far as most do not decide where the plane lies.
_FAR = 10.0


@dataclass(frozen=True, eq=False)
class Path:
    """The way of a racer over a slice. Points are the moments at which its weights were kept.

    Attributes
    ----------
    id
        Of the racer; `OWN` is the learner's run.
    steps
        (points,)
    places
        (points, 2): the nearest points of the plane. A racer that broke has fewer points.
    distances
        (points,): how far the weights are from the plane, which the slice does not show.
    lengths
        (points,): how far they are from its centre.
    losses
        (points,): the loss with the weights as they are, on the samples of the slice, and not with those of the
        plane below them. NaN where it is not measured yet, or not a number.
    """

    id: str
    steps: np.ndarray
    places: np.ndarray
    distances: np.ndarray
    lengths: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True, eq=False)
class Way:
    """Weights of a racer on its way: (points, size), after so many steps each; NaN is the loss of one that broke."""

    id: str
    steps: np.ndarray
    weights: np.ndarray
    loss: float


def losses_of(run: Run, part: str, samples: int, seed: int) -> Losses:
    """The loss as a function of the weights, on some of the samples."""
    if part not in ("train", "validation"):
        raise ChainruleError(
            tr("The samples of a slice are those of train or validation, not {part}.", part=repr(part))
        )  # fmt: skip
    count = checked.whole(samples, 1)
    if count is None or count > MOST_SAMPLES:
        raise ChainruleError(
            tr("A slice is measured on 1 to {most} samples, not {count}.", most=MOST_SAMPLES, count=repr(samples))
        )  # fmt: skip
    chosen = run.samples if part == "train" else held_out(run)
    batch = run.program.capacity if run.program.states() else 1
    return Losses.of_run(run, some(chosen, count, seed, batch))


def ways_of(run: Run, layout: Layout, race: NetworkRace | None) -> list[Way]:
    """Those of a race; without one the way the run has come, as far as it is kept."""
    if race is not None:
        return [
            Way(one.id, one.steps, one.weights,
                 np.nan if one.diverged is not None or not one.done
                 else float(one.curves["loss"][-race.batches :].mean()))
            for one in race.lanes
            if len(one.steps)
        ]  # fmt: skip
    steps = [step for step in run.checkpoints.steps if step < run.step_count]
    count = int(min(KEPT, max(2, _OWN_BYTES // (4 * max(layout.size, 1)))))
    chosen = sorted(
        {steps[k] for k in np.linspace(0, len(steps) - 1, count).astype(int)} if steps else ()
    )
    rows = [
        layout.of_memory(run.program.tape, kept.memory)
        for kept in map(run.checkpoints.before, chosen)
        if kept is not None
    ]
    rows.append(layout.flat(run.program.weights()))
    return [Way(OWN, np.array([*chosen, run.step_count]), np.stack(rows), 0.0)]


def gone_of(ways: list[Way]) -> tuple[str, ...]:
    """Who broke, or went far further than most."""
    far = {}
    for one in ways:
        if np.isfinite(one.loss):
            moved = one.weights[-1].astype(np.float64) - one.weights[0]
            far[one.id] = float(np.sqrt(np.einsum("n,n->", moved, moved)))
    usual = float(np.median(list(far.values()))) if far else 0.0
    return tuple(
        one.id for one in ways if one.id not in far or (usual > 0 and far[one.id] > _FAR * usual)
    )


def usual(directions: str, race: int, near: list[Way]) -> str:
    """What is in the middle where nobody says it."""
    if not race:
        return "present"
    if directions == "principal":
        return "mean"
    return min(near, key=lambda one: one.loss if np.isfinite(one.loss) else np.inf).id


def row_of(run: Run, layout: Layout, ways: list[Way], near: list[Way], centre: str) -> np.ndarray:
    """The weights in the middle."""
    if centre == "present":
        return layout.flat(run.program.weights())
    if centre == "mean":
        return mean_of([one.weights for one in near])
    for one in ways:
        if one.id == centre:
            return one.weights[-1]
    known = ", ".join(("present", "mean", *(one.id for one in ways)))
    raise ChainruleError(
        tr("The middle of a slice is one of {known}, not {centre}.", known=known, centre=repr(centre))
    )  # fmt: skip


class Pace:
    """When it is time to let others have their turn: each turn of the worker costs more than small pieces do."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def due(self) -> bool:
        """Whether enough was done since this was last true."""
        now = perf_counter()
        if now - self._last < _PIECE:
            return False
        self._last = now
        return True


def quietly(made: Generator[float, None, Plane], pace: Pace) -> Generator[float, None, Plane]:
    """Done in pieces of which no progress is told: what takes long comes after it."""
    while True:
        try:
            next(made)
        except StopIteration as end:
            found: Plane = end.value
            return found
        if pace.due():
            yield 0.0


def paths_over(plane: Plane, ways: list[Way], pace: Pace) -> Generator[float, None, list[Path]]:
    """What the plane sees of the ways."""
    found = []
    for one in ways:
        shadows = []
        for k in range(len(one.steps)):
            shadows.append(plane.project(one.weights[k : k + 1]))
            if pace.due():
                yield 0.0
        places, distances, lengths = (
            read_only(np.concatenate([getattr(s, name) for s in shadows]), np.float64)
            for name in ("places", "distances", "lengths")
        )
        unknown = read_only(np.full(len(one.steps), np.nan), np.float64)
        found.append(
            Path(one.id, read_only(one.steps, np.int64), places, distances, lengths, unknown)
        )
    return found


def spans_of(
    directions: str, paths: list[Path], x_range: Sequence[float] | None, y_range: Sequence[float] | None
) -> list[tuple[float, float]]:  # fmt: skip
    """From where to where a slice goes."""
    places = np.concatenate([one.places for one in paths])
    places = places[np.isfinite(places).all(1)]
    sizes = np.ptp(places, axis=0) if len(places) else np.zeros(2)
    found = []
    for axis, given in enumerate((x_range, y_range)):
        if given is not None:
            found.append(_range(given))
        elif directions == "random" or not sizes.any():
            found.append((-1.0, 1.0))
        else:
            # Where nothing moves along the second direction, as far as along the first.
            size = sizes[axis] if sizes[axis] > 1e-6 * sizes.max() else sizes.max()
            middle = 0.5 * (places[:, axis].min() + places[:, axis].max())
            half = float((0.5 + _MARGIN) * size)
            found.append((float(middle) - half, float(middle) + half))
    return found


def _range(given: Sequence[float]) -> tuple[float, float]:
    ends = [checked.finite(one) for one in given] if isinstance(given, (list, tuple)) else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
        raise ChainruleError(
            tr("A slice goes from a smaller number to a larger one, such as [-1, 1]; it is {given}.", given=repr(given))
        )  # fmt: skip
    return ends[0], ends[1]


def measured_at(
    losses: Losses, weights: np.ndarray, share: float, pace: Pace
) -> Generator[float, None, float]:
    """The loss of weights (size,), in pieces that tell the share that was done before."""
    pieces = losses.measuring(weights)
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return float(end.value)
        if pace.due():
            yield share
