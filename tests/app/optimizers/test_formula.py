"""Typing a surface: read while it is typed, refused at the character, and raced on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.optimizers.formula_popover import EXAMPLES, FormulaPopover, _Slopes, underlined
from app.optimizers.panels.surface import SurfacePanel
from core import landscape
from tests.app.optimizers.conftest import Racing

_LEFT = Qt.MouseButton.LeftButton


def _open(racing: Racing) -> FormulaPopover:
    racing.show("surface")
    panel = racing.control("race-surface-panel", SurfacePanel)
    QTest.mouseClick(panel.picker.typed, _LEFT)
    found = panel.picker.formula
    assert found.isVisible()
    return found


def test_a_formula_is_read_while_it_is_typed_and_raced_on_by_enter(racing: Racing) -> None:
    popover = _open(racing)
    popover.field.clear()
    QTest.keyClicks(popover.field, "x^2 + 3*y^")
    assert popover.surface is None
    assert popover.sentence.isVisible()
    assert not popover.go.isEnabled()
    QTest.keyClicks(popover.field, "4")
    assert popover.surface is not None
    assert not popover.sentence.isVisible()
    # The exact slopes are shown: 2 x, and 12 y³.
    assert "12" in popover.shown.accessibleName()
    QTest.keyClick(popover.field, Qt.Key.Key_Return)
    assert not popover.isVisible()
    assert racing.race.surface["text"] == "x^2 + 3*y^4"
    racing.raced()
    assert racing.path("adam").losses[0] == pytest.approx(0.7**2 + 3 * 1.55**4)
    racing.undo()
    assert racing.race.surface == {"kind": "beale"}


def test_a_refusal_underlines_the_character_it_is_about(racing: Racing) -> None:
    popover = _open(racing)
    popover.field.clear()
    QTest.keyClicks(popover.field, "x^2 + sni(y)")
    assert "sin" in popover.sentence.text()
    assert "<u>sni</u>" in popover.marked.text()
    QTest.keyClick(popover.field, Qt.Key.Key_Return)
    assert popover.isVisible()
    assert racing.race.surface == {"kind": "beale"}


def test_slopes_that_are_too_long_are_left_out_and_said_to_be() -> None:
    shown = _Slopes()
    shown.show_surface(landscape.formula("/".join(["x"] * 100) + "+y"))
    assert [name for name, _ in shown.lines] == ["∂f/∂y"]
    assert shown.left_out == "f, ∂f/∂x: too long to be shown here"
    assert shown.left_out in shown.accessibleName()
    shown.show_surface(landscape.formula("x^2 + y"))
    assert [name for name, _ in shown.lines] == ["f", "∂f/∂x", "∂f/∂y"]
    assert not shown.left_out


def test_what_is_typed_is_never_markup() -> None:
    assert "&lt;b&gt;" in underlined("<b>x", 0, 3)
    assert underlined("x +", 3, 0).endswith("<u>&nbsp;&nbsp;</u></span>")


def test_the_shown_part_is_set_and_nonsense_refused(racing: Racing) -> None:
    popover = _open(racing)
    popover.put("x^2 + y^2", (2.0, -2.0, -1.0, 1.0))
    assert popover.surface is None
    assert popover.sentence.text()
    popover.put("x^2 + y^2", (-2.0, 2.0, -1.0, 1.0))
    QTest.mouseClick(popover.go, _LEFT)
    assert racing.race.surface["domain"] == [[-2.0, 2.0], [-1.0, 1.0]]
    # The start was outside: it is where the surface says.
    x, y = racing.race.start
    assert -2 <= x <= 2
    assert -1 <= y <= 1


def test_a_start_in_a_hole_moves_out_of_it(racing: Racing) -> None:
    racing.do("race.start", x=-3.0, y=-3.0)
    racing.do("race.formula", text="log(x + y) + x^2")
    x, y = racing.race.start
    assert x + y > 0


@pytest.mark.parametrize(("text", "domain", "note"), EXAMPLES)
def test_examples_can_be_raced_on(text: str, domain: tuple[float, ...], note: str) -> None:
    a, b, c, d = domain
    assert note
    surface = landscape.formula(text, domain=((a, b), (c, d)))
    assert surface.start[0] >= a
