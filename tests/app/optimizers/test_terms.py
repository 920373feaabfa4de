"""The racer that is looked at: its terms by mouse and keyboard, step by step, written out, and its sliders."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app import theme
from app.bus import CommandError
from app.optimizers import seeing
from app.optimizers.panels.terms import Measures, TermsPanel
from app.optimizers.racer_head import RacerHead
from app.optimizers.racer_sliders import _RATES, RacerSliders, sliding
from app.optimizers.surface_map import SurfaceMapView
from app.optimizers.term_history import TermHistory, runs, series_of
from app.optimizers.term_numbers import TermNumbers
from app.optimizers.term_table import TermTable, figure
from app.scenes import race_arrows
from app.scenes.race_captions import caption
from app.scenes.race_update import GRADIENT, NEXT, STEP, Update, terms_of
from app.widgets import Slider, Toggle
from core import landscape
from core.landscape.race import KINDS, Racer, new_racer
from tests.app.optimizers.conftest import Racing
from tests.app.window.windows import click


def table(racing: Racing) -> TermTable:
    return racing.control("race-terms-table", TermTable)


def update(racing: Racing) -> Update:
    found = seeing.update_of(racing.session)
    assert found is not None
    return found


def mark(racing: Racing) -> str:
    return seeing.marked(racing.session, update(racing))


def middle(racing: Racing, name: str, x: int = 60) -> QPoint:
    """A place in a term's row."""
    return QPoint(x, table(racing).row_rect(update(racing).place(name)).center().y())


def own_path(racing: Racing, identifier: str) -> landscape.Trajectory:
    """What core computes of a racer by itself."""
    one, race = racing.racer(identifier), racing.race
    return landscape.trajectory(
        landscape.from_document(race.surface), one.optimizer, race.start, race.steps,
        batch_size=one.batch_size, seed=race.seed, bias_correction=one.bias_correction,
    )  # fmt: skip


