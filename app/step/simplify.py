"""The formula of this very cell: branches not taken and terms that are zero by a label are left out."""

from __future__ import annotations

from collections.abc import Callable

from core.expressions import (
    LONG_SUM,
    Call,
    Elided,
    Expr,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    children,
    evaluate,
)

Lookup = Callable[[str, tuple[int, ...]], float | None]
_ZERO, _ONE = Number(0), Number(1)


def simplify(expr: Expr, lookup: Lookup) -> Expr:
    """Return `expr` with every `where`, `clip` and comparison of labels decided by the numbers at hand.

    What cannot be decided, because a number is missing, stays as it is.
    """
    if isinstance(expr, Call):
        return _call(expr, lookup)
    if isinstance(expr, Sum):
        terms = tuple(t for t in (simplify(term, lookup) for term in expr.terms) if t != _ZERO)
        return terms[0] if len(terms) == 1 else Sum(terms) if terms else _ZERO
    if isinstance(expr, Product):
        factors = tuple(f for f in (simplify(x, lookup) for x in expr.factors) if f != _ONE)
        if _ZERO in factors:
            return _ZERO
        return factors[0] if len(factors) == 1 else Product(factors) if factors else _ONE
    if isinstance(expr, Negate):
        inner = simplify(expr.x, lookup)
        if isinstance(inner, Negate):
            return inner.x
        return _ZERO if inner == _ZERO else Negate(inner)
    if isinstance(expr, Quotient):
        over = simplify(expr.numerator, lookup)
        under = simplify(expr.denominator, lookup)
        if over == _ZERO:
            return _ZERO
        return over if under == _ONE else Quotient(over, under)
    if isinstance(expr, Power):
        return Power(simplify(expr.base, lookup), expr.exponent)
    return expr


def shorten(expr: Expr, most: int = 64) -> Expr:
    """Leave out the middle of sums of thousands of terms before anything else looks at them.

    A convolution's weight gradient adds one product for every sample and place; eight of them are shown.
    """
    if isinstance(expr, Sum):
        count = expr.count
        if count <= most:
            return Sum(tuple(shorten(term, most) for term in expr.terms))
        kept = tuple(shorten(term, most) for term in expr.part(0, LONG_SUM - 2))
        last = shorten(expr.part(count - 1, count)[0], most)
        return Sum((*kept, Elided(count - LONG_SUM + 1, ()), last))
    if isinstance(expr, Product):
        return Product(tuple(shorten(factor, most) for factor in expr.factors))
    if isinstance(expr, Quotient):
        return Quotient(shorten(expr.numerator, most), shorten(expr.denominator, most))
    if isinstance(expr, Negate):
        return Negate(shorten(expr.x, most))
    if isinstance(expr, Call):
        return Call(expr.function, tuple(shorten(a, most) for a in expr.arguments))
    return expr


def _call(expr: Call, lookup: Lookup) -> Expr:
    arguments = expr.arguments
    if expr.function == "where":
        truth = _value(arguments[0], lookup)
        if truth is not None:
            return simplify(arguments[1] if truth else arguments[2], lookup)
    elif expr.function == "clip":
        value, low, high = (_value(a, lookup) for a in arguments)
        if value is not None and low is not None and high is not None and low <= value <= high:
            return simplify(arguments[0], lookup)
    elif expr.function == "equal":
        truth = _value(expr, lookup)
        if truth is not None:
            return _ONE if truth else _ZERO
    return Call(expr.function, tuple(simplify(a, lookup) for a in arguments))


def _value(expr: Expr, lookup: Lookup) -> float | None:
    if any(lookup(ref.tensor, ref.index) is None for ref in _refs(expr)):
        return None
    try:
        return evaluate(expr, lambda tensor, index: float(lookup(tensor, index) or 0.0))
    except (ArithmeticError, ValueError):
        return None


def _refs(expr: Expr) -> list[Ref]:
    if isinstance(expr, Ref):
        return [expr]
    return [ref for child in children(expr) for ref in _refs(child)]
