"""The chips of the top bar: the start as numbers, and the surface as cards."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.optimizers.start_form import StartForm
from app.optimizers.surface_cards import SurfaceCards
from app.scenes.race_caption_parts import n
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
    assert f"start {racing.race.start[0]:g}" in words
    assert "," not in words


#: Surfaces whose chips are long, and a start with many digits.
LONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("surface", {"kind": "styblinski-tang"}),
    ("surface", {"kind": "logistic-regression", "settings": {"data": "iris"}}),
    ("surface", {"kind": "six-hump-camel"}),
    ("surface", {"kind": "valley"}),
    ("formula", {"text": "(1 - x)^2 + 100*(y - x^2)^2 + sin(3*x)"}),
)


@pytest.mark.parametrize(
    "size", [(1440, 900), (1280, 720), (1200, 720), (1100, 700), (1024, 600), (960, 560)]
)
def test_what_chips_show_is_whole_in_windows_of_all_sizes(
    racing: Racing, size: tuple[int, int]
) -> None:
    chips = [racing.control(name, Chip) for name in ("race-surface-chip", "race-start-chip")]
    window = racing.window
    window.resize(*size)
    for name, arguments in LONG:
        racing.do(f"race.{name}", **arguments)
        racing.do("race.start", x=-1.2345, y=2.3456)
        racing.raced()
        racing.until(lambda: all(one.width() >= one.width_of(one.form) for one in chips))
        assert window.width() == size[0]
        surface = racing.session.surface
        assert surface is not None
        shown = [[text for text, _, _ in one.shown_parts()] for one in chips]
        assert any(point in shown[1][0] for point in ("(−1.23, 2.35)", "(−1.2, 2.3)"))
        assert "(−1.23, 2.35)" in chips[1].toolTip()
        # Of a typed formula there is its name where it would have to be cut.
        assert shown[0][0] == surface.title or (name == "formula" and shown[0] == ["f(x, y)"])
        # All there is is told by the chips' names and tips, whatever is left out.
        assert surface.title in chips[0].accessibleName()
        assert surface.text in chips[0].toolTip()
        for one in surface.minima:
            assert n(one[0]) in chips[1].toolTip()
        # Nothing is left out that there is room for: with the next longer form they would not fit.
        used = sum(one.width() for one in chips)
        if chips[1].form >= 2:
            row = window.top.layout()
            assert row is not None
            free = window.top.width() - row.sizeHint().width()
            longer = chips[1].width_of(chips[1].form - 1) - chips[1].width_of(chips[1].form)
            assert longer > free, (shown, used, free)


def test_chips_say_less_step_by_step(racing: Racing) -> None:
    chips = [racing.control(name, Chip) for name in ("race-surface-chip", "race-start-chip")]
    racing.do("race.surface", kind="valley")
    racing.raced()
    seen = []
    for width in (1900, *range(1440, 950, -20)):
        racing.window.resize(width, 700)
        racing.qtbot.waitUntil(lambda: all(one.width() >= one.width_of(one.form) for one in chips))
        seen.append(tuple(one.form for one in chips))
    assert seen[0] == (0, 0)
    assert set(seen) <= {(0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (1, 3)}
    assert len(set(seen)) >= 4
    # With the words of the start goes what it stands beside, never before.
    assert all(form < 2 for surface, form in seen if surface == 0)
    assert seen[-1][1] >= 2
    racing.window.resize(1900, 700)
    racing.until(lambda: [one.form for one in chips] == [0, 0])


def test_chips_leave_nothing_out_and_count_the_minima(racing: Racing) -> None:
    chips = [racing.control(name, Chip) for name in ("race-surface-chip", "race-start-chip")]
    for kind in ("rosenbrock", "himmelblau", "beale"):
        racing.do("race.surface", kind=kind)
        racing.raced()
        surface = racing.session.surface
        assert surface is not None
        count = len(surface.minima)
        words = chips[1].accessibleName()
        assert ("one of" in words) == (count > 1)
        if count > 1:
            assert f"one of {count}" in words
            assert chips[1].toolTip().count("(") == 1 + count
    racing.window.resize(1440, 900)
    racing.do("race.surface", kind="rosenbrock")
    racing.raced()
    racing.until(lambda: [len(one.shown_parts()) for one in chips] == [2, 2])
    # What is left out gives its room to others, and has it again in a wider window.
    racing.do("race.surface", kind="himmelblau")
    racing.raced()
    racing.window.resize(1200, 900)
    racing.until(lambda: chips[1].shown_parts()[1:] == () and chips[1].width() < 220)
    racing.window.resize(1900, 900)
    racing.until(lambda: [len(one.shown_parts()) for one in chips] == [2, 2])
