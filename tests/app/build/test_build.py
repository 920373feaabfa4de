from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetricsF,
    QGuiApplication,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app import theme
from app.build.canvas import MIME, Canvas
from app.build.view import BuildView
from app.widgets import NumberField
from app.window.main import MainWindow
from tests.app.window.windows import action, click, control, layers, open_window


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with open_window(qtbot) as opened:
        opened.context.bus.do("template.open", name="digits-cnn")
        yield opened


@pytest.fixture
def build(window: MainWindow) -> BuildView:
    view = window.view("build")
    assert isinstance(view, BuildView)
    return view


@pytest.fixture
def canvas(build: BuildView) -> Canvas:
    return build.canvas


def press(canvas: Canvas, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifier or Qt.KeyboardModifier.NoModifier)


def test_a_first_start_shows_the_digits_network(window: MainWindow, canvas: Canvas) -> None:
    titles = [block.view.title for block in canvas.blocks]
    assert titles[:3] == ["Input", "Conv2D", "MaxPooling2D"]
    assert [block.view.shape for block in canvas.blocks][:3] == ["28×28×1", "28×28×8", "14×14×8"]
    assert canvas.blocks[1].view.parameters == "80 params"


def test_a_click_selects_and_the_inspector_shows_its_settings(
    window: MainWindow, canvas: Canvas
) -> None:
    click(canvas.viewport(), canvas.block_center("conv2d_1"))
    assert window.context.document.selection == "conv2d_1"
    assert control(window, "field-filters").value() == 8
    assert "80" in control(window, "formula-parameters-numbers").text()
    assert control(window, "formula-size-rule").text() == "⌊(n + p₀ + p₁ − k) / s⌋ + 1"


def test_a_double_click_in_the_palette_adds_after_the_selected_layer(
    window: MainWindow, canvas: Canvas
) -> None:
    click(canvas.viewport(), canvas.block_center("flatten_1"))
    item = control(window, "palette-Dense")
    QTest.mouseDClick(item, Qt.MouseButton.LeftButton)
    order = layers(window)
    assert order.index("dense_3") == order.index("flatten_1") + 1
    assert window.context.document.selection == "dense_3"
    assert [block.layer for block in canvas.blocks] == order


def test_search_and_enter_add_a_layer_without_the_mouse(
    window: MainWindow, build: BuildView
) -> None:
    before = len(layers(window))
    QTest.keyClick(window, Qt.Key.Key_Slash)
    search = control(window, "palette-search")
    assert search.hasFocus()
    QTest.keyClicks(search, "drop")
    assert build.palette_panel.shown[0].kind == "Dropout"
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert len(layers(window)) == before + 1
    assert window.context.document.network.layers[-1].kind == "Dropout"
    assert len(build.palette_panel.shown) == len(build.palette_panel.items)


def test_a_layer_is_dropped_where_the_dashed_slot_was(window: MainWindow, canvas: Canvas) -> None:
    data = QMimeData()
    data.setData(MIME, b"Activation")
    place = canvas.block_center("max_pooling2d_1")
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    canvas.dragEnterEvent(QDragEnterEvent(place, copy, data, left, none))
    canvas.dragMoveEvent(QDragMoveEvent(place, copy, data, left, none))
    assert canvas.drop_index == 2
    canvas.dropEvent(QDropEvent(QPointF(place), copy, data, left, none))
    assert canvas.drop_index is None
    assert layers(window)[2] == "activation_1"


def test_the_plus_on_a_connector_inserts_there(window: MainWindow, canvas: Canvas) -> None:
    click(canvas.viewport(), canvas.plus_center(3))
    menu = window.view("build").findChild(QMenu, "insert-menu")
    assert menu is not None
    action(menu, "insert-Dropout").trigger()
    menu.close()
    assert layers(window)[3] == "dropout_2"


def test_dragging_a_block_reorders(window: MainWindow, canvas: Canvas) -> None:
    view = canvas.viewport()
    start, end = canvas.block_center("dense_1"), canvas.block_center("dropout_1")
    place = layers(window).index("dropout_1")
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start + QPoint(12, 0))
    QTest.mouseMove(view, end)
    assert canvas.drop_index == place
    assert layers(window).index("dense_1") == place - 1, "nothing moves before the drop"
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    assert layers(window).index("dense_1") == place


def test_delete_removes_and_undo_brings_back(window: MainWindow, canvas: Canvas) -> None:
    before = layers(window)
    click(canvas.viewport(), canvas.block_center("dropout_1"))
    press(canvas, Qt.Key.Key_Delete)
    assert "dropout_1" not in layers(window)
    assert window.context.document.selection is not None
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert layers(window) == before
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_Z, both)
    assert "dropout_1" not in layers(window)


