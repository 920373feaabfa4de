"""The panel of effects in a real window."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app import theme
from app.bus import CommandError
from app.optimizers.effect_tile import HEAD, EffectTile
from app.optimizers.panels.effects import EffectsPanel
from app.scenes.race_map_paint import spot
from app.widgets import Button, Choice
from core.landscape.race import run
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def panel_of(racing: Racing) -> EffectsPanel:
    return racing.control("race-effects", EffectsPanel)


def compared(racing: Racing, effect: str) -> tuple[EffectTile, ...]:
    """Show an effect and wait until its races are run, and their maps drawn."""
    racing.show("effects")
    racing.do("race.show", name="effect", value=effect)
    panel = panel_of(racing)
    racing.until(lambda: panel.comparing.shown == effect and panel.comparing.outcomes)
    racing.until(lambda: not panel.comparing.busy)
    racing.until(lambda: all(panel.comparing.map_of(one) for one in panel.comparing.outcomes))
    return panel.tiles


def test_nine_rates_stand_beside_each_other_and_play_along(racing: Racing) -> None:
    tiles = compared(racing, "learning-rate")
    assert len(tiles) == 9
    racing.do("race.seek", step=60)
    for tile in tiles:
        one = tile.outcome
        assert one is not None
        alone = list(run(one.variant.race))[-1][0]
        assert np.array_equal(alone.positions, one.path.positions, equal_nan=True)
        assert tile.time == 60
        assert one.variant.title in tile.accessibleName()
    # A racer's marker is painted where its path is.
    own, colors = tiles[4], theme.current()
    moment, view = own.moment, own.view
    assert moment is not None
    assert view is not None
    place = moment.places[0]
    assert place.at == pytest.approx(tuple(own.outcome.path.positions[60]))  # type: ignore[union-attr]
    at = spot(view, place)[0] + QPoint(1, HEAD)
    picture = own.grab().toImage()
    ratio = own.devicePixelRatioF()
    seen = picture.pixelColor(round(at.x() * ratio), round(at.y() * ratio))
    assert seen.rgb() == place.look.color(colors).rgb()
    assert panel_of(racing).told.text() == panel_of(racing).comparing.effect.told(
        panel_of(racing).comparing.outcomes
    )
    # Twenty steps of another effect are played in the time of the race.
    tiles = compared(racing, "bias-correction")
    assert {tile.time for tile in tiles} == {10.0}
    assert "first step" in tiles[0].describe()
    racing.session.move_to(63.0)
    assert {tile.time for tile in tiles} == {10.5}
    racing.window.context.settings.set("reduced_motion", True)
    racing.session.move_to(63.5)
    assert {tile.time for tile in tiles} == {10.0}
    racing.window.context.settings.set("reduced_motion", False)


def test_one_of_them_is_raced_instead_of_the_racer_and_undone(racing: Racing) -> None:
    before = racing.race
    tiles = compared(racing, "learning-rate")
    one, all_of_them = (racing.control(f"race-effects-{name}", Button) for name in ("one", "all"))
    assert not one.isEnabled()
    click(tiles[5])
    assert tiles[5].isChecked()
    assert not tiles[4].isChecked()
    click(one)
    changed = racing.racer("adam")
    assert changed.optimizer["learning_rate"] == 0.25
    assert [racer.id for racer in racing.race.racers] == [racer.id for racer in before.racers]
    racing.undo()
    assert racing.race == before
    racing.show("effects")
    tiles = compared(racing, "learning-rate")
    click(all_of_them)
    assert [racer.optimizer["learning_rate"] for racer in racing.race.racers] == [
        0.0008, 0.0025, 0.008, 0.025, 0.08, 0.25, 0.8, 2.5, 8.0,
    ]  # fmt: skip
    assert racing.race.surface == before.surface
    assert racing.session.racer == "rate+1"
    racing.raced()
    racing.undo()
    assert racing.race == before


def test_races_on_several_surfaces_are_raced_one_by_one(racing: Racing) -> None:
    tiles = compared(racing, "conditioning")
    assert not racing.control("race-effects-all", Button).isEnabled()
    QTest.mouseDClick(tiles[7], Qt.MouseButton.LeftButton)
    assert racing.race.surface == {"kind": "valley", "condition": 100.0}
    assert [racer.kind for racer in racing.race.racers] == ["adam"]


def test_the_list_and_the_arrows_choose(racing: Racing) -> None:
    tiles = compared(racing, "learning-rate")
    panel = panel_of(racing)
    tiles[0].setFocus()
    QTest.keyClick(tiles[0], Qt.Key.Key_Right)
    assert tiles[1].hasFocus()
    QTest.keyClick(tiles[1], Qt.Key.Key_Down)
    below = tiles[1 + panel.wall.columns]
    assert below.hasFocus()
    QTest.keyClick(below, Qt.Key.Key_Return)
    assert below.isChecked()
    choice = racing.control("race-effects-choice", Choice)
    choice.setFocus()
    QTest.keyClick(choice, Qt.Key.Key_Down)
    racing.until(lambda: panel.comparing.shown == "momentum" and len(panel.tiles) == 6)
    # Whoever goes through them quickly sees the last one, with its maps.
    for name in ("conditioning", "feature-scaling", "clipping", "conditioning", "batch-size"):
        racing.do("race.show", name="effect", value=name)
    assert len(compared(racing, "batch-size")) == 4
    assert len(compared(racing, "conditioning")) == 8
    racing.do("race.show", name="effect", value="momentum")
    with pytest.raises(CommandError, match="no effect"):
        racing.do("race.show", name="effect", value="magic")
    assert panel.comparing.effect.name == "momentum"


def test_they_follow_the_race_while_they_are_seen(racing: Racing) -> None:
    compared(racing, "momentum")
    panel = panel_of(racing)
    for k in range(12):
        # As the start is dragged: the last place counts.
        racing.do("race.start", x=0.5 + 0.1 * k, y=1.0)
    racing.until(
        lambda: (
            panel.comparing.outcomes
            and panel.comparing.outcomes[0].path.positions[0].tolist() == pytest.approx([1.6, 1.0])
        )
    )
    # Longer races tell how far they are.
    told: list[float | None] = []
    panel.comparing.progressed.connect(lambda: told.append(panel.line.share))
    racing.do("race.steps", value=10_000)
    racing.until(lambda: panel.comparing.outcomes and panel.comparing.outcomes[0].steps == 10_000)
    shares = [share for share in told if share is not None]
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)
    assert panel.line.share is None
    racing.do("race.steps", value=120)
    racing.do("race.choose", id="rmsprop")
    racing.until(
        lambda: (
            panel.comparing.outcomes and panel.comparing.outcomes[0].variant.racer.kind == "rmsprop"
        )
    )
    racing.show("surface")
    shown = panel.comparing.outcomes
    racing.do("race.start", x=1.0, y=1.0)
    racing.raced()
    assert panel.comparing.outcomes is shown
    assert not panel.comparing.busy
    racing.show("effects")
    racing.until(
        lambda: (
            panel.comparing.outcomes
            and panel.comparing.outcomes[0].path.positions[0].tolist() == [1.0, 1.0]
        )
    )


def test_a_curve_and_a_surface_with_holes_are_shown(racing: Racing) -> None:
    racing.do("race.surface", kind="non-convex-curve")
    tiles = compared(racing, "learning-rate")
    moment = tiles[4].moment
    assert moment is not None
    assert moment.flat
    assert moment.curve is not None
    assert tiles[4].grab().toImage().pixelColor(40, 60).isValid()
    racing.do("race.formula", text="x^2 + log(y)")
    tiles = compared(racing, "learning-rate")
    racing.until(lambda: {t.outcome.surface.kind for t in tiles if t.outcome} == {"formula"})
    gone = [tile for tile in tiles if tile.outcome is not None and tile.outcome.left is not None]
    for tile in gone:
        assert "step" in tile.word
        tile.grab()


def test_another_project_has_another_race(racing: Racing) -> None:
    compared(racing, "learning-rate")
    panel = panel_of(racing)
    racing.do("race.start", x=1.0, y=1.0)
    racing.do("race.steps", value=9000)
    # While it is being computed another project is opened.
    racing.do("template.open", name="digits-cnn")
    racing.until(
        lambda: (
            not panel.comparing.busy
            and panel.comparing.outcomes
            and panel.comparing.outcomes[0].steps == 120
            and panel.comparing.outcomes[0].path.positions[0].tolist() == [0.7, 1.55]
        )
    )
    assert len(panel.tiles) == 9
    assert panel.line.share is None
