"""A race is part of the project: undone and redone, saved and opened with it, and kept in files of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from core.io.races import load_race
from core.landscape.race import first_race
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import action, open_window


def test_edits_are_undone_and_redone_with_their_paths(racing: Racing) -> None:
    first, paths = racing.race, racing.path("adam").positions
    stack = racing.window.context.document.stack
    racing.do("race.start", x=2.0, y=1.0)
    racing.do("race.start", x=2.5, y=1.0)
    racing.window.context.document.settle()
    # A drag is one edit.
    assert stack.count() == 1
    racing.do("race.set", id="adam", key="learning_rate", value=0.5)
    racing.do("race.surface", kind="himmelblau")
    racing.raced()
    last, there = racing.race, racing.path("adam").positions
    assert not np.array_equal(paths, there)
    assert racing.session.surface is not None
    assert racing.session.surface.kind == "himmelblau"
    for _ in range(3):
        racing.undo()
    racing.raced()
    assert racing.race == first
    assert np.array_equal(racing.path("adam").positions, paths)
    for _ in range(3):
        racing.redo()
    racing.raced()
    assert racing.race == last
    assert np.array_equal(racing.path("adam").positions, there)


def test_a_race_is_saved_with_the_project_and_opened_again(
    racing: Racing, qtbot: QtBot, tmp_path: Path
) -> None:
    racing.do("race.formula", text="x^2 + 3*y^2 + sin(3x)")
    racing.do("race.add", kind="lion")
    racing.do("race.steps", value=77)
    racing.raced()
    wanted, paths = racing.race, racing.path("lion").positions
    file = tmp_path / "raced.chainrule"
    racing.do("project.save", path=str(file))
    racing.until(file.exists)
    racing.until(lambda: not racing.window.context.document.dirty)
    racing.do("project.open", path=str(file))
    racing.until(lambda: racing.session.current and racing.race == wanted)
    assert np.array_equal(racing.path("lion").positions, paths)
    assert racing.session.time == 0


def test_race_files_hold_the_race_alone(racing: Racing, tmp_path: Path) -> None:
    racing.do("race.add", kind="nadam")
    racing.do("race.set", id="nadam", key="name", value="Mine")
    racing.raced()
    wanted = racing.race
    path = Path(racing.do("race.save", path=str(tmp_path / "mine")))
    assert path.name == "mine.race"
    assert load_race(path) == wanted
    racing.do("race.new")
    assert racing.race == first_race()
    racing.do("race.seek", step=5)
    racing.do("race.open", path=str(path))
    racing.raced()
    assert racing.race == wanted
    assert racing.session.time == 0
    racing.undo()
    assert racing.race == first_race()
    with pytest.raises(CommandError, match="a folder and a name"):
        racing.do("race.save", path="")
    lion = {"id": "adam", "optimizer": {"kind": "Lion"}}
    with pytest.raises(CommandError, match="this kind of racer goes by Adam, not by Lion"):
        racing.do("race.optimizer", **lion)
    for name in ("chart", "order", "sort", "term", "finish"):
        with pytest.raises(CommandError):
            racing.do("race.show", name=name, value=[1])


def test_races_wait_for_the_engine_and_need_no_network(qtbot: QtBot) -> None:
    """Without an engine nothing is computed and nothing breaks: the chart says so, and playing is refused."""
    with open_window(qtbot) as opened:
        action(opened, "workspace-optimizers").trigger()
        view = opened.findChild(object, "optimizers")
        assert view is not None
        assert not action(opened, "transport-play").isEnabled()
        assert not opened.grab().isNull()
