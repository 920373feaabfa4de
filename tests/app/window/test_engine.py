"""The window with its real engine: what a learner does from the first Play to the next day."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.window.main import MainWindow
from tests.app.window.windows import action, click, control, open_window

# A first compilation may be going on beside this test.
_PATIENCE = 120_000


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setenv("CHAINRULE_WARM_UP", "0")

    def prepare(window: MainWindow) -> None:
        window.context.bus.do("template.open", name="xor-mlp")

    with open_window(qtbot, engine=True, prepare=prepare) as opened:
        wait_ready(qtbot, opened)
        yield opened


def wait_ready(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: status(window) in ("ready", "paused"), timeout=_PATIENCE)


def status(window: MainWindow) -> str:
    return window.context.engine.state.status


def step(window: MainWindow) -> int:
    position = window.context.engine.state.position
    return -1 if position is None else position.step


def test_play_counts_and_pause_stops(qtbot: QtBot, window: MainWindow) -> None:
    window.context.bus.do("run.speed", value="10/s")
    assert control(window, "play-button").isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: step(window) > 3, timeout=_PATIENCE)
    assert control(window, "counter-step").value != "0"
    assert action(window, "transport-play").text() == "Pause"
    assert not action(window, "transport-step").isEnabled()
    click(control(window, "play-button"))
    qtbot.waitUntil(lambda: status(window) == "paused", timeout=_PATIENCE)
    assert action(window, "transport-play").text() == "Play"
    assert window.context.document.dirty, "what was learned is not in a file yet"


def test_step_and_step_back_by_click_and_by_key(qtbot: QtBot, window: MainWindow) -> None:
    assert not action(window, "transport-step-back").isEnabled()
    QTest.keyClick(window, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: window.context.engine.state.granularity == "batch")
    assert control(window, "granularity-button").text() == "Batch"
    click(control(window, "step-button"))
    qtbot.waitUntil(lambda: step(window) == 1, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: action(window, "transport-step-back").isEnabled())
    QTest.keyClick(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: step(window) == 2, timeout=_PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_Comma)
    qtbot.waitUntil(lambda: step(window) == 1, timeout=_PATIENCE)
    click(control(window, "step-back-button"))
    qtbot.waitUntil(lambda: step(window) == 0, timeout=_PATIENCE)
    qtbot.waitUntil(lambda: not action(window, "transport-step-back").isEnabled())


def test_one_instruction_by_f10(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_F10)
    position = lambda: window.context.engine.state.position  # noqa: E731
    qtbot.waitUntil(lambda: position() is not None and position().pc == 1, timeout=_PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: position().pc == 0, timeout=_PATIENCE)


def test_a_problem_blocks_play_and_its_repair_frees_it(qtbot: QtBot, window: MainWindow) -> None:
    last = window.context.document.network.layers[-1].id
    window.context.bus.do("layer.configure", layer=last, units=3)
    play = action(window, "transport-play")
    assert not play.isEnabled()
    assert window.context.document.inspection.problems[0].sentence in play.toolTip()
    window.context.bus.do("layer.fix", layer=last)
    qtbot.waitUntil(play.isEnabled, timeout=_PATIENCE)


def test_the_canvas_shows_what_the_network_computes(qtbot: QtBot, window: MainWindow) -> None:
    canvas = window.view("build").canvas  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: canvas.blocks[1].view.glyph.value is not None, timeout=_PATIENCE)
    units = window.context.document.network.layers[1].config["units"]
    assert canvas.blocks[1].view.glyph.value.shape == (units,)


def test_a_saved_run_goes_on_where_it_was(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    target = tmp_path / "run.chainrule"
    window.context.bus.do("run.step", granularity="batch")
    qtbot.waitUntil(lambda: step(window) == 1, timeout=_PATIENCE)
    with qtbot.waitSignal(window.projects.saved, timeout=_PATIENCE):
        window.context.bus.do("project.save", path=str(target))
    assert not window.context.document.dirty
    window.context.bus.do("template.open", name="xor-mlp")
    qtbot.waitUntil(lambda: step(window) == 0, timeout=_PATIENCE)
    window.context.bus.do("project.open", path=str(target))
    qtbot.waitUntil(lambda: step(window) == 1, timeout=_PATIENCE)
    assert not window.context.document.dirty


def test_divergence_is_explained_and_rewound(qtbot: QtBot, window: MainWindow) -> None:
    bus = window.context.bus
    bus.do("run.speed", value="max")
    bus.do(
        "layer.configure", layer=window.context.document.network.layers[1].id, activation="linear"
    )
    bus.do("training.configure", optimizer="SGD", learning_rate=100.0, loss="mean_squared_error")
    last = window.context.document.network.layers[-1].id
    bus.do("layer.configure", layer=last, units=2, activation="linear")
    qtbot.waitUntil(action(window, "transport-play").isEnabled, timeout=_PATIENCE)
    qtbot.wait(200)
    bus.do("run.play")
    qtbot.waitUntil(lambda: status(window) == "diverged", timeout=_PATIENCE)
    qtbot.waitUntil(window.banner.isVisible)
    assert "step" in window.banner.text
    assert not action(window, "transport-play").isEnabled()
    assert action(window, "transport-step-back").isEnabled()
    bus.do("run.step_back", granularity="batch")
    qtbot.waitUntil(lambda: status(window) == "paused", timeout=_PATIENCE)
    assert window.banner.isVisible(), "what to do about it is still worth knowing"
    bus.do("run.speed", value="1x")
    bus.do("run.play")
    qtbot.waitUntil(lambda: not window.banner.isVisible(), timeout=_PATIENCE)
    bus.do("run.speed", value="max")
    qtbot.waitUntil(lambda: status(window) == "diverged", timeout=_PATIENCE)
    qtbot.waitUntil(window.banner.isVisible)
    click(control(window, "lower-learning-rate"))
    assert window.context.document.training.optimizer["learning_rate"] == pytest.approx(10.0)
    qtbot.waitUntil(lambda: status(window) != "diverged", timeout=_PATIENCE)


def test_closing_while_it_plays_is_quiet() -> None:
    script = (
        "import app\n"
        "from PySide6.QtCore import QTimer\n"
        "application = app.create_application()\n"
        "window = app.create_window()\n"
        "window.context.bus.do('template.open', name='xor-mlp')\n"
        "window.show()\n"
        "def look():\n"
        "    state = window.context.engine.state\n"
        "    if state.status == 'ready':\n"
        "        window.context.bus.do('run.speed', value='max')\n"
        "        window.context.bus.do('run.play')\n"
        "    elif state.position is not None and state.position.step > 2:\n"
        "        window.shut_down()\n"
        "        application.quit()\n"
        "timer = QTimer()\n"
        "timer.timeout.connect(look)\n"
        "timer.start(20)\n"
        "application.exec()\n"
        "print('closed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "closed" in done.stdout
    assert "QThread" not in done.stderr
    assert "Traceback" not in done.stderr


def test_data_the_network_cannot_take_leave_no_numbers_of_the_others(
    qtbot: QtBot, window: MainWindow
) -> None:
    bus, engine = window.context.bus, window.context.engine
    bus.do("workspace.show", name="train")
    bus.do("run.step", granularity="batch")
    loss = control(window, "train-output-metric-loss")
    qtbot.waitUntil(lambda: loss.text() != "–", timeout=_PATIENCE)
    bus.do("data.choose", id="digits")
    qtbot.waitUntil(lambda: status(window) == "blocked", timeout=_PATIENCE)
    # The engine's answer to what was sent before must not bring them back.
    answers: list[object] = []
    engine.ask("saved_state", done=answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=_PATIENCE)
    assert engine.latest is None
    view = window.view("train")
    prefix = (
        "train-output-metric" if view.inspector.page is view.inspector.output else "train-metric"
    )  # type: ignore[union-attr]
    assert control(window, f"{prefix}-loss").text() == "–"
    sentence = window.context.document.inspection.problems[0].sentence
    assert view.stage.accessibleDescription() == sentence  # type: ignore[union-attr]
    assert control(window, "status-engine").text() == "Cannot train"
    assert control(window, "status-engine").toolTip() == sentence
    bus.do("edit.undo")
    qtbot.waitUntil(lambda: status(window) == "paused", timeout=_PATIENCE)
    qtbot.waitUntil(lambda: loss.text() != "–", timeout=_PATIENCE)
    assert view.stage.accessibleDescription() == ""  # type: ignore[union-attr]
