"""The map of a race without a window: places on it, its marks, trails, and what is painted where."""

from __future__ import annotations

from collections.abc import Generator

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from app import theme as themes
from app.engine.answers import Partial
from app.engine.questions.mapping import SurfaceMap, lowest, surface_map, surface_point
from app.engine.questions.racing import RaceAnswer
from app.scenes import draw, race_fit, race_map, race_map_paint
from app.scenes.race_map_layout import Viewport, fitted, fitted_curve, marks
from app.scenes.race_moment import Moment
from app.scenes.race_trails import trails
from core import landscape
from core.landscape.race import Race, first_race, new_racer, run
from core.landscape.relief import HOLE

SIZE = (640, 480)


def _raced(race: Race) -> RaceAnswer:
    surface = landscape.from_document(race.surface)
    return RaceAnswer(race, surface, list(run(race, surface))[-1])


def _known(surface: landscape.Surface, view: Viewport) -> SurfaceMap:
    found: list[SurfaceMap] = []

    def whole() -> Generator[Partial, None, None]:
        found.append((yield from surface_map(None, **race_map.asked(surface, view, 1.0))))

    assert all(0 < part.share < 1 for part in whole())
    return found[0]


def _painted(moment: Moment, theme: themes.Theme = themes.DARK) -> tuple[Viewport, QImage]:
    surface = moment.surface
    view = race_map.whole(surface, 0, 0, *SIZE)
    known = _known(surface, view)
    view = race_map.whole(surface, 0, 0, *SIZE, known)
    image = draw.canvas(*SIZE, 1.0, theme.bg0)
    painter = QPainter(image)
    try:
        draw.prepare(painter, SIZE)
        race_map.paint(painter, theme, view, moment, known)
    finally:
        painter.end()
    return view, image


def test_places_go_to_pixels_and_back() -> None:
    view = Viewport((-1.0, 3.0), (2.0, 5.0), 10.0, 20.0, 400.0, 300.0)
    at = view.point(0.0, 5.0)
    assert (at.x(), at.y()) == (110.0, 20.0)
    assert view.at(110.0, 20.0) == (0.0, 5.0)
    points = np.array([[0.0, 5.0], [3.0, 2.0], [np.nan, 1.0], [1e300, -1e300]])
    found = view.px(points)
    assert found[1].tolist() == [410.0, 320.0]
    assert np.isnan(found[2, 0])
    assert np.abs(found[3]).max() <= 30_000
    larger = view.zoomed(2.0, 110.0, 20.0)
    assert larger.at(110.0, 20.0) == pytest.approx((0.0, 5.0))
    assert larger.across[1] - larger.across[0] == pytest.approx(2.0)
    assert view.dragged(40.0, 30.0).at(150.0, 50.0) == pytest.approx(view.at(110.0, 20.0))


def test_nobody_zooms_to_where_numbers_end() -> None:
    view = Viewport((-1.0, 3.0), (2.0, 5.0), 0.0, 0.0, 400.0, 300.0)
    for factor in (10.0, 0.1):
        end = view
        for _ in range(400):
            end = end.zoomed(factor, 37.0, 11.0)
        assert np.isfinite([*end.across, *end.down]).all()
        assert end.across[0] < end.across[1]
        assert end.zoomed(1 / factor, 37.0, 11.0) != end


@pytest.mark.parametrize("kind", [k for k in landscape.names() if "curve" not in k])
@pytest.mark.parametrize("size", [(760.0, 592.0), (472.0, 334.0), (300.0, 600.0)])
def test_all_of_a_domain_is_shown(kind: str, size: tuple[float, float]) -> None:
    surface = landscape.surface(kind)
    view = fitted(surface, 0.0, 0.0, *size)
    for shown, wanted in zip((view.across, view.down), surface.domain, strict=True):
        assert shown[0] <= wanted[0] + 1e-9
        assert shown[1] >= wanted[1] - 1e-9
    (x0, x1), (y0, y1) = surface.domain
    shares = (
        (x1 - x0) / (view.across[1] - view.across[0]),
        (y1 - y0) / (view.down[1] - view.down[0]),
    )
    assert max(shares) == pytest.approx(1.0)
    # Where circles are no circles, they would have cost most of the picture.
    units = (view.across[1] - view.across[0]) / size[0], (view.down[1] - view.down[0]) / size[1]
    assert units[0] == pytest.approx(units[1]) or min(shares) > 1 / 1.7


