"""Another run of the project beside the open one, in words and numbers. Worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.engine.histories import HistoryMaker
from app.engine.tree import named
from app.snapshots import RunComparison
from core.runs import compare

if TYPE_CHECKING:
    from core.runs import Run


def beside(run: Run, other: Run, total: int, stop: Callable[[], bool]) -> RunComparison:
    """Compare two runs; neither is moved.

    Raises
    ------
    core.errors.ChainruleError
        They have no step in common, or `stop` said so.
    """
    found = compare(run, other, stop=stop)
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
