"""Formulas as plain text, for notebooks and terminals: ``W¹[1,2]·x[1] + b¹[2]``, or the same with numbers."""

from __future__ import annotations

from core.expressions import (
    Call,
    Elided,
    Expr,
    Lookup,
    Negate,
    Number,
    Power,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
)


def to_text(expr: Expr, lookup: Lookup | None = None) -> str:
    """One line of an expression: symbols, or, with `lookup`, the numbers in their places."""
    if isinstance(expr, Ref):
        if lookup is not None:
            return number(lookup(expr.tensor, expr.index))
        return (expr.symbol or expr.tensor) + (f"[{expr.shown}]" if expr.shown else "")
    if isinstance(expr, Number):
        return number(expr.value)
    if isinstance(expr, Symbol):
        return number(expr.value) if lookup is not None else expr.text
    if isinstance(expr, Sum):
        text = ""
        for k, term in enumerate(expr.terms):
            piece = to_text(term, lookup)
            if k == 0:
                text = piece
            elif piece.startswith("-"):
                text += f" - {piece[1:]}"
            else:
                text += f" + {piece}"
        return text
    if isinstance(expr, Product):
        texts = (
            (f, _grouped(f, lookup, first=k == 0)) for k, f in enumerate(map(_alone, expr.factors))
        )
        return "·".join(f"({text})" if isinstance(f, Quotient) else text for f, text in texts)
    if isinstance(expr, Quotient):
        above, below = _grouped(expr.numerator, lookup, first=True), expr.denominator
        under = _grouped(below, lookup)
        return f"{above} / {f'({under})' if isinstance(below, (Product, Quotient)) else under}"
    if isinstance(expr, Power):
        loose = isinstance(expr.base, (Product, Quotient, Power))
        base = _grouped(expr.base, lookup)
        power = _grouped(expr.exponent, lookup)
        return f"{f'({base})' if loose else base}^{power}"
    if isinstance(expr, Negate):
        return f"-{_grouped(expr.x, lookup)}"
    if isinstance(expr, Elided):
        return "…"
    assert isinstance(expr, Call)
    return f"{expr.function}({', '.join(to_text(a, lookup) for a in expr.arguments)})"


def number(value: float) -> str:
    """A number with four digits that count, whole ones as they are."""
    whole = abs(value) < 1e6 and value == int(value)
    return str(int(value)) if whole else f"{value:.4g}"


def _alone(expr: Expr) -> Expr:
    """The only term of a sum of one, which needs no brackets."""
    while isinstance(expr, Sum) and len(expr.terms) == 1:
        expr = expr.terms[0]
    return expr


def _grouped(expr: Expr, lookup: Lookup | None, *, first: bool = False) -> str:
    expr = _alone(expr)
    text = to_text(expr, lookup)
    loose = isinstance(expr, (Sum, Negate)) or (text.startswith("-") and not first)
    return f"({text})" if loose else text
