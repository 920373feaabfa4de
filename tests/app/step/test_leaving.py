"""What stays when the learner goes elsewhere: a way back, popovers, the notation; and the check stays in its card."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.bus import CommandError
from app.scenes import draw
from app.step.breakpoint_list import BreakpointList
from app.step.page import PAD, Page
from app.step.sample import SamplePicker
from app.step.sections import check
from app.step.workspace import StepWorkspace
from app.theme import current
from app.window.cards import Card
from app.window.main import MainWindow
from tests.app.step.driving import view
from tests.app.window.windows import action, click, control, open_window

_PATIENCE = 60_000


def ready(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: view(window).session.program is not None, timeout=_PATIENCE)
    qtbot.waitUntil(action(window, "transport-step").isEnabled, timeout=_PATIENCE)


def moment(window: MainWindow) -> tuple[int, int]:
    position = view(window).session.snapshot.position
    return position.step, position.pc


def go(
    qtbot: QtBot, window: MainWindow, place: tuple[int, int], name: str, **arguments: object
) -> None:
    window.context.bus.do(name, **arguments)
    qtbot.waitUntil(
        lambda: moment(window) == place and window.context.engine.state.status == "paused",
        timeout=_PATIENCE,
    )


def test_back_to_where_the_run_was_left(qtbot, window):
    bus, button = window.context.bus, control(window, "step-return")
    assert not button.isVisible()
    with pytest.raises(CommandError, match="nowhere to go back to"):
        bus.do("step.return")
    go(qtbot, window, (0, 23), "run.to", instruction=22)
    bits = {
        name: view(window).session.reader.array(name).copy()
        for name in ("dense_1/z", "grad/dense_1/kernel")
    }
    bus.do(
        "step.add_breakpoint",
        kind="condition",
        of="weight-gradients",
        test="size-above",
        value=10.0,
    )
    told = []
    bus.subscribe(lambda message: told.append(message.name), ("run.not-stopped",))
    bus.do("step.run_to_breakpoint")
    qtbot.waitUntil(lambda: bool(told), timeout=_PATIENCE)
    qtbot.waitUntil(lambda: window.context.engine.state.status == "paused", timeout=_PATIENCE)
    assert moment(window)[0] > 100
    qtbot.waitUntil(button.isVisible, timeout=_PATIENCE)
    assert "step 1, op 23" in button.toolTip()
    click(button)
    qtbot.waitUntil(lambda: moment(window) == (0, 23), timeout=_PATIENCE)
    reader = view(window).session.reader
    assert all((reader.array(name) == there).all() for name, there in bits.items())
    # The moment before that, and in the end none.
    go(qtbot, window, (3, 0), "run.seek", step=3)
    QTest.keyClick(view(window), Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: moment(window) == (0, 23), timeout=_PATIENCE)
    bus.do("run.reset")
    qtbot.waitUntil(lambda: not button.isVisible(), timeout=_PATIENCE)


@pytest.mark.parametrize("which", [BreakpointList, SamplePicker])
def test_popovers_close_when_the_run_moves_or_another_project_opens(qtbot, window, which):
    def opened() -> object:
        if which is SamplePicker:
            view(window).pick_sample()
        else:
            view(window).debug.open_list()
        found = window.findChild(which)
        qtbot.waitUntil(found.isVisible, timeout=_PATIENCE)
        return found

    def leave_for_train() -> None:
        action(window, "workspace-train").trigger()

    for leave in (
        action(window, "transport-step").trigger,
        lambda: window.context.bus.do("template.open", name="weight-and-height"),
        leave_for_train,
    ):
        action(window, "workspace-step").trigger()
        ready(qtbot, window)
        popover = opened()
        leave()
        qtbot.waitUntil(lambda p=popover: not p.isVisible(), timeout=_PATIENCE)


def test_the_list_of_breakpoints_does_not_lie_over_the_strip(qtbot, window):
    view(window).debug.open_list()
    popover, strip = window.findChild(BreakpointList), view(window).scrubber
    cells = strip.focus_rect().translated(strip.mapTo(window, QPoint(0, 0)))
    assert popover.isVisible()
    assert not popover.geometry().intersects(cells)


def test_the_notation_is_remembered(qtbot, window):
    bus = window.context.bus
    bus.do("step.notation", value="columns")
    assert window.context.settings.get("step.notation") == "columns"
    with pytest.raises(CommandError, match="rows"):
        bus.do("step.notation", value="diagonals")
    assert view(window).session.notation == "columns"
    with open_window(qtbot) as second:
        action(second, "workspace-step").trigger()
        found = second.findChild(StepWorkspace, "step-workspace")
        assert found.session.notation == "columns"
        assert found.notation.value == "columns"


def test_a_check_that_is_asked_for_while_another_is_under_way_is_made(qtbot, window):
    bus, session = window.context.bus, view(window).session
    with pytest.raises(CommandError, match="Only the gradient of a weight"):
        bus.do("step.check_gradient")
    go(qtbot, window, (0, 23), "run.to", instruction=22)
    for cell in ([0, 1], [1, 2]):
        bus.do("select.cell", tensor="grad/dense_1/kernel", index=cell)
        qtbot.waitUntil(lambda: session.questions.explanation is not None, timeout=_PATIENCE)
        bus.do("step.check_gradient")
    qtbot.waitUntil(lambda: session.questions.check is not None, timeout=_PATIENCE)
    asked, answer = session.questions.check
    assert asked.cell == (1, 2)
    assert answer["numeric"] == pytest.approx(
        float(session.reader.value("grad/dense_1/kernel", (1, 2))), rel=1e-3
    )


def test_summaries_of_examples_are_shown_whole(qtbot, window):
    click(control(window, "step-examples"))
    cards = [card for card in window.findChildren(Card) if card.isVisible()]
    assert len(cards) > 4
    assert {card.height() for card in cards} != {60}
    for card in cards:
        assert card.height() >= card.heightForWidth(card.width())


@pytest.mark.parametrize("width", [279, 319, 359])
def test_a_check_stays_inside_its_card(qtbot, width, monkeypatch):
    seen = []

    def text(_self, x, y, string, size, color, **how):
        wide = draw.advance(string, size, how.get("weight", 400), how.get("mono", False))
        left = x - wide if how.get("anchor") == "end" else x
        seen.append((left, left + wide, y, string))

    monkeypatch.setattr(Page, "text", text)
    page = Page(current(), None, width)
    check._paint(page, check.Check(False, -0.0020647886, -0.0020647885))
    check._paint(page, check.Check())
    assert all(left >= PAD and right <= width - PAD - 8 for left, right, _, _ in seen), seen
    for k, (left, right, y, _) in enumerate(seen):
        for other_left, other_right, other_y, _ in seen[k + 1 :]:
            assert y != other_y or right < other_left or other_right < left
