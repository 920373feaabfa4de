"""Races as files in a real window: the menu, the dialogs, and files that are dropped on the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from app.widgets import Button
from core.io.races import load_race, save_race
from core.landscape.race import Race, first_race, new_racer
from tests.app.optimizers.conftest import Racing

CORPUS = Path(__file__).parents[2] / "core" / "io" / "corpus" / "v1.race"


def other() -> Race:
    race = Race(surface={"kind": "valley", "condition": 40.0}, start=(-2.0, 1.0), steps=30, seed=3)
    return Race(
        surface=race.surface, start=race.start, steps=30, seed=3, racers=(new_racer(race, "lion"),)
    )


def menu_action(racing: Racing, name: str) -> QAction:
    """Open the menu with a click, and return its entry."""
    button = racing.control("race-share", Button)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    menu = button.findChild(QMenu, "race-share-menu")
    assert menu is not None
    assert menu.isVisible()
    menu.close()
    found = menu.findChild(QAction, name)
    assert found is not None
    return found


def test_a_race_is_saved_and_opened_again(
    racing: Racing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    racing.do("race.seed", value=11)
    menu_action(racing, "race-save").trigger()
    saved = tmp_path / "mine.race"
    assert load_race(saved) == racing.race
    kept = racing.race
    menu_action(racing, "race-new").trigger()
    assert racing.race == first_race()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(saved), ""))
    menu_action(racing, "race-open").trigger()
    assert racing.race == kept
    racing.raced()
    # One entry of the undo list each.
    racing.undo()
    assert racing.race == first_race()
    # A dialog that is closed changes nothing.
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    menu_action(racing, "race-open").trigger()
    assert racing.race == first_race()


def drop(racing: Racing, path: Path) -> bool:
    """Drag a file over the workspace and let it go; tells whether it was taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    view, button = racing.view, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, data, button, Qt.KeyboardModifier.NoModifier
    )
    enter.ignore()
    QApplication.sendEvent(view, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(
        view,
        QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, button, Qt.KeyboardModifier.NoModifier),
    )  # fmt: skip
    return True


def test_a_race_file_is_dropped_on_the_workspace(racing: Racing, tmp_path: Path) -> None:
    file = tmp_path / "a.race"
    save_race(other(), file)
    assert drop(racing, file)
    assert racing.race == other()
    racing.raced()
    assert not drop(racing, tmp_path / "picture.png")


def test_what_is_no_race_is_refused_with_a_sentence(racing: Racing, tmp_path: Path) -> None:
    before = racing.race
    file = tmp_path / "a.race"
    for text, words in (("{", "damaged"), ('{"format": "chainrule-race", "version": 9}', "newer")):
        file.write_text(text)
        assert drop(racing, file)
        assert racing.race == before
        assert words in racing.window.banner.text
    assert drop(racing, tmp_path / "gone.race")
    assert racing.race == before


def test_the_first_version_s_file_is_still_read(racing: Racing) -> None:
    racing.do("race.open", path=str(CORPUS))
    assert racing.race.surface == {"kind": "rosenbrock"}
    assert [one.kind for one in racing.race.racers] == ["momentum", "adam", "lion"]
    assert racing.race.racers[1].optimizer["learning_rate"]["kind"] == "CosineDecay"
    assert (racing.race.steps, racing.race.seed) == (200, 5)
    racing.raced()
