"""The race in the top bar: it plays, stands, steps and goes back, by buttons and keys, as fast as is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.bus import CommandError
from app.widgets import Label
from app.window.topbar import Counter
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import action, control


def test_it_plays_to_the_end_and_begins_again(racing: Racing) -> None:
    session, clock = racing.session, racing.window.context.clock
    times: list[float] = []
    session.moved.connect(lambda: times.append(session.time))
    finished: list[Any] = []
    racing.window.context.bus.subscribe(finished.append, ["race.finished"])
    racing.do("race.speed", value="500/s")
    racing.action("transport-play").trigger()
    assert session.playing
    assert clock.running
    racing.until(lambda: not session.playing)
    assert session.time == racing.race.steps == 120
    assert [one.values for one in finished] == [{"step": 120}]
    # It moves between steps, and never back.
    assert any(time != int(time) for time in times)
    assert times == sorted(times)
    assert not racing.action("transport-step").isEnabled()
    # From the end it begins again; paused it stands at a whole step.
    racing.do("race.speed", value="20/s")
    racing.action("transport-play").trigger()
    racing.until(lambda: 1 < session.time < 100)
    racing.action("transport-play").trigger()
    assert not session.playing
    assert session.time == int(session.time) < 120
    racing.action("transport-reset").trigger()
    assert session.time == 0
    assert not racing.action("transport-step-back").isEnabled()


def test_keys_step_on_and_back_to_the_same_numbers(racing: Racing) -> None:
    session, window = racing.session, racing.window
    seen = []
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Period)
        seen.append(tuple(session.path.positions[session.step]) if session.path else ())
    assert session.step == 3
    assert len(set(seen)) == 3
    QTest.keyClick(window, Qt.Key.Key_Comma)
    assert session.step == 2
    assert session.path is not None
    assert tuple(session.path.positions[session.step]) == seen[1]
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert session.playing
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert not session.playing
    QTest.keyClick(window, Qt.Key.Key_R)
    assert session.time == 0
    # The run of the project stays where it is: the keys drive what is in front.
    assert window.context.engine.state.position is None or window.context.engine.state.position.step == 0  # fmt: skip
    assert "start (0.7, 1.55)" in control(window, "race-start-chip").accessibleName()
    racing.do("race.start", x=1.0, y=-0.5)
    assert "start (1, " in control(window, "race-start-chip").accessibleName()


def test_leaving_the_workspace_stops_the_race(racing: Racing) -> None:
    session = racing.session
    racing.do("race.speed", value="10/s")
    racing.do("race.play")
    action(racing.window, "workspace-train").trigger()
    assert not session.playing
    assert not session.active
    action(racing.window, "workspace-optimizers").trigger()
    racing.raced()
    assert session.current


#: Of each command what makes no sense, with a word of the sentence that says so.
REFUSED = [
    ("race.surface", {"kind": "volcano"}, "volcano"),
    ("race.surface", {"kind": "bowl", "settings": {"depth": 3}}, "depth"),
    ("race.formula", {"text": "x^2 + import"}, "import"),
    ("race.formula", {"text": "x", "domain": [0.0, 1.0]}, "four numbers"),
    ("race.start", {"x": float("inf"), "y": 0.0}, "number"),
    ("race.start", {"x": "left", "y": 0.0}, "number"),
    ("race.steps", {"value": 0}, "steps"),
    ("race.steps", {"value": 10_001}, "steps"),
    ("race.steps", {"value": 1.5}, "whole number"),
    ("race.seed", {"value": -1}, "seed"),
    ("race.add", {"kind": "snail"}, "snail"),
    ("race.remove", {"id": "snail"}, "snail"),
    ("race.duplicate", {"id": "snail"}, "snail"),
    ("race.choose", {"id": "snail"}, "snail"),
    ("race.set", {"id": "adam", "key": "learning_rate", "value": -0.1}, "learning rate"),
    ("race.set", {"id": "adam", "key": "learning_rate", "value": float("nan")}, "learning rate"),
    ("race.set", {"id": "adam", "key": "learning_rate", "value": {"kind": "Nope"}}, "Nope"),
    ("race.set", {"id": "adam", "key": "beta_1", "value": 1.0}, "less than 1"),
    ("race.set", {"id": "adam", "key": "beta_3", "value": 0.5}, "beta_3"),
    ("race.set", {"id": "adam", "key": "kind", "value": "SGD"}, "Another optimizer"),
    ("race.set", {"id": "adam", "key": "batch_size", "value": 0}, "sample"),
    ("race.set", {"id": "adam", "key": "name", "value": 7}, "name"),
    ("race.optimizer", {"id": "adam", "optimizer": {"kind": "Nope"}}, "Nope"),
    ("race.put", {"race": {"surface": {"kind": "bowl"}, "racers": 3}}, "damaged"),
    ("race.open", {"path": "/nowhere/x.race"}, "x.race"),
    ("race.speed", {"value": "fast"}, "fast"),
    ("race.granularity", {"value": "epoch"}, "epoch"),
    ("race.seek", {"step": 121}, "121"),
    ("race.seek", {"step": -1}, "-1"),
    ("race.show", {"name": "nothing", "value": True}, "nothing"),
    ("race.view", {"value": "nothing"}, "nothing"),
]


def test_what_makes_no_sense_is_refused_and_changes_nothing(racing: Racing) -> None:
    stack = racing.window.context.document.stack
    for name, arguments, word in REFUSED:
        before = (racing.race, stack.count(), racing.session.time, racing.session.racer)
        with pytest.raises(CommandError) as refused:
            racing.do(name, **arguments)
        sentence = str(refused.value).replace("\N{MINUS SIGN}", "-")
        assert word in sentence, (name, arguments, sentence)
        after = (racing.race, stack.count(), racing.session.time, racing.session.racer)
        assert after == before, (name, arguments)


def test_the_fastest_speed_and_large_counts_are_shown_in_full(racing: Racing) -> None:
    racing.window.resize(1440, 900)
    racing.do("race.steps", value=10_000)
    racing.raced()
    racing.do("race.seek", step=10_000)
    speed = racing.control("speed-value", Label)
    row = racing.window.top.layout()
    assert row is not None
    for value in ("2000/s", "1/s"):
        racing.do("race.speed", value=value)
        assert speed.text() == value
        # However much the chips beside them would like to have.
        for one in (speed, racing.control("counter-step", Counter)):
            item = row.itemAt(row.indexOf(one))
            assert item is not None
            assert item.minimumSize().width() >= one.sizeHint().width()
