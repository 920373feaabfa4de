"""Gradients the step has not come to: the way that will be taken is shown, or why there is none."""

from __future__ import annotations

import pytest

from app.step.sections.chain_rows import Path

KERNEL = "grad/dense_1/kernel"


def part(stepping, name):
    stepping.until(lambda: stepping.view.sheet.card.parts.get(name) is not None)
    return stepping.view.sheet.card.parts[name]


def test_a_gradient_to_come_shows_its_way_and_what_is_known_of_it(stepping):
    session = stepping.session
    line = next(one for one in session.program.instructions if KERNEL in one.writes)
    # The hidden layer is done, the output is not.
    stepping.seek(0, 8)
    stepping.do("select.cell", tensor=KERNEL, index=[0, 1])
    ahead = part(stepping, "chain")
    assert isinstance(ahead, Path)
    assert ahead.gradient is ahead.product is None
    assert "not come to this gradient yet" in ahead.sentences()[0]
    known = {row.under.symbol: row.value for row in ahead.rows}
    assert known["ŷ"] is known["z²"] is None
    assert all(known[name] is not None for name in ("a¹", "z¹", "W¹"))
    stepping.seek(0, line.index + 1)
    stepping.do("select.cell", tensor=KERNEL, index=[0, 1])
    stepping.until(lambda: part(stepping, "chain").gradient is not None)
    there = part(stepping, "chain")
    assert [row.under for row in there.rows] == [row.under for row in ahead.rows]
    for row in there.rows:
        assert known[row.under.symbol] in (None, row.value)
    assert there.product is not None


def test_after_going_back_nothing_of_the_step_before_is_taken_for_known(stepping):
    stepping.do("run.step", granularity="batch")
    stepping.until(lambda: stepping.session.snapshot.position.step == 1)
    stepping.ready()
    stepping.step(3)
    stepping.do("select.cell", tensor=KERNEL, index=[0, 0])
    ahead = part(stepping, "chain")
    assert ahead.gradient is ahead.product is None
    values = {row.under.symbol: row.value for row in ahead.rows}
    assert values.pop("W¹") is not None, "the input is there"
    # A weight is known as well: the slope of a sum.
    values.pop("a¹")
    assert set(values.values()) == {None}


@pytest.mark.parametrize("stepping", ["digits-cnn"], indirect=True)
def test_what_is_only_moved_says_why_it_has_no_chain(stepping):
    session = stepping.session
    stepping.seek(0, 20)
    line = next(one for one in session.program.instructions if one.op == "turn_kernel")
    stepping.do("step.inspect", instruction=line.index)
    assert "no gradient by itself" in part(stepping, "path")
    stepping.view.sheet.grab()
