"""Another run of the project beside the open one, in words and numbers. Worker thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from app.engine.histories import HistoryMaker
from app.engine.tree import named
from app.snapshots import RunComparison
from core.runs import comparing

if TYPE_CHECKING:
    from core.runs import Run

#: Yields the share that is done; its value is what was found.
Pieces = Generator[float, None, RunComparison]

#: How often progress is told, in seconds.
_INTERVAL = 0.1


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


@dataclass
class Comparing:
    """A comparison under way.

    Attributes
    ----------
    ticket
        Under which it was asked for.
    run
        The open run: if another one is opened meanwhile, nobody waits for this any more.
    pieces
        The work.
    """

    ticket: int
    run: Run
    pieces: Pieces
    _told: float = 0.0

    def go_on(self) -> tuple[float | None, RunComparison | None]:
        """Do one piece; returns the share that is done if it is time to tell it, and what was found at the end."""
        try:
            share = next(self.pieces)
        except StopIteration as end:
            return 1.0, end.value
        if perf_counter() - self._told < _INTERVAL:
            return None, None
        self._told = perf_counter()
        return share, None
