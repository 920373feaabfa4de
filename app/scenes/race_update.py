"""One update of one racer as terms, from where it stands to where it goes: what they are called, how they come about
and their numbers.

The terms are the lines of the optimizer's own rule (`core.optimizers.rule`), so that a new optimizer needs nothing
here. Before them come the gradient and what clipping makes of it, after them the step and the new place. The numbers
are those of the race's `core.landscape.Trajectory`.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from app.text import tr
from core import optimizers
from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
    evaluate,
    references,
)
from core.ops.base import Instruction, operation
from core.optimizers.rule import Line, replaced
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.landscape import Trajectory
    from core.landscape.race import Racer
    from core.ops.step_factors import _Factors
    from core.optimizers import Optimizer

#: What comes after the name of a term for its value before the update.
BEFORE = "@"
#: Names of gradients, so that formulas colour them: as measured, its length, and as the rule gets it.
RAW, LENGTH, GRADIENT = "grad/measured", "grad/length", "grad/g"
#: Where the racer stands and where it goes.
POINT, NEXT, STEP, KEEP, RATE = "w", "next", "step", "keep", "rate"
#: The rate of each axis, where the rule has one and does not say so by itself.
AXIS = "axis"
#: As TeX, where the rule's own letter is not that of textbooks.
_SYMBOLS = {
    "g": "g", "w": "θ", "m_corrected": r"\hat{m}", "v_corrected": r"\hat{v}", "v_max": "v_max",
    "direction": "d", "step": "Δθ", "rate": "η", "momentum_product": "P", "delta": "Δ",
}  # fmt: skip
#: Corrections are written out where they are used: m / (1 - β₁ᵗ).
_CORRECTIONS = ("mean_correction", "square_correction")
#: What a factor is where writing it out takes too much room, with and without bias correction.
_FACTORS = {
    "mean_factor": (r"μ_{t+1}/(1-P_{t+1})", r"μ_{t+1}"), "gradient_factor": (r"(1-μ_t)/(1-P_t)", r"1-μ_t"),
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One line of the table.

    Attributes
    ----------
    name
        Of the term: of the rule's line, or one of the names above.
    symbol
        As TeX.
    formula
        Its references are to terms by name; None where `words` say it.
    words
        What it is, plain or (with a backslash) as TeX.
    scalar
        One number, not one an axis.
    """

    name: str
    symbol: str
    formula: Expr | None = None
    words: str = ""
    scalar: bool = False


class Update:
    """The update that a racer makes after `step` steps.

    Parameters
    ----------
    racer, path
        Who, and what the engine has computed of its way.
    step
        Steps that are done.

    Attributes
    ----------
    terms
        In the order in which they are worked out, from where it stands to where it goes.
    letters
        Of the axes.
    """

    def __init__(
        self, racer: Racer, path: Trajectory, step: int, letters: tuple[str, ...] = ("x", "y")
    ) -> None:
        self.racer, self.path, self.step, self.letters = racer, path, step, letters
        self._key = _key(racer)
        self.optimizer, self.terms = _plan(self._key)
        self._found: dict[str, Any] = {}

    def is_of(self, racer: Racer, path: Trajectory, step: int, letters: tuple[str, ...]) -> bool:
        """Tell whether it is the update that these would make."""
        return (
            self.racer is racer
            and self.path is path
            and (self.step, self.letters) == (step, letters)
        )

    @property
    def t(self) -> int:
        """Which update this is, from 1."""
        return self.step + 1

    @property
    def last(self) -> bool:
        """Whether the race is over: no update follows."""
        return self.step >= len(self.path.positions) - 1

    @property
    def gone(self) -> bool:
        """Whether the racer is not there any more."""
        return self.path.left is not None and self.path.left <= self.step

    @property
    def loss(self) -> float:
        """Of all samples, where it stands."""
        return float(self.path.losses[self.step])

    def term(self, name: str) -> Term | None:
        """Return the term of that name."""
        return next((one for one in self.terms if one.name == name), None)

    def place(self, name: str) -> int:
        """Return how many terms come before one; -1 if there is none of that name."""
        return next((k for k, one in enumerate(self.terms) if one.name == name), -1)

    def formula(self, name: str) -> Expr | None:
        """Return the formula of a term as it is now: a correction knows which update this is."""
        terms = self.terms
        if name in _dated(self._key):
            terms = _plan(self._key, self.t)[1]
        return next((one.formula for one in terms if one.name == name), None)

    def value(self, name: str) -> np.ndarray:
        """Return a term's value: shape (2,), or () of one that all axes share; NaN where there is none."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = np.asarray(self._value(name), np.float64)
        return found

    def number(self, name: str, axis: int) -> float:
        """Return a term's value along an axis."""
        value = self.value(name)
        return float(value if value.ndim == 0 else value[axis])

    def length(self, name: str) -> float:
        """Return the length of a term as a vector."""
        return float(np.hypot(*self.value(name)))

    def numbers(self, expr: Expr, axis: int) -> dict[tuple[str, tuple[int, ...]], float | None]:
        """Return what stands in a formula, for `app.scenes.formula_expressions`."""
        return {(ref.tensor, ()): self.number(ref.tensor, axis) for ref in references(expr)}

    def _value(self, name: str) -> Any:
        path, k = self.path, self.step
        nothing = np.full(2, np.nan)
        if name == POINT:
            return path.positions[k]
        if self.last:
            # The slope is known there all the same.
            return path.gradients[k] if name in (GRADIENT, RAW) else nothing
        if name == NEXT:
            return path.positions[k + 1]
        if name == RAW:
            return path.gradients[k]
        if name == LENGTH:
            return math.hypot(*path.gradients[k])
        if name.endswith(BEFORE):
            known = name.removesuffix(BEFORE)
            if k:
                return path.terms[known][k - 1]
            return np.full(2, self.optimizer.slots[known])
        found = path.terms.get("g" if name == GRADIENT else name)
        if found is not None:
            return found[k]
        # Told by a formula over what is recorded.
        formula = self.formula(name)
        if formula is None:
            return nothing
        return np.array([self._evaluated(formula, axis) for axis in (0, 1)])

    def _evaluated(self, formula: Expr, axis: int) -> float:
        return evaluate(formula, lambda name, _: self.number(name, axis))


