"""Settings that are written: numbers that may be absent, one axis or several, shapes with places left open."""

from __future__ import annotations

from typing import Any

MINUS = "\N{MINUS SIGN}"
#: A place of a shape that is left open, and a setting that is not given.
ABSENT = ("", "none")


def shown(value: Any) -> str:
    """The text of a value: ``1, 2``; a place left open is ``none``, an absent value empty."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) or "none" for item in value)
    return f"{value:.15g}".replace("-", MINUS)


def read(text: str, *, several: bool = False) -> Any:
    """What a text means; one that is no number is given back for its setting to refuse.

    Parameters
    ----------
    text
        As a learner writes it.
    several
        True if one number alone is a list, too.
    """
    whole = text.strip().strip("()[]").replace(MINUS, "-")
    if whole.lower() in ABSENT:
        return None
    parts = [part.strip() for part in whole.rstrip(",").split(",")]
    values = [None if part.lower() in ABSENT else _number(part) for part in parts]
    return values if several or len(values) > 1 else values[0]


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
