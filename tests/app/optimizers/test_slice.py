"""The slice of the network's loss: measured coarse to fine, flown over with the playhead, and its caveats in words."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.bus import CommandError
from app.optimizers.panels.network import NetworkPanel
from app.optimizers.slice_map import ends_of
from app.scenes import loss_slice
from app.widgets import Button, Choice, Segmented
from app.window.status import StatusBar
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def measured(racing: Racing, panel: NetworkPanel) -> None:
    """Press Measure, and wait for its end and for the picture."""
    click(racing.control("race-slice-measure", Button))
    ended(racing, panel)


def ended(racing: Racing, panel: NetworkPanel) -> None:
    racing.until(lambda: not panel.slice.goes_on)
    assert panel.slice.problem == ""


def test_ways_of_a_race_are_flown_over_a_slice(racing: Racing) -> None:
    for one in ("nesterov", "adagrad", "adadelta", "rmsprop"):
        racing.do("race.remove", id=one)
    racing.show("network")
    panel = racing.control("race-network-panel", NetworkPanel)
    task, sliced = panel.task, panel.slice
    racing.control("race-network-view", Choice).chosen.emit("slice")
    assert panel.map.isVisible()
    with pytest.raises(CommandError, match="Start it first"):
        racing.do("race.slice")
    racing.do("race.network_set", epochs=1)
    racing.do("race.network_start")
    racing.until(lambda: not task.goes_on)
    racing.do("race.slice_set", side=21, samples=16)
    grids: list[int] = []
    sliced.told.connect(lambda: grids.append(sliced.found.found.every if sliced.found else 0))
    measured(racing, panel)
    found = sliced.found
    assert found is not None
    assert found.race == task.found.number if task.found else False
    # Coarse first: whole grids of ever smaller steps.
    known = [one for one in grids if one]
    assert known == sorted(known, reverse=True)
    assert known[0] > known[-1] == 1
    racing.until(lambda: panel.map.relief is not None)
    # What is read between the points are the engine's numbers at them.
    x, y = found.found.x, found.found.y
    assert loss_slice.height_below(found, (x[4], y[9])) == pytest.approx(
        found.found.loss[9, 4], rel=1e-9
    )
    # Racers are where they were, by the playhead: at the first step all at one place.
    starts = [loss_slice.place_at(path, 0) for path in found.paths]
    np.testing.assert_allclose(starts, [starts[0]] * 3, atol=1e-9)
    adam = next(path for path in found.paths if path.id == "adam")
    place = loss_slice.place_at(adam, int(adam.steps[-1]))
    np.testing.assert_allclose(place, adam.places[-1])
    racing.do("race.choose", id="adam")
    view = panel.map.view
    assert view is not None
    at = view.point(*place)
    told = panel.map.reading(QPoint(round(at.x()), round(at.y())))
    assert racing.racer("adam").title in told
    before = panel.map.grab().toImage()
    racing.do("race.seek", step=20)
    assert panel.map.grab().toImage() != before
    # What it hides is told with its numbers.
    words = panel.settings.words.text()
    assert loss_slice.percent(sum(found.found.plane.shares)) in words
    assert f"{adam.distances[-1]:.3g}" in words
    assert f"{found.learned:,}" in words
    assert panel.map.lines() in panel.status.text
    # Twice as much of it, around the same middle.
    racing.control("race-slice-span", Choice).chosen.emit("2")
    ended(racing, panel)
    wide = sliced.found
    assert wide is not None
    assert np.ptp(wide.found.x) == pytest.approx(2 * np.ptp(x))
    assert wide.found.x.mean() == pytest.approx(x.mean())
    # In three dimensions it is turned by hand.
    racing.control("race-network-view", Choice).chosen.emit("solid")
    assert panel.solid.isVisible()
    before = panel.solid.grab().toImage()
    racing.do("race.turn", turn=1.0)
    assert panel.solid.grab().toImage() != before
    # That a slice of it cannot be measured to its end is told while the race is the one that is shown, and not beside
    # the next one, whose beginning has ended it. The engine says so in its own time: here at once.
    gone = "That race is not kept any more."
    sliced._on_failure(gone)
    assert sliced.problem == gone
    number = task.found.number if task.found else 0
    racing.do("race.network_start")
    racing.until(lambda: task.found is not None and task.found.number != number)
    sliced._on_failure(gone)
    assert sliced.problem == ""
    racing.until(lambda: not task.goes_on)


def test_a_slice_around_the_learners_own_run_needs_no_race(racing: Racing) -> None:
    racing.show("network")
    panel = racing.control("race-network-panel", NetworkPanel)
    racing.do("race.show", name="network_view", value="slice")
    racing.do("race.slice_set", source="run", side=161, samples=256)
    click(racing.control("race-slice-directions", Segmented).segment("random"))
    sliced = panel.slice
    click(racing.control("race-slice-measure", Button))
    racing.until(lambda: sliced.found is not None and sliced.found.found.every)
    # What is known stays when it is stopped.
    click(racing.control("race-slice-measure", Button))
    assert not sliced.goes_on
    found = sliced.found
    assert found is not None
    assert not found.found.known.all()
    assert [path.id for path in found.paths] == ["run"]
    assert (found.centre, found.directions, found.race) == ("present", "random", 0)
    assert "random directions" in panel.settings.words.text()
    racing.until(lambda: panel.map.relief is not None)
    for wrong in (
        {"side": 20},
        {"span": 3.0},
        {"samples": 0},
        {"seed": -1},
        {"directions": "both"},
    ):
        with pytest.raises(CommandError):
            racing.do("race.slice_set", **wrong)
    assert sliced.side == 161
    with pytest.raises(CommandError):
        racing.do("race.show", name="network_view", value="nothing")
    document = racing.window.context.document
    layer = next(one for one in document.network.layers if "units" in one.config)
    racing.do("layer.configure", layer=layer.id, units=7)
    assert "Measure it again" in panel.settings.problem.text()
    racing.window.context.bus.emit("project.opened", path="")
    assert sliced.found is None


def turned(panel: NetworkPanel, at: QPointF, notches: int) -> None:
    """Turn the wheel over the map."""
    wheel = QWheelEvent(
        at, panel.map.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(panel.map, wheel)


def dragged(panel: NetworkPanel, button: Qt.MouseButton, by: QPoint) -> None:
    """Drag the map, from where no racer is."""
    start = panel.map.rect().center() + QPoint(40, 60)
    QTest.mousePress(panel.map, button, pos=start)
    QTest.mouseMove(panel.map, start + by)
    QTest.mouseRelease(panel.map, button, pos=start + by)


def around_the_run(racing: Racing, **values: object) -> NetworkPanel:
    """The slice around the learner's own run, measured and drawn."""
    racing.show("network")
    panel = racing.control("race-network-panel", NetworkPanel)
    racing.do("race.show", name="network_view", value="slice")
    racing.do("race.slice_set", source="run", directions="random", side=21, samples=16, **values)
    measured(racing, panel)
    racing.until(lambda: panel.map.whole_relief is not None)
    return panel


