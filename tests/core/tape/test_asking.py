"""Asking a program: every output has its own explanation, and what is not there is answered with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core
from core import layers as L
from core.errors import ChainruleError
from core.tape.program import Program

X = np.linspace(0, 1, 24, dtype=np.float32).reshape(6, 4)
Y = np.linspace(0, 1, 6, dtype=np.float32).reshape(6, 1)


@pytest.fixture
def program() -> Program:
    model = core.Sequential([L.Input((4,)), L.Dense(3, "relu"), L.Dense(1)])
    model.compile("sgd", "mse")
    found: Program = model.program(6)
    found.feed([X], [Y])
    found.run()
    return found


def counting(program: Program) -> int:
    return next(k for k, ins in enumerate(program.instructions) if ins.op == "accumulate")


def test_the_count_of_a_sum_has_its_own_explanation(program: Program) -> None:
    k = counting(program)
    count = program.explain(k, (), "total/loss/count")
    assert (count.value, count.kernel_value) == (6.0, 6.0)
    total = program.explain(k, (), "total/loss/sum")
    assert total.value == pytest.approx(total.kernel_value) != 6.0


def test_the_count_goes_on_from_batch_to_batch(program: Program) -> None:
    from core.kernels import state as machine

    k = counting(program)
    program.state[machine.BATCH] = 1
    expected = program.explain(k, (), "total/loss/count").value
    program.run()
    assert expected == program.value("total/loss/count", ()) == 12.0


def test_a_time_step_is_explained_where_it_stands() -> None:
    model = core.Sequential([L.Input((5, 2)), L.LSTM(3, return_sequences=True), L.Dense(1)])
    model.compile("sgd", "mse")
    program = model.program(2)
    program.feed([np.random.default_rng(0).random((2, 5, 2))], [np.ones((2, 5, 1))])
    asked = 0
    for k, ins in enumerate(program.tape.instructions):
        if ins.phase != "forward":
            continue
        program.run(k, k + 1)
        for name in program.written_names[k]:
            last = tuple(n - 1 for n in program.tensor(name).shape)
            found = program.explain(k, last, name)
            assert found.kernel_value == pytest.approx(found.value, rel=1e-4, abs=1e-6), name
            asked += name != ins.output.name
    assert asked


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda p: p.explain(10**6, (0, 0)), "there is no number 1000000"),
        (lambda p: p.explain("first", (0, 0)), "there is no number 'first'"),
        (lambda p: p.explain(-1, (0, 0)), "there is no number -1"),
        (lambda p: p.value("dense/kernel", (-1, 0)), r"\(-1, 0\) is not one"),
        (lambda p: p.value("dense/kernel", (4, 0)), r"from \(0, 0\) to \(3, 2\)"),
        (lambda p: p.value("dense/kernel", (0,)), "2 whole numbers"),
        (lambda p: p.value("dense/kernel", 3), "2 whole numbers"),
        (lambda p: p.value("dense/kernel", (0.5, 0)), "2 whole numbers"),
        (lambda p: p.value("loss", (0,)), r"its cell is \(\)"),
        (lambda p: p.explain(counting(p), (0, 0), "dense/kernel"), "does not write"),
        (lambda p: p.explain(counting(p), (), "total/los/count"), "Did you mean 'total/loss/count'"),
        (lambda p: p.tensor("dense/kernal"), "Did you mean 'dense/kernel'"),
        (lambda p: p.tensor(3), "no value called 3"),
        (lambda p: p.uses(counting(p), "weight", ()), "no operand called 'weight'"),
        (lambda p: p.uses(counting(p), "total", (-1,)), r"its cell is \(\)"),
        (lambda p: p.feed([X, X], [Y]), "a list of 1 inputs"),
        (lambda p: p.feed([X[:, :3]], [Y]), r"must have shape \(6, 4\); it has \(6, 3\)"),
        (lambda p: p.feed([X.T], [Y]), r"must have shape \(4, 4\); it has \(4, 6\)"),
        (lambda p: p.feed([X], [Y[:3]]), r"must have shape \(6, 1\); it has \(3, 1\)"),
        (lambda p: p.feed([X[:0]], [Y[:0]]), r"must have shape \(samples, 4\)"),
        (lambda p: p.feed(["text"], [Y]), "array of numbers"),
        (lambda p: p.feed([np.ones((7, 4))], [Y]), "batches of up to 6"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_answered_with_a_sentence(
    program: Program, ask: Any, sentence: str
) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        ask(program)


def test_a_batch_that_was_refused_changes_nothing(program: Program) -> None:
    before, rows = program.mem.copy(), program.rows
    with pytest.raises(ChainruleError):
        program.feed([X[:2]], [Y])
    assert np.array_equal(before, program.mem)
    assert program.rows == rows


def test_one_input_may_be_fed_without_a_list(program: Program) -> None:
    program.feed(X[:2] + 1, Y[:2, 0])
    assert np.array_equal(program.tensor(next(iter(program.tape.inputs.values())).name), X[:2] + 1)
