"""One weight's story: what it was, its gradient and how far it moved, in every step of a run."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from core.errors import ChainruleError
from core.naming import unknown
from core.runs.branching import twin
from core.runs.checkpoints import Checkpoints

if TYPE_CHECKING:
    from core.ops.base import Cell
    from core.runs.run import Run
    from core.tape.program import Program

#: Steps told at most: of a longer run the last ones.
MOST = 1_000_000
#: Seconds a piece takes about, and bytes it copies at most.
_PIECE, _BYTES = 0.04, 8 * 1024**2


@dataclass(frozen=True, eq=False)
class Story:
    """Steps of one weight that follow each other.

    Attributes
    ----------
    weight, cell
        Which one: the tensor, and the index in it.
    first
        The first step told, by how many were done before it.
    before, after
        The weight as each step found it and as it left it, (steps,) float64 of the float32 numbers.
    gradient
        What the loss says, (steps,): the sum over the batch, before clipping.
    used
        What the optimizer was given, (steps,): the same unless gradients are clipped.
    past
        Names what happened before and while: equal for equal steps (`past`).
    """

    weight: str
    cell: tuple[int, ...]
    first: int
    before: np.ndarray
    after: np.ndarray
    gradient: np.ndarray
    used: np.ndarray
    past: str = ""

    def __len__(self) -> int:
        return len(self.after)

    @property
    def last(self) -> int:
        """Steps done after the last one told."""
        return self.first + len(self)

    @property
    def update(self) -> np.ndarray:
        """How far each step moved the weight, (steps,)."""
        return np.asarray(self.after - self.before)

    @property
    def edited(self) -> np.ndarray:
        """The steps before which something else than an update changed the weight: by hand, or by a callback."""
        jumped = np.flatnonzero(self.before[1:] != self.after[:-1]) + 1
        return np.asarray(self.first + jumped)

    def until(self, last: int) -> Story:
        """Return the steps before `last` only."""
        count = max(0, min(len(self), last - self.first))
        return replace(
            self, before=self.before[:count], after=self.after[:count],
            gradient=self.gradient[:count], used=self.used[:count], past="",
        )  # fmt: skip

    def then(self, other: Story) -> Story:
        """Return both as one, where the other goes on from the end of this; of too many steps the last."""

        def both(name: str) -> np.ndarray:
            return np.concatenate([getattr(self, name), getattr(other, name)])[-MOST:]

        after = both("after")
        return Story(
            self.weight, self.cell, other.last - len(after), both("before"), after, both("gradient"), both("used"),
            other.past,
        )  # fmt: skip


def past(run: Run, until: int) -> str:
    """A name for everything that decides what the steps before `until` computed."""
    entries = [e for e in run.journal.entries if e.step < until]
    told = repr((run.base, run.data, run.training.seed, entries)).encode()
    return f"{run.id}-{until}-{crc32(told):08x}"


class Teller:
    """Tells the stories of a run's weights by replaying its steps in a run of its own, which goes on where it ended.

    Parameters
    ----------
    run
        Read, never moved.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._own: Run | None = None
        self._past = ""

    @property
    def nbytes(self) -> int:
        """Memory the run of its own takes."""
        return 0 if self._own is None else int(self._own.program.mem.nbytes)

    def tell(
        self, weight: str, cell: Cell, first: int | None = None
    ) -> Generator[float, None, Story]:
        """The steps from `first` (by default the first there is) to the last there has been, in short pieces.

        Yields
        ------
        The share that is done, from 0 to 1.

        Returns
        -------
        Story
            Whole steps only; it ends early where numbers broke.

        Raises
        ------
        core.errors.ChainruleError
            There is no such weight, or nothing trains it.
        """
        run = self.run
        gradient, used = gradients_of(run.program, weight)
        shape = run.program.tape.tensors[weight].shape
        cell = tuple(int(k) for k in cell)
        if len(cell) != len(shape) or any(
            not 0 <= k < n for k, n in zip(cell, shape, strict=False)
        ):
            raise ChainruleError(f"{weight} has shape {shape}; there is no cell {cell} in it.")
        last = max(run.history.length, run.step_count)
        first = max(run.base, last - MOST, run.base if first is None else first)
        names = [weight, *dict.fromkeys((gradient, used))]
        parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
        found: list[np.ndarray] = []
        own = self._at(first, last)
        yield 0.0
        pieces = _Pieces(own, names)
        while own.step_count < last and own.divergence is None:
            begin = np.array([own.program.tensor(weight)[cell]], np.float32)
            read = pieces.read(last - own.step_count)
            if not len(read.steps) or read.stopped is not None:
                break
            for name in names:
                parts[name].append(np.array(read[name][(slice(None), *cell)], np.float64))
            found.append(np.concatenate([begin, parts[weight][-1][:-1]]))
            yield (own.step_count - first) / max(last - first, 1)
        self._past = past(run, own.step_count)

        def whole(name: str) -> np.ndarray:
            values = np.concatenate(parts[name]) if parts[name] else np.zeros(0)
            values.flags.writeable = False
            return values

        before = np.concatenate(found) if found else np.zeros(0)
        before.flags.writeable = False
        return Story(
            weight, cell, first, before, whole(weight), whole(gradient), whole(used), past=self._past
        )  # fmt: skip

    def _at(self, first: int, last: int) -> Run:
        """A run of its own that stands after `first` steps and has the journal up to `last`."""
        run, own = self.run, self._own
        goes_on = (
            own is not None
            and own.divergence is None
            and (own.step_count, own.pc) == (first, 0)
            and self._past == past(run, first)
            and not run.journal.at(first)
        )
        if own is None or not goes_on:
            own = self._own = twin(run, first)
            # It only goes forward: nothing is kept but where it begins.
            own.checkpoints = Checkpoints(0)
            own.checkpoints.add(own.here())
            own.keeps_starts = False
        own.journal = run.journal.copy(last)
        return own


class _Pieces:
    """Reads some steps at a time, as many as take about `_PIECE` seconds, none across a change by the journal."""

    def __init__(self, run: Run, names: list[str]) -> None:
        self._run, self._names = run, names
        tensors = run.program.tape.tensors
        size = run.program.dtype.itemsize * sum(tensors[name].size for name in names)
        self._most = max(1, _BYTES // max(size, 1))
        self._steps = 1

    def read(self, left: int) -> Any:
        run = self._run
        change = run.journal.next_after(run.step_count)
        until = left if change is None else min(left, change - run.step_count)
        began = time.perf_counter()
        count = min(self._steps, self._most, until)
        found = run.read(count, of=self._names)
        taken = time.perf_counter() - began
        if taken < _PIECE / 2 and count == self._steps:
            self._steps *= 2
        elif taken > 2 * _PIECE:
            self._steps = max(1, self._steps // 2)
        return found


def gradients_of(program: Program, weight: str) -> tuple[str, str]:
    """The tensors with a weight's gradient as the loss gives it, and as its update reads it.

    Raises
    ------
    core.errors.ChainruleError
        There is no such weight, or nothing trains it.
    """
    updates = {
        ins.inputs["w"].name: ins.inputs["g"].name
        for ins in program.tape.instructions
        if ins.phase == "update" and "w" in ins.inputs and "g" in ins.inputs
    }
    if weight not in updates:
        if weight in program.weights():
            raise ChainruleError(f"{weight} is not trained: it stays as it is.")
        raise ChainruleError(unknown("weight that is trained", weight, list(updates)))
    used = updates[weight]
    plain = f"grad/{weight}"
    return (plain if plain in program.tape.tensors else used), used
