"""The race on the learner's network: driven by its controls, told while it goes on, looked at with the top bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app import theme as themes
from app.bus import CommandError
from app.optimizers.adding import KindButton
from app.optimizers.network_task import NetworkTask
from app.optimizers.panels.network import NetworkPanel
from app.optimizers.panels.racers import RacerButton
from app.scenes.network_race import axis_text, fitting, order, trailing
from app.widgets import Button, Choice, Label, NumberField, Segmented, TextField
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
        assert line.tested[:, 0].tolist() == [0, race.batches]
        assert line.tested[-1, 1] == lane.epochs[-1].metrics["val_loss"]
    assert panel.plots[1].isVisible()
    assert panel.plots[1].shown_metric == "accuracy"
    # Where held-out samples were measured there is a dot, larger than the dashed line between.
    racing.do("race.choose", id="adam")
    racing.do("race.seek", step=0)
    racing.until(lambda: panel.plots[0].complete)
    plot, adam = panel.plots[0], chart.lines[-1]
    y = float(plot.chart.heights(adam.tested[-1, 1], plot.box())) if plot.chart else 0.0
    image, x = plot.grab().toImage(), round(plot.box().right())
    color = adam.look.color(themes.current()).rgb()
    assert [image.pixel(x - 1, round(y) + by) for by in (-2, 0, 2)] == [color] * 3
    racing.do("race.seek", step=race.steps - 1)
    # Places are by what is written there.
    by_place = sorted(chart.lines, key=lambda line: panel.rows.rows[line.id].place)
    assert [panel.rows.rows[line.id].place for line in by_place] == [1, 2, 3]
    whole_epoch = [line.over_epoch(task.time) for line in by_place]
    assert whole_epoch == sorted(whole_epoch)
    # Inside the first epoch nothing is told of held-out samples: they were measured before it alone.
    racing.do("race.seek", step=race.batches // 2)
    row = panel.rows.rows["adam"]
    other = panel.rows.charts[1]
    line = next(one for one in other.lines if one.id == "adam")
    assert row.more == f"accuracy {other.words(line.at(task.time))}"
    assert "held-out" not in row.toolTip()
    assert all("held out" not in words for _, _, words in panel.plots[0].readings(task.step))
    for place, step in enumerate((0, race.batches)):
        racing.do("race.seek", step=step)
        held = next(one for one in panel.rows.charts[0].lines if one.id == "adam").tested_at(step)
        assert f"held-out loss {chart.words(held)}" in row.toolTip()
        assert row.more == f"held out {other.words(float(line.tested[place, 1]))}"
    racing.do("race.seek", step=race.steps - 1)
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
    # Who has a kind by its samples in a step is called what it is here: no batch is of all samples.
    size = racing.window.context.document.training.batch_size
    rows = panel.rows.rows
    assert rows["batch"].title == f"SGD, batches of {size}"
    assert rows["stochastic"].title == f"SGD 2, batches of {size}"
    assert rows["stochastic"].more == "as SGD"
    assert "On surfaces this is Stochastic gradient descent" in rows["stochastic"].toolTip()
    assert [one.title for one in runners] == ["SGD", "Momentum", "Adam"]
    racing.do("training.configure", batch_size=20)
    assert rows["batch"].title == "SGD, batches of 20"
    racing.undo()
    # Own names stay, those the program gives to tell two of a kind apart do not; no two are the same.
    racing.do("race.duplicate", id="batch")
    racing.do("race.set", id="adam", key="name", value="SGD 2")
    racing.do("race.set", id="stochastic", key="name", value="Mine")
    assert [row.brief for row in panel.rows.rows.values()] == [
        "SGD",
        "SGD 3",
        "Momentum",
        "SGD 2",
        "Mine",
    ]
    for _ in range(3):
        racing.undo()
    rows = panel.rows.rows
    assert "all racers take the same batches" in panel.rows.rows["stochastic"].toolTip()
    assert "batches" not in panel.rows.rows["adam"].toolTip()
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
    row = panel.rows.rows["momentum"]
    assert row.more.startswith("raced with 0.01")
    # In every window the number stands there whole.
    for level, words in ((0, "raced with 0.01"), (1, "raced with 0.01"), (2, "was 0.01")):
        panel.set_compact(level)
        racing.qtbot.waitUntil(lambda: row.width() == panel._side.width())
        assert row.beside == words
    panel.set_compact(0)
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
    assert "before you changed the network" in panel.notice.text
    racing.undo()
    assert panel.notice.isHidden()
    click(racing.control("race-network-start", Button))
    racing.until(lambda: task.problem or (task.found is not None and task.reach > 0))
    assert task.problem == ""
    racing.do("layer.configure", layer=layer.id, units=7)
    assert not task.goes_on
    assert f"changed the network: the race ended at step {task.reach}" in panel.notice.text
    # What is undone is not said any more.
    racing.undo()
    assert panel.notice.isHidden()
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


def typed(racing: Racing, name: str, words: str) -> NumberField:
    """Type a number into a field, and Enter."""
    field = racing.control(name, NumberField)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, words)
    QTest.keyClick(field, Qt.Key.Key_Return)
    return field


def test_what_is_set_is_one_edit_each_and_is_undone_in_the_window(racing: Racing) -> None:
    panel = shown(racing)
    task, stack = panel.task, racing.window.context.document.stack
    count, first = stack.count(), task.settings
    # What is stepped through is one edit; after Enter or leaving the field the next one is another.
    field = racing.control("race-network-epochs", NumberField)
    field.setFocus()
    for _ in range(3):
        QTest.keyClick(field, Qt.Key.Key_Up)
    assert task.epochs == 8
    assert stack.count() == count + 1
    QTest.keyClick(field, Qt.Key.Key_Return)
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert stack.count() == count + 2
    QTest.keyClick(field, Qt.Key.Key_Return)
    typed(racing, "race-network-rate-adam", "0.02")
    assert stack.undoText() == "Adam: learning rate on the network"
    racing.control("race-network-begin", Choice).chosen.emit("present")
    racing.control("race-network-rates", Choice).chosen.emit("race")
    assert stack.count() == count + 5
    assert task.settings.own == {}
    last = task.settings
    racing.action("edit-undo").trigger()
    assert panel.rates.value == "keras"
    assert panel.rows.rows["adam"].rate.value() == 0.02
    racing.action("edit-undo").trigger()
    assert panel.begin.value == "drawn"
    racing.action("edit-undo").trigger()
    assert panel.rows.rows["adam"].rate.value() == 0.001
    racing.action("edit-undo").trigger()
    assert panel.epochs.value() == 8
    racing.action("edit-undo").trigger()
    assert task.settings == first
    assert panel.epochs.value() == 5
    for _ in range(5):
        racing.action("edit-redo").trigger()
    assert task.settings == last
    assert (panel.rates.value, panel.begin.value, panel.epochs.value()) == ("race", "present", 9)
    # What is set to what it is, is no edit.
    racing.do("race.network_set", epochs=9)
    assert stack.count() == count + 5


def test_racers_are_added_set_and_removed_beside_the_network(racing: Racing) -> None:
    panel = shown(racing)
    rows = panel.rows
    click(racing.control("race-network-add", Button))
    stochastic = racing.control("race-add-stochastic", KindButton)
    assert "all take the same batches" in stochastic.note
    click(racing.control("race-add-lion", KindButton))
    assert list(rows.rows) == ["batch", "momentum", "adam", "lion"]
    assert racing.session.racer == "lion"
    click(racing.control("race-add-lion", KindButton))
    # Two of a kind can be told apart.
    assert [row.title for row in rows.rows.values()][-2:] == ["Lion", "Lion 2"]
    QTest.keyClick(stochastic, Qt.Key.Key_Escape)
    # By mouse: a row's button opens its settings, and they are those of the racer.
    row = rows.rows["momentum"]
    click(row, QPoint(60, 12))
    assert racing.session.racer == "momentum"
    click(row.edit)
    note = racing.control("race-rate-note", Label)
    racing.qtbot.wait(50)
    assert note.isVisible()
    assert racing.window.isActiveWindow()
    assert "The rate above is for surfaces. On your network it is 0.01" in note.text()
    assert racing.window.findChild(QWidget, "race-batch") is None
    share = racing.control("race-momentum", NumberField)
    share.setValue(0.5)
    assert racing.racer("momentum").optimizer["momentum"] == 0.5
    name = racing.control("race-name", TextField)
    name.setText("Mine")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert row.title == "Mine"
    assert rows.rows["momentum"] is row
    click(racing.control("race-duplicate", Button))
    assert [one.title for one in rows.rows.values()][1:3] == ["Mine", "Mine 2"]
    click(racing.control("race-remove", Button))
    assert "momentum" not in rows.rows
    assert not share.isVisible()
    # With the keyboard: Enter opens, Escape closes, Delete removes, Ctrl+D duplicates; Enter in a rate does neither.
    typed(racing, "race-network-rate-adam", "0.02")
    assert not racing.control("race-name", TextField).isVisible()
    row = rows.rows["adam"]
    row.setFocus()
    QTest.keyClick(row, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    twin = racing.session.racer
    assert rows.rows[twin].title == "Adam 2"
    assert panel.task.rate(racing.racer(twin)) == 0.02
    row.setFocus()
    QTest.keyClick(row, Qt.Key.Key_Return)
    name = racing.window.findChildren(TextField, "race-name")[-1]
    assert name.isVisible()
    QTest.keyClick(name, Qt.Key.Key_Escape)
    assert not name.isVisible()
    assert row.hasFocus()
    QTest.keyClick(row, Qt.Key.Key_Delete)
    assert "adam" not in rows.rows
    assert rows.rows[twin].hasFocus()
    # Whoever comes under its name has its own rate; undo brings back both.
    assert "adam" not in panel.task.settings.own
    racing.undo()
    assert panel.task.rate(racing.racer("adam")) == 0.02
    for one in list(rows.rows):
        racing.do("race.remove", id=one)
    assert rows.empty.isVisible()
    with pytest.raises(CommandError, match="Add a racer first"):
        racing.do("race.network_start")


def test_a_race_of_other_settings_says_so_and_is_raced_again(racing: Racing) -> None:
    panel = shown(racing)
    task = panel.task
    racing.do("race.network_set", epochs=1)
    raced(racing, task)
    assert panel.notice.isHidden()
    document = racing.window.context.document
    size = document.training.batch_size
    racing.do("training.configure", batch_size=size * 2)
    assert "before you changed the batch size" in panel.notice.text
    assert not task.is_of_present
    # What is no part of a race changes nothing of that.
    racing.do("training.configure", seed=3)
    assert "changed the batch size and the seed" in panel.notice.text
    racing.undo()
    racing.undo()
    assert panel.notice.isHidden()
    racing.do("training.configure", optimizer={"kind": "Lion", "learning_rate": 0.1}, epochs=3)
    assert panel.notice.isHidden()
    racing.do("training.configure", batch_size=size * 2)
    assert panel.notice.isVisible()
    click(racing.control("race-network-again", Button))
    assert panel.notice.isHidden()
    racing.until(lambda: not task.goes_on)
    assert task.problem == ""
    # It is a race with what is set, though that was handed to the engine only now.
    assert task.found is not None
    assert task.found.race.batch_size == size * 2
    assert f"batches of {size * 2}" in panel.status.text
    # Of a racer that is set otherwise now it is said with what it ran.
    racing.do("race.set", id="momentum", key="momentum", value=0.5)
    row = panel.rows.rows["momentum"]
    assert row.short == "raced otherwise"
    assert "raced with momentum 0.9" in row.toolTip()
    racing.undo()
    assert "raced with" not in row.toolTip()
    # While it goes on, it ends: no number of it is of other settings.
    racing.do("race.network_set", epochs=400)
    click(racing.control("race-network-start", Button))
    racing.until(lambda: task.problem or (task.found is not None and task.reach > 0))
    racing.do("training.configure", batch_size=size)
    assert not task.goes_on
    assert f"batch size: the race ended at step {task.reach}," in panel.notice.text
    click(racing.control("race-network-notice-close", Button))
    assert panel.notice.isHidden()
    # A network that cannot be trained is not raced as it was before.
    last = [one for one in document.network.layers if "units" in one.config][-1]
    racing.do("layer.configure", layer=last.id, units=3)
    sentence = document.inspection.problems[0].sentence
    with pytest.raises(CommandError) as refused:
        racing.do("race.network_start")
    assert str(refused.value) == sentence


def test_absurd_rates_are_shown_whole_and_diverge_visibly(racing: Racing) -> None:
    panel = shown(racing)
    task = panel.task
    field = typed(racing, "race-network-rate-batch", "1000000")
    assert task.rate(racing.racer("batch")) == 1e6
    assert field.text() == "1e6"
    # Enter once more, and the arrows, leave what is larger than usual as large.
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 1e6
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert task.rate(racing.racer("batch")) > 1e6
    field = typed(racing, "race-network-rate-batch", "1234567.5")
    assert task.rate(racing.racer("batch")) == 1234567.5
    assert field.fontMetrics().horizontalAdvance(field.text()) < field.lineEdit().width()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert task.rate(racing.racer("batch")) == 1234567.5
    for rate, words in ((1e38, "1e38"), (2.5e-10, "2.5e\N{MINUS SIGN}10"), (0.00125, "0.00125")):
        racing.do("race.network_rate", id="adam", value=rate)
        assert panel.rows.rows["adam"].rate.text() == words
    racing.do("race.network_rate", id="adam", value=1e6)
    racing.do("race.network_set", epochs=1)
    raced(racing, task)
    # One breaks; the other's numbers stay finite, for probabilities are kept from 0, and it is said that it got worse.
    row = panel.rows.rows["adam"]
    assert row.gone
    assert "diverged" in row.toolTip()
    row = panel.rows.rows["batch"]
    assert row.climbed
    assert task.found is not None
    assert f"up from {task.found.race.lanes[0].curves['loss'][0]:.3f}" in row.toolTip()
    assert not panel.rows.rows["momentum"].climbed
    assert "1 diverged · 1 above their start" in panel.status.text
    # On a surface, too, and in the form of the racer.
    racing.show("surface")
    racing.do("race.set", id="batch", key="learning_rate", value=1e6)
    racing.raced()
    assert racing.path("batch").left is not None
    QTest.mouseDClick(racing.control("race-racer-batch", RacerButton), Qt.MouseButton.LeftButton)
    field = racing.control("race-learning-rate-field", NumberField)
    assert field.text() == "1e6"
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert racing.racer("batch").optimizer["learning_rate"] >= 1e6
