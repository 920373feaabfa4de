"""Schedules that count epochs, those of the notes."""

from __future__ import annotations

from typing import Any

from core.expressions import (
    Call,
    Expr,
    Number,
    Power,
    Quotient,
    Sum,
    Symbol,
)
from core.objects import real
from core.schedules.base import ONE, Schedule, listed, piece, times


class InverseEpochDecay(Schedule):
    """``η₀ / (1 + decay · epoch)``."""

    clock = "epoch"
    operation = "inverse_time_schedule"

    def __init__(self, initial_learning_rate: float, decay: float = 1.0) -> None:
        self.initial_learning_rate, self.decay = (
            initial_learning_rate,
            real(self, "decay", decay, 0.0),
        )
        self.check()

    def formula(self, t: Expr) -> Expr:
        below = Sum((ONE, times(Symbol("d", self.decay), t)))
        return Quotient(Symbol("η₀", self.initial_learning_rate), below)

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, 1.0, self.decay, 0.0]


class ExponentialEpochDecay(Schedule):
    """``η₀ · base^epoch``; the notes' base is 0.97."""

    clock = "epoch"
    operation = "exponential_schedule"

    def __init__(self, initial_learning_rate: float, base: float = 0.97) -> None:
        self.initial_learning_rate, self.base = initial_learning_rate, real(self, "base", base, 0.0)
        self.check()

    def formula(self, t: Expr) -> Expr:
        return times(Symbol("η₀", self.initial_learning_rate), Power(Symbol("r", self.base), t))

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, 1.0, self.base, 0.0]


class SquareRootDecay(Schedule):
    """``η₀ k / √(epoch + 1)``: k divided by the root of the epoch, where the first epoch counts 1."""

    clock = "epoch"
    operation = "square_root_schedule"

    def __init__(self, initial_learning_rate: float, k: float = 1.0) -> None:
        self.initial_learning_rate, self.k = initial_learning_rate, real(self, "k", k, 0.0)
        self.check()

    def formula(self, t: Expr) -> Expr:
        above = times(Symbol("η₀", self.initial_learning_rate), Symbol("k", self.k))
        return Quotient(above, Call("sqrt", (Sum((t, ONE)),)))

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, self.k]


class StepDecay(Schedule):
    """``η₀ · factor^⌊epoch / epochs⌋``: down by a factor every few epochs."""

    clock = "epoch"
    operation = "exponential_schedule"
    lengths = ("epochs",)

    def __init__(self, initial_learning_rate: float, factor: float = 0.5, epochs: int = 10) -> None:
        self.initial_learning_rate, self.epochs = initial_learning_rate, epochs
        self.factor = real(self, "factor", factor, 0.0)
        self.check()

    def formula(self, t: Expr) -> Expr:
        drops = Call("floor", (Quotient(t, Number(float(self.epochs))),))
        return times(
            Symbol("η₀", self.initial_learning_rate), Power(Symbol("r", self.factor), drops)
        )

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, float(self.epochs), self.factor, 1.0]


class ManualDecay(Schedule):
    """One rate an epoch from a list; the last one stays."""

    clock = "epoch"
    operation = "piecewise_schedule"
    rates = ("values",)

    @classmethod
    def start_of(cls, name: str, rate: float, length: int) -> Any:
        return [rate, rate / 2, rate / 4]

    def __init__(self, values: list[float]) -> None:
        self.values = listed(self, "values", values)
        self.check()

    def _boundaries(self) -> list[float]:
        return [float(k) for k in range(len(self.values) - 1)]

    def formula(self, t: Expr) -> Expr:
        return piece(t, self._boundaries(), self.values)

    def numbers(self) -> list[float]:
        return [float(len(self.values)), *self._boundaries(), *self.values]

    @property
    def end(self) -> float | None:
        return len(self.values)
