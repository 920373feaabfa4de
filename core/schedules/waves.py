"""Schedules that warm up, fall along a cosine, and begin again."""

from __future__ import annotations

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
    evaluate,
)
from core.objects import real
from core.schedules.base import ONE, Schedule, cosine, times


class CosineDecay(Schedule):
    """``η₀ (α + (1 − α)(1 + cos(π t/T))/2)``, after a warm-up in a straight line to `warmup_target`, if it is given."""

    operation = "cosine_schedule"
    rates = ("initial_learning_rate", "warmup_target")
    lengths = ("decay_steps",)

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str | None = None,
                 warmup_target: float | None = None, warmup_steps: int = 0) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_steps, self.name = (
            initial_learning_rate,
            decay_steps,
            name,
        )
        self.alpha, self.warmup_target = real(self, "alpha", alpha, 0.0), warmup_target
        self.warmup_steps = int(real(self, "warmup_steps", warmup_steps, 0.0))
        self.check()

    @property
    def height(self) -> float:
        return super().height if self.warmup_target is None else float(self.warmup_target)

    @property
    def _warmup(self) -> int:
        return 0 if self.warmup_target is None else self.warmup_steps

    def formula(self, t: Expr) -> Expr:
        now = evaluate(t, lambda *_: 0.0)
        start, top = self.initial_learning_rate, self.warmup_target
        if now < self._warmup and top is not None:
            rise = Sum((Symbol("η₁", top), Negate(Symbol("η₀", start))))
            return Sum(
                (times(rise, Quotient(t, Symbol("W", float(self._warmup)))), Symbol("η₀", start))
            )
        length = Symbol("T", float(self.decay_steps))
        passed = Call(
            "min",
            (Sum((t, Negate(Symbol("W", float(self._warmup))))) if self._warmup else t, length),
        )
        alpha = Symbol("α", self.alpha)
        kept = Sum((times(Sum((ONE, Negate(alpha))), cosine(Quotient(passed, length))), alpha))
        return times(Symbol("η₀", start) if top is None else Symbol("η₁", top), kept)

    def numbers(self) -> list[float]:
        target = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        return [
            self.initial_learning_rate,
            float(self.decay_steps),
            self.alpha,
            target,
            float(self._warmup),
        ]

    @property
    def end(self) -> float | None:
        return self.decay_steps + self._warmup


class CosineDecayRestarts(Schedule):
    """Cosine decay that begins again, each time `t_mul` times as long and `m_mul` times as high.

    Loshchilov and Hutter 2017.
    """

    operation = "restarts_schedule"
    lengths = ("first_decay_steps",)

    def __init__(self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
                 alpha: float = 0.0, name: str | None = None) -> None:  # fmt: skip
        self.initial_learning_rate, self.first_decay_steps = (
            initial_learning_rate,
            first_decay_steps,
        )
        self.t_mul, self.m_mul = real(self, "t_mul", t_mul, 1.0), real(self, "m_mul", m_mul, 0.0)
        self.alpha, self.name = real(self, "alpha", alpha, 0.0), name
        self.check()

    def formula(self, t: Expr) -> Expr:
        first = Symbol("T", float(self.first_decay_steps))
        done: Expr = Quotient(t, first)
        if self.t_mul == 1:
            restart: Expr = Call("floor", (done,))
            share: Expr = Sum((done, Negate(restart)))
        else:
            grow = Symbol("q", self.t_mul)
            short = Sum((ONE, Negate(grow)))
            reached = Call("log", (Sum((ONE, Negate(times(done, short)))),))
            restart = Call("floor", (Quotient(reached, Call("log", (grow,))),))
            before = Quotient(Sum((ONE, Negate(Power(grow, restart)))), short)
            share = Quotient(Sum((done, Negate(before))), Power(grow, restart))
        alpha = Symbol("α", self.alpha)
        high = Power(Symbol("m", self.m_mul), restart)
        kept = Sum((times(Sum((ONE, Negate(alpha))), high, cosine(share)), alpha))
        return times(Symbol("η₀", self.initial_learning_rate), kept)

    def numbers(self) -> list[float]:
        return [
            self.initial_learning_rate,
            float(self.first_decay_steps),
            self.t_mul,
            self.m_mul,
            self.alpha,
        ]


class OneCycle(Schedule):
    """Up to `max_learning_rate` along a cosine, and down to next to nothing (Smith 2018), as PyTorch's OneCycleLR.

    It begins at ``max / div_factor``, reaches its maximum after `pct_start` of the steps, and ends at
    ``max / div_factor / final_div_factor``.
    """

    operation = "one_cycle_schedule"
    rates = ("max_learning_rate",)
    lengths = ("total_steps", "div_factor", "final_div_factor")

    def __init__(self, max_learning_rate: float, total_steps: int, pct_start: float = 0.3, div_factor: float = 25.0,
                 final_div_factor: float = 1e4) -> None:  # fmt: skip
        self.max_learning_rate, self.total_steps = max_learning_rate, total_steps
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        self.pct_start = real(self, "pct_start", pct_start, 0.0)
        if self.pct_start > 1:
            raise SettingError(
                f"OneCycle: pct_start must be from 0 to 1; it is {pct_start!r}.", "pct_start"
            )
        self.check()

    def _corners(self) -> tuple[float, float, float, float, float]:
        """(start, top, end, step of the top, last step)."""
        start = self.max_learning_rate / self.div_factor
        return (start, self.max_learning_rate, start / self.final_div_factor,
                self.pct_start * self.total_steps - 1, self.total_steps - 1.0)  # fmt: skip

    def formula(self, t: Expr) -> Expr:
        start, top, end, peak, last = self._corners()
        if evaluate(t, lambda *_: 0.0) <= peak:
            a, b, share = Symbol("η₀", start), Symbol("η₁", top), Quotient(t, Number(peak))
        else:
            passed = Sum((Call("min", (t, Number(last))), Negate(Number(peak))))
            a, b, share = (
                Symbol("η₁", top),
                Symbol("η₂", end),
                Quotient(passed, Number(last - peak or 1.0)),
            )
        return Sum((b, times(Sum((a, Negate(b))), cosine(share))))

    def numbers(self) -> list[float]:
        return list(self._corners())

    @property
    def end(self) -> float | None:
        return self.total_steps
