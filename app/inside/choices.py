"""What switches of Look inside can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.bus import CommandError
from app.text import tr


def one_of(*words: str) -> Callable[[Any], None]:
    """Return a check for `InsideSession.offer` that refuses all other words."""

    def check(value: str) -> None:
        if value not in words:
            raise CommandError(
                tr(
                    "{value} is not one of {known}.",
                    value=repr(value),
                    known=", ".join(word or "''" for word in words),
                )
            )

    return check


def share(value: float) -> None:
    """Refuse what is not from 0 to 1; a check for `InsideSession.offer`."""
    if not 0.0 <= value <= 1.0:
        raise CommandError(tr("{value} is not a number from 0 to 1.", value=repr(value)))


def not_below(least: int) -> Callable[[Any], None]:
    """Return a check for `InsideSession.offer` that refuses smaller numbers."""

    def check(value: int) -> None:
        if value < least:
            raise CommandError(tr("{value} is less than {least}.", value=value, least=least))

    return check
