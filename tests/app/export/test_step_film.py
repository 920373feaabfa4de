"""Films over the instructions of a step: every frame shows the engine's numbers of that very moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.engine.replay import Replay
from app.engine.session import Session
from app.engine.state import Work
from app.export.film import export
from app.export.formats import ExportUsageError, by_id
from app.export.instructions import step_film, step_frames, step_of
from app.export.painting import Canvas
from app.export.recipe import Recipe
from app.scenes.closeup import moment_of, subject_of
from app.scenes.closeups import fitting
from app.scenes.closeups.windows import WindowCloseup, sums_of, values_of
from app.scenes.frame import ViewState
from core import templates
from core.io import Contents
from core.io.project import write
from core.spec import new_layer
from tests.app.export.conftest import contents_of, trained

STEP = 2


@pytest.fixture(scope="module")
def digits() -> Contents:
    return trained("digits-cnn", STEP)


def recipe_of(**more: object) -> Recipe:
    return Recipe(scene="closeup", width=640, height=360, fps=10, seconds=4.0, **more)  # type: ignore[arg-type]


def test_every_frame_shows_the_numbers_of_its_moment(digits: Contents) -> None:
    source, recipe = Replay(digits), recipe_of(toggles={"layer": "conv2d_2"})
    assert step_of(recipe, source.taken) == STEP - 1
    start = source.inside(STEP - 1, 0, ())
    film = step_film(recipe, start.program, source.taken)
    assert {shot.line.layer for shot in film.shots} == {"conv2d_2"}
    ops = [shot.line.op for shot in film.shots]
    assert ops.index("conv2d") < ops.index("conv2d_weight_grad") < len(ops) - 1
    reference = Replay(digits)
    done, seen = -1, set()
    for frame in step_frames(recipe, source, film):
        subject = subject_of(frame.after, frame.toggles)
        assert subject.instruction.index >= done, "the film goes on, never back"
        best = fitting(subject)[0]
        if subject.instruction.index != done:
            done, walked = subject.instruction.index, -1
            at = reference.inside(STEP - 1, done + 1, ())
            assert at.position == frame.after.position
            program = reference._session.run.program
            for name, array in frame.after.values.items():
                np.testing.assert_array_equal(array, program.tensor(name), err_msg=name)
        walked = max(walked, int(frame.toggles.get("walked", walked)))
        assert walked == int(frame.toggles.get("walked", walked)), "the window goes on, never back"
        if not isinstance(best, WindowCloseup):
            continue
        moment = moment_of(frame, subject, best)
        place = best.layout(subject, (640.0, 308.0), ViewState())
        sums = sums_of(place, subject, moment, values_of(place, subject, moment))
        number = float(program.tensor(subject.tensor)[subject.full])
        assert sum(sums.values()) == pytest.approx(number, rel=2e-5, abs=2e-6), (
            subject.instruction.title
        )
        seen.add(subject.instruction.op)
    assert {"conv2d", "conv2d_weight_grad", "pad2d", "spread2d"} <= seen


def test_a_film_and_a_still_are_written(digits: Contents, tmp_path: Path) -> None:
    recipe = recipe_of(toggles={"layer": "max_pooling2d_1"})
    path = tmp_path / "step.mp4"
    seen: list[tuple[int, int]] = []
    result = export(recipe, by_id("mp4"), Replay(digits), path, lambda *at: seen.append(at))
    with av.open(str(path)) as film:
        count = sum(1 for _ in film.decode(video=0))
    assert count == result.frames == seen[-1][1] == seen[-1][0]
    assert count / recipe.fps == pytest.approx(4.0)
    assert (result.first, result.last) == (STEP - 1, STEP)
    still = tmp_path / "step.png"
    export(recipe, by_id("png"), Replay(digits), still)
    assert still.stat().st_size > 2000


@pytest.mark.parametrize(("seconds", "fps"), [(0.4, 5), (1.0, 10), (7.3, 30), (None, 24)])
def test_a_film_is_as_long_as_it_is_asked_to_be(
    digits: Contents, seconds: float | None, fps: int
) -> None:
    source = Replay(digits)
    recipe = Recipe(scene="closeup", fps=fps, seconds=seconds, toggles={"layer": "conv2d_2"})
    film = step_film(recipe, source.inside(STEP - 1, 0, ()).program, source.taken)
    if seconds is not None:
        assert len(film) == round(seconds * fps)
    assert all(len(shot) > 0 for shot in film.shots)
    lines = [shot.line.index for shot in film.shots]
    assert lines == sorted(set(lines))


def test_the_window_is_seen_to_move(digits: Contents) -> None:
    source, recipe = Replay(digits), recipe_of(toggles={"layer": "conv2d_1"})
    film = step_film(recipe, source.inside(STEP - 1, 0, ()).program, source.taken)
    canvas = Canvas(recipe, source.spec)
    sliding = [f for f in step_frames(recipe, source, film) if "walked" in f.toggles][:3]
    one, two, three = (canvas.pixels(frame) for frame in sliding)
    assert (one != two).any()
    assert (two != three).any()


def test_without_a_layer_the_first_that_slides_is_filmed(digits: Contents) -> None:
    source = Replay(digits)
    film = step_film(recipe_of(), source.inside(STEP - 1, 0, ()).program, source.taken)
    assert {shot.line.layer for shot in film.shots} == {"conv2d_1"}
    with pytest.raises(ExportUsageError, match="conv2d_1"):
        step_film(recipe_of(toggles={"layer": "conv9"}), source.inside(STEP - 1, 0, ()).program, 0)


def test_the_command_films_a_layer_and_names_those_there_are(
    digits: Contents, tmp_path: Path
) -> None:
    project = tmp_path / "digits.chainrule"
    write(project, digits)
    command = [
        sys.executable,
        "-m",
        "app",
        "export",
        str(project),
        "--scene",
        "closeup",
        "--size",
        "320x180",
    ]
    out = tmp_path / "film.gif"
    options = ["--seconds", "1", "--fps", "5", "--layer", "max_pooling2d_2", "-o", str(out)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert out.exists()
    options = ["--layer", "conv2d_9", "-o", str(tmp_path / "none.gif")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "conv2d_2" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_step_before_has_left_is_not_shown() -> None:
    template = templates.load("chain-rule-by-hand")
    network = template.network.insert(1, new_layer("RepeatVector", template.network))
    network = network.insert(2, new_layer("LSTM", network, units=2))
    session = Session(Work(network, template.training, template.data.id, template.data.parameters))
    session.advance(STEP)
    contents = contents_of(
        template.title, network, template.training, template.data, session.saved_state()
    )
    source, recipe = Replay(contents), recipe_of(toggles={"layer": "lstm_1"})
    film = step_film(recipe, source.inside(STEP - 1, 0, ()).program, source.taken)
    compared = 0
    for frame in step_frames(recipe, source, film):
        subject = subject_of(frame.after, frame.toggles)
        best = fitting(subject)[0]
        if best.name != "recurrent":
            continue
        shown = moment_of(frame, subject, best).arrays
        program, at = subject.program, subject.instruction.index
        for line in program.instructions:
            ahead = set(line.writes) & set(shown) if line.index > at else set()
            assert not {n for n in ahead if subject.info(n).role in ("value", "gradient")}, (
                line.title
            )
        compared += len(shown)
    assert compared


def test_the_chosen_number_sample_and_switches_are_filmed(digits: Contents) -> None:
    source = Replay(digits)
    chosen = {"tensor": "conv2d_2/z", "cell": [3, 9, 11], "row": 5, "scale": "shared"}
    recipe = recipe_of(toggles={"layer": "conv2d_2", **chosen})
    film = step_film(recipe, source.inside(STEP - 1, 0, ()).program, source.taken)
    ends = {}
    for frame in step_frames(recipe, source, film):
        subject = subject_of(frame.after, frame.toggles)
        assert (subject.row, subject.rows) == (5, 64)
        assert frame.toggles["scale"] == "shared"
        if "walked" not in frame.toggles:
            ends[subject.tensor] = subject.cell
        elif subject.tensor == "conv2d_2/product":
            assert subject.cell[-1] == 11, "the window slides over the chosen map"
    # Of the same shape: the same cell.
    for name in ("conv2d_2/a", "grad/conv2d_2/z"):
        assert ends[name] == (3, 9, 11), name
    assert ends["conv2d_2/bias"] == (11,)
    without = step_film(recipe_of(), source.inside(STEP - 1, 0, ()).program, source.taken)
    assert without.shots
    for toggles, told in (
        ({"tensor": "conv2d_9/z", "cell": [0]}, "conv2d_"),
        ({"tensor": "conv2d_2/z", "cell": [3, 14, 0]}, r"\[4, 15, 1\]"),
    ):
        with pytest.raises(ExportUsageError, match=told):
            step_film(recipe_of(toggles=toggles), source.inside(STEP - 1, 0, ()).program, 0)
