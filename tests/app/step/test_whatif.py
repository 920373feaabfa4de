"""Changing numbers by hand in a real window, with the real engine behind it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.scenes.step_values import cell_id
from app.step.sections import whatif as section
from app.step.whatif_editor import CellEditor, parse
from app.window.main import MainWindow
from tests.app.step.driving import Stepping, view
from tests.app.window.windows import action, click, control

_PATIENCE = 20_000
KERNEL = "dense_1/kernel"


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    stepping.step(12)
    return stepping.window


def step(qtbot: QtBot, window: MainWindow, times: int, name: str = "transport-step") -> None:
    session = view(window).session
    for _ in range(times):
        before = session.snapshot.position
        action(window, name).trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023


def editor(window: MainWindow) -> CellEditor | None:
    return view(window).editing.editor


def double_click(widget: QWidget, rect: tuple[float, float, float, float]) -> None:
    x, y, w, h = rect
    at = QPoint(round(x + w / 2), round(y + h / 2))
    click(widget, at)
    QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=at)


def type_over(qtbot: QtBot, window: MainWindow, words: str) -> None:
    """Type into the open editor, press Enter, and wait for what follows."""
    session = view(window).session
    before = session.snapshot
    field = editor(window).field
    field.selectAll()
    QTest.keyClicks(field, words)
    QTest.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: session.snapshot is not before and session.snapshot.whatif is not None,
        timeout=_PATIENCE,
    )


def edit(qtbot: QtBot, window: MainWindow, tensor: str, index: tuple[int, ...], words: str) -> None:
    """Double-click a number of the drawing and type over it."""
    stage = view(window).stage
    hit = stage.place.hits.get(cell_id(tensor, index))
    double_click(stage, hit.rect)
    type_over(qtbot, window, words)


def values(window: MainWindow) -> dict[str, np.ndarray]:
    return {k: np.array(v) for k, v in view(window).session.snapshot.values.items()}


def test_a_weight_typed_over_changes_what_follows_and_discard_brings_everything_back(qtbot, window):
    session, bar = view(window).session, view(window).whatif
    before, position = values(window), session.snapshot.position
    assert bar.isHidden()
    edit(qtbot, window, KERNEL, (0, 1), "2.5")
    assert session.snapshot.position == position
    now = values(window)
    assert now[KERNEL][0, 1] == 2.5
    z = now["input_1/x"][0] @ now[KERNEL] + now["dense_1/bias"]
    np.testing.assert_allclose(now["dense_1/z"][0], z, rtol=1e-6)
    assert session.reader.otherwise("dense_1/z", (1,)) == pytest.approx(before["dense_1/z"][0, 1])
    assert session.reader.otherwise("dense_1/z", (0,)) is None
    assert session.reader.by_hand(KERNEL, (0, 1))
    qtbot.waitUntil(bar.isVisible)
    assert f"loss {before['loss']:.4f} → {now['loss']:.4f}" in bar.text
    # The number itself is said once: by what takes it back.
    # It is made anew whenever there is more to say of the change.
    qtbot.waitUntil(lambda: control(window, "step-whatif-edit-0").isVisible())
    said, words = control(window, "step-whatif-text"), control(window, "step-whatif-edit-0").text()
    assert words in bar.text
    assert "a copy of step 1" in said.text()
    assert words not in said.text()
    click(control(window, "step-whatif-discard"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert bar.isHidden()
    for name, array in values(window).items():
        assert array.tobytes() == before[name].tobytes(), name


@pytest.mark.parametrize(
    ("tensor", "index"),
    [("input_1/output", (0,)), ("dense_1/z", (2,)), ("dense_1/a", (0,)), ("dense_2/bias", (1,))],
)
def test_any_number_of_the_drawing_can_be_typed_over(qtbot, window, tensor, index):
    session = view(window).session
    edit(qtbot, window, tensor, index, "-0.75")
    assert session.reader.value(tensor, index) == -0.75
    assert session.reader.by_hand(tensor, index)
    assert view(window).whatif.isVisible()


def test_targets_are_typed_as_a_row(qtbot, window):
    session, stage = view(window).session, view(window).stage
    double_click(stage, stage.place.hits.get(cell_id("targets", ())).rect)
    old = session.reader.array("targets").copy()
    type_over(qtbot, window, ", ".join(f"{1 - v:g}" for v in old))
    np.testing.assert_array_equal(session.reader.array("targets"), 1 - old)
    before, after = session.snapshot.whatif.loss
    assert before != after


def test_enter_and_f2_edit_the_number_looked_at_and_escape_leaves_it(qtbot, window):
    session, stage = view(window).session, view(window).stage
    window.context.bus.do("select.cell", tensor="dense_1/z", index=[1])
    stage.setFocus()
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert editor(window) is not None
    QTest.keyClick(editor(window).field, Qt.Key.Key_Escape)
    assert editor(window) is None
    QTest.keyClick(stage, Qt.Key.Key_F2)
    type_over(qtbot, window, "-1")
    assert session.reader.value("dense_1/z", (1,)) == -1


def test_a_half_typed_number_does_not_outlive_its_moment_or_its_view(qtbot, window):
    session, stage = view(window).session, view(window).stage
    for leave in (
        lambda: step(qtbot, window, 1),
        lambda: step(qtbot, window, 1, "transport-step-back"),
        lambda: window.context.bus.do("step.view", value="story"),
        lambda: action(window, "workspace-train").trigger(),
    ):
        window.context.bus.do("step.view", value="network")
        action(window, "workspace-step").trigger()
        double_click(stage, stage.place.hits.get(cell_id(KERNEL, (0, 1))).rect)
        assert editor(window) is not None
        QTest.keyClicks(editor(window).field, "2.5")
        leave()
        qtbot.waitUntil(lambda: editor(window) is None, timeout=_PATIENCE)
    assert session.snapshot.whatif is None


def test_what_is_no_number_stays_in_the_field_and_what_is_not_computed_is_said(qtbot, window):
    stage = view(window).stage
    double_click(stage, stage.place.hits.get(cell_id("dense_1/z", (1,))).rect)
    field = editor(window).field
    QTest.keyClicks(field, "much")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert editor(window) is not None
    assert field.property("error")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    told = []
    window.context.refused.connect(told.append)
    double_click(stage, stage.place.hits.get(cell_id(f"grad/{KERNEL}", (0, 0))).rect)
    assert editor(window) is None
    assert "not computed yet" in told[0]
    assert view(window).session.snapshot.whatif is None


def test_a_number_of_the_inspector_can_be_typed_over(qtbot, window):
    workspace = view(window)
    session, sheet = workspace.session, workspace.sheet
    window.context.bus.do("select.cell", tensor="dense_1/product", index=[1])
    qtbot.waitUntil(lambda: bool(sheet.places("input_1/x", (0, 0))), timeout=_PATIENCE)
    sheet.grab()
    rect = sheet.places("input_1/x", (0, 0))[0]
    double_click(sheet, rect.getRect())
    type_over(qtbot, window, "3")
    assert session.reader.value("input_1/output", (0,)) == 3


def test_a_number_of_the_close_up_can_be_typed_over_and_its_tape_lines_are_known(qtbot, window):
    workspace, bus = view(window), window.context.bus
    session = workspace.session
    bus.do("step.view", value="closeup")
    line = next(i for i in session.program.instructions if i.op == "matmul")
    bus.do("step.inspect", instruction=line.index)
    stage = workspace._shown["closeup"]
    qtbot.waitUntil(lambda: stage.place is not None, timeout=_PATIENCE)
    kernel = KERNEL
    qtbot.waitUntil(
        lambda: stage.place.hits.get(cell_id(kernel, (0, 1))) is not None, timeout=_PATIENCE
    )
    double_click(stage, stage.place.hits.get(cell_id(kernel, (0, 1))).rect)
    type_over(qtbot, window, "3")
    assert session.snapshot.values[kernel][0, 1] == 3
    assert session.reader.changed_cells(line.writes[0], 9) == [(1,)]
    changed = session.snapshot.whatif.changed
    assert min(changed) == line.index
    assert set(changed) <= set(range(session.pc))
    stage.grab()
    workspace.tape.grab()


def test_steps_stay_in_the_copy_and_play_leaves_it(qtbot, window):
    session = view(window).session
    before = values(window)
    edit(qtbot, window, "dense_1/z", (0,), "0.25")
    window.context.bus.do("step.breakpoint", instruction=20)
    step(qtbot, window, 3)
    assert session.snapshot.whatif is not None
    assert session.pc == 15
    step(qtbot, window, 3, "transport-step-back")
    assert session.reader.value("dense_1/z", (0,)) == 0.25
    window.context.bus.do("run.seek", step=0, pc=12)
    click(control(window, "step-whatif-discard"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    for name, array in values(window).items():
        assert array.tobytes() == before[name].tobytes(), name
    edit(qtbot, window, "dense_1/z", (0,), "0.25")
    window.context.bus.do("run.play")
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    window.context.bus.do("run.pause")


def test_a_kept_weight_is_undone_to_the_bit_and_done_again(qtbot, window):
    session, stack = view(window).session, window.context.document.stack
    before = values(window)
    edit(qtbot, window, KERNEL, (1, 2), "-1.5")
    copied = values(window)
    click(control(window, "step-whatif-keep"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert session.pc == 12
    written = [n for n, at in session.snapshot.written_at.items() if at[0] == 0]
    for name in set(written) & set(copied) | {KERNEL}:
        assert values(window)[name].tobytes() == copied[name].tobytes(), name
    qtbot.waitUntil(lambda: stack.canUndo())
    window.context.bus.do("edit.undo")
    qtbot.waitUntil(
        lambda: session.snapshot.values[KERNEL][1, 2] == before[KERNEL][1, 2], timeout=_PATIENCE
    )
    for name in set(written) & set(before):
        assert values(window)[name].tobytes() == before[name].tobytes(), name
    window.context.bus.do("edit.redo")
    qtbot.waitUntil(lambda: session.snapshot.values[KERNEL][1, 2] == -1.5, timeout=_PATIENCE)


def test_numbers_are_taken_back_one_by_one(qtbot, window):
    session = view(window).session
    edit(qtbot, window, "dense_1/z", (0,), "0.25")
    edit(qtbot, window, "dense_1/z", (1,), "0.5")
    assert len(session.snapshot.whatif.edits) == 2
    click(control(window, "step-whatif-edit-1"))
    qtbot.waitUntil(
        lambda: len(getattr(session.snapshot.whatif, "edits", ())) == 1, timeout=_PATIENCE
    )
    qtbot.waitUntil(lambda: window.findChild(QWidget, "step-whatif-edit-1") is None)
    click(control(window, "step-whatif-edit-0"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)


def test_the_inspector_says_what_was_before(qtbot, window):
    session, sheet = view(window).session, view(window).sheet
    old = session.reader.value("dense_1/z", (0,))
    edit(qtbot, window, "dense_1/z", (0,), "0.25")
    qtbot.waitUntil(lambda: section.SECTION.name in sheet.card.parts, timeout=_PATIENCE)
    shown, why = sheet.card.parts["whatif"]
    assert shown.endswith(("→ 0.25", "→ 0.2500"))
    assert f"{abs(old):.4f}" in shown
    assert "by hand" in why


@pytest.mark.parametrize(
    ("words", "found"),
    [("1", [1.0]), ("\N{MINUS SIGN}2e-3", [-0.002]), ("1, 0", [1.0, 0.0]), ("x", None), ("", None)],
)
def test_what_is_typed_is_read(words, found):
    assert parse(words) == found


def test_marks_are_painted(qtbot, window):
    stage = view(window).stage
    edit(qtbot, window, "dense_1/z", (0,), "0.25")
    hit = stage.place.hits.get(cell_id("dense_1/a", (0,)))
    image = stage.grab().toImage()
    ratio = image.width() / stage.width()
    x, y, w, _ = hit.rect
    corner = image.pixelColor(round((x + w - 1.5) * ratio), round((y + 1.5) * ratio))
    from app import theme

    assert abs(corner.hue() - theme.current().loss.hue()) < 12


def test_saving_says_that_the_copy_is_not_in_the_file(qtbot, window, tmp_path):
    session, bus = view(window).session, window.context.bus
    with qtbot.waitSignal(window.projects.saved, timeout=_PATIENCE):
        bus.do("project.save", path=str(tmp_path / "a.chainrule"))
    assert "what-if" not in window.toast.text
    bus.do("step.edit", tensor=KERNEL, cells=[[0, 1]], values=[2.5])
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    with qtbot.waitSignal(window.projects.saved, timeout=_PATIENCE):
        bus.do("project.save", path=str(tmp_path / "a.chainrule"))
    assert "not the what-if copy" in window.toast.text
    assert window.toast.isVisible()
    # Kept in the bar instead: there is no copy any more to say anything about.
    click(control(window, "step-whatif-keep"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert not window.toast.isVisible()
    qtbot.waitUntil(lambda: session.value(KERNEL, (0, 1)) == 2.5, timeout=_PATIENCE)
    assert window.context.document.dirty


def test_the_notice_of_a_saved_copy_keeps_the_copy(qtbot, window, tmp_path):
    session, bus = view(window).session, window.context.bus
    bus.do("step.edit", tensor=KERNEL, cells=[[0, 1]], values=[2.5])
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    with qtbot.waitSignal(window.projects.saved, timeout=_PATIENCE):
        bus.do("project.save", path=str(tmp_path / "a.chainrule"))
    click(control(window, "toast-keep"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert session.value(KERNEL, (0, 1)) == 2.5


def test_an_input_typed_over_is_not_said_to_come_from_the_data(qtbot, window, monkeypatch):
    from app.scenes import draw

    said: list[str] = []
    write = draw.text

    def listen(painter, x, y, string, *more, **how):
        said.append(string)
        return write(painter, x, y, string, *more, **how)

    session = view(window).session
    gather = next(i for i in session.program.instructions if "input_1/x" in i.writes)
    window.context.bus.do("step.view", value="closeup")
    window.context.bus.do("step.inspect", instruction=gather.index)
    stage = view(window)._shown["closeup"]

    def told(words: str) -> bool:
        said.clear()
        monkeypatch.setattr(draw, "text", listen)
        stage.grab()
        monkeypatch.undo()
        return words in said

    qtbot.waitUntil(lambda: told("Taken from the data set as it is."), timeout=_PATIENCE)
    window.context.bus.do("step.edit", tensor="input_1/x", cells=[[0, 0]], values=[3.0])
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: told("Put in by hand."), timeout=_PATIENCE)
