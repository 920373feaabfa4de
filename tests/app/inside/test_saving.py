"""Pictures of Look inside as files: painted anew with a caption, and the numbers they show."""

from __future__ import annotations

import csv
import errno
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from app.bus import CommandError
from app.inside.saving import pictures
from core.io.errors import explain_os_error
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action


def saved(inside: Inside, picture: str, path: Path) -> Path:
    """Save a picture and wait for its file."""
    inside.do("inside.save", picture=picture, path=str(path))
    inside.until(path.exists)
    return path


def test_pictures_are_painted_with_a_caption(inside: Inside, tmp_path: Path) -> None:
    image = QImage(str(saved(inside, "inside-wall", tmp_path / "wall.png")))
    wall = inside.window.findChild(QWidget, "inside-wall")
    zoom = image.width() / (wall.width() + 32)
    assert zoom == int(zoom) >= 2
    x, y, w, h = wall.place.hits.get("map:conv2d_1:3").rect
    one = inside.session.look.layers["conv2d_1"][..., 3]
    bright, dark = (np.unravel_index(f(one), one.shape) for f in (np.argmax, np.argmin))
    colors = [
        image.pixelColor(
            int((16 + x + (column + 0.5) * w / one.shape[1]) * zoom),
            int((44 + y + (row + 0.5) * h / one.shape[0]) * zoom),
        ).lightness()
        for row, column in (bright, dark)
    ]
    assert colors[0] > colors[1] + 20
    root = ElementTree.parse(saved(inside, "inside-wall", tmp_path / "wall.svg")).getroot()
    words = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Conv2D 2" in words
    caption = next(text for text in words if " · " in text)
    session = inside.session
    for part in (
        session.context.document.name,
        "Conv2D 1, channel 1",
        session.input.words,
        "step 0",
    ):
        assert part in caption
    sources = [
        i.get("{http://www.w3.org/1999/xlink}href", "")
        for i in root.iter("{http://www.w3.org/2000/svg}image")
    ]
    assert len(sources) >= 8
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["wall.png", "wall.svg"]


@pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)
def test_every_picture_can_be_saved_and_its_numbers_are_those_shown(
    inside: Inside, tmp_path: Path
) -> None:
    tile = inside.window.findChild(QWidget, "inside-tile-saliency")
    inside.until(lambda: tile.values is not None)
    found = pictures(inside.view.spots)
    assert {"maps", "inside-wall", "attribution", "inside-tile-saliency", "walk"} <= set(found)
    for number, name in enumerate(found):
        path = saved(inside, name, tmp_path / f"{number}.png")
        assert QImage(str(path)).width() >= 400, name
        assert b"<svg" in saved(inside, name, tmp_path / f"{number}.svg").read_bytes()
    back = np.load(saved(inside, "inside-tile-saliency", tmp_path / "s.npy"), allow_pickle=False)
    assert np.array_equal(back, tile.values)
    rows = list(
        csv.reader(
            saved(inside, "inside-tile-saliency", tmp_path / "s.csv").read_text().splitlines()
        )
    )
    assert np.array_equal(np.array(rows, np.float32), tile.values.astype(np.float32))
    look = inside.session.look
    with np.load(saved(inside, "maps", tmp_path / "maps.npz"), allow_pickle=False) as packed:
        assert set(packed.files) == set(look.layers)
        assert np.array_equal(packed["conv2d_2"], look.layers["conv2d_2"])
    inside.do("inside.view", value="filters")
    inside.until(lambda: inside.window.findChild(QWidget, "inside-filters").values)
    lines = list(csv.reader(saved(inside, "filters", tmp_path / "f.csv").read_text().splitlines()))
    assert lines[0] == ["array", "axis_0", "axis_1", "axis_2", "axis_3", "value"]
    kernel = inside.window.findChild(QWidget, "inside-filters").values["conv2d_1/kernel"]
    ours = [line for line in lines if line[0] == "conv2d_1/kernel"]
    assert len(ours) == kernel.size
    *index, value = ours[5][1:]
    assert np.float32(value) == kernel[tuple(map(int, index))]


@pytest.mark.parametrize(
    ("picture", "name", "sentence"),
    [
        ("nothing", "a.png", "inside-wall"),
        ("inside-wall", "a.bmp", "png"),
        ("inside-wall", "a.npy", "npz"),
        ("inside-wall", "", "name"),
        ("inside-wall", "missing/a.png", "no folder"),
    ],
)
def test_what_cannot_be_saved_is_said(
    inside: Inside, tmp_path: Path, picture: str, name: str, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        inside.do("inside.save", picture=picture, path=str(tmp_path / name) if name else "")
    assert not list(tmp_path.iterdir())


def test_saving_by_menu_button_and_shortcut(
    inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(parent: QWidget, title: str, start: str, pattern: str) -> tuple[str, str]:
        asked.append(Path(start).name)
        return str(tmp_path / f"{len(asked)}-{Path(start).name}"), pattern

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)

    def menu() -> QMenu:
        inside.until(lambda: [m for m in inside.view.findChildren(QMenu) if m.isVisible()])
        return next(m for m in inside.view.findChildren(QMenu) if m.isVisible())

    wall = inside.window.findChild(QWidget, "inside-wall")
    at = QPoint(60, 60)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, wall.mapToGlobal(at))
    QApplication.sendEvent(wall, event)
    opened = menu()
    next(a for a in opened.actions() if a.objectName() == "inside-save-svg").trigger()
    opened.close()
    inside.until(lambda: len(list(tmp_path.glob("1-*.svg"))) == 1)
    assert asked[0].endswith("feature-maps.svg")
    QTest.mouseClick(
        inside.window.findChild(QWidget, "inside-right-save"), Qt.MouseButton.LeftButton
    )
    opened = menu()
    next(a for a in opened.actions() if a.objectName() == "inside-save-png").trigger()
    opened.close()
    inside.until(lambda: len(list(tmp_path.glob("2-*attribution.png"))) == 1)
    inside.window.activateWindow()
    inside.until(inside.window.isActiveWindow)
    wall.setFocus()
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(wall, Qt.Key.Key_E, modifiers)
    inside.until(lambda: len(list(tmp_path.glob("3-*feature-maps.png"))) == 1)


def test_panels_that_compute_are_saved_with_their_numbers(inside: Inside, tmp_path: Path) -> None:
    inside.do("inside.view", value="curves")
    chart = inside.window.findChild(QWidget, "inside-curves-chart")
    inside.until(lambda: chart.found is not None and chart.found.methods)
    inside.until(lambda: not np.isnan(chart.found.methods[0].deletion.scores).any())
    one = chart.found.methods[0]
    with np.load(saved(inside, "curves", tmp_path / "curves.npz"), allow_pickle=False) as packed:
        assert np.array_equal(packed["share"], one.deletion.fractions)
        assert np.array_equal(packed[f"{one.method}.insertion"], one.insertion.scores)
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: len(inside.window.context.engine.latest.history.steps))
    history = inside.window.context.engine.latest.history
    found = pictures(inside.view.spots)
    assert np.array_equal(found["inside-checkpoints"].numbers["loss"], history.loss)
    assert {"checkpoints", "inside-checkpoints"} <= set(found)


def test_a_folder_that_takes_no_files_is_not_called_missing(tmp_path: Path) -> None:
    refused = FileNotFoundError(errno.ENOENT, "No such file or directory")
    said = explain_os_error(refused, tmp_path / "x.png", "save")
    assert said == f"Nothing can be written in {tmp_path}. Choose another folder."
    said = explain_os_error(refused, tmp_path / "gone" / "x.png", "save")
    assert "gone does not exist" in said
