"""Formulas as a learner types them: read character by character, never evaluated by Python.

Precedence, from what binds least: sums, products, signs, powers (from the right: ``2^3^2`` is 2⁹, ``-x^2`` is −(x²)).
A number may stand before a name or a bracket without a sign of multiplication (``2x``, ``3(x + 1)``), unless it is
divided by or an exponent: ``1/2x`` can be read in two ways.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from core.errors import ChainruleError
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
)
from core.landscape.program import depth
from core.naming import closest

#: Longer formulas, and formulas of more signs and names, are refused.
LONGEST, MOST_PIECES = 1000, 400
#: Brackets within brackets, and operations within operations.
DEEPEST_BRACKETS, DEEPEST = 40, 120
CONSTANTS = {"pi": ("π", math.pi), "e": ("e", math.e)}
#: Names of functions, with those the engine has for them.
FUNCTIONS = {
    "sin": "sin", "cos": "cos", "tan": "tan", "exp": "exp", "log": "log", "ln": "log", "sqrt": "sqrt", "abs": "abs",
    "tanh": "tanh", "sinh": "sinh", "cosh": "cosh", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "sigmoid": "sigmoid", "relu": "relu",
    "softplus": "softplus", "max": "max", "min": "min", "sign": "sign",
}  # fmt: skip
#: Words of other programs.
_MEANT = {"arcsine": "asin", "power": "^", "pow": "^", "sgn": "sign", "fabs": "abs",
          "maximum": "max", "minimum": "min", "root": "sqrt", "logistic": "sigmoid"}  # fmt: skip
#: Functions that can be written with others, whose names are near those of other functions.
_WRITTEN = {
    "log10": "log(x)/log(10)", "lg": "log(x)/log(10)", "log2": "log(x)/log(2)", "ld": "log(x)/log(2)",
    "log1p": "log(1 + x)", "expm1": "exp(x) - 1", "exp2": "2^x", "cbrt": "sign(x)*abs(x)^(1/3)", "square": "x^2",
    "sec": "1/cos(x)", "csc": "1/sin(x)", "cot": "1/tan(x)", "coth": "1/tanh(x)", "sech": "1/cosh(x)",
    "asinh": "log(x + sqrt(x^2 + 1))", "acosh": "log(x + sqrt(x^2 - 1))", "atanh": "log((1 + x)/(1 - x))/2",
}  # fmt: skip
_SIGNS = {"·": "*", "×": "*", "∙": "*", "−": "-", "–": "-", "÷": "/", "π": "pi"}
#: Digits of a power, and its sign.
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))
_RAISED_SIGNS = {"⁻": "-", "⁺": ""}
_HINTS = {
    "[": "Use ( ) instead of [ ].", "]": "Use ( ) instead of [ ].", "{": "Use ( ) instead of { }.",
    "}": "Use ( ) instead of { }.", "|": "Write the absolute value of x as abs(x).",
    "=": "Write only what stands right of the =.", "%": "Write a share as a number: 0.5.",
    "!": "There are no factorials here.", "<": "Nothing can be compared here.",
    ">": "Nothing can be compared here.", ";": "Write one formula only.", "'": "Leave it out.", '"': "Leave it out.",
    "√": "Write the root of x as sqrt(x).",
}  # fmt: skip


class FormulaError(ChainruleError):
    """A formula cannot be read.

    Attributes
    ----------
    place, length
        Where: the first character (from 0), and how many. At the end of the formula the length is 0.
    """

    def __init__(self, sentence: str, place: int, length: int) -> None:
        super().__init__(sentence)
        self.sentence, self.place, self.length = sentence, place, length


@dataclass(frozen=True)
class _Piece:
    """A number, a name or a sign, and where it stands."""

    kind: str
    text: str
    place: int
    length: int
    value: float = 0.0


def read(text: str, variables: Sequence[str] = ("x", "y")) -> Expr:
    """The expression of a formula over these variables.

    Raises
    ------
    FormulaError
        It cannot be read; with the character and a sentence for a learner.
    """
    if not isinstance(text, str):
        raise FormulaError(f"A formula is a text such as x^2 + y^2, not {text!r}.", 0, 0)
    if len(text) > LONGEST:
        raise FormulaError(
            f"The formula has {len(text):,} characters; up to {LONGEST:,} can be read. Write it shorter.",
            LONGEST,
            len(text) - LONGEST,
        )
    pieces = _pieces(text)
    if len(pieces) > MOST_PIECES:
        beyond = pieces[MOST_PIECES]
        raise FormulaError(
            f"The formula has {len(pieces) - 1} numbers, names and signs; up to {MOST_PIECES} can be read. "
            "Write it shorter.",
            beyond.place,
            len(text) - beyond.place,
        )
    found = _Reader(pieces, tuple(variables)).whole()
    if depth(found) > DEEPEST:
        raise FormulaError(
            f"The formula is nested too deeply: up to {DEEPEST} operations within one another can be read. "
            "Write it in a flatter way.",
            0,
            len(text),
        )
    return found


def _pieces(text: str) -> list[_Piece]:
    found, at = [], 0
    while at < len(text):
        character = text[at]
        if character.isspace():
            at += 1
        elif character.isascii() and (character.isdigit() or character == "."):
            piece = _number(text, at)
            found.append(piece)
            at += piece.length
        elif character in _SIGNS and _SIGNS[character] == "pi":
            found.append(_Piece("name", "pi", at, 1))
            at += 1
        elif character in _RAISED or character in _RAISED_SIGNS:
            piece = _raised(text, at)
            found.append(piece)
            at += piece.length
        elif character.isalpha() or character == "_":
            end = at
            while (
                end < len(text)
                and (text[end].isalnum() or text[end] == "_")
                and text[end] not in _RAISED
            ):
                end += 1
            found.append(_Piece("name", text[at:end], at, end - at))
            at = end
        elif text.startswith("**", at):
            found.append(_Piece("sign", "^", at, 2))
            at += 2
        elif character in "+-*/^()," or character in _SIGNS:
            found.append(_Piece("sign", _SIGNS.get(character, character), at, 1))
            at += 1
        else:
            hint = _HINTS.get(
                character, "Formulas are made of numbers, x, y, + - * / ^, brackets and functions."
            )
            raise FormulaError(f"{_quoted(character)} cannot stand in a formula. {hint}", at, 1)
    return [*found, _Piece("end", "", len(text), 0)]


def _raised(text: str, at: int) -> _Piece:
    """A power in raised digits: those in a row are one number."""
    end = at + (text[at] in _RAISED_SIGNS)
    first = end
    while end < len(text) and text[end] in _RAISED:
        end += 1
    if first == end:
        raise FormulaError(
            f"After {_quoted(text[at:end])} a raised digit is missing. Write a power as x^(-2).",
            at,
            end - at,
        )
    plain = "".join(_RAISED[one] for one in text[first:end])
    plain = _RAISED_SIGNS.get(text[at], "") + plain
    _require_finite(float(plain), text, at, end)
    return _Piece("raised", text[at:end], at, end - at, float(plain))


def _number(text: str, at: int) -> _Piece:
    end, points = at, 0
    while end < len(text) and text[end].isascii() and (text[end].isdigit() or text[end] == "."):
        points += text[end] == "."
        end += 1
    if points > 1 or text[at:end] == ".":
        raise FormulaError(
            f"{_quoted(text[at:end])} is not a number. Write a decimal as 0.5.", at, end - at
        )
    if end < len(text) and text[end] in "eE":
        power = end + 1
        if power < len(text) and text[power] in "+-":
            power += 1
        digits = power
        while digits < len(text) and text[digits].isascii() and text[digits].isdigit():
            digits += 1
        end = digits if digits > power else end
    value = float(text[at:end])
    _require_finite(value, text, at, end)
    return _Piece("number", text[at:end], at, end - at, value)


def _require_finite(value: float, text: str, at: int, end: int) -> None:
    if math.isinf(value):
        raise FormulaError(
            f"{_quoted(text[at:end])} is too large: numbers end at about 1.8e308. Take a smaller one.",
            at,
            end - at,
        )


class _Reader:
    """Precedence climbing over pieces."""

    def __init__(self, pieces: list[_Piece], variables: tuple[str, ...]) -> None:
        self.pieces, self.variables = pieces, variables
        self.at, self.brackets = 0, 0

    @property
    def piece(self) -> _Piece:
        return self.pieces[self.at]

    def whole(self) -> Expr:
        if self.piece.kind == "end":
            self.refuse(
                f"There is no formula yet. Write one of {' and '.join(self.variables)}, such as x^2 + 10*y^2."
            )
        found = self.sum()
        if self.piece.kind != "end":
            self._unexpected()
        return found

    def sum(self) -> Expr:
        terms = [self.product()]
        while self._sign("+", "-"):
            negative = self._next().text == "-"
            term = self.product()
            terms.append(Negate(term) if negative else term)
        return terms[0] if len(terms) == 1 else Sum(tuple(terms))

    def product(self) -> Expr:
        found = self.signed(after="")
        while self._sign("*", "/"):
            sign = self._next()
            if sign.text == "*" and self._sign("*"):
                self.refuse("A power is written ** without a space between, or ^.")
            factor = self.signed(after=sign.text)
            if sign.text == "/":
                found = Quotient(found, factor)
            elif isinstance(found, Product):
                found = Product((*found.factors, factor))
            else:
                found = Product((found, factor))
        return found

    def signed(self, after: str) -> Expr:
        """A power with signs before it. `after`: the sign before it, that decides if ``2x`` has one meaning."""
        signs = 0
        negative = False
        while self._sign("+", "-"):
            negative ^= self._next().text == "-"
            signs += 1
            if signs > DEEPEST_BRACKETS:
                self.refuse("So many signs in a row cannot be read. Write one.")
        found = self.power(after)
        if not negative:
            return found
        # A negative number is one: -2, not the negative of 2.
        return Number(-found.value) if isinstance(found, Number) else Negate(found)

    def power(self, after: str) -> Expr:
        first = self.piece
        base = self.atom()
        if self.piece.kind == "raised":
            base = Power(base, Number(self._next().value))
            if self._sign("^") or self.piece.kind == "raised":
                self.refuse(
                    "A power of a power needs brackets: write (x^2)^3 or x^(2^3), as it is meant."
                )
            return base
        if self._sign("^"):
            self._next()
            self.brackets += 1  # exponents nest as brackets do
            self._require_shallow()
            exponent = self.signed(after="^")
            self.brackets -= 1
            return Power(base, exponent)
        if first.kind == "number" and (self.piece.kind == "name" or self._sign("(")):
            self._require_one_meaning(first, after)
            factor = self.power("*")
            return Product((base, factor))
        return base

    def _require_one_meaning(self, number: _Piece, after: str) -> None:
        if after not in ("/", "^"):
            return
        whole = f"{number.text}{self.piece.text}{'…)' if self.piece.text == '(' else ''}"
        about = (
            f"1/({whole}) or (1/{number.text})*…"
            if after == "/"
            else f"x^({whole}) or x^{number.text}*…"
        )
        raise FormulaError(
            f"This can be read in two ways: as {about}. Write the brackets or the * that you mean.",
            number.place,
            self.piece.place + self.piece.length - number.place,
        )

    def atom(self) -> Expr:
        piece = self.piece
        if piece.kind == "number":
            self._next()
            return Number(piece.value)
        if piece.kind == "name":
            return self._name(self._next())
        if not self._sign("("):
            self._missing()
        return self._bracket(self._next())

    def _name(self, piece: _Piece) -> Expr:
        name = piece.text
        if name in self.variables:
            if self._sign("("):
                self.refuse(
                    f"{name} is a number, not a function. For a product write {name}*( … )."
                )
            return Ref(name, (), name)
        if name in CONSTANTS:
            if self._sign("("):
                self.refuse(
                    f"{name} is a number, not a function. For a product write {name}*( … )."
                )
            return Symbol(*CONSTANTS[name])
        if name in FUNCTIONS:
            return self._call(piece)
        raise FormulaError(self._unknown(name), piece.place, piece.length)

    def _call(self, piece: _Piece) -> Expr:
        name = piece.text
        if self._sign("^") or self.piece.kind == "raised":
            self.refuse(f"The power of a function is written behind its brackets: {name}(x)^2.")
        if not self._sign("("):
            raise FormulaError(
                f"{name} is a function: write what it is of in brackets, {name}(x).",
                piece.place,
                piece.length,
            )
        opening = self._next()
        self.brackets += 1
        self._require_shallow()
        if self._sign(")"):
            self.refuse(f"There is nothing in the brackets of {name}. Write {_example(name)}.")
        arguments = [self.sum()]
        while self._sign(","):
            self._next()
            arguments.append(self.sum())
        self._close(opening)
        several = name in ("max", "min")
        if several != (len(arguments) > 1):
            told = "at least two numbers" if several else "one number"
            raise FormulaError(
                f"{name} is of {told}, but {len(arguments)} {'is' if len(arguments) == 1 else 'are'} given. "
                f"Write {_example(name)}.",
                piece.place,
                self.pieces[self.at - 1].place + 1 - piece.place,
            )
        return Call(FUNCTIONS[name], tuple(arguments))

    def _bracket(self, opening: _Piece) -> Expr:
        self.brackets += 1
        self._require_shallow()
        if self._sign(")"):
            self.refuse("There is nothing in these brackets.")
        found = self.sum()
        if self._sign(","):
            self.refuse(
                "A comma separates the numbers of max and min. A decimal is written with a point: 0.5."
            )
        self._close(opening)
        return found

    def _close(self, opening: _Piece) -> None:
        if self.piece.kind == "end":
            raise FormulaError(
                "This bracket is never closed. Add a ) where it ends.",
                opening.place,
                opening.length,
            )
        if not self._sign(")"):
            self._unexpected()
        self._next()
        self.brackets -= 1

    def _require_shallow(self) -> None:
        if self.brackets > DEEPEST_BRACKETS:
            self.refuse(
                f"Here are more than {DEEPEST_BRACKETS} brackets within brackets. Write it in a flatter way."
            )

    # ---- refusals ----------------------------------------------------------------------------------------------

    def refuse(self, sentence: str) -> NoReturn:
        raise FormulaError(sentence, self.piece.place, self.piece.length)

    def _missing(self) -> NoReturn:
        """Something should stand here."""
        before = self.pieces[self.at - 1].text if self.at else ""
        shown = "−" if before == "-" else before
        if self.piece.kind == "end":
            self.refuse(
                f"After {_quoted(shown)} something is missing: a number, x, y or a bracket."
            )
        if self.piece.text == ")":
            self.refuse(
                f"Between {_quoted(shown)} and ) something is missing: a number, x or y."
                if before
                else "This ) has no ( before it. Take it away, or add the (."
            )
        if not before:
            self.refuse(f"A formula cannot begin with {_quoted(self.piece.text)}.")
        if self.piece.text == ",":
            self._comma()
        self.refuse(
            f"{_quoted(self.piece.text)} cannot stand right after {_quoted(shown)}: between them a number, x or y is "
            "missing."
        )

    def _comma(self) -> NoReturn:
        self.refuse(
            "A comma separates the numbers of max and min. A decimal is written with a point: 0.5."
        )

    def _unexpected(self) -> NoReturn:
        """Something stands here that cannot follow."""
        piece, last = self.piece, self.pieces[self.at - 1]
        before = f"…^{last.value:g}" if last.kind == "raised" else last.text
        if piece.text == ")":
            self.refuse("This ) has no ( before it. Take it away, or add the (.")
        if piece.text == ",":
            self._comma()
        after = f"{piece.text} … )" if piece.text == "(" else piece.text
        first = f"( … {before}" if before == ")" else before
        if piece.kind == "name" and piece.text not in (*self.variables, *CONSTANTS, *FUNCTIONS):
            self.refuse(self._unknown(piece.text))
        self.refuse(
            f"Between {first} and {after} a sign is missing. For a product write {first}*{after}."
        )

    def _unknown(self, name: str) -> str:
        known = (*self.variables, *CONSTANTS, *FUNCTIONS)
        told = f"Known are {', '.join(self.variables)}, pi, e, and functions such as sin, exp, sqrt, abs, max."
        if name.lower() in known:
            return f"There is no {_quoted(name)}. Did you mean {name.lower()}?"
        if name.lower() in _WRITTEN:
            return f"There is no {_quoted(name)}. Write it as {_WRITTEN[name.lower()]}."
        if name in _MEANT:
            return f"There is no {_quoted(name)}. Did you mean {_MEANT[name]}?"
        product = _as_product(name, self.variables)
        if product:
            return f"There is no {_quoted(name)}. For a product write {product}."
        near = closest(name, known) if len(name) > 1 else ""
        return f"There is no {_quoted(name)}. " + (f"Did you mean {near}? " if near else "") + told

    # ---- going on ----------------------------------------------------------------------------------------------

    def _sign(self, *signs: str) -> bool:
        return self.piece.kind == "sign" and self.piece.text in signs

    def _next(self) -> _Piece:
        found = self.piece
        self.at += 1
        return found


def _as_product(name: str, variables: tuple[str, ...]) -> str:
    """``x*y`` for "xy", ``x*sin( … )`` for "xsin", ``x^2`` for "x2"; "" if it is something else."""
    for variable in variables:
        rest = name[len(variable) :]
        if name.startswith(variable) and rest:
            if rest.isascii() and rest.isdigit():
                return f"{variable}*{rest}, and for a power {variable}^{rest}"
            if rest in variables or rest in CONSTANTS:
                return f"{variable}*{rest}"
            if rest in FUNCTIONS:
                return f"{variable}*{_example(rest)}"
            inner = _as_product(rest, variables)
            if inner and not inner.count(","):
                return f"{variable}*{inner}"
    return ""


def _example(name: str) -> str:
    return f"{name}(x, 0)" if name in ("max", "min") else f"{name}(x)"


def _quoted(text: str) -> str:
    return f"‘{text}’"
