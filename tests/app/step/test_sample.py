"""Choosing the sample to step, or typing one in, in a real window with the real engine."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.step.sample import SamplePicker
from app.step.sample_picture import PixelPad, names_of
from app.window.main import MainWindow
from core import data
from tests.app.step.driving import Stepping, view
from tests.app.window.windows import action, click, control

_PATIENCE = 60_000


@pytest.fixture
def window(stepping: Stepping) -> MainWindow:
    stepping.step(3)
    return stepping.window


def step(qtbot: QtBot, window: MainWindow, times: int) -> None:
    session = view(window).session
    for _ in range(times):
        before = session.snapshot.position
        action(window, "transport-step").trigger()
        qtbot.waitUntil(lambda: session.snapshot.position != before, timeout=_PATIENCE)  # noqa: B023


def picker(qtbot: QtBot, window: MainWindow) -> SamplePicker:
    click(control(window, "step-sample-choose"))
    found = window.findChild(SamplePicker, "step-sample")
    qtbot.waitUntil(lambda: found.chooser.found is not None, timeout=_PATIENCE)
    return found


digits = pytest.mark.parametrize("stepping", ["digits-cnn"], indirect=True)
small = pytest.mark.parametrize("stepping", ["chain-rule-by-hand"], indirect=True)


@digits
def test_a_wrong_sample_of_a_class_is_found_and_stepped(qtbot, window):
    session, chosen = view(window).session, picker(qtbot, window)
    control(window, "step-sample-part-validation").click()
    qtbot.waitUntil(lambda: chosen.chooser.found.part == "validation", timeout=_PATIENCE)
    chosen.chooser.label.setCurrentIndex(chosen.chooser.label.findData("3"))
    chosen.chooser.label.chosen.emit("3")
    qtbot.waitUntil(lambda: chosen.chooser.found.label == 3, timeout=_PATIENCE)
    chosen.chooser.wrong.click()
    qtbot.waitUntil(
        lambda: chosen.chooser.found.label not in (None, chosen.chooser.found.predicted),
        timeout=_PATIENCE,
    )
    first = chosen.chooser.found.index
    chosen.chooser.following.click()
    qtbot.waitUntil(lambda: chosen.chooser.found.index > first, timeout=_PATIENCE)
    found = chosen.chooser.found
    assert found.label == 3
    assert found.predicted != 3
    loaded = data.load("digits")
    assert loaded.y_test[found.index] == 3
    np.testing.assert_allclose(
        found.x.ravel(), loaded.inputs("test")[found.index].ravel(), rtol=1e-6
    )
    click(control(window, "step-sample-use"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    assert f"held-out sample {found.index + 1}" in session.snapshot.whatif.sample
    assert session.rows == 1
    x = session.reader.array("input_1/output")
    np.testing.assert_array_equal(x.ravel(), found.x.ravel())
    assert view(window).whatif.isVisible()
    assert "held-out sample" in view(window).whatif.text


@digits
def test_pixels_are_painted_and_stepped(qtbot, window):
    session, chosen = view(window).session, picker(qtbot, window)
    # It begins with the sample that is shown.
    np.testing.assert_array_equal(
        chosen.chooser.found.x.ravel(), session.reader.array("input_1/output").ravel()
    )
    click(control(window, "step-sample-type"))
    pad = window.findChild(PixelPad, "step-sample-pad")
    click(control(window, "step-sample-clear"))
    assert not pad.values.any()
    click(pad, pad.rect().center())
    assert pad.values.max() == 1.0
    pad.setFocus()
    drawn = pad.values.sum()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Space):
        QTest.keyClick(pad, key)
    assert pad.values.sum() > drawn
    painted = pad.values.copy()
    control(window, "step-sample-label").set_value("7")
    click(control(window, "step-sample-use"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    np.testing.assert_array_equal(session.reader.array("input_1/output").ravel(), painted.ravel())
    target = session.reader.array("targets")
    assert float(target.ravel()[0]) == 7 or int(target.argmax()) == 7


@small
def test_features_are_typed_and_what_follows_is_the_networks_own_answer(qtbot, window):
    session, chosen = view(window).session, picker(qtbot, window)
    click(control(window, "step-sample-type"))
    control(window, "step-sample-x-0").set_amount(0.25)
    control(window, "step-sample-x-1").set_amount(-2)
    control(window, "step-sample-label").set_value("1")
    click(control(window, "step-sample-use"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    assert chosen.isHidden()
    np.testing.assert_array_equal(session.reader.array("input_1/output"), [0.25, -2])
    np.testing.assert_array_equal(session.reader.array("targets"), [0, 1])
    step(qtbot, window, 6)
    answers = []
    window.context.engine.ask("predict", x=np.array([[0.25, -2]], np.float32), done=answers.append)
    qtbot.waitUntil(lambda: bool(answers), timeout=_PATIENCE)
    np.testing.assert_allclose(session.reader.array("dense_2/a"), answers[0][0], rtol=1e-6)
    click(control(window, "step-whatif-discard"))
    qtbot.waitUntil(lambda: session.snapshot.whatif is None, timeout=_PATIENCE)
    assert session.pc == 3


def test_the_pad_draws_softly_and_erases(qtbot):
    pad = PixelPad((28, 28, 1))
    qtbot.addWidget(pad)
    pad.draw_at(10, 10)
    assert pad.values[10, 10, 0] == 1
    assert 0 < pad.values[10, 11, 0] < 1
    pad.draw_at(10, 11)
    assert pad.values[10, 10, 0] == 1, "a stroke that passes again does not wear off what is there"
    pad.draw_at(10, 10, erase=True)
    assert pad.values[10, 10, 0] == 0
    before = pad.values.copy()
    pad.draw_at(-1, 40)
    np.testing.assert_array_equal(pad.values, before)
    QTest.mouseClick(pad, Qt.MouseButton.RightButton, pos=QPoint(1, 1))
    np.testing.assert_array_equal(pad.values, before)


@digits
def test_the_listing_says_which_sample_is_shown(qtbot, window):
    session, tape = view(window).session, view(window).tape
    drawn: list[np.ndarray] = []
    window.context.engine.ask("tensor", name="batch/samples", done=drawn.append)
    qtbot.waitUntil(lambda: bool(drawn), timeout=_PATIENCE)
    for row in (0, 5):
        window.context.bus.do("select.row", row=row)
        qtbot.waitUntil(lambda: session.sample_words != "", timeout=_PATIENCE)
        assert session.sample_words == f"no. {int(drawn[0][row]) + 1:,} of the data"
    # The fold that fetches the batch says it, in the listing and to who cannot see it.
    window.context.bus.do("step.inspect", instruction=1)
    qtbot.waitUntil(lambda: session.sample_words in tape.accessibleDescription())
    of_the_run = tape.grab().toImage()
    window.context.bus.do("step.whatif_sample", data="", part="validation", index=41)
    qtbot.waitUntil(lambda: session.snapshot.whatif is not None, timeout=_PATIENCE)
    assert "held-out sample 42" in session.sample_words
    assert tape.grab().toImage() != of_the_run


def test_numbers_of_a_sequence_have_their_time_step():
    assert names_of((3,), ("age", "height")) == ["age", "height", "x3"]
    assert names_of((2, 2), ("x", "y")) == ["x ⟨1⟩", "y ⟨1⟩", "x ⟨2⟩", "y ⟨2⟩"]
