"""Formulas of thousands of terms: few are made, and building them can be left off."""

from __future__ import annotations

import threading

import msgspec
import numpy as np
import pytest

from core import data, templates
from core.expressions import Call, Number, Power, Quotient, evaluate, references
from core.interrupting import EVERY, InterruptedFormulaError, glance, interruptible
from core.long_sums import LongSum
from core.ops.summing import everywhere, sum_of
from core.runs import Run
from core.tape.chain import Chains


@pytest.fixture(scope="module")
def run() -> Run:
    template = templates.load("digits-cnn")
    found = Run(template.network, template.training, data.load(template.data.id))
    found.step("batch")
    return found


def test_a_glance_asks_now_and_then_and_only_on_its_own_thread():
    asked: list[int] = []

    def hurry() -> bool:
        asked.append(threading.get_ident())
        return False

    for _ in range(10 * EVERY):
        glance()
    with interruptible(hurry):
        for _ in range(3 * EVERY):
            glance()
        other = threading.Thread(target=lambda: [glance() for _ in range(2 * EVERY)])
        other.start()
        other.join()
    assert set(asked) == {threading.get_ident()}
    assert len(asked) == 3


@pytest.mark.parametrize("what", ["chain", "explain"])
def test_what_is_built_is_left_off_and_can_be_built_again(run: Run, what: str):
    program = run.program
    tape = program.tape.instructions
    index = max(range(len(tape)), key=lambda k: tape[k].op == "matmul")

    def build() -> object:
        if what == "chain":
            return Chains(program).chain("grad/conv2d_1/kernel", (1, 1, 0, 3)).product
        return [program.explain(index, (0, c)).value for c in range(4)]

    whole = build()

    def often() -> None:
        for _ in range(20):
            build()

    with pytest.raises(InterruptedFormulaError), interruptible(lambda: True):
        often()
    assert build() == whole


def test_the_length_of_a_gradient_is_one_long_sum():
    template = templates.load("digits-cnn")
    training = template.training
    optimizer = dict(training.optimizer) | {"global_clipnorm": 0.5}
    run = Run(
        template.network, msgspec.structs.replace(training, optimizer=optimizer),
        data.load(template.data.id),
    )  # fmt: skip
    run.step("batch")
    program = run.program
    seen = 0
    for k, ins in enumerate(program.tape.instructions):
        if ins.op != "gradient_norm":
            continue
        seen += 1
        expression = program.expression(k, ())
        assert isinstance(expression, Call)
        whole = expression.arguments[0]
        x = program.tensor(ins.inputs["x"].name)
        assert whole.count == x.size
        assert isinstance(whole, LongSum) == (x.size > 256)
        assert isinstance(whole.part(0, 1)[0], Power)
        by_terms = evaluate(expression, program._value)
        assert by_terms == pytest.approx(float(np.linalg.norm(x.astype(np.float64))), rel=1e-12)
        assert program.explain(k, ()).value == pytest.approx(by_terms, rel=1e-12)
    assert seen


def test_of_a_mean_over_all_places_the_chain_goes_through_those_of_one_sample(run: Run):
    program = run.program
    x = program.tape.tensors["grad/conv2d_1/z"]
    mean = Quotient(sum_of((x, (*everywhere(64, 28, 28), 3))), Number(64.0 * 784))
    found, left_out = Chains(program).of_row(mean, 5)
    assert isinstance(found, Quotient)
    assert found.denominator == mean.denominator
    assert isinstance(found.numerator, LongSum)
    assert found.numerator.count == 784
    assert left_out == 63 * 784
    assert {one.index[0] for one in references(found.numerator)} == {5}
