"""Names for the sums in a fraction that is too wide: ``w ← w − α m′ / (√v′ + ε)``, and ``m′ = …`` below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.scenes import formula as f
from app.scenes.formula_tex import to_box
from core.expressions import (
    Call,
    Elided,
    Expr,
    Negate,
    Product,
    Quotient,
    Ref,
    Sum,
    Symbol,
    children,
    evaluate,
)

if TYPE_CHECKING:
    from app.scenes.formula_expressions import _Setter as Setter


def with_names(expr: Expr, setter: Setter) -> f.Box | None:
    """Set a wide fraction with names for the sums in it, which follow in lines of their own; None if none help."""
    look = setter.look
    parts: dict[str, Expr] = {}

    def value(part: Expr) -> float | None:
        known = {
            key: setter.values.get(key) for key in ((r.tensor, tuple(r.index)) for r in _refs(part))
        }
        if look.mode != "numbers":
            return 0.0
        if any(one is None for one in known.values()) or _is_elided(part):
            return None
        return evaluate(part, lambda tensor, index: known[tensor, tuple(index)] or 0.0)

    def name(part: Expr) -> Expr:
        if not isinstance(part, Sum):
            return replaced(part)
        worth = value(part)
        if worth is None:
            return part
        # What an optimizer remembers gives its letter to what it will be.
        own = next((r.symbol.partition("(")[0] for r in _refs(part) if "(" in r.symbol), "")
        letter = f"{own}′" if own and f"{own}′" not in parts else "ABC"[len(parts)]
        parts[letter] = part
        return Symbol(letter, worth)

    def replaced(part: Expr) -> Expr:
        if len(parts) == 3:
            return part
        if isinstance(part, Quotient):
            above = name(part.numerator)
            return Quotient(above, replaced(part.denominator))
        if isinstance(part, Call) and part.function == "sqrt":
            return Call("sqrt", (name(part.arguments[0]),))
        if isinstance(part, Sum):
            return Sum(tuple(map(replaced, part.terms)))
        if isinstance(part, Product):
            return Product(tuple(map(replaced, part.factors)))
        return Negate(replaced(part.x)) if isinstance(part, Negate) else part

    short = replaced(expr)
    if not parts:
        return None
    for size in range(look.pen.size, f.MINIMUM_SIZE - 1, -1):
        pen = f.Pen(size, look.pen.weight, look.pen.role)
        lines = [f.flow(setter.broken(short, pen), look.width, indent=pen.size * 1.2)]
        for letter, part in parts.items():
            head = f.row([to_box(letter, pen), f.text(" = ", pen.with_role(f.HINT))])
            room = look.width - head.width
            pieces = setter.broken(part, pen)
            if look.mode == "numbers":
                told = setter.number(value(part) or 0.0, pen)
                pieces.append(f.row([f.text(" = ", pen.with_role(f.HINT)), told]))
            lines.append(f.row([head, f.flow(pieces, room, indent=pen.size)]))
        if all(line.width <= look.width for line in lines):
            return f.stack(lines, leading=8.0)
    return None


def _refs(expr: Expr) -> list[Ref]:
    if isinstance(expr, Ref):
        return [expr]
    return [r for child in children(expr) for r in _refs(child)]


def _is_elided(expr: Expr) -> bool:
    return isinstance(expr, Elided) or any(map(_is_elided, children(expr)))
