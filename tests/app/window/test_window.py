from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

import app
from app import theme
from app.engine.state import EngineState
from app.settings import Settings
from app.window import dialogs
from app.window.status import engine_words
from core import optimizers
from tests.app.window.windows import action, click, control, layers, open_window

RELIED_UPON = (
    "transport-play", "transport-step", "transport-step-back", "transport-reset", "project-new",
    "project-open", "project-save", "project-export", "edit-undo", "edit-redo", "view-theme",
)  # fmt: skip


def test_the_application_is_made_once(qtbot: QtBot) -> None:
    assert app.create_application() is app.create_application()


def test_a_window_is_there_before_numba_is(tmp_path: Path) -> None:
    script = (
        "import sys, app\n"
        "assert 'PySide6' not in sys.modules, 'importing app costs nothing'\n"
        "app.create_application()\n"
        "window = app.create_window()\n"
        "window.hold_engine()\n"
        "window.show()\n"
        "app.create_application().processEvents()\n"
        "assert window.isVisible()\n"
        "assert 'numba' not in sys.modules, 'numba'\n"
        "assert 'torch' not in sys.modules\n"
        "window.shut_down()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "QThread" not in done.stderr


def test_the_actions_lessons_and_menus_rely_upon_exist_and_have_names(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        for name in RELIED_UPON:
            assert action(window, name).text()
        for workspace in window.known_workspaces():
            assert action(window, f"workspace-{workspace.id}").isCheckable()
        assert window.workspace == "build"
        assert action(window, "workspace-build").isChecked()


def test_every_control_has_a_name_for_screen_readers(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("select.layer", layer="conv2d_1")
        for widget in window.findChildren(QWidget):
            if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert widget.accessibleName() or widget.focusProxy(), widget.objectName()


def test_object_names_of_visible_controls_are_unique(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        for layer in ("conv2d_1", "dense_1", "dropout_1", "conv2d_2"):
            window.context.bus.do("select.layer", layer=layer)
        names = [
            w.objectName()
            for w in window.findChildren(QWidget)
            if w.focusPolicy() & Qt.FocusPolicy.TabFocus and not w.objectName().startswith("qt_")
        ]
        named = [name for name in names if name]
        assert len(named) == len(set(named)), sorted({n for n in named if named.count(n) > 1})


def test_the_theme_switches_and_is_remembered(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("view.theme", name="dark")
        dark = window.grab().toImage().pixelColor(300, 300)
        action(window, "view-theme").trigger()
        assert theme.current().name == "light"
        light = window.grab().toImage().pixelColor(300, 300)
        assert light.lightness() > dark.lightness() + 100
        assert window.context.settings.get("theme") == "light"
    with open_window(qtbot) as window:
        assert theme.current().name == "light"
        window.context.bus.do("view.theme", name="system")
        assert action(window, "view-theme-system").isChecked()


def test_workspaces_by_key_and_the_last_one_is_remembered(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        order = [item.id for item in window.known_workspaces()]
        other = next(name for name in order if name != "build")
        key = Qt.Key(Qt.Key.Key_1 + order.index(other))
        QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.workspace == other
        assert window.context.bus.log[-1].name == "workspace.show"
    with open_window(qtbot) as window:
        assert window.workspace == other
        click(control(window, "workspace-build-button"))
        assert window.workspace == "build"
        click(control(window, "workspace-build-button"))
        assert action(window, "workspace-build").isChecked()


def test_size_is_remembered(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        # Qt brings a window back to the size of the screen, and this one is small.
        window.resize(960, 640)
        qtbot.waitUntil(lambda: window.height() == 640)
    app.create_application()
    again = app.create_window()
    assert (again.width(), again.height()) == (960, 640)
    again.shut_down()


@pytest.mark.parametrize(
    ("width", "inspector", "rail"), [(1440, True, 72), (1300, False, 72), (1024, False, 48)]
)
def test_a_narrow_window_collapses(qtbot: QtBot, width: int, inspector: bool, rail: int) -> None:
    with open_window(qtbot) as window:
        window.resize(width, 600)
        qtbot.waitUntil(lambda: window.width() == width)
        assert control(window, "inspector").isVisible() == inspector
        assert window.rail.width() == rail
        if not inspector:
            click(control(window, "inspector-tab"))
            assert control(window, "inspector").isVisible()
        # Nothing sticks out: every control of the top bar is inside the window.
        for name in ("play-button", "step-button", "step-back-button", "export-button"):
            box = control(window, name)
            assert box.mapTo(window, box.rect().topRight()).x() <= width


def test_undo_says_what_it_takes_back(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        assert not action(window, "edit-undo").isEnabled()
        window.context.bus.do("layer.add", kind="Dropout", index=3)
        assert action(window, "edit-undo").text() == "Undo: Add Dropout"
        action(window, "edit-undo").trigger()
        assert action(window, "edit-redo").text() == "Redo: Add Dropout"
        assert not action(window, "edit-undo").isEnabled()


def test_the_training_popover_edits_and_refuses(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        field = control(window, "training-batch_size")
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, "16")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert window.context.document.training.batch_size == 16
        field.selectAll()
        QTest.keyClicks(field, "0")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert window.context.document.training.batch_size == 16
        assert "from 1 to" in control(window, "training-editor-problem").text()
        choice = control(window, "training-optimizer")
        assert [choice.itemData(k) for k in range(choice.count())] == list(optimizers.names())
        for name in (*optimizers.names(), "SGD"):
            choice.chosen.emit(name)
            assert window.context.document.training.optimizer["kind"] == name
            for setting in optimizers.kind(name).own[1:]:
                assert control(window, f"training-{setting.name}").accessibleName()
        assert "SGD" in control(window, "training-chip").accessibleName()
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert not control(window, "training-editor").isVisible()


def test_a_dragged_learning_rate_is_one_undo_step(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "training-chip"))
        slider = control(window, "training-learning-rate")
        before = window.context.document.stack.count()
        for x in (20, 30, 40, 60):
            if x == 20:
                QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
            QTest.mouseMove(slider, slider.rect().topLeft() + type(slider.pos())(x, 12))
        QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=slider.rect().center())
        assert window.context.document.stack.count() == before + 1


def test_another_data_set_brings_its_input_and_its_loss(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("data.choose", id="digits8x8")
        network = window.context.document.network
        assert network.layers[0].config["shape"] == [8, 8, 1]
        assert "8×8" in control(window, "data-chip").accessibleName()
        action(window, "edit-undo").trigger()
        assert window.context.document.network.layers[0].config["shape"] == [28, 28, 1]


def test_save_and_open_bring_back_the_document(qtbot: QtBot, tmp_path: Path) -> None:
    target = tmp_path / "mine.chainrule"
    with open_window(qtbot) as window:
        bus = window.context.bus
        bus.do("layer.add", kind="Dropout", index=3, rate=0.25)
        assert window.context.document.dirty
        with qtbot.waitSignal(window.projects.saved):
            bus.do("project.save", path=str(target))
        assert not window.context.document.dirty
        state = window.context.document.state
        bus.do("template.open", name="xor-mlp")
        bus.do("project.open", path=str(target))
        assert window.context.document.state == state
        assert not window.context.document.dirty
        assert window.projects.recent() == [target]
    with open_window(qtbot) as window:
        assert window.context.document.state == state
        assert window.context.document.path == target


def test_a_damaged_file_is_explained_and_the_project_stays(qtbot: QtBot, tmp_path: Path) -> None:
    bad = tmp_path / "bad.chainrule"
    bad.write_bytes(b"not a project")
    with open_window(qtbot) as window:
        before = window.context.document.state
        window.context.do("project.open", path=str(bad))
        assert window.context.document.state == before
        assert window.banner.isVisible()
        assert "bad.chainrule" in window.banner.text
        click(control(window, "banner-close"))
        assert not window.banner.isVisible()
    with open_window(qtbot, bad) as window:
        assert "bad.chainrule" in window.banner.text
        assert layers(window), "a project is open all the same"


def test_a_save_that_fails_says_so_and_stays_dirty(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("layer.add", kind="Dropout", index=3)
        with qtbot.waitSignal(window.projects.failed):
            window.context.bus.do(
                "project.save", path=str(tmp_path / "no" / "such" / "x.chainrule")
            )
        assert window.context.document.dirty
        assert window.banner.isVisible()


def _answer(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> list[str]:
    asked: list[str] = []

    def answer(box: QMessageBox) -> int:
        asked.append(box.text())
        return button

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return asked


def test_closing_asks_about_unsaved_changes(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("layer.add", kind="Dropout", index=3)
        asked = _answer(monkeypatch, QMessageBox.StandardButton.Cancel)
        assert not window.close()
        assert window.isVisible()
        assert asked == ["Save the changes to Digits CNN?"]
        _answer(monkeypatch, QMessageBox.StandardButton.Discard)
        assert window.close()


def test_a_project_that_is_as_it_was_opened_closes_without_a_question(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_window(qtbot) as window:
        window.context.bus.do("layer.add", kind="Dropout", index=3)
        action(window, "edit-undo").trigger()
        asked = _answer(monkeypatch, QMessageBox.StandardButton.Cancel)
        assert window.close()
        assert not asked


def test_space_presses_the_focused_control_instead_of_playing(qtbot: QtBot) -> None:
    with open_window(qtbot) as window:
        click(control(window, "workspace-build-button"))
        window.context.bus.do("select.layer", layer="dense_1")
        toggle = control(window, "toggle-use_bias")
        qtbot.waitUntil(toggle.isVisible)
        toggle.setFocus(Qt.FocusReason.TabFocusReason)
        assert window.findChild(QWidget, "focus-ring").isVisible()
        QTest.keyClick(toggle, Qt.Key.Key_Space)
        assert window.context.document.network.layer("dense_1").config["use_bias"] is False
        assert window.context.engine.state.status == "starting"


def test_project_menu_and_recent(qtbot: QtBot, tmp_path: Path) -> None:
    with open_window(qtbot) as window:
        with qtbot.waitSignal(window.projects.saved):
            window.context.bus.do("project.save", path=str(tmp_path / "a.chainrule"))
        click(control(window, "project-menu"))
        menu = window.findChild(QMenu, "project-menu-list")
        assert menu is not None
        assert menu.isVisible()
        recent = window.findChild(QMenu, "project-recent")
        assert recent is not None
        assert [entry.text() for entry in recent.actions()] == ["a"]
        menu.close()


def test_templates_by_the_dialog(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_window(qtbot) as window:

        def choose(dialog: dialogs._Templates) -> int:
            click(control(dialog, "template-xor-mlp"))
            return dialog.result()

        monkeypatch.setattr(dialogs._Templates, "exec", choose)
        click(control(window, "templates-button"))
        assert window.context.document.name == "XOR MLP" or "XOR" in window.context.document.name
        assert window.context.document.data.id == "xor"


CORPUS = Path(__file__).parents[2] / "core" / "io" / "corpus"


def test_damaged_settings_mean_defaults(home: Path) -> None:
    (home / "settings.json").write_text("{ not json")
    settings = Settings()
    assert settings.get("theme", "system") == "system"
    settings.set("theme", "dark")
    assert Settings().get("theme") == "dark"


def test_after_a_crash_the_work_is_offered(qtbot: QtBot, home: Path) -> None:
    script = (
        "import os, app\n"
        "from PySide6.QtTest import QTest\n"
        "app.create_application()\n"
        "window = app.create_window()\n"
        "window.hold_engine()\n"
        "window.show()\n"
        "window.projects.start_autosave()\n"
        "window.context.bus.do('layer.add', kind='Dropout', index=3, rate=0.125)\n"
        "window.projects.copy()\n"
        "while not window.projects.has_copy:\n"
        "    QTest.qWait(5)\n"
        "os._exit(9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    with open_window(qtbot) as window:
        dialogs.offer_recovery(window)
        assert "Digits CNN" in window.banner.text
        click(control(window, "recover"))
        assert window.context.document.network.layers[3].config["rate"] == 0.125
        assert window.context.document.dirty
        assert window.projects.recoveries() == []


def test_a_project_saved_before_the_engine_is_up_keeps_its_run(
    qtbot: QtBot, home: Path, tmp_path: Path
) -> None:
    from core import io

    given, path = io.read(CORPUS / "v1-xor.chainrule"), tmp_path / "again.chainrule"
    assert given.project.run
    with open_window(qtbot, engine=True) as window:
        bus = window.context.bus
        bus.do("project.open", path=str(CORPUS / "v1-xor.chainrule"))
        assert window.context.engine.state.position is None
        bus.do("project.save", path=str(path))
        qtbot.waitUntil(path.is_file, timeout=60_000)
    saved = io.read(path)
    assert saved.project.run["step"] == given.project.run["step"]
    assert set(saved.optimizer) == set(given.optimizer)


def test_an_orderly_close_leaves_nothing_to_recover(qtbot: QtBot, home: Path) -> None:
    with open_window(qtbot) as window:
        window.projects.start_autosave()
        window.context.bus.do("layer.add", kind="Dropout", index=3)
        window.projects.copy()
        qtbot.waitUntil(lambda: window.projects.has_copy)
    assert not list((home / "recovery").iterdir())


def test_an_error_in_a_slot_is_a_sentence_and_a_log(qtbot: QtBot, home: Path) -> None:
    from app.window.crash import CrashReporter

    with open_window(qtbot) as window:
        reporter = CrashReporter()
        reporter.install()
        reporter.attach(window)
        try:
            raise ZeroDivisionError("a test")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        reporter.close()
        qtbot.waitUntil(lambda: window.banner.isVisible())
        assert "ZeroDivisionError" in window.banner.text
        assert "test_an_error_in_a_slot" in reporter.log_file.read_text()


def test_hints_of_the_last_workspace_are_gone_at_once(qtbot: QtBot) -> None:
    from app.widgets import Key
    from app.window.status import StatusBar

    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.set_hint((("A", "one"), ("B", "two")))
    bar.set_hint((("C", "three"),))
    assert len([key for key in bar.findChildren(Key) if not key.isHidden()]) == 1


def test_the_end_of_training_is_announced_and_the_counter_never_passes_its_total(
    qtbot: QtBot,
) -> None:
    from core.runs import Position

    position = Position(step=80, epoch=4, batch=0, batches=20, pc=0, instructions=9, rows=20)
    state = EngineState(status="paused", position=position, finished=True)
    assert engine_words(state, True)[0] == "Finished 4 epochs"
    with open_window(qtbot) as window:
        window.top.set_state(state, 2)
        assert window.top.epoch.accessibleName() == "Epoch 4 / 4"
