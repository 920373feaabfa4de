"""Another run of the project beside the open one. Worker thread."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from app.engine.histories import HistoryMaker
from app.engine.tree import named
from app.snapshots import RunComparison
from core.runs import comparing

if TYPE_CHECKING:
    from core.runs import Run

#: Yields the share that is done; its value is what was found.
Pieces = Generator[float, None, RunComparison]


def beside(run: Run, other: Run, total: int) -> Pieces:
    """Compare two runs in pieces; neither is moved.

    Raises
    ------
    core.errors.ChainruleError
        They have no step in common.
    """
    found = yield from comparing(run, other)
    epoch, one, theirs = found.epochs[-1] if found.epochs else (0, {}, {})
    return RunComparison(
        id=other.id,
        name=named(other.id, other.name),
        history=HistoryMaker().view(other, total),
        first=found.first,
        last=found.last,
        sentences=found.findings,
        rows=tuple((name, one[name], theirs[name]) for name in one if name in theirs),
        epoch=epoch,
    )