def test_the_map_is_moved_and_made_larger_by_hand(racing: Racing) -> None:
    panel = around_the_run(racing)
    picture = panel.map
    whole = picture.view
    assert whole is not None
    assert not picture.measure.isVisible()
    assert "show all" in [words for _, words in racing.view.hint()]
    status = racing.window.findChildren(StatusBar)[0]
    assert "show all" in [one.text().strip() for one in status.findChildren(QLabel)]
    before = picture.grab().toImage()
    # The wheel: what is under the mouse stays there.
    at = QPointF(picture.width() * 0.7, picture.height() * 0.3)
    there = whole.at(at.x(), at.y())
    turned(panel, at, 4)
    near = picture.view
    assert near is not None
    assert near.at(at.x(), at.y()) == pytest.approx(there)
    assert np.ptp(near.across) == pytest.approx(np.ptp(whole.across) / 1.2**4)
    assert picture.grab().toImage() != before
    # Lines are drawn anew of what is seen, where the slice has the same numbers.
    racing.until(lambda: picture.relief_ends == (near.across, near.down))
    found = panel.slice.found
    assert found is not None
    here = near.point(float(found.found.x[12]), float(found.found.y[12]))
    assert picture.reading(here.toPoint()).startswith("loss ")
    # Every button drags; so do the arrow keys.
    for button in (
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.RightButton,
        Qt.MouseButton.MiddleButton,
    ):
        old = picture.view
        assert old is not None
        dragged(panel, button, QPoint(-30, 20))
        new = picture.view
        assert new is not None
        assert new.across[0] - old.across[0] == pytest.approx(30 * np.ptp(old.across) / old.w)
        assert new.down[0] - old.down[0] == pytest.approx(20 * np.ptp(old.down) / old.h)
    picture.setFocus()
    old = picture.view
    QTest.keyClick(picture, Qt.Key.Key_Right)
    assert picture.view is not None
    assert old is not None
    assert picture.view.across[0] > old.across[0]
    QTest.keyClick(picture, Qt.Key.Key_Minus)
    assert np.ptp(picture.view.across) > np.ptp(old.across)
    QTest.keyClick(picture, Qt.Key.Key_Plus)
    assert np.ptp(picture.view.across) == pytest.approx(np.ptp(old.across))
    # 0 shows all of it again, as the button does; it never becomes a dot.
    QTest.keyClick(picture, Qt.Key.Key_0)
    assert picture.view == whole
    for _ in range(30):
        turned(panel, at, -1)
    assert picture.view is not None
    assert np.ptp(picture.view.across) < 8.01 * np.ptp(whole.across)
    click(racing.control("race-slice-zoom-fit", Button))
    assert picture.view == whole
    click(racing.control("race-slice-zoom-in", Button))
    assert not picture.is_whole
    # Another slice is seen whole.
    racing.do("race.slice_set", seed=5)
    ended(racing, panel)
    assert picture.is_whole


