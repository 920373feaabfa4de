"""A mailbox that holds only the newest thing put into it."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Hand values from the worker to the interface; whoever is slow sees the newest, never a queue.

    A single reference is written and read, which Python does atomically: no lock is needed.
    """

    def __init__(self) -> None:
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Replace what is in the box. Worker thread."""
        self._value = value

    def peek(self) -> T | None:
        """Return what is in the box and leave it there."""
        return self._value

    def take(self) -> T | None:
        """Return what is in the box and empty it. One reader only."""
        value, self._value = self._value, None
        return value