def test_arrows_walk_and_control_arrows_move(window: MainWindow, canvas: Canvas) -> None:
    canvas.focus_layer("dense_1")
    press(canvas, Qt.Key.Key_Right)
    assert window.context.document.selection == "dropout_1"
    place = layers(window).index("dropout_1")
    press(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert layers(window).index("dropout_1") == place - 1
    press(canvas, Qt.Key.Key_Home)
    assert window.context.document.selection == layers(window)[0]


def test_tab_follows_the_data(window: MainWindow, canvas: Canvas) -> None:
    canvas.focus_layer(layers(window)[0])
    seen = []
    for _ in layers(window):
        seen.append(QApplication.focusWidget().layer)  # type: ignore[union-attr]
        press(canvas, Qt.Key.Key_Tab)
    assert seen == layers(window)


def test_blocks_say_their_numbers_to_a_screen_reader(window: MainWindow, canvas: Canvas) -> None:
    handle = canvas.handle("conv2d_1")
    assert handle is not None
    assert handle.accessibleName() == "Conv2D 1, 8 @ 3×3, same · relu, output 28×28×8, 80 params"
    assert handle.objectName() == "block-conv2d_1"


def test_a_setting_changes_shapes_and_counts_at_once(window: MainWindow, canvas: Canvas) -> None:
    click(canvas.viewport(), canvas.block_center("conv2d_1"))
    field = control(window, "field-filters")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "12")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert canvas.blocks[1].view.shape == "28×28×12"
    assert canvas.blocks[1].view.parameters == "120 params"
    assert canvas.blocks[2].view.shape == "14×14×12"
    assert "120" in control(window, "formula-parameters-numbers").text()


def test_a_dragged_slider_is_one_undo_step(window: MainWindow, canvas: Canvas) -> None:
    click(canvas.viewport(), canvas.block_center("dropout_1"))
    slider = control(window, "slider-rate")
    stack = window.context.document.stack
    before = stack.count()
    at = QPoint(slider.width() // 4, slider.height() // 2)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    for step in range(1, 6):
        QTest.mouseMove(slider, at + QPoint(8 * step, 0))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at + QPoint(40, 0))
    assert stack.count() == before + 1
    assert window.context.document.network.layer("dropout_1").config["rate"] > 0.5
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=at)
    assert stack.count() == before + 2


def test_an_absurd_setting_is_refused_with_a_sentence_and_changes_nothing(
    window: MainWindow, canvas: Canvas
) -> None:
    click(canvas.viewport(), canvas.block_center("conv2d_1"))
    before = window.context.document.state
    field = control(window, "field-filters")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "0")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.context.document.state == before
    problem = control(window, "problem-filters")
    assert not problem.isHidden()
    assert "at least 1" in problem.text()


def test_too_many_units_are_refused_before_anything_is_allocated(
    window: MainWindow, canvas: Canvas
) -> None:
    window.context.bus.do("layer.configure", layer="dense_1", units=10**9)
    problems = window.context.document.inspection.problems
    assert problems
    assert problems[0].layer == "dense_1"
    assert not action(window, "transport-play").isEnabled()
    assert action(window, "transport-play").toolTip().startswith(problems[0].sentence)


def test_a_problem_is_shown_at_its_layer_and_fixed_by_its_button(
    window: MainWindow, canvas: Canvas
) -> None:
    bus = window.context.bus
    bus.do("layer.add", kind="Conv2D", index=layers(window).index("flatten_1") + 1)
    block = next(block for block in canvas.blocks if block.layer == "conv2d_3")
    assert block.view.problem == "Needs an image"
    assert [b.layer for b in canvas.blocks if b.view.problem] == ["conv2d_3"]
    assert window.status.problem_text == "1 problem: fix it to start training"
    play = action(window, "transport-play")
    assert not play.isEnabled()
    assert "784" in play.toolTip()
    assert control(window, "play-button").toolTip() == play.toolTip()
    click(canvas.viewport(), canvas.fix_center("conv2d_3"))
    assert window.context.document.inspection.ok
    assert not any(block.view.problem for block in canvas.blocks)
    assert window.status.problem_text == ""
    action(window, "edit-undo").trigger()
    assert not window.context.document.inspection.ok


def test_a_skipped_layer_is_named_in_the_summary(window: MainWindow, build: BuildView) -> None:
    bus = window.context.bus
    bus.do("layer.add", kind="Conv2D", index=layers(window).index("flatten_1") + 1)
    table = build.drawer.summary
    rows = {table.item(k, 2).text(): k for k in range(table.rowCount())}
    assert table.item(rows["conv2d_3"], 3).text() == "skipped until fixed"
    assert table.item(rows["dense_1"], 3).text() == "32"
    assert table.item(table.rowCount() - 1, 4).text() == "26,698"


def test_a_line_of_the_summary_selects_its_layer(window: MainWindow, build: BuildView) -> None:
    table = build.drawer.summary
    click(table.viewport(), table.visualItemRect(table.item(2, 1)).center())
    assert window.context.document.selection == "conv2d_2"


def test_copy_puts_the_summary_on_the_clipboard(window: MainWindow) -> None:
    click(control(window, "drawer-copy"))
    assert "conv2d_1\t28×28×8\t80" in QGuiApplication.clipboard().text()


