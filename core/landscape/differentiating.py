"""Derivatives as formulas, for showing what a gradient is made of. Gradients are computed with dual numbers instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

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
    children,
    minus,
)

ZERO, ONE, TWO = Number(0.0), Number(1.0), Number(2.0)


def derivative(expr: Expr, name: str) -> Expr:
    """What an expression changes by with the variable of this name; simplified as one does by hand."""
    if isinstance(expr, Ref):
        return ONE if expr.tensor == name else ZERO
    if not _has(expr, name):
        return ZERO
    if isinstance(expr, Sum):
        return _sum([derivative(term, name) for term in expr.terms])
    if isinstance(expr, Negate):
        return _negative(derivative(expr.x, name))
    if isinstance(expr, Product):
        terms = []
        for k, factor in enumerate(expr.factors):
            slope = derivative(factor, name)
            terms.append(_product([*expr.factors[:k], *expr.factors[k + 1 :], slope]))
        return _sum(terms)
    if isinstance(expr, Quotient):
        return _of_quotient(expr, name)
    if isinstance(expr, Power):
        return _of_power(expr, name)
    assert isinstance(expr, Call)
    if expr.function in ("max", "min"):
        return _of_extreme(expr, name)
    inside = expr.arguments[0]
    return _product([_OUTER[expr.function](inside), derivative(inside, name)])


def _of_quotient(expr: Quotient, name: str) -> Expr:
    above, below = expr.numerator, expr.denominator
    up, down = derivative(above, name), derivative(below, name)
    if down == ZERO:
        return _quotient(up, below)
    if up == ZERO:
        return _negative(_quotient(_product([above, down]), _power(below, TWO)))
    change = _sum([_product([up, below]), _negative(_product([above, down]))])
    return _quotient(change, _power(below, TWO))


def _of_power(expr: Power, name: str) -> Expr:
    base, exponent = expr.base, expr.exponent
    terms = []
    if _has(base, name):
        lower = (
            Number(exponent.value - 1)
            if isinstance(exponent, Number)
            else _sum([exponent, Number(-1.0)])
        )
        terms.append(_product([exponent, _power(base, lower), derivative(base, name)]))
    if _has(exponent, name):
        terms.append(_product([expr, Call("log", (base,)), derivative(exponent, name)]))
    return _sum(terms)


def _of_extreme(expr: Call, name: str) -> Expr:
    """Of max and min: the slope of the one that is taken, of equal ones half of each."""
    so_far, slope = expr.arguments[0], derivative(expr.arguments[0], name)
    for other in expr.arguments[1:]:
        ahead, behind = minus(so_far, other), minus(other, so_far)
        if expr.function == "min":
            ahead, behind = behind, ahead
        slope = _sum([
            _product([Call("heaviside", (ahead,)), slope]),
            _product([Call("heaviside", (behind,)), derivative(other, name)]),
        ])  # fmt: skip
        so_far = Call(expr.function, (so_far, other))
    return slope


def _root(x: Expr) -> Expr:
    return Call("sqrt", (x,))


_OUTER: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: Call("exp", (u,)),
    "log": lambda u: Quotient(ONE, u),
    "sqrt": lambda u: Quotient(ONE, Product((TWO, _root(u)))),
    "sin": lambda u: Call("cos", (u,)),
    "cos": lambda u: Negate(Call("sin", (u,))),
    "tan": lambda u: Sum((ONE, Power(Call("tan", (u,)), TWO))),
    "arcsin": lambda u: Quotient(ONE, _root(minus(ONE, Power(u, TWO)))),
    "arccos": lambda u: Negate(Quotient(ONE, _root(minus(ONE, Power(u, TWO))))),
    "arctan": lambda u: Quotient(ONE, Sum((ONE, Power(u, TWO)))),
    "sinh": lambda u: Call("cosh", (u,)),
    "cosh": lambda u: Call("sinh", (u,)),
    "tanh": lambda u: minus(ONE, Power(Call("tanh", (u,)), TWO)),
    "sigmoid": lambda u: Product((Call("sigmoid", (u,)), minus(ONE, Call("sigmoid", (u,))))),
    "softplus": lambda u: Call("sigmoid", (u,)),
    "relu": lambda u: Call("positive", (u,)),
    "abs": lambda u: Call("sign", (u,)),
    "sign": lambda u: ZERO,
}


# ---- simplifying ---------------------------------------------------------------------------------------------


def _has(expr: Expr, name: str) -> bool:
    if isinstance(expr, Ref):
        return expr.tensor == name
    return any(_has(child, name) for child in children(expr))


def _sum(terms: list[Expr]) -> Expr:
    flat: list[Expr] = []
    number = 0.0
    for term in terms:
        for part in term.terms if isinstance(term, Sum) else (term,):
            if isinstance(part, Number):
                number += part.value
            elif isinstance(part, Negate) and isinstance(part.x, Number):
                number -= part.x.value
            else:
                flat.append(part)
    if number > 0 or not flat:
        flat.append(Number(number))
    elif number < 0:
        flat.append(Negate(Number(-number)))
    return flat[0] if len(flat) == 1 else Sum(tuple(flat))


def _product(factors: list[Expr]) -> Expr:
    number = 1.0
    others: list[Expr] = []
    below: list[Expr] = []
    waiting = list(factors)
    while waiting:
        factor = waiting.pop(0)
        if isinstance(factor, Product):
            waiting = [*factor.factors, *waiting]
        elif isinstance(factor, Negate):
            number = -number
            waiting.insert(0, factor.x)
        elif isinstance(factor, Number):
            number *= factor.value
        elif isinstance(factor, Quotient) and isinstance(factor.numerator, Number):
            number *= factor.numerator.value
            below.append(factor.denominator)
        else:
            others.append(factor)
    if number == 0:
        return ZERO
    size = abs(number)
    if len(below) == 1 and _divides(below[0], size):
        # 4 · x / 2
        size, below = size / below[0].value, []
    if size != 1 or not others:
        others.insert(0, Number(size))
    found: Expr = others[0] if len(others) == 1 else Product(tuple(others))
    for denominator in below:
        found = Quotient(found, denominator)
    return Negate(found) if number < 0 else found


def _negative(x: Expr) -> Expr:
    if isinstance(x, Negate):
        return x.x
    if isinstance(x, Sum):
        return Sum(tuple(_negative(term) for term in x.terms))
    if isinstance(x, Number):
        return ZERO if x.value == 0 else Negate(x)
    return Negate(x)


def _quotient(above: Expr, below: Expr) -> Expr:
    if above == ZERO:
        return ZERO
    if isinstance(above, Negate):
        return _negative(_quotient(above.x, below))
    if isinstance(above, Sum) and isinstance(below, Number):
        return _sum([_quotient(term, below) for term in above.terms])
    if isinstance(below, Number):
        # 2 · x / 2 is x, 4 · x / 2 is 2 · x; numbers that do not divide stay as they are.
        first = above.factors[0] if isinstance(above, Product) else above
        if isinstance(first, Number) and _divides(below, first.value):
            rest = list(above.factors[1:]) if isinstance(above, Product) else []
            return _product([Number(first.value / below.value), *rest])
        if below == ONE:
            return above
    return Quotient(above, below)


def _divides(below: Expr, value: float) -> TypeGuard[Number]:
    return isinstance(below, Number) and below.value != 0 and value % below.value == 0


def _power(base: Expr, exponent: Expr) -> Expr:
    if exponent == ONE:
        return base
    return ONE if exponent == ZERO else Power(base, exponent)
