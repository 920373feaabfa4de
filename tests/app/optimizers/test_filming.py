"""Races are filmed from the window: what is looked at, as a file that opens again, also without a network."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from app.export.dialog import ExportDialog
from core.io.races import race_document
from tests.app.optimizers.conftest import Racing


def opened(racing: Racing) -> ExportDialog:
    QTest.mouseClick(racing.window.top.export, Qt.MouseButton.LeftButton)
    found = racing.window.findChild(ExportDialog)
    assert found is not None
    return found


def test_the_dialog_films_the_race_that_is_looked_at(racing: Racing) -> None:
    racing.do("race.choose", id="momentum")
    dialog = opened(racing)
    recipe = dialog.recipe()
    assert recipe.scene == "race"
    assert (recipe.first, recipe.last) == (0, 120)
    assert recipe.toggles["race"] == race_document(racing.race)
    assert recipe.toggles["racer"] == "momentum"
    assert [recipe.toggles[name] for name in ("arrows", "arrows_to_scale", "squares")] == [
        True,
        False,
        False,
    ]
    assert recipe.caption == "Race of 7 optimizers"
    # Another film has its own steps and caption, and the race gets its back.
    choice = dialog.findChild(QComboBox, "export-scene")
    assert choice is not None
    choice.setCurrentIndex(choice.findData("training"))
    choice.activated.emit(choice.currentIndex())
    other = dialog.recipe()
    assert other.scene == "training"
    assert "race" not in other.toggles
    assert "parameters" in other.caption
    choice.setCurrentIndex(choice.findData("race-3d"))
    choice.activated.emit(choice.currentIndex())
    assert dialog.recipe().toggles["sight"][2] == 1.0
    assert dialog.recipe().last == 120
    dialog.close_dialog()


def test_films_have_the_arrows_that_the_map_has(racing: Racing) -> None:
    racing.do("race.show", name="arrows", value=False)
    racing.do("race.show", name="squares", value=True)
    dialog = opened(racing)
    recipe = dialog.recipe()
    assert recipe.toggles["arrows"] is False
    assert recipe.toggles["squares"] is True
    choice = dialog.findChild(QComboBox, "export-scene")
    assert choice is not None
    choice.setCurrentIndex(choice.findData("race-3d"))
    choice.activated.emit(choice.currentIndex())
    assert "arrows" not in dialog.recipe().toggles
    dialog.close_dialog()


def test_a_race_is_filmed_though_the_network_cannot_run(racing: Racing, tmp_path: Path) -> None:
    racing.do("project.new")
    racing.raced()
    assert racing.window.context.document.inspection.problems
    racing.do("race.steps", value=12)
    racing.raced()
    dialog = opened(racing)
    target = tmp_path / "race.mp4"
    dialog.set_path(target)
    dialog.range.set_range(2, 12)
    QTest.mouseClick(dialog.footer.export, Qt.MouseButton.LeftButton)
    racing.until(lambda: target.is_file() and not dialog.job.running)
    with av.open(str(target)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == 120
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 0.2
    dialog.close_dialog()
