"""What a search may choose from: ranges and lists, in Python and as text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import SettingError
from core.naming import unknown


@dataclass(frozen=True)
class Uniform:
    """Any number of a range, each as likely."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_range("uniform", self.low, self.high)

    def draw(self, rng: np.random.Generator) -> float:
        """One of them."""
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class LogUniform:
    """Any positive number of a range, each order of magnitude as likely (Bergstra and Bengio 2012)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_range("log_uniform", self.low, self.high, positive=True)

    def draw(self, rng: np.random.Generator) -> float:
        """One of them."""
        found = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(found, self.low), self.high)


@dataclass(frozen=True)
class Integer:
    """Any whole number of a range, both ends included; with `log` each order of magnitude as likely."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        name = "log_int" if self.log else "int"
        _check_range(name, self.low, self.high, positive=self.log)
        if self.low != int(self.low) or self.high != int(self.high):
            raise SettingError(
                f"{name} goes from a whole number to another, not from {self.low:g} to {self.high:g}."
            )

    def draw(self, rng: np.random.Generator) -> int:
        """One of them."""
        if self.log:
            found = math.exp(rng.uniform(math.log(self.low), math.log(self.high + 1)))
            return min(int(found), int(self.high))
        return int(rng.integers(self.low, self.high, endpoint=True))


@dataclass(frozen=True)
class Choice:
    """One of a list, each as likely."""

    options: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.options:
            message = "choice needs something to choose from; the list is empty."
            raise SettingError(message)

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them."""
        return self.options[int(rng.integers(len(self.options)))]


Dimension = Uniform | LogUniform | Integer | Choice


def all_of(dimension: Dimension, most: int) -> list[Any] | None:
    """Everything that can be drawn; None if that is more than `most`."""
    if isinstance(dimension, Choice):
        return list(dimension.options) if len(dimension.options) <= most else None
    if isinstance(dimension, Integer):
        count = int(dimension.high) - int(dimension.low) + 1
        return list(range(int(dimension.low), int(dimension.high) + 1)) if count <= most else None
    return [dimension.low] if dimension.low == dimension.high else None


def uniform(low: float, high: float) -> Uniform:
    """Any number of a range, each as likely."""
    return Uniform(low, high)


def log_uniform(low: float, high: float) -> LogUniform:
    """Any positive number of a range, each order of magnitude as likely."""
    return LogUniform(low, high)


def integer(low: int, high: int, log: bool = False) -> Integer:
    """Any whole number of a range, both ends included."""
    return Integer(low, high, log)


def choice(options: Sequence[Any]) -> Choice:
    """One of a list."""
    if isinstance(options, str) or not isinstance(options, (list, tuple, range)):
        message = f"choice takes a list of values; {options!r} is not one."
        raise SettingError(message)
    return Choice(tuple(options))


_KINDS: dict[str, Callable[[float, float], Dimension]] = {
    "uniform": Uniform,
    "log_uniform": LogUniform,
    "int": lambda low, high: Integer(_whole(low), _whole(high)),
    "log_int": lambda low, high: Integer(_whole(low), _whole(high), True),
}


def _whole(value: float) -> int:
    # Integer says what is wrong with the rest.
    return int(value) if value == int(value) else value  # type: ignore[return-value]


def parse(text: str) -> Dimension:
    """A dimension as it is typed: ``log_uniform(1e-4, 1e-1)``, ``int(8, 64)``, ``choice(relu, tanh)``, ``16, 32``.

    Raises
    ------
    core.errors.SettingError
        It is nothing of the kind.
    """
    found = re.fullmatch(r"\s*([A-Za-z_]+)\s*\((.*)\)\s*", text, re.DOTALL)
    if found is None:
        _require_finished(text)
        return Choice(tuple(_value(part) for part in _parts(text)))
    name, parts = found[1], _parts(found[2])
    if name == "choice":
        return Choice(tuple(_value(part) for part in parts))
    if name not in _KINDS:
        raise SettingError(unknown("range", name, (*_KINDS, "choice")))
    numbers = [_value(part) for part in parts]
    good = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers)
    if len(numbers) != 2 or not good:
        raise SettingError(f"{name} needs two numbers, as in {name}(1, 10); {text!r} has others.")
    return _KINDS[name](*numbers)


def _require_finished(text: str) -> None:
    """Say so of a range that is typed by half: as a value it would be refused for another reason."""
    begun = re.fullmatch(r"\s*([A-Za-z_]+)\s*(\(.*)?", text, re.DOTALL)
    name = begun[1] if begun else ""
    if begun and (begun[2] or name in (*_KINDS, "choice")):
        if name not in (*_KINDS, "choice"):
            raise SettingError(unknown("range", name, (*_KINDS, "choice")))
        good = "choice(16, 32)" if name == "choice" else f"{name}(1, 10)"
        raise SettingError(
            f"The range {text.strip()!r} is not finished: it is written as in {good}."
        )
    if any(text.count(a) != text.count(b) for a, b in ("()", "[]", "{}")):
        raise SettingError(
            f"The brackets of {text.strip()!r} are not in pairs: a range is written as in log_uniform(1e-4, 1e-1), "
            "values as in 16, 32."
        )


def written(dimension: Dimension) -> str:
    """A dimension as `parse` reads it."""
    if isinstance(dimension, Choice):
        inside = ", ".join(
            one if isinstance(one, str) else json.dumps(one) for one in dimension.options
        )
        return f"choice({inside})"
    name = {Uniform: "uniform", LogUniform: "log_uniform"}.get(type(dimension), "int")
    if isinstance(dimension, Integer) and dimension.log:
        name = "log_int"
    return f"{name}({dimension.low:g}, {dimension.high:g})"


def _parts(text: str) -> list[str]:
    """The parts between commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    found = [part.strip() for part in parts]
    return [part for part in found if part]


def _value(text: str) -> Any:
    words = {"None": None, "True": True, "False": False}
    if text in words:
        return words[text]
    try:
        found = json.loads(text)
    except ValueError:
        return text.strip("'\"")
    if isinstance(found, float) and not math.isfinite(found):
        return text
    return found


def _check_range(name: str, low: Any, high: Any, *, positive: bool = False) -> None:
    numbers = [isinstance(one, (int, float)) and not isinstance(one, bool) for one in (low, high)]
    if not all(numbers) or not (math.isfinite(low) and math.isfinite(high)):
        raise SettingError(f"{name} goes from a number to another, not from {low!r} to {high!r}.")
    if low > high:
        raise SettingError(
            f"{name} goes from the smaller number to the larger one; {low:g} is more than {high:g}, so nothing lies "
            "between."
        )
    if positive and low <= 0:
        raise SettingError(
            f"{name} needs positive numbers, for 0 has no logarithm; it begins at {low:g}."
        )
