"""The close-up in a real window: what is clicked is followed, what reads it is one click away, the keyboard walks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.scenes.closeups import board
from app.scenes.step_values import cell_id
from app.step.closeup import CloseupStage
from app.widgets import Segmented
from app.window.main import MainWindow
from tests.app.step.driving import Stepping, closeup_of, view
from tests.app.window.windows import action, click, control

_PATIENCE = 120_000


NETWORK = "spirals-mlp"


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    stepping.do("step.view", value="closeup")
    return stepping.window


def press(qtbot: QtBot, window: MainWindow, name: str, times: int = 1) -> None:
    session = view(window).session
    for _ in range(times):
        before = session.snapshot.position
        action(window, name).trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023


def middle(rect: tuple[float, float, float, float]) -> QPoint:
    x, y, w, h = rect
    return QPoint(round(x + w / 2), round(y + h / 2))


def known(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until the engine has told how the chosen number came about, and what a number goes into."""
    looked = closeup_of(window)
    qtbot.waitUntil(
        lambda: (
            looked.traces.origin(looked.subject) is not None
            and looked.traces.destinations(looked.subject) is not None
        ),
        timeout=_PATIENCE,
    )


def test_every_number_painted_is_the_engine_s_forward_and_back(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    program = session.program
    press(qtbot, window, "transport-step", 20)
    press(qtbot, window, "transport-step-back", 3)
    for direction in ("transport-step", "transport-step-back"):
        for _ in range(4):
            press(qtbot, window, direction)
            known(qtbot, window)
            subject, moment, place = looked.subject, looked.moment, looked.place
            assert subject.instruction is program.instructions[session.done]
            origin = looked.traces.origin(subject)
            shown = moment.value(subject, subject.tensor, subject.full)
            assert shown == origin.kernel_value, subject.instruction.title
            for panel in getattr(place, "panels", ()):
                array = board.array_of(subject, panel, moment)
                assert array is not None, panel.tensor
                engine = session.value(
                    panel.tensor, (session.row, *(0,) * len(subject.info(panel.tensor).shape))
                )
                if panel.slot.row is not None and array.size:
                    assert float(array.ravel()[0]) == engine


def test_an_operand_s_number_is_followed_to_what_reads_it(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 7)
    assert session.instruction.op == "matmul"
    known(qtbot, window)
    subject = looked.subject
    name = session.instruction.operands["w"]
    hit = looked.place.hits.get(cell_id(name, (1, 2)))
    click(looked, middle(hit.rect))
    assert looked.traces.picked == (name, (1, 2))
    qtbot.waitUntil(lambda: bool(looked.traces.readers(subject)), timeout=_PATIENCE)
    (cells,) = looked.traces.readers(subject).values()
    assert {tuple(cell) for cell in cells.tolist()} == {(row, 2) for row in range(session.rows)}
    assert session.instruction.op == "matmul", "following a number does not lead away"
    known(qtbot, window)
    readers = {one.instruction for one in looked.moment.destinations}
    for line in session.program.instructions:
        assert (line.index in readers) == (name in line.operands.values())
    click(looked, middle(hit.rect))
    assert looked.traces.picked is None, "the same one again lets it go"


def test_what_a_number_goes_into_is_one_click_away(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 5)
    line = session.instruction
    known(qtbot, window)
    (first, *_) = looked.moment.destinations
    assert line.writes[0] in session.program.instructions[first.instruction].operands.values()
    click(looked, middle(looked.place.footer.jump_rect(0)))
    assert session.instruction.index == first.instruction
    assert session.cell == (first.tensor, tuple(first.cells[0][1:].tolist()))


def test_the_keyboard_walks_over_the_result_and_goes_on(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 4)
    looked.setFocus()
    before = session.cell
    QTest.keyClick(looked, Qt.Key.Key_Right)
    assert session.cell == (before[0], (before[1][0] + 1,))
    known(qtbot, window)
    assert looked.traces.origin(looked.subject).cell == (session.row, before[1][0] + 1)
    (first, *_) = looked.moment.destinations
    QTest.keyClick(looked, Qt.Key.Key_G)
    assert session.instruction.index == first.instruction


def test_one_sample_or_all_and_own_or_shared_scale_are_commands(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 6)
    assert session.instruction.op == "tanh"
    result = looked.place.panel(session.instruction.writes[0], True)
    assert result.slot.arrangement.shape == (8,)
    rows = control(window, "step-closeup-rows")
    scale = control(window, "step-closeup-scale")
    assert isinstance(rows, Segmented)
    assert isinstance(scale, Segmented)
    assert rows.toolTip()
    assert scale.accessibleName()
    click(rows.segment("batch"))
    result = looked.place.panel(session.instruction.writes[0], True)
    assert result.slot.arrangement.shape == (session.rows, 8)
    qtbot.waitUntil(
        lambda: board.array_of(looked.subject, result, looked.moment) is not None, timeout=20_000
    )
    array = board.array_of(looked.subject, result, looked.moment)
    hit = result.hit_of((3, 2))
    click(looked, middle(hit.rect))
    assert session.row == 3
    assert session.cell[1] == (2,)
    qtbot.waitUntil(
        lambda: looked.moment.value(looked.subject, *_number(looked)) == array[3, 2],
        timeout=20_000,
    )
    click(scale.segment("shared"))
    sizes = set(board.scales(looked.subject, looked.place, looked.moment).values())
    assert len(sizes) == 1
    window.context.bus.do("step.closeup", name="scale", value="own")
    assert scale.value == "own"


def _number(looked: CloseupStage) -> tuple[str, tuple[int, ...]]:
    return looked.subject.tensor, looked.subject.full


def test_a_sum_builds_up_and_comes_to_rest(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 7)
    assert session.instruction.op == "matmul"
    known(qtbot, window)
    subject, closeup = looked.subject, looked.closeup
    assert 0 < closeup.duration(subject) < 5
    origin = looked.traces.origin(subject)
    assert np.isclose(sum(t.value for t in origin.terms), origin.kernel_value, rtol=1e-5)
    looked._on_tick(closeup.duration(subject) + 1)
    assert looked.moment.clock == float("inf")


def test_lists_of_a_close_up_are_scrolled_and_walked_with_the_keyboard(qtbot, window):
    session, looked = view(window).session, closeup_of(window)
    press(qtbot, window, "transport-step", 7)
    # The gradient of a weight is a sum over the samples: more terms than there is room for.
    gradient = next(
        line for line in session.program.instructions if "grad/dense_2/kernel" in line.writes
    )
    window.context.bus.do("run.seek", step=0, pc=gradient.index + 1)
    qtbot.waitUntil(lambda: session.done == gradient.index, timeout=_PATIENCE)
    known(qtbot, window)
    looked.setFocus()
    foot, count = looked.place.footer, len(looked.moment.origin.terms)
    assert count > foot.slots, "there is something to scroll"
    seen = [foot.terms_from]
    for key in (Qt.Key.Key_PageDown,) * 40 + (Qt.Key.Key_PageUp,) * 40:
        QTest.keyClick(looked, key)
        seen.append(looked.place.footer.terms_from)
    assert seen[-1] == 0
    assert max(seen) == count - foot.slots + 1, "to the last term"
    assert max(b - a for a, b in pairwise(seen)) < foot.slots, "no term is passed over"
    things = set()
    for _ in range(60):
        QTest.keyClicks(looked, "n")
        hit = looked.keys.at
        assert hit is not None
        assert session.hover == hit.id
        assert "Enter" in looked.accessibleDescription()
        things.add(hit.id)
    assert {f"jump:{k}" for k in range(len(looked.moment.destinations))} <= things
    while looked.keys.at.id != "jump:0":
        QTest.keyClick(looked, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    first = looked.moment.destinations[0]
    QTest.keyClick(looked, Qt.Key.Key_Return)
    assert session.instruction.index == first.instruction
    assert view(window).editing.editor is None, "Enter was meant for the list"
    QTest.keyClick(looked, Qt.Key.Key_Escape)
    assert looked.keys.at is None
    QTest.keyClick(looked, Qt.Key.Key_Return)
    assert view(window).editing.editor is not None, "without one it types over the number"


def test_the_views_follow_each_other_on_a_key(qtbot, window):
    press(qtbot, window, "transport-step", 2)
    shown = view(window)
    seen = []
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
        seen.append(shown.view_choice.value)
        assert shown._shown[seen[-1]].hasFocus()
    assert sorted(seen) == ["closeup", "network", "story"]
    assert seen[-1] == "closeup"
