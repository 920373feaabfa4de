"""What instructions overwrote while a learner stepped, so that stepping back gives the exact bits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from core.tape.program import Program

#: Bytes of a ring: room for some steps of a program, within these bounds.
LEAST, MOST = 16 * 1024**2, 256 * 1024**2
STEPS = 4


@dataclass(frozen=True)
class Undone:
    """The content of an instruction's outputs before it ran: `size` elements of `store` from `start` on."""

    pc: int
    machine: np.ndarray
    store: np.ndarray
    start: int
    size: int


class UndoRing:
    """A bounded stack: the oldest entries fall out.

    Contents stand back to back in one stretch of memory that is used again and again: fresh memory costs several times
    what copying into it does.

    Parameters
    ----------
    budget
        Bytes; None chooses by the program.
    """

    def __init__(self, budget: int | None = None) -> None:
        self._budget = budget
        self._entries: deque[Undone] = deque()
        self._store = np.zeros(0, np.float32)
        self._head = 0
        #: By instruction, the stretches it writes: first element, rows, from one row to the next, and length.
        self._places: list[tuple[tuple[int, int, int, int], ...]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._head = 0

    def remember(self, program: Program, pc: int) -> None:
        """Keep what the instruction at `pc` is about to overwrite."""
        if not self._places:
            self._open(program)
        places = self._places[pc]
        size = max(sum(rows * length for _, rows, _, length in places), 1)
        store, start = self._room(size)
        at = start
        for first, rows, row, length in places:
            content = store[at : at + rows * length].reshape(rows, length)
            content[...] = _strided(program.mem, first, rows, row, length)
            at += rows * length
        self._entries.append(Undone(pc, program.state.copy(), store, start, size))

    def pop(self, program: Program) -> int:
        """Put back what the last instruction overwrote.

        Returns
        -------
        Its place on the tape: the program stands before it again.
        """
        last = self._entries.pop()
        at = last.start
        for first, rows, row, length in self._places[last.pc]:
            content = last.store[at : at + rows * length].reshape(rows, length)
            _strided(program.mem, first, rows, row, length)[...] = content
            at += rows * length
        program.state[...] = last.machine
        if last.store is self._store:
            self._head = last.start
        return last.pc

    def _open(self, program: Program) -> None:
        # Whole buffers of a batch tensor's part: its rows are apart.
        self._places = [
            tuple(
                (t.at, program.capacity, t.row, t.size) if t.batch else (t.at, 1, t.size, t.size)
                for t in ins.outputs.values()
            )
            for ins in program.tape.instructions
        ]
        budget = self._budget
        if budget is None:
            budget = min(max(LEAST, STEPS * program.mem.nbytes), MOST)
        self._store = np.empty(budget // program.dtype.itemsize, program.dtype)

    def _room(self, size: int) -> tuple[np.ndarray, int]:
        """Where so many elements may go; the oldest entries make room."""
        if size > self._store.size:
            # One that is larger than all: kept by itself.
            self.clear()
            return np.empty(size, self._store.dtype), 0
        start = self._head if self._head + size <= self._store.size else 0
        wraps = start < self._head
        while self._entries and self._in_the_way(self._entries[0], start, start + size, wraps):
            self._entries.popleft()
        self._head = start + size
        return self._store, start

    def _in_the_way(self, oldest: Undone, start: int, stop: int, wraps: bool) -> bool:
        if oldest.store is not self._store:
            return True
        # What stands behind the head is older than what stands before it, and falls out first.
        behind = oldest.start >= self._head
        return (wraps and behind) or (oldest.start < stop and start < oldest.start + oldest.size)


def _strided(mem: np.ndarray, at: int, rows: int, row: int, size: int) -> np.ndarray:
    item = mem.itemsize
    return np.ndarray((rows, size), mem.dtype, mem, at * item, (row * item, item))
