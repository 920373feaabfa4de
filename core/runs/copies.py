"""Room for what instructions write, step by step: filled by the machine, or from the arena."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.tape.copying import Copying
from core.tape.program import Program


class Room:
    """Memory for parts of copies that follow each other. What nobody looks at any more is used again.

    Fresh memory costs more than copying into it does.
    """

    def __init__(self, copying: Copying, dtype: np.dtype[Any], steps: int) -> None:
        self._stride, self._dtype = copying.stride, dtype
        self._bytes = steps * copying.stride * dtype.itemsize
        self._free: list[np.ndarray] = []

    def take(self, steps: int) -> np.ndarray:
        """Numbers (steps, stride), not set to anything."""
        raw = self._free.pop() if self._free else np.empty(self._bytes, np.uint8)
        # Views of views all hold on to the first array over a memoryview: it dies with the last of them.
        whole = np.frombuffer(raw.data, self._dtype)
        weakref.finalize(whole, self._free.append, raw).atexit = False
        return whole[: steps * self._stride].reshape(steps, self._stride)


class Copies:
    """Copies of some steps of a program.

    Parameters
    ----------
    copying
        What is copied.
    room
        Where to.
    first
        The step that is copied first.
    steps
        How many steps at most.

    Attributes
    ----------
    done
        Steps that are there.
    """

    def __init__(self, copying: Copying, room: Room, first: int, steps: int) -> None:
        self.copying, self.first, self.steps, self.done = copying, first, steps, 0
        self._store = room.take(steps)

    def run(self, program: Program, steps: int, record: np.ndarray) -> int:
        """As `Program.run_steps`, with a copy of everything each step wrote."""
        done = self.copying.run_steps(program, steps, record, self._store, self.first)
        self.done += done
        return done

    def take(self, program: Program, written: Sequence[bool]) -> None:
        """Copy a step as it stands in the arena; what was not `written` is NaN."""
        row = self._store[self.done : self.done + 1]
        row[...] = np.nan
        row[0, -1] = program.rows
        rows = self.copying.rows
        for k, t in enumerate(self.copying.tensors):
            if written[k]:
                found = program._view(t)
                copy = self.copying.view(row, k)[0, ...]
                if t.batch:
                    found = found[rows.start : rows.stop]
                    copy = copy[: len(found)]
                copy[...] = found
        self.done += 1

    def drop(self, steps: int) -> None:
        """Forget the last steps."""
        self.done -= min(max(steps, 0), self.done)

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows that are there, with NaN where a batch has fewer samples; and how many samples each has.

        Nothing is to be copied any more: both are read-only from now on.
        """
        store, rows = self._store[: self.done], self.copying.rows
        samples = np.clip(store[:, -1].astype(np.int64) - rows.start, 0, len(rows))
        for k in np.flatnonzero(samples < len(rows)):
            for place, t in enumerate(self.copying.tensors):
                if t.batch:
                    self.copying.view(store[k : k + 1], place)[0, samples[k] :] = np.nan
        store.flags.writeable = samples.flags.writeable = False
        return store, samples
