"""Films of races: made without a network, from the command line too; they open again and show the paths."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PySide6.QtGui import QImage

from app.cli import main
from app.export.film import export_race
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas, pixels_of
from app.export.races import RaceSource, check_race, of_race, race_frames, race_in, race_still
from app.export.recipe import Recipe
from app.scenes import race_film, race_solid, race_solid_film
from app.scenes.mesh import Projection, Sight
from app.theme import DARK
from core import io, templates
from core.io import Contents
from core.io.errors import ProjectError
from core.io.races import race_document, save_race
from core.landscape.race import Race, first_race, new_racer, run

SCENES = ("race", "race-3d")


def small_race() -> Race:
    race = Race(surface={"kind": "himmelblau"}, start=(0.0, 3.5), steps=40)
    return msgspec.structs.replace(race, racers=(new_racer(race, "batch"), new_racer(race, "adam")))


def recipe_of(scene: str = "race-3d", **more: object) -> Recipe:
    fields = {"scene": scene, "width": 640, "height": 426, "fps": 10, "seconds": 1.0}
    return Recipe(**(fields | more))  # type: ignore[arg-type]


def test_only_scenes_of_races_are_of_races() -> None:
    assert of_race("race-3d")
    assert not of_race("training")


def test_the_time_goes_evenly_over_the_steps() -> None:
    source = RaceSource(small_race())
    recipe = recipe_of(first=5, last=23)
    shown = list(race_frames(recipe, Canvas(recipe, source.spec), source))
    assert [frame.toggles["time"] for frame in shown] == pytest.approx(np.linspace(5, 23, 10))
    paths = shown[0].toggles["answer"].paths
    *_, expected = run(source.race)
    assert all(
        np.array_equal(a.positions, b.positions) for a, b in zip(paths, expected, strict=True)
    )
    # Of the whole race a frame a step, if that is neither a blink nor a feature film.
    whole = recipe_of(seconds=None, fps=5)
    assert len(list(race_frames(whole, Canvas(whole, source.spec), source))) == 41


def test_in_3d_the_marker_is_where_the_path_says(qapp: object) -> None:
    source = RaceSource(small_race())
    recipe = recipe_of(toggles={"racer": "adam", "sight": [0.0, 1.4, 1.0], "spin": 0.0})
    canvas = Canvas(recipe, source.spec)
    for time in (0.0, 17.0, 40.0):
        at = msgspec.structs.replace(recipe, toggles={**recipe.toggles, "time": time})
        frame = race_still(at, canvas, source)
        left, top, width, height = canvas.layout.picture
        answer, grid = frame.toggles["answer"], frame.toggles["grid"]
        ground = race_solid.ground_of(grid, answer.surface.log, race_solid.lowest_of(answer))
        few = race_solid.coarse(
            ground, *race_solid.SMALL if width <= race_solid.WIDE else race_solid.LARGE
        )
        place = np.add(few.place(answer.paths[1].positions[[int(time)]]), (0, 0, 0.012))
        room = 10.0 if width <= race_solid.WIDE else 28.0
        view = Projection(Sight(0.0, 1.4), (room, room, width - 2 * room, height - 2 * room))
        x, y = (view.pixels(place)[0] + (left, top)).tolist()
        colour = race_solid.runners(answer, ground, width)[1].look.color(DARK)
        seen = canvas.pixels(frame)
        assert tuple(seen[round(y), round(x)]) == colour.getRgb()[:3]


def still(time: float, width: int = 1280, height: int = 720, **toggles: object) -> np.ndarray:
    recipe = recipe_of("race", width=width, height=height, toggles={"time": time, **toggles})
    source = RaceSource(small_race())
    canvas = Canvas(recipe, source.spec)
    return np.array(canvas.pixels(race_still(recipe, canvas, source))).astype(int)


def off(picture: np.ndarray, x: float, y: float) -> int:
    """How far the nearest pixel around a point is from the colour of gradients."""
    around = picture[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2]
    return int(np.abs(around - DARK.bwd.getRgb()[:3]).max(axis=2).min())


def test_arrows_of_the_racer_that_is_looked_at_are_in_the_film(qapp: object) -> None:
    source = RaceSource(small_race())
    recipe = recipe_of("race", width=1280, height=720)
    canvas = Canvas(recipe, source.spec)
    frame = race_still(recipe, canvas, source)
    left, top, width, height = canvas.layout.picture
    view = race_film.view_of(frame.toggles["answer"].surface, (left, top, width, height), None)
    path = frame.toggles["answer"].paths[1]
    for time in (4.0, 7.5):
        plain = still(time, racer="adam")
        shown = still(time, racer="adam", arrows=True)
        assert np.array_equal(shown, still(time, racer="adam", arrows=True))
        # Half way along the arrow that points downhill, between two steps from where the racer is between them.
        k = int(time)
        here, after = path.positions[k : k + 2]
        at = here + (after - here) * (time - k)
        begin, end = view.px(np.array([at, at - 1e-3 * path.gradients[k]]))
        x, y = begin + 60 * (end - begin) / np.linalg.norm(end - begin) + (left, top)
        assert off(shown, x, y) < 12
        assert off(plain, x, y) > 40
        # What they are is told below the ranking; that and the chart are as they were.
        rank = canvas.layout.ranking
        legend = np.s_[720 - 100 : 720 - 20, round(rank[0]) + 20 : round(rank[0]) + 180]
        assert (np.abs(shown[legend] - plain[legend]).max(axis=2) > 8).mean() > 0.05
        rows = np.s_[: round(rank[1]) + 2 * 74, round(width) :]
        assert np.array_equal(shown[rows], plain[rows])
        assert np.array_equal(
            shown[round(top + height) :, : round(width)],
            plain[round(top + height) :, : round(width)],
        )
    # As long as their moves, and with the squares beside them: other pictures each.
    assert not np.array_equal(
        still(4.0, racer="adam", arrows=True, arrows_to_scale=True),
        still(4.0, racer="adam", arrows=True),
    )
    assert not np.array_equal(
        still(4.0, racer="adam", arrows=True, squares=True), still(4.0, racer="adam", arrows=True)
    )
    # Of nobody there are none, and at the end no update follows.
    assert np.array_equal(still(4.0, arrows=True), still(4.0))
    assert np.array_equal(still(40.0, racer="adam", arrows=True), still(40.0, racer="adam"))


def test_where_the_ranking_is_full_the_legend_of_the_arrows_is_on_the_map(qapp: object) -> None:
    race = small_race()
    while len(race.racers) < 12:
        race = msgspec.structs.replace(race, racers=(*race.racers, new_racer(race, "batch")))
    recipe = recipe_of("race", width=1280, height=720, toggles={"time": 4.0, "racer": "adam"})
    canvas, source = Canvas(recipe, RaceSource(race).spec), RaceSource(race)
    plain = np.array(canvas.pixels(race_still(recipe, canvas, source))).astype(int)
    recipe = msgspec.structs.replace(recipe, toggles={**recipe.toggles, "arrows": True})
    shown = np.array(canvas.pixels(race_still(recipe, canvas, source))).astype(int)
    _, top, width, height = canvas.layout.picture
    bottom = round(top + height) - 40
    legend = np.s_[bottom - 80 : bottom - 4, round(width) - 180 : round(width) - 20]
    assert (np.abs(shown[legend] - plain[legend]).max(axis=2) > 8).mean() > 0.5
    assert np.array_equal(shown[:, round(width) :], plain[:, round(width) :])


def test_arrows_are_asked_for_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "mine.race", tmp_path / "mine.png"
    save_race(small_race(), file)
    arguments = [
        "export",
        str(file),
        "-o",
        str(out),
        "--size",
        "640x426",
        "--to",
        "4",
        "--caption",
        "A",
    ]
    pictures = []
    for more in ([], ["--racer", "batch"], ["--with", "arrows"], ["--racer", "adam", "--with", "arrows"],
                 ["--racer", "adam", "--with", "to-scale", "--with", "squares"]):  # fmt: skip
        out.unlink(missing_ok=True)
        assert main([*arguments, *more]) == 0
        pictures.append(pixels_of(QImage(str(out))))
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)
    capsys.readouterr()
    for more, words in (
        (["--racer", "snail"], "There are batch, adam"),
        (["--with", "wings"], "arrows, to-scale, squares"),
        (["--with", "arrows", "--scene", "race-3d"], "--with"),
        (["--racer", "adam", "--scene", "training"], "--racer"),
    ):
        assert main([*arguments, *more]) != 0
        assert words.casefold() in capsys.readouterr().err.casefold()


@pytest.mark.parametrize("scene", SCENES)
def test_a_film_decodes_and_its_pictures_differ(scene: str, tmp_path: Path) -> None:
    target = tmp_path / "race.mp4"
    done = export_race(recipe_of(scene), by_id("mp4"), RaceSource(small_race()), target)
    assert (done.frames, done.first, done.last) == (10, 0, 40)
    with av.open(str(target)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == 10
    assert pictures[0].shape == (426, 640, 3)
    apart = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(pictures)]
    assert min(apart) > 0.05


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [(160, 90), (1080, 1080), (427, 240)])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_pictures_of_all_sizes(
    scene: str, size: tuple[int, int], theme: str, tmp_path: Path
) -> None:
    target = tmp_path / "race.png"
    recipe = recipe_of(scene, width=size[0], height=size[1], theme=theme)
    export_race(recipe, by_id("png"), RaceSource(first_race()), target)
    image = QImage(str(target))
    assert (image.width(), image.height()) == size
    assert len(np.unique(pixels_of(image).astype(int) @ (65536, 256, 1))) > 60


def test_a_race_of_a_file_and_of_a_project_are_filmed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "mine.race", tmp_path / "mine.png"
    save_race(small_race(), file)
    arguments = ["export", str(file), "-o", str(out), "--size", "320x240"]
    assert main(arguments) == 0
    first = pixels_of(QImage(str(out)))
    # A project's race is in its view; its network need not run.
    template = templates.load("xor-mlp")
    project = io.Project(
        name="XOR", network=template.network, training=template.training, data=template.data,
        view={"race": race_document(small_race())},
    )  # fmt: skip
    path = tmp_path / "a.chainrule"
    io.write(path, Contents(project))
    out.unlink()
    arguments = ["export", str(path), "--scene", "race", "-o", str(out), "--size", "320x240"]
    assert main(arguments) == 0
    assert np.array_equal(pixels_of(QImage(str(out))), first)
    assert "step 40" in capsys.readouterr().out
    # Who names a racer means the race.
    pictures = []
    for scene in (["--scene", "race"], []):
        assert main(["export", str(path), *scene, "--racer", "adam", *arguments[4:]]) == 0
        pictures.append(pixels_of(QImage(str(out))))
    assert np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scene", "training"], "is a race"),
        (["--layer", "conv2d_1"], "--layer"),
        (["--sample", "3"], "--sample"),
        (["--class", "cat"], "no classes"),
        (["--from", "30", "--to", "99"], "steps 0 to 40"),
    ],
)
def test_what_a_race_has_not_is_refused(
    tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "mine.race", tmp_path / "mine.mp4"
    save_race(small_race(), file)
    assert main(["export", str(file), "-o", str(out), *arguments]) != 0
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_damaged_race_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.race"
    file.write_text("{")
    assert main(["export", str(file), "-o", str(tmp_path / "a.mp4")]) != 0
    assert "not a race" in capsys.readouterr().err
    with pytest.raises(ProjectError):
        race_in(recipe_of(toggles={"race": {"steps": 0}}), {})


def test_a_curve_is_not_filmed_in_3d(tmp_path: Path) -> None:
    race = Race(surface={"kind": "convex-curve"}, start=(1.0, 0.0), steps=10)
    with pytest.raises(ExportUsageError, match="one variable"):
        export_race(recipe_of(), by_id("mp4"), RaceSource(race), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
    check_race(recipe_of(), race)
    assert race_solid_film.SCENE.film_title
