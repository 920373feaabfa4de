"""Calls that do not fit a constructor: what is missing, too much or misspelt, in a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from core.errors import SettingError
from core.naming import no_argument


def telling(init: Callable[..., None]) -> Callable[..., None]:
    """The same constructor, which says in a sentence what is missing or too much of its arguments."""
    signature = inspect.signature(init)

    @wraps(init)
    def told(self: Any, *arguments: Any, **named: Any) -> None:
        try:
            init(self, *arguments, **named)
        except TypeError:
            try:
                signature.bind(self, *arguments, **named)
            except TypeError:
                # Told without the error of Python, which names a class that nobody wrote.
                pass
            else:
                raise
            wrong = _wrong_arguments(type(self).__name__, signature, arguments, named)
            raise wrong from None

    return told


def _wrong_arguments(
    name: str, signature: inspect.Signature, arguments: tuple[Any, ...], named: dict[str, Any]
) -> SettingError:
    """The sentence about a call of the class `name` that its signature does not take."""
    known = dict(list(signature.parameters.items())[1:])
    listed = ", ".join(
        key if one.default is one.empty else f"{key}={one.default!r}" for key, one in known.items()
    )
    for key in named:
        if key not in known:
            return SettingError(no_argument(name, key, known), key)
    if len(arguments) > len(known):
        most = f"{len(known)} argument{'s' if len(known) != 1 else ''}" if known else "no arguments"
        given = f"{len(arguments)} {'is' if len(arguments) == 1 else 'are'} given"
        return SettingError(f"{name} takes {most}; {given}. It is {name}({listed}).")
    placed = list(known)[: len(arguments)]
    for key in placed:
        if key in named:
            return SettingError(f"{name} is given {key} twice.", key)
    missing = [
        key
        for key, one in known.items()
        if one.default is one.empty and key not in placed and key not in named
    ]
    and_ = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
    return SettingError(f"{name} needs {and_}: {name}({listed}).", missing[0])
