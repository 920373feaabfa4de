"""Races in three dimensions: racers stand where their paths are, on the surface, and paths are told by few points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.questions import answering
from app.engine.questions.racing import RaceAnswer, SurfaceGrid
from app.export.painting import pixels_of
from app.scenes import draw, race_solid
from app.scenes.mesh import Mesh, Projection, Sight
from app.theme import DARK
from core.landscape.race import Race, first_race, new_racer

SIZE = (400.0, 300.0)


def raced(race: Race) -> RaceAnswer:
    found = _ended(answering("race")(None, race=race))
    assert isinstance(found, RaceAnswer)
    return found


def _ended(pieces: Any) -> Any:
    """What a question answers at its end."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value


def grid_of(answer: RaceAnswer) -> SurfaceGrid:
    across, down = answer.surface.domain
    found = _ended(
        answering("surface_grid")(
            None,
            surface=answer.surface.to_document(),
            across=across,
            down=down,
            width=121,
            height=91,
        )
    )
    assert isinstance(found, SurfaceGrid)
    return found


@pytest.fixture(scope="module")
def beale() -> tuple[RaceAnswer, Mesh]:
    answer = raced(first_race())
    return answer, race_solid.ground_of(grid_of(answer), True, 0.0)


def painted(
    answer: RaceAnswer, ground: Mesh, time: float, sight: Sight, chosen: str = ""
) -> np.ndarray:
    image = draw.canvas(*SIZE, 1.0, DARK.bg0)
    with draw.painting(image, SIZE) as painter:
        race_solid.paint_solid(
            painter, DARK, (0, 0, *SIZE), ground, race_solid.runners(answer, ground, SIZE[0]), time, chosen,
            Projection(sight, (0, 0, *SIZE)), marks=answer.surface.minima, axes=("x", "y"),
        )  # fmt: skip
    return pixels_of(image)


def test_a_racer_is_painted_where_its_path_says(
    qapp: object, beale: tuple[RaceAnswer, Mesh]
) -> None:
    answer, ground = beale
    mesh = race_solid.coarse(ground, *race_solid.SMALL)
    sight = Sight(0.0, 1.4)
    adam = [one.id for one in answer.race.racers].index("adam")
    look = race_solid.runners(answer, ground, 400)[adam].look.color(DARK)
    for time in (20.0, 60.5, 110.0):
        k = int(time)
        path = answer.paths[adam].positions
        expected = path[k] + (path[k + 1] - path[k]) * (time - k)
        place = np.add(mesh.place(expected[None]), (0, 0, 0.012))
        x, y = Projection(sight, (0, 0, *SIZE)).pixels(place)[0]
        seen = painted(answer, ground, time, sight, "adam")
        assert tuple(seen[round(y), round(x)]) == look.getRgb()[:3]


def test_ways_grow_with_the_time_and_are_the_same_however_they_came(
    qapp: object, beale: tuple[RaceAnswer, Mesh]
) -> None:
    answer, ground = beale
    colour = np.array(race_solid.runners(answer, ground, 400)[-1].look.color(DARK).getRgb()[:3])

    def inked(image: np.ndarray) -> int:
        return int((np.abs(image.astype(int) - colour).sum(axis=2) < 30).sum())

    sight = Sight(0.1, 1.3)
    counts = [inked(painted(answer, ground, time, sight, "adam")) for time in (5, 20, 60, 120)]
    assert counts[0] < counts[1] < counts[2] < counts[3]
    # In small steps, from pictures that are kept, as at once.
    for time in np.linspace(0, 120, 61):
        last = painted(answer, ground, float(time), sight, "adam")
    race_solid._pictures.clear()
    again = painted(answer, ground, 120.0, sight, "adam")
    assert np.abs(last.astype(int) - again).mean() < 0.5
    # And back again.
    race_solid._pictures.clear()
    fresh = painted(answer, ground, 30.0, sight, "adam")
    painted(answer, ground, 120.0, sight, "adam")
    assert np.abs(painted(answer, ground, 30.0, sight, "adam").astype(int) - fresh).mean() < 0.5


def test_thinned_paths_keep_their_ends_and_their_width() -> None:
    rng = np.random.default_rng(3)
    steps = np.arange(10_001)
    noisy = np.stack(
        [steps / 20_000 + 0.2, 0.5 + 0.2 * (-1.0) ** steps * rng.uniform(0.9, 1, 10_001)], 1
    )
    kept = race_solid.thinned(noisy, 200)
    assert len(kept) <= 210
    assert kept[0] == 0
    assert kept[-1] == 10_000
    assert (np.diff(kept) > 0).all()
    for part in np.array_split(kept, 8):
        assert noisy[part, 1].max() > 0.68
        assert noisy[part, 1].min() < 0.32
    # What does not move is one place, and what is gone ends where it was last.
    still = np.full((500, 2), 0.4)
    assert race_solid.thinned(still, 100).tolist() == [0, 499]
    still[300:] = np.nan
    assert race_solid.thinned(still, 100).tolist() == [0, 299]


def test_a_racer_that_is_gone_stays_where_it_was_seen_last(qapp: object) -> None:
    race = Race(surface={"kind": "rosenbrock"}, start=(-1.5, 2.0), steps=40)
    wild = new_racer(race, "momentum")
    race = Race(surface=race.surface, start=race.start, steps=40, racers=(wild,))
    answer = raced(race)
    assert answer.paths[0].left is not None
    ground = race_solid.ground_of(grid_of(answer), True, None)
    runner = race_solid.runners(answer, ground, 400)[0]
    now = race_solid._places([runner], ground, 40.0)[0]
    assert not np.isfinite(now).all()
    place, gone = race_solid.where(runner.track, now, 40.0)
    assert gone
    assert place is not None
    assert np.isfinite(place).all()
    image = painted(answer, ground, 40.0, Sight())
    assert isinstance(image, np.ndarray)
    assert len(np.unique(image.astype(int) @ (65536, 256, 1))) > 50


def test_nobody_and_nothing_are_painted_too(qapp: object, beale: tuple[RaceAnswer, Mesh]) -> None:
    answer, ground = beale
    nobody = RaceAnswer(Race(steps=10), answer.surface, ())
    assert painted(nobody, ground, 5.0, Sight()).shape == (300, 400, 3)
    holes = race_solid.mesh_of(np.full((5, 5), np.nan), *answer.surface.domain, log=False)
    assert painted(answer, holes, 50.0, Sight()).shape == (300, 400, 3)


def test_long_stretches_lie_on_the_surface() -> None:
    steps, places = np.array([0.0, 1.0, 5.0]), np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 0.1]])
    times, found = race_solid.draped(steps, places, np.array([4.0, 4.0]), 100)
    assert times[0] == 0
    assert times[-1] == 5
    assert (np.diff(times) > 0).all()
    # Where a racer is between two steps, on the straight line.
    assert np.allclose(found[:, 0], np.minimum(times, 1) * 4)
    assert np.abs(np.diff(found, axis=0) / 4).max() <= 1 / 40 + 1e-12
    assert len(race_solid.draped(steps[:1], places[:1], np.ones(2), 10)[0]) == 1
    gone = np.array([[0.0, 0.0], [1e300, 0.0], [np.nan, np.nan]])
    assert len(race_solid.draped(steps, gone, np.ones(2), 10)[0]) <= 40
