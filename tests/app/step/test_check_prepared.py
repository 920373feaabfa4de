"""A check that is asked for too early waits in its card, and its answer follows by itself."""

from __future__ import annotations

from app.step.sections.check import Check
from tests.app.step.driving import Stepping

KERNEL = "grad/dense_1/kernel"


def test_a_check_follows_by_itself_as_soon_as_it_can_be_made(stepping: Stepping) -> None:
    session, sheet = stepping.session, stepping.view.sheet
    engine, refused = stepping.window.context.engine, []
    stepping.window.context.refused.connect(refused.append)
    updates = next(i.index for i in session.program.instructions if i.phase == "update")
    stepping.seek(0, updates)
    line = next(i for i in session.program.instructions if KERNEL in i.writes)
    stepping.do("step.inspect", instruction=line.index)
    stepping.do("select.cell", tensor=KERNEL, index=(0, 1))
    stepping.until(lambda: isinstance(sheet.card.parts.get("check"), Check))
    stepping.until(lambda: session.questions.checkable and not session.questions.waiting)
    # As it is while the kernels of the check are compiled in another process.
    engine._worker._precise = False
    stepping.do("step.check_gradient")
    stepping.until(lambda: sheet.card.parts["check"].preparing)
    assert sheet.card.parts["check"].error is None
    engine._on_precise_finished()
    stepping.until(lambda: sheet.card.parts["check"].error is not None)
    assert sheet.card.parts["check"].agrees
    assert not session.questions.preparing
    assert refused == []

    engine._worker._precise = False
    stepping.do("select.cell", tensor=KERNEL, index=(1, 1))
    stepping.until(lambda: session.questions.checkable and not session.questions.waiting)
    stepping.do("step.check_gradient")
    stepping.until(lambda: session.questions.preparing)
    stepping.do("select.cell", tensor=KERNEL, index=(1, 0))
    # What another number has asked for is not measured of this one.
    stepping.until(lambda: not session.questions.preparing)
    engine._on_precise_finished()
    assert refused == []
