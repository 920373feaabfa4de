"""The kept picture of a race in three dimensions: at every moment it is what one painted from nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from app.engine.questions.racing import RaceAnswer
from app.export.painting import pixels_of
from app.optimizers.kept_solid import KeptSolid, Shown
from app.scenes import draw, race_solid
from app.scenes.mesh import Mesh, Projection, Sight
from app.scenes.race_solid_tracks import Field, field_of
from app.theme import DARK, LIGHT, Theme
from core.landscape.race import Race, first_race, new_racer
from tests.app.scenes.test_race_solid import grid_of, raced

SMALL, LARGE = (248.0, 184.0), (640.0, 420.0)


@pytest.fixture(scope="module")
def beale() -> tuple[RaceAnswer, Mesh]:
    answer = raced(first_race())
    return answer, race_solid.ground_of(grid_of(answer), True, 0.0)


def new(*, opaque: bool = True) -> KeptSolid:
    def paper(painter: QPainter, theme: Theme) -> None:
        if opaque:
            painter.fillRect(QRectF(0, 0, 2000, 2000), theme.bg0)

    return KeptSolid(paper, opaque=opaque)


def shown(
    field: Field, ground: Mesh, size: tuple[float, float] = SMALL, sight: Sight | None = None
) -> Shown:
    view = Projection(sight or Sight(0.4, 0.5), (0, 0, *size))
    return Shown(field, race_solid.setting_of(ground, view, size, ((3.0, 0.5),), ("x", "y")))


def painted(
    kept: KeptSolid, what: Shown, time: float, theme: Theme = DARK, scale: float = 1.0, chosen: str = "adam"
) -> np.ndarray:  # fmt: skip
    """What the window shows: finely, if that is prepared."""
    size = what.setting.size
    image = draw.canvas(*size, scale, theme.bg1)
    with draw.painting(image, size) as painter:
        kept.show(what)
        kept.paint(painter, theme, time, chosen)
    return pixels_of(image).astype(int)


def fine(kept: KeptSolid, what: Shown, *rest: object, **more: object) -> np.ndarray:
    kept.show(what)
    while not kept.prepare(1e-9):
        pass
    found = painted(kept, what, *rest, **more)  # type: ignore[arg-type]
    assert kept.fine
    return found


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures are one but for edges: pieces of a line meet, and who crosses whom may be another."""
    apart = np.abs(one - other).max(axis=2)
    return bool((apart > 60).mean() < 0.002 and apart.mean() < 0.25)


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize(("theme", "scale"), [(DARK, 1.0), (LIGHT, 1.0), (DARK, 2.0)])
def test_it_is_the_picture_painted_from_nothing(
    qapp: object, beale: tuple[RaceAnswer, Mesh], size: tuple[float, float], theme: Theme, scale: float
) -> None:  # fmt: skip
    answer, ground = beale
    what = shown(field_of(answer), ground, size)
    kept = new()
    before = fine(kept, what, 0.0, theme, scale)
    for time in np.linspace(0, 120, 181):
        grown = painted(kept, what, float(time), theme, scale)
        if time in (20.0, 60.0, 90.0 + 2 / 3, 120.0):
            assert alike(grown, fine(new(), what, float(time), theme, scale))
            assert not alike(grown, before)
            before = grown
    # Sought back, and on again.
    for time in (70.0, 30.5, 31.0, 10.0, 119.0, 0.0):
        there = painted(kept, what, time, theme, scale)
        assert alike(there, fine(new(), what, time, theme, scale))


def test_in_a_film_it_is_the_same(qapp: object, beale: tuple[RaceAnswer, Mesh]) -> None:
    answer, ground = beale
    what = shown(field_of(answer), ground, LARGE)
    kept = new()
    fine(kept, what, 10.0)
    for time in (40.0, 77.7):
        image = draw.canvas(*LARGE, 1.0, DARK.bg0)
        with draw.painting(image, LARGE) as painter:
            race_solid.paint_solid(
                painter, DARK, (0, 0, *LARGE), ground, race_solid.runners(answer, ground, LARGE[0]), time, "adam",
                what.setting.view, marks=((3.0, 0.5),), axes=("x", "y"),
            )  # fmt: skip
        assert alike(painted(kept, what, time), pixels_of(image).astype(int))


