"""The menu of runs: branch, train on, go back to the other, save and open."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from app.train.comparison import ComparisonCard
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
        told_words = control(window, "train-comparison-words")
        qtbot.waitUntil(lambda: "same weights" in told_words.text(), timeout=PATIENCE)
        words = told_words.text()
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
        qtbot.wait(50)
        # Cancelled before the answer is looked at: everything is as it was.
        action(window, "run-compare-1").trigger()
        click(control(window, "train-comparison-close"))
        assert action(window, "run-compare-none").isChecked()
        assert not action(window, "run-compare-1").isChecked()
        qtbot.wait(200)
        assert curves.frame.beside is None
        assert not card.isVisible()

        monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("hotter", True))
        action(window, "run-rename").trigger()
        qtbot.waitUntil(lambda: button.accessibleName() == "Run 1.1: hotter", timeout=PATIENCE)

        action(window, "run-compare-1").trigger()
        qtbot.waitUntil(lambda: curves.frame.beside is not None, timeout=PATIENCE)
        action(window, "run-delete-1").trigger()
        qtbot.waitUntil(lambda: len(engine.state.runs) == 1, timeout=PATIENCE)
        assert context.document.dirty
        qtbot.waitUntil(lambda: curves.frame.beside is None, timeout=PATIENCE)
        assert action(window, "edit-undo").text() == "Undo: Delete run 1"
        bus.do("edit.undo")
        qtbot.waitUntil(lambda: len(engine.state.runs) == 2, timeout=PATIENCE)
        bus.do("edit.redo")
        qtbot.waitUntil(lambda: len(engine.state.runs) == 1, timeout=PATIENCE)
        click(control(window, "toast-undelete"))
        qtbot.waitUntil(lambda: len(engine.state.runs) == 2, timeout=PATIENCE)
        bus.do("edit.undo")
        qtbot.waitUntil(lambda: len(engine.state.runs) == 1, timeout=PATIENCE)


def test_undo_opens_the_run_again_that_was_left_with_its_own_settings(qtbot: QtBot) -> None:
    with open_window(qtbot, engine=True) as window:
        context = window.context
        bus, engine, document = context.bus, context.engine, context.document

        def opened() -> str:
            return next((run.id for run in engine.state.runs if run.open), "")

        def rates() -> tuple[float, float]:
            return document.training.optimizer["learning_rate"], engine.motion.newest.scalars[
                "learning_rate"
            ]

        def stands(run: str, rate: float) -> None:
            qtbot.waitUntil(
                lambda: opened() == run and rates() == pytest.approx((rate, rate)), timeout=PATIENCE
            )

        bus.do("template.open", name="xor-mlp")
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=PATIENCE)
        bus.do("training.configure", learning_rate=0.25)
        bus.do("run.step", granularity="epoch")
        qtbot.waitUntil(lambda: engine.state.position.epoch == 1, timeout=PATIENCE)
        bus.do("run.branch", step=2)
        qtbot.waitUntil(
            lambda: opened() == "1.1" and document.stack.undoText() == "Branch the run",
            timeout=PATIENCE,
        )
        bus.do("training.configure", learning_rate=0.75)
        stands("1.1", 0.75)
        bus.do("run.switch", run="1")
        stands("1", 0.25)
        bus.do("edit.undo")
        stands("1.1", 0.75)
        bus.do("edit.redo")
        stands("1", 0.25)
        for _ in range(2):
            bus.do("edit.undo")
        stands("1.1", 0.25)
        bus.do("edit.undo")
        stands("1", 0.25)
        assert len(engine.state.runs) == 2


def test_choosing_other_data_keeps_the_run_and_undo_brings_it_back(qtbot: QtBot) -> None:
    with open_window(qtbot, engine=True) as window:
        context = window.context
        bus, engine, document = context.bus, context.engine, context.document
        bus.do("template.open", name="xor-mlp")
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=PATIENCE)
        for _ in range(3):
            bus.do("run.step", granularity="batch")
        qtbot.waitUntil(lambda: engine.state.position.step == 3, timeout=PATIENCE)
        bus.do("data.choose", id="moons")
        qtbot.waitUntil(lambda: len(engine.state.runs) == 2, timeout=PATIENCE)
        assert engine.state.position.step == 0
        qtbot.waitUntil(lambda: "Run 1 is kept" in window.toast.text, timeout=PATIENCE)
        bus.do("edit.undo")
        qtbot.waitUntil(lambda: engine.state.position.step == 3, timeout=PATIENCE)
        assert document.data.id == "xor"
        bus.do("edit.redo")
        qtbot.waitUntil(lambda: engine.state.position.step == 0, timeout=PATIENCE)
        bus.do("run.switch", run="1")
        qtbot.waitUntil(lambda: document.data.id == "xor", timeout=PATIENCE)
        assert engine.state.position.step == 3


def test_a_comparison_says_how_far_it_is_and_can_be_cancelled(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("workspace.show", name="train")
        card = ComparisonCard(control(window, "train-runs"))
        cancelled: list[bool] = []
        card.cancelled.connect(lambda: cancelled.append(True))
        card.show_waiting("Run 1.1", "Run 1")
        card.open()
        card.show_share(0.5)
        progress = control(window, "train-comparison-progress")
        assert (progress.share, progress.accessibleName()) == (0.5, "50 % compared")
        button = control(window, "train-comparison-close")
        assert button.accessibleName() == "Cancel"
        QTest.keyClick(card, Qt.Key.Key_Escape)
        assert cancelled == []
        card.open()
        click(button)
        assert cancelled == [True]
        assert not card.isVisible()
        card.show_problem("They have no step in common.")
        card.open()
        assert progress.share is None
        assert button.accessibleName() == "Close"
        click(button)
        assert cancelled == [True]
