"""What instructions overwrote while a learner stepped, so that stepping back gives the exact bits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from core.ops.base import Instruction
from core.tape.program import Program

BUDGET = 256 * 1024**2


@dataclass(frozen=True)
class Undone:
    """The content of an instruction's outputs before it ran."""

    pc: int
    machine: np.ndarray
    pieces: tuple[tuple[int, int, int, np.ndarray], ...]
    nbytes: int


class UndoRing:
    """A bounded stack: the oldest entries fall out."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._bytes = 0
        self._entries: deque[Undone] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._bytes = 0

    def remember(self, program: Program, pc: int) -> None:
        """Keep what the instruction at `pc` is about to overwrite."""
        ins: Instruction = program.tape.instructions[pc]
        pieces = []
        for t in ins.outputs.values():
            # Whole buffers of a batch tensor's part: its rows are apart, so copy row by row through a view.
            rows, row = (program.capacity, t.row) if t.batch else (1, t.size)
            content = _strided(program.mem, t.at, rows, row, t.size).copy()
            pieces.append((t.at, rows, row, content))
        size = sum(p[3].nbytes for p in pieces)
        self._entries.append(Undone(pc, program.state.copy(), tuple(pieces), size))
        self._bytes += size
        while self._bytes > self._budget and len(self._entries) > 1:
            self._bytes -= self._entries.popleft().nbytes

    def pop(self, program: Program) -> int:
        """Put back what the last instruction overwrote.

        Returns
        -------
        Its place on the tape: the program stands before it again.
        """
        last = self._entries.pop()
        self._bytes -= last.nbytes
        for at, rows, row, content in last.pieces:
            _strided(program.mem, at, rows, row, content.shape[1])[...] = content
        program.state[...] = last.machine
        return last.pc


def _strided(mem: np.ndarray, at: int, rows: int, row: int, size: int) -> np.ndarray:
    item = mem.itemsize
    return np.ndarray((rows, size), mem.dtype, mem, at * item, (row * item, item))