def test_marks_are_short_numbers_at_equal_distances() -> None:
    assert marks(-1.0, 1.0, 300.0) == [
        (pytest.approx(k / 2), text)
        for k, text in zip(range(-2, 3), ("−1.0", "−0.5", "0.0", "0.5", "1.0"), strict=True)
    ]
    for low, high in ((1e-6, 3e-6), (-5e7, 9e8), (3.00001, 3.00002)):
        found = marks(low, high, 500.0)
        assert len({text for _, text in found}) == len(found) >= 3


@pytest.mark.parametrize(
    "heights",
    [
        [-5e307, 0.0, 1.7e308],
        [1e17, 1e17, 1e17],
        [1e17, 1e17 + 64],
        [1e12, 1e12 + 16],
        [-1e-320, 1e-320],
        [3.0, 3.0],
    ],
)
def test_curves_of_any_height_have_an_axis(heights: list[float]) -> None:
    view = fitted_curve((-4.0, 4.0), np.array(heights), 0.0, 0.0, 640.0, 480.0)
    low, high = view.down
    assert np.isfinite(high - low)
    assert low < high
    assert view.w == 640.0
    found = marks(low, high, view.h)
    assert 2 <= len(found) < 40
    assert len({text for _, text in found}) == len(found)
    for height in (*heights, float("inf"), float("nan")):
        at = view.point(0.0, height)
        assert np.isfinite([at.x(), at.y()]).all()


def test_high_curves_are_zoomed_as_others_are() -> None:
    view = fitted_curve((-4.0, 4.0), np.array([0.0, 4e30]), 0.0, 0.0, 640.0, 480.0)
    larger = view.zoomed(2.0, 320.0, 240.0)
    assert larger.down[1] - larger.down[0] == pytest.approx((view.down[1] - view.down[0]) / 2)
    assert larger.placed(10, 0, 640, 480).zoomed(0.5, 330, 240).down == pytest.approx(view.down)


@pytest.mark.parametrize(
    ("text", "start"),
    [("1e308*x", (0.7, 0.0)), ("x+1e17", (0.7, 0.0)), ("sqrt(x)", (-1.0, 0.0)), ("1e300*x*y", (1.0, 1.0))],
)  # fmt: skip
def test_a_race_where_numbers_end_is_painted(text: str, start: tuple[float, float]) -> None:
    race = msgspec.structs.replace(
        first_race(), surface={"kind": "formula", "text": text}, start=start, steps=20
    )
    answer = _raced(race)
    for time in (0.0, 0.5, 20.0):
        moment = Moment(answer, time, "adam", race.start)
        view, _ = _painted(moment)
        for place in moment.places:
            at, _ = race_map_paint.spot(view, place)
            assert 0 <= at.x() <= SIZE[0]
            assert 0 <= at.y() <= SIZE[1]


def test_the_first_answer_is_coarse_and_the_last_as_fine_as_the_screen() -> None:
    surface = landscape.surface("beale")
    view = fitted(surface, 0.0, 0.0, 400.0, 300.0)
    answer = surface_map(None, **race_map.asked(surface, view, 2.0))
    first = next(answer)
    assert first.found.relief.codes.shape == (150, 200)
    with pytest.raises(StopIteration) as end:
        next(answer)
    known = end.value.value
    assert known.relief.codes.shape == (600, 800)
    # Heights are of the middles of pixels.
    pixel = (view.across[1] - view.across[0]) / 800
    assert known.across[0] == pytest.approx(view.across[0] + pixel / 2)


def test_the_lowest_point_of_a_typed_surface_is_found() -> None:
    surface = landscape.formula("(x - 0.3)^2 + (y + 1.1)^2 + 2")
    assert lowest(surface) == pytest.approx(2.0, abs=1e-9)
    assert lowest(landscape.surface("beale")) == pytest.approx(0.0, abs=1e-12)


