"""Formulas on one line, as short as they are written by hand: β₁m + (1 − β₁)g, m/(√v + ε). For tables."""

from __future__ import annotations

from core.expressions import Call, Expr, Negate, Number, Power, Product, Quotient, Ref, Sum, Symbol

#: A minus that is no operation, which has room at both sides.
SIGN = r"\text{−}"
#: How strongly what is around a part binds it.
_LOOSE, _SUM, _PRODUCT, _ATOM = 0, 1, 2, 3


def inline(expr: Expr, around: int = _LOOSE) -> str:
    """Return an expression as TeX for `app.scenes.formula_tex`, without fractions."""
    if isinstance(expr, Ref):
        return expr.symbol or expr.tensor
    if isinstance(expr, Number):
        return f"{expr.value:g}"
    if isinstance(expr, Symbol):
        return expr.text
    if isinstance(expr, Sum):
        return _bracketed(_sum(expr), around > _SUM)
    if isinstance(expr, Product):
        parts = [inline(factor, _PRODUCT) for factor in expr.factors]
        return _bracketed("".join(map(_apart, parts, ["", *parts])), around > _PRODUCT)
    if isinstance(expr, Quotient):
        above, below = inline(expr.numerator, _PRODUCT), inline(expr.denominator, _ATOM)
        return _bracketed(f"{above}/{below}", around > _PRODUCT)
    if isinstance(expr, Power):
        return f"{inline(expr.base, _ATOM)}^{{{inline(expr.exponent)}}}"
    if isinstance(expr, Negate):
        return _bracketed(SIGN + inline(expr.x, _PRODUCT), around >= _PRODUCT)
    if isinstance(expr, Call):
        inner = ", ".join(inline(one) for one in expr.arguments)
        if expr.function == "sqrt":
            return rf"\sqrt{{{inner}}}"
        return f"|{inner}|" if expr.function == "abs" else rf"\{expr.function}({inner})"
    return "…"


def _sum(expr: Sum) -> str:
    text = ""
    for term in expr.terms:
        part = inline(term, _SUM)
        if text:
            part = f" - {part.removeprefix(SIGN)}" if part.startswith(SIGN) else f" + {part}"
        text += part
    return text


def _bracketed(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


def _apart(part: str, before: str) -> str:
    """A number after something else would be read with it."""
    return (
        rf" \cdot {part}" if before and (part[:1].isdecimal() or before[-1:].isdecimal()) else part
    )
