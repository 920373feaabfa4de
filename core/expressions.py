"""Formulas as values: what an instruction computes for one cell, over references to tensors.

From one expression come the symbolic formula, the same with numbers in it, the result in float64, the cells that
contribute, and TeX. `core.ops` builds them; the step view lays them out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.tape.symbols import VIA

Index = tuple[int, ...]
#: Looks a value up: (tensor name, index) -> float.
Lookup = Callable[[str, Index], float]


@dataclass(frozen=True)
class Ref:
    """One cell of a tensor.

    Attributes
    ----------
    tensor
        Name in the program.
    index
        Of the cell; of a batch tensor the first entry is the row (sample) in the batch.
    symbol
        Letter and layer superscript as shown ("W¹", "δ²").
    shown
        The index as printed, counted from 1 and without the sample ("2,1").
    """

    tensor: str
    index: Index
    symbol: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Symbol:
    """A constant with a name of its own (η, β₁, ε)."""

    text: str
    value: float


@dataclass(frozen=True)
class Sum:
    """``a + b + ...``. May be long (`core.long_sums`): views elide what is beyond their room."""

    terms: tuple[Expr, ...]

    @property
    def count(self) -> int:
        """How many terms there are."""
        return len(self.terms)

    def part(self, start: int, stop: int) -> tuple[Expr, ...]:
        """Return some of the terms."""
        return self.terms[start:stop]

    def rest(self, start: int, stop: int) -> Sequence[Expr]:
        """Return terms that are not shown."""
        return self.terms[start:stop]

    def total(self, lookup: Lookup) -> float:
        """Return its value in float64."""
        values = [evaluate(term, lookup) for term in self.terms]
        return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


@dataclass(frozen=True)
class Product:
    """``a · b · ...``."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True)
class Quotient:
    """``numerator / denominator``."""

    numerator: Expr
    denominator: Expr


@dataclass(frozen=True)
class Power:
    """``base ** exponent``."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True)
class Negate:
    """``-x``."""

    x: Expr


@dataclass(frozen=True)
class Call:
    """A named function of its arguments.

    The names are the keys of `FUNCTIONS`: relu, tanh, sigmoid, exp, log, sqrt, max, step, equal, clip, where, ...
    """

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Elided:
    """Stands for terms that are not written out: `count` of them, worth `rest`."""

    count: int
    rest: Sequence[Expr]
    of: str = "terms"


Expr = Ref | Number | Symbol | Sum | Product | Quotient | Power | Negate | Call | Elided

#: Sums longer than this are shown with their middle left out.
LONG_SUM = 8


def minus(a: Expr, b: Expr) -> Sum:
    """``a - b``."""
    return Sum((a, Negate(b)))


def _relu(x: float) -> float:
    return 0.0 if x < 0 else x


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


def _log(x: float) -> float:
    return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)


def _exp(x: float) -> float:
    return math.exp(x) if not x >= 709 else math.inf


def _of_a_share(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of a sine or cosine: NaN beyond -1 and 1."""
    return lambda x: function(x) if abs(x) <= 1 else math.nan


def _large(function: Callable[[float], float], x: float, beyond: float) -> float:
    """A function of e^|x|: infinite where numbers end."""
    return function(x) if not abs(x) >= 710 else beyond


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x


def _turning(function: Callable[[float], float]) -> Callable[[float], float]:
    """A function of an angle: NaN where there is none."""
    return lambda x: function(x) if math.isfinite(x) else math.nan


def _step(x: float) -> float:
    return (1.0 if x >= 0 else 0.0) if x == x else x


FUNCTIONS: dict[str, Callable[..., float]] = {
    "relu": _relu,
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "arctan": math.atan,
    "erf": math.erf,
    "step": _step,
    "exp": _exp,
    "log": _log,
    "sin": _turning(math.sin),
    "cos": _turning(math.cos),
    "tan": _turning(math.tan),
    "arcsin": _of_a_share(math.asin),
    "arccos": _of_a_share(math.acos),
    "sinh": lambda x: _large(math.sinh, x, math.copysign(math.inf, x)),
    "cosh": lambda x: _large(math.cosh, x, math.inf),
    "softplus": _softplus,
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)) if x == x else math.nan,
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "clip": _clip,
    "positive": lambda x: 1.0 if x > 0 else 0.0,
    "heaviside": lambda x: 1.0 if x > 0 else (0.5 if x == 0 else x * 0.0),
    "equal": lambda a, b: 1.0 if a == b else 0.0,
    "inside": lambda x, low, high: 1.0 if low <= x <= high else 0.0,
    "where": lambda c, a, b: a if c else b,
    "is_first_max": lambda k, *xs: 1.0 if all(xs[int(k)] >= x for x in xs) and not any(
        xs[j] == xs[int(k)] for j in range(int(k))
    ) else 0.0,
}  # fmt: skip


