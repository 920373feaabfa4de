"""Who listens to edits of a race: nobody too much, and everybody who shows something of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from app.build.view import BuildView
from app.bus import CommandError
from app.document import Document
from app.optimizers.panels.chart import Legend
from app.optimizers.panels.racers import RacerButton
from app.optimizers.racer_sliders import RacerSliders
from app.optimizers.surface_map import SurfaceMapView
from app.scenes.race_numbers import loss_text
from app.widgets.chip import Chip
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import action

_LEFT = Qt.MouseButton.LeftButton


def _told(document: Document) -> dict[str, int]:
    """Count what the document tells from now on."""
    told: dict[str, int] = {}

    def count(name: str) -> Callable[[], None]:
        return lambda: told.__setitem__(name, told.get(name, 0) + 1)

    for name in ("changed", "model_changed", "network_changed", "race_changed", "name_changed"):
        getattr(document, name).connect(count(name))
    return told


def _at(shown: SurfaceMapView, x: float, y: float) -> QPoint:
    assert shown.view is not None
    return shown.view.point(x, y).toPoint()


def _counted(racing: Racing) -> set[str]:
    """Words and numbers in the status bar."""
    found = racing.window.status.findChildren(QLabel)
    return {one.text() for one in found if not one.isHidden()}


def test_an_edit_of_the_race_is_told_to_those_whom_it_concerns(racing: Racing) -> None:
    document = racing.window.context.document
    told, inspection = _told(document), document.inspection
    racing.do("race.start", x=1.0, y=1.0)
    # What is saved by itself hangs on `changed`; what shows the network has nothing to do.
    assert told == {"race_changed": 1, "changed": 1}
    assert document.inspection is inspection
    racing.do("layer.add", kind="Dropout", index=3)
    assert told == {"race_changed": 1, "changed": 2, "model_changed": 1, "network_changed": 1}
    assert document.inspection is not inspection
    racing.undo()
    racing.undo()
    assert told["model_changed"] == 2
    assert told["race_changed"] == 2
    assert [one.kind for one in document.inspection.rows].count("Dropout") == [
        one.kind for one in inspection.rows
    ].count("Dropout")
    racing.do("project.rename", name="Raced")
    assert told["model_changed"] == 3
    assert told["name_changed"] == 1
    assert told["race_changed"] == 2


def test_build_is_right_when_it_is_shown_after_races_were_edited(racing: Racing) -> None:
    racing.do("workspace.show", name="build")
    build = racing.window.findChild(BuildView)
    assert build is not None
    before = [block.layer for block in build.canvas.blocks]
    racing.do("workspace.show", name="optimizers")
    racing.do("race.start", x=1.0, y=1.0)
    added = racing.do("layer.add", kind="Dropout", index=3)
    racing.do("race.start", x=1.2, y=1.0)
    racing.do("workspace.show", name="build")
    order = [one.id for one in racing.window.context.document.network.layers]
    assert [block.layer for block in build.canvas.blocks] == order
    assert len(order) == len(before) + 1
    assert added is None or added in order
    racing.undo()
    racing.undo()
    assert [block.layer for block in build.canvas.blocks] == before
    assert build.drawer.summary.rowCount() == len(before)


def test_undo_names_the_last_edit_and_the_title_tells_what_is_not_saved(
    racing: Racing, tmp_path: Path
) -> None:
    window = racing.window
    undo, redo = action(window, "edit-undo"), action(window, "edit-redo")
    racing.do("project.save", path=str(tmp_path / "raced.chainrule"))
    racing.until(lambda: not window.isWindowModified())
    shown = racing.control("race-map", SurfaceMapView)
    QTest.mousePress(shown, _LEFT, pos=_at(shown, *racing.race.start))
    for x in (1.9, 1.5, 1.1):
        QTest.mouseMove(shown, _at(shown, x, 1.0))
    QTest.mouseRelease(shown, _LEFT, pos=_at(shown, 1.1, 1.0))
    assert window.isWindowModified()
    assert undo.isEnabled()
    assert undo.text() == "Undo: Move the start"
    assert undo.toolTip() == "Undo: Move the start (Ctrl+Z)"
    assert not redo.isEnabled()
    racing.do("race.add", kind="lion")
    assert undo.text().startswith("Undo: Add")
    undo.trigger()
    assert undo.text() == "Undo: Move the start"
    undo.trigger()
    assert not undo.isEnabled()
    assert redo.text() == "Redo: Move the start"
    assert redo.toolTip().startswith("Redo: Move the start")
    assert not window.isWindowModified()
    redo.trigger()
    assert window.isWindowModified()
    assert undo.text() == "Undo: Move the start"


def test_after_a_drag_everybody_shows_the_last_start(racing: Racing) -> None:
    shown = racing.control("race-map", SurfaceMapView)
    racing.do("race.seek", step=5)
    QTest.mousePress(shown, _LEFT, pos=_at(shown, *racing.race.start))
    for k in range(30):
        QTest.mouseMove(shown, _at(shown, 1.0 + k / 20, 1.0))
    QTest.mouseRelease(shown, _LEFT, pos=_at(shown, 2.45, 1.0))
    racing.raced()
    x, y = racing.race.start
    assert x == pytest.approx(2.45, abs=0.01)
    answer = racing.session.answer
    assert answer is not None
    assert tuple(answer.paths[0].positions[0]) == (x, y)
    for one, path in racing.session.racers:
        row = racing.control(f"race-racer-{one.id}", RacerButton).row
        assert row is not None
        assert row.loss == loss_text(float(path.losses[5]))
    chip = racing.control("race-start-chip", Chip)
    assert f"{x:g}" in chip.accessibleName()


def test_racers_that_are_set_are_shown_at_once(racing: Racing) -> None:
    told: list[str] = []
    racing.session.racers_changed.connect(lambda: told.append("racers"))
    racing.do("race.choose", id="adam")
    racing.do("race.start", x=1.0, y=1.0)
    assert told == []
    racing.do("race.set", id="adam", key="learning_rate", value=0.5)
    assert told == ["racers"]
    row = racing.control("race-racer-adam", RacerButton).row
    assert row is not None
    assert row.settings.startswith("lr 0.500")
    assert racing.control("race-sliders", RacerSliders).sliders["learning_rate"].amount == pytest.approx(
        racing.control("race-sliders", RacerSliders)._steps["learning_rate"].index(0.5)
    )  # fmt: skip
    racing.undo()
    row = racing.control("race-racer-adam", RacerButton).row
    assert row is not None
    assert row.settings.startswith("lr 0.080")
    racing.do("race.add", kind="lion")
    names = racing.control("race-chart-legend", Legend).names()
    assert names[-1] == ("lion", "Lion")


def test_the_status_bar_counts_racers_and_steps_and_names_the_surface(racing: Racing) -> None:
    assert {"7", "120"} <= _counted(racing)
    racing.do("race.add", kind="lion")
    assert "8" in _counted(racing)
    racing.do("race.steps", value=1234)
    assert "1,234" in _counted(racing)
    racing.do("race.surface", kind="himmelblau")
    racing.raced()
    assert any("Himmelblau" in one for one in _counted(racing))
    racing.undo()
    racing.raced()
    assert any("Beale" in one for one in _counted(racing))


def test_what_did_not_change_is_not_checked_again_and_what_did_is_refused(racing: Racing) -> None:
    before = racing.race
    with pytest.raises(CommandError, match="two finite numbers"):
        racing.do("race.start", x=1e10, y=0.0)
    with pytest.raises(CommandError):
        racing.do("race.set", id="adam", key="learning_rate", value=-1.0)
    with pytest.raises(CommandError):
        racing.do("race.set", id="adam", key="batch_size", value=0)
    with pytest.raises(CommandError):
        racing.do("race.formula", text="x +* y")
    assert racing.race == before


def test_the_top_bar_follows_a_race_and_the_run_in_turn(racing: Racing) -> None:
    step, play = action(racing.window, "transport-step"), action(racing.window, "transport-play")
    assert step.toolTip().startswith("All racers take one step")
    racing.do("workspace.show", name="build")
    assert "racers" not in step.toolTip()
    racing.do("workspace.show", name="optimizers")
    assert step.toolTip().startswith("All racers take one step")
    racing.do("race.seek", step=120)
    assert not step.isEnabled()
    assert step.toolTip().startswith("This is the end")
    racing.do("race.seek", step=3)
    assert step.isEnabled()
    for one in tuple(racing.race.racers):
        racing.do("race.remove", id=one.id)
    assert not play.isEnabled()
    assert "nobody" in play.toolTip()
    racing.undo()
    racing.raced()
    assert play.isEnabled()
