"""The list of racers: ranked, chosen, added, set, duplicated and removed by mouse and keyboard."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.bus import CommandError
from app.optimizers.adding import KindButton
from app.optimizers.panels.racers import RacerButton, RacersPanel
from app.scenes.race_looks import look_of, looks
from app.scenes.race_numbers import numbers_of, ordinal, settings_words
from app.scenes.race_ranking import LOW, ROW, ranked, rows
from app.theme import DARK
from app.widgets import Button, Choice, NumberField, TextField, Toggle
from core import landscape, optimizers, schedules
from core.landscape.race import KINDS, Race, Racer, new_racer
from core.landscape.race import kind as racer_kind
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def panel(racing: Racing) -> RacersPanel:
    return racing.control("race-racers-panel", RacersPanel)


def test_rows_are_as_wide_as_the_list_with_and_without_its_scroll_bar(racing: Racing) -> None:
    found = panel(racing)
    area = found._area

    def fits(bar: bool) -> bool:
        wide = area.viewport().width()
        return area.verticalScrollBar().isVisible() == bar and {
            one.width() for one in found._rows.values()
        } == {wide}

    racing.window.resize(1440, 900)
    racing.until(lambda: fits(False))
    racing.do("race.add_all")
    racing.until(lambda: fits(True))
    racing.undo()
    racing.until(lambda: fits(False))
    racing.window.resize(1024, 600)
    racing.window.resize(1280, 720)
    racing.until(
        lambda: len({one.width() for one in found._rows.values()} | {area.viewport().width()}) == 1
    )


def row(racing: Racing, identifier: str) -> RacerButton:
    return racing.control(f"race-racer-{identifier}", RacerButton)


def from_the_top(racing: Racing) -> list[str]:
    """Ids as the rows lie in the window, once they have come to rest."""
    found = panel(racing)
    racing.until(lambda: not found._moving)
    return sorted(found._rows, key=lambda one: found._rows[one].y())


def own_path(racing: Racing, identifier: str) -> landscape.Trajectory:
    """What core computes of a racer by itself."""
    one, race = racing.racer(identifier), racing.race
    return landscape.trajectory(
        landscape.from_document(race.surface), one.optimizer, race.start, race.steps,
        batch_size=one.batch_size, seed=race.seed, bias_correction=one.bias_correction,
    )  # fmt: skip


def test_racers_are_ranked_by_loss_and_can_be_listed_as_added(racing: Racing) -> None:
    session = racing.session
    racing.do("race.seek", step=90)
    losses = {one.id: float(path.losses[90]) for one, path in session.racers}
    assert from_the_top(racing) == sorted(losses, key=lambda one: losses[one])
    shown = row(racing, "adam").row
    assert shown is not None
    assert shown.loss == f"{losses['adam']:.3f}"
    assert shown.settings == "lr 0.080  β₁ 0.90  β₂ 0.999"
    assert shown.rank == sorted(losses.values()).index(losses["adam"]) + 1
    # The flag comes at the first step at or below the line, and not before.
    answer = session.answer
    assert answer is not None
    line = numbers_of(answer).finish_line()
    assert line == pytest.approx(0.01 * racing.path("adam").losses[0], rel=0.5)
    first = int(np.flatnonzero(racing.path("momentum").losses <= line)[0])
    racing.do("race.seek", step=first - 1)
    before = row(racing, "momentum").row
    racing.do("race.seek", step=first)
    after = row(racing, "momentum").row
    assert before is not None
    assert after is not None
    assert (before.finished, before.place) == (None, 0)
    assert after.finished == first
    assert after.place >= 1
    assert ordinal(after.place) in after.words
    # Another line, another finish; and back to the usual one.
    racing.do("race.show", name="finish", value=5.0)
    sooner = row(racing, "momentum").row
    assert sooner is not None
    assert sooner.finished is not None
    assert sooner.finished < first
    with pytest.raises(CommandError, match="finish line"):
        racing.do("race.show", name="finish", value="near")
    racing.do("race.show", name="finish", value=None)
    click(racing.control("race-settings", Button))
    racing.control("race-order", Choice).chosen.emit("race")
    assert from_the_top(racing) == [one.id for one in racing.race.racers]


def test_lower_rows_of_a_small_window_stand_one_below_the_other(racing: Racing) -> None:
    racing.do("race.seek", step=30)
    from_the_top(racing)
    racing.window.resize(1440, 900)
    racing.qtbot.wait(50)
    for size, high in (((1024, 600), LOW), ((1440, 900), ROW)):
        racing.window.resize(*size)
        racing.qtbot.wait(50)
        rows = [panel(racing)._rows[one] for one in from_the_top(racing)]
        assert [one.y() for one in rows] == [round(high * k) for k in range(len(rows))]
        assert {one.height() for one in rows} == {round(high)}


def test_keys_and_clicks_choose_remove_and_open(racing: Racing) -> None:
    racing.do("race.seek", step=60)
    order = from_the_top(racing)
    click(row(racing, order[0]))
    assert racing.session.racer == order[0]
    # Space plays, also after a click on a racer.
    QTest.keyClick(row(racing, order[0]), Qt.Key.Key_Space)
    assert racing.session.playing
    QTest.keyClick(row(racing, order[0]), Qt.Key.Key_Space)
    assert not racing.session.playing
    racing.do("race.seek", step=60)
    row(racing, order[0]).setFocus()
    QTest.keyClick(row(racing, order[0]), Qt.Key.Key_Down)
    assert racing.session.racer == order[1]
    assert row(racing, order[1]).hasFocus()
    QTest.keyClick(row(racing, order[1]), Qt.Key.Key_End)
    assert racing.session.racer == order[-1]
    QTest.keyClick(row(racing, order[-1]), Qt.Key.Key_Delete)
    racing.raced()
    assert racing.race.racer(order[-1]) is None
    assert len(racing.race.racers) == 6
    assert racing.session.racer == order[-2]
    racing.undo()
    racing.raced()
    assert racing.race.racer(order[-1]) is not None
    # A double click opens the settings, Escape closes them.
    QTest.mouseDClick(row(racing, "adam"), Qt.MouseButton.LeftButton)
    name = racing.control("race-name", TextField)
    QTest.keyClick(name, Qt.Key.Key_Escape)
    QTest.keyClick(row(racing, "adam"), Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert racing.racer(racing.session.racer).title == "Adam 2"
    racing.undo()
    QTest.mouseDClick(row(racing, "adam"), Qt.MouseButton.LeftButton)
    name = racing.control("race-name", TextField)
    assert name.isVisible()
    name.setText("Mine")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert racing.racer("adam").title == "Mine"
    QTest.keyClick(name, Qt.Key.Key_Escape)
    assert not name.isVisible()
    for one in [one.id for one in racing.race.racers]:
        racing.do("race.remove", id=one)
    racing.until(lambda: panel(racing).empty.isVisible())
    assert not racing.action("transport-play").isEnabled()


def test_what_is_set_in_the_popover_is_raced(racing: Racing) -> None:
    QTest.mouseDClick(row(racing, "adam"), Qt.MouseButton.LeftButton)
    racing.control("race-beta_1", NumberField).setValue(0.5)
    racing.control("race-learning-rate-field", NumberField).setValue(0.2)
    racing.control("race-bias-correction", Toggle).click()
    racing.raced()
    changed = racing.racer("adam")
    assert changed.optimizer["beta_1"] == 0.5
    assert not changed.bias_correction
    assert np.array_equal(racing.path("adam").positions, own_path(racing, "adam").positions)
    # A schedule that fits the race, whose rates are those of every step.
    racing.control("race-schedule", Choice).chosen.emit("CosineDecay")
    racing.raced()
    schedule = schedules.get(racing.racer("adam").optimizer["learning_rate"])
    answer = racing.session.answer
    assert answer is not None
    place = [one.id for one in answer.race.racers].index("adam")
    wanted = [schedule(step) for step in range(racing.race.steps)]
    assert numbers_of(answer).rates(place) == pytest.approx(wanted, rel=1e-12)
    racing.control("race-clipping", Choice).chosen.emit("clipnorm")
    racing.raced()
    clipped = np.hypot(*np.asarray(racing.path("adam").terms["g"]).T)
    assert clipped.max() == pytest.approx(1.0)
    # What cannot be is refused under the rows, and nothing changes.
    before = racing.race
    racing.control("race-batch", TextField).entered.emit("many")
    assert racing.race == before
    assert "batch_size" in panel(racing)._popovers["editor"]._problem.text()
    click(racing.control("race-duplicate", Button))
    racing.raced()
    twin = racing.racer(racing.session.racer)
    assert twin.id != "adam"
    assert twin.title == "Adam 2"
    assert twin.optimizer == racing.racer("adam").optimizer
    assert np.array_equal(racing.path(twin.id).positions, racing.path("adam").positions)


def test_settings_leave_no_window_of_their_own_behind(racing: Racing) -> None:
    for identifier in ("momentum", "adam", "momentum"):
        panel(racing).edit(identifier)
        assert not [one for one in QApplication.topLevelWidgets() if isinstance(one, Toggle)]
    panel(racing)._popovers["editor"].close_popover()


@pytest.mark.parametrize("name", [one.name for one in KINDS])
def test_what_makes_a_racer_is_not_offered_and_is_refused(racing: Racing, name: str) -> None:
    found = racer_kind(name)
    if racing.race.racer(name) is None:
        racing.do("race.add", kind=name)
    panel(racing).edit(name)
    shown = panel(racing)._popovers["editor"]._fields
    own = {one.name for one in optimizers.kind(str(found.optimizer["kind"])).own[1:]}
    assert set(shown) == (own | {"weight_decay"}) - set(found.fixed)
    before = racing.race
    for key, value in found.fixed.items():
        other = 0.5 if key == "momentum" else not value
        with pytest.raises(CommandError, match=f"{key} is {value} in this kind of racer"):
            racing.do("race.set", id=name, key=key, value=other)
    assert racing.race == before


def test_racers_are_added_one_by_one_or_all_at_once(racing: Racing) -> None:
    click(racing.control("race-add", Button))
    # Who draws samples is told of surfaces that have none.
    stochastic = racing.control("race-add-stochastic", KindButton)
    assert "the same as batch" in stochastic.toolTip() == stochastic.accessibleDescription()
    racing.do("race.surface", kind="linear-regression")
    racing.until(lambda: stochastic.note == racer_kind("stochastic").note)
    racing.undo()
    racing.until(lambda: "the same as batch" in stochastic.note)
    click(racing.control("race-add-lion", KindButton))
    assert racing.session.racer == "lion"
    entries = racing.window.context.document.stack.count()
    everyone = racing.control("race-add-all", Button)
    click(everyone)
    racing.raced()
    assert {one.kind for one in racing.race.racers} == {one.name for one in KINDS}
    assert racing.window.context.document.stack.count() == entries + 1
    assert not everyone.isEnabled()
    with pytest.raises(CommandError, match="at most 14"):
        racing.do("race.add", kind="adam")
    with pytest.raises(CommandError, match="already"):
        racing.do("race.add_all")
    racing.undo()
    assert len(racing.race.racers) == 8
    # Fourteen of them are ranked and painted without an exception, gone ones last.
    racing.redo()
    racing.do("race.set", id="momentum", key="learning_rate", value=0.5)
    racing.raced()
    racing.do("race.seek", step=racing.race.steps)
    assert from_the_top(racing)[-1] == "momentum"
    gone = row(racing, "momentum").row
    left = racing.path("momentum").left
    assert gone is not None
    assert left is not None
    assert gone.gone == f"diverged at step {left}"
    assert gone.loss == ""
    assert not racing.window.grab().isNull()


def test_every_schedule_can_be_raced(racing: Racing) -> None:
    for name in schedules.names():
        made = schedules.Schedule.kinds[name].example(0.05, racing.race.steps, racing.race.steps)
        racing.do("race.set", id="adam", key="learning_rate", value=made.to_document())
        racing.raced()
        answer = racing.session.answer
        assert answer is not None
        place = [one.id for one in answer.race.racers].index("adam")
        # Where there are no samples, an epoch is a step.
        wanted = [made(step, 1) for step in range(racing.race.steps)]
        assert numbers_of(answer).rates(place) == pytest.approx(wanted, rel=1e-9), name
        shown = row(racing, "adam").row
        assert shown is not None
        assert name in shown.settings


def test_racers_that_take_as_many_samples_see_the_same_ones(racing: Racing) -> None:
    racing.do("race.surface", kind="linear-regression")
    for one in ("momentum", "adam"):
        racing.do("race.set", id=one, key="batch_size", value=4)
    racing.raced()
    first, second = racing.path("momentum").batches, racing.path("adam").batches
    assert first is not None
    assert first.shape == (racing.race.steps, 4)
    assert np.array_equal(first, second)
    shown = row(racing, "adam").row
    assert shown is not None
    # Beside the rate, where lists that are not wide have room for it.
    assert re.match(r"lr \S+  batch 4  β", shown.settings)
    racing.do("race.seed", value=1)
    racing.raced()
    assert not np.array_equal(first, racing.path("adam").batches)


@pytest.mark.parametrize("name", [one.name for one in KINDS])
def test_every_kind_of_racer_says_what_it_is_set_to(name: str) -> None:
    found = racer_kind(name)
    racer = Racer(id=name, kind=name, optimizer=dict(found.optimizer), batch_size=found.batch_size)
    words = settings_words(racer, samples=True)
    assert words.startswith("lr ")
    assert ("batch all" in words) == (found.batch_size is None)
    assert ("ρ" in words) == (found.optimizer["kind"] in ("Adadelta", "RMSprop"))


def test_racers_are_told_apart_by_colour_and_by_marker() -> None:
    found = [look_of(one.name) for one in KINDS]
    assert len({look.rgb for look in found}) == len({look.marker for look in found}) == len(KINDS)
    # Several of a kind keep its marker and differ in their shade.
    race = Race()
    for _ in range(3):
        race = msgspec.structs.replace(race, racers=(*race.racers, new_racer(race, "adam")))
    same = list(looks(race).values())
    assert len({look.marker for look in same}) == 1
    assert len({look.color(DARK).name() for look in same}) == 3


def test_rows_before_anything_is_computed_keep_the_order_of_the_race(racing: Racing) -> None:
    found = rows(racing.race, None, 0)
    assert [row.id for row in ranked(found)] == [one.id for one in racing.race.racers]
    assert all(not row.loss and not row.gone for row in found)
    # A racer that is not computed yet stands behind those that are.
    race = msgspec.structs.replace(
        racing.race, racers=(new_racer(racing.race, "lion"), *racing.race.racers)
    )
    assert ranked(rows(race, racing.session.answer, 90))[-1].id == "lion"
