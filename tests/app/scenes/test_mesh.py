"""Surfaces in three dimensions: where points are seen, what hides what, and what is painted where."""

from __future__ import annotations

import numpy as np
import pytest

from app.export.painting import pixels_of
from app.scenes import draw, mesh_paint
from app.scenes.mesh import TILTS, ZOOMS, Mesh, Projection, Sight, coarse, mesh_of
from app.scenes.polygons import polygon
from app.theme import DARK, LIGHT, Theme

BOX = (0.0, 0.0, 320.0, 240.0)


def bowl(rows: int = 41, columns: int = 61) -> Mesh:
    x, y = np.meshgrid(np.linspace(-2, 2, columns), np.linspace(-1, 3, rows))
    return mesh_of(x**2 + (y - 1) ** 2, (-2.0, 2.0), (-1.0, 3.0), log=False)


def painted(ground: Mesh, sight: Sight, theme: Theme = DARK, scale: float = 1.0) -> np.ndarray:
    image = draw.canvas(320, 240, scale, theme.bg0)
    with draw.painting(image, (320, 240)) as painter:
        mesh_paint.paint_mesh(painter, ground, theme, Projection(sight, BOX))
    return pixels_of(image)


def test_polygons_have_the_corners_of_the_array(qapp: object) -> None:
    corners = np.array([[1.5, -2.0], [3.25, 1e6], [0.0, 7.0]])
    made = polygon(corners[::-1])
    assert [(at.x(), at.y()) for at in made] == [tuple(row) for row in corners[::-1].tolist()]
    assert len(polygon(np.zeros((0, 2)))) == 0


def test_heights_are_those_of_the_values() -> None:
    ground = bowl()
    assert ground.heights[20, 30] == 0
    points = np.array([[0.0, 1.0], [1.0, 1.0], [-1.0, 2.0], [2.5, 0.0], [0.0, np.nan]])
    shares = ground.place(points)
    (low, high), exact = ground.ends, (points[:3, 0] ** 2 + (points[:3, 1] - 1) ** 2)
    assert np.allclose(shares[:3, 2] * (high - low) + low, exact, atol=2e-3)
    # Beside the surface there is no height.
    assert np.isnan(shares[3:, 2]).all()


def test_logarithms_tell_small_values_apart() -> None:
    values = np.array([[1e-2, 1.0], [10.0, 100.0]])
    ground = mesh_of(values, (0, 1), (0, 1), log=True, lowest=0.0)
    heights = ground.heights.reshape(-1)
    assert heights[-1] == 1
    assert np.diff(heights)[1:] == pytest.approx([np.diff(heights)[1]] * 2, rel=0.1)
    plain = mesh_of(values, (0, 1), (0, 1), log=False).heights.reshape(-1)
    assert plain[1] < 0.02 < 0.2 < heights[1]


def test_what_has_no_value_is_a_hole(qapp: object) -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 41), np.linspace(-2, 2, 41))
    values = np.where(x**2 + y**2 < 1, np.nan, x + y)
    values[0, 0] = np.inf
    ground = mesh_of(values, (-2, 2), (-2, 2), log=False)
    assert np.isnan(ground.heights[20, 20])
    assert np.isnan(ground.heights[0, 0])
    # From straight above the ground of the page is seen through it.
    seen = painted(ground, Sight(0.0, TILTS[1]))
    assert tuple(seen[120, 160]) == DARK.bg0.getRgb()[:3]
    assert tuple(seen[120, 80]) != DARK.bg0.getRgb()[:3]
    nothing = mesh_of(np.full((3, 3), np.nan), (0, 1), (0, 1), log=True)
    assert (painted(nothing, Sight()) == DARK.bg0.getRgb()[:3]).all()


def test_from_above_the_plane_is_seen_as_it_is() -> None:
    view = Projection(Sight(0.0, np.pi / 2), BOX)
    shares = np.array([[0, 0, 0], [1, 0, 0.3], [0, 1, 1], [0.5, 0.5, 0.7]], float)
    x, y = view.pixels(shares).T
    # x goes to the right, y away from the eye, which is up; heights are not seen.
    assert x[0] == x[2] < x[3] == 160 < x[1]
    assert y[0] == pytest.approx(y[1])
    assert y[2] < y[3] == pytest.approx(120)


def test_a_hill_hides_what_is_behind_it() -> None:
    x, y = np.meshgrid(np.linspace(-2, 2, 61), np.linspace(-2, 2, 61))
    hill = mesh_of(np.exp(-4 * (x**2 + y**2)), (-2, 2), (-2, 2), log=False)
    behind, before, top = hill.place(np.array([[0.0, 1.0], [0.0, -1.0], [0.0, 0.0]]))
    points = np.add([behind, before, top], (0, 0, 0.01))
    low = Projection(Sight(0.0, 0.2), BOX)
    assert low.seen(hill, points).tolist() == [False, True, True]
    # From the other side it is the other way round, and from above all is seen.
    turned = Projection(Sight(np.pi, 0.2), BOX)
    assert turned.seen(hill, points).tolist() == [True, False, True]
    assert Projection(Sight(0.0, 1.4), BOX).seen(hill, points).all()