def test_a_point_is_that_of_the_surface() -> None:
    surface = landscape.surface("himmelblau")
    found = surface_point(None, surface=surface.to_document(), at=(0.5, -1.5))
    assert found.value == float(surface.values([0.5, -1.5]))
    assert found.gradient == pytest.approx(tuple(surface.gradients([0.5, -1.5])))


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=["dark", "light"])
def test_markers_are_where_the_paths_are(theme: themes.Theme) -> None:
    answer = _raced(first_race())
    for time in (0.0, 60.0, 60.5, 120.0):
        moment = Moment(answer, time, "adam", answer.race.start)
        view, image = _painted(moment, theme)
        place = moment.places[-1]
        assert place.racer.id == "adam"
        at = view.point(*place.at)
        color = place.look.color(theme)
        assert image.pixelColor(round(at.x()), round(at.y())).rgb() == color.rgb()


@pytest.mark.parametrize("kind", landscape.names())
def test_every_surface_is_painted_with_its_start(kind: str) -> None:
    surface = landscape.surface(kind)
    race = msgspec.structs.replace(
        first_race(), surface=surface.to_document(), start=surface.start, steps=5
    )
    moment = Moment(_raced(race), 0.0, "adam", surface.start)
    view, image = _painted(moment)
    height = float(surface.values(surface.start))
    at = view.point(surface.start[0], height if moment.flat else surface.start[1])
    assert view.contains(at)
    color = moment.places[-1].look.color(themes.DARK)
    assert image.pixelColor(round(at.x()), round(at.y())).rgb() == color.rgb()


def test_a_race_on_a_hole_and_on_a_curve_can_be_painted() -> None:
    race = first_race()
    hole = landscape.formula("log(x + y) + x^2 + y^2").to_document()
    for document, start in ((hole, (1.0, 1.0)), ({"kind": "convex-curve"}, (2.0, 0.0))):
        raced = _raced(msgspec.structs.replace(race, surface=document, start=start))
        _, image = _painted(Moment(raced, 40.0, "adam", start))
        assert not image.isNull()


def test_a_hole_is_hatched() -> None:
    surface = landscape.formula("sqrt(x) + y^2")
    view = fitted(surface, 0.0, 0.0, 200.0, 200.0)
    known = _known(surface, view)
    assert known.relief is not None
    holes = known.relief.codes >= HOLE
    assert holes[:, :98].all()
    assert not holes[:, 102:].any()


def test_trails_leave_out_only_what_nobody_sees() -> None:
    view = Viewport((0.0, 1.0), (0.0, 1.0), 0.0, 0.0, 100.0, 100.0)
    t = np.linspace(0.0, 1.0, 5001)
    points = np.column_stack([t, t**2])
    kept = trails(view, [points])[0].corners
    assert len(kept) < 400
    assert kept[0].tolist() == [0.0, 100.0]
    assert kept[-1].tolist() == [100.0, 0.0]
    # What is left out lies on the line between what is kept.
    every = view.px(points)
    beside = np.abs(every[:, 1] - np.interp(every[:, 0], kept[:, 0], kept[:, 1]))
    assert beside.max() < 0.3
    points[2500] = np.nan
    assert np.isfinite(trails(view, [points])[0].corners).all()
    points[:10] = np.nan
    assert trails(view, [points])[0].corners[0].tolist() == view.px(points[10]).tolist()


def test_trails_keep_their_corners() -> None:
    view = Viewport((0.0, 100.0), (0.0, 100.0), 0.0, 0.0, 100.0, 100.0)
    k = np.arange(400)
    zigzag = np.column_stack([k * 0.25, 50.0 + 2.0 * (k % 2)])
    back = np.column_stack([np.r_[k * 0.25, k[::-1] * 0.25], np.full(800, 50.0)])
    assert len(trails(view, [zigzag])[0].corners) == 400
    there = trails(view, [back])[0].corners
    assert there[:, 0].max() > 98
    assert len(there) < 300
    # Together they are what each of them is by itself.
    for one, alone in zip(trails(view, [back, zigzag, back]), (back, zigzag, back), strict=True):
        own = trails(view, [alone])[0]
        assert one.steps[[0, -1]].tolist() == [0, len(alone) - 1]
        assert (one.corners == view.px(alone)[one.steps]).all()
        assert abs(len(one.corners) - len(own.corners)) < 20


