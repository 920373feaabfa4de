"""A network that cannot run: Step says why, and shows the one its numbers belong to."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.window.main import MainWindow
from tests.app.step.driving import PATIENCE, view
from tests.app.window.windows import click, control


def test_numbers_stay_with_their_network_and_the_problem_is_said(
    qtbot: QtBot, window: MainWindow
) -> None:
    workspace, bus = view(window), window.context.bus
    before = workspace.session.network
    assert workspace.blocked.isHidden()

    bus.do("layer.add", kind="MaxPooling2D", index=2)
    qtbot.waitUntil(workspace.blocked.isVisible, timeout=PATIENCE)
    problem = window.context.document.inspection.problems[0]
    assert problem.sentence in workspace.blocked.text
    assert workspace.session.network is before

    click(control(window, "step-to-build"))
    qtbot.waitUntil(lambda: window.workspace == "build", timeout=PATIENCE)
    bus.do("workspace.show", name="step")
    bus.do("edit.undo")
    qtbot.waitUntil(workspace.blocked.isHidden, timeout=PATIENCE)
    assert workspace.session.network.nodes == before.nodes