def test_the_panel_shows_the_numbers_of_the_engine(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    racing.do("race.seek", step=90)
    path, now = own_path(racing, "adam"), update(racing)
    head = racing.control("race-racer", RacerHead)
    assert (head.name, head.about) == ("Adam", "t = 91")
    loss, slope, step = racing.control("race-measures", Measures).values
    assert loss == f"{path.losses[90]:.3f}"
    assert slope == f"{np.hypot(*path.gradients[90]):.3f}"
    assert step == f"{np.hypot(*path.terms['step'][90]):.4f}"
    names = [one.name for one in table(racing).terms]
    assert names == [
        "w",
        GRADIENT,
        "m",
        "v",
        "m_corrected",
        "v_corrected",
        "effective_rate",
        "axis",
        STEP,
        NEXT,
    ]
    np.testing.assert_array_equal(now.value("v_corrected"), path.terms["v_corrected"][90])
    assert table(racing).accessibleDescription() == (
        f"Δθ is x {figure(path.terms['step'][90, 0])}, y {figure(path.terms['step'][90, 1])}"
    )
    numbers = racing.control("race-term-numbers", TermNumbers)
    assert numbers.sentence == caption(now, STEP)
    laid = numbers.laid(now)
    assert laid is not None
    assert f"{abs(path.terms['m'][90, 0]):.4f}" in laid.plain()
    assert f"{path.terms['effective_rate'][90]:.4f}" in laid.plain()


def test_steps_of_a_term_walk_through_the_update_and_back(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    racing.do("race.seek", step=5)
    racing.do("race.granularity", value="term")
    count = len(terms_of(racing.racer("adam"))) - 1
    there = []
    for _ in range(count):
        there.append((racing.session.step, mark(racing)))
        QTest.keyClick(racing.window, Qt.Key.Key_Period)
    assert [name for _, name in there] == [one.name for one in terms_of(racing.racer("adam"))[:-1]]
    assert {step for step, _ in there} == {5}
    assert (racing.session.step, mark(racing)) == (6, "w")
    back = []
    for _ in range(count):
        QTest.keyClick(racing.window, Qt.Key.Key_Comma)
        back.append((racing.session.step, mark(racing)))
    assert back == there[::-1]
    # What has not come yet is not on the map either.
    racing.do("race.seek", step=5, term=update(racing).place(GRADIENT))
    found = seeing.picture_of(racing.session)
    assert found is not None
    assert [one.words for one in found.arrows] == ["downhill"]
    racing.do("race.granularity", value="step")
    found = seeing.picture_of(racing.session)
    assert found is not None
    assert [one.words for one in found.arrows] == [
        "downhill",
        "momentum",
        "step",
    ]


def test_a_term_and_an_axis_are_chosen_by_mouse_and_keyboard(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    racing.do("race.seek", step=40)
    found = table(racing)
    numbers = racing.control("race-term-numbers", TermNumbers)
    click(found, middle(racing, "v", found.width() - 30))
    assert (mark(racing), seeing.axis_of(racing.session)) == ("v", 1)
    assert racing.session.step == 40
    assert racing.session.term == 0
    assert numbers.sentence == caption(update(racing), "v")
    found.setFocus()
    QTest.keyClick(found, Qt.Key.Key_Down)
    assert mark(racing) == "m_corrected"
    QTest.keyClick(found, Qt.Key.Key_Left)
    assert seeing.axis_of(racing.session) == 0
    # Where terms are gone through, a click goes there, and behind the step comes the next update.
    racing.do("race.granularity", value="term")
    click(found, middle(racing, STEP))
    assert racing.session.term == update(racing).place(STEP)
    click(found, middle(racing, NEXT))
    assert (racing.session.step, racing.session.term) == (41, 0)


def test_every_kind_can_be_opened(racing: Racing) -> None:
    for one in KINDS:
        if racing.race.racer(one.name) is None:
            racing.do("race.add", kind=one.name)
    racing.raced()
    panel = racing.control("race-terms-panel", TermsPanel)
    image = QImage(panel.size(), QImage.Format.Format_RGB32)
    # The dark one last, as it was.
    for name, step in (("light", 40), ("light", 0), ("dark", racing.session.total)):
        theme.set_current(theme.THEMES[name])
        racing.do("race.seek", step=step)
        for one in racing.race.racers:
            racing.do("race.choose", id=one.id)
            assert table(racing).height() == table(racing).row_rect(len(terms_of(one))).y()
            assert racing.control("race-term-numbers", TermNumbers).sentence
            panel.render(image)
            names = set(racing.control("race-sliders", RacerSliders).sliders)
            assert names == {setting.name for setting in sliding(one)}
            assert "learning_rate" in names


def test_a_slider_changes_the_race_in_one_undo(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    before = racing.racer("adam")
    slider = racing.control("race-slider-learning_rate", Slider)
    # One drag over several values.
    y = slider.height() // 2
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(20, y))
    for x in (40, 60, slider.width() // 3):
        QTest.mouseMove(slider, QPoint(x, y))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 3, y))
    rate = racing.racer("adam").optimizer["learning_rate"]
    assert rate == _RATES[round(slider.amount)] != before.optimizer["learning_rate"]
    racing.raced()
    np.testing.assert_array_equal(update(racing).path.positions, own_path(racing, "adam").positions)
    racing.undo()
    assert racing.racer("adam") == before
    racing.raced()
    assert _RATES[round(slider.amount)] == 0.08
    keep = racing.control("race-slider-beta_2", Slider)
    keep.setFocus()
    QTest.keyClick(keep, Qt.Key.Key_Left)
    assert racing.racer("adam").optimizer["beta_2"] == 0.998
    QTest.keyClick(keep, Qt.Key.Key_Right)
    assert racing.racer("adam").optimizer["beta_2"] == 0.999


def test_a_slider_scales_a_schedule(racing: Racing) -> None:
    document = {"kind": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 100}
    racing.do("race.choose", id="adam")
    racing.do("race.set", id="adam", key="learning_rate", value=document)
    racing.raced()
    assert update(racing).term("rate") is not None
    slider = racing.control("race-slider-learning_rate", Slider)
    slider.setFocus()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    now = racing.racer("adam").optimizer["learning_rate"]
    assert now["kind"] == "CosineDecay"
    assert now["initial_learning_rate"] == pytest.approx(0.12)


def test_switches_say_what_the_map_shows_and_refuse_what_there_is_not(racing: Racing) -> None:
    racing.do("race.seek", step=40)
    shown = seeing.picture_of(racing.session)
    assert shown is not None
    assert not shown.to_scale
    assert not shown.areas
    click(racing.control("race-show-squares", Toggle))
    click(racing.control("race-show-arrows-to-scale", Toggle))
    shown = seeing.picture_of(racing.session)
    assert shown is not None
    assert shown.to_scale
    assert shown.areas
    assert shown.rates is not None
    click(racing.control("race-show-arrows", Toggle))
    assert seeing.picture_of(racing.session) is None
    assert not racing.control("race-show-squares", Toggle).isEnabled()
    # Between two steps the arrows go with the racer.
    racing.do("race.show", name="arrows", value=True)
    racing.do("race.choose", id="adam")
    racing.session.move_to(40.25)
    shown, path = seeing.picture_of(racing.session), racing.path("adam")
    assert shown is not None
    wanted = path.positions[40] + 0.25 * (path.positions[41] - path.positions[40])
    assert shown.point == pytest.approx(tuple(wanted))
    for name, value in (("term", "velocity"), ("axis", "third"), ("arrows", 3.0)):
        before = dict(racing.session.toggles)
        with pytest.raises(CommandError):
            racing.do("race.show", name=name, value=value)
        assert racing.session.toggles == before


def test_the_history_has_every_term_and_goes_to_a_step(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    racing.show("history")
    plots = racing.control("race-term-history", TermHistory)
    path = racing.path("adam")
    found = {name: values for name, _, values in plots.series()}
    assert set(found) == {one.name for one in update(racing).terms} - {NEXT}
    np.testing.assert_array_equal(found["v_corrected"], path.terms["v_corrected"])
    axis = found["axis"]
    np.testing.assert_allclose(-axis * path.terms["m"], path.terms["step"], rtol=1e-11)
    x = round(plots.x_of(30))
    click(plots, QPoint(x, 60))
    assert racing.session.step == plots.step_at(x) == 30
    plots.setFocus()
    QTest.keyClick(plots, Qt.Key.Key_Right)
    assert racing.session.step == 31
    QTest.keyClick(plots, Qt.Key.Key_End)
    assert racing.session.step == racing.session.total


@pytest.mark.parametrize("kind", [one.name for one in KINDS])
def test_the_history_of_every_kind_agrees_with_its_updates(kind: str) -> None:
    taught = next(one for one in KINDS if one.name == kind)
    racer = Racer(id=kind, kind=kind, optimizer=dict(taught.optimizer))
    path = landscape.trajectory(landscape.surface("beale"), racer.optimizer, (0.7, 1.55), 30)
    for name, _, values in series_of(Update(racer, path, 0)):
        for step in (0, 1, 29):
            np.testing.assert_allclose(
                values[step], Update(racer, path, step).value(name), rtol=1e-11
            )


def test_long_curves_are_thinned_to_their_lowest_and_highest() -> None:
    values = np.sin(np.arange(10_000) * 0.7) * np.linspace(0, 1, 10_000)
    values[5_000:5_100] = np.nan
    pieces = runs(values, 300)
    assert len(pieces) == 2
    assert sum(len(line) for _, line in pieces) < 3 * 300
    assert max(line.max() for _, line in pieces) == np.nanmax(values)
    assert pieces[1][0][0] == 5_100


def test_who_leaves_is_told_from_there_on(racing: Racing) -> None:
    racing.do("race.choose", id="batch")
    racing.do("race.set", id="batch", key="learning_rate", value=5.0)
    racing.raced()
    path = racing.path("batch")
    assert path.left is not None
    racing.do("race.seek", step=path.left)
    assert racing.control("race-measures", Measures).values[0] == "gone"
    assert f"after {path.left} steps" in racing.control("race-term-numbers", TermNumbers).sentence
    assert seeing.picture_of(racing.session) is None
    table(racing).grab()


def test_a_curve_has_one_axis(racing: Racing) -> None:
    racing.do("race.surface", kind="convex-curve")
    racing.raced()
    racing.do("race.seek", step=3)
    racing.do("race.show", name="axis", value="second")
    assert seeing.axis_of(racing.session) == 0
    assert update(racing).letters == ("x",)
    assert "y" not in table(racing).accessibleDescription()
    table(racing).grab()
    for one in update(racing).terms:
        assert " y" not in caption(update(racing), one.name)


def test_nothing_is_cut_in_a_small_window(racing: Racing) -> None:
    racing.do("race.seek", step=40)
    racing.window.resize(1024, 600)
    racing.until(lambda: racing.window.width() <= 1030)
    panel = racing.control("race-terms-panel", TermsPanel)
    for name in ("race-measures", "race-terms-table", "race-term-numbers", "race-sliders"):
        widget = racing.control(name, QWidget)
        assert widget.mapTo(panel, QPoint(0, 0)).x() >= 0
        racing.until(lambda one=widget: one.width() <= panel.viewport().width())


def test_without_racers_the_panel_says_so(racing: Racing) -> None:
    for one in racing.race.racers:
        racing.do("race.remove", id=one.id)
    racing.raced()
    racing.control("race-terms-panel", TermsPanel).grab()
    assert racing.control("race-racer", RacerHead).accessibleName() == "Nobody is in the race"
    assert seeing.picture_of(racing.session) is None
    racing.do("race.add", kind="lion")
    racing.raced()
    assert racing.session.racer == "lion" == new_racer(racing.race, "lion").kind
    assert mark(racing) == STEP


def test_the_map_shows_the_arrows_where_the_racer_is(racing: Racing) -> None:
    racing.do("race.choose", id="adam")
    racing.do("race.seek", step=90)
    found = racing.control("race-map", SurfaceMapView)
    racing.until(lambda: found.view is not None and found.moment is not None)
    view, path = found.view, racing.path("adam")
    assert view is not None
    # Half way along the arrow that points downhill.
    here = view.point(*map(float, path.positions[90]))
    there = view.point(*map(float, path.positions[90] - 1e-3 * path.gradients[90]))
    way = there - here
    length = np.hypot(way.x(), way.y())
    at = (here + way * (50 / length)).toPoint()

    def ink() -> tuple[int, ...]:
        image = found.grab().toImage()
        ratio = image.devicePixelRatio()
        return image.pixelColor(round(at.x() * ratio), round(at.y() * ratio)).getRgb()[:3]

    bwd = theme.current().bwd.getRgb()[:3]
    assert max(abs(a - b) for a, b in zip(ink(), bwd, strict=True)) < 24
    click(racing.control("race-show-arrows", Toggle))
    assert max(abs(a - b) for a, b in zip(ink(), bwd, strict=True)) > 24
    racing.do("race.show", name="arrows", value=True)
    shown = seeing.picture_of(racing.session)
    assert shown is not None
    box = race_arrows.legend_box(view, shown, here)
    assert box is not None
    assert QRectF(view.x, view.y, view.w, view.h).contains(box)
    assert not box.contains(here)
    # Where the racer is behind it, it stands at the other side.
    other = race_arrows.legend_box(view, shown, box.center())
    assert other is not None
    assert not other.intersects(box)
