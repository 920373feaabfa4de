"""The map of a race, driven as a learner does: surfaces, the start, zoom, racers that leave, and what is told."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from app.optimizers.map_words import words_at, words_of
from app.optimizers.panels.surface import SurfacePanel
from app.optimizers.surface_map import SurfaceMapView
from app.scenes import race_map_paint
from app.scenes.race_map_layout import Viewport
from app.widgets import Button, Choice, Segmented, Toggle
from core import landscape
from tests.app.optimizers.conftest import Racing

_LEFT = Qt.MouseButton.LeftButton
_PLAIN = Qt.KeyboardModifier.NoModifier


def _panel(racing: Racing) -> SurfacePanel:
    racing.show("surface")
    return racing.control("race-surface-panel", SurfacePanel)


def _map(racing: Racing) -> SurfaceMapView:
    """The map, once the surface is drawn on it."""
    found = _panel(racing).map
    racing.until(lambda: found.ground_map.known is not None and found.view is not None)
    return found


def _view(shown: SurfaceMapView) -> Viewport:
    assert shown.view is not None
    return shown.view


def _at(shown: SurfaceMapView, x: float, y: float) -> QPoint:
    return _view(shown).point(x, y).toPoint()


def _surface(racing: Racing, kind: str) -> SurfaceMapView:
    racing.do("race.surface", kind=kind)
    racing.raced()
    shown = _map(racing)
    racing.until(
        lambda: (
            shown.ground_map.known is not None and shown.ground_map.known.surface["kind"] == kind
        )
    )
    return shown


def _wheel(shown: SurfaceMapView, at: QPoint, turned: int) -> None:
    where = QPointF(at)
    event = QWheelEvent(
        where, QPointF(shown.mapToGlobal(at)), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, _PLAIN,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(shown, event)


def test_a_click_moves_the_start_and_a_drag_is_one_entry_of_undo(racing: Racing) -> None:
    shown = _map(racing)
    before = racing.race.start
    QTest.mouseClick(shown, _LEFT, _PLAIN, _at(shown, 2.0, 1.25))
    assert racing.race.start == pytest.approx((2.0, 1.25), abs=0.01)
    QTest.mousePress(shown, _LEFT, _PLAIN, _at(shown, 2.0, 1.25))
    for x in (1.9, 1.5, 1.1):
        QTest.mouseMove(shown, _at(shown, x, 1.0))
    QTest.mouseRelease(shown, _LEFT, _PLAIN, _at(shown, 1.1, 1.0))
    assert racing.race.start == pytest.approx((1.1, 1.0), abs=0.01)
    racing.raced()
    assert racing.path("adam").positions[0] == pytest.approx(racing.race.start)
    racing.undo()
    assert racing.race.start == pytest.approx((2.0, 1.25), abs=0.01)
    racing.undo()
    assert racing.race.start == before


def test_the_wheel_zooms_at_the_mouse_keys_in_the_middle_and_all_of_it_comes_back(
    racing: Racing,
) -> None:
    shown = _map(racing)
    whole = _view(shown)
    at = _at(shown, 3.0, 0.5)
    under = whole.at(at.x(), at.y())
    _wheel(shown, at, 360)
    near = _view(shown)
    assert near.at(at.x(), at.y()) == pytest.approx(under)
    assert near.across[1] - near.across[0] == pytest.approx(
        (whole.across[1] - whole.across[0]) / 1.2**3
    )
    racing.until(
        lambda: (
            shown.ground_map.known is not None
            and shown.ground_map.known.across[0] > whole.across[0]
        )
    )
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_Minus)
    assert _view(shown).across[1] - _view(shown).across[0] > near.across[1] - near.across[0]
    QTest.keyClick(shown, Qt.Key.Key_Right)
    assert _view(shown).across[0] > near.across[0] - 1
    QTest.mouseClick(racing.control("race-zoom-fit", Button), _LEFT)
    assert _view(shown) == whole
    for _ in range(200):
        shown.zoom(10.0)
    assert _view(shown).across[1] > _view(shown).across[0]


def test_the_right_button_drags_the_surface(racing: Racing) -> None:
    shown = _map(racing)
    whole = _view(shown)
    QTest.mousePress(shown, Qt.MouseButton.RightButton, _PLAIN, QPoint(200, 200))
    QTest.mouseMove(shown, QPoint(260, 180))
    QTest.mouseRelease(shown, Qt.MouseButton.RightButton, _PLAIN, QPoint(260, 180))
    assert _view(shown).at(260, 180) == pytest.approx(whole.at(200, 200))
    assert racing.race.start == (0.7, 1.55)


def test_arrows_with_shift_move_the_start(racing: Racing) -> None:
    shown = _map(racing)
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(shown, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    x, y = racing.race.start
    assert x > 0.7
    assert y < 1.55


def test_markers_stand_where_the_paths_say_also_between_two_steps(racing: Racing) -> None:
    shown = _map(racing)
    racing.do("race.seek", step=60)
    racing.session.move_to(60.25)
    moment = shown.moment
    assert moment is not None
    path = racing.path("adam")
    place = next(one for one in moment.places if one.racer.id == "adam")
    between = path.positions[60] + 0.25 * (path.positions[61] - path.positions[60])
    assert place.at == pytest.approx(tuple(between))
    spot, outside = race_map_paint.spot(_view(shown), place)
    assert outside is None
    assert _view(shown).at(spot.x(), spot.y()) == pytest.approx(tuple(between))
    racing.do("race.seek", step=60)
    assert f"loss {path.losses[60]:.4f}" in shown.accessibleName()
    # The one that is looked at is painted last.
    assert moment.places[-1].racer.id == racing.session.racer


def test_a_click_on_a_marker_looks_at_its_racer(racing: Racing) -> None:
    shown = _map(racing)
    racing.do("race.seek", step=60)
    start, moment = racing.race.start, shown.moment
    assert moment is not None
    # Somebody whose marker is not under another's.
    seen = [
        (one.racer.id, at)
        for one in moment.places
        if (at := _view(shown).point(*one.at)) and one.racer.id != racing.session.racer
        and (found := shown.racer_at(at)) is not None and found.racer.id == one.racer.id
    ]  # fmt: skip
    assert seen
    QTest.mouseClick(shown, _LEFT, _PLAIN, seen[0][1].toPoint())
    assert racing.session.racer == seen[0][0]
    assert racing.race.start == start


def test_racers_that_leave_stand_at_the_edge_and_say_since_when(racing: Racing) -> None:
    racing.do("race.set", id="batch", key="learning_rate", value=1.0)
    racing.raced()
    shown = _map(racing)
    left = racing.path("batch").left
    assert left is not None
    racing.do("race.seek", step=racing.session.total)
    moment = shown.moment
    assert moment is not None
    place = next(one for one in moment.places if one.racer.id == "batch")
    assert place.gone
    assert str(left) in place.farewell
    spot, outside = race_map_paint.spot(_view(shown), place)
    assert outside is not None
    assert not _view(shown).contains(spot, 15)
    assert str(left) in words_of(place, racing.session.step, ("x", "y"))
    # Before it has left it is told as the others are.
    racing.do("race.seek", step=0)
    moment = shown.moment
    assert moment is not None
    place = next(one for one in moment.places if one.racer.id == "batch")
    assert "loss" in words_of(place, 0, ("x", "y"))
    shown.grab()


def test_the_pixels_of_the_map_are_those_of_the_surface(racing: Racing) -> None:
    """Where the surface is low the map is brighter in the dark theme, and it has contour lines."""
    shown = _surface(racing, "bowl")
    racing.until(
        lambda: (
            shown.ground_map.known is not None
            and shown.ground_map.known.relief is not None
            and shown.ground_map.known.relief.codes.shape[1] > 100
        )
    )
    picture = shown.grab().toImage()
    ratio = picture.devicePixelRatio()

    def light(x: float, y: float) -> int:
        at = _at(shown, x, y)
        return picture.pixelColor(round(at.x() * ratio), round(at.y() * ratio)).lightness()

    low, high = light(0.4, 0.1), light(2.4, 2.4)
    dark = shown._session.context.theme.is_dark
    assert (low > high) if dark else (low < high)


def test_trails_grow_with_the_race_and_go_back_with_it(racing: Racing) -> None:
    shown = _map(racing)

    def seen(step: int) -> QImage:
        racing.do("race.seek", step=step)
        shown.grab()
        racing.until(lambda: shown._picture.complete)
        return shown.grab().toImage()

    first, second = seen(20), seen(90)
    assert first != second
    # Grown from step to step or painted at once: the same picture, but for smoothed edges.
    at_once = seen(20)
    differ = np.abs(_bytes(first).astype(int) - _bytes(at_once)).max(axis=-1) > 40
    assert differ.mean() < 0.002


def _bytes(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    found = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return found.copy()


def test_what_is_told_of_a_point_is_what_the_engine_computes(racing: Racing) -> None:
    shown = _map(racing)
    at = _at(shown, 1.5, -0.5)
    point = shown.mapToGlobal(at)
    # Where it rests: what is told comes too late for a mouse that an earlier test left elsewhere over the map.
    QTest.mouseMove(shown, at)
    QApplication.sendEvent(shown, QHelpEvent(QEvent.Type.ToolTip, at, point))
    racing.until(lambda: "gradient" in QToolTip.text())
    x, y = _view(shown).at(at.x(), at.y())
    surface = landscape.surface("beale")
    value = float(surface.values([x, y]))
    assert f"f {value:.5f}" in QToolTip.text()
    slope = float(surface.gradients([x, y])[0])
    assert f"{slope:.4f}".replace("-", "−") in QToolTip.text()
    QToolTip.hideText()


def test_a_point_in_a_hole_has_no_value() -> None:
    from app.engine.questions.mapping import SurfacePoint

    surface = landscape.formula("log(x) + y^2")
    point = SurfacePoint((-1.0, 0.0), float("nan"), (float("nan"), float("nan")))
    assert "no value" in words_at(surface, point)


def test_segments_and_cards_choose_a_surface(racing: Racing) -> None:
    panel = _panel(racing)
    racing.window.resize(1500, 900)
    picker = panel.picker
    common = racing.control("race-surface", Segmented)
    if common.isVisible():
        QTest.mouseClick(common.segment("himmelblau"), _LEFT)
        assert racing.race.surface == {"kind": "himmelblau"}
    QTest.mouseClick(picker.more, _LEFT)
    cards = picker.cards
    assert cards.isVisible()
    assert set(cards.cards) == set(landscape.names())
    racing.until(lambda: all(card.known is not None for card in cards.cards.values()))
    cards.grab()
    QTest.mouseClick(cards.cards["rastrigin"], _LEFT)
    assert racing.race.surface["kind"] == "rastrigin"
    assert racing.race.start == landscape.surface("rastrigin").start
    assert not cards.isVisible()
    assert picker.more.text() == "Rastrigin"
    # None of the segments is the one now.
    assert common.value == ""
    racing.undo()
    assert racing.race.surface["kind"] in ("beale", "himmelblau")
    # Of a regression measured points come first.
    for kind, first in (("linear-regression", "iris"), ("logistic-regression", "penguins")):
        QTest.mouseClick(picker.more, _LEFT)
        QTest.mouseClick(cards.cards[kind], _LEFT)
        assert racing.race.surface == {"kind": kind, "data": first, "scaled": False}
        assert racing.race.start == landscape.surface(kind, data=first).start


def test_one_surface_after_the_other_is_drawn(racing: Racing) -> None:
    for kind in ("himmelblau", "convex-curve", "logistic-regression", "beale"):
        shown = _surface(racing, kind)
        racing.do("race.seek", step=40)
        assert not shown.grab().isNull()
        known = shown.ground_map.known
        assert known is not None
        assert (known.curve is not None) == (len(landscape.surface(kind).variables) == 1)


def test_a_curve_is_rolled_along_on(racing: Racing) -> None:
    shown = _surface(racing, "non-convex-curve")
    racing.do("race.seek", step=3)
    racing.session.move_to(3.5)
    surface = landscape.surface("non-convex-curve")
    moment = shown.moment
    assert moment is not None
    place = next(one for one in moment.places if one.racer.id == "adam")
    height = float(surface.values([place.at[0], 0.0]))
    assert place.at[1] == pytest.approx(height, abs=1e-2)
    # Wherever the map is clicked, the start is on the curve.
    QTest.mouseClick(shown, _LEFT, _PLAIN, _at(shown, -1.0, 3.0))
    assert racing.race.start == (pytest.approx(-1.0, abs=0.02), 0.0)
    at = shown.start_at()
    assert at is not None
    assert _view(shown).at(at.x(), at.y())[1] == pytest.approx(
        float(surface.values([racing.race.start[0], 0.0])), abs=0.05
    )


def test_settings_of_a_surface_change_it(racing: Racing) -> None:
    panel = _panel(racing)
    _surface(racing, "valley")
    QTest.mouseClick(panel.picker.settings, _LEFT)
    field = panel.picker.chosen.fields["condition"]
    field.entered.emit(100.0)  # type: ignore[attr-defined]
    assert racing.race.surface == {"kind": "valley", "condition": 100.0}
    panel.picker.chosen.close_popover()
    _surface(racing, "linear-regression")
    assert panel.fit.isVisible()
    QTest.mouseClick(panel.picker.settings, _LEFT)
    scaled = panel.picker.chosen.fields["scaled"]
    assert isinstance(scaled, Toggle)
    QTest.mouseClick(scaled, _LEFT)
    assert racing.race.surface["scaled"] is True
    points = panel.picker.chosen.fields["data"]
    assert isinstance(points, Choice)
    points.chosen.emit("weight-height")
    assert racing.race.surface["data"] == "weight-height"
    racing.raced()
    # Where measured points are from stands below their name.
    origin = panel.picker.chosen.origin
    assert not origin.isVisible()
    points.chosen.emit("penguins")
    assert origin.isVisible()
    assert "Gorman" in origin.text()
    racing.raced()
    panel.picker.chosen.close_popover()
    _surface(racing, "beale")
    assert not panel.fit.isVisible()
    assert not panel.picker.settings.isVisible()


def test_with_reduced_motion_racers_jump_from_step_to_step(racing: Racing) -> None:
    shown = _map(racing)
    racing.do("view.reduced-motion", still=True)
    racing.do("race.seek", step=10)
    racing.session.move_to(10.75)
    moment = shown.moment
    assert moment is not None
    place = next(one for one in moment.places if one.racer.id == "adam")
    assert place.at == pytest.approx(tuple(racing.path("adam").positions[10]))


def test_the_head_says_how_far_contours_are_apart(racing: Racing) -> None:
    racing.window.resize(1700, 900)
    panel = _panel(racing)
    _map(racing)
    racing.until(lambda: panel.picker.note.text() == "contours every ×2")
    shown = _surface(racing, "bowl")
    racing.until(lambda: "×2" not in panel.picker.note.text())
    assert shown.ground_map.known is not None
    assert shown.ground_map.known.relief is not None
    assert panel.picker.note.text() == f"contours every {shown.ground_map.known.relief.every:g}"


def test_the_head_of_the_map_depends_on_its_width_alone(racing: Racing) -> None:
    picker, window = _panel(racing).picker, racing.window

    def seen(width: int) -> tuple[bool, str]:
        window.resize(width, 720)
        racing.qtbot.wait(20)
        return picker.common.isHidden(), picker.more.text()

    widths = range(1150, 1350, 2)
    growing = [seen(width) for width in widths]
    shrinking = [seen(width) for width in reversed(widths)]
    assert growing == shrinking[::-1]
    assert len(set(growing)) == 2


def test_a_larger_map_is_moved_by_a_drag_and_a_click_moves_the_start(racing: Racing) -> None:
    shown = _panel(racing).map
    racing.until(lambda: shown.view is not None and shown.ground_map.known is not None)
    before, there = racing.race.start, QPoint(shown.width() // 3, shown.height() * 3 // 4)
    entries = racing.window.context.document.stack.count()
    assert not [words for key, words in racing.view.hint() if key == "Drag"]
    shown.zoom(2.0)
    assert ("Drag", "move the map") in racing.view.hint()
    view = shown.view
    assert view is not None
    QTest.mousePress(shown, _LEFT, pos=there)
    for k in range(1, 5):
        QTest.mouseMove(shown, there + QPoint(10 * k, 0))
    QTest.mouseRelease(shown, _LEFT, pos=there + QPoint(40, 0))
    assert shown.view is not None
    assert shown.view.across[0] < view.across[0]
    assert racing.race.start == before
    assert racing.window.context.document.stack.count() == entries
    x, y = shown.view.at(there.x(), there.y())
    QTest.mouseClick(shown, _LEFT, pos=there)
    assert racing.race.start == pytest.approx((x, y), abs=0.02)
    assert racing.window.context.document.stack.count() == entries + 1
    # Its own mark is dragged as ever.
    at = shown.start_at()
    assert at is not None
    QTest.mousePress(shown, _LEFT, pos=at.toPoint())
    QTest.mouseMove(shown, at.toPoint() + QPoint(30, 0))
    QTest.mouseRelease(shown, _LEFT, pos=at.toPoint() + QPoint(30, 0))
    assert racing.race.start[0] > x
