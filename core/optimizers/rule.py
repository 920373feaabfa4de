"""The rule of an optimizer as formulas: from one writing come the explanations, the step on arrays, and its terms.

A formula reads ``g`` (the gradient, after clipping), ``w`` (the weight), ``rate``, what the optimizer remembers, and
the lines before it. The kernels of `core.kernels.update` compute the same, faster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.expressions import (
    Call,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
    children,
)

if TYPE_CHECKING:
    import numpy as np

ONE = Number(1)


@dataclass(frozen=True)
class Line:
    """One line of a rule.

    Attributes
    ----------
    name
        Of the term: a slot becomes this value; ``step`` is added to the weight; others are steps on the way.
    formula
        Over what is known before this line.
    shown
        False for a term that is only told: no other line reads it.
    """

    name: str
    formula: Expr
    shown: bool = True


def term(name: str, symbol: str = "") -> Ref:
    """A value of the rule by name."""
    return Ref(name, (), symbol or name)


G, W, RATE = term("g"), term("w"), term("rate", "η")


def square(x: Expr) -> Expr:
    """``x²``."""
    return Power(x, Number(2))


def root(x: Expr) -> Expr:
    """``√x``."""
    return Call("sqrt", (x,))


def average(old: Expr, new: Expr, share: Expr) -> Sum:
    """``share · old + (1 - share) · new``."""
    return Sum((Product((share, old)), Product((Sum((ONE, Negate(share))), new))))


def inlined(lines: tuple[Line, ...], name: str) -> Expr:
    """The formula of a line with the lines before it written out: over what was known before the step."""
    found: dict[str, Expr] = {}
    for line in lines:
        found[line.name] = replaced(line.formula, lambda ref: found.get(ref.tensor, ref))
        if line.name == name:
            break
    return found[name]


def replaced(expr: Expr, put: Callable[[Ref], Expr]) -> Expr:
    """The expression with each reference replaced by what `put` gives for it."""
    if isinstance(expr, Ref):
        return put(expr)
    if isinstance(expr, (Number, Symbol)):
        return expr
    inner = tuple(replaced(child, put) for child in children(expr))
    if isinstance(expr, Sum):
        # What stands in a sum may be a sum itself: a + (b - c) is a + b - c.
        flat: list[Expr] = []
        for one in inner:
            flat += one.terms if isinstance(one, Sum) else [one]
        return Sum(tuple(flat))
    if isinstance(expr, Product):
        return Product(inner)
    if isinstance(expr, Call):
        return Call(expr.function, inner)
    if isinstance(expr, Quotient):
        return Quotient(*inner)
    if isinstance(expr, Power):
        return Power(*inner)
    assert isinstance(expr, Negate)
    return Negate(*inner)


def over_arrays(lines: tuple[Line, ...], known: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Every line's value for whole arrays.

    Parameters
    ----------
    lines
        The rule.
    known
        ``g``, ``w``, ``rate``, slots and scalars by name.
    """
    import numpy as np

    values = dict(known)
    with np.errstate(all="ignore"):
        for line in lines:
            values[line.name] = _value(line.formula, values)
    return {line.name: np.asarray(values[line.name]) for line in lines}


def _value(expr: Expr, values: Mapping[str, Any]) -> Any:
    import numpy as np

    if isinstance(expr, Ref):
        return values[expr.tensor]
    if isinstance(expr, (Number, Symbol)):
        return expr.value
    given = [_value(child, values) for child in children(expr)]
    if isinstance(expr, Sum):
        total = given[0]
        for one in given[1:]:
            total = total + one
        return total
    if isinstance(expr, Product):
        product = given[0]
        for one in given[1:]:
            product = product * one
        return product
    if isinstance(expr, Quotient):
        return given[0] / given[1]
    if isinstance(expr, Power):
        return given[0] ** given[1]
    if isinstance(expr, Negate):
        return -given[0]
    assert isinstance(expr, Call)
    functions: dict[str, Any] = {
        "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign, "max": np.maximum, "min": np.minimum,
    }  # fmt: skip
    return functions[expr.function](*given)
