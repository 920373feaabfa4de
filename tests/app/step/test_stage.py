"""The drawing of the network paints only what has changed: it looks as if all of it had been painted."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.scenes import draw
from app.scenes.step import SCENE
from app.step.stage import StepStage
from app.step.workspace import StepWorkspace
from tests.app.step.driving import view
from tests.app.window.windows import action

_PATIENCE = 120_000


pytestmark = pytest.mark.parametrize(
    "stepping", ["chain-rule-by-hand", "digits-cnn"], indirect=True
)


def fresh(stage: StepStage, workspace: StepWorkspace) -> QImage:
    """The scene, painted at once."""
    image = draw.canvas(stage.width(), stage.height(), stage.devicePixelRatioF(), None)
    with draw.painting(image, (stage.width(), stage.height())) as painter:
        SCENE.paint(painter, stage.place, theme.current(), workspace.session.frame())
    return image.convertToFormat(QImage.Format.Format_RGB32)


def alike(qtbot: QtBot, workspace: StepWorkspace) -> bool:
    qtbot.wait(1)
    shown = workspace.stage.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return shown == fresh(workspace.stage, workspace)


def test_every_press_leaves_the_picture_as_if_all_of_it_was_painted(qtbot, window):
    workspace, bus = view(window), window.context.bus
    session = workspace.session
    count = len(session.program.instructions)
    for name, presses in (("transport-step", count + 2), ("transport-step-back", 12)):
        for press in range(presses):
            before = session.snapshot.position
            action(window, name).trigger()
            qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023
            assert alike(qtbot, workspace), f"{name}, press {press + 1}"
    for hit in workspace.stage.place.hits.items[::9]:
        session.set_hover(hit.id)
        assert alike(qtbot, workspace), hit.id
    session.set_hover("")
    session.set_show("weights")
    assert alike(qtbot, workspace)
    bus.do("select.row", row=min(1, session.rows - 1))
    qtbot.wait(50)
    assert alike(qtbot, workspace)
    bus.do("view.theme", name="light")
    assert alike(qtbot, workspace)
    kernel = next(name for name in session.program.tensors if name.endswith("kernel"))
    shape = session.program.tensors[kernel].shape
    serial = session.snapshot.serial
    bus.do("step.edit", tensor=kernel, cells=[[0] * len(shape)], values=[3.0])
    qtbot.waitUntil(
        lambda: session.snapshot.serial != serial and session.snapshot.whatif is not None,
        timeout=_PATIENCE,
    )
    assert alike(qtbot, workspace)
    bus.do("step.whatif_discard")
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert alike(qtbot, workspace)


def test_a_press_draws_a_part_of_the_network_anew(qtbot, window, monkeypatch):
    workspace = view(window)
    session, stage = workspace.session, workspace.stage
    parts = []
    paint = SCENE.paint_seen

    def watched(painter, place, colors, seen, region=None):
        parts.append(sum(r.width() * r.height() for r in region) / (stage.width() * stage.height()))
        paint(painter, place, colors, seen, region)

    monkeypatch.setattr(SCENE, "paint_seen", watched)
    for _ in range(len(session.program.instructions)):
        before = session.snapshot.position
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023
        qtbot.wait(1)
    assert parts
    assert sorted(parts)[len(parts) // 2] < 0.6


def test_tape_and_strip_look_as_if_all_of_them_was_painted(qtbot, window):
    workspace = view(window)
    session, tape, strip = workspace.session, workspace.tape, workspace.scrubber

    def on_the_screen(widget: QWidget) -> QImage:
        whole = window.screen().grabWindow(window.winId()).toImage()
        at = widget.mapTo(window, QPoint(0, 0))
        return whole.copy(QRect(at, widget.size())).convertToFormat(QImage.Format.Format_RGB32)

    for name, presses in (
        ("transport-step", len(session.program.instructions) + 2), ("transport-step-back", 6),
    ):  # fmt: skip
        for press in range(presses):
            before = session.snapshot.position
            action(window, name).trigger()
            qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023
            qtbot.wait(1)
            shown = [on_the_screen(widget) for widget in (tape, strip)]
            tape.viewport().update()
            strip.spoil()
            qtbot.wait(1)
            assert shown == [on_the_screen(widget) for widget in (tape, strip)], (
                f"{name}, press {press + 1}"
            )
