"""What schedules share."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from core.errors import SettingError
from core.expressions import (
    Call,
    Expr,
    Number,
    Product,
    Sum,
    Symbol,
    evaluate,
)
from core.objects import Configured, real

ONE, PI = Number(1), Symbol("π", 3.141592653589793)


class Schedule(Configured):
    """Base of the schedules. Calling one gives the rate: ``CosineDecay(0.1, 1000)(500)``.

    Attributes
    ----------
    clock
        "step" or "epoch": what it counts.
    operation
        Of the tape.
    """

    what = "schedule"
    clock: ClassVar[str] = "step"
    operation: ClassVar[str] = ""
    #: Arguments that are learning rates.
    rates: ClassVar[tuple[str, ...]] = ("initial_learning_rate",)
    #: Arguments that are numbers of steps or epochs, at least 1.
    lengths: ClassVar[tuple[str, ...]] = ()

    #: Where a learner begins with arguments that have no default and are neither a rate nor a length.
    examples: ClassVar[dict[str, float]] = {}

    @classmethod
    def example(cls, rate: float, steps: int, epochs: int) -> Schedule:
        """One that begins at (or climbs to) `rate` and fits training of so many steps and epochs."""
        length = max(steps if cls.clock == "step" else epochs, 1)
        config: dict[str, Any] = {}
        for name, default in cls.defaults().items():
            if default is inspect.Parameter.empty:
                config[name] = cls.start_of(name, rate, length)
        made: Schedule = cls(**config)
        return made

    @classmethod
    def start_of(cls, name: str, rate: float, length: int) -> Any:
        """Where a learner begins with an argument that has no default."""
        if name in cls.rates:
            return rate
        return length if name in cls.lengths else cls.examples[name]

    def check(self) -> None:
        """Raise a sentence if an argument is out of range."""
        for key in self.rates:
            value = getattr(self, key)
            if isinstance(value, list):
                setattr(self, key, [real(self, key, one, 0.0) for one in value])
            elif value is not None:
                setattr(self, key, real(self, key, value, 0.0))
        for key in self.lengths:
            value = real(self, key, getattr(self, key))
            if value <= 0:
                raise SettingError(
                    f"{type(self).__name__}: {key} must be more than 0; it is {value:g}.", key
                )
            setattr(self, key, int(value) if value == int(value) else value)

    def __call__(self, step: float, steps_per_epoch: int = 1) -> float:
        """The rate of update `step` (from 0)."""
        now = step if self.clock == "step" else step // steps_per_epoch
        return float(evaluate(self.formula(Symbol("t", float(now))), lambda *_: 0.0))

    def formula(self, t: Expr) -> Expr:
        """The rate over the number of steps or epochs before."""
        raise NotImplementedError

    def numbers(self) -> list[float]:
        """What the kernel is told."""
        raise NotImplementedError

    @property
    def end(self) -> float | None:
        """Steps or epochs after which the rate stays as it is, if there is such an end."""
        return None

    @property
    def height(self) -> float:
        """The rate that stands for the schedule: the first, or the one it climbs to."""
        rate = getattr(self, self.rates[0])
        return float(rate[0] if isinstance(rate, list) else rate)

    def scaled(self, factor: float) -> Schedule:
        """The same with all rates multiplied."""
        config = self.get_config()
        for key in self.rates:
            value = config[key]
            if isinstance(value, list):
                config[key] = [one * factor for one in value]
            elif value is not None:
                config[key] = value * factor
        made: Schedule = type(self)(**config)
        return made

    def to_document(self) -> dict[str, Any]:
        """As documents store it: ``{"kind": "ExponentialDecay", ...}``."""
        config = {key: value for key, value in self.get_config().items() if key != "name"}
        return {"kind": type(self).__name__, **config}


def times(*factors: Expr) -> Product:
    """A product of these."""
    return Product(factors)


def piece(t: Expr, boundaries: list[float], values: list[float]) -> Expr:
    """The value of now alone: the others would only be in the way of reading it."""
    now = evaluate(t, lambda *_: 0.0)
    place = sum(now > boundary for boundary in boundaries)
    return Symbol("η" + str(place + 1).translate(_SUBSCRIPTS), float(values[place]))


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def listed(owner: Schedule, name: str, value: Any) -> list[Any]:
    """The argument as a list; a sentence if it is none."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or (name == "values" and not value):
        raise SettingError(
            f"{type(owner).__name__}: {name} must be a list of numbers; it is {value!r}.", name
        )
    return list(value)


def cosine(share: Expr) -> Expr:
    """Half a wave from 1 to 0, as the share of the way that is behind goes from 0 to 1."""
    return times(Number(0.5), Sum((ONE, Call("cos", (times(PI, share),)))))
