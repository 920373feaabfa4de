"""The wall of feature maps under the mouse and the keys: names, units, pages, scales."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.bus import CommandError
from app.inside.panels.wall import Wall
from app.scenes import images
from app.scenes.hits import Hit
from app.scenes.wall import _pictures, tops
from app.scenes.wall_layout import MOST_MAPS, place_wall
from app.snapshots import NetworkView, NodeView
from app.theme import DARK
from tests.app.inside.conftest import Inside


def middle(hit: Hit) -> QPoint:
    x, y, w, h = hit.rect
    return QPoint(int(x + w / 2), int(y + h / 2))


def test_maps_and_units_are_chosen_by_mouse_and_keys(inside: Inside) -> None:
    wall, session = inside.window.findChild(Wall, "inside-wall"), inside.session
    titles = [row.title for row in wall.place.rows]
    assert titles == [
        "Conv2D 1", "MaxPooling 1", "Conv2D 2", "MaxPooling 2", "Dense 1", "Dense 2",
    ]  # fmt: skip
    QTest.mouseClick(
        wall, Qt.MouseButton.LeftButton, pos=middle(wall.place.hits.get("unit:dense_1:4"))
    )
    assert (session.layer, session.channel) == ("dense_1", 4)
    said = wall.describe(wall.place.hits.get("unit:dense_1:4"))
    assert said[0] == "Dense 1, unit 5"
    value = float(session.look.layers["dense_1"][4])
    assert float(said[1].replace("\N{MINUS SIGN}", "-")) == pytest.approx(value, abs=1e-4)
    QTest.keyClick(wall, Qt.Key.Key_Right)
    assert (session.layer, session.channel) == ("dense_1", 5)
    QTest.keyClick(wall, Qt.Key.Key_Up)
    assert session.layer == "max_pooling2d_2"
    QTest.keyClick(wall, Qt.Key.Key_Up)
    QTest.keyClick(wall, Qt.Key.Key_BracketLeft)
    assert session.layer == "conv2d_2"
    hit = wall.place.hits.get(f"map:conv2d_2:{session.channel}")
    x, y = hit.rect[:2]
    one = session.look.layers["conv2d_2"][..., session.channel]
    cell = hit.rect[2] / one.shape[1]
    lines = wall.describe(hit, x + 3.5 * cell, y + 7.5 * cell)
    assert lines[1].startswith("row 7, column 3: ")
    assert float(lines[1].split(": ")[1]) == pytest.approx(float(one[7, 3]), abs=1e-4)


def test_scales_end_at_the_largest_number(inside: Inside) -> None:
    place, layers = inside.window.findChild(Wall).place, inside.session.look.layers
    assert tops(layers, place.rows, "layer")["conv2d_1"] == layers["conv2d_1"].max()
    assert np.array_equal(
        tops(layers, place.rows, "unit")["conv2d_2"], layers["conv2d_2"].max((0, 1))
    )
    whole = {float(top) for top in tops(layers, place.rows, "network").values()}
    assert whole == {max(float(layers[row.node.layer].max()) for row in place.rows)}


def test_many_maps_have_pages_and_wrong_pages_are_refused(inside: Inside) -> None:
    node = NodeView("wide", "wide", "Conv2D", "Conv2D 150", "", (6, 6, 150))
    spec = NetworkView("net", (node,))
    first, last = place_wall(spec, (700.0, 0.0)), place_wall(spec, (700.0, 0.0), (("wide", 2),))
    assert first.rows[0].pages == 3
    assert first.hits.get(f"map:wide:{MOST_MAPS}") is None
    assert first.hits.get("page:wide:-1") is None
    assert first.hits.get("page:wide:1").index == (1,)
    assert last.rows[0].shown == 150 - 2 * MOST_MAPS
    assert last.hits.get("map:wide:149") is not None
    assert all(x + w <= 700 for x, _, w, _ in (hit.rect for hit in first.hits.items))
    for page in (1, -1):
        with pytest.raises(CommandError, match="1 pages"):
            inside.do("inside.page", layer="conv2d_1", page=page)
    with pytest.raises(CommandError, match="nothing"):
        inside.do("inside.page", layer="nothing", page=0)


def test_a_page_of_maps_has_the_colours_of_each_map(inside: Inside) -> None:
    maps = inside.session.look.layers["conv2d_2"]
    for top in (np.full(16, float(maps.max())), maps.max((0, 1)), np.zeros(16)):
        found = _pictures(DARK, maps[..., :16], "activation", top)
        for k, picture in enumerate(found):
            assert picture == images.heat(DARK, maps[..., k], "activation", float(top[k]))