def test_the_part_that_is_seen_is_measured_finely(racing: Racing) -> None:
    panel = around_the_run(racing)
    picture, sliced = panel.map, panel.slice
    whole = sliced.found
    assert whole is not None
    for _ in range(4):
        click(racing.control("race-slice-zoom-in", Button))
    # A part whose ends are no round numbers.
    dragged(panel, Qt.MouseButton.RightButton, QPoint(-17, 13))
    view = picture.view
    assert view is not None
    shown: list[float] = []
    sliced.told.connect(
        lambda: shown.append(np.diff(sliced.found.found.x)[0] * sliced.found.found.every if sliced.found else 0)
    )  # fmt: skip
    click(racing.control("race-slice-region", Button))
    assert sliced.measures_region
    # Meanwhile all of it is shown as it is known; nothing that is shown becomes coarser.
    assert sliced.found is whole
    assert picture.measure.text() == "Stop"
    ended(racing, panel)
    part = sliced.found
    assert part is not None
    assert part is not whole
    assert sliced.whole is whole
    assert max(shown) <= np.diff(whole.found.x)[0] * (1 + 1e-9)
    np.testing.assert_allclose(ends_of(part), (view.across, view.down), rtol=1e-12)
    assert part.found.known.all()
    assert picture.is_whole
    # The middle is at the same weights in both, and so is its loss, but for straight lines between points.
    centre = loss_slice.height_below(part, (0.0, 0.0))
    assert centre == pytest.approx(whole.found.loss[10, 10], rel=2e-3)
    assert "part of the slice" in panel.settings.words.text()
    # It is seen in three dimensions, and filmed, as it is.
    filmed = racing.view.filmed()[1]["of"]["loss-slice"]
    assert filmed["x_range"] == pytest.approx(list(view.across))
    # Finer still: the same part with more points.
    racing.control("race-slice-side", Choice).chosen.emit("41")
    ended(racing, panel)
    finer = sliced.found
    assert finer is not None
    assert finer.found.loss.shape == (41, 41)
    assert ends_of(finer) == ends_of(part)
    # Back to all of it, at once: it is still known. In three dimensions a button does that.
    racing.control("race-network-view", Choice).chosen.emit("solid")
    button = racing.control("race-slice-whole", Button)
    assert button.isVisible()
    click(button)
    assert sliced.found is whole
    assert not button.isVisible()
    racing.control("race-network-view", Choice).chosen.emit("slice")
    racing.do("race.slice_region", x=[-0.25, 0.25], y=[-0.5, 0.0])
    ended(racing, panel)
    assert ends_of(sliced.found) == ((-0.25, 0.25), (-0.5, 0.0))
    picture.setFocus()
    QTest.keyClick(picture, Qt.Key.Key_0)
    assert sliced.found is whole
    assert sliced.whole is None
    assert picture.is_whole
    # One that is stopped before it is as fine changes nothing.
    racing.do("race.slice_set", side=161)
    racing.do("race.slice_stop")
    known = sliced.found
    click(racing.control("race-slice-zoom-in", Button))
    click(racing.control("race-slice-region", Button))
    assert sliced.measures_region
    click(racing.control("race-slice-region", Button))
    assert not sliced.goes_on
    assert sliced.found is known
    # So does one during which all of it is asked for: the map does not jump to the part later.
    click(racing.control("race-slice-region", Button))
    assert sliced.measures_region
    click(racing.control("race-slice-zoom-fit", Button))
    assert not sliced.goes_on
    assert sliced.found is known
    assert picture.is_whole
    assert picture.relief_ends == picture.ends
    for far in ([-1e300, 1e300], [0.0, 1e-320]):
        with pytest.raises(CommandError, match="at least 1e-05 wide"):
            racing.do("race.slice_region", x=far, y=[0.0, 1.0])
    for _ in range(60):
        picture.zoom(2.0)
    assert picture.view is not None
    assert 1e-5 <= picture.view.across[1] - picture.view.across[0] < 1e-4
    for wrong in ({"x": [1.0, 0.0], "y": [0.0, 1.0]}, {"x": [0.0], "y": [0.0, 1.0]}):
        with pytest.raises(CommandError, match="smaller number to a larger one"):
            racing.do("race.slice_region", **wrong)


def test_a_slice_of_what_was_before_says_so(racing: Racing) -> None:
    panel = around_the_run(racing)
    sliced = panel.slice
    racing.do("training.configure", loss="mean_squared_error")
    assert "before you changed the loss" in panel.settings.problem.text()
    assert sliced.is_old
    with pytest.raises(CommandError, match="of what was before"):
        racing.do("race.slice_region", x=[0.0, 0.1], y=[0.0, 0.1])
    racing.undo()
    assert not sliced.is_old
    assert panel.settings.problem.isHidden()
    # The ways of a race need a race with the same settings.
    racing.do("race.slice_stop")
    for one in [one.id for one in racing.race.racers][2:]:
        racing.do("race.remove", id=one)
    racing.do("race.network_set", epochs=1)
    racing.do("race.network_start")
    racing.until(lambda: not panel.task.goes_on)
    racing.do("training.configure", loss="mean_squared_error")
    racing.do("race.slice_set", source="race")
    assert not sliced.goes_on
    with pytest.raises(CommandError, match=r"changed the loss.*Race again, then measure"):
        racing.do("race.slice")
