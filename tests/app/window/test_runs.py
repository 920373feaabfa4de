"""The menu of runs: branch, train on, go back to the other, save and open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.widgets import Label
from core import io
from tests.app.window.windows import action, click, control, open_window

PATIENCE = 60_000


def test_a_run_is_branched_and_the_other_opened_again(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "two.chainrule"
    with open_window(qtbot, engine=True) as window:
        context = window.context
        bus, engine = context.bus, context.engine
        happened: list[str] = []
        bus.subscribe(lambda message: happened.append(message.name))
        bus.do("template.open", name="xor-mlp")
        bus.do("workspace.show", name="train")
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=PATIENCE)
        rate = context.document.training.optimizer["learning_rate"]
        for _ in range(2):
            bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda: engine.state.position.step == 2, timeout=PATIENCE)
        click(control(window, "train-runs"))
        action(window, "run-branch").trigger()
        qtbot.waitUntil(lambda: "run.branched" in happened, timeout=PATIENCE)
        qtbot.waitUntil(lambda: control(window, "train-runs").text() == "Run 1.1")
        bus.do("training.configure", learning_rate=0.75)
        bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda: engine.state.position.step == 3, timeout=PATIENCE)
        action(window, "run-1").trigger()
        qtbot.waitUntil(lambda: "run.switched" in happened, timeout=PATIENCE)
        assert context.document.training.optimizer["learning_rate"] == rate
        qtbot.waitUntil(lambda: engine.state.position.step == 2, timeout=PATIENCE)
        bus.do("run.switch", run="1.1")
        qtbot.waitUntil(lambda: engine.state.position.step == 3, timeout=PATIENCE)
        qtbot.waitUntil(
            lambda: context.document.training.optimizer["learning_rate"] == 0.75, timeout=PATIENCE
        )
        bus.do("project.save", path=str(path))
        qtbot.waitUntil(path.is_file, timeout=PATIENCE)
    found = io.read(path)
    assert [run.note.id for run in found.runs] == ["1"]
    assert found.project.run["id"] == "1.1"
    with open_window(qtbot, path, engine=True) as window:
        state = window.context.engine
        qtbot.waitUntil(lambda: len(state.state.runs) == 2, timeout=PATIENCE)
        assert [run.id for run in state.state.runs if run.open] == ["1.1"]


def test_runs_are_compared_renamed_and_deleted(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_window(qtbot, engine=True) as window:
        context = window.context
        bus, engine = context.bus, context.engine
        bus.do("template.open", name="xor-mlp")
        bus.do("workspace.show", name="train")
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=PATIENCE)
        button = control(window, "train-runs")
        assert not control(window, "run-compare-menu").isEnabled()
        bus.do("run.step", granularity="epoch")
        qtbot.waitUntil(lambda: engine.state.position.epoch == 1, timeout=PATIENCE)
        bus.do("run.branch", step=2)
        qtbot.waitUntil(
            lambda: len(engine.state.runs) == 2 and engine.state.position.step == 2,
            timeout=PATIENCE,
        )
        bus.do("training.configure", learning_rate=0.75)
        qtbot.waitUntil(
            lambda: engine.motion.newest.scalars["learning_rate"] == 0.75, timeout=PATIENCE
        )
        bus.do("run.step", granularity="epoch")
        qtbot.waitUntil(lambda: engine.state.position.epoch == 1, timeout=PATIENCE)
        action(window, "run-compare-1").trigger()
        qtbot.waitUntil(
            lambda: window.findChild(QWidget, "train-comparison") is not None, timeout=PATIENCE
        )
        card = control(window, "train-comparison")
        assert card.isVisible()
        words = control(window, "train-comparison-words").text()
        assert "same weights and see the same batches" in words
        assert "differ after step 3" in words
        told = [
            label.text() for label in control(window, "train-comparison-table").findChildren(Label)
        ]
        assert {"Loss", "Accuracy", "open run", "other run"} <= set(told)
        curves = control(window, "train-curves")
        assert curves.frame.beside.id == "1"
        assert action(window, "run-compare-1").isChecked()
        QTest.keyClick(card, Qt.Key.Key_Escape)
        assert not card.isVisible()
        action(window, "run-compare-none").trigger()
        assert curves.frame.beside is None

        monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("hotter", True))
        action(window, "run-rename").trigger()
        qtbot.waitUntil(lambda: button.accessibleName() == "Run 1.1: hotter", timeout=PATIENCE)

        def answer(name: str) -> None:
            box = [b for b in window.findChildren(QMessageBox, "run-delete") if b.isVisible()][-1]
            assert "run 1 " in box.text()
            click(box.button(getattr(QMessageBox.StandardButton, name)))

        action(window, "run-compare-1").trigger()
        qtbot.waitUntil(lambda: curves.frame.beside is not None, timeout=PATIENCE)
        QTimer.singleShot(200, lambda: answer("Cancel"))
        action(window, "run-delete-1").trigger()
        qtbot.wait(100)
        assert len(engine.state.runs) == 2
        QTimer.singleShot(200, lambda: answer("Discard"))
        action(window, "run-delete-1").trigger()
        qtbot.waitUntil(lambda: len(engine.state.runs) == 1, timeout=PATIENCE)
        assert context.document.dirty
        qtbot.waitUntil(lambda: curves.frame.beside is None, timeout=PATIENCE)
