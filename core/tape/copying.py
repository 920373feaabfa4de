"""A program's tape with copies of what it writes: two more instructions behind the last one of each step.

What is written in a step is written once (but for moving statistics of a layer that is called several times: the last
of them is copied), so that at its end everything is there. The copies are instructions, so that steps are run as they
always are, by two threads if there is enough to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.kernels import machine
from core.kernels import reading as kernel
from core.tape.sharing import AS_IT_STANDS, Sharing, share
from core.tape.team import Longer, Team
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.program import Program

#: Stretches of the arena with fewer elements between them are copied as one.
_NEAR = 256
#: Rows of copies begin at multiples of this many elements.
_ALIGN = 16


class Copying:
    """Copies of some tensors of a program: one row of numbers a step.

    Parameters
    ----------
    program
        Bound.
    tensors
        What is copied, by name; of batches only `rows`.

    Attributes
    ----------
    stride
        Elements of a row.
    places
        By name: which of `tensors` it is.
    """

    def __init__(self, program: Program, tensors: Mapping[str, Tensor], rows: range) -> None:
        self.tensors, self.rows = tuple(tensors.values()), rows
        self.places = {name: k for k, name in enumerate(tensors)}
        stretches, top = _stretches(self.tensors, rows)
        self._item = program.dtype
        item = program.dtype.itemsize
        self._layout = [
            (_place(stretches, _first(t, rows)) * item, *_lay(t, len(rows), item))
            for t in self.tensors
        ]
        # The last element tells the samples of the batch.
        self.stride = -(-(top + 1) // _ALIGN) * _ALIGN
        halves = _halves(stretches)
        width = max([program.ints.shape[1], *(kernel.STRETCHES + half.size for half in halves)])
        count, copies = len(program._kernels), len(halves)
        ints = np.zeros((count + copies, width), np.int64)
        ints[:count, : program._whole_ints.shape[1]] = program._whole_ints
        self._own = ints[count:]
        for k, half in enumerate(halves):
            told = self.stride - 1 if k == 0 else -1
            self._own[k, kernel.STRIDE : kernel.STRETCHES] = self.stride, told, len(half)
            self._own[k, kernel.STRETCHES : kernel.STRETCHES + half.size] = half.ravel()
        number = program._table.number("reading.copy_out")
        address = program._table.addresses(np.array([number] * copies))
        reals = np.zeros((count + copies, program.reals.shape[1]))
        reals[:count] = program.reals
        team = program.team()
        self._tape = Longer(
            np.concatenate([program._kernels, address]), ints, reals,
            np.concatenate([program._full_order, np.arange(count, count + copies)]),
            _with_copies(share([], 1) if team is None else team.sharing, count, copies),
        )  # fmt: skip
        self._team = None if team is None else Team(program, 0, team.work, tape=self._tape)

    def run_steps(
        self, program: Program, steps: int, record: np.ndarray, store: np.ndarray, first: int
    ) -> int:
        """As `Program.run_steps`; step `first` is copied to the first row of `store`, and so on.

        `store` has a row for every step that is run from there to the last of these.
        """
        self._own[:, kernel.ADDRESS], self._own[:, kernel.FROM_STEP] = store.ctypes.data, first
        if self._team is not None:
            return self._team.run_steps(program, steps, record)
        tape = self._tape
        return int(
            machine.run_steps(
                tape.kernels, tape.ints, tape.reals, program.mem, program.state, tape.order, tape.order,
                program.control, program.watch, record, steps,
            )
        )  # fmt: skip

    def view(self, store: np.ndarray, k: int) -> np.ndarray:
        """Tensor `k` in all rows of `store`: (steps, rows of the batch, *shape*), or (steps, *shape*)."""
        start, shape, strides = self._layout[k]
        return np.ndarray(
            (len(store), *shape), store.dtype, store, start, (store.strides[0], *strides)
        )

    @cached_property
    def record(self) -> np.dtype[Any]:
        """The row of a step as a structure of those tensors whose numbers follow each other, by name.

        NumPy finds a field of a structure five times as fast as it makes a view.
        """
        packed = [
            k for k, t in enumerate(self.tensors) if t.size and (not t.batch or t.row == t.size)
        ]
        names, item = list(self.places), self._item
        return np.dtype(
            {
                "names": [names[k] for k in packed],
                "formats": [(item, self._layout[k][1]) for k in packed],
                "offsets": [self._layout[k][0] for k in packed],
                "itemsize": self.stride * item.itemsize,
            }
        )


def _lay(t: Tensor, rows: int, item: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and strides in bytes of a tensor in the row of a step."""
    inner = [item]
    for n in reversed(t.shape[1:]):
        inner.insert(0, inner[0] * n)
    shape, strides = t.shape, tuple(inner if t.shape else ())
    return ((rows, *shape), (t.row * item, *strides)) if t.batch else (shape, strides)


def _first(t: Tensor, rows: range) -> int:
    return t.at + rows.start * t.row


def _stretches(tensors: Sequence[Tensor], rows: range) -> tuple[np.ndarray, int]:
    """(stretches, 3): first element in the arena, place in the row of a step, length; and where the last one ends."""
    ends = sorted(
        (_first(t, rows), _first(t, rows) + (len(rows) - 1) * t.row * t.batch + t.size)
        for t in tensors
    )
    merged: list[list[int]] = []
    for first, last in ends:
        if merged and first - merged[-1][1] < _NEAR:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    found, top = [], 0
    for first, last in merged:
        found.append((first, top, last - first))
        top += last - first
    return np.array(found, np.int64).reshape(-1, 3), top


def _place(stretches: np.ndarray, first: int) -> int:
    """Where in the row of a step an element of the arena goes."""
    k = int(np.searchsorted(stretches[:, 0], first, side="right")) - 1
    return int(stretches[k, 1] + first - stretches[k, 0])


def _halves(stretches: np.ndarray) -> list[np.ndarray]:
    """The stretches as two lists of about as many elements, so that each of two threads may copy one."""
    total = int(stretches[:, 2].sum())
    cut = total // 2 // _ALIGN * _ALIGN
    halves: list[list[tuple[int, int, int]]] = [[], []]
    for first, to, size in stretches.tolist():
        before = min(max(cut - to, 0), size)
        if before:
            halves[0].append((first, to, before))
        if size - before:
            halves[1].append((first + before, to + before, size - before))
    return [np.array(half, np.int64).reshape(-1, 3) for half in halves]


def _with_copies(sharing: Sharing, count: int, copies: int) -> Sharing:
    """A sharing among `count` instructions, with a region behind the others in which each part copies."""
    tasks = sharing.tasks.copy()
    # Rows of integers that are no instruction's are counted on behind the instructions.
    tasks[tasks[:, 1] >= count, 1] += copies
    own = [(count + k, count + k, AS_IT_STANDS) for k in range(copies)]
    n = len(tasks)
    return Sharing(
        np.concatenate([tasks, np.array(own, np.int64)]),
        np.concatenate([sharing.bounds, [[n, n + 1, n + 1, n + copies]]]),
        sharing.prelude,
        sharing.ints,
    )
