"""Explanations of large sums make room for the learner's next step."""

from __future__ import annotations

import pytest

from app.engine.session import Session
from app.engine.state import INTERRUPTED
from core.errors import ChainruleError
from core.runs import Run
from tests.app.engine.conftest import Bench, work_for


def large_sum(run: Run) -> int:
    """A gradient that is a sum over all places of all images of a batch."""
    return next(i.index for i in run.program.instructions if i.writes == ("grad/conv2d_1/kernel",))


def test_a_step_does_not_wait_for_an_explanation_of_fifty_thousand_terms(bench: Bench) -> None:
    bench.open("digits-cnn")
    place = large_sum(bench.engine._worker._session.run)
    bench.engine.step("batch")
    bench.until(lambda: bench.step_of() == 1)
    answers: list[str] = []
    bench.engine.ask(
        "explain", instruction=place, cell=(0, 0, 0, 0),
        done=lambda _: answers.append("answered"), failed=answers.append,
    )  # fmt: skip
    bench.engine.step("instruction")
    bench.until(lambda: bench.state.position.pc == 1)
    # It made room, or it was quick enough to be through.
    assert answers in ([INTERRUPTED], ["answered"])
    # Asked at rest it is answered; other questions do not disturb it.
    bench.engine.step("batch")
    bench.until(lambda: bench.step_of() == 2)
    found = bench.ask("explain", instruction=place, cell=(0, 0, 0, 0))
    assert len(found.expression.terms) == 64 * 28 * 28
    assert abs(found.value - found.kernel_value) < 1e-4


def test_an_explanation_says_what_it_said_of_every_instruction() -> None:
    session = Session(work_for("chain-rule-by-hand"))
    run = session.run
    run.advance(2)
    for line in run.program.instructions:
        for name in line.writes:
            shape = run.program.tensor(name).shape
            cell = tuple(0 for _ in shape)
            asked = session.answer("explain", instruction=line.index, cell=cell, output=name)
            assert (asked.instruction, asked.tensor, asked.cell) == (line.index, name, cell)
            assert asked.kernel_value == float(run.program.tensor(name)[cell])
            assert abs(asked.value - asked.kernel_value) <= 1e-5 * max(1.0, abs(asked.value)), name
            assert all(type(k) is int for k in asked.cell)


def test_formulas_of_many_terms_are_left_off_when_the_learner_goes_on() -> None:
    session = Session(work_for("digits-cnn"))
    run = session.run
    run.advance(1)
    program = run.program
    column = next(i.index for i in program.instructions if i.writes == ("dense_1/product",))
    asked = [("explain", {"instruction": column, "cell": (0, 1)}),
             ("origin", {"instruction": column, "cell": (0, 1)}),
             ("chain", {"tensor": "grad/conv2d_1/kernel", "cell": (1, 1, 0, 2), "row": 0})]  # fmt: skip
    for question, values in asked:
        session.hurry = lambda: True
        with pytest.raises(ChainruleError) as raised:
            session.answer(question, **values)
        assert str(raised.value) == INTERRUPTED, question
        # Other questions are short and answered whatever waits.
        assert session.answer("tensor", name="dense_1/z").shape == (64, 32)
        session.hurry = lambda: False
        assert session.answer(question, **values) is not None
