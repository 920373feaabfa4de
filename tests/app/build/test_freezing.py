"""Freezing a layer with the mouse: the switch, the lock on the block, the counts, and the way back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.build.canvas import Canvas
from app.build.drawer import Drawer
from app.build.inspector import Inspector
from app.build.view import BuildView
from app.build.views import accessible_text
from app.widgets import Toggle
from app.window.main import MainWindow
from app.window.status import figures
from core.layers import registry
from tests.app.window.windows import control, open_window


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with open_window(qtbot) as opened:
        opened.context.bus.do("template.open", name="digits-cnn")
        yield opened


@pytest.fixture
def canvas(window: MainWindow) -> Canvas:
    view = window.view("build")
    assert isinstance(view, BuildView)
    return view.canvas


def test_a_switch_freezes_the_layer_and_undo_lets_it_learn_again(
    window: MainWindow, canvas: Canvas
) -> None:
    document = window.context.document
    window.context.bus.do("select.layer", layer="conv2d_1")
    switch = control(window, "toggle-trainable")
    assert isinstance(switch, Toggle)
    assert switch.isChecked()
    switch.click()
    assert document.network.layer("conv2d_1").config["trainable"] is False
    block = next(b for b in canvas.blocks if b.layer == "conv2d_1")
    assert block.view.frozen
    assert "frozen" in accessible_text(block.view)
    assert "Frozen" in block.toolTip()
    learning = sum(row.trainable_parameters for row in document.inspection.rows)
    assert learning == document.inspection.parameters - 80
    assert ("of them learning", f"{learning:,}") in [
        (name, value.replace("\u202f", ",")) for name, value in figures(window.context, "build")
    ]
    drawer = window.findChild(Drawer)
    drawer.refresh()
    assert drawer.summary.item(0, 4).text() == "80 frozen"
    last = drawer.summary.rowCount() - 1
    rest = sum(row.trainable_parameters for row in window.context.document.inspection.rows)
    assert drawer.summary.item(last, 3).text() == f"{rest:,} learning, 80 frozen"
    assert document.stack.undoText() == "Freeze Conv2D"
    window.context.bus.do("edit.undo")
    assert not next(b for b in canvas.blocks if b.layer == "conv2d_1").view.frozen
    assert control(window, "toggle-trainable").isChecked()
    window.context.bus.do("edit.redo")
    window.context.bus.do("layer.configure", layer="conv2d_1", trainable=True)
    assert document.stack.undoText() == "Let Conv2D learn"
    assert "trainable" not in document.network.layer("conv2d_1").config
    assert [name for name, _ in figures(window.context, "build")] == ["parameters", "memory"]


def test_only_layers_with_weights_have_the_switch(window: MainWindow) -> None:
    inspector = window.findChild(Inspector)
    for kind in ("Flatten", "Dropout", "MaxPooling2D"):
        assert "trainable" not in [setting.name for setting in registry.kind(kind).asked()]
    window.context.bus.do("select.layer", layer="flatten_1")
    assert inspector.form.findChild(Toggle, "toggle-trainable") is None
    for kind in registry.kinds():
        assert (len(kind.asked()) > len(kind.settings)) == kind.owns_weights()


def test_a_copy_of_a_frozen_layer_is_frozen(window: MainWindow) -> None:
    bus, document = window.context.bus, window.context.document
    bus.do("layer.configure", layer="dense_1", trainable=False)
    copy = bus.do("layer.duplicate", layer="dense_1")
    assert document.network.layer(copy).frozen
