"""The race on the learner's network: driven by its controls, told while it goes on, looked at with the top bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app import theme as themes
from app.bus import CommandError
from app.optimizers.network_task import NetworkTask
from app.optimizers.panels.network import NetworkPanel
from app.scenes.network_race import axis_text, fitting, order, trailing
from app.widgets import Button, Choice, NumberField, Segmented
from core.landscape.race import kind
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def shown(racing: Racing) -> NetworkPanel:
    """The panel, shown with three racers."""
    for one in ("nesterov", "adagrad", "adadelta", "rmsprop"):
        racing.do("race.remove", id=one)
    racing.show("network")
    return racing.control("race-network-panel", NetworkPanel)


def raced(racing: Racing, task: NetworkTask) -> None:
    """Press Race, and wait for its end."""
    click(racing.control("race-network-start", Button))
    assert task.goes_on
    racing.until(lambda: not task.goes_on)
    assert task.problem == ""


def test_racers_train_the_network_and_the_top_bar_goes_over_it(racing: Racing) -> None:
    panel = shown(racing)
    task, session = panel.task, racing.session
    racing.do("race.seek", step=0)
    assert not racing.view.spots["racers"].isVisible()
    assert task.epochs == 5
    field = racing.control("race-network-epochs", NumberField)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert task.epochs == 1
    parts: list[int] = []
    task.told.connect(lambda: parts.append(task.reach))
    raced(racing, task)
    race = task.found and task.found.race
    assert race is not None
    assert race.steps == race.batches
    # It tells more often than anybody can see, and is painted bit by bit: at the end all of it is there.
    assert len(parts) < race.steps
    racing.until(lambda: panel.plots[0].complete)
    area, image = panel.plots[0].box(), panel.plots[0].grab().toImage()
    for line in panel.plots[0].chart.lines if panel.plots[0].chart else ():
        color = line.look.color(themes.current()).rgb()
        columns = range(round(area.left()), round(area.right()))
        rows = range(round(area.top()), round(area.bottom()))
        assert any(image.pixel(x, y) == color for x in columns for y in rows), line.id
    assert sorted(parts) == parts
    assert [one.id for one in race.lanes] == ["batch", "momentum", "adam"]
    # With Keras's rates, and everything else as in the race.
    assert [one.optimizer["learning_rate"] for one in race.lanes] == pytest.approx(
        [0.01, 0.01, 0.001]
    )
    assert race.lanes[1].optimizer["momentum"] == 0.9
    # The playhead went with it, and the race on the surface stands where it stood.
    assert task.time == race.steps
    assert session.time == 0
    state = racing.view.transport.state
    assert (state.step, state.total, state.obstacle) == (race.steps, race.steps, "")
    QTest.keyClick(racing.window, Qt.Key.Key_Comma)
    assert task.time == race.steps - 1
    # What is written at a racer is the mean of what its last batches lost.
    chart = panel.plots[0].chart
    assert chart is not None
    for lane, line in zip(race.lanes, chart.lines, strict=True):
        want = lane.curves["loss"][: race.steps - 1][-chart.window :].mean()
        assert line.at(task.time) == pytest.approx(want, rel=1e-12)
        # In the list the whole epoch counts, so that few batches do not decide.
        whole = lane.curves["loss"][: race.steps - 1][-race.batches :].mean()
        row = panel.rows.rows[lane.id]
        assert row.loss == chart.words(whole) == chart.words(line.over_epoch(task.time))
        assert "the mean of all batches" in row.toolTip()
        assert f"held-out loss {chart.words(line.tested_at(task.time))}" in row.toolTip()
        assert line.tested[:, 0].tolist() == [0, race.batches]
        assert line.tested[-1, 1] == lane.epochs[-1].metrics["val_loss"]
    assert panel.plots[1].isVisible()
    assert panel.plots[1].shown_metric == "accuracy"
    # Places are by what is written there.
    by_place = sorted(chart.lines, key=lambda line: panel.rows.rows[line.id].place)
    assert [panel.rows.rows[line.id].place for line in by_place] == [1, 2, 3]
    whole_epoch = [line.over_epoch(task.time) for line in by_place]
    assert whole_epoch == sorted(whole_epoch)
    # Its readings are those of everybody, the best first.
    best = order(chart, task.time)[0]
    assert panel.plots[0].readings(int(task.time))[0][0] == best
    plot = panel.plots[0]
    box = plot.box()
    click(plot, QPoint(round(box.left() + box.width() / 2), round(box.center().y())))
    assert abs(task.time - race.steps / 2) <= 1
    QTest.keyClick(racing.window, Qt.Key.Key_Space)
    assert task.playing
    assert not session.playing
    QTest.keyClick(racing.window, Qt.Key.Key_Space)
    assert not task.playing
    told = dict(racing.view.status())
    assert told["epochs"] == "1"
    assert "steps" not in told
    assert racing.view.transport.precision == "float32"
    # Beside the panel the top bar is that of the surface again.
    racing.show("surface")
    assert racing.view.transport.state.total == racing.race.steps
    assert racing.view.transport.precision == "float64"
    assert racing.view.spots["racers"].isVisible()


def test_rates_are_the_networks_own_and_twins_run_once(racing: Racing) -> None:
    panel = shown(racing)
    task = panel.task
    racing.do("race.add", kind="stochastic")
    field = racing.control("race-network-rate-adam", NumberField)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "0.02")
    QTest.keyClick(field, Qt.Key.Key_Return)
    adam = racing.racer("adam")
    assert task.rate(adam) == pytest.approx(0.02)
    assert adam.optimizer["learning_rate"] == kind("adam").optimizer["learning_rate"]
    runners, twins = task.entrants()
    assert [one.id for one in runners] == ["batch", "momentum", "adam"]
    assert list(twins) == ["stochastic"]
    # All take the batches of the training: what they are called by on a surface is not so here.
    assert panel.rows.rows["batch"].title == "SGD" == panel.rows.rows["stochastic"].title
    assert panel.rows.rows["stochastic"].more == "as SGD"
    # A rate of its own makes it another.
    racing.do("race.network_rate", id="stochastic", value=0.05)
    assert "stochastic" in [one.id for one in task.entrants()[0]]
    choice = racing.control("race-network-rates", Choice)
    choice.chosen.emit("race")
    assert task.rate(adam) == adam.optimizer["learning_rate"]
    for bad in ({"id": "adam", "value": -1.0}, {"id": "nobody", "value": 0.1}):
        with pytest.raises(CommandError):
            racing.do("race.network_rate", **bad)
    for wrong in ({"epochs": 0}, {"start": "later"}, {"rates": "none"}):
        with pytest.raises(CommandError):
            racing.do("race.network_set", **wrong)
    assert task.rate(adam) == adam.optimizer["learning_rate"]


def test_a_race_is_stopped_and_one_that_breaks_says_so(racing: Racing) -> None:
    panel = shown(racing)
    task = panel.task
    racing.do("race.network_rate", id="batch", value=1e38)
    racing.do("race.network_set", epochs=400, start="present")
    click(racing.control("race-network-start", Button))
    racing.until(lambda: task.problem or (task.found is not None and task.reach > 0))
    assert task.problem == ""
    click(racing.control("race-network-start", Button))
    assert not task.goes_on
    found: Any = task.found
    assert 0 < task.reach < found.race.steps
    assert found.start == "present"
    assert panel.progress.share is None
    assert found.race.lanes[0].diverged is not None
    chart = panel.plots[0].chart
    assert chart is not None
    row = panel.rows.rows["batch"]
    assert row.gone
    assert order(chart, task.time)[-1] == "batch"
    assert np.isfinite([chart.low, chart.high]).all()
    log = racing.control("race-network-log", Segmented)
    click(log.segment("linear"))
    chart = panel.plots[0].chart
    assert chart is not None
    assert not chart.log
    # Results are of the rates they were raced with, and of racers that are in the list.
    racing.do("race.network_rate", id="momentum", value=0.5)
    assert panel.rows.rows["momentum"].more.startswith("raced with 0.01")
    racing.do("race.network_rate", id="momentum")
    assert "raced with" not in panel.rows.rows["momentum"].more
    racing.do("race.remove", id="momentum")
    assert [line.id for line in panel.plots[0].chart.lines] == ["batch", "adam"]
    racing.undo()
    assert len(panel.plots[0].chart.lines) == 3
    # Another network: what was found is of the one before, and a race that goes on ends.
    document = racing.window.context.document
    layer = next(one for one in document.network.layers if "units" in one.config)
    racing.do("layer.configure", layer=layer.id, units=7)
    assert "as it was before you changed it" in panel.status.text
    racing.undo()
    assert task.problem == ""
    click(racing.control("race-network-start", Button))
    racing.until(lambda: task.problem or (task.found is not None and task.reach > 0))
    assert task.problem == ""
    racing.do("layer.configure", layer=layer.id, units=7)
    assert not task.goes_on
    assert f"the race ended at step {task.reach}." in task.problem
    # Another project: what was found is of another.
    racing.window.context.bus.emit("project.opened", path="")
    assert task.found is None


def test_a_logarithmic_axis_is_as_long_as_its_numbers() -> None:
    for bottom, top in ((0.6, 0.9), (0.2, 2.7), (0.05, 0.9), (2.3, 2.31), (1e-9, 2.0), (0.5, 0.5)):
        low, high, ticks = fitting(bottom, top)
        assert low <= np.log10(bottom)
        assert high >= np.log10(top)
        assert high > low
        if 1.1 * bottom < top < 1000 * bottom:
            assert high - low < 1.2 * np.log10(top / bottom)
        assert len(ticks) >= 2
        assert all(low - 1e-9 <= np.log10(one) <= high + 1e-9 for one in ticks)
        assert len({axis_text(one) for one in ticks}) == len(ticks)


def test_means_are_of_the_last_steps_and_break_only_where_numbers_do() -> None:
    values = np.array([4.0, 2.0, 6.0, 8.0, np.inf, 1.0, 3.0, 5.0, 7.0])
    found = trailing(values, 3)
    want = [4.0, 3.0, 4.0, 16 / 3, np.nan, np.nan, np.nan, 3.0, 5.0]
    np.testing.assert_allclose(found, want, rtol=1e-14)
