"""Formulas from the engine's expressions: symbolic, with the actual numbers, or only the result.

The expressions are those of `core.expressions`; every reference becomes a box that answers hit tests with the
reference itself, so that a view can light up the cell it stands for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from app.scenes import formula as f
from app.scenes.formula_names import with_names
from app.scenes.formula_tex import ABOVE, to_box
from app.text import tr
from core.expressions import (
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
    Symbol,
    children,
)
from core.tape.symbols import VIA

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["symbolic", "numbers", "result"]
_Numbers = tuple[tuple[Any, float | None], ...]

MINUS = "\N{MINUS SIGN}"
DECIMALS = 4
_SYMBOL, _SUM, _PRODUCT, _NEGATE, _ATOM = 0, 1, 2, 3, 4
_NAMES = {"sigmoid": "σ", "log": "ln", "relu": "ReLU"}
#: Roles of weights; kernels of several kinds end in "_kernel".
_LEARNED = frozenset(("kernel", "bias", "gamma", "beta", "alpha", "embeddings"))
TESTS = frozenset(("positive", "step", "equal", "inside", "is_first_max"))


def format_number(value: float, decimals: int = DECIMALS, sign: bool = False) -> str:
    """Return `value` with fixed decimals and a true minus; tiny and huge ones in scientific notation."""
    if value is None or math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return ("+" if value > 0 else MINUS) + "∞"
    size = abs(float(value))
    if size != 0 and (size < 0.5 * 10.0**-decimals or size >= 1e6):
        mantissa, exponent = f"{size:.1e}".split("e")
        string = f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    elif size >= 1000 and size.is_integer():
        # Wages and prices, as people write them.
        string = f"{size:,.0f}"
    else:
        string = f"{size:.{decimals}f}"
    if value < 0 and (size >= 0.5 * 10.0**-decimals or "e" in string):
        return MINUS + string
    return "+" + string if sign else string


def significant(value: float, decimals: int = DECIMALS, sign: bool = False) -> str:
    """Return `value` so that it can be multiplied out: with one digit less than `decimals` that counts, at least.

    What is nothing is a plain 0, so that what is only small is told from it.
    """
    size = abs(value)
    if size == 0:
        return "0"
    if not math.isfinite(value) or size >= 10.0 ** (2 - decimals):
        return format_number(value, decimals, sign)
    string = f"{size:.{decimals + 1}f}"
    if size < 10.0 ** (1 - decimals) or float(string) == 0:
        mantissa, exponent = f"{size:.{max(decimals - 2, 1)}e}".split("e")
        string = f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    return (MINUS if value < 0 else "+" if sign else "") + string


def role_of(tensor: str) -> str:
    """Return the colour role of a tensor: gradients, the loss, forward values; weights stay neutral."""
    if tensor.startswith(("grad/", "clipped/")):
        return f.BACKWARD
    if tensor == "loss" or tensor.startswith("loss/"):
        return f.LOSS
    owner, _, role = tensor.rpartition("/")
    if "/" not in tensor or owner in ("optimizer", "rule") or _is_learned(role):
        return f.TEXT
    if _is_learned(owner.rpartition("/")[2]):
        # What the optimizer remembers of a weight.
        return f.TEXT
    return f.FORWARD


def given(value: float) -> str:
    """Return a constant as it was given: 0.9, 1e−7."""
    mantissa, e, exponent = f"{value:g}".partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", MINUS)


def _is_learned(role: str) -> bool:
    return role in _LEARNED or role.endswith("_kernel")


@dataclass(frozen=True)
class Look:
    """How an expression is set: the mode, decimals, pen and where to break lines (0: never).

    With `whole` fractions and roots are never broken: what is still too wide then comes out wider than `width`.
    """

    mode: Mode = "symbolic"
    pen: f.Pen = field(default_factory=f.Pen)
    decimals: int = DECIMALS
    width: float = 0.0
    whole: bool = False


class _Setter:
    """One pass over an expression."""

    def __init__(self, look: Look, values: Mapping[Any, float | None]) -> None:
        self.look = look
        self.values = values
        #: What is set inside fractions and brackets is given this much of its room.
        self.tight = 1.0
        #: 2: products with fractions or roots stay in one piece, 1: these themselves do, 0: everything may break.
        self.kept = 2
        #: What is set already: a line that proves too wide is broken between the boxes it is made of.
        self._made: dict[Any, tuple[Expr, f.Box]] = {}

    # -- atoms

    def number(self, value: float, pen: f.Pen, ref: Any = None, guard: bool = False) -> f.Box:
        if ref is None and float(value).is_integer() and abs(value) < 1e6:
            string = str(int(value)).replace("-", MINUS)
        elif ref is None and len(f"{value:g}".lstrip("-0.")) < self.look.decimals:
            # A constant such as 0.9 or 1e−7 as it was given.
            string = given(value)
        else:
            # In formulas a comma stands between the arguments of functions.
            string = significant(value, self.look.decimals).replace(",", "")
        box = f.text(string, pen, ref)
        if guard and string.startswith(MINUS):
            faint = pen.with_role(f.HINT)
            box = f.row([f.text("(", faint), box, f.text(")", faint)])
        return box

    def ref(self, ref: Ref, pen: f.Pen, guard: bool = False) -> f.Box:
        coloured = pen.with_role(role_of(ref.tensor)) if pen.role == f.TEXT else pen
        if self.look.mode == "numbers":
            value = self.values.get((ref.tensor, tuple(ref.index)))
            if value is None:
                return f.text("…", pen.with_role(f.BACKWARD), ref)
            return self.number(value, coloured, ref, guard)
        return f.tag(symbol_box(ref, coloured), ref)

    # -- expressions

    def box(self, expr: Expr, pen: f.Pen, level: int = _SYMBOL, guard: bool = False) -> f.Box:
        """Set `expr`; `level` is the binding strength around it (parentheses when it binds less)."""
        key = (id(expr), pen, level, guard)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = expr, self._set(expr, pen, level, guard)
        return made[1]

    def _set(self, expr: Expr, pen: f.Pen, level: int, guard: bool) -> f.Box:
        if isinstance(expr, Ref):
            return self.ref(expr, pen, guard)
        if isinstance(expr, Number):
            return self.number(expr.value, pen, None, guard)
        if isinstance(expr, Symbol):
            if self.look.mode == "numbers":
                string = given(expr.value)
                # What was worked out from a setting is a number like others.
                return (
                    f.text(string, pen)
                    if len(string) <= 6 and expr.value >= 0
                    else self.number(expr.value, pen, None, guard)
                )
            return to_box(expr.text, pen)
        if isinstance(expr, Elided):
            return f.text(elision(expr), pen.with_role(f.LABEL))
        if isinstance(expr, Quotient):
            inner = pen.fraction()
            return f.fraction(
                self.box(expr.numerator, inner), self.box(expr.denominator, inner), pen
            )
        if isinstance(expr, Power):
            base = self.box(expr.base, pen, _ATOM, guard=True)
            symbol = expr.base.symbol if isinstance(expr.base, Ref) else ""
            # The number of a layer stands where an exponent would.
            raised = symbol.startswith("∂") or any(letter in ABOVE for letter in symbol)
            if raised and self.look.mode == "symbolic":
                base = f.parentheses(base, pen)
            return f.scripts(base, self.box(expr.exponent, pen.script()), None, pen)
        if isinstance(expr, Call):
            return self.call(expr, pen)
        box = f.row(self.pieces(expr, pen))
        binds = (
            _SUM if isinstance(expr, Sum) else _PRODUCT if isinstance(expr, Product) else _NEGATE
        )
        loose = level > binds or (binds == _NEGATE and (guard or level == _PRODUCT))
        return f.parentheses(box, pen) if loose else box

    def call(self, expr: Call, pen: f.Pen) -> f.Box:
        arguments = [self.box(argument, pen) for argument in expr.arguments]
        kind = expr.function
        if kind == "sqrt":
            return f.root(arguments[0], pen)
        if kind == "abs":
            return f.parentheses(arguments[0], pen, "||")
        if kind in TESTS:
            if kind == "is_first_max":
                # Which of the values it is about: the others would fill lines.
                arguments = [arguments[1 + int(expr.arguments[0].value)]]  # type: ignore[union-attr]
            return f.parentheses(f.row(self.test(kind, arguments, pen)), pen, "[]")
        if kind == "exp":
            power = self.box(expr.arguments[0], pen.script())
            if power.width < 90:
                return f.scripts(f.text("e", pen), power, None, pen)
        joined: list[f.Box] = []
        for index, argument in enumerate(arguments):
            if index:
                joined.append(f.text(", ", pen))
            joined.append(argument)
        name = _NAMES.get(kind, kind)
        return f.row([f.text(name, pen), f.parentheses(f.row(joined), pen)])

    def test(self, kind: str, arguments: list[f.Box], pen: f.Pen) -> list[f.Box]:
        """Set a condition in square brackets: 1 where it holds, 0 where it does not."""
        if kind == "positive":
            return [arguments[0], f.text(" > 0", pen)]
        if kind == "step":
            return [arguments[0], f.text(" ≥ 0", pen)]
        if kind == "equal":
            return [arguments[0], f.text(" = ", pen), arguments[1]]
        if kind == "inside":
            return [
                arguments[1],
                f.text(" ≤ ", pen),
                arguments[0],
                f.text(" ≤ ", pen),
                arguments[2],
            ]
        return [arguments[0], f.text(tr(" is the maximum"), pen)]

    def pieces(self, expr: Expr, pen: f.Pen) -> list[f.Box]:
        """Cut `expr` into boxes between which a line may break; one for each term or factor."""
        if isinstance(expr, Sum) and self.look.mode == "symbolic" and over_samples(expr):
            small = pen.script()
            count = sum(t.count if isinstance(t, Elided) else 1 for t in expr.terms)
            limits = (to_box("n=1", small), to_box(str(count), small))
            body = self.box(expr.terms[0], pen, _PRODUCT)
            return [f.operator("Σ", pen.with_role(f.LABEL), *limits), f.row([f.space(2.0), body])]
        if isinstance(expr, Sum):
            result: list[f.Box] = []
            for index, term in enumerate(expr.terms):
                negative = isinstance(term, Negate)
                inner = term.x if isinstance(term, Negate) else term
                tight = negative or isinstance(inner, Sum)
                box = self.box(inner, pen, _PRODUCT if tight else _SUM, guard=index > 0)
                if index and isinstance(inner, Elided):
                    box = f.row([f.space(pen.size * 0.5), box])
                elif index:
                    box = f.row(
                        [f.text(f" {MINUS} " if negative else " + ", pen.with_role(f.LABEL)), box]
                    )
                elif negative:
                    box = f.row([f.text(MINUS, pen), box])
                result.append(box)
            return result
        if isinstance(expr, Product):
            result = []
            for index, factor in enumerate(expr.factors):
                box = self.box(
                    factor, pen, _PRODUCT, guard=self.look.mode == "numbers" or index > 0
                )
                if index:
                    dot = " × " if self.look.mode == "numbers" else " · "
                    box = f.row([f.text(dot, pen.with_role(f.HINT)), box])
                result.append(box)
            return result
        if isinstance(expr, Negate):
            return [f.row([f.text(MINUS, pen), self.box(expr.x, pen, _PRODUCT, guard=True)])]
        return [self.box(expr, pen)]

    def inside(self, expr: Expr, pen: f.Pen) -> f.Box:
        """Set what stands in a fraction or under a root: in several lines where it is too wide."""
        room = self.look.width * 0.86 * self.tight
        box = self.box(expr, pen)
        return box if box.width <= room else f.flow(self.broken(expr, pen), room)

    def keeps(self, expr: Expr) -> bool:
        """Tell whether a part stays in one piece, however wide it is."""
        if isinstance(expr, (Ref, Number, Symbol, Elided)):
            return True
        if self.kept and _is_tall(expr):
            return True
        if self.kept == 2 and isinstance(expr, Negate):
            return self.keeps(expr.x)
        return self.kept == 2 and isinstance(expr, Product) and any(map(_has_tall, expr.factors))

    def broken(self, expr: Expr, pen: f.Pen) -> list[f.Box]:
        """Pieces small enough to wrap: what is too wide is opened up."""
        room = self.look.width * 0.9 * self.tight
        faint = pen.with_role(f.HINT)
        if isinstance(expr, (Sum, Product)):
            parts = expr.terms if isinstance(expr, Sum) else expr.factors
            pieces = self.pieces(expr, pen)
            if len(pieces) != len(parts):
                # One term stands for all samples.
                return (
                    pieces if pieces[-1].width <= room else [pieces[0], *self.broken(parts[0], pen)]
                )
            result: list[f.Box] = []
            for index, (part, piece) in enumerate(zip(parts, pieces, strict=True)):
                if piece.width <= room or self.keeps(part):
                    result.append(piece)
                    continue
                times = " × " if self.look.mode == "numbers" else " · "
                joint = (" + " if isinstance(expr, Sum) else times) if index else ""
                if isinstance(expr, Sum) and isinstance(part, Negate):
                    joint, part = f" {MINUS} " if index else MINUS, part.x
                enclosed = isinstance(part, Sum)
                opened = self.broken(part, pen)
                opening = joint + ("(" if enclosed else "")
                if opening:
                    opened[0] = f.row([f.text(opening, faint), opened[0]])
                if enclosed:
                    opened[-1] = f.row([opened[-1], f.text(")", faint)])
                result += opened
            return result
        if self.keeps(expr):
            return self.pieces(expr, pen)
        if isinstance(expr, Call) and expr.function == "sqrt":
            return [f.root(self.inside(expr.arguments[0], pen), pen)]
        if isinstance(expr, Call) and expr.function not in TESTS:
            result = [f.text(_NAMES.get(expr.function, expr.function) + "(", pen)]
            for index, argument in enumerate(expr.arguments):
                if index:
                    result.append(f.text(", ", pen))
                result += self.broken(argument, pen)
            return [*result, f.text(")", pen)]
        if isinstance(expr, Quotient):
            inner = pen.fraction()
            return [
                f.fraction(
                    self.inside(expr.numerator, inner), self.inside(expr.denominator, inner), pen
                )
            ]
        if isinstance(expr, Call) and expr.function in ("positive", "step"):
            sign = " > 0]" if expr.function == "positive" else " ≥ 0]"
            return [f.text("[", pen), *self.broken(expr.arguments[0], pen), f.text(sign, pen)]
        if isinstance(expr, Power) and isinstance(expr.base, (Sum, Product, Call, Quotient)):
            power = self.box(expr.exponent, pen.script())
            end = f.scripts(f.text(")", pen), power, None, pen)
            return [f.text("(", pen), *self.broken(expr.base, pen), end]
        if isinstance(expr, Negate):
            return [f.text(MINUS + "(", pen), *self.broken(expr.x, pen), f.text(")", pen)]
        return self.pieces(expr, pen)


def _is_tall(expr: Expr) -> bool:
    """Tell whether something is a fraction or a root."""
    return isinstance(expr, Quotient) or (isinstance(expr, Call) and expr.function == "sqrt")


def _has_tall(expr: Expr) -> bool:
    if isinstance(expr, (Ref, Number, Symbol, Elided)):
        return False
    return _is_tall(expr) or any(map(_has_tall, children(expr)))


@lru_cache(maxsize=512)
def over_samples(expr: Sum) -> bool:
    """Tell whether the terms differ only in the row of the batch: then one term says it all."""
    written = [term for term in expr.terms if not isinstance(term, Elided)]
    return len(written) > 1 and len({_anonymous(term) for term in written}) == 1


def _anonymous(expr: Expr) -> Any:
    """The shape of an expression without the cells it stands for."""
    if isinstance(expr, Ref):
        return expr.tensor, expr.symbol, expr.shown
    if isinstance(expr, (Number, Symbol)):
        return expr
    return (
        type(expr).__name__,
        getattr(expr, "function", ""),
        tuple(map(_anonymous, children(expr))),
    )


def symbol_box(ref: Ref, pen: f.Pen) -> f.Box:
    """Set a reference: a gradient as a fraction of differentials, else its letter with layer and index."""
    (symbol, _, way), shown = (ref.symbol or ref.tensor).partition(VIA), ref.shown
    if symbol.startswith("∂") and "/" in symbol:
        over, _, under = symbol.partition("/")
        inner = pen.fraction()
        box = f.fraction(to_box(over, inner), _indexed(under, shown, inner), pen)
    else:
        box = _indexed(symbol, shown, pen)
    if not way:
        return box
    small = pen.script()
    through = f.row([f.text(tr("via") + " ", small.with_role(f.HINT)), to_box(way, small)])
    return f.scripts(box, None, through, pen)


def _indexed(symbol: str, shown: str, pen: f.Pen) -> f.Box:
    if " " in symbol:
        # A name of several words, such as a running sum.
        below = f.text(shown, pen.script()) if shown else None
        return f.scripts(f.text(symbol, pen), None, below, pen)
    if shown:
        # One element of a matrix is written with a small letter.
        if "xW" not in symbol:
            symbol = symbol.replace("W", "w").replace("X", "x")
        if all(len(part) == 1 for part in shown.split(",")):
            shown = shown.replace(",", "")
        # Behind an index of letters the cell's comes after a comma.
        last = symbol[symbol.rfind("⟩") + 1 :]
        symbol = f"{symbol}_{{{',' if '_' in last else ''}{shown}}}"
    return to_box(symbol, pen)


def elision(expr: Elided) -> str:
    """Return "… + 252 more terms"."""
    if expr.of == "factors":
        return tr("… × {count} more factors", count=expr.count)
    return tr("… + {count} more terms", count=expr.count)


def expression_box(
    expr: Expr, look: Look, values: Mapping[Any, float | None] | None = None
) -> f.Box:
    """Set an expression; with `look.width` it breaks between terms and factors, and shrinks if it must."""
    return _box(expr, look, _written(expr, look, values))


def _written(expr: Expr, look: Look, values: Mapping[Any, float | None] | None) -> _Numbers:
    """The numbers that are seen."""
    if look.mode == "symbolic" or values is None:
        return ()
    return tuple((key, values.get(key)) for key in visible(expr))


@lru_cache(maxsize=64)
def _box(expr: Expr, look: Look, values: _Numbers) -> f.Box:
    setter = _Setter(look, dict(values))
    box = setter.box(expr, look.pen)
    if not look.width or box.width <= look.width:
        return box
    sizes = range(look.pen.size, f.MINIMUM_SIZE - 1, -1)
    # Smaller letters are easier to read than a fraction that is torn, and so are parts with names of their own.
    smallest = 0.0
    for size in sizes:
        if smallest * size > look.width:
            continue
        pen = f.Pen(size, look.pen.weight, look.pen.role)
        box = f.flow(setter.broken(expr, pen), look.width, indent=pen.size * 1.2)
        if box.width <= look.width:
            return box
        # Smaller letters make it less wide in proportion, or a little more where sizes are rounded.
        smallest = 0.9 * box.width / size
    named = with_names(expr, setter)
    if named is not None:
        return named
    for kept, size, tight in (
        *((1, size, 1.0) for size in sizes),
        *((0, size, 1.0) for size in sizes),
        (0, f.MINIMUM_SIZE, 0.8),
        (0, f.MINIMUM_SIZE, 0.6),
    ):
        if look.whole and not kept:
            break
        pen = f.Pen(size, look.pen.weight, look.pen.role)
        setter.kept, setter.tight = kept, tight
        box = f.flow(setter.broken(expr, pen), look.width, indent=pen.size * 1.2)
        if box.width <= look.width:
            break
    return box


@lru_cache(maxsize=64)
def _laid(expr: Expr, look: Look, values: _Numbers) -> f.Formula:
    return f.lay_out(_box(expr, look, values))


def formula(expr: Expr, look: Look, values: Mapping[Any, float | None] | None = None) -> f.Formula:
    """Return the laid-out formula, cached by what it shows."""
    return _laid(expr, look, _written(expr, look, values))


@lru_cache(maxsize=512)
def visible(expr: Expr) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return every (tensor, index) that is written out, in reading order, once each."""
    found: dict[tuple[str, tuple[int, ...]], None] = {}

    def visit(part: Expr) -> None:
        if isinstance(part, Ref):
            found[(part.tensor, tuple(part.index))] = None
        elif not isinstance(part, Elided):
            for child in children(part):
                visit(child)

    visit(expr)
    return tuple(found)
