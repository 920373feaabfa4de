"""Painting that fails must not take the program along: every widget that paints itself is guarded."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import app
from app.scenes import story as story_scene
from app.step.story import StoryView
from app.step.workspace import StepWorkspace
from app.widgets.guarded import guarded
from app.window.crash import CrashReporter
from tests.app.window.windows import action, open_window

_PATIENCE = 120_000


class Broken(QWidget):
    """Fails in the middle of painting on itself and on a picture."""

    wrong: float = 0.0

    @guarded
    def paintEvent(self, event):
        painter = QPainter(self)
        painter.save()
        picture = QPixmap(20, 20)
        self._inner(painter, picture)
        painter.restore()

    def _inner(self, painter: QPainter, picture: QPixmap) -> None:
        inner = QPainter(picture)
        inner.drawLine(0, 0, 9, 9)
        painter.drawLine(0, 0, int(1 / self.wrong), 9)
        inner.end()


def test_every_paint_event_is_guarded():
    root = Path(app.__file__).parent
    found, bare = 0, []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "paintEvent":
                found += 1
                names = [one.id for one in node.decorator_list if isinstance(one, ast.Name)]
                if "guarded" not in names:
                    bare.append(f"{path.relative_to(root)}:{node.lineno}")
    assert found > 50
    assert not bare


def test_what_fails_is_told_once_and_leaves_no_painter(qtbot: QtBot):
    app.create_application()
    widget = Broken()
    qtbot.addWidget(widget)
    widget.resize(60, 40)
    with qtbot.captureExceptions() as caught:
        widget.show()
        for _ in range(5):
            widget.repaint()
            assert not widget.grab().isNull()
            assert not widget.paintingActive()
    assert [error[0] for error in caught] == [ZeroDivisionError]
    # And it goes on where the numbers are sound again.
    widget.wrong = 0.5
    with qtbot.captureExceptions() as caught:
        widget.repaint()
    assert not caught


def test_a_scene_that_fails_in_the_window_is_told_in_it_and_the_rest_goes_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window):
        window.context.bus.do("template.open", name="chain-rule-by-hand")

    with open_window(qtbot, engine=True, prepare=prepare) as window:
        action(window, "workspace-step").trigger()
        view = window.findChild(StepWorkspace, "step-workspace")
        qtbot.waitUntil(lambda: view.session.program is not None, timeout=_PATIENCE)
        qtbot.waitUntil(action(window, "transport-step").isEnabled, timeout=_PATIENCE)
        before = view.session.snapshot.position
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda: view.session.snapshot.position != before, timeout=_PATIENCE)
        reporter = CrashReporter()
        reporter.attach(window)

        def fail(*_arguments: object) -> None:
            raise ValueError("a number nobody thought of")

        with monkeypatch.context() as patch:
            patch.setattr(story_scene, "bars", fail)
            with qtbot.captureExceptions() as caught:
                reporter.install()
                try:
                    window.context.bus.do("step.view", value="story")
                    story = window.findChild(StoryView, "step-story")
                    qtbot.waitUntil(lambda: window.banner.text != "", timeout=_PATIENCE)
                    for _ in range(3):
                        story.repaint()
                        assert not window.grab().isNull()
                finally:
                    reporter.close()
            assert not caught
        assert "a number nobody thought of" in window.banner.text
        assert reporter.log_file.read_text(encoding="utf-8").count("Traceback") == 1
        story.repaint()
        assert not window.grab().isNull()