def evaluate(expr: Expr, lookup: Lookup) -> float:
    """The value of an expression in float64."""
    if isinstance(expr, Ref):
        return float(lookup(expr.tensor, expr.index))
    if isinstance(expr, (Number, Symbol)):
        return expr.value
    if isinstance(expr, Sum):
        return expr.total(lookup)
    if isinstance(expr, Product):
        return math.prod(evaluate(factor, lookup) for factor in expr.factors)
    if isinstance(expr, Quotient):
        value = _divide(evaluate(expr.numerator, lookup), evaluate(expr.denominator, lookup))
        return value if math.isfinite(value) else _share(expr, lookup, value)
    if isinstance(expr, Power):
        return _power(evaluate(expr.base, lookup), evaluate(expr.exponent, lookup))
    if isinstance(expr, Negate):
        return -evaluate(expr.x, lookup)
    if isinstance(expr, Call):
        if expr.function == "log" and (powers := _powers(expr.arguments[0], lookup)):
            # ln Σ exp: the largest taken out, as kernels do, so that nothing overflows or vanishes.
            top = max(powers)
            if math.isfinite(top):
                return top + _log(math.fsum(_exp(p - top) for p in powers))
        return float(FUNCTIONS[expr.function](*(evaluate(a, lookup) for a in expr.arguments)))
    return math.fsum(evaluate(term, lookup) for term in expr.rest)


def _powers(expr: Expr, lookup: Lookup) -> list[float]:
    """The exponents of a sum of exponentials, a 1 being that of 0; none if it is something else."""
    found = []
    for term in expr.terms if isinstance(expr, Sum) else ():
        if isinstance(term, Call) and term.function == "exp":
            found.append(evaluate(term.arguments[0], lookup))
        elif term == Number(1):
            found.append(0.0)
        else:
            return []
    return found


def _share(expr: Quotient, lookup: Lookup, otherwise: float) -> float:
    """``exp a / Σ exp b`` where the exponentials themselves are too large or too small for numbers."""
    below = _powers(expr.denominator, lookup)
    above = _powers(Sum((expr.numerator,)), lookup)
    top = max(below, default=math.nan)
    if not above or not math.isfinite(top):
        return otherwise
    return math.exp(above[0] - top) / math.fsum(math.exp(p - top) for p in below)


def _power(a: float, b: float) -> float:
    """``a ** b`` as floating point has it: infinite where numbers end, NaN of the root of a negative number."""
    try:
        found = a**b
    except ZeroDivisionError:
        return math.copysign(math.inf, a) if b % 2 == 1 else math.inf
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    return math.nan if isinstance(found, complex) else float(found)


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)


