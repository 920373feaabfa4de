"""Learning rates that change while a network trains, under Keras's names, and those of the notes.

A schedule is a pure function of how many updates there have been and, where it counts epochs, of the epoch: the tape
computes the rate anew in every step, so that stepping back, replaying and loading need to remember nothing. The first
step and the first epoch are number 0.

==================================== ============================================= =====================
Schedule                             rate                                          counts
==================================== ============================================= =====================
InverseTimeDecay                     η₀ / (1 + r t/T)                              steps
ExponentialDecay                     η₀ r^(t/T)                                    steps
PolynomialDecay                      (η₀ − η₁)(1 − t/T)^p + η₁                     steps
PiecewiseConstantDecay               one number up to each boundary                steps
CosineDecay                          η₀ (α + (1 − α)(1 + cos(π t/T))/2)            steps, after a warm-up
CosineDecayRestarts                  the same, again and again (Loshchilov 2017)   steps
OneCycle                             up and down once (Smith 2018)                 steps
InverseEpochDecay                    η₀ / (1 + decay · epoch)                      epochs
ExponentialEpochDecay                η₀ · 0.97^epoch                               epochs
SquareRootDecay                      η₀ k / √(epoch + 1)                           epochs
StepDecay                            η₀ · factor^⌊epoch / epochs⌋                  epochs
ManualDecay                          a list, one number an epoch                   epochs
==================================== ============================================= =====================
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from core.errors import SettingError
from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Sum,
    Symbol,
    evaluate,
)
from core.naming import no_attribute, unknown
from core.objects import Configured, real

_ONE, _PI = Number(1), Symbol("π", 3.141592653589793)


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


def _times(*factors: Expr) -> Product:
    return Product(factors)


class _Decay(Schedule):
    """Keras's decays over a number of steps."""

    lengths = ("decay_steps",)

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

    def formula(self, t: Expr) -> Expr:
        rate = Symbol("r", self.decay_rate)
        below = Sum((_ONE, _times(rate, self._passed(t))))
        return Quotient(Symbol("η₀", self.initial_learning_rate), below)


class ExponentialDecay(_Decay):
    """``η₀ r^(t/T)``, in whole steps of T with `staircase`."""

    operation = "exponential_schedule"

    def formula(self, t: Expr) -> Expr:
        power = Power(Symbol("r", self.decay_rate), self._passed(t))
        return _times(Symbol("η₀", self.initial_learning_rate), power)


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
            multiple = Call("max", (_ONE, Call("ceil", (Quotient(t, length),))))
            passed, length = t, _times(length, multiple)  # type: ignore[assignment]
        end = Symbol("η₁", self.end_learning_rate)
        left = Sum((_ONE, Negate(Quotient(passed, length))))
        span = Sum((Symbol("η₀", self.initial_learning_rate), Negate(end)))
        return Sum((_times(span, Power(left, Number(self.power))), end))

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

    def __init__(
        self, boundaries: list[float], values: list[float], name: str | None = None
    ) -> None:
        self.boundaries = [
            real(self, "boundaries", one) for one in _listed(self, "boundaries", boundaries)
        ]
        self.values, self.name = _listed(self, "values", values), name
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
        return _piece(t, self.boundaries, self.values)

    def numbers(self) -> list[float]:
        return [float(len(self.values)), *self.boundaries, *self.values]


def _piece(t: Expr, boundaries: list[float], values: list[float]) -> Expr:
    """The value of now alone: the others would only be in the way of reading it."""
    now = evaluate(t, lambda *_: 0.0)
    place = sum(now > boundary for boundary in boundaries)
    return Symbol("η" + str(place + 1).translate(_SUBSCRIPTS), float(values[place]))


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _listed(owner: Schedule, name: str, value: Any) -> list[Any]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or (name == "values" and not value):
        raise SettingError(
            f"{type(owner).__name__}: {name} must be a list of numbers; it is {value!r}.", name
        )
    return list(value)


