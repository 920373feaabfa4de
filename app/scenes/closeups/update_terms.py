"""The terms of one weight's update: each line of the optimizer's rule, with this weight's numbers.

What the tape holds (gradient, averages, weight, the rate and its corrections) is read from it; lines in between are
the rule's own formulas over these numbers, as `core.tape` explains them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.text import tr
from core import optimizers
from core.expressions import (
    Call,
    Expr,
    Product,
    Quotient,
    Ref,
    Sum,
    children,
    evaluate,
)
from core.optimizers.rule import replaced

if TYPE_CHECKING:
    import numpy as np

    from app.scenes.closeups import Index, Moment, Subject
    from core.optimizers import Optimizer

#: What a term is measured in: terms of one unit are drawn to one scale. Squares are not drawn: their roots are.
GRADIENT, WEIGHT, SQUARE, SIGN, RATE, DELTA = (
    "gradient",
    "weight",
    "square",
    "sign",
    "rate",
    "delta",
)

_UNITS = {
    "g": GRADIENT,
    "m": GRADIENT,
    "mean_gradient": GRADIENT,
    "u": GRADIENT,
    "m_corrected": GRADIENT,
    "v": SQUARE,
    "mean_square": SQUARE,
    "accumulator": SQUARE,
    "accumulated_grad": SQUARE,
    "v_max": SQUARE,
    "v_corrected": SQUARE,
    "accumulated_delta": SQUARE,
    "velocity": WEIGHT,
    "momentum": WEIGHT,
    "step": WEIGHT,
    "delta": DELTA,
    "direction": SIGN,
    "effective_rate": RATE,
    "alpha": RATE,
}

_WORDS = {
    "g": "Gradient",
    "m": "Average of gradients",
    "mean_gradient": "Average of gradients",
    "u": "Largest gradient, fading",
    "m_corrected": "Average, looking ahead",
    "v": "Average of squares",
    "mean_square": "Average of squares",
    "accumulated_grad": "Average of squares",
    "accumulator": "Sum of squares so far",
    "v_max": "Largest average of squares so far",
    "v_corrected": "Average of squares, corrected",
    "accumulated_delta": "Average of squared steps",
    "velocity": "Velocity",
    "momentum": "Velocity",
    "delta": "Step before the rate",
    "direction": "Direction: only the sign counts",
    "effective_rate": "Rate of this weight",
    "alpha": "Rate with its bias corrections",
    "root": "Root: the size of gradients",
    "step": "Step",
    "w": "Weight",
}


@dataclass(frozen=True)
class Line:
    """One line of the rule as it is shown.

    Attributes
    ----------
    name
        Of the term; the root of an average is ``"root"``.
    symbol, words
        What stands before the arrow, and what it is.
    formula
        Over references to tensors at this weight's cell; terms that are on no tensor are called ``rule/<name>``.
    unit
        Terms of the same unit are drawn to the same scale.
    slot
        The tensor that remembers it, or "".
    arrow
        "←" for what is remembered, "=" for what is only worked out.
    """

    name: str
    symbol: str
    words: str
    formula: Expr
    unit: str
    slot: str = ""
    arrow: str = "="


@dataclass(frozen=True)
class Term:
    """A line with its numbers.

    Attributes
    ----------
    line
        The line.
    value
        What came out; None while the instruction has not run.
    before
        What was remembered before, of a term that is.
    incoming
        What an average takes in.
    values
        The numbers in the formula by (tensor, cell).
    """

    line: Line
    value: float | None
    before: float | None
    incoming: float | None
    values: Mapping[tuple[str, Index], float | None]


def is_update(subject: Subject) -> bool:
    """Tell whether an instruction is the update of a weight."""
    instruction = subject.instruction
    return (
        instruction.phase == "update"
        and "optimizer" in instruction.attributes
        and "w" in instruction.operands
    )


def optimizer_of(attributes: Mapping[str, Any]) -> Optimizer:
    """Return the optimizer an update was written by, as far as its rule goes."""
    kind = optimizers.kind(str(attributes["optimizer"]))
    return _optimizer(
        kind.name,
        tuple((k, v) for k, v in attributes.items() if k in kind.defaults and k != "learning_rate"),
    )


@lru_cache(maxsize=32)
def _optimizer(name: str, settings: tuple[tuple[str, Any], ...]) -> Optimizer:
    return optimizers.get({"kind": name, **dict(settings)})


def lines(subject: Subject) -> tuple[Line, ...]:
    """Return the lines of the rule that updates a weight, from the gradient to the weight."""
    instruction = subject.instruction
    return _lines(
        optimizer_of(instruction.attributes),
        tuple(instruction.operands.items()),
        subject.cell,
        frozenset(name for name in _CORRECTIONS if f"optimizer/{name}" in subject.program.tensors),
    )


_CORRECTIONS = ("mean_correction", "square_correction")


@lru_cache(maxsize=64)
def _lines(
    optimizer: Optimizer,
    given: tuple[tuple[str, str], ...],
    cell: Index,
    corrections: frozenset[str],
) -> tuple[Line, ...]:
    operands = dict(given)
    shared = {"rate", "keep", *optimizer.factor_values(0.1, 1, dict(optimizer.remembered))}

    def put(ref: Ref) -> Expr:
        tensor = operands.get(ref.tensor, f"rule/{ref.tensor}")
        alone = ref.tensor in shared and ref.tensor in operands
        symbol = ref.symbol if ref.tensor in operands else _SHORT.get(ref.tensor, ref.symbol)
        return Ref(tensor, () if alone else cell, symbol, "")

    gradient = Ref(operands["g"], cell, "g", "")
    words = tr("Gradient, clipped") if operands["g"].startswith("clipped/") else tr(_WORDS["g"])
    found = [Line("g", "g", words, gradient, GRADIENT)]
    if "effective_rate" in operands and "mean_correction" in corrections:
        found.append(_alpha(operands, "square_correction" in corrections))
    seen: set[Expr] = set()
    rule = optimizer.rule()
    # What later lines read is called as they call it: the rule's own names are words of a program.
    symbols = {
        ref.tensor: ref.symbol for one in rule for ref in _refs(one.formula) if ref.symbol
    } | {"step": "Δw"}
    for one in rule:
        if not one.shown and (one.name != "effective_rate" or "effective_rate" in operands):
            continue
        formula = replaced(one.formula, put)
        for root in _roots(formula):
            if root not in seen:
                seen.add(root)
                found.append(_root(root))
        slot = operands[one.name] if one.name in optimizer.slots else ""
        symbol = symbols.get(one.name, one.name)
        found.append(
            Line(
                one.name,
                _SHORT.get(one.name, symbol),
                tr(_WORDS.get(one.name, one.name)),
                formula,
                _UNITS.get(one.name, one.name),
                slot,
                "←" if slot else "=",
            )
        )
    w: Expr = Ref(operands["w"], cell, "w", "")
    if "keep" in operands:
        w = Product((Ref(operands["keep"], (), "κ", ""), w))
    step = Ref("rule/step", cell, "Δw", "")
    found.append(Line("w", "w", tr(_WORDS["w"]), Sum((w, step)), "", operands["w"], "←"))
    return tuple(found)


#: Symbols of terms that no other line reads.
_SHORT = {"m_corrected": "m̂", "v_corrected": "v̂", "direction": "d", "effective_rate": "ηᵢ"}


def _alpha(operands: Mapping[str, str], squares: bool) -> Line:
    """The rate as Keras corrects it for averages that begin at 0."""
    rate = Ref(operands["rate"], (), "η", "")
    c1 = Ref("optimizer/mean_correction", (), "c₁", "")
    over: Expr = rate
    if squares:
        c2 = Ref("optimizer/square_correction", (), "c₂", "")
        over = Product((rate, Call("sqrt", (c2,))))
    return Line(
        "alpha", "α", tr(_WORDS["alpha"]), Quotient(over, c1), RATE, operands["effective_rate"]
    )


def _root(root: Expr) -> Line:
    steps = any(ref.symbol == "D" for ref in _refs(root))
    words = tr("Root: the size of steps") if steps else tr(_WORDS["root"])
    return Line("root", "√", words, root, DELTA if steps else GRADIENT)


def _roots(expr: Expr) -> list[Expr]:
    if isinstance(expr, Call) and expr.function == "sqrt":
        return [expr]
    return [root for child in children(expr) for root in _roots(child)]


def _refs(expr: Expr) -> list[Ref]:
    if isinstance(expr, Ref):
        return [expr]
    return [ref for child in children(expr) for ref in _refs(child)]


# ---- numbers ----------------------------------------------------------------------------------------------------


def done(subject: Subject, moment: Moment) -> bool:
    """Tell whether the instruction has run in the step that is shown."""
    snapshot = moment.snapshot
    if snapshot is None:
        return False
    position = snapshot.position
    ended = position.pc == 0 and snapshot.instruction is not None
    return ended or subject.instruction.index < position.pc


def before(subject: Subject, moment: Moment, name: str) -> np.ndarray | None:
    """Return a weight, or what is remembered of it, as the step found it."""
    known = moment.before.get(name)
    if known is None and not done(subject, moment):
        # Nothing has changed it yet.
        return moment.arrays.get(name)
    return known


def terms(subject: Subject, moment: Moment) -> tuple[Term, ...]:
    """Return every line with its numbers, as far as the step has come."""
    ran = done(subject, moment)
    known: dict[tuple[str, Index], float | None] = {}

    def number(ref: Ref, *, now: bool = False) -> float | None:
        key = (ref.tensor, ref.index)
        if key not in known:
            lasts = ref.tensor in subject.instruction.results.values() and not now
            array = before(subject, moment, ref.tensor) if lasts else moment.arrays.get(ref.tensor)
            known[key] = _at(array, ref.index)
        return known[key]

    found = []
    for line in lines(subject):
        values = {(ref.tensor, ref.index): number(ref) for ref in _refs(line.formula)}
        slot = Ref(line.slot, subject.cell)
        old = number(slot) if line.slot in subject.instruction.results.values() else None
        value = _value(line.formula, values) if ran or line.name in ("g", "alpha") else None
        if line.name == "alpha":
            value = _at(moment.arrays.get(line.slot), ())
        elif line.slot and ran:
            # On the tape: the engine's own number, not one worked out again.
            value = _at(moment.arrays.get(line.slot), subject.cell)
        incoming = _incoming(line.formula, values) if ran else None
        found.append(Term(line, value, old, incoming, values))
        if line.slot and line.name != "alpha":
            known[line.slot, subject.cell] = value
        known[f"rule/{line.name}", subject.cell] = value
    return tuple(found)


def _at(array: np.ndarray | None, index: Index) -> float | None:
    try:
        return None if array is None else float(array[index])
    except (IndexError, TypeError):
        return None


def _value(expr: Expr, values: Mapping[tuple[str, Index], float | None]) -> float | None:
    if any(value is None for value in values.values()):
        return None
    try:
        return evaluate(expr, _lookup(values))
    except (ArithmeticError, ValueError):
        return math.nan


def _lookup(
    values: Mapping[tuple[str, Index], float | None],
) -> Callable[[str, Index], float]:
    def look(tensor: str, index: Index) -> float:
        found = values[tensor, index]
        return math.nan if found is None else found

    return look


def _incoming(formula: Expr, values: Mapping[tuple[str, Index], float | None]) -> float | None:
    """What an average takes in: x of ``β old + (1 − β) x``."""
    if not isinstance(formula, Sum) or len(formula.terms) != 2:
        return None
    new = formula.terms[1]
    if not isinstance(new, Product) or len(new.factors) != 2 or not isinstance(new.factors[0], Sum):
        return None
    return _value(
        new.factors[1],
        {(r.tensor, r.index): values[r.tensor, r.index] for r in _refs(new.factors[1])},
    )


def words(subject: Subject, found: tuple[Term, ...]) -> str:
    """Return a sentence about the step."""
    named = {term.line.name: term.value for term in found}
    step, gradient = named.get("step"), named.get("g")
    if step is None or gradient is None or not math.isfinite(step):
        return tr("Press Step: the update has not been made yet.")
    if gradient == 0 and step == 0:
        return tr("The gradient is 0, and nothing is remembered: the weight stays.")
    if gradient and (step > 0) == (gradient > 0):
        return tr(
            "The step still goes with the gradient: what is remembered of earlier steps is stronger."
        )
    if gradient == 0:
        return tr("The gradient is 0; the step comes from what is remembered of earlier ones.")
    if step > 0:
        return tr("The gradient is negative, so the weight is raised.")
    return tr("The gradient is positive, so the weight is lowered.")