def terms_of(racer: Racer) -> tuple[Term, ...]:
    """Return the terms of a racer's update, in order."""
    return _plan(_key(racer))[1]


def _key(racer: Racer) -> tuple[str, bool]:
    return json.dumps(racer.optimizer, sort_keys=True), racer.bias_correction


@lru_cache(maxsize=256)
def _plan(key: tuple[str, bool], t: int = 1) -> tuple[Optimizer, tuple[Term, ...]]:
    """The terms of update `t`."""
    document, corrected = key
    optimizer = optimizers.get(json.loads(document))
    return optimizer, tuple(_Writer(optimizer, corrected, t).terms())


@lru_cache(maxsize=256)
def _dated(key: tuple[str, bool]) -> frozenset[str]:
    """Names of the terms whose formula knows which update it is of: that of the next one is another."""
    (_, first), (_, second) = _plan(key, 1), _plan(key, 2)
    return frozenset(
        one.name for one, other in zip(first, second, strict=True) if one.formula != other.formula
    )


class _Writer:
    """Writes an optimizer's rule as terms."""

    def __init__(self, optimizer: Optimizer, corrected: bool, t: int) -> None:
        self.optimizer, self.corrected = optimizer, corrected
        self.rule = optimizer.rule()
        self.order = {line.name: k for k, line in enumerate(self.rule)}
        self.factors = _factor_formulas(optimizer, t) if optimizer.factors else {}
        self.told: set[str] = set()

    def terms(self) -> list[Term]:
        found = [Term(POINT, "θ", words=tr("current point"))]
        schedule = self.optimizer.schedule
        if schedule is not None:
            found.append(Term(RATE, "η", words=type(schedule).__name__, scalar=True))
        found += self._gradients()
        for k, line in enumerate(self.rule):
            if not line.shown and not self._needed(line):
                continue
            found += self._before(line)
            if line.name == STEP:
                found += self._axis(line, k)
            found.append(self._term(line, k))
        decay = self.optimizer.config.get("weight_decay")
        point: Expr = Ref(POINT, (), "θ")
        if decay:
            kept = Sum((Number(1), Negate(Product((_rate(), Symbol("λ", float(decay)))))))
            found.append(Term(KEEP, "κ", kept, scalar=True))
            point = Product((Ref(KEEP, (), "κ"), point))
        return [*found, Term(NEXT, "θ′", Sum((point, Ref(STEP, (), "Δθ"))))]

    def _gradients(self) -> list[Term]:
        way = self.optimizer.clipping
        if not way:
            return [Term(GRADIENT, "g", words=tr("gradient at θ"))]
        raw, length = Ref(RAW, (), "g_0"), Ref(LENGTH, (), "|g_0|")
        limit = Symbol("c", float(self.optimizer.config[way]))
        if way == "clipvalue":
            formula: Expr = Call("clip", (raw, Negate(limit), limit))
        else:
            formula = Product((raw, Quotient(limit, Call("max", (length, limit)))))
        return [
            Term(RAW, "g_0", words=tr("gradient at θ")),
            Term(GRADIENT, "g", formula),
        ]

    def _needed(self, line: Line) -> bool:
        """Whether what is only told is told here: without corrections there are none."""
        return self.corrected or not line.name.endswith("_corrected")

    def _before(self, line: Line) -> list[Term]:
        """Numbers all axes share that a line is the first to read."""
        found = []
        for ref in references(line.formula):
            name = ref.tensor
            if name in self.factors and name not in _CORRECTIONS and name not in self.told:
                self.told.add(name)
                if not self.corrected and name == "effective_rate":
                    found.append(Term(name, ref.symbol, _rate(), scalar=True))
                elif name in _FACTORS:
                    words = _FACTORS[name][not self.corrected]
                    found.append(Term(name, ref.symbol, words=words, scalar=True))
                else:
                    found.append(Term(name, ref.symbol, self._shown(name), scalar=True))
        return found

    def _shown(self, name: str) -> Expr:
        return self._written(self.factors[name], len(self.rule))

    def _term(self, line: Line, k: int) -> Term:
        formula = self._written(line.formula, k)
        if isinstance(formula, Quotient) and formula.denominator == Number(1):
            formula = formula.numerator
        name = AXIS if line.name == "effective_rate" else line.name
        return Term(name, "r" if name == AXIS else self._symbol(line.name), formula)

    def _symbol(self, name: str) -> str:
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        refs = (ref for line in self.rule for ref in references(line.formula))
        return next((ref.symbol for ref in refs if ref.tensor == name), name)

    def _written(self, expr: Expr, k: int) -> Expr:
        """A formula of line `k`: what is read before it is written is what was remembered."""

        def put(ref: Ref) -> Expr:
            name = ref.tensor
            if name in _CORRECTIONS and name in self.factors:
                return self._written(self.factors[name], k) if self.corrected else Number(1)
            if name == "g":
                return Ref(GRADIENT, (), "g")
            symbol = _SYMBOLS.get(name) or ref.symbol
            old = name in self.optimizer.slots and self.order.get(name, -1) >= k
            if old and self._read_alike(k):
                symbol = f"{symbol}_{{t-1}}"
            return Ref(name + BEFORE if old else name, (), symbol)

        return replaced(expr, put)

    def _read_alike(self, k: int) -> bool:
        """Whether a later line has the same formula as line `k`, of which other values come into it."""
        formula = self.rule[k].formula if k < len(self.rule) else None
        return any(one.formula == formula for one in self.rule[k + 1 :])

    def _axis(self, line: Line, k: int) -> list[Term]:
        """The rate of each axis, if the step is a direction times one and no line has said so."""
        if any(one.name == "effective_rate" for one in self.rule):
            return []
        formulas = {one.name: (one.formula, at) for at, one in enumerate(self.rule)}
        found = _without_direction(line.formula, formulas, k)
        return [] if found is None else [Term(AXIS, "r", self._written(*found))]


