"""The panel Channels in a real window: the input's numbers, channel by channel, and those of a photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app import theme
from app.inside.channels import channels_of
from app.inside.given import Input
from app.inside.matrix import Matrix
from app.inside.panels.channels import ChannelsPanel
from tests.app.inside.conftest import Inside
from tests.app.window.windows import click, control

colour = pytest.mark.parametrize("inside", ["emoji-cnn"], indirect=True)


def opened(inside: Inside) -> ChannelsPanel:
    click(control(inside.window, "inside-channels-open"))
    found = inside.window.findChild(ChannelsPanel)
    assert found.isVisible()
    return found


def test_the_numbers_of_a_digit_are_read_with_mouse_and_keys(inside: Inside) -> None:
    panel, x = opened(inside), inside.session.input.x
    matrix: Matrix = panel.matrix
    row, column = (int(v) for v in np.unravel_index(int(x[..., 0].argmax()), (28, 28)))
    matrix.go(row, column)
    box = matrix.rect_of(row, column)
    assert matrix.viewport().rect().contains(box.center().toPoint())
    matrix.go(0, 0)
    matrix.horizontalScrollBar().setValue(0)
    matrix.verticalScrollBar().setValue(0)
    at = matrix.rect_of(3, 5).center().toPoint()
    QTest.mouseMove(matrix.viewport(), at)
    inside.until(lambda: matrix.at == (3, 5))
    assert "row 3, column 5" in panel.words.text()
    matrix.setFocus()
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.at == (4, 6)
    matrix.go(row, column)
    assert matrix.words(matrix.value(row, column), 3) in panel.words.text()
    assert matrix.value(row, column) == x[row, column, 0]
    click(control(inside.window, "inside-channels-numbers-byte"))
    assert str(round(float(x[row, column, 0]) * 255)) in panel.words.text()
    # Numbers follow another input.
    inside.sample(12)
    assert matrix.value(row, column) == inside.session.input.x[row, column, 0]
    # With small cells it is a picture; every cell has the colour of its number.
    for _ in range(12):
        QTest.keyClick(matrix, Qt.Key.Key_Minus)
    shot = matrix.viewport().grab().toImage()
    colors = matrix.channel.colors(theme.current(), inside.session.input.x[..., 0])
    ratio = shot.width() / matrix.viewport().width()
    for place in ((8, 14), (14, 14), (20, 10)):
        middle = matrix.rect_of(*place).center()
        seen = shot.pixelColor(int(middle.x() * ratio), int(middle.y() * ratio))
        assert [seen.red(), seen.green(), seen.blue()] == colors[place].tolist()


@colour
def test_colours_and_a_photographs_alpha_are_shown_apart(inside: Inside, tmp_path: Path) -> None:
    panel, session = opened(inside), inside.session
    assert list(panel._tiles) == ["input:red", "input:green", "input:blue", "input:gray"]
    click(control(inside.window, "inside-channel-input-blue"))
    assert panel.matrix.value(7, 9) == session.input.x[7, 9, 2]
    pixels = np.random.default_rng(3).integers(0, 256, (40, 50, 4), np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(pixels).save(path)
    inside.do("inside.photo", path=str(path))
    inside.until(lambda: session.input.source == "photo")
    assert panel.matrix.value(7, 9) == session.input.x[7, 9, 2]
    click(control(inside.window, "inside-channels-source-photo"))
    assert list(panel._tiles) == [
        f"photo:{kind}" for kind in ("red", "green", "blue", "gray", "alpha")
    ]
    assert panel.channel.id == "photo:blue"
    click(control(inside.window, "inside-channels-numbers-byte"))
    click(control(inside.window, "inside-channel-photo-alpha"))
    matrix = panel.matrix
    matrix.go(11, 13)
    assert matrix.words(matrix.value(11, 13)) == str(pixels[11, 13, 3])
    share = pixels[11, 13, 3] / 255
    colors = pixels[11, 13, :3] / 255 * share + 1 - share
    gray = panel._channels["photo:gray"].read(slice(11, 12), slice(13, 14))[0, 0]
    assert gray == pytest.approx(colors @ [0.299, 0.587, 0.114], abs=1e-5)


def test_numbers_that_are_no_picture_are_a_matrix_too() -> None:
    (features,) = channels_of(Input(np.array([0.5, -2.0, 3.0], np.float32), "sample", ""))
    assert features.shape == (3, 1)
    assert features.kind == "signed"
    times = np.arange(12, dtype=np.float32).reshape(4, 3)
    (sequence,) = channels_of(Input(times, "sample", ""))
    assert np.array_equal(sequence.read(slice(None), slice(None)), times)
    many = channels_of(Input(np.zeros((5, 6, 4), np.float32), "sample", ""))
    assert [one.title for one in many] == [f"Channel {k}" for k in range(1, 5)]