def test_who_diverges_is_held_at_the_edge_and_named() -> None:
    race = msgspec.structs.replace(first_race(), racers=())
    racer = new_racer(race, "batch")
    racer = msgspec.structs.replace(racer, optimizer={"kind": "SGD", "learning_rate": 3.0})
    answer = _raced(msgspec.structs.replace(race, racers=(racer,)))
    left = answer.paths[0].left
    assert left is not None
    moment = Moment(answer, float(left), "batch", race.start)
    assert moment.places[0].gone
    assert moment.places[0].farewell == f"diverged, step {left}"
    view, _ = _painted(moment)
    at, outside = race_map_paint.spot(view, moment.places[0])
    assert outside is not None
    assert view.contains(at, 10)
    before = Moment(answer, left - 1.0, "batch", race.start)
    assert not before.places[0].gone


def test_farewells_are_written_clear_of_what_covers_the_map() -> None:
    race = msgspec.structs.replace(
        first_race(), surface={"kind": "formula", "text": "log(x*y)"}, start=(-1.0, 3.5), steps=5
    )
    moment = Moment(_raced(race), 5.0, "adam", race.start)
    view = fitted(moment.surface, 0, 0, *SIZE)
    everywhere = QRectF(0, 0, *SIZE)
    covered = everywhere.adjusted(0, 0, 0, -200)

    def painted(given: tuple[QRectF, ...]) -> QImage:
        image = draw.canvas(*SIZE, 1.0, themes.DARK.bg0)
        with draw.painting(image, SIZE) as painter:
            race_map_paint.paint_racers(painter, themes.DARK, view, moment, given)
        return image

    def inked(image: QImage, top: float, bottom: float) -> bool:
        ground = themes.DARK.bg0.rgb()
        rows, columns = range(round(top), round(bottom)), range(0, SIZE[0], 3)
        return any(image.pixel(x, y) != ground for y in rows for x in columns)

    at = race_map_paint.spot(view, moment.places[0])[0].y()
    free, clear = painted(()), painted((covered,))
    assert inked(free, at + 12, at + 30)
    assert not inked(clear, at + 12, covered.bottom())
    assert inked(clear, covered.bottom(), SIZE[1])
    # Where there is no room at all it is still said.
    assert inked(painted((everywhere,)), SIZE[1] - 24, SIZE[1])


def test_lines_of_a_regression_are_the_weights_of_the_moment() -> None:
    surface = landscape.surface("linear-regression")
    race = msgspec.structs.replace(
        first_race(), surface=surface.to_document(), start=surface.start, steps=20
    )
    racer = new_racer(race, "mini-batch")
    answer = _raced(msgspec.structs.replace(race, racers=(*race.racers, racer)))
    moment = Moment(answer, 7.0, "mini-batch", race.start)
    view = race_fit.plot(surface, 300.0, 400.0)
    fit = race_fit.fits(surface, view, moment)[-1]
    w, b = answer.paths[-1].positions[7]
    u, t = view.at(*fit.line[-1])
    assert t == pytest.approx(w * u + b)
    batch = race_fit.batch_of(moment)
    assert batch is not None
    assert len(batch) == 8
    assert answer.paths[-1].batches is not None
    assert batch.tolist() == answer.paths[-1].batches[7].tolist()
    # At the end there is no next step, and so no batch.
    assert race_fit.batch_of(Moment(answer, 20.0, "mini-batch", race.start)) is None


def test_the_curve_of_a_logistic_regression_is_a_probability() -> None:
    surface = landscape.surface("logistic-regression")
    race = msgspec.structs.replace(
        first_race(), surface=surface.to_document(), start=surface.start, steps=10
    )
    moment = Moment(_raced(race), 10.0, "adam", race.start)
    view = race_fit.plot(surface, 300.0, 400.0)
    for fit in race_fit.fits(surface, view, moment):
        heights = np.array([view.at(x, y)[1] for x, y in fit.line])
        assert (heights >= -1e-9).all()
        assert (heights <= 1 + 1e-9).all()
        w, b = fit.place.at
        u = view.at(*fit.line[40])[0]
        assert heights[40] == pytest.approx(1 / (1 + np.exp(-(w * u + b))))
    image = draw.canvas(300, 400, 1.0, themes.DARK.bg0)
    with draw.painting(image, (300, 400)) as painter:
        race_fit.paint(painter, themes.DARK, surface, (300, 400), moment)
