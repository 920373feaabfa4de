"""Advice about a network that works: at its layer, in the inspector, at the loss; followed, undone, dismissed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.build.canvas import Canvas
from app.build.view import BuildView
from app.build.views import accessible_text
from app.window.main import MainWindow
from tests.app.window.windows import click, control, open_window


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


def hint_of(canvas: Canvas, layer: str) -> str:
    return next(block.view.hint for block in canvas.blocks if block.layer == layer)


def seen(window: MainWindow, name: str) -> bool:
    return any(w.isVisible() for w in window.findChildren(QWidget, name))


def test_a_template_needs_no_advice(window: MainWindow, canvas: Canvas) -> None:
    assert not any(block.view.hint for block in canvas.blocks)
    assert not seen(window, "status-hints")
    click(canvas.viewport(), canvas.block_center("conv2d_1"))
    assert not seen(window, "inspector-hint")


def test_advice_is_shown_at_its_layer_followed_and_undone(
    window: MainWindow, canvas: Canvas
) -> None:
    bus = window.context.bus
    bus.do("layer.configure", layer="conv2d_1", kernel_initializer="zeros")
    assert "Draw them at random" in hint_of(canvas, "conv2d_1")
    view = next(block for block in canvas.blocks if block.layer == "conv2d_1")
    assert "Draw them at random" in view.toolTip()
    assert "hint: The weights of Conv2D" in accessible_text(view.view)
    assert control(window, "status-hints").text() == "1 hint"
    window.resize(1024, 600)
    assert not seen(window, "inspector")
    click(control(window, "status-hints"))
    assert seen(window, "inspector")
    assert window.context.document.selection == "conv2d_1"
    assert control(window, "inspector-hint-title").text() == "All units alike"
    click(control(window, "inspector-hint-follow"))
    config = window.context.document.network.layer("conv2d_1").config
    assert config["kernel_initializer"] == "glorot_uniform"
    assert hint_of(canvas, "conv2d_1") == ""
    assert not seen(window, "inspector-hint")
    bus.do("edit.undo")
    assert seen(window, "inspector-hint-title")


def test_dismissed_advice_stays_away_until_another_project_is_opened(
    window: MainWindow, canvas: Canvas
) -> None:
    bus = window.context.bus
    for layer in ("conv2d_1", "conv2d_2"):
        bus.do("layer.configure", layer=layer, kernel_initializer="zeros")
    bus.do("select.layer", layer="conv2d_1")
    click(control(window, "inspector-hint-dismiss"))
    assert hint_of(canvas, "conv2d_1") == ""
    assert hint_of(canvas, "conv2d_2")
    assert control(window, "status-hints").text() == "1 hint"
    assert not window.context.document.advice[0].of_loss
    bus.do("template.open", name="digits-cnn")
    bus.do("layer.configure", layer="conv2d_1", kernel_initializer="zeros")
    assert hint_of(canvas, "conv2d_1")


def test_what_the_loss_and_the_last_layer_do_together_is_told_where_the_loss_is_chosen(
    window: MainWindow,
) -> None:
    click(control(window, "training-chip"))
    assert not seen(window, "training-hint-title")
    window.context.bus.do("layer.configure", layer="dense_2", activation="sigmoid")
    assert control(window, "training-hint-title").text() == "Not a softmax"
    click(control(window, "training-hint-follow"))
    assert window.context.document.network.layer("dense_2").config["activation"] == "softmax"
    assert not seen(window, "training-hint-title")
