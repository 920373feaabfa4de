"""How far something long has come, and what is known of its result so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress(Generic[Result]):
    """A piece of work that is done.

    Attributes
    ----------
    done, total
        Pieces.
    result
        What is known now; with ``done == total`` the result itself. Nobody writes to it afterwards.
    extra
        What the piece has added, for who shows it: a window's place and its score, a point of a path.
    """

    done: int
    total: int
    result: Result
    extra: Any = None


def last(steps: Iterator[Progress[Result]]) -> Result:
    """Do everything; returns the result."""
    found: Progress[Result] | None = None
    for step in steps:
        found = step
    assert found is not None
    return found.result