def _cosine(share: Expr) -> Expr:
    return _times(Number(0.5), Sum((_ONE, Call("cos", (_times(_PI, share),)))))


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
    def _warmup(self) -> int:
        return 0 if self.warmup_target is None else self.warmup_steps

    def formula(self, t: Expr) -> Expr:
        now = evaluate(t, lambda *_: 0.0)
        start, top = self.initial_learning_rate, self.warmup_target
        if now < self._warmup and top is not None:
            rise = Sum((Symbol("η₁", top), Negate(Symbol("η₀", start))))
            return Sum(
                (_times(rise, Quotient(t, Symbol("W", float(self._warmup)))), Symbol("η₀", start))
            )
        length = Symbol("T", float(self.decay_steps))
        passed = Call(
            "min",
            (Sum((t, Negate(Symbol("W", float(self._warmup))))) if self._warmup else t, length),
        )
        alpha = Symbol("α", self.alpha)
        kept = Sum((_times(Sum((_ONE, Negate(alpha))), _cosine(Quotient(passed, length))), alpha))
        return _times(Symbol("η₀", start) if top is None else Symbol("η₁", top), kept)

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
            short = Sum((_ONE, Negate(grow)))
            reached = Call("log", (Sum((_ONE, Negate(_times(done, short)))),))
            restart = Call("floor", (Quotient(reached, Call("log", (grow,))),))
            before = Quotient(Sum((_ONE, Negate(Power(grow, restart)))), short)
            share = Quotient(Sum((done, Negate(before))), Power(grow, restart))
        alpha = Symbol("α", self.alpha)
        high = Power(Symbol("m", self.m_mul), restart)
        kept = Sum((_times(Sum((_ONE, Negate(alpha))), high, _cosine(share)), alpha))
        return _times(Symbol("η₀", self.initial_learning_rate), kept)

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
        return Sum((b, _times(Sum((a, Negate(b))), _cosine(share))))

    def numbers(self) -> list[float]:
        return list(self._corners())

    @property
    def end(self) -> float | None:
        return self.total_steps


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
        below = Sum((_ONE, _times(Symbol("d", self.decay), t)))
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
        return _times(Symbol("η₀", self.initial_learning_rate), Power(Symbol("r", self.base), t))

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
        above = _times(Symbol("η₀", self.initial_learning_rate), Symbol("k", self.k))
        return Quotient(above, Call("sqrt", (Sum((t, _ONE)),)))

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
        times = Call("floor", (Quotient(t, Number(float(self.epochs))),))
        return _times(
            Symbol("η₀", self.initial_learning_rate), Power(Symbol("r", self.factor), times)
        )

    def numbers(self) -> list[float]:
        return [self.initial_learning_rate, float(self.epochs), self.factor, 1.0]


class ManualDecay(Schedule):
    """One rate an epoch from a list; the last one stays."""

    clock = "epoch"
    operation = "piecewise_schedule"
    rates = ("values",)

    def __init__(self, values: list[float]) -> None:
        self.values = _listed(self, "values", values)
        self.check()

    def _boundaries(self) -> list[float]:
        return [float(k) for k in range(len(self.values) - 1)]

    def formula(self, t: Expr) -> Expr:
        return _piece(t, self._boundaries(), self.values)

    def numbers(self) -> list[float]:
        return [float(len(self.values)), *self._boundaries(), *self.values]

    @property
    def end(self) -> float | None:
        return len(self.values)


def names() -> tuple[str, ...]:
    """Names of all schedules."""
    return tuple(name for name, kind in Schedule.kinds.items() if kind.operation)


def get(identifier: Any) -> Schedule:
    """A schedule by its document ``{"kind": "ExponentialDecay", ...}``, or the one given.

    Raises
    ------
    core.errors.SettingError
        There is no such schedule, or its arguments are not its.
    """
    if isinstance(identifier, Schedule):
        return identifier
    if not isinstance(identifier, dict):
        raise SettingError(
            f"A schedule is given as an object of core.schedules, not as {identifier!r}."
        )
    config = dict(identifier)
    kind = str(config.pop("kind", ""))
    if kind not in names():
        raise SettingError(unknown("schedule", kind, names()), "learning_rate")
    found = Schedule.kinds[kind]
    for name, default in found.defaults().items():
        if default is inspect.Parameter.empty and name not in config:
            raise SettingError(f"{kind} needs {name}.", "learning_rate")
    made: Schedule = found.from_config(config)
    return made


def first_rate(learning_rate: Any, default: float = 0.01) -> float:
    """The rate of the first step of a document's ``learning_rate``: a number, a schedule, or nothing."""
    if learning_rate is None:
        return default
    return (
        get(learning_rate)(0)
        if isinstance(learning_rate, (dict, Schedule))
        else float(learning_rate)
    )


def advice(learning_rate: Any, epochs: int, steps_per_epoch: int) -> str:
    """A sentence if a schedule ends before training does, or ""."""
    if not isinstance(learning_rate, (dict, Schedule)):
        return ""
    schedule = get(learning_rate)
    total = epochs * (steps_per_epoch if schedule.clock == "step" else 1)
    if schedule.end is None or schedule.end >= total:
        return ""
    last = schedule(total * (1 if schedule.clock == "step" else steps_per_epoch), steps_per_epoch)
    stays = (
        f"the learning rate stays at {last:g}"
        if last
        else "the learning rate is 0: nothing is learned"
    )
    return (
        f"{type(schedule).__name__} ends after {schedule.end:,} {schedule.clock}s, but training has {total:,}. "
        f"From there on {stays}. Let it last {total:,} {schedule.clock}s, or train for less."
    )


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant."""
        raise no_attribute("core.schedules", name, names())


def __dir__() -> list[str]:
    return sorted({*names(), "Schedule", "get", "names"})
