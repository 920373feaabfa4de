"""Races in three dimensions: racers stand where their paths are, on the surface, and paths are told by few points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.questions import answering
from app.engine.questions.racing import RaceAnswer, SurfaceGrid
from app.export.painting import pixels_of
from app.scenes import draw, race_solid, race_solid_tracks, race_solid_ways
from app.scenes.mesh import Mesh, Projection, Sight
from app.scenes.race_solid_tracks import rough_tracks
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
    # A film's frame is the same whatever was painted before it.
    first = painted(answer, ground, 60.0, sight, "adam")
    painted(answer, ground, 90.0, Sight(1.0), "momentum")
    assert np.array_equal(painted(answer, ground, 60.0, sight, "adam"), first)


def test_rough_paths_are_where_the_fine_ones_are(beale: tuple[RaceAnswer, Mesh]) -> None:
    answer, ground = beale
    paths = [path.positions for path in answer.paths]
    for width in (300.0, 900.0):
        rough = rough_tracks(ground, paths, width)
        assert sum(len(one.steps) for one in rough) < 720
        for one, path in zip(rough, paths, strict=True):
            assert (np.diff(one.steps) >= 0).all()
            assert one.steps[0] == 0
            there = np.isfinite(path).all(axis=1)
            # Whole steps are places of the path, and what is between two lies on their line.
            for step, share in zip(one.steps.tolist(), one.shares, strict=True):
                at = race_solid_tracks.position_at(path, step)
                assert np.allclose(
                    ground.place(np.array([at]))[0], share, atol=1e-9, equal_nan=True
                )
            assert one.steps[-1] <= np.flatnonzero(there)[-1]
            # No corner of the path is far from the line.
            inside = np.isfinite(ground.place(path)[:, 2])
            shares = ground.place(path)[inside, :2]
            line = one.shares[:, :2]
            near = np.array([_distance(line, at) for at in shares])
            assert near.max() < 0.03


def _distance(line: np.ndarray, at: np.ndarray) -> float:
    a, b = line[:-1], line[1:]
    way = b - a
    square = np.maximum((way**2).sum(axis=1), 1e-18)
    share = np.clip(((at - a) * way).sum(axis=1) / square, 0, 1)[:, None]
    return float(np.hypot(*(a + way * share - at).T).min())


def test_rough_paths_tell_zigzags_long_races_and_the_gone(beale: tuple[RaceAnswer, Mesh]) -> None:
    _, ground = beale
    (x0, x1), (y0, y1) = ground.across, ground.down
    steps = np.arange(10_001)
    unit = np.array([x1 - x0, y1 - y0])
    long = np.stack([0.1 + 0.8 * steps / 10_000, 0.5 + 0 * steps], 1) * unit + (x0, y0)
    zigzag = np.stack([0.1 + 0.05 * np.arange(15), 0.5 + 0.2 * (-1.0) ** np.arange(15)], 1)
    zigzag = zigzag * unit + (x0, y0)
    found = rough_tracks(ground, [long], 300.0)[0]
    assert found.steps[-1] == 10_000
    assert np.diff(found.shares[:, 0]).max() < 0.1
    # Paths of different lengths; every corner of a zigzag is there.
    found = rough_tracks(ground, [long, zigzag], 300.0)[1]
    assert set(range(15)) <= set(found.steps.tolist())
    gone = long.copy()
    gone[5000:] = np.nan
    wild = long.copy()
    wild[100:200] = 1e300
    wild[200:] = np.inf
    left, burst = rough_tracks(ground, [gone, wild], 300.0)
    assert 4800 < left.steps[-1] < 5000
    assert np.isfinite(left.shares).all()
    assert burst.steps[-1] < 200
    assert rough_tracks(ground, [long[:1]], 300.0)[0].shares.shape[1] == 3
    assert rough_tracks(ground, [np.full((5, 2), np.nan)], 300.0)
    assert rough_tracks(ground, [], 300.0) == []


def test_thinned_paths_keep_their_ends_and_their_width() -> None:
    rng = np.random.default_rng(3)
    steps = np.arange(10_001)
    noisy = np.stack(
        [steps / 20_000 + 0.2, 0.5 + 0.2 * (-1.0) ** steps * rng.uniform(0.9, 1, 10_001)], 1
    )
    kept = race_solid_tracks.thinned(noisy, 200)
    assert len(kept) <= 210
    assert kept[0] == 0
    assert kept[-1] == 10_000
    assert (np.diff(kept) > 0).all()
    for part in np.array_split(kept, 8):
        assert noisy[part, 1].max() > 0.68
        assert noisy[part, 1].min() < 0.32
    # What does not move is one place, and what is gone ends where it was last.
    still = np.full((500, 2), 0.4)
    assert race_solid_tracks.thinned(still, 100).tolist() == [0, 499]
    still[300:] = np.nan
    assert race_solid_tracks.thinned(still, 100).tolist() == [0, 299]


def test_a_racer_that_is_gone_stays_where_it_was_seen_last(qapp: object) -> None:
    race = Race(surface={"kind": "rosenbrock"}, start=(-1.5, 2.0), steps=40)
    wild = new_racer(race, "momentum")
    race = Race(surface=race.surface, start=race.start, steps=40, racers=(wild,))
    answer = raced(race)
    assert answer.paths[0].left is not None
    ground = race_solid.ground_of(grid_of(answer), True, None)
    runner = race_solid.runners(answer, ground, 400)[0]
    now = race_solid_ways.places([runner], ground, 40.0)[0]
    assert not np.isfinite(now).all()
    place, gone = race_solid_tracks.where(runner.track, now, 40.0)
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
    times, found = race_solid_tracks.draped(steps, places, np.array([4.0, 4.0]), 100)
    assert times[0] == 0
    assert times[-1] == 5
    assert (np.diff(times) > 0).all()
    # Where a racer is between two steps, on the straight line.
    assert np.allclose(found[:, 0], np.minimum(times, 1) * 4)
    assert np.abs(np.diff(found, axis=0) / 4).max() <= 1 / 40 + 1e-12
    assert len(race_solid_tracks.draped(steps[:1], places[:1], np.ones(2), 10)[0]) == 1
    gone = np.array([[0.0, 0.0], [1e300, 0.0], [np.nan, np.nan]])
    assert len(race_solid_tracks.draped(steps, gone, np.ones(2), 10)[0]) <= 40
