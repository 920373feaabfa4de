"""Leaving off what takes long: formulas of thousands of terms are built term by term, and who asked may not wait.

The engine builds them on the thread that also steps. Code that makes or reads terms calls `glance` for each; whoever
began it says with `interruptible` when something else has to be done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: So many terms are made before looking whether something else has to be done: about a millisecond.
EVERY = 512


class InterruptedFormulaError(Exception):
    """Building a formula was left off because something else had to be done: nothing is wrong with it."""


class _Watch:
    """Who may end what is being built on a thread."""

    def __init__(self, hurry: Callable[[], bool]) -> None:
        self.hurry, self.thread, self.count = hurry, threading.get_ident(), 0


_watch: _Watch | None = None


@contextmanager
def interruptible(hurry: Callable[[], bool]) -> Iterator[None]:
    """Leave off what is built inside, on this thread, as soon as `hurry` answers True.

    Raises
    ------
    InterruptedFormulaError
        It was left off.
    """
    global _watch
    before, _watch = _watch, _Watch(hurry)
    try:
        yield
    finally:
        _watch = before


def glance() -> None:
    """Say that a term was made, or read."""
    watch = _watch
    if watch is None:
        return
    watch.count += 1
    if watch.count >= EVERY and watch.thread == threading.get_ident():
        watch.count = 0
        if watch.hurry():
            message = "This was left off because something else had to be done."
            raise InterruptedFormulaError(message)
