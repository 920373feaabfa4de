"""The convolution walk under the mouse and the keys, in a real window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.inside.panels.walk import WalkPanel
from app.inside.walk_stage import WalkStage
from app.scenes.walk_layout import Area
from app.scenes.walk_words import short, spelled, written_out
from core.explain.explainer import Explainer
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action

BOTH = pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)


def walking(inside: Inside, layer: str, channel: int, **place: int) -> WalkStage:
    """The stage, showing a channel of a layer."""
    inside.do("inside.select", layer=layer, channel=channel, **place)
    stage = inside.window.findChild(WalkStage, "inside-walk")
    assert stage is not None
    inside.until(lambda: stage.seen is not None and stage.walk.channel == channel
                 and stage.walk.position == inside.session.look.position)  # fmt: skip
    return stage


def cell(area: Area, row: int, column: int) -> QPoint:
    center = area.box(row, column).center()
    return QPoint(int(center.x()), int(center.y()))


def press(stage: WalkStage, at: QPoint) -> None:
    QTest.mouseClick(stage, Qt.MouseButton.LeftButton, pos=at)


def outputs(inside: Inside) -> dict[str, np.ndarray]:
    of: Explainer = inside.explainer
    return of.layer_outputs(inside.x)


@BOTH
def test_a_map_is_unfolded_into_what_each_channel_adds(inside: Inside) -> None:
    stage = walking(inside, "conv2d_2", 3, row=2, column=4)
    seen, made = stage.seen, outputs(inside)
    before = made["max_pooling2d_1"]
    assert stage.place.view == "channels"
    assert seen.parts.shape == (*seen.map.shape, before.shape[-1])
    assert np.array_equal(seen.map, made["conv2d_2"][0, ..., 3])
    kernel = inside.explainer.weights["conv2d_2/kernel"]
    bias = float(inside.explainer.weights["conv2d_2/bias"][3])
    # One channel's part by numpy: the patch around the place times the channel's kernel.
    padded = np.pad(before[0], ((1, 1), (1, 1), (0, 0)))
    for channel in (0, 5):
        patch = padded[2:5, 4:7, channel]
        expected = float((patch * kernel[..., channel, 3]).sum())
        assert seen.parts[2, 4, channel] == pytest.approx(expected, abs=1e-5)
    assert np.allclose(np.maximum(seen.parts.sum(-1) + bias, 0), seen.map, atol=1e-5)
    # A click on a channel's kernel writes that channel out.
    press(stage, cell(stage.place.area("weights", 5), 1, 1))
    assert inside.session.toggles["walk"] == "window"
    assert stage.place.view == "window"
    assert stage.seen.plane == 5
    assert np.allclose(stage.seen.values.right[5], kernel[..., 5, 3])
    button = inside.window.findChild(QWidget, "inside-walk-view-channels")
    press_button(button)
    assert stage.place.view == "channels"


def press_button(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_window_is_dragged_and_played(inside: Inside) -> None:
    stage = walking(inside, "conv2d_1", 2, row=0, column=0)
    session = inside.session
    read = stage.place.area("read")
    # The picture has a zero around it: its pixel (9, 6) is the image's (8, 5).
    press(stage, cell(read, 9, 6))
    assert session.place == (8, 5)
    QTest.mousePress(stage, Qt.MouseButton.LeftButton, pos=cell(read, 9, 6))
    QTest.mouseMove(stage, cell(read, 15, 20))
    QTest.mouseRelease(stage, Qt.MouseButton.LeftButton, pos=cell(read, 15, 20))
    assert session.place == (14, 19)
    press(stage, cell(stage.place.area("map"), 3, 7))
    assert session.place == (3, 7)
    z = stage.seen.values.total + stage.seen.bias
    assert max(z, 0) == pytest.approx(float(outputs(inside)["conv2d_1"][0, 3, 7, 2]), abs=1e-5)
    words = inside.window.findChild(QWidget, "inside-walk-words")
    assert words.text() == "Conv2D 1, map 3 of 8   row 3  column 7"
    QTest.keyClick(stage, Qt.Key.Key_Home)
    assert session.place == (0, 0)
    QTest.keyClick(stage, Qt.Key.Key_Return)
    assert stage.playing
    inside.until(lambda: session.place > (0, 3))
    press_button(inside.window.findChild(QWidget, "inside-walk-play"))
    assert not stage.playing
    QTest.keyClick(stage, Qt.Key.Key_End)
    assert session.place == (27, 27)
    press_button(inside.window.findChild(QWidget, "inside-walk-on"))
    assert session.place == (0, 0)


def test_pooling_dense_and_layers_without_a_window(inside: Inside) -> None:
    stage, made = walking(inside, "max_pooling2d_1", 6, row=5, column=5), outputs(inside)
    assert stage.seen.values.total == float(made["conv2d_1"][0, 10:12, 10:12, 6].max())
    panel = inside.window.findChild(WalkPanel)
    stage = walking(inside, "dense_1", 4)
    assert stage.seen.result == pytest.approx(float(made["dense_1"][0, 4]), rel=1e-5, abs=1e-6)
    assert not panel.buttons["inside-walk-play"].isEnabled()
    # Another unit by a click among the units, another channel by its picture.
    units = stage.place.area("map")
    press(stage, cell(units, *divmod(11, units.columns)))
    assert inside.session.channel == 11
    inside.until(lambda: stage.walk.channel == 11)
    press(stage, cell(stage.place.area("channel", 2), 3, 3))
    assert stage.seen.plane == 2
    QTest.keyClick(stage, Qt.Key.Key_PageDown)
    assert stage.seen.plane == 3
    for layer, sentence in (("flatten_1", "Flatten lays"), ("dropout_1", "passes on")):
        inside.do("inside.select", layer=layer)
        inside.until(lambda sentence=sentence: sentence in stage.problem)
        assert stage.place is None
        assert not any(button.isEnabled() for button in panel.buttons.values())
    stage = walking(inside, "conv2d_1", 0)
    assert stage.problem == ""


def test_numbers_too_small_for_decimals_are_written_in_powers_of_ten(inside: Inside) -> None:
    inside.do("inside.input", values=[0.004] * 784)
    inside.until(lambda: inside.session.input.source == "drawn")
    inside.looked()
    stage = walking(inside, "conv2d_1", 2, row=9, column=9)
    inside.until(lambda: float(stage.seen.values.left.max()) == pytest.approx(0.004))
    sentence = " ".join(written_out(stage.seen))
    assert sentence.startswith(("z = 4.0e−3·", "Σ₁ = 4.0e−3·"))
    assert "0.00·" not in sentence
    # Weights are not small: they keep their decimals.
    first = float(stage.seen.values.right[0, 0, 0])
    assert f"4.0e−3·{short(first)}" in sentence
    assert spelled(0.0, 3) == "0.000"
    assert spelled(-0.0001, 3, sign=True) == "−1.0e−4"
    assert spelled(0.0024, 3, small=True) == "2.4e−3"
    assert spelled(0.0024, 3) == "0.002"


def test_the_walk_follows_training(inside: Inside) -> None:
    stage = walking(inside, "conv2d_2", 1, row=4, column=4)
    before, position = stage.seen.z, stage.walk.position
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: stage.walk.position != position)
    assert stage.seen.z != before
    assert inside.session.place == (4, 4)


def test_the_head_has_room_for_the_controls_of_the_layer(inside: Inside) -> None:
    inside.window.resize(1024, 600)
    stage = walking(inside, "conv2d_2", 3)
    spot = inside.view.spots["below"]
    beside = inside.window.findChild(WalkPanel).controls()

    def fitting() -> bool:
        return bool(beside.width() >= beside.sizeHint().width())

    inside.until(fitting)
    assert spot.menu.isVisible() or spot.choice.isVisible()
    assert beside.mapTo(spot, QPoint(beside.width(), 0)).x() <= spot.width()
    assert stage.isVisible()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [("walk", "cellar", "channels"), ("walk_channel", -1, "less than 0"), ("walk_stage", "third", "first"),
     ("scale", "galaxy", "network")],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(
    inside: Inside, name: str, value: object, sentence: str
) -> None:
    before = inside.session.toggles[name]
    with pytest.raises(CommandError, match=sentence):
        inside.do("inside.show", name=name, value=value)
    assert inside.session.toggles[name] == before
