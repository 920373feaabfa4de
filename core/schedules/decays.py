"""Schedules that count steps and fall."""

from __future__ import annotations

from typing import Any, ClassVar

from core.errors import SettingError
from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Quotient,
    Sum,
    Symbol,
)
from core.objects import real
from core.schedules.base import ONE, Schedule, listed, piece, times


class _Decay(Schedule):
    """Keras's decays over a number of steps."""

    lengths = ("decay_steps",)
    examples: ClassVar[dict[str, float]] = {"decay_rate": 0.1}

    def __init__(self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
                 name: str | None = None) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = (
            real(self, "decay_rate", decay_rate, 0.0),
            staircase,
            name,
        )
        if not isinstance(staircase, bool):
            raise SettingError(
                f"{type(self).__name__}: staircase must be True or False; it is {staircase!r}.",
                "staircase",
            )
        self.check()

    def _passed(self, t: Expr) -> Expr:
        share = Quotient(t, Symbol("T", float(self.decay_steps)))
        return Call("floor", (share,)) if self.staircase else share

    def numbers(self) -> list[float]:
        return [
            self.initial_learning_rate, float(self.decay_steps), self.decay_rate, float(self.staircase),
        ]  # fmt: skip


class InverseTimeDecay(_Decay):
    """``η₀ / (1 + r t/T)``, in whole steps of T with `staircase`."""

    operation = "inverse_time_schedule"
    examples: ClassVar[dict[str, float]] = {"decay_rate": 4.0}

    def formula(self, t: Expr) -> Expr:
        rate = Symbol("r", self.decay_rate)
        below = Sum((ONE, times(rate, self._passed(t))))
        return Quotient(Symbol("η₀", self.initial_learning_rate), below)


class ExponentialDecay(_Decay):
    """``η₀ r^(t/T)``, in whole steps of T with `staircase`."""

    operation = "exponential_schedule"

    def formula(self, t: Expr) -> Expr:
        power = Power(Symbol("r", self.decay_rate), self._passed(t))
        return times(Symbol("η₀", self.initial_learning_rate), power)


class PolynomialDecay(Schedule):
    """``(η₀ − η₁)(1 − t/T)^p + η₁``; with `cycle` T grows to the next multiple whenever it is reached."""

    operation = "polynomial_schedule"
    rates = ("initial_learning_rate", "end_learning_rate")
    lengths = ("decay_steps",)

    def __init__(self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001,
                 power: float = 1.0, cycle: bool = False, name: str | None = None) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.cycle, self.name = end_learning_rate, bool(cycle), name
        self.power = real(self, "power", power)
        self.check()

    def formula(self, t: Expr) -> Expr:
        length: Expr = Symbol("T", float(self.decay_steps))
        passed = Call("min", (t, length))
        if self.cycle:
            multiple = Call("max", (ONE, Call("ceil", (Quotient(t, length),))))
            passed, length = t, times(length, multiple)  # type: ignore[assignment]
        end = Symbol("η₁", self.end_learning_rate)
        left = Sum((ONE, Negate(Quotient(passed, length))))
        span = Sum((Symbol("η₀", self.initial_learning_rate), Negate(end)))
        return Sum((times(span, Power(left, Number(self.power))), end))

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, float(self.decay_steps), self.end_learning_rate, self.power,
                float(self.cycle)]  # fmt: skip

    @property
    def end(self) -> float | None:
        return None if self.cycle else self.decay_steps


class PiecewiseConstantDecay(Schedule):
    """``values[0]`` up to and with the first boundary, and so on; one value more than boundaries."""

    operation = "piecewise_schedule"
    rates = ("values",)

    @classmethod
    def start_of(cls, name: str, rate: float, length: int) -> Any:
        if name == "boundaries":
            return [float(length // 2), float(length * 3 // 4)]
        return [rate, rate / 10, rate / 100]

    def __init__(
        self, boundaries: list[float], values: list[float], name: str | None = None
    ) -> None:
        self.boundaries = [
            real(self, "boundaries", one) for one in listed(self, "boundaries", boundaries)
        ]
        self.values, self.name = listed(self, "values", values), name
        if len(self.boundaries) != len(self.values) - 1:
            raise SettingError(
                f"{type(self).__name__} needs one value more than boundaries; it has {len(self.boundaries)} boundaries "
                f"and {len(self.values)} values.",
                "boundaries",
            )
        if sorted(self.boundaries) != self.boundaries:
            raise SettingError(
                f"{type(self).__name__}: boundaries must go up; they are {self.boundaries}.",
                "boundaries",
            )
        self.check()

    def formula(self, t: Expr) -> Expr:
        return piece(t, self.boundaries, self.values)

    def numbers(self) -> list[float]:
        return [float(len(self.values)), *self.boundaries, *self.values]
