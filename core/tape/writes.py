"""What instructions write: rows of integers for the machine (`core.kernels.reading`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape


@dataclass(frozen=True)
class Writes:
    """Stretches of the arena, in the order in which they are written.

    Attributes
    ----------
    table
        (stretches, 5): first element, elements from one row to the next, elements of a row, most rows, and whether it
        has a batch axis.
    ends
        (instructions,): behind the last stretch of each.
    """

    table: np.ndarray
    ends: np.ndarray

    def sizes(self) -> np.ndarray:
        """(instructions,) how many elements each writes at most."""
        ends = np.concatenate([[0], self.ends])
        total = np.concatenate([[0], np.cumsum(self.table[:, 2] * self.table[:, 3])])
        sizes: np.ndarray = np.diff(total[ends])
        return sizes

    def of(self, pc: int) -> list[list[int]]:
        """The rows of one instruction."""
        first = int(self.ends[pc - 1]) if pc else 0
        rows: list[list[int]] = self.table[first : self.ends[pc]].tolist()
        return rows


def writes(tape: Tape, capacity: int) -> Writes:
    """What the instructions of a bound tape write, in batches of up to `capacity`."""
    rows, ends = [], []
    for ins in tape.instructions:
        rows += [
            [t.at, t.row or t.size, t.size, capacity if t.batch else 1, int(t.batch)]
            for t in ins.outputs.values()
        ]
        ends.append(len(rows))
    return Writes(np.array(rows, np.int64).reshape(-1, 5), np.array(ends, np.int64))


def last_writes(tape: Tape, tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """By name: the last instruction that writes into a tensor, in their order. What none writes is not in it."""
    by_buffer: dict[int, list[tuple[int, Tensor]]] = {}
    for pc, ins in enumerate(tape.instructions):
        for out in ins.outputs.values():
            by_buffer.setdefault(id(out.buffer), []).append((pc, out))
    found: dict[str, int] = {}
    for name, t in tensors.items():
        for pc, out in by_buffer.get(id(t.buffer), ()):
            if out.offset < t.offset + t.size and t.offset < out.offset + out.size:
                found[name] = pc
    return dict(sorted(found.items(), key=lambda one: one[1]))
