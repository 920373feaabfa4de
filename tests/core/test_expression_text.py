"""What is explained reads as one line: the formula, the same with its numbers, and the value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core
from core import layers
from core.expression_text import to_text
from core.expressions import Call, Negate, Number, Power, Product, Quotient, Sum, to_tex
from core.layers import registry


def test_an_explanation_prints_as_one_line_with_its_numbers() -> None:
    model = core.Sequential([core.Input((2,), name="x"), layers.Dense(1, name="d")], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.array([[2.0], [-0.5]]), np.array([1.0])])
    program = model.program(batch_size=1)
    program.feed([np.array([[3.0, 4.0]])], [np.array([[2.0]])])
    places = {i.writes[0]: i.index for i in program.instructions if i.phase == "forward"}
    program.run(0, max(places.values()) + 1)
    product = program.explain(places["d/product"], (0, 0))
    wanted = "d/product[0, 0] = x[1]·W¹[1,1] + x[2]·W¹[2,1] = 3·2 + 4·(-0.5) = 4"
    assert str(product) == wanted
    program.tensor("d/kernel")[...] = 0
    assert str(product) == wanted
    bias = program.explain(places["d/z"], (0, 0))
    assert str(bias) == "d/z[0, 0] = u¹[1] + b¹[1] = 4 + 1 = 5"


def test_long_sums_are_cut() -> None:
    model = core.Sequential([core.Input((50,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    program = model.program(1)
    place = next(i.index for i in program.instructions if i.op == "matmul")
    text = str(program.explain(place, (0, 0)))
    assert text.count("…") == 2
    assert len(text) < 300


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Product((Number(2), Quotient(Number(1), Number(4)))), "2·(1 / 4)"),
        (Product((Number(2), Sum((Power(Number(3), Number(2)),)))), "2·3^2"),
        (Sum((Number(1), Negate(Number(2)))), "1 - 2"),
        (Negate(Sum((Number(1), Number(2)))), "-(1 + 2)"),
        (Power(Product((Number(2), Number(3))), Number(2)), "(2·3)^2"),
        (Quotient(Number(1), Product((Number(2), Number(3)))), "1 / (2·3)"),
        (Call("max", (Number(0), Number(-1))), "max(0, -1)"),
        (Number(float("nan")), "nan"),
        (Number(float("inf")), "inf"),
        (Number(0.0001234567), "0.0001235"),
    ],
)
def test_a_formula_as_text_reads_as_it_is_computed(expression: Any, text: str) -> None:
    assert to_text(expression) == text


def test_rows_of_a_bias_are_not_called_time_steps() -> None:
    model = core.Sequential([core.Input((2, 3)), layers.GRU(2)])
    model.compile("sgd", "mse")
    biased = [i for i in model.program(1).instructions if i.op == "bias_add"]
    assert biased[0].title == "(xW+b)¹ = xW¹ + b¹ˣ"
    assert biased[0].formula.endswith("b^{1x}")
    assert biased[1].title.endswith("⟨1⟩ + b¹ʰ")


@pytest.mark.parametrize("kind", registry.names())
def test_help_tells_every_setting(kind: str) -> None:
    cls = registry.kind(kind)
    text = cls.__doc__ or ""
    _, _, parameters = text.partition("\nParameters\n----------\n")
    told = [line.split(" : ")[0] for line in parameters.splitlines() if not line.startswith(" ")]
    assert told == [*(setting.name for setting in cls.settings), "trainable", "name"]
    assert max(map(len, parameters.splitlines()), default=0) <= 120


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8, "0.8000"), (-0.002583, "-0.00258"), (0.001, "0.00100"), (12.34567, "12.3457"), (3.0, "3"),
     (2.5e-5, r"2.500\cdot 10^{-5}")],
)  # fmt: skip
def test_numbers_in_tex_can_be_multiplied_out(value: float, text: str) -> None:
    assert to_tex(Number(value)) == text
