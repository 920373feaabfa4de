"""What is explained: the number of one class, or by how much one class is ahead of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core import checked
from core.errors import ChainruleError, SettingError
from core.naming import suggestion

#: Which number of a class is explained: the value before the softmax (or sigmoid), or what comes out of it.
ON = ("score", "probability")


@dataclass(frozen=True)
class Score:
    """The number an explanation is of.

    Attributes
    ----------
    class_index
        The class, from 0: a unit of the network's output.
    on
        ``"score"``: the class's value before the softmax; ``"probability"``: its value behind it.
    against
        Another class: then the number is how far the first is ahead of it, which answers "why not class k?".
    """

    class_index: int
    on: str = "score"
    against: int | None = None


def score_of(class_index: Any, classes: int, on: Any = "score", against: Any = None) -> Score:
    """A score as a learner asks for it.

    Parameters
    ----------
    class_index, against
        Whole numbers from 0 to `classes` - 1; `against` may be None.
    classes
        How many numbers the network gives.
    on
        ``"score"`` or ``"probability"``.

    Raises
    ------
    core.errors.SettingError
        The network has no such class, or `on` is something else.
    """
    if on not in ON:
        hint = suggestion(on, ON) if isinstance(on, str) else ""
        message = (
            f'on is "score" (before the softmax) or "probability" (behind it); it is {on!r}.{hint}'
        )
        raise SettingError(message, "on")
    chosen = _class(class_index, classes, "class_index")
    other = None if against is None else _class(against, classes, "against")
    if other == chosen:
        message = f"against must be another class than class_index; both are {chosen}."
        raise SettingError(message, "against")
    return Score(chosen, on, other)


def _class(value: Any, classes: int, name: str) -> int:
    found = checked.whole(value)
    if found is None or found >= classes:
        raise SettingError(
            f"{name} is the number of a class, from 0 to {classes - 1}; it is {value!r}.", name
        )
    return found


def class_indices(class_index: Any, rows: int) -> list[Any]:
    """The class of each of `rows` samples: one for all, or one each.

    Raises
    ------
    core.errors.ChainruleError
        There are more or fewer classes than samples.
    """
    if np.ndim(class_index) == 0:
        return [class_index] * rows
    given = list(np.asarray(class_index).reshape(-1).tolist())
    if len(given) != rows:
        message = f"class_index is one class, or one for each of the {rows} samples; {len(given)} are given."
        raise ChainruleError(message)
    return given
