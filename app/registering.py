"""Things that register themselves in files of a package: scenes, close-ups, sections, views, questions."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar


class Named(Protocol):
    """What can be registered."""

    @property
    def name(self) -> str:
        """What it is asked for by."""


_Thing = TypeVar("_Thing", bound=Named)


def modules(package: str) -> Iterator[ModuleType]:
    """Import the modules of a package and yield them in the order of their names; kernels are left: Numba must wait."""
    path = importlib.import_module(package).__path__
    for found in pkgutil.iter_modules(path):
        if not found.name.endswith("_kernels"):
            yield importlib.import_module(f"{package}.{found.name}")


class Registry(Generic[_Thing]):
    """The things of one kind, by name. The package is searched when they are asked for first.

    Parameters
    ----------
    package
        Whose files register them.
    what
        What such a thing is called in messages: "scene".
    order
        By what they are sorted; by default their name.
    """

    def __init__(
        self, package: str, what: str, order: Callable[[_Thing], Any] | None = None
    ) -> None:
        self._package, self._what = package, what
        self._order: Callable[[_Thing], Any] = order or (lambda thing: thing.name)
        self._things: dict[str, _Thing] = {}
        self._sorted: tuple[_Thing, ...] | None = None
        self._searched = False

    def register(self, thing: _Thing) -> _Thing:
        """Add a thing under its name; a second one of the same name is a mistake."""
        known = self._things.get(thing.name)
        if known is not None and type(known) is not type(thing):
            message = f"two {self._what}s are called {thing.name!r}"
            raise ValueError(message)
        self._things[thing.name] = thing
        self._sorted = None
        return thing

    def all(self) -> tuple[_Thing, ...]:
        """Return all things in order."""
        if not self._searched:
            for _ in modules(self._package):
                pass
            self._searched = True
        if self._sorted is None:
            self._sorted = tuple(sorted(self._things.values(), key=self._order))
        return self._sorted

    def get(self, name: str) -> _Thing:
        """Return the thing of that name.

        Raises
        ------
        KeyError
            When there is none; the message lists those that exist.
        """
        if name not in self._things:
            # Only then: reading every file of the package takes a tenth of a second.
            self.all()
        try:
            return self._things[name]
        except KeyError:
            names = ", ".join(sorted(self._things))
            message = f"there is no {self._what} {name!r}; there are {names}"
            raise KeyError(message) from None
