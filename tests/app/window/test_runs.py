"""The menu of runs: branch, train on, go back to the other, save and open."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

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
