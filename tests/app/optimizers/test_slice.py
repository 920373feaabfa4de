"""The slice of the network's loss: measured coarse to fine, flown over with the playhead, and its caveats in words."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from app.bus import CommandError
from app.optimizers.panels.network import NetworkPanel
from app.scenes import loss_slice
from app.widgets import Button, Choice, Segmented
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
