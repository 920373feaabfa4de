"""The learning rate over a run, for drawing. Worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.snapshots import Curve, read_only
from core.kernels import state as S

if TYPE_CHECKING:
    from core.runs import Run
    from core.schedules import Schedule

#: Updates at which a schedule is computed, at most: an expression each, and a snapshot must not wait for them.
_POINTS = 256


class Rates:
    """Finds the rate of every update from the schedule and the journal; nothing of it is recorded."""

    def __init__(self) -> None:
        self._known: dict[int, float] = {}
        self._every = 1

    def curve(self, run: Run) -> Curve | None:
        """Return the rates of all updates that can be looked at; None before there is one, or without a rate."""
        last = max(run.history.length, run.step_count)
        if "learning_rate" not in run.program.tape.scalars or last <= run.base:
            return None
        pieces = _pieces(run, last)
        at: list[int] = []
        rates: list[float] = []
        for k, (first, value) in enumerate(pieces):
            end = pieces[k + 1][0] if k + 1 < len(pieces) else last
            own = self._grid(first, end) if value is None else sorted({first, end - 1})
            at += [step + 1 for step in own]
            rates += [self._of(run, step) if value is None else value for step in own]
        none = read_only([])
        steps = read_only(at, np.int64)
        return Curve("learning_rate", False, steps, read_only(rates), read_only([], np.int64), none)

    def _grid(self, first: int, end: int) -> list[int]:
        """Return updates that stay the same ones while the run grows, the first and the last."""
        while (end - first) // self._every > _POINTS:
            self._every *= 2
        own = range(-(-first // self._every) * self._every, end, self._every)
        return sorted({first, *own, end - 1})

    def _of(self, run: Run, step: int) -> float:
        schedule: Schedule | None = run.optimizer.schedule
        assert schedule is not None
        # Where a run goes on from another one, updates or epochs may be counted from elsewhere.
        position, batches = run.position, max(1, run.batches)
        if schedule.clock == "step":
            counted = step + int(run.program.state[S.ITERATION]) - position.step
        else:
            counted = step + position.epoch * batches + position.batch - position.step
        if counted not in self._known:
            if len(self._known) > 16 * _POINTS:
                self._known.clear()
            self._known[counted] = schedule(max(0, counted), batches)
        return self._known[counted]


def _pieces(run: Run, last: int) -> list[tuple[int, float | None]]:
    """Return where the rate is set, and to what: None follows the schedule."""
    set_later = {
        entry.step: float(entry.value)
        for entry in run.journal.entries
        if entry.kind == "scalar" and entry.name == "learning_rate" and entry.step < last
    }
    first: float | None = None
    if run.optimizer.schedule is None:
        # A rate that an edit took over from the run before stands in the program alone.
        known = run.training.optimizer.get("learning_rate") if set_later else run.learning_rate
        first = float(known) if isinstance(known, int | float) else run.learning_rate
    return sorted({run.base: first, **set_later}.items())
