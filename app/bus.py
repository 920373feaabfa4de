"""The bus: every user action is a named command, every milestone a named event.

Undo, lessons, tests, the journal and export recipes all hang on it, so both are plain data that
survive a trip through JSON. Nothing here knows Qt; the bus belongs to the interface thread.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from app.arguments import ArgumentError, Declared
from app.text import tr

log = logging.getLogger("chainrule.bus")

Handler = Callable[..., Any]
Callback = Callable[["Command | Event"], None]


class CommandError(Exception):
    """A command that could not be carried out; its text is a sentence for the learner."""


@dataclass(frozen=True)
class Command:
    """A user's action: ``Command("layer.add", {"kind": "Dense", "index": 2})``.

    Parameters
    ----------
    name : str
        What to do, as ``subject.verb``.
    arguments : dict
        Values that JSON can hold.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the command as one line of JSON."""
        return json.dumps({"name": self.name, "arguments": self.arguments}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Command:
        """Return the command that :meth:`to_json` wrote."""
        raw = json.loads(text)
        return cls(str(raw["name"]), dict(raw["arguments"]))


@dataclass(frozen=True)
class Event:
    """A milestone: ``Event("run.stepped", {"step": 12})``."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the event as one line of JSON."""
        return json.dumps({"name": self.name, "values": self.values}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Event:
        """Return the event that :meth:`to_json` wrote."""
        raw = json.loads(text)
        return cls(str(raw["name"]), dict(raw["values"]))


class Bus:
    """Carry commands to their handlers, and both commands and events to subscribers.

    A subscriber sees a command after its handler has run, so what it observes is already true.

    Attributes
    ----------
    log : deque
        The most recent commands and events, oldest first.
    """

    def __init__(self, remember: int = 1000) -> None:
        self.log: deque[Command | Event] = deque(maxlen=remember)
        self._handlers: dict[str, tuple[Handler, str, type[Struct] | None]] = {}
        self._declared: dict[str, Declared] = {}
        self._subscribers: list[tuple[Callback, frozenset[str] | None]] = []

    def register(
        self,
        name: str,
        handler: Handler,
        *,
        label: str | None = None,
        fields: type[Struct] | None = None,
    ) -> None:
        """Make ``handler(**arguments)`` carry out the command ``name``.

        Parameters
        ----------
        name : str
            Name of the command; registering it a second time is a programming error.
        handler : callable
            Receives the command's arguments by keyword. Before, they are checked against the types it declares
            (`app.arguments.Declared`), so that it can rely on them.
        label : str, optional
            What a menu or an undo list calls it.
        fields : type of struct, optional
            What the handler's ``**`` may hold.

        Raises
        ------
        ValueError
            If the name is taken.
        """
        if name in self._handlers:
            raise ValueError(f"the command {name!r} already has a handler")
        self._handlers[name] = (handler, label or name, fields)

    def unregister(self, name: str) -> None:
        """Forget the handler of ``name``, if there is one."""
        self._handlers.pop(name, None)
        self._declared.pop(name, None)

    def knows(self, name: str) -> bool:
        """Tell whether a handler is registered for ``name``."""
        return name in self._handlers

    def names(self) -> tuple[str, ...]:
        """Return the names of all commands, sorted."""
        return tuple(sorted(self._handlers))

    def label(self, name: str) -> str:
        """Return the label the command was registered with."""
        return self._handlers[name][1]

    def declared(self, name: str) -> Declared:
        """Return what the handler of a command takes."""
        if name not in self._declared:
            handler, _, fields = self._handlers[name]
            self._declared[name] = Declared(handler, fields)
        return self._declared[name]

    def do(self, name: str, /, **arguments: Any) -> Any:
        """Carry out a command and tell the subscribers.

        Raises
        ------
        CommandError
            If nothing knows the command, if its arguments are not what it takes, or if its handler refuses it.
            Then nothing has happened.
        """
        try:
            handler, _, _ = self._handlers[name]
        except KeyError:
            raise CommandError(tr("There is no command called {name!r}.", name=name)) from None
        try:
            arguments = self.declared(name).checked(name, arguments)
        except ArgumentError as error:
            raise CommandError(str(error)) from error
        command = Command(name, arguments)
        result = handler(**arguments)
        self._publish(command)
        return result

    def replay(self, command: Command) -> Any:
        """Carry out a recorded command."""
        return self.do(command.name, **command.arguments)

    def emit(self, name: str, /, **values: Any) -> None:
        """Tell the subscribers that something has happened."""
        self._publish(Event(name, values))

    def subscribe(
        self, callback: Callback, names: Iterable[str] | None = None
    ) -> Callable[[], None]:
        """Call ``callback`` with every command and event from now on.

        Parameters
        ----------
        callback : callable
            Receives the :class:`Command` or :class:`Event`. If it raises, the others are still
            told and the error goes to the log.
        names : iterable of str, optional
            Only these names; ``"run.*"`` stands for every name that starts with ``"run."``.

        Returns
        -------
        callable
            Call it to unsubscribe; calling it twice does no harm.
        """
        entry = (callback, None if names is None else frozenset(names))
        self._subscribers.append(entry)

        def unsubscribe() -> None:
            if entry in self._subscribers:
                self._subscribers.remove(entry)

        return unsubscribe

    def _publish(self, message: Command | Event) -> None:
        self.log.append(message)
        # A copy, because a lesson unsubscribes from inside its own callback.
        for callback, names in tuple(self._subscribers):
            if names is not None and not _wanted(message.name, names):
                continue
            try:
                callback(message)
            except Exception:
                # Whatever is wrong with one subscriber, the command is done and the others are to hear of it.
                log.exception("a subscriber failed on %s", message.name)


def _wanted(name: str, names: frozenset[str]) -> bool:
    return name in names or f"{name.partition('.')[0]}.*" in names
