"""Two runs side by side: is the comparison fair, where do they part, how far apart are they."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.branching import twin
from core.runs.history import Series

if TYPE_CHECKING:
    from core.model import Model
    from core.runs.run import Run

#: Places in time at which weights are compared, at most and (by replaying) at least.
MOST, LEAST = 256, 17

#: Batches whose samples are looked at, at most.
_BATCHES = 64

Weights = dict[str, np.ndarray]

Found = TypeVar("Found")
#: Yields the share that is done, and has found something at the end.
Pieces = Generator[float, None, Found]


@dataclass(frozen=True, eq=False)
class Distances:
    """How far apart the weights of two runs are.

    Attributes
    ----------
    steps
        After so many steps, (n,).
    total
        The Euclidean distance of all weights that both have, ``√Σ(a − b)²``, (n,).
    relative
        The same over the length of those of the first run, ``√Σ(a − b)² / √Σa²``, (n,).
    tensors
        The distance by name of the weight, each (n,).
    """

    steps: np.ndarray
    total: np.ndarray
    relative: np.ndarray
    tensors: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found. ``print(comparison)`` tells it.

    Attributes
    ----------
    names
        Of both runs.
    first, last
        The steps that both have: after how many the comparison begins and ends.
    same_weights, same_batches
        True if both have the same weights at `first`, and see the same samples in the same order from there on.
    sentences
        What makes the comparison unfair, and why; empty if nothing does.
    differ_from
        After how many steps their weights differ for the first time; None if they never do.
    distances
        Of the weights.
    series
        By name of the metric: of every step of both.
    epochs
        (epoch, metrics of the first run, metrics of the second) of each epoch that both have finished.
    """

    names: tuple[str, str]
    first: int
    last: int
    same_weights: bool
    same_batches: bool
    sentences: tuple[str, ...]
    differ_from: int | None
    distances: Distances
    series: dict[str, tuple[Series, Series]]
    epochs: list[tuple[int, dict[str, float], dict[str, float]]]

    @property
    def fair(self) -> bool:
        """True if both start from the same weights and see the same batches: differences come from the settings."""
        return self.same_weights and self.same_batches

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found of their start, their batches and their weights, a sentence each."""
        lines = []
        if self.fair:
            lines.append("They start from the same weights and see the same batches.")
        lines += self.sentences
        if not self.distances.tensors:
            return tuple(lines)
        if self.differ_from is None:
            lines.append("Their weights are the same, bit for bit.")
        else:
            lines.append(
                f"Their weights differ after step {self.differ_from:,} for the first time."
            )
            total, relative = self.distances.total[-1], self.distances.relative[-1]
            lines.append(
                f"At the end they are {total:.4g} apart ({100 * relative:.3g} % of the first's length)."
            )
        return tuple(lines)

    def __str__(self) -> str:
        lines = [
            f"{self.names[0]} and {self.names[1]}, from step {self.first:,} to step {self.last:,}",
            *self.findings,
        ]
        if self.epochs:
            epoch, one, other = self.epochs[-1]
            told = [f"{k} {one[k]:.4g} and {other[k]:.4g}" for k in one if k in other]
            lines.append(f"After epoch {epoch}: {'; '.join(told)}.")
        return "\n".join(lines)


def compare(
    a: Run | Model, b: Run | Model, *, stop: Callable[[], bool] = lambda: False
) -> Comparison:
    """Compare two runs over the steps that both have. Neither is moved.

    A model that was trained stands for its run, ``model.run``.

    Weights are compared bit by bit: at checkpoints, and for the first difference by replaying what lies between two.
    Data are compared by their content, and the samples of batches by their numbers.

    Parameters
    ----------
    a, b
        The runs.
    stop
        Asked now and then, because long runs take a while; if it says True the comparison ends with an error.

    Raises
    ------
    core.errors.ChainruleError
        They have no step in common, one is no run, or `stop` said so.
    """
    pieces = comparing(a, b)
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            found: Comparison = end.value
            return found
        if stop():
            raise ChainruleError("The comparison was stopped before its end.")


def comparing(a: Run | Model, b: Run | Model) -> Pieces[Comparison]:
    """`compare` in pieces of about 0.05 seconds, each as long as one seek of a run at most.

    What the runs do between two pieces changes nothing: twins of them are compared, over the steps there were at first.

    Yields
    ------
    The share that is done, from 0 to 1.

    Returns
    -------
    Comparison
        The value of the generator.
    """
    a, b = _run_of(a), _run_of(b)
    first = max(a.base, b.base)
    last = min(max(run.history.length, run.step_count) for run in (a, b))
    if first > last:
        raise ChainruleError(
            f"The runs have no step in common: one can be looked at from step {first} on, the other was trained up to "
            f"step {last}."
        )
    # Before the first piece, so that what happens to the runs between two of them is not in it.
    series, epochs = _series(a, b), _epochs(a, b, first)
    one = twin(a, last)
    yield 0.02
    twins = (one, twin(b, last))
    yield 0.04
    last = min(run.step_count for run in twins)
    names = _common(*twins)
    walk = _Walk(twins, names)
    sentences = []
    same_weights = yield from _share(walk.same(first), 0.04, 0.06)
    if not names:
        sentences.append("Their networks differ: no weight exists in both with the same shape.")
    elif not same_weights:
        sentences.append(_about_weights(a, b, first))
    if names and len(names) < max(len(run.program.weights()) for run in twins):
        sentences.append(
            f"Their networks differ: only {len(names)} weights exist in both with the same shape."
        )
    found = yield from _share(_about_batches(a, b, twins, first, last), 0.06, 0.4)
    differ: int | None = first
    if same_weights:
        differ = yield from _share(_first_difference(walk, first, last), 0.4, 0.6)
    distances = yield from _share(_distances(walk, first, last), 0.6, 1.0)
    return Comparison(
        (_named(a), _named(b)), first, last, same_weights, not found,
        (*sentences, *([found] if found else [])), differ, distances, series, epochs,
    )  # fmt: skip


def _share(pieces: Pieces[Found], low: float, high: float) -> Pieces[Found]:
    """Pieces that are the part from `low` to `high` of a whole."""
    while True:
        try:
            done = next(pieces)
        except StopIteration as end:
            found: Found = end.value
            return found
        yield low + (high - low) * done


def _run_of(given: Any) -> Run:
    from core.runs.run import Run

    # A model that was never trained says so itself.
    found = given if isinstance(given, Run) else getattr(given, "run", None)
    if not isinstance(found, Run):
        raise ChainruleError(
            f"compare takes two runs: model.run, or what run.branch(...) gives. {given!r} is neither a run nor a "
            "model that was trained."
        )
    return found


def _named(run: Run) -> str:
    return f"run {run.id}" + (f" ({run.name})" if run.name else "")


# ---- weights ---------------------------------------------------------------------------------------------------


class _Walk:
    """Weights of two runs after any step, from checkpoints or by going there."""

    def __init__(self, twins: tuple[Run, Run], names: list[str]) -> None:
        self.twins, self.names = twins, names

    def at(self, step: int) -> Pieces[tuple[Weights, Weights]]:
        """Views: they hold until the next step is asked for."""
        one, other = self.twins
        mine = yield from _share(self._of(one, step), 0.0, 0.5)
        theirs = yield from _share(self._of(other, step), 0.5, 1.0)
        return mine, theirs

    def same(self, step: int) -> Pieces[bool]:
        """Bit for bit; True of networks with different weights only if they have some in common."""
        one, other = yield from self.at(step)
        return bool(self.names) and all(
            one[name].tobytes() == other[name].tobytes() for name in self.names
        )

    def kept(self, first: int, last: int) -> list[int]:
        """Steps with a checkpoint of both runs, and no change before the step that it would not show."""
        found = set(self.twins[0].checkpoints.steps) & set(self.twins[1].checkpoints.steps)
        changed = {e.step for run in self.twins for e in run.journal.entries}
        return sorted(step for step in found - changed if first <= step <= last)

    def _of(self, run: Run, step: int) -> Pieces[Weights]:
        tensors = run.program.tape.tensors
        kept = run.checkpoints.before(step)
        if kept is not None and kept.step == step and not run.journal.at(step):
            memory = kept.memory
        else:
            yield from _standing(run, step)
            memory = run.program.mem
        return {
            name: memory[tensors[name].at : tensors[name].at + tensors[name].size]
            for name in self.names
        }


def _standing(run: Run, step: int) -> Iterator[float]:
    """Let a run stand after so many steps."""
    if (run.step_count, run.pc) != (step, 0):
        yield from run.seeking(step)


def _common(a: Run, b: Run) -> list[str]:
    mine, theirs = a.program.weights(), b.program.weights()
    return [name for name in mine if name in theirs and mine[name].shape == theirs[name].shape]


def _first_difference(walk: _Walk, first: int, last: int) -> Pieces[int | None]:
    """The first step after which weights differ: between two checkpoints by halves, each replayed once."""
    low = first
    steps = [step for step in (*walk.kept(first, last), last) if step > first]
    for place, step in enumerate(steps):
        here = place / len(steps) / 2
        if not (yield from _share(walk.same(step), here, here)):
            high = step
            break
        low = step
    else:
        return None
    done = 0.5
    while high - low > 1:
        middle = (low + high) // 2
        if (yield from _share(walk.same(middle), done, done)):
            low = middle
        else:
            high = middle
        done += (1.0 - done) / 4
    return high


def _distances(walk: _Walk, first: int, last: int) -> Pieces[Distances]:
    kept = walk.kept(first, last)
    if len(kept) < LEAST:
        kept = np.unique(np.linspace(first, last, LEAST).astype(int)).tolist()
    steps = sorted({first, *kept[:: -(-len(kept) // MOST)], last})
    rows, lengths = [], []
    for place, step in enumerate(steps):
        done = place / len(steps)
        one, other = yield from _share(walk.at(step), done, done + 1 / len(steps))
        wide = [(one[n].astype(np.float64), other[n].astype(np.float64)) for n in walk.names]
        rows.append([float(np.sqrt(((x - y) ** 2).sum())) for x, y in wide])
        lengths.append(float(np.sqrt(sum((x**2).sum() for x, _ in wide))))
    table = np.array(rows).reshape(len(steps), len(walk.names))
    total = np.sqrt((table**2).sum(1))
    relative = total / np.maximum(lengths, np.finfo(float).tiny)
    tensors = {name: table[:, k] for k, name in enumerate(walk.names)}
    return Distances(np.array(steps), total, relative, tensors)


def _about_weights(a: Run, b: Run, first: int) -> str:
    if first == 0 and a.training.seed != b.training.seed:
        return (
            f"They start from other weights (seeds {a.training.seed} and {b.training.seed}), so part of every "
            "difference is chance. Branch one from the other, or give both the same seed."
        )
    return (
        f"They have other weights at step {first:,}, where the comparison begins. Branch one from the other to compare "
        "settings alone."
    )


# ---- batches ---------------------------------------------------------------------------------------------------


def _about_batches(a: Run, b: Run, twins: tuple[Run, Run], first: int, last: int) -> Pieces[str]:
    """The sentence about batches that are not the same; "" if they are."""
    sizes = [int(run.program.state[S.BATCH_SIZE]) for run in twins]
    if sizes[0] != sizes[1]:
        return f"They see other batches: of {sizes[0]} samples and of {sizes[1]}."
    if a.data != b.data:
        counts = [len(run.samples) for run in (a, b)]
        if counts[0] != counts[1]:
            return f"They are trained on other data: {counts[0]:,} samples and {counts[1]:,}."
        place = next(
            (k for k, (one, other) in enumerate(zip(a.data, b.data, strict=False)) if one != other),
            len(a.samples.inputs) + len(a.samples.targets),
        )
        inputs = len(a.samples.inputs)
        what = "inputs" if place < inputs else (
            "targets" if place < inputs + len(a.samples.targets) else "sample weights"
        )  # fmt: skip
        return f"They are trained on other data: the {what} are not the same."
    steps = _looked_at(first, last)
    for place, step in enumerate(steps):
        done = place / len(steps)
        one = yield from _share(_chosen(twins[0], step), done, done)
        other = yield from _share(_chosen(twins[1], step), done, done)
        if not np.array_equal(one, other):
            seeds = [int(run.program.state[S.SEED]) for run in twins]
            why = f" (seeds {seeds[0]} and {seeds[1]})" if seeds[0] != seeds[1] else ""
            return f"They see the samples in another order{why}: the batch of step {step:,} is the first found."
    return ""


def _looked_at(first: int, last: int) -> list[int]:
    """Steps whose batches are looked at: every one of few, else the first ones and some of all the way."""
    if first == last:
        return []
    near = range(first, min(first + _BATCHES // 2, last))
    far = np.linspace(first, last - 1, _BATCHES // 2).astype(int).tolist()
    return sorted({*near, *far})


def _chosen(run: Run, step: int) -> Pieces[np.ndarray]:
    """Numbers of the samples in the batch of a step."""
    yield from _standing(run, step)
    chosen = run.program.tape.chosen
    assert chosen is not None
    run.step("instruction")
    rows = run.program.tensor(chosen.name).copy()
    run.step_back("instruction")
    return rows


# ---- metrics ---------------------------------------------------------------------------------------------------


def _series(a: Run, b: Run) -> dict[str, tuple[Series, Series]]:
    return {
        name: (a.history.series(name), b.history.series(name))
        for name in a.history.names
        if name in b.history.names
    }


def _epochs(a: Run, b: Run, first: int) -> list[tuple[int, dict[str, float], dict[str, float]]]:
    theirs = {epoch.epoch: epoch for epoch in b.history.epochs if epoch.step > first}
    return [
        (epoch.epoch, epoch.metrics, theirs[epoch.epoch].metrics)
        for epoch in a.history.epochs
        if epoch.step > first and epoch.epoch in theirs
    ]
