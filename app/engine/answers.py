"""Answers that take long, done in pieces between everything else. Worker thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.engine.unfed import Unfed
    from core.runs import Run

#: How often progress is told, in seconds.
_INTERVAL = 0.1
#: How often what is found so far is told, in seconds.
_PARTLY = 1 / 30


@dataclass(frozen=True)
class Partial:
    """What is found so far.

    Attributes
    ----------
    share
        Of the work, from 0 to 1.
    found
        Data that nobody changes later.
    """

    share: float
    found: Any


@dataclass
class LongAnswer:
    """What was asked for and takes long: a comparison of runs, a weight's story.

    Attributes
    ----------
    ticket
        Under which it was asked for.
    run
        The open run, or the network that no samples fit: if another is opened, nobody waits for this any more. None
        of what is of nothing that is open.
    pieces
        The work: it yields shares that are done, or what is found so far.
    partly
        What was found so far, to be told; None if it is not yet time.
    seconds
        Spent on it.
    """

    ticket: int
    run: Run | Unfed | None
    pieces: Generator[float | Partial, None, Any]
    partly: Any = None
    seconds: float = 0.0
    _told: float = 0.0
    _told_partly: float = 0.0

    def go_on(self) -> tuple[float | None, Any]:
        """Do one piece; returns the share that is done if it is time to tell it, and what was found at the end."""
        began = perf_counter()
        try:
            share = next(self.pieces)
        except StopIteration as end:
            return 1.0, end.value
        finally:
            self.seconds += perf_counter() - began
        if isinstance(share, Partial):
            if perf_counter() - self._told_partly >= _PARTLY:
                self._told_partly, self.partly = perf_counter(), share.found
            share = share.share
        if perf_counter() - self._told < _INTERVAL:
            return None, None
        self._told = perf_counter()
        return share, None