def test_another_theme_racer_scale_or_size_is_no_older_picture(
    qapp: object, beale: tuple[RaceAnswer, Mesh]
) -> None:
    answer, ground = beale
    field = field_of(answer)
    kept, what = new(), shown(field, ground)
    fine(kept, what, 50.0)
    for theme, scale, chosen in (
        (LIGHT, 1.0, "adam"), (LIGHT, 1.0, "momentum"), (LIGHT, 2.0, "momentum"), (DARK, 1.0, "adam"),
    ):  # fmt: skip
        found = painted(kept, what, 60.0, theme, scale, chosen)
        assert kept.fine
        assert np.array_equal(found, fine(new(), what, 60.0, theme, scale, chosen))
    other = shown(field, ground, LARGE, Sight(-2.0, 1.0))
    assert np.array_equal(fine(kept, other, 60.0), fine(new(), other, 60.0))


def test_what_is_turned_or_dragged_is_there_at_once_and_fine_when_it_rests(
    qapp: object, beale: tuple[RaceAnswer, Mesh]
) -> None:
    answer, ground = beale
    kept = new()
    field = field_of(answer)
    for turn in (0.0, 0.3, 0.6):
        what = shown(field, ground, LARGE, Sight(turn, 0.6))
        assert kept.show(what)
        assert not kept.show(what)
        rough = painted(kept, what, 100.0)
        assert not kept.fine
        # The surface is the same, and ways hardly differ: they have fewer points.
        whole = fine(new(), what, 100.0)
        apart = np.abs(rough - whole).max(axis=2)
        assert (apart > 60).mean() < 0.004
        # The surface is painted before, in a turn of its own.
        while not kept.prepare(1e-9):
            pass
        surface = kept._ground
        assert np.array_equal(fine(kept, what, 100.0), whole)
        assert kept._ground is surface
    # Another start: other paths on the same surface, which is not painted again.
    moved = raced(Race(start=(1.0, 1.2), steps=120, racers=answer.race.racers))
    first = painted(kept, what, 100.0)
    ground_image = kept._ground
    what = shown(field_of(moved), ground, LARGE, Sight(0.6, 0.6))
    rough = painted(kept, what, 100.0)
    assert not kept.fine
    assert kept._ground is ground_image
    assert not alike(rough, first)
    assert (np.abs(rough - fine(new(), what, 100.0)).max(axis=2) > 60).mean() < 0.004
    assert np.array_equal(fine(kept, what, 100.0), fine(new(), what, 100.0))


def test_what_is_hidden_is_dimmer_in_pieces_too(
    qapp: object, beale: tuple[RaceAnswer, Mesh]
) -> None:
    """Way over way the opacity of hidden stretches would add up."""
    answer, ground = beale
    alone = Race(start=answer.race.start, steps=120, racers=(new_racer(Race(), "momentum"),))
    found = raced(alone)
    what = shown(field_of(found), ground, LARGE, Sight(2.6, 0.2))
    kept = new()
    fine(kept, what, 0.0, chosen="")
    for time in np.linspace(0, 120, 360):
        grown = painted(kept, what, float(time), chosen="")
    assert kept._ways is not None
    assert (kept._ways[0].there & ~kept._ways[0].seen).sum() > 5
    once = fine(new(), what, 120.0, chosen="")
    empty = fine(new(), what, 0.0, chosen="")
    ink = [np.abs(one - empty).sum() for one in (grown, once)]
    assert ink[0] == pytest.approx(ink[1], rel=0.04)


def test_nobody_and_the_gone_are_painted_too(qapp: object) -> None:
    race = Race(surface={"kind": "rosenbrock"}, start=(-1.5, 2.0), steps=40)
    answer = raced(
        Race(
            surface=race.surface, start=race.start, steps=40, racers=(new_racer(race, "momentum"),)
        )
    )
    assert answer.paths[0].left is not None
    ground = race_solid.ground_of(grid_of(answer), True, None)
    kept = new(opaque=False)
    what = shown(field_of(answer), ground)
    for time in (0.0, 3.0, 40.0, 1.0):
        assert alike(fine(kept, what, time), fine(new(opaque=False), what, time))
    # Who was never there has one point, and so has each of several.
    look, never = field_of(answer).looks[0], np.full((41, 2), np.nan)
    for ids in (("a",), ("a", "b", "c")):
        lost = shown(Field(ids, (look,) * len(ids), (never,) * len(ids)), ground)
        assert alike(painted(kept, lost, 7.0), painted(new(opaque=False), lost, 7.0))
        assert kept.prepare(1.0)
        painted(kept, lost, 9.0)
    nobody = shown(Field((), (), ()), ground)
    assert painted(kept, nobody, 3.0).any()
    assert fine(kept, nobody, 5.0).any()
