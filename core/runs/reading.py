"""What instructions wrote in a stretch of steps, as arrays by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core import checked
from core.errors import ChainruleError, NameNotThereError
from core.naming import unknown
from core.runs.copies import Copies
from core.tape.listing import TapeInstruction
from core.tape.program import Program


class Reading(Mapping[str, np.ndarray]):
    """What instructions wrote in some steps that follow each other. Nothing changes it any more.

    ``reading["dense/z"]`` is one array (steps, samples, units) of all these steps, ``reading.at(step)`` has the arrays
    of one, and ``reading.walk(step)`` goes through it instruction by instruction. What has no samples is
    (steps, *shape*): the gradient of a weight, and the weight itself, as its update left it. Nearly everything is
    written once a step; what is written more often (moving statistics of a layer that is called at every time step) is
    there as the last of them left it.

    Attributes
    ----------
    steps
        Which steps, by how many were done before: the first of a run is 0.
    samples
        (steps,) read of each batch. Where a batch has fewer than others, the rest of its rows are NaN in arrays of all
        steps; `at` and `walk` leave them out.
    stopped
        If numbers broke in the last of these steps: how many of its instructions were run. What the others would have
        written is NaN, and left out by `at` and `walk`. None if all steps are whole.
    """

    def __init__(
        self, program: Program, copies: Copies, written: dict[str, int], stopped: int | None = None
    ) -> None:
        self._instructions, self._copying, self._written = (
            program.instructions,
            copies.copying,
            written,
        )
        self._places = copies.copying.places
        self._store, self.samples = copies.finish()
        self._fields: Mapping[str, Any] = copies.copying.record.fields or {}
        self._record = self._store.view(copies.copying.record)[:, 0]
        self.steps = range(copies.first, copies.first + copies.done)
        self.stopped = stopped

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self._fields:
            return self._record[name]
        place = self._places.get(name)
        if place is None:
            raise NameNotThereError(unknown("value that was read", str(name), self._places))
        return self._copying.view(self._store, place)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __repr__(self) -> str:
        many = len(self.steps)
        which = f"steps {self.steps[0]:,} to {self.steps[-1]:,}" if many > 1 else "no step"
        which = f"step {self.steps[0]:,}" if many == 1 else which
        return f"<Reading of {len(self):,} values in {which}; {self.nbytes / 1e6:.3g} MB>"

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self._store.nbytes

    def at(self, step: int) -> dict[str, np.ndarray]:
        """What was written in one step, in the order in which it was: arrays by name, of its own samples only."""
        place, end = self._place(step), self._end(step)
        count = int(self.samples[place])
        return {
            name: self[name][place, :count] if self._copying.tensors[k].batch else self[name][place]
            for name, k in self._places.items()
            if self._written[name] < end
        }

    def walk(self, step: int) -> Iterator[tuple[TapeInstruction, dict[str, np.ndarray]]]:
        """One step instruction by instruction: each one that wrote something of what was read, and that."""
        found: dict[int, dict[str, np.ndarray]] = {}
        for name, values in self.at(step).items():
            found.setdefault(self._written[name], {})[name] = values
        for pc, written in found.items():
            yield self._instructions[pc], written

    def _place(self, step: int) -> int:
        found = checked.whole(step)
        if found is None or found not in self.steps:
            raise ChainruleError(f"{self!r} does not have step {step!r}.")
        return found - self.steps.start

    def _end(self, step: int) -> int:
        last = self.stopped is not None and step == self.steps[-1]
        return self.stopped if last and self.stopped is not None else len(self._instructions)
