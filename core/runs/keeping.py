"""Put the weights that were tried in a what-if copy into the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from core.errors import ChainruleError
from core.runs.scratch import Scratch
from core.runs.scratch_copy import AT_START

if TYPE_CHECKING:
    from core.ops.base import Cell
    from core.runs.run import Run


@dataclass(frozen=True)
class Kept:
    """Numbers put into a run's weights.

    Attributes
    ----------
    cells
        What was put in: (step, tensor, cell, number), in order.
    before
        What stood there: putting these in, in order, makes the very bits there were.
    """

    cells: tuple[tuple[int, str, Cell, float], ...]
    before: tuple[tuple[int, str, Cell, float], ...]


def keep(run: Run, scratch: Scratch) -> Kept:
    """Put the weights that were changed in a scratch into the run, as journalled edits where the scratch had them.

    The run then stands where the scratch stands, with what follows from these weights. What it did after that is
    forgotten, as after any edit of a weight.

    Raises
    ------
    core.errors.ChainruleError
        No weight was changed.
    """
    weights = {slot.tensor.name for slot in run.program.tape.weights}
    chosen = [e for e in scratch.edits if e.tensor in weights]
    if not chosen:
        message = "Only weights can be kept: inputs, targets and what is computed belong to this step alone."
        raise ChainruleError(message)
    step, pc = scratch.step, scratch.pc
    early = tuple((step, e.tensor, e.cell, e.value) for e in chosen if e.after == AT_START)
    late = tuple((step + 1, e.tensor, e.cell, e.value) for e in chosen if e.after != AT_START)
    before: list[tuple[int, str, Cell, float]] = []
    if early:
        run.seek(step)
        before += _set(run, early)
    if late:
        pc = scratch.count
    _go(run, step, pc)
    if late:
        found = _set(run, late)
        # Putting the early ones back forgets what was put in after them.
        before = before or found
    return Kept((*early, *late), tuple(before))


def put(run: Run, cells: Iterable[tuple[int, str, Cell, float]]) -> None:
    """Put numbers into weights as they are at the start of steps, and stand where the run stood.

    A run that has gone on since is given them where it is: training is not undone for that.
    """
    at, pc = run.step_count, run.pc
    for step, group in groupby(cells, key=lambda one: one[0]):
        ended = (run.step_count, run.pc) == (step + 1, 0)
        if run.step_count == step or ended:
            run.seek(step)
            _set(run, tuple(group))
            if ended or at > step:
                _go(run, step, len(run.program.kinds))
            elif pc:
                _go(run, step, pc)
        else:
            _set(run, tuple(group))


def _set(
    run: Run, cells: tuple[tuple[int, str, Cell, float], ...]
) -> list[tuple[int, str, Cell, float]]:
    before = [
        (at, name, cell, float(run.program.tensor(name)[cell])) for at, name, cell, _ in cells
    ]
    for _, name, cell, value in cells:
        run.set_weight(name, cell, value)
    return before


def _go(run: Run, step: int, pc: int) -> None:
    """Stand behind `pc` instructions of a step that the run has come to, or at its end."""
    if run.step_count > step or run.pc > pc:
        run.seek(step)
    if run.pc < pc:
        run.step_to(pc)
