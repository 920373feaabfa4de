"""Single values a learner hands over: a number, a whole number, yes or no, the path of a file.

Each function gives the plain Python value or, where the caller knows better what to say, None.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ChainruleError, SettingError


def finite(value: Any) -> float | None:
    """`value` as a float; None if it is no number, a truth value, NaN, infinite, or too large for a float."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any, least: int = 0) -> int | None:
    """`value` as a whole number of at least `least`, 3.0 as well as 3; None if it is something else."""
    found = finite(value)
    if found is None or found != math.floor(found) or found < least:
        return None
    return int(value)


def yes_or_no(name: str, value: Any, owner: str = "") -> bool:
    """An argument that is True or False; 1 and 0 will do.

    Parameters
    ----------
    name, value
        The argument.
    owner
        Whose it is, if the name alone does not tell.

    Raises
    ------
    core.errors.SettingError
        It is something else: a text such as "no" would count as True.
    """
    if isinstance(value, (bool, np.bool_)) or (
        isinstance(value, numbers.Integral) and int(value) in (0, 1)
    ):
        return bool(value)
    title = f"{owner}: {name}" if owner else name if "_" in name else name.capitalize()
    raise SettingError(f"{title} must be True or False; it is {value!r}.", name)


def file_path(
    path: Any,
    what: str,
    setting: str = "filepath",
    example: str = "digits.chainrule",
    kind: str = "a file",
) -> Path:
    """The path of a file or a folder.

    Parameters
    ----------
    path
        As given.
    what, setting
        What takes it, and the name of the argument.
    example, kind
        What one looks like, and of what it is.

    Raises
    ------
    core.errors.SettingError
        It is no text and no path, or no system can have such a name.
    """
    given = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(given, str) or not given:
        raise SettingError(
            f'{what} takes the path of {kind}, for example "{example}"; it is {path!r}.', setting
        )
    if "\0" in given:
        raise SettingError(
            f"{what} takes a path without the character 0, which no name of a file can hold; it is {given!r}.",
            setting,
        )
    return Path(given)


def dictionary(value: Any, what: str, example: str) -> dict[Any, Any]:
    """A dictionary; None is an empty one.

    Raises
    ------
    core.errors.ChainruleError
        It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ChainruleError(f"{what} is a dictionary such as {example}; it is {value!r}.")
    return dict(value)
