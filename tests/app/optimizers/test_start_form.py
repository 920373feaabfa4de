"""The chips of the top bar: the start as numbers, and the surface as cards."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.optimizers.start_form import StartForm
from app.optimizers.surface_cards import SurfaceCards
from app.widgets import Button, Chip, NumberField
from tests.app.optimizers.conftest import PATIENCE, Racing


def test_the_start_is_typed_under_its_chip_and_put_back(racing: Racing) -> None:
    usual = racing.race.start
    chip = racing.control("race-start-chip", Chip)
    racing.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert isinstance(chip.popover, StartForm)
    field = chip.popover.findChild(NumberField, "race-start-1")
    assert field is not None
    field.selectAll()
    racing.qtbot.keyClicks(field, "-0.75")
    racing.qtbot.keyClick(field, Qt.Key.Key_Return)
    assert racing.race.start == (usual[0], -0.75)
    racing.qtbot.waitUntil(lambda: racing.session.current, timeout=PATIENCE)
    assert next(path.positions[0].tolist() for _, path in racing.session.racers) == [
        usual[0],
        -0.75,
    ]
    assert "−0.75" in chip.accessibleName()
    back = chip.popover.findChild(Button, "race-start-usual")
    assert back is not None
    racing.qtbot.mouseClick(back, Qt.MouseButton.LeftButton)
    assert racing.race.start == usual
    assert not back.isEnabled()


def test_the_surface_chip_opens_the_cards(racing: Racing) -> None:
    chip = racing.control("race-surface-chip", Chip)
    racing.qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert isinstance(chip.popover, SurfaceCards)
    racing.qtbot.mouseClick(chip.popover.cards["saddle"], Qt.MouseButton.LeftButton)
    assert racing.race.surface == {"kind": "saddle"}
    racing.qtbot.waitUntil(lambda: racing.session.current, timeout=PATIENCE)
    assert "Saddle" in chip.accessibleName()
    # Of the run nothing is said here: the numbers are of the race, in double precision.
    shown = {one.text() for one in racing.window.status.findChildren(QLabel) if not one.isHidden()}
    assert {"CPU float64", "Saddle", "racers", str(len(racing.race.racers))} <= shown
    racing.do("workspace.show", name="build")
    shown = {one.text() for one in racing.window.status.findChildren(QLabel) if not one.isHidden()}
    assert "CPU float32" in shown
    assert "racers" not in shown


def test_the_start_of_a_curve_is_one_number(racing: Racing) -> None:
    racing.do("race.surface", kind="convex-curve")
    racing.qtbot.waitUntil(lambda: racing.session.current, timeout=PATIENCE)
    chip = racing.control("race-start-chip", Chip)
    words = chip.accessibleName()
    assert f"start {racing.race.start[0]:.2f}" in words
    assert "," not in words