def references(expr: Expr) -> tuple[Ref, ...]:
    """Every cell an expression reads, in the order it is written, repetitions left out."""
    found: dict[Ref, None] = {}

    def visit(e: Expr) -> None:
        if isinstance(e, Ref):
            found[e] = None
        for child in children(e):
            visit(child)

    visit(expr)
    return tuple(found)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The parts an expression is made of."""
    if isinstance(expr, Sum):
        return expr.terms
    if isinstance(expr, Product):
        return expr.factors
    if isinstance(expr, Quotient):
        return (expr.numerator, expr.denominator)
    if isinstance(expr, Power):
        return (expr.base, expr.exponent)
    if isinstance(expr, Negate):
        return (expr.x,)
    if isinstance(expr, Call):
        return expr.arguments
    if isinstance(expr, Elided):
        return tuple(expr.rest)
    return ()


def elide(expr: Expr, longest: int = LONG_SUM) -> Expr:
    """The same expression with the middle of long sums left out, so that it can be shown."""
    if isinstance(expr, Sum):
        count = expr.count
        if count <= longest:
            return Sum(tuple(elide(term, longest) for term in expr.terms))
        head = (elide(term, longest) for term in expr.part(0, longest - 2))
        tail = (elide(term, longest) for term in expr.part(count - 1, count))
        return Sum((*head, Elided(count - longest + 1, expr.rest(longest - 2, count - 1)), *tail))
    if isinstance(expr, Product):
        return Product(tuple(elide(f, longest) for f in expr.factors))
    if isinstance(expr, Quotient):
        return Quotient(elide(expr.numerator, longest), elide(expr.denominator, longest))
    if isinstance(expr, Power):
        return Power(elide(expr.base, longest), elide(expr.exponent, longest))
    if isinstance(expr, Negate):
        return Negate(elide(expr.x, longest))
    if isinstance(expr, Call):
        return Call(expr.function, tuple(elide(a, longest) for a in expr.arguments))
    return expr


# ---- TeX ----------------------------------------------------------------------------------------------------

_TEX_FUNCTIONS = {
    "sin": r"\sin", "cos": r"\cos", "tan": r"\operatorname{tan}", "arcsin": r"\operatorname{arcsin}",
    "arccos": r"\operatorname{arccos}", "sinh": r"\operatorname{sinh}", "cosh": r"\operatorname{cosh}",
    "softplus": r"\operatorname{softplus}", "floor": r"\operatorname{floor}", "ceil": r"\operatorname{ceil}",
    "tanh": r"\tanh", "exp": r"\exp", "log": r"\ln", "max": r"\max", "min": r"\min", "sigmoid": r"\sigma",
    "arctan": r"\arctan", "erf": r"\operatorname{erf}", "step": r"\mathbb{1}_{\geq 0}",
    "relu": r"\operatorname{relu}", "positive": r"\mathbb{1}_{>0}", "heaviside": "H", "clip": r"\operatorname{clip}",
    "equal": r"\mathbb{1}_{=}", "inside": r"\mathbb{1}_{\text{inside}}", "where": r"\operatorname{where}",
    "is_first_max": r"\mathbb{1}_{\text{first max}}", "sign": r"\operatorname{sign}",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ˣʰ", "0123456789xh")
_GREEK = {
    "δ": r"\delta ", "σ": r"\sigma ", "η": r"\eta ", "β": r"\beta ", "γ": r"\gamma ", "ε": r"\varepsilon ",
    "μ": r"\mu ", "ŷ": r"\hat{y}", "∂": r"\partial ", "μ̄": r"\bar{\mu}", "v̄": r"\bar{v}", "x̂": r"\hat{x}",
    "π": r"\pi ", "α": r"\alpha ", "Ω": r"\Omega ",
    "κ": r"\kappa ", "λ": r"\lambda ", "ρ": r"\rho ", "Δ": r"\Delta ",
}  # fmt: skip


_PIECES = re.compile(f"{VIA}|_[A-Za-z]+|[⁰¹²³⁴⁵⁶⁷⁸⁹ˣʰ]+|.", re.DOTALL)


def tex_symbol(symbol: str) -> str:
    r"""TeX of a symbol as shown: ``δ²`` becomes ``\delta^{2}``."""
    out = ""
    for source in ("μ̄", "v̄", "x̂"):
        symbol = symbol.replace(source, f"\0{source}\0") if source in symbol else symbol
    for part in symbol.split("\0"):
        if part in _GREEK:
            out += _GREEK[part]
            continue
        for piece in _PIECES.findall(part):
            power = piece.translate(_SUPERSCRIPTS)
            if power != piece:
                out = f"{out.rstrip()}^{{{power}}}"
            elif piece == VIA:
                out += r"\text{ via }"
            elif len(piece) > 1:
                out += f"_{{{piece[1:]}}}"
            else:
                out += _GREEK.get(piece, piece)
    return out.strip()


def to_tex(expr: Expr, lookup: Lookup | None = None, digits: int = 4) -> str:
    """TeX of an expression: symbols, or, with `lookup`, the numbers in their places."""
    if isinstance(expr, Ref):
        if lookup is not None:
            return _tex_number(float(lookup(expr.tensor, expr.index)), digits)
        name = tex_symbol(expr.symbol or expr.tensor)
        # A letter that has an index already is put together first.
        name = f"{{{name}}}" if "_" in name and expr.shown else name
        return name + (f"_{{{expr.shown}}}" if expr.shown else "")
    if isinstance(expr, Number):
        return _tex_number(expr.value, digits)
    if isinstance(expr, Symbol):
        return _tex_number(expr.value, digits) if lookup is not None else tex_symbol(expr.text)
    if isinstance(expr, Sum):
        text = ""
        for k, term in enumerate(expr.terms):
            piece = to_tex(term, lookup, digits)
            text += piece if k == 0 or piece.startswith("-") else f" + {piece}"
        return text
    if isinstance(expr, Product):
        return r" \cdot ".join(
            _grouped(f, lookup, digits, first=k == 0) for k, f in enumerate(expr.factors)
        )
    if isinstance(expr, Quotient):
        return rf"\frac{{{to_tex(expr.numerator, lookup, digits)}}}{{{to_tex(expr.denominator, lookup, digits)}}}"
    if isinstance(expr, Power):
        return f"{_grouped(expr.base, lookup, digits)}^{{{to_tex(expr.exponent, lookup, digits)}}}"
    if isinstance(expr, Negate):
        inner = to_tex(expr.x, lookup, digits)
        grouped = isinstance(expr.x, (Sum, Negate)) or inner.startswith("-")
        return rf"-\left({inner}\right)" if grouped else f"-{inner}"
    if isinstance(expr, Elided):
        return r"\dots"
    if expr.function == "sqrt":
        return rf"\sqrt{{{to_tex(expr.arguments[0], lookup, digits)}}}"
    if expr.function == "abs":
        return rf"\left|{to_tex(expr.arguments[0], lookup, digits)}\right|"
    arguments = ", ".join(to_tex(a, lookup, digits) for a in expr.arguments)
    return rf"{_TEX_FUNCTIONS[expr.function]}\left({arguments}\right)"


def _grouped(expr: Expr, lookup: Lookup | None, digits: int, *, first: bool = False) -> str:
    text = to_tex(expr, lookup, digits)
    loose = isinstance(expr, (Sum, Negate)) or (text.startswith("-") and not first)
    return rf"\left({text}\right)" if loose else text


def _tex_number(value: float, digits: int) -> str:
    if value != value:
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == int(value) and abs(value) < 10**6:
        return str(int(value))
    if abs(value) < 1e-3 or abs(value) >= 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return rf"{mantissa}\cdot 10^{{{int(exponent)}}}"
    # So many that it can be multiplied out: 0.00258, not 0.0026.
    decimals = max(digits, digits - 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"
