"""Films of a race on the network and of a slice of its loss: from the command line, and frames with their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from app.cli import main
from app.engine.replay import Replay
from app.export import networks
from app.export.film import export
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas, offscreen_application
from app.export.processes import process_frames
from app.export.recipe import Recipe
from app.scenes import loss_slice, network_slide, race_ranking
from app.scenes.loss_slice_film import _picture, view_of
from app.scenes.network_settings import NETWORK, SLICE
from core import io, templates
from core.io import Contents
from core.io.races import race_document
from core.landscape.race import first_race

SCENES = ("network-race", "loss-slice")
RACERS = ("momentum", "rmsprop", "adam")


def contents_of(**view: Any) -> Contents:
    """A small network, and three racers that train it for one epoch."""
    template = templates.load("small-digits-cnn")
    race = first_race()
    race = msgspec.structs.replace(
        race, racers=tuple(one for one in race.racers if one.id in RACERS)
    )
    kept = {"race": race_document(race), NETWORK: {"epochs": 1}, SLICE: {"side": 21, "samples": 16}}
    project = io.Project(
        name=template.title, network=template.network, training=template.training, data=template.data,
        view=kept | view,
    )  # fmt: skip
    return Contents(project, {})


def recipe_of(scene: str, contents: Contents, **more: Any) -> Recipe:
    offscreen_application()
    fields = {"scene": scene, "width": 640, "height": 480, "fps": 10, "seconds": 1.0}
    return networks.completed(Recipe(**(fields | more)), contents.project.view)


def test_curves_and_ways_are_the_engines_and_stand_at_the_end() -> None:
    contents = contents_of()
    recipe = recipe_of("loss-slice", contents, toggles={"racer": "adam"})
    source = Replay(contents)
    canvas = Canvas(recipe, source.spec)
    told: list[float] = []
    frames = list(process_frames(recipe, canvas, source, told.append))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert sum(one < 0.5 for one in told) > 3
    last = frames[-1].toggles
    race, sliced = last["raced"].race, last["sliced"]
    assert [lane.id for lane in race.lanes] == list(RACERS)
    assert race.steps == race.batches
    # Keras's rates, as in the window.
    assert [lane.optimizer["learning_rate"] for lane in race.lanes] == pytest.approx(
        [0.01, 0.001, 0.001]
    )
    assert sliced.race == last["raced"].number
    assert (len(sliced.found.x), sliced.found.samples) == (21, 16)
    assert source.taken == 0
    # The marker stands where the way says, at every moment: its colour is there.
    adam = next(path for path in sliced.paths if path.id == "adam")
    view = view_of(sliced, _picture(canvas.layout, True))
    color = next(one.look for one in last["runners"] if one.id == "adam").color(canvas._theme)
    seen = []
    for frame in (frames[0], frames[4], frames[-1]):
        time = network_slide.time_of(frame.toggles["share"], race.steps)
        at = view.point(*loss_slice.place_at(adam, time))
        x, y = round(at.x()), round(at.y() + canvas.layout.head)
        pixel = canvas.pixels(frame)[y, x]
        assert np.abs(pixel.astype(int) - [color.red(), color.green(), color.blue()]).max() < 12
        seen.append((x, y))
    assert len(set(seen)) == 3
    # Below the racers stands of what their losses are: at the end of the epoch of all of it.
    left, top, _, _ = canvas.layout.ranking
    strips = []
    for frame in (frames[4], frames[-1]):
        y = round(top + len(RACERS) * race_ranking.LOW)
        strips.append(canvas.pixels(frame)[y + 4 : y + 20, round(left) + 40 : round(left) + 200])
    assert all(np.ptp(one) > 60 for one in strips)
    assert (strips[0] != strips[1]).any()
    # The end is held.
    assert network_slide.time_of(0.92, race.steps) == race.steps


@pytest.mark.parametrize("scene", SCENES)
def test_a_film_is_made_from_the_command_line(scene: str, tmp_path: Path) -> None:
    project, target = tmp_path / "p.chainrule", tmp_path / "a.mp4"
    io.write(project, contents_of())
    code = main(
        ["export", str(project), "--scene", scene, "-o", str(target), "--size", "640x360", "--fps", "10",
         "--seconds", "2", "--theme", "light"]
    )  # fmt: skip
    assert code == 0
    with av.open(str(target)) as film:
        pictures = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)]
    assert len(pictures) == 20
    assert np.abs(pictures[0] - pictures[10]).mean() > 0.1
    # What has ended stays.
    assert np.abs(pictures[-1] - pictures[-2]).mean() < 0.05


def test_the_learners_own_way_is_filmed_in_three_dimensions(tmp_path: Path) -> None:
    contents = contents_of(**{SLICE: {"source": "run", "side": 21, "samples": 16}})
    recipe = recipe_of("loss-slice", contents, toggles={"seen": "solid"}, last=45)
    source = Replay(contents)
    canvas = Canvas(recipe, source.spec)
    frames = list(process_frames(recipe, canvas, source))
    found = frames[-1].toggles["sliced"]
    assert [path.id for path in found.paths] == ["run"]
    assert found.paths[0].steps[-1] == 45
    assert len(found.paths[0].steps) > 2
    assert (canvas.pixels(frames[0]) != canvas.pixels(frames[-1])).any()


def test_what_cannot_be_filmed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, target = tmp_path / "p.chainrule", tmp_path / "a.mp4"
    io.write(project, contents_of())
    head = ["export", str(project), "-o", str(target)]
    for options, words in (
        (["--scene", "network-race", "--sample", "3"], "leave out --sample"),
        (["--scene", "network-race", "--method", "saliency"], "leave out --method"),
        (["--scene", "loss-slice", "--class", "3"], "leave out --class"),
        (["--scene", "network-race", "--epochs", "0"], "from 1 to 1000"),
        (["--scene", "training", "--epochs", "2"], "--epochs is of the scenes"),
    ):
        assert main([*head, *options]) != 0
        assert words in capsys.readouterr().err
    nobody = contents_of(race=race_document(msgspec.structs.replace(first_race(), racers=())))
    with pytest.raises(ExportUsageError, match="nobody"):
        export(recipe_of("network-race", nobody), by_id("mp4"), Replay(nobody), target)
    # A run that has not moved has no principal directions.
    still = contents_of(**{SLICE: {"source": "run", "side": 21, "samples": 16}})
    io.write(project, still)
    assert main([*head, "--scene", "loss-slice"]) != 0
    assert capsys.readouterr().err.count("\n") == 1
    assert not target.exists()


def test_kept_settings_that_are_damaged_are_as_usual() -> None:
    wrong = {
        "epochs": -3,
        "start": 5,
        "rates": ["race"],
        "own": {"adam": "fast", "momentum": 0.5, "x": 1.0},
    }
    contents = contents_of(**{NETWORK: wrong, SLICE: "damaged"})
    toggles = recipe_of("loss-slice", contents).toggles
    assert toggles[NETWORK] == {
        "epochs": 5,
        "start": "drawn",
        "rates": "keras",
        "own": {"momentum": 0.5},
    }
    assert toggles[SLICE]["side"] == 41
