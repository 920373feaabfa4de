"""The convolution playground in a real window: typed, clicked, dragged; its numbers are NumPy's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.inside.panels.playground import PlaygroundPanel
from app.inside.playground.kernel import KernelCell
from app.inside.playground.pictures import LONGEST
from app.inside.playground.presets import factors
from app.scenes import playground_words as words
from core.classic_filters import FILTERS, classic_filter
from tests.app.inside.conftest import Inside
from tests.app.inside.test_inside import BOTH


class Playing:
    """The panel, and waiting for its answers."""

    def __init__(self, inside: Inside) -> None:
        self.inside, self.do = inside, inside.do
        self.do("inside.view", value="playground")
        panel = inside.window.findChild(PlaygroundPanel, "playground")
        assert panel is not None
        self.panel, self.model, self.stage = panel, panel.model, panel.stage
        self.settled()

    def settled(self) -> None:
        model = self.model
        self.inside.until(
            lambda: (
                (model.problem or model.result is not None)
                and model.shown == model.settings
                and not (model._asking or model._again)
            )
        )

    def child(self, name: str) -> Any:
        found = self.panel.findChild(QWidget, name)
        assert found is not None, name
        return found

    def click(self, name: str) -> None:
        QTest.mouseClick(self.child(name), Qt.MouseButton.LeftButton)
        self.settled()

    @property
    def grey(self) -> np.ndarray:
        assert self.model.picture is not None
        pixels = self.model.picture.pixels
        values = pixels / 255 if pixels.dtype == np.uint8 else pixels
        return values @ [0.299, 0.587, 0.114] if values.shape[-1] == 3 else values[..., 0]

    def expected(self, kernel: np.ndarray, bias: float = 0.0) -> np.ndarray:
        seen = np.lib.stride_tricks.sliding_window_view(self.grey, kernel.shape)
        return np.einsum("hwij,ij->hw", seen, kernel) + bias

    @property
    def values(self) -> np.ndarray:
        assert self.model.result is not None
        return self.model.result.filtered.values


def test_it_has_the_room_of_the_other_places_and_shows_a_photograph(inside: Inside) -> None:
    play = Playing(inside)
    assert {place for place, spot in inside.view.spots.items() if spot.isVisible()} == {"rows"}
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    assert play.values.shape == (254, 254, 1)
    assert np.allclose(play.values[..., 0], play.expected(sobel), atol=1e-5)
    board = play.stage.board
    patch, total = board.patch(), board.number()[0]
    row, column = play.model.place
    assert np.allclose(patch, play.grey[row : row + 3, column : column + 3], atol=1e-6)
    assert total == pytest.approx(float((patch * sobel).sum()), abs=1e-5)
    assert words.formulas(board)[0].endswith("⌊(256 + 0 − 3) / 1⌋ + 1 = 254")
    inside.do("inside.view", value="maps")
    assert all(spot.isVisible() for spot in inside.view.spots.values())


def test_the_result_follows_what_is_typed(inside: Inside) -> None:
    play = Playing(inside)
    cell = play.child("playground-cell-1-1")
    assert isinstance(cell, KernelCell)
    cell.setFocus()
    cell.selectAll()
    QTest.keyClicks(cell, "-4.5")
    play.settled()
    kernel = np.array([[-1, 0, 1], [-2, -4.5, 2], [-1, 0, 1]])
    assert np.array(play.model.settings.kernel).tolist() == kernel.tolist()
    assert np.allclose(play.values[..., 0], play.expected(kernel), atol=1e-5)
    assert play.child("playground-preset").value == ""
    # What is no number is marked, and changes nothing.
    cell.selectAll()
    QTest.keyClicks(cell, "a")
    assert cell.property("error")
    assert play.model.settings.kernel[1][1] == -4.5
    QTest.keyClick(cell, Qt.Key.Key_Return)
    assert not cell.property("error")
    # A fraction is a number.
    cell.selectAll()
    QTest.keyClicks(cell, "1/9")
    assert play.model.settings.kernel[1][1] == pytest.approx(1 / 9)


def test_no_line_runs_through_the_formula(inside: Inside) -> None:
    play = Playing(inside)

    def formula() -> np.ndarray:
        picture = play.stage.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        y, high = round(play.stage.board.at(play.stage.size_of).formula), picture.height()
        pixels = np.frombuffer(picture.constBits(), np.uint32).reshape(high, -1)
        return pixels[y - 10 : y + 2, : picture.width() // 5].copy()

    inside.do("playground.place", row=0, column=0)
    before = formula()
    assert len(np.unique(before)) > 2
    inside.do("playground.place", row=200, column=20)
    assert np.array_equal(formula(), before)


def test_known_filters_are_divided_turned_scaled_and_shifted(inside: Inside) -> None:
    play = Playing(inside)
    inside.do("playground.preset", name="gaussian")
    play.click("playground-size-5")
    row = np.array([1, 4, 6, 4, 1])
    assert play.child("playground-divide").isChecked()
    assert np.allclose(play.values[..., 0], play.expected(np.outer(row, row) / 256), atol=1e-5)
    inside.do("playground.preset", name="emboss")
    play.click("playground-size-3")
    play.click("playground-turned")
    inside.do("playground.set", name="scale", value=0.5)
    inside.do("playground.set", name="bias", value=0.25)
    play.settled()
    emboss = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    turned = emboss[::-1, ::-1] * 0.5
    assert np.allclose(play.values[..., 0], play.expected(turned, 0.25), atol=1e-5)
    assert play.stage.board.number()[1] == pytest.approx(play.stage.board.number()[0] + 0.25)
    # A sum of 0 cannot be divided by; the switch says so.
    inside.do("playground.preset", name="laplacian")
    play.settled()
    assert not play.child("playground-divide").isEnabled()


def test_padding_stride_dilation_and_channels(inside: Inside) -> None:
    play = Playing(inside)
    inside.do("playground.picture", name="cat")
    inside.until(lambda: play.model.picture.source == "cat")
    play.click("playground-colours-colour")
    play.click("playground-padding-same")
    for name, value in (("stride", 2), ("dilation", 3), ("fill", "reflect"), ("channel", 2)):
        inside.do("playground.set", name=name, value=value)
    play.settled()
    assert play.values.shape == (85, 128, 3)
    (top, bottom), (left, right) = play.model.result.filtered.padding
    pixels = play.model.picture.pixels / 255
    padded = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode="reflect")
    seen = np.lib.stride_tricks.sliding_window_view(padded, (7, 7), axis=(0, 1))[
        ::2, ::2, :, ::3, ::3
    ]
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    expected = np.einsum("hwcij,ij->hwc", seen, sobel)
    assert np.allclose(play.values, expected, atol=1e-5)
    inside.do("playground.place", row=30, column=41)
    board = play.stage.board
    assert np.allclose(board.patch(), seen[30, 41, 2], atol=1e-6)
    assert words.formulas(board)[1].endswith(f"⌊(256 + {left} + {right} − 7) / 2⌋ + 1 = 128")


def test_pooling(inside: Inside) -> None:
    play = Playing(inside)
    play.click("playground-operation-max")
    assert play.values.shape == (128, 128, 1)
    blocks = play.grey.reshape(128, 2, 128, 2)
    assert np.allclose(play.values[..., 0], blocks.max(axis=(1, 3)), atol=1e-6)
    play.click("playground-operation-average")
    assert np.allclose(play.values[..., 0], blocks.mean(axis=(1, 3)), atol=1e-6)
    assert not play.child("playground-kernel").isVisible()
    play.click("playground-operation-convolution")
    assert play.child("playground-kernel").isVisible()
    assert play.model.settings.stride == 1


def test_the_window_is_dragged_moved_and_slides(inside: Inside) -> None:
    play = Playing(inside)
    stage, model = play.stage, play.model
    place = stage.board.at(stage.size_of)
    left, top, width, _ = place.given
    at = QPoint(round(left + width / 4), round(top + width / 2))
    QTest.mouseClick(stage, Qt.MouseButton.LeftButton, pos=at)
    zoom = width / 256
    assert abs(model.place[0] + 1.5 - (at.y() - top) / zoom) <= 1
    assert abs(model.place[1] + 1.5 - (at.x() - left) / zoom) <= 1
    row, column = model.place
    QTest.keyClick(stage, Qt.Key.Key_Right)
    QTest.keyClick(stage, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert model.place == (row + 10, column + 1)
    left, top, width, _ = place.made
    QTest.mouseClick(stage, Qt.MouseButton.LeftButton, pos=QPoint(round(left + 1), round(top + 1)))
    assert model.place == (0, 0)
    described = words.describe(place, stage.board, left + 1, top + 1)
    assert described[0] == "row 0, column 0"
    stage.play(True)
    inside.until(lambda: model.place[0] > 0 or model.place[1] > 5)
    assert stage.board.filled
    assert stage.grab().width() > 0
    stage.play(False)
    inside.do("inside.view", value="maps")
    assert not stage.playing


@BOTH
def test_the_networks_input_is_followed(inside: Inside) -> None:
    play = Playing(inside)
    inside.do("playground.preset", name="identity")
    inside.do("playground.picture", name="input")
    inside.do("playground.set", name="colours", value="colour")
    play.settled()
    inside.until(lambda: play.values.shape[0] == inside.session.input.x.shape[0] - 2)
    assert np.allclose(play.values, inside.session.input.x[1:-1, 1:-1], atol=1e-6)
    before = inside.session.input
    inside.do("inside.sample", index=11)
    inside.until(lambda: inside.session.input is not before)
    inside.until(lambda: np.allclose(play.values, inside.session.input.x[1:-1, 1:-1], atol=1e-6))


def test_a_photograph_of_ones_own_is_dropped_and_reduced(inside: Inside, tmp_path: Path) -> None:
    play = Playing(inside)
    told: list[str] = []
    inside.window.context.refused.connect(told.append)
    image = QImage(1280, 640, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.red)
    image.setPixelColor(0, 0, Qt.GlobalColor.transparent)
    path = tmp_path / "mine.png"
    assert image.save(str(path))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(9, 9), copy, data, left, Qt.KeyboardModifier.NoModifier)
    play.panel.dropEvent(event)
    inside.until(lambda: play.model.picture.source == "own")
    assert play.model.picture.pixels.shape == (LONGEST // 2, LONGEST, 3)
    assert "1,280×640, shown reduced to 320×160, clear places on white" in play.model.picture.note
    play.settled()
    assert play.child("playground-picture").value == "own"
    # What is pasted is shown as large as it is, though the network takes it small.
    own = play.model.picture
    clipboard = QGuiApplication.clipboard()
    pasted = QImage(90, 60, QImage.Format.Format_RGB32)
    pasted.fill(Qt.GlobalColor.blue)
    clipboard.setImage(pasted)
    inside.do("inside.paste")
    inside.until(lambda: play.model.picture is not own)
    assert play.model.picture.pixels.shape == (60, 90, 3)
    assert play.model.picture.pixels[5, 5].tolist() == [0, 0, 255]
    (tmp_path / "text.png").write_text("no picture")
    inside.do("playground.open", path=str(tmp_path / "text.png"))
    # What cannot be read is told, and what is shown stays.
    inside.until(lambda: any("no picture" in sentence for sentence in told))
    assert play.model.source == "own"
    assert play.stage.board is not None


def test_what_makes_no_sense_is_refused(inside: Inside) -> None:
    play = Playing(inside)
    before = play.model.settings
    for command, arguments, sentence in (
        ("set", {"name": "padding", "value": "round"}, "valid, same, number"),
        ("set", {"name": "stride", "value": 0}, "from 1 to 8"),
        ("set", {"name": "stride", "value": True}, "from 1 to 8"),
        ("set", {"name": "size", "value": 4}, "1, 3, 5, 7"),
        ("set", {"name": "size", "value": [3]}, "1, 3, 5, 7"),
        ("set", {"name": "padding", "value": ["valid"]}, "valid, same, number"),
        ("set", {"name": "scale", "value": 1e9}, "between"),
        ("set", {"name": "scale", "value": "much"}, "between"),
        ("set", {"name": "sound", "value": 1}, "stride"),
        ("kernel", {"rows": [[1.0, 2.0]]}, "square"),
        ("cell", {"row": 3, "column": 0, "value": 1.0}, "3 rows"),
        ("preset", {"name": "sobel"}, "sobel_x"),
        ("picture", {"name": "dog"}, "cat"),
        ("place", {"row": 254, "column": 0}, "254 rows"),
        ("open", {"path": "/nowhere/x.png"}, "no file x.png"),
    ):
        with pytest.raises(CommandError, match=sentence):
            inside.do(f"playground.{command}", **arguments)
    assert play.model.settings == before
    # A window that does not fit is told where the picture stood.
    inside.do("playground.picture", name="input")
    for name, value in (("size", 7), ("dilation", 8)):
        inside.do("playground.set", name=name, value=value)
    inside.until(lambda: "49×49" in play.model.problem)
    assert play.stage.grab().width() > 0


def test_kernels_that_are_a_column_times_a_row_are_written_so() -> None:
    assert factors(classic_filter("sobel_x")) == "(1 2 1)ᵀ · (−1 0 1)"
    assert factors(classic_filter("sobel_y")) == "(−1 0 1)ᵀ · (1 2 1)"
    assert factors(classic_filter("gaussian", 5)) == "(1 4 6 4 1)ᵀ · (1 4 6 4 1)"
    assert factors(classic_filter("prewitt_x", 5)) == "(1 1 1 1 1)ᵀ · (−2 −1 0 1 2)"
    for kernel in (
        classic_filter("laplacian"),
        classic_filter("emboss"),
        np.full((3, 3), 0.5),
        np.zeros((3, 3)),
    ):
        assert factors(kernel) == ""
    for name in FILTERS:
        found = factors(classic_filter(name, 7))
        if found:
            column, row = (
                [int(n.replace("−", "-")) for n in part.strip("()ᵀ").split()]
                for part in found.split(" · ")
            )
            assert np.array_equal(np.outer(column, row), classic_filter(name, 7))


def test_what_is_shown_can_be_had_as_numbers_and_words(inside: Inside, tmp_path: Path) -> None:
    play = Playing(inside)
    found = play.stage.numbers()
    assert {name: values.shape for name, values in found.items()} == {
        "picture": (256, 256), "result": (254, 254), "kernel": (3, 3),
    }  # fmt: skip
    assert np.array_equal(found["result"], play.values[..., 0])
    assert "Sobel x 3×3" in play.stage.caption_words()
    # The network has no part in it, and is not in the caption.
    inside.do("inside.save", picture="playground", path=str(tmp_path / "shown.svg"))
    inside.do("inside.save", picture="playground", path=str(tmp_path / "shown.npz"))
    inside.until((tmp_path / "shown.npz").exists)
    with np.load(tmp_path / "shown.npz") as arrays:
        assert np.array_equal(arrays["result"], found["result"])
    inside.until((tmp_path / "shown.svg").exists)
    drawn = (tmp_path / "shown.svg").read_text("utf-8")
    assert "Man with a camera · 256×256 · Sobel x 3×3 · padding valid · stride 1<" in drawn
    assert inside.view.hint() == play.panel.hint()
    inside.do("inside.view", value="maps")
    assert inside.view.hint() != play.panel.hint()
