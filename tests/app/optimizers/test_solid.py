"""The surface in three dimensions in a real window: turned by hand and by keys, and current when the race changes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.bus import CommandError
from app.optimizers.panels.solid import SolidPanel
from app.optimizers.solid import SolidPicture
from app.optimizers.solid_inset import SolidInset
from app.optimizers.surface_map import SurfaceMapView
from app.scenes.mesh import TILTS, Sight
from app.scenes.race_map_paint import minima_boxes
from app.widgets import Button, Segmented
from core import landscape
from tests.app.optimizers.conftest import Racing


def opened(racing: Racing) -> SolidPicture:
    racing.show("solid")
    picture = racing.control("race-solid-picture", SolidPicture)
    racing.until(lambda: picture.solid.ground is not None)
    return picture


def test_the_heights_are_the_surface_s(racing: Racing) -> None:
    picture = opened(racing)
    ground = picture.solid.ground
    assert ground is not None
    surface = landscape.surface("beale")
    across, down = surface.domain
    exact = surface.grid(across, down, 121, 91)
    low, high = ground.ends
    assert ground.log
    assert low == 0
    assert high == pytest.approx(exact.max())
    order = np.argsort(exact.reshape(-1))
    assert (np.diff(ground.heights.reshape(-1)[order]) >= -1e-12).all()
    # Plain heights are the values.
    QTest.mouseClick(
        racing.control("race-heights", Segmented).findChild(object, "race-heights-plain"), Qt.MouseButton.LeftButton
    )  # fmt: skip
    plain = picture.solid.ground
    assert plain is not None
    assert not plain.log
    shown = plain.heights * (plain.ends[1] - plain.ends[0]) + plain.ends[0]
    assert np.allclose(shown, np.minimum(exact, plain.ends[1]), rtol=1e-9)


def test_it_is_turned_by_hand_and_by_keys(racing: Racing) -> None:
    picture = opened(racing)
    first = picture.solid.sight
    assert first == Sight()
    before = picture.grab().toImage()
    middle = picture.rect().center()
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    QTest.mouseMove(picture, middle + QPoint(80, 30))
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    turned = picture.solid.sight
    assert turned.turn < first.turn
    assert turned.tilt > first.tilt
    assert picture.grab().toImage() != before
    # Afterwards the mouse turns nothing.
    QTest.mouseMove(picture, middle + QPoint(-80, 0))
    assert picture.solid.sight == turned
    at = QPointF(middle)
    QApplication.sendEvent(
        picture,
        QWheelEvent(
            at, picture.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip
    assert picture.solid.sight.zoom > 1.2
    QTest.mouseDClick(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert picture.solid.sight == first
    picture.setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Plus):
        QTest.keyClick(picture, key)
    by_key = picture.solid.sight
    assert by_key.turn > first.turn
    assert by_key.tilt > first.tilt
    assert by_key.zoom > 1
    QTest.keyClick(picture, Qt.Key.Key_0)
    assert picture.solid.sight == first


def test_what_it_cannot_be_turned_to_is_refused(racing: Racing) -> None:
    picture = opened(racing)
    for wrong in ({"tilt": 3.0}, {"zoom": 0.0}, {"turn": 1e6}, {"tilt": float("nan")}):
        with pytest.raises(CommandError):
            racing.do("race.turn", **wrong)
        assert picture.solid.sight == Sight()
    with pytest.raises(CommandError):
        racing.do("race.heights", value="high")
    racing.do("race.turn", tilt=TILTS[1])
    assert picture.solid.sight == Sight(tilt=TILTS[1])


def test_another_surface_is_seen_when_the_race_has_it(racing: Racing) -> None:
    picture = opened(racing)
    racing.do("race.surface", kind="saddle")
    racing.raced()
    racing.until(lambda: picture.solid.ground is not None)
    ground = picture.solid.ground
    assert ground is not None
    assert not ground.log
    assert ground.across == landscape.surface("saddle").domain[0]
    # What has no value is a hole, and everything goes on.
    racing.do("race.formula", text="sqrt(x) + y^2", domain=[-2.0, 2.0, -2.0, 2.0])
    racing.raced()
    racing.until(lambda: picture.solid.ground is not None and picture.solid.ground is not ground)
    holes = picture.solid.ground
    assert holes is not None
    assert np.isnan(holes.heights[:, :50]).all()
    assert np.isfinite(holes.heights[:, 61:]).all()
    picture.grab()


def test_a_curve_has_nothing_to_turn(racing: Racing) -> None:
    picture = opened(racing)
    racing.do("race.surface", kind="convex-curve")
    racing.raced()
    assert picture.solid.flat
    assert picture.solid.ground is None
    picture.grab()
    panel = racing.view.spots["stage"].shown["solid"]
    assert isinstance(panel, SolidPanel)
    assert not panel.heights.isEnabled()


def test_the_inset_is_turned_folded_and_away_where_there_is_no_room(racing: Racing) -> None:
    racing.show("surface")
    inset = racing.control("race-solid-inset", SolidInset)
    racing.until(lambda: inset.isVisible() and inset.solid.ground is not None)
    small = racing.control("race-solid-small", SolidPicture)
    start = racing.race.start
    middle = small.rect().center()
    QTest.mousePress(small, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    QTest.mouseMove(small, middle + QPoint(-40, 0))
    QTest.mouseRelease(small, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    # It is turned, and the map below does not take it for a click.
    assert inset.solid.sight.turn > Sight().turn
    assert racing.race.start == start
    QTest.mouseClick(racing.control("race-solid-fold", Button), Qt.MouseButton.LeftButton)
    unfold = racing.control("race-solid-unfold", Button)
    assert not small.isVisible()
    assert unfold.isVisible()
    QTest.mouseClick(unfold, Qt.MouseButton.LeftButton)
    assert small.isVisible()
    # In a small window the map has the room.
    racing.window.resize(1024, 600)
    racing.until(lambda: not inset.isVisible())
    racing.window.resize(1440, 900)
    racing.until(inset.isVisible)
    racing.do("race.surface", kind="convex-curve")
    racing.raced()
    racing.until(lambda: not inset.isVisible())


def test_a_film_takes_over_how_it_is_seen(racing: Racing) -> None:
    opened(racing)
    racing.do("race.turn", turn=1.0, zoom=2.0)
    racing.do("race.choose", id="momentum")
    scene, toggles = racing.view.filmed()
    assert scene == "race-3d"
    assert toggles["racer"] == "momentum"
    assert toggles["of"]["race-3d"]["sight"] == [1.0, Sight().tilt, 2.0]
    racing.show("surface")
    assert racing.view.filmed()[0] == "race"


def test_what_rests_becomes_finer_by_itself(racing: Racing) -> None:
    racing.show("surface")
    inset = racing.control("race-solid-inset", SolidInset)
    racing.until(lambda: inset.isVisible() and inset.solid.ground is not None)
    small = racing.control("race-solid-small", SolidPicture)
    racing.do("race.seek", step=racing.race.steps)
    racing.until(lambda: small._kept.fine)
    # While the start is moved there are ways at every moment, of the race that is shown.
    field = small.solid.field
    for k in range(5):
        racing.do("race.start", x=0.7 + k / 20, y=1.0)
        racing.raced()
        assert small.solid.field is not field
        field = small.solid.field
        small.grab()
        assert not small._kept.fine
        assert small._kept._race is not None
        assert small._kept._race.field is field
    racing.until(lambda: small._kept.fine)
    # Turned by hand, too; and while it plays.
    racing.do("race.turn", turn=0.2)
    small.grab()
    assert not small._kept.fine
    racing.do("race.reset")
    racing.do("race.play")
    racing.until(lambda: small._kept.fine)
    racing.do("race.pause")
    painted = small.grab().toImage()
    assert small._kept.fine
    racing.do("race.seek", step=racing.session.step)
    assert small.grab().toImage() == painted


def test_the_inset_stands_where_it_hides_no_minimum(racing: Racing) -> None:
    inset = racing.control("race-solid-inset", SolidInset)
    ground = racing.control("race-map", SurfaceMapView)
    racing.window.resize(1280, 720)
    for kind in ("beale", "rosenbrock", "saddle", "bowl"):
        racing.do("race.surface", kind=kind)
        racing.raced()
        racing.until(lambda: inset.isVisible() and inset.solid.ground is not None)
        assert ground.view is not None
        assert ground.surface is not None
        box = QRectF(inset.geometry())
        assert not any(box.intersects(one) for one in minima_boxes(ground.view, ground.surface))
        start = ground.start_at()
        assert start is not None
        assert not box.contains(start)
        where = inset.pos()
        racing.do("race.start", x=racing.race.start[0] + 0.1, y=racing.race.start[1])
        racing.raced()
        assert inset.pos() == where