@pytest.mark.parametrize("turn", [0.0, 0.6, 0.8, 1.6, 2.4, 3.1, -0.7, -1.5, -2.3])
def test_the_nearer_ground_is_painted_over_the_farther(qapp: object, turn: float) -> None:
    # A wall across a flat ground; what is painted in its middle must be the wall, from both sides.
    x, y = np.meshgrid(np.linspace(-1, 1, 81), np.linspace(-1, 1, 81))
    c, s = np.cos(turn), np.sin(turn)
    away = x * s + y * c
    ground = mesh_of(np.exp(-((away / 0.12) ** 2)), (-1, 1), (-1, 1), log=False)
    seen = painted(ground, Sight(turn, 0.3)).astype(int).sum(axis=2)
    view = Projection(Sight(turn, 0.3), BOX)
    px, py = view.pixels(np.array([0.5, 0.5, 0.93])).tolist()
    # The ground behind it is dark, and would be seen there.
    flat = seen[int(view.pixels(np.array([0.5 - 0.35 * s, 0.5 - 0.35 * c, 0.0]))[1]), int(px)]
    assert seen[int(py) - 1 : int(py) + 2, int(px)].max() > flat + 60


def test_coarse_meshes_stay_where_they_are() -> None:
    whole = bowl()
    few = coarse(whole, 20, 11)
    assert few.shape == (11, 20)
    assert coarse(whole, 20, 11) is few
    assert coarse(whole, 500, 500) is whole
    points = np.random.default_rng(0).uniform((-2, -1), (2, 3), (50, 2))
    assert np.abs(few.place(points) - whole.place(points)).max() < 0.02


def test_a_sight_stays_within_its_bounds() -> None:
    far = Sight().moved(turn=100.0, tilt=9.0, zoom=1e9)
    assert (far.tilt, far.zoom) == (TILTS[1], ZOOMS[1])
    assert -np.pi <= far.turn <= np.pi
    near = Sight().moved(tilt=-9.0, zoom=1e-9)
    assert (near.tilt, near.zoom) == (TILTS[0], ZOOMS[0])


def test_both_themes_paint_hills_lighter_than_valleys(qapp: object) -> None:
    x, _ = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 31))
    slope = mesh_of(x, (0, 1), (0, 1), log=False)
    for theme in (DARK, LIGHT):
        seen = painted(slope, Sight(0.0, TILTS[1]), theme).astype(int).sum(axis=2)
        assert seen[110:130, 200:230].mean() > seen[110:130, 90:120].mean() + 20


def test_painting_leaves_no_gaps_between_strips(qapp: object) -> None:
    flat = mesh_of(np.zeros((31, 41)), (0, 1), (0, 1), log=False)
    ground = DARK.bg0.getRgb()[:3]
    for turn in (0.0, 0.5, 0.78, 1.2):
        image = painted(flat, Sight(turn, 1.0))
        middle = image[100:140, 130:190].reshape(-1, 3)
        assert not (middle == ground).all(axis=1).any()


def test_lines_take_as_much_ink_on_a_fine_screen(qapp: object) -> None:
    flat = mesh_of(np.zeros((16, 21)), (0, 1), (0, 1), log=False)
    for theme in (DARK, LIGHT):
        at_once = painted(flat, Sight(0.4, 1.0), theme)[100:140, 130:190]
        fine = painted(flat, Sight(0.4, 1.0), theme, 2.0)[200:280, 260:380]
        assert abs(at_once.mean() - fine.mean()) < 2
        # And there are lines: it is not one colour.
        assert at_once.std() > 2 < fine.std()


def test_a_hole_within_a_strip_leaves_what_is_beside_it(qapp: object) -> None:
    heights = np.zeros((11, 21))
    heights[5, 10] = np.nan
    whole, holed = (
        mesh_of(one, (0, 1), (0, 1), log=False) for one in (np.zeros((11, 21)), heights)
    )
    for turn in (0.0, 1.57, 3.14, -1.57):
        sight = Sight(turn, 1.2)
        other = np.any(painted(whole, sight) != painted(holed, sight), axis=2)
        xs, ys = Projection(sight, BOX).pixels(np.array([[0.45, 0.4, 0], [0.55, 0.6, 0]])).T
        rows, columns = np.nonzero(other)
        assert len(rows) > 100
        assert min(xs) - 12 < columns.min() <= columns.max() < max(xs) + 12
        assert min(ys) - 12 < rows.min() <= rows.max() < max(ys) + 12
