"""Two runs side by side: is the comparison fair, where do they part, how far apart are they."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    a, b = _run_of(a), _run_of(b)
    first = max(a.base, b.base)
    last = min(max(run.history.length, run.step_count) for run in (a, b))
    if first > last:
        raise ChainruleError(
            f"The runs have no step in common: one can be looked at from step {first} on, the other was trained up to "
            f"step {last}."
        )
    twins = (twin(a, last), twin(b, last))
    last = min(run.step_count for run in twins)
    names = _common(*twins)
    walk = _Walk(twins, names, stop)
    sentences = []
    same_weights = walk.same(first)
    if not same_weights:
        sentences.append(_about_weights(a, b, first))
    if len(names) < max(len(run.program.weights()) for run in twins):
        sentences.append(
            f"Their networks differ: only {len(names)} weights exist in both with the same shape."
        )
    found = _about_batches(a, b, twins, first, last, stop)
    return Comparison(
        (_named(a), _named(b)), first, last, same_weights, not found,
        (*sentences, *([found] if found else [])),
        _first_difference(walk, first, last) if same_weights else first,
        _distances(walk, first, last), _series(a, b), _epochs(a, b, first),
    )  # fmt: skip


def _go_on(stop: Callable[[], bool]) -> None:
    if stop():
        raise ChainruleError("The comparison was stopped before its end.")


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

    def __init__(self, twins: tuple[Run, Run], names: list[str], stop: Callable[[], bool]) -> None:
        self.twins, self.names, self.stop = twins, names, stop

    def at(self, step: int) -> tuple[Weights, Weights]:
        """Views: they hold until the next step is asked for."""
        _go_on(self.stop)
        one, other = (self._of(run, step) for run in self.twins)
        return one, other

    def same(self, step: int) -> bool:
        """Bit for bit."""
        one, other = self.at(step)
        return all(one[name].tobytes() == other[name].tobytes() for name in self.names)

    def kept(self, first: int, last: int) -> list[int]:
        """Steps with a checkpoint of both runs, and no change before the step that it would not show."""
        found = set(self.twins[0].checkpoints.steps) & set(self.twins[1].checkpoints.steps)
        changed = {e.step for run in self.twins for e in run.journal.entries}
        return sorted(step for step in found - changed if first <= step <= last)

    def _of(self, run: Run, step: int) -> Weights:
        tensors = run.program.tape.tensors
        kept = run.checkpoints.before(step)
        if kept is not None and kept.step == step and not run.journal.at(step):
            memory = kept.memory
        else:
            if (run.step_count, run.pc) != (step, 0):
                run.seek(step)
            memory = run.program.mem
        return {
            name: memory[tensors[name].at : tensors[name].at + tensors[name].size]
            for name in self.names
        }


def _common(a: Run, b: Run) -> list[str]:
    mine, theirs = a.program.weights(), b.program.weights()
    return [name for name in mine if name in theirs and mine[name].shape == theirs[name].shape]


def _first_difference(walk: _Walk, first: int, last: int) -> int | None:
    """The first step after which weights differ: between two checkpoints by halves, each replayed once."""
    low = first
    for step in [*walk.kept(first, last), last]:
        if step > low and not walk.same(step):
            high = step
            break
        low = max(low, step)
    else:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if walk.same(middle):
            low = middle
        else:
            high = middle
    return high


def _distances(walk: _Walk, first: int, last: int) -> Distances:
    kept = walk.kept(first, last)
    if len(kept) < LEAST:
        kept = np.unique(np.linspace(first, last, LEAST).astype(int)).tolist()
    steps = sorted({first, *kept[:: -(-len(kept) // MOST)], last})
    rows, lengths = [], []
    for step in steps:
        one, other = walk.at(step)
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


def _about_batches(
    a: Run, b: Run, twins: tuple[Run, Run], first: int, last: int, stop: Callable[[], bool]
) -> str:
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
    for step in _looked_at(twins, first, last):
        _go_on(stop)
        one, other = (_chosen(run, step) for run in twins)
        if not np.array_equal(one, other):
            seeds = [int(run.program.state[S.SEED]) for run in twins]
            why = f" (seeds {seeds[0]} and {seeds[1]})" if seeds[0] != seeds[1] else ""
            return f"They see the samples in another order{why}: the batch of step {step:,} is the first found."
    return ""


def _looked_at(twins: tuple[Run, Run], first: int, last: int) -> Iterator[int]:
    """Steps whose batches are looked at: every one of few, else the first ones and some of all the way."""
    if first == last:
        return
    near = range(first, min(first + _BATCHES // 2, last))
    far = np.linspace(first, last - 1, _BATCHES // 2).astype(int).tolist()
    yield from sorted({*near, *far})


def _chosen(run: Run, step: int) -> np.ndarray:
    """Numbers of the samples in the batch of a step."""
    if (run.step_count, run.pc) != (step, 0):
        run.seek(step)
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
