"""What the engine can be asked about the open run, one file for each kind of question. Worker thread.

A file here registers its questions under the names `Engine.ask` takes::

    @question("chain")
    def chain(session: Session, *, weight: str, cell: tuple[int, ...]) -> Chain: ...

The first parameter is the session, the others are the question's values. An answer is data that nobody changes
later. What takes long is a generator: it yields the share that is done, from 0 to 1, or what is found so far
(`app.engine.answers.Partial`), and returns the answer. The worker does it in pieces beside everything else, tells the
progress, and ends it when it is cancelled or asked again: the same question, by the same `asker` where several ask it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from app.registering import modules

_Answering = TypeVar("_Answering", bound=Callable[..., Any])

_known: dict[str, Callable[..., Any]] = {}
#: Names of those that are of nothing that is open.
_alone: set[str] = set()
_searched = False


def question(name: str, *, alone: bool = False) -> Callable[[_Answering], _Answering]:
    """Register what answers the question of this name.

    One that is `alone` is of nothing that is open, and answered before anything is: its first parameter is None.
    """

    def registered(function: _Answering) -> _Answering:
        if name in _known:
            message = f"two questions are called {name!r}"
            raise ValueError(message)
        _known[name] = function
        if alone:
            _alone.add(name)
        return function

    return registered


def answering(name: str) -> Callable[..., Any]:
    """Return what answers a question: called with the session and the question's values.

    Raises
    ------
    KeyError
        There is no such question.
    """
    _search()
    return _known[name]


def is_alone(name: str) -> bool:
    """Tell whether a question is of nothing that is open."""
    _search()
    return name in _alone


def _search() -> None:
    global _searched
    if not _searched:
        for _ in modules(__name__):
            pass
        _searched = True
