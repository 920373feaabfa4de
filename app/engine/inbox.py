"""The worker's queue of commands: interactive ones first, previews where only the latest counts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """One command to the worker.

    Attributes
    ----------
    name
        Method of the worker, without its ``do_``.
    arguments
        Its arguments.
    ticket
        Number under which the answer is sent back; 0 when none is expected.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    ticket: int = 0


class Inbox:
    """A queue in two classes. Any thread may put, one thread takes.

    Parameters
    ----------
    interrupt
        Called whenever something is put, so that a running slice of training ends early.
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._ready = threading.Condition()
        self._interactive: deque[Request] = deque()
        self._previews: dict[str, Request] = {}

    def put(self, request: Request) -> None:
        """Append a command; commands are never dropped and keep their order."""
        with self._ready:
            self._interactive.append(request)
            self._ready.notify()
        self._interrupt()

    def put_preview(self, key: str, request: Request) -> Request | None:
        """Add a preview under a key and return the older one it replaces, if any."""
        with self._ready:
            # Removing first moves the key to the end: previews are served oldest first.
            replaced = self._previews.pop(key, None)
            self._previews[key] = request
            self._ready.notify()
        return replaced

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._interactive or self._previews)

    def has(self, names: frozenset[str]) -> bool:
        """Tell whether a request of one of these names waits."""
        with self._ready:
            waiting = (*self._interactive, *self._previews.values())
            return any(request.name in names for request in waiting)

    def asks(self, question: str) -> bool:
        """Tell whether a question of this name waits."""
        with self._ready:
            return any(
                request.arguments.get("question") == question for request in self._interactive
            )

    @property
    def interactive(self) -> bool:
        """Whether a command waits, for which anything else should make room."""
        return bool(self._interactive)

    def take(self, timeout: float | None) -> Request | None:
        """Return the next request, or None after ``timeout`` seconds (0: at once, None: wait)."""
        with self._ready:
            if not self and timeout != 0:
                self._ready.wait(timeout)
            if self._interactive:
                return self._interactive.popleft()
            if self._previews:
                key = next(iter(self._previews))
                return self._previews.pop(key)
            return None
