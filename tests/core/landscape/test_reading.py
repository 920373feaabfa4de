"""Formulas as they are typed: what they mean, and what is refused, at which character, in which words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.expressions import evaluate
from core.landscape.program import depth
from core.landscape.reading import DEEPEST_BRACKETS, FUNCTIONS, LONGEST, FormulaError, read

X, Y = 0.7, -1.3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x + y", X + Y),
        ("x - y - 1", X - Y - 1),
        ("2 - -x", 2 + X),
        ("-x^2", -(X**2)),
        ("(-x)^2", X**2),
        ("2^-1", 0.5),
        ("2^3^2", 512),
        ("(2^3)^2", 64),
        ("x**2 * y", X**2 * Y),
        ("x/y*2", X / Y * 2),
        ("x/(y*2)", X / (Y * 2)),
        ("x/y/2", X / Y / 2),
        ("2x^2", 2 * X**2),
        ("-2x", -2 * X),
        ("3(x + 1)y", None),
        ("3(x + 1)*y", 3 * (X + 1) * Y),
        ("2sin(x)cos", None),
        ("2sin(x)", 2 * math.sin(X)),
        ("2pi*x", 2 * math.pi * X),
        ("2x/4", X / 2),
        ("1e-3x", 1e-3 * X),
        ("2e", 2 * math.e),
        ("2e3", 2000),
        (".5x + 1.", 0.5 * X + 1),
        ("x² − 2·y³", X**2 - 2 * Y**3),
        ("x²³", X**23),
        ("x⁵ + x¹⁰", X**5 + X**10),
        ("x⁻²", X**-2),
        ("x⁺³", X**3),
        ("(x + y)²", (X + Y) ** 2),
        ("2x²", 2 * X**2),
        ("2x²*y", 2 * X**2 * Y),
        ("2²x", None),
        ("sin(x)²", math.sin(X) ** 2),
        ("-x²", -(X**2)),
        ("π x".replace(" ", "*"), math.pi * X),
        ("max(x, y, 0.1)", X),
        ("min(x, y, 0.1)", Y),
        ("ln(x) + log(x)", 2 * math.log(X)),
        ("abs(y)", -Y),
        ("relu(y) + relu(x)", X),
        ("sign(y)", -1),
        ("+x", X),
    ],
)
def test_a_formula_means_what_is_written(text: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(FormulaError):
            read(text)
        return
    found = evaluate(read(text), lambda name, _: {"x": X, "y": Y}[name])
    assert found == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "place", "length", "sentence"),
    [
        ("", 0, 0, "There is no formula yet"),
        ("   ", 3, 0, "There is no formula yet"),
        ("x +", 3, 0, "After ‘\\+’ something is missing"),
        ("x + * y", 4, 1, "‘\\*’ cannot stand right after ‘\\+’"),
        ("* x", 0, 1, "cannot begin with ‘\\*’"),
        ("(x + y", 0, 1, "never closed"),
        ("sin(x + (y)", 3, 1, "never closed"),
        ("x + y)", 5, 1, "no \\( before it"),
        (")", 0, 1, "no \\( before it"),
        ("x + ()", 5, 1, "nothing in these brackets"),
        ("sinus(x)", 0, 5, "Did you mean sin"),
        ("Exp(x)", 0, 3, "Did you mean exp"),
        ("sqr(x)", 0, 3, "Did you mean sqrt"),
        ("X^2", 0, 1, "Did you mean x"),
        ("pow(x, 2)", 0, 3, "Did you mean \\^"),
        ("xy", 0, 2, "write x\\*y"),
        ("x + xsin(y)", 4, 4, "write x\\*sin\\(x\\)"),
        ("x2", 0, 2, "x\\^2"),
        ("x₂", 0, 2, "There is no ‘x₂’. Did you mean x"),
        ("x²y", 2, 1, r"write …\^2\*y"),
        ("x²³⁻", 3, 1, "a raised digit is missing"),
        ("x²^3", 2, 1, "needs brackets"),
        ("x² ³", 3, 1, "needs brackets"),
        ("² + x", 0, 1, "cannot begin with ‘²’"),
        ("x + ²", 4, 1, "cannot stand right after ‘\\+’"),
        ("x" + "⁹" * 400, 1, 400, "too large"),
        ("sin²(x)", 3, 1, r"behind its brackets: sin\(x\)\^2"),
        ("cos^2(x)", 3, 1, r"behind its brackets: cos\(x\)\^2"),
        ("log10(x)", 0, 5, r"Write it as log\(x\)/log\(10\)"),
        ("log2(x)", 0, 4, r"Write it as log\(x\)/log\(2\)"),
        ("cot(x)", 0, 3, r"Write it as 1/tan\(x\)"),
        ("asinh(x)", 0, 5, r"Write it as log\(x"),
        ("z + 1", 0, 1, "Known are x, y, pi, e"),
        ("x y", 2, 1, "write x\\*y"),
        ("(x + 1)(y)", 7, 1, "a sign is missing"),
        ("x(y + 1)", 1, 1, "not a function"),
        ("2 3", 2, 1, "Between 2 and 3"),
        ("1/2x", 2, 2, "two ways"),
        ("x^2y", 2, 2, "two ways"),
        ("1/2(x)", 2, 2, "two ways"),
        ("sin x", 0, 3, "in brackets, sin\\(x\\)"),
        ("sin()", 4, 1, "nothing in the brackets of sin"),
        ("sin(x, y)", 0, 9, "of one number, but 2 are given"),
        ("1 + max(x)", 4, 6, "at least two numbers, but 1 is given"),
        ("1,5*x", 1, 1, "written with a point"),
        ("(1,5)*x", 2, 1, "written with a point"),
        ("1.2.3*x", 0, 5, "not a number"),
        ("1e999*x", 0, 5, "too large"),
        ("f = x", 2, 1, "right of the ="),
        ("|x|", 0, 1, "abs\\(x\\)"),
        ("[x]", 0, 1, "Use \\( \\)"),
        ("x; y", 1, 1, "one formula only"),
        ("x * * y", 4, 1, "without a space"),
        ("__import__(os)", 0, 10, "There is no ‘__import__’"),
        ("f('x')", 2, 1, "cannot stand"),
        ("x.real", 1, 1, "‘.’ is not a number"),
        ("x if y else 0", 2, 2, "There is no ‘if’"),
        ("lambda: x", 6, 1, "cannot stand"),
        ("x + ☃", 4, 1, "‘☃’ cannot stand"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_character(
    text: str, place: int, length: int, sentence: str
) -> None:
    with pytest.raises(FormulaError, match=sentence) as error:
        read(text)
    assert (error.value.place, error.value.length) == (place, length)
    assert str(error.value).endswith((".", "?"))


def test_too_long_and_too_deep_formulas_are_refused() -> None:
    with pytest.raises(FormulaError, match="up to 1,000") as error:
        read("x" + "+x" * LONGEST)
    assert error.value.place == LONGEST
    with pytest.raises(FormulaError, match="numbers, names and signs"):
        read("+".join("x" * 300))
    deep = DEEPEST_BRACKETS
    assert read("(" * deep + "x" + ")" * deep)
    for nested in ("(" * (deep + 1) + "x", "x^" * (deep + 1) + "x", "-" * (deep + 2) + "x"):
        with pytest.raises(FormulaError, match=r"in a row|flatter"):
            read(nested)
    with pytest.raises(FormulaError, match="too deeply"):
        read("x" + "/y" * 150)


def test_every_function_is_known_to_the_machine() -> None:
    from core.kernels import landscape as machine
    from core.landscape import program

    assert program.NAMES == machine.NAMES
    assert set(FUNCTIONS.values()) <= set(program.NAMES)


@pytest.mark.parametrize("given", [None, 3, b"x"])
def test_what_is_no_text_is_refused(given: object) -> None:
    with pytest.raises(FormulaError, match="is a text"):
        read(given)  # type: ignore[arg-type]


@given(st.text(alphabet="xyz0123456789.+-*/^(), ²πesincopmaxlgtrd'=", max_size=30))
def test_whatever_is_typed_is_read_or_refused_at_a_place(text: str) -> None:
    refused = None
    try:
        assert depth(read(text)) >= 1
    except FormulaError as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.place <= refused.place + refused.length <= len(text)
        assert refused.sentence.endswith((".", "?"))
