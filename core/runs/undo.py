"""What instructions overwrote while a learner stepped, so that stepping back gives the exact bits."""

from __future__ import annotations

import bisect
from collections import deque
from typing import NamedTuple

import numpy as np

from core.tape.program import Program

#: Bytes of a ring: room for some steps of a program, within these bounds.
LEAST, MOST = 16 * 1024**2, 256 * 1024**2
STEPS = 4


class Undone(NamedTuple):
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
        #: Where what an instruction overwrites begins, if all of a step is kept; and the end.
        self._ends: list[int] = []

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._head = 0

    def run(self, program: Program, start: int, stop: int) -> tuple[int, bool]:
        """Run instructions start..stop-1 and remember what each overwrites.

        Returns
        -------
        The next instruction, and whether the one before wrote a number that is not finite: that is where it ends then.

        Raises
        ------
        core.errors.ChainruleError
            An instruction met impossible data.
        """
        if not self._ends:
            self._open(program)
        ends, pc, broken = self._ends, start, False
        while pc < stop and not broken:
            first = pc
            until = stop if stop == pc + 1 else self._how_far(pc, stop)
            store, at = self._room(ends[until] - ends[first])
            machines = np.empty((until - first, program.state.size), np.int64)
            pc, broken = program.run_kept(first, until, store, at, machines)
            at -= ends[first]
            for k in range(first, pc):
                self._entries.append(
                    Undone(k, machines[k - first], store, at + ends[k], ends[k + 1] - ends[k])
                )
            program.raise_error()
        return pc, broken

    def _how_far(self, start: int, stop: int) -> int:
        """As many instructions as leave what was remembered before some room, but at least one."""
        room = self._ends[start] + self._store.size // STEPS
        return min(max(bisect.bisect_right(self._ends, room) - 1, start + 1), stop)

    def pop(self, program: Program) -> int:
        """Put back what the last instruction overwrote.

        Returns
        -------
        Its place on the tape: the program stands before it again.
        """
        last = self._entries.pop()
        at = last.start
        for start, row, length, rows, _ in program.written.of(last.pc):
            content = last.store[at : at + rows * length].reshape(rows, length)
            _strided(program.mem, start, rows, row, length)[...] = content
            at += rows * length
        program.state[...] = last.machine
        if last.store is self._store:
            self._head = last.start
        return last.pc

    def _open(self, program: Program) -> None:
        self._ends = [0, *np.cumsum(program.written.sizes()).tolist()]
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
