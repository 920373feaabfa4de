"""A fraction of the chain is never torn: (1 − 0)/1 with − 0.53 on the next line would be another number."""

from __future__ import annotations

import pytest

from app.scenes import formula
from app.scenes.formula_expressions import Look, expression_box
from app.step.sections.chain_rows import Factor
from tests.app.step.driving import Stepping
from tests.app.step.test_chain import go

NETWORK = "lstm-remember"


@pytest.mark.parametrize("size", [(1024, 600), (1440, 900)])
def test_no_factor_is_torn_in_a_narrow_inspector(stepping: Stepping, size: tuple[int, int]) -> None:
    stepping.window.resize(*size)
    path = go(stepping.qtbot, stepping.window, "grad/dense_1/kernel", (0, 0))
    page = stepping.view.sheet._written()
    heights = {}
    for done, left, _ in page.formulas:
        assert left + done.width <= stepping.view.sheet.width() + 1
        heights.setdefault(done.plain(), []).append(done.height)
    rows = [row for row in path.rows if isinstance(row, Factor)]
    assert any("−" in formula.lay_out(_whole(row, "numbers")).plain() for row in rows)
    for row in rows:
        for mode in ("symbolic", "numbers"):
            whole = formula.lay_out(_whole(row, mode))
            # In one piece it is no higher than the same in one line of the largest type.
            assert all(h <= whole.height + 0.5 for h in heights.get(whole.plain(), [])), (
                whole.plain()
            )


def _whole(row: Factor, mode: str) -> formula.Box:
    return expression_box(row.expression, Look(mode, formula.Pen(12)), dict(row.numbers))
