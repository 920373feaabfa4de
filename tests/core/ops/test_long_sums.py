"""Sums of thousands of terms say the same as formulas of few, and are quick to ask for."""

from __future__ import annotations

import numpy as np
import pytest

from core import Input, Sequential, layers
from core.expressions import LONG_SUM, Elided, Product, Quotient, Sum, elide, evaluate, references
from core.long_sums import LongSum
from core.ops import summing
from core.tape.program import Program

ROWS = 6


@pytest.fixture(scope="module")
def program() -> Program:
    model = Sequential(
        [
            Input((9, 9, 2)), layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization(),
            layers.DepthwiseConv2D(3), layers.Flatten(), layers.Dense(1),
        ],
        seed=1,
    )  # fmt: skip
    model.compile(optimizer="SGD", loss="mse")
    program = model.program(batch_size=ROWS)
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(ROWS, 9, 9, 2)), draw.normal(size=(ROWS, 1))
    program.feed([x.astype(np.float32)], [y.astype(np.float32)])
    program.run(0, next(k for k, i in enumerate(program.instructions) if i.phase == "update"))
    return program


def long_of(expression: object) -> LongSum | None:
    if isinstance(expression, Quotient):
        expression = expression.numerator
    return expression if isinstance(expression, LongSum) else None


OPS = ["conv2d_weight_grad", "depthwise2d_weight_grad", "column_sum", "channel_mean", "channel_variance",
       "channel_mean_product"]  # fmt: skip


@pytest.mark.parametrize("op", OPS)
def test_a_long_sum_says_what_its_terms_say(program, monkeypatch, op):
    lines = [i for i in program.instructions if i.op == op and i.layer != "dense"]
    line = lines[0]
    cell = tuple(n // 2 for n in program.tensor(line.writes[0]).shape)
    found = program.explain(line.index, cell)
    quick = long_of(found.expression)
    assert quick is not None
    monkeypatch.setattr(summing, "FEW", 10**9)
    plain = program.expression(line.index, cell)
    slow = plain.numerator if isinstance(plain, Quotient) else plain
    assert isinstance(slow, Sum)
    assert quick.terms == slow.terms
    assert quick.count == len(slow.terms) > 256

    def lookup(tensor, at):
        return float(program.tensor(tensor)[at])

    # Without whole tensors at hand the terms are looked up one by one; the value is the same.
    assert evaluate(found.expression, lookup) == pytest.approx(evaluate(plain, lookup), rel=1e-12)
    assert found.value == pytest.approx(evaluate(plain, lookup), rel=1e-12)
    assert found.value == pytest.approx(found.kernel_value, rel=2e-5, abs=1e-6)
    assert str(found).count("=") >= 2
    assert "nan" not in str(found).lower()


def test_what_is_shown_is_the_first_and_the_last(program):
    line = next(i for i in program.instructions if i.op == "conv2d_weight_grad")
    expression = program.explain(line.index, (0, 1, 1, 2)).expression
    short = elide(expression)
    assert short.count == LONG_SUM
    kinds = [type(term) for term in short.terms]
    assert kinds == [Product] * (LONG_SUM - 2) + [Elided, Product]
    hidden = short.terms[-2]
    assert hidden.count == len(hidden.rest) == expression.count - LONG_SUM + 1
    assert (*short.terms[:-2], *hidden.rest, short.terms[-1]) == expression.terms
    assert references(short) == references(expression)


def test_the_terms_of_one_sample(program):
    line = next(i for i in program.instructions if i.op == "conv2d_weight_grad")
    whole = program.expression(line.index, (1, 1, 0, 0))
    assert isinstance(whole, LongSum)
    parts = [whole.of_sample(row) for row in range(ROWS)]
    assert sum((part.terms for part in parts), ()) == whole.terms
    assert whole.of_sample(ROWS) is None
