"""The export dialog with a real engine behind it, clicked like a learner does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from app.bus import Bus
from app.clock import Clock
from app.document import Document, State
from app.engine import Engine
from app.export.dialog import ExportDialog, open_dialog
from app.export.formats import by_id
from app.export.places import default_target, next_free, with_suffix
from app.settings import Settings
from app.widgets import NumberField, TextField
from app.workspace import WindowContext
from core import templates


class Desk:
    """A window with a dialog over it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot, self.folder = qtbot, folder
        template = templates.load("xor-mlp")
        document = Document(
            State(template.title, template.network, template.training, template.data)
        )
        clock, bus = Clock(), Bus()
        self.engine = Engine(clock, warm=False)
        settings = Settings(folder / "settings.json")
        self.context = WindowContext(document, bus, self.engine, clock, settings)
        self.window = QWidget()
        self.window.context = self.context  # type: ignore[attr-defined]
        self.window.resize(1440, 900)
        qtbot.addWidget(self.window)
        with qtbot.waitSignal(self.engine.ready, timeout=60_000):
            self.engine.attach(bus, document)
        self.engine.step("epoch")
        self.until(
            lambda: self.engine.latest is not None and self.engine.latest.position.step == 20
        )
        self.window.show()
        self.dialog: ExportDialog = open_dialog(self.window)

    def until(self, test: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(test, timeout=60_000)

    def click(self, name: str) -> None:
        button = self.dialog.findChild(QAbstractButton, name)
        assert button is not None, name
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    @property
    def text(self) -> str:
        return self.dialog.footer.text


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(qtbot, tmp_path)
    yield desk
    desk.dialog.job.close()
    desk.dialog.previewer.close()
    desk.engine.close()


def test_a_film_is_made(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    desk.dialog.set_path(out)
    desk.dialog.form.set_values({"size": "640x360", "rate": "15", "seconds": 1})
    seen: list[str] = []
    desk.dialog.job.progressed.connect(lambda done, of: seen.append(desk.text))
    desk.click("export-start")
    assert not desk.dialog.form.isEnabled()
    desk.until(lambda: desk.text.startswith("Saved"))
    assert desk.dialog.form.isEnabled()
    assert "Rendering frame 15 of 15" in seen
    with av.open(str(out)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 15
    # What it took is what the next estimate goes by.
    desk.dialog._on_changed()
    assert "About" in desk.dialog.footer._plan.text()


def test_cancel_removes_what_was_written(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    desk.dialog.set_path(folder / "film.mp4")
    desk.dialog.form.set_values({"seconds": 300})
    desk.click("export-start")
    desk.until(lambda: desk.dialog.job.done >= 2)
    desk.click("export-cancel")
    desk.until(lambda: not desk.dialog.job.running)
    assert os.listdir(folder) == []
    assert desk.text == "Cancelled"
    # The run behind goes on telling its state, which changes nothing of that.
    desk.dialog._show_run(desk.engine.state)
    assert desk.text == "Cancelled"
    assert desk.dialog.isVisible()
    desk.dialog.form.set_values({"seconds": 0})
    assert desk.text == "Ready to export"
    field = desk.dialog.findChild(NumberField, "export-seconds")
    assert field.text() == "automatic"
    field.lineEdit().setText("2.5")
    field.interpretText()
    assert desk.dialog.recipe().seconds == 2.5
    field.lineEdit().setText("")
    field.interpretText()
    assert desk.dialog.recipe().seconds is None
    assert field.text() == "automatic"


def test_cancel_before_the_engine_has_answered(desk: Desk, tmp_path: Path) -> None:
    desk.dialog.set_path(tmp_path / "film.mp4")
    desk.dialog.start()
    desk.click("export-cancel")
    done: list[object] = []
    desk.engine.ask("saved_state", done=done.append)
    desk.until(lambda: bool(done))
    assert not desk.dialog.job.running
    assert desk.dialog.isVisible()


def test_a_target_that_cannot_be_written_is_said_before_anything_starts(
    desk: Desk, tmp_path: Path
) -> None:
    desk.dialog.set_path(tmp_path / "no" / "film.mp4")
    desk.click("export-start")
    assert "does not exist" in desk.text
    assert not desk.dialog.job.running
    assert desk.dialog.form.isEnabled()


def test_the_format_decides_the_ending(desk: Desk, tmp_path: Path) -> None:
    desk.dialog.set_path(tmp_path / "film.mp4")
    for fmt in ("gif", "svg", "frames"):
        desk.click(f"export-format-{fmt}")
        assert desk.dialog.path.suffix == by_id(fmt).suffix
        assert desk.dialog.recipe().format == fmt


def test_the_preview_is_the_film_s_own_picture(desk: Desk) -> None:
    desk.until(lambda: desk.dialog.preview._image is not None and not desk.dialog.preview._stale)
    last = desk.dialog.preview._image
    desk.dialog._moment.setValue(0)
    assert desk.dialog.preview._stale
    desk.until(lambda: not desk.dialog.preview._stale)
    assert desk.dialog.preview._image != last


def test_the_range_by_keyboard(desk: Desk) -> None:
    bar = desk.dialog.range
    assert bar.range == (0, 20)
    desk.qtbot.keyClick(bar, Qt.Key.Key_Left)
    desk.qtbot.keyClick(bar, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert bar.range == (1, 19)
    recipe = desk.dialog.recipe()
    assert (recipe.first, recipe.last) == (1, 19)


def test_escape_closes(desk: Desk) -> None:
    desk.qtbot.keyClick(desk.dialog, Qt.Key.Key_Escape)
    assert not desk.dialog.isVisible()
    again = open_dialog(desk.window)
    assert again is not desk.dialog
    assert open_dialog(desk.window) is again
    again.close_dialog()


def test_it_fits_a_small_window(desk: Desk) -> None:
    desk.window.resize(1024, 600)
    frame = desk.dialog._frame.geometry()
    assert desk.dialog.rect().contains(frame)
    for name in ("export-start", "export-cancel"):
        button = desk.dialog.findChild(QWidget, name)
        assert button is not None
        assert desk.dialog.rect().contains(button.mapTo(desk.dialog, button.rect().center()))


def test_places(tmp_path: Path) -> None:
    mp4 = by_id("mp4")
    first = default_target("Two spirals: ½!", mp4, str(tmp_path))
    assert first == tmp_path / "two-spirals-½.mp4"
    first.touch()
    assert default_target("Two spirals: ½!", mp4, str(tmp_path)).name == "two-spirals-½-2.mp4"
    assert next_free(tmp_path / "x.gif") == tmp_path / "x.gif"
    assert with_suffix(Path("a.b/film.v2"), mp4) == Path("a.b/film.v2.mp4")
    assert with_suffix(Path("film.gif"), mp4) == Path("film.mp4")


def test_one_step_is_filmed_in_close_up(desk: Desk, tmp_path: Path) -> None:
    dialog, out = desk.dialog, tmp_path / "step.mp4"
    layer = desk.context.document.network.layers[1].id
    before = dialog.recipe()
    looked_at = {"layer": layer, "tensor": f"{layer}/z", "cell": [1], "row": 3, "scale": "shared"}
    dialog.film("closeup", looked_at)
    recipe = dialog.recipe()
    assert (before.scene, recipe.scene) == ("training", "closeup")
    assert recipe.toggles == looked_at
    assert recipe.last == 20
    dialog.set_path(out)
    dialog.form.set_values({"size": "640x360", "rate": "15", "seconds": 2})
    assert dialog._range_text.text() == "step 20"
    desk.click("export-start")
    desk.until(lambda: desk.text.startswith("Saved"))
    with av.open(str(out)) as film:
        count = sum(1 for _ in film.decode(video=0))
    assert count == dialog._frames(dialog.recipe())
    assert count == 30


def test_a_weight_is_filmed_and_a_cell_it_does_not_have_is_refused(
    desk: Desk, tmp_path: Path
) -> None:
    dialog, out = desk.dialog, tmp_path / "weight.gif"
    dialog.film("story", {"tensor": "dense_1/kernel", "cell": [1, 2], "row": 1})
    dialog.range.set_range(4, 12)
    recipe = dialog.recipe()
    assert (recipe.scene, recipe.first, recipe.last) == ("story", 4, 12)
    assert recipe.toggles == {"tensor": "dense_1/kernel", "cell": [1, 2], "row": 1}
    dialog.set_path(out)
    dialog.form.set_values({"format": "gif", "size": "640x360", "rate": "15", "seconds": 1})
    cell = dialog.findChild(TextField, "export-cell")
    assert cell.text() == "2, 3"
    for typed, told in (("2, 99", "no number [2, 99]"), ("two", "counted from 1")):
        cell.setText(typed)
        dialog.form.changed.emit()
        desk.click("export-start")
        assert told in desk.text
        assert not dialog.job.running
    cell.setText("2, 1")
    dialog.form.changed.emit()
    desk.click("export-start")
    desk.until(lambda: desk.text.startswith("Saved"))
    assert out.stat().st_size > 1000
    assert dialog.recipe().toggles["cell"] == [1, 0]
