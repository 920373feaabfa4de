"""One training at a time, and one look at a time."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

from core.errors import ChainruleError

Method = TypeVar("Method", bound=Callable[..., Any])


class Turn:
    """Whose turn it is to train a model. The same thread may ask again: a callback may train a batch of its own.

    Attributes
    ----------
    looking
        Held by who measures or predicts: those programs are the model's, and work for one thread at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.looking = threading.RLock()

    def __deepcopy__(self, memo: dict[int, Any]) -> Turn:
        """A copy of the model is trained by whom it likes."""
        return Turn()

    def take(self) -> bool:
        """True if nobody else trains; never waits."""
        return self._lock.acquire(blocking=False)

    def leave(self) -> None:
        """Let others train."""
        self._lock.release()


class Trained:
    """A model that one thread trains at a time."""

    _turn: Turn

    def __new__(cls, *given: Any, **named: Any) -> Self:
        """Made before anything else: a model that is not built yet can be trained, too."""
        made = super().__new__(cls)
        object.__setattr__(made, "_turn", Turn())
        return made


def in_turn(method: Method) -> Method:
    """Refuse to train a model that another thread is training: both would move the same weights, and lose batches."""

    @functools.wraps(method)
    def alone(self: Any, *given: Any, **named: Any) -> Any:
        if not self._turn.take():
            raise ChainruleError(
                f"{self.name} is being trained by another thread. Wait for its end, or train a copy of the model: "
                "copy.deepcopy(model)."
            )
        try:
            return method(self, *given, **named)
        finally:
            self._turn.leave()

    return alone  # type: ignore[return-value]


def one_by_one(method: Method) -> Method:
    """Let threads that ask a model something at once be answered one after the other."""

    @functools.wraps(method)
    def waiting(self: Any, *given: Any, **named: Any) -> Any:
        with self._turn.looking:
            return method(self, *given, **named)

    return waiting  # type: ignore[return-value]