def _without_direction(
    step: Expr, formulas: dict[str, tuple[Expr, int]], k: int
) -> tuple[Expr, int] | None:
    """What a step of the forms −η (m / r), η Δ with Δ = −(s · g) / r has besides its direction, and of which line."""
    inner = step.x if isinstance(step, Negate) else step
    if not isinstance(inner, Product) or len(inner.factors) != 2:
        return None
    rate, rest = inner.factors
    if isinstance(rest, Ref) and rest.tensor in formulas:
        rest, k = formulas[rest.tensor]
        rest = rest.x if isinstance(rest, Negate) else rest
    if not isinstance(rest, Quotient):
        return None
    above, below = rest.numerator, rest.denominator
    if isinstance(above, Ref):
        return Quotient(rate, below), k
    if isinstance(above, Product) and isinstance(above.factors[-1], Ref):
        others = above.factors[:-1]
        size = others[0] if len(others) == 1 else Product(others)
        return Product((rate, Quotient(size, below))), k
    return None


def _rate() -> Ref:
    return Ref(RATE, (), "η")


def _factor_formulas(optimizer: Optimizer, t: int) -> dict[str, Expr]:
    """The numbers that all axes share as formulas: those of the operation that works them out in a training."""

    def one(name: str, symbol: str) -> Tensor:
        return Tensor(name, (), Buffer(1, False, "scalars"), symbol=symbol)

    instruction = Instruction(
        optimizer.factors, {"rate": one(RATE, "η"), "momentum_product": one("momentum_product" + BEFORE, "P")}, {},
        {**optimizer.constants(), "iteration": t},
    )  # fmt: skip
    factors: _Factors = operation(optimizer.factors)  # type: ignore[assignment]
    return {name: make() for name, make in factors.formulas(instruction).items()}