def test_a_layer_gets_another_name(window: MainWindow, canvas: Canvas) -> None:
    click(canvas.viewport(), canvas.block_center("dense_1"))
    field = control(window, "field-name")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "hidden")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.context.document.network.layer("dense_1").name == "hidden"
    field.selectAll()
    QTest.keyClicks(field, "dense_2")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert not control(window, "problem-name").isHidden()
    assert window.context.document.network.layer("dense_1").name == "hidden"


def test_an_empty_canvas_offers_templates(window: MainWindow) -> None:
    window.context.bus.do("project.new")
    assert control(window, "empty-templates").isVisible()
    assert not action(window, "transport-play").isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Slash)
    QTest.keyClicks(control(window, "palette-search"), "input")
    QTest.keyClick(control(window, "palette-search"), Qt.Key.Key_Return)
    assert layers(window) == ["input_1"]
    assert window.context.document.network.layers[0].config["shape"] == [28, 28, 1]
    assert not control(window, "empty-templates").isVisible()


def test_single_line_and_zoom(window: MainWindow, canvas: Canvas) -> None:
    click(control(window, "canvas-layout-line"))
    assert len({block.pos().y() for block in canvas.blocks}) == 1
    click(control(window, "canvas-layout-wrap"))
    assert len({block.pos().y() for block in canvas.blocks}) > 1
    canvas.set_zoom(0.5)
    assert len({block.pos().y() for block in canvas.blocks}) == 1, "more blocks fit in a row"
    canvas.set_zoom(1.01)
    assert canvas.transform().m11() == 1.0


def test_without_an_input_there_is_one_problem_and_the_rest_waits(
    window: MainWindow, canvas: Canvas, build: BuildView
) -> None:
    document = window.context.document
    window.context.bus.do("layer.remove", layer=document.network.layers[0].id)
    assert [problem.layer for problem in document.inspection.problems] == ["conv2d_1"]
    assert window.status.problem_text.startswith("1 problem")
    first, *rest = [block.view for block in canvas.blocks]
    assert first.problem
    assert first.number == "1"
    assert all(view.skipped and not view.problem for view in rest)
    item = build.drawer.summary.item(0, 0)
    assert item is not None
    assert item.text() == "1"


def test_the_label_of_a_repair_is_never_cut(window: MainWindow) -> None:
    from app.build import block

    for words in ("Add an output layer", "Move the Embedding layer behind the Input layer"):
        role, lines = block._label(words)
        metrics = QFontMetricsF(theme.font(role))
        assert " ".join(lines) == words
        assert all(metrics.horizontalAdvance(line) <= block.BLOCK_WIDTH - 24 for line in lines)


def test_a_click_in_the_palette_says_what_would_add_the_layer(
    window: MainWindow, build: BuildView
) -> None:
    before = layers(window)
    item = control(window, "palette-Dense")
    click(item, item.rect().center())
    assert layers(window) == before
    assert item.hasFocus()
    assert control(window, "palette-hint").isVisible()
    QTest.keyClick(item, Qt.Key.Key_Return)
    assert len(layers(window)) == len(before) + 1
    assert not control(window, "palette-hint").isVisible()


def test_another_theme_leaves_numbers_where_they_are(window: MainWindow, canvas: Canvas) -> None:
    click(canvas.viewport(), canvas.block_center("conv2d_1"))
    field = control(window, "field-filters")
    assert isinstance(field, NumberField)
    before = field.lineEdit().geometry()
    for name in ("light", "dark", "light"):
        window.context.bus.do("view.theme", name=name)
        assert field.lineEdit().geometry() == before


def test_filters_of_many_channels_say_which_one_is_shown(
    window: MainWindow, build: BuildView, canvas: Canvas
) -> None:
    click(canvas.viewport(), canvas.block_center("conv2d_2"))
    form = build.inspector.form
    assert form is not None
    form.show_kernel(np.zeros((3, 3, 8, 16), np.float32), "")
    assert control(window, "weights-channel").text() == "channel 1 of 8"
    for name, shown in (("weights-next", 2), ("weights-previous", 1), ("weights-previous", 8)):
        button = control(window, name)
        click(button, button.rect().center())
        assert control(window, "weights-channel").text() == f"channel {shown} of 8"
    form.show_kernel(np.zeros((3, 3, 1, 8), np.float32), "")
    assert not control(window, "weights-channel").isVisible()


def test_code_is_written_when_it_can_be_seen(window: MainWindow, build: BuildView) -> None:
    do = window.context.bus.do
    build.drawer.show_tab(1)
    assert "Conv2D(8" in build.drawer.code.toPlainText()
    do("workspace.show", name="train")
    do("layer.configure", layer="conv2d_1", filters=5)
    assert "Conv2D(5" not in build.drawer.code.toPlainText()
    do("workspace.show", name="build")
    assert "Conv2D(5" in build.drawer.code.toPlainText()
    build.drawer.set_folded(True)
    do("layer.configure", layer="conv2d_1", filters=6)
    build.drawer.set_folded(False)
    assert "Conv2D(6" in build.drawer.code.toPlainText()
