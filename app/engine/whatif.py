"""A session whose numbers can be changed by hand, in a what-if copy of the present step. Worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import cast

import numpy as np

from app.engine.changing import Changing
from app.engine.probing import read
from app.engine.program_view import is_there, written_at
from app.snapshots import LASTING, Probe, WhatIfEdit, WhatIfView
from app.text import tr
from core.errors import ChainruleError
from core.runs import Run
from core.runs.keeping import Kept, keep, put
from core.runs.samples import Samples
from core.runs.scratch import Scratch
from core.runs.scratch_copy import AT_START


class WhatIf(Changing):
    """A session that looks at a what-if copy of the present step while there is one.

    Stepping moves the copy, within its step; whatever else moves the run ends it.
    """

    scratch: Scratch | None = None
    _sample_words = ""
    _rooms: tuple[np.ndarray, ...] = ()

    @property
    def shown(self) -> Run:
        """The copy if there is one, else the run."""
        # A copy is no run, but has what looking needs.
        return self.run if self.scratch is None else cast("Run", self.scratch)

    # -- beginning and ending

    def put_in(
        self, tensor: str, cells: Sequence[tuple[int, ...]], values: Sequence[float]
    ) -> None:
        """Put numbers in by hand, all or none; the first ones begin a copy."""
        known, before = self.run.program.tape.tensors.get(tensor), self.scratch
        edits = before.edits if before is not None else ()
        if before is None:
            lasting = known is not None and known.role in LASTING
            # Between two steps a weight is that of the step to come; all else is of the one that is done.
            following = self.run.pc == 0 and (lasting or self.run.step_start is None)
            self.scratch = Scratch(self.run, following=following, rooms=self._free_rooms())
            if following:
                self.scratch.go(self._loss_done)
        assert self.scratch is not None
        try:
            for cell, value in zip(cells, values, strict=True):
                self.scratch.edit(tensor, cell, value)
        except Exception:
            if before is not None:
                before.use(edits)
            self.scratch = before
            raise

    def take_back(self, tensor: str, cell: tuple[int, ...]) -> None:
        """Let a number be what it was; without any the copy ends."""
        if self.scratch is None:
            raise ChainruleError(tr("There is no what-if copy: these are the run's own numbers."))
        self.scratch.take_back(tensor, tuple(cell))
        if not self.scratch.edits and not self.scratch.other_samples:
            self.end_whatif()

    def step_with(self, samples: Samples, words: str) -> None:
        """Let the copy's batch be these samples; weights put in by hand stay."""
        before = self.scratch
        # Between two steps with the weights as they are, ready to step.
        rooms = self._free_rooms() if before is None else ()
        fresh = Scratch(self.run, following=self.run.pc == 0, samples=samples, rooms=rooms)
        if self.run.pc == 0:
            fresh.go(self._data_done)
        if before is not None:
            if before.step == fresh.step:
                fresh.go(max(min(before.pc, fresh.count), 1))
            for edit in before.edits:
                if edit.after == AT_START:
                    fresh.edit(edit.tensor, edit.cell, edit.value)
        self.scratch, self._sample_words = fresh, words

    def end_whatif(self) -> bool:
        """Look at the run again; tell whether there was a copy."""
        there = self.scratch is not None
        if self.scratch is not None:
            self._rooms = self.scratch.rooms
        self.scratch, self._sample_words = None, ""
        return there

    def _free_rooms(self) -> tuple[np.ndarray, ...]:
        rooms, self._rooms = self._rooms, ()
        return rooms

    def keep_weights(self) -> Kept:
        """Put the copy's weights into the run, which then stands where the copy stood."""
        assert self.scratch is not None
        kept = keep(self.run, self.scratch)
        self.end_whatif()
        self._changes += 1
        return kept

    def put_weights(self, cells: tuple[tuple[int, str, tuple[int, ...], float], ...]) -> None:
        """Put numbers into the run's weights: undoing, or doing again, what was kept."""
        self.end_whatif()
        put(self.run, cells)
        self._changes += 1

    @property
    def _loss_done(self) -> int:
        instructions = self.run.program.tape.instructions
        return 1 + max(k for k, ins in enumerate(instructions) if ins.phase == "loss")

    @property
    def _data_done(self) -> int:
        instructions = self.run.program.tape.instructions
        return max(1, next(k for k, ins in enumerate(instructions) if ins.phase == "forward"))

    # -- moving

    def step(
        self,
        granularity: str,
        to: int | None = None,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """Go forward in the copy, or in the run."""
        if self.scratch is None:
            super().step(granularity, to, waits)
            return
        if to is None and granularity in ("loss", "update"):
            to = self.run.place_of(granularity)
        if to is None:
            self.scratch.advance(granularity)
        else:
            self.scratch.go(to if self.scratch.pc < to else self.scratch.count)

    def step_back(self, granularity: str, to: int | None = None) -> None:
        """Go back in the copy, or in the run."""
        if self.scratch is None:
            super().step_back(granularity, to)
            return
        if to is None and granularity in ("loss", "update"):
            to = self.run.place_of(granularity)
        if to is None:
            self.scratch.retreat(granularity)
        elif self.scratch.pc > to:
            self.scratch.go(to)
        else:
            # The step before is the run's: the copy begins here.
            self.scratch.retreat("batch")

    def seek(self, step: int, pc: int = 0) -> Iterator[float]:
        """Go to an instruction of the copy; to any other step in the run, which ends the copy."""
        scratch = self.scratch
        inside = scratch is not None and (
            (step == scratch.step and pc > 0) or (step == scratch.step + 1 and pc == 0)
        )
        if scratch is None or not inside:
            self.end_whatif()
            yield from super().seek(step, pc)
            return
        scratch.go(pc or scratch.count)
        yield 1.0

    def _open_run(self, run: Run) -> None:
        self.end_whatif()
        self._rooms = ()
        super()._open_run(run)

    # -- being looked at

    def _whatif_view(self, probes: list[Probe]) -> WhatIfView | None:
        scratch = self.scratch
        if scratch is None:
            return None
        weights = {slot.tensor.name for slot in self.run.program.tape.weights}
        written, before = written_at(self.shown), {}
        for probe in probes:
            if scratch.edits and is_there(self.shown, probe.tensor, written):
                value = read(scratch.plain, probe)
                if value is not None and not np.array_equal(
                    value, cast("np.ndarray", read(scratch.program, probe)), equal_nan=True
                ):
                    before[probe.key] = value
        loss = None
        names = self.run.program.written_names
        if any("loss" in own for own in names[: scratch.pc]):
            loss = float(scratch.plain.tensor("loss")), float(scratch.program.tensor("loss"))
        edits = tuple(
            WhatIfEdit(e.tensor, e.cell, scratch.before(e), e.value, e.tensor in weights)
            for e in scratch.edits
        )
        return WhatIfView(
            scratch.step,
            edits,
            MappingProxyType(before),
            scratch.changed(),
            self._sample_words,
            loss,
        )
