"""The strip of checkpoints: the same input through the network as it was."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.inside.panels.checkpoints import CheckpointStrip
from tests.app.inside.conftest import Inside


def at(inside: Inside, step: int) -> dict[str, np.ndarray]:
    """What the layers say at a step, once the network is there and has looked."""
    engine, session = inside.window.context.engine, inside.session
    inside.until(lambda: engine.latest.position.step == step and engine.state.status != "busy")
    inside.until(lambda: session._position == engine.latest.position and not session._asking)
    return dict(session.look.layers)


@pytest.mark.parametrize("inside", ["small-digits-cnn"], indirect=True)
def test_a_press_on_an_epoch_takes_the_maps_back_to_it(inside: Inside) -> None:
    strip = inside.window.findChild(CheckpointStrip, "inside-checkpoints")
    engine = inside.window.context.engine
    first = at(inside, 0)
    assert strip.epochs() == [0]
    inside.do("run.speed", value="max")
    inside.do("run.play")
    inside.until(lambda: len(strip.epochs()) > 2)
    inside.do("run.pause")
    inside.until(lambda: engine.state.status == "paused")
    last = strip.known
    trained = at(inside, last)
    assert not all(np.array_equal(trained[name], first[name]) for name in first)

    end = strip.epochs()[1]
    x = round(strip.x_of(end)) + 3
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(x, strip.height() - 18))
    between = at(inside, end)
    assert "epoch 1" in strip.accessibleName()
    QTest.keyClick(strip, Qt.Key.Key_Home)
    again = at(inside, 0)
    assert all(np.array_equal(again[name], first[name]) for name in first)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    again = at(inside, end)
    assert all(np.array_equal(again[name], between[name]) for name in between)
    QTest.keyClick(strip, Qt.Key.Key_End)
    again = at(inside, last)
    assert all(np.array_equal(again[name], trained[name]) for name in trained)
