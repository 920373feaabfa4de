"""A race that is asked for before its kernels are there is run as soon as they are."""

from __future__ import annotations

from tests.app.optimizers.conftest import PATIENCE, Racing


def test_a_race_asked_for_too_early_is_run_when_its_kernels_are_there(racing: Racing) -> None:
    engine = racing.window.context.engine
    engine._worker._precise = False
    racing.do("race.start", x=0.25, y=-0.5)
    # The worker has refused by now or will in a moment; either way nobody waits for ever.
    engine._on_precise_finished()
    racing.qtbot.waitUntil(lambda: racing.session.current, timeout=PATIENCE)
    assert racing.session.answer is not None
    assert racing.session.answer.race.start == (0.25, -0.5)
    assert racing.session.problem == ""
