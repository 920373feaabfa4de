"""Films of one weight: what is told at each step is what the run had there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.engine.replay import Replay
from app.export.film import export
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas
from app.export.plan import plan
from app.export.recipe import Recipe, parse_number
from app.export.weights import weight_frames, weight_of
from core.io import Contents

WEIGHT, CELL = "dense_1/kernel", (1, 2)


def recipe_of(**more: object) -> Recipe:
    fields = {"scene": "story", "width": 640, "height": 360, "fps": 10, "seconds": 2.0, "last": 12}
    return Recipe(**(fields | more))  # type: ignore[arg-type]


def test_every_frame_tells_the_weight_as_the_run_had_it(xor: Contents) -> None:
    recipe = recipe_of(first=3, toggles={"tensor": WEIGHT, "cell": list(CELL), "row": 2})
    source, run = Replay(xor), Replay(xor)
    film = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    steps, batches = [], []
    for frame in weight_frames(recipe, source, film):
        story, step = frame.toggles["story"], frame.toggles["step"]
        assert (story.first, story.last) == (0, 12)
        assert frame.toggles["row"] == 2
        assert frame.after.position.step == step
        steps.append(step)
        run.at(step, ())
        program = run._session.run.program
        assert story.after[step - 1] == program.tensor(WEIGHT)[CELL]
        assert story.gradient[step - 1] == program.tensor(f"grad/{WEIGHT}")[CELL]
        samples = frame.toggles["samples"]
        batches.append(samples.step)
        assert samples.step <= step - 1
        assert np.float64(samples.shares.sum()) == pytest.approx(samples.total, rel=1e-4, abs=1e-7)
    assert steps == sorted(steps)
    assert (steps[0], steps[-1], batches[-1]) == (3, 12, 11)
    assert len(set(batches)) <= 2.0 * 4 + 2, "bars that change faster cannot be read"


def test_the_curve_grows_and_the_axes_stand_still(xor: Contents) -> None:
    recipe = recipe_of(toggles={"tensor": WEIGHT, "cell": list(CELL)})
    source = Replay(xor)
    canvas = Canvas(recipe, source.spec)
    film = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    pictures = [canvas.pixels(frame) for frame in weight_frames(recipe, source, film)]
    assert (pictures[0] != pictures[-1]).any()
    # The labels of the axes, left of the charts.
    left = slice(2 * 52 // 2, 250), slice(0, 30)
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture[left], pictures[0][left])


def test_a_picture_of_a_moment_is_a_frame_of_the_film(xor: Contents, tmp_path: Path) -> None:
    toggles = {"tensor": WEIGHT, "cell": list(CELL)}
    source = Replay(xor)
    film = plan(recipe_of(toggles=toggles), source.taken, source.total_steps, source.epoch_steps)
    shown = [f.toggles["step"] for f in weight_frames(recipe_of(toggles=toggles), source, film)]
    assert 6 in shown
    recipe = recipe_of(last=6, toggles={**toggles, "until": 12})
    moment = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    frame = list(weight_frames(recipe, source, moment))[-1]
    assert frame.toggles["step"] == 6
    assert frame.toggles["story"].last == 12
    still = tmp_path / "weight.svg"
    export(recipe, by_id("svg"), Replay(xor), still)
    assert still.stat().st_size > 2000


def test_the_first_weight_is_told_where_none_is_named_and_unknown_ones_are_refused(
    xor: Contents,
) -> None:
    source = Replay(xor)
    program = source.at(0, ()).program
    assert weight_of(program, {}) == ("dense_1/kernel", (0, 0))
    assert weight_of(program, {"tensor": "dense_2/bias"}) == ("dense_2/bias", (0,))
    for toggles, told in (
        ({"tensor": "dense_9/kernel"}, "dense_1/kernel"),
        ({"tensor": "dense_1/kernel", "cell": [0, 99]}, r"\[1, 100\]"),
        ({"tensor": "dense_1/kernel", "cell": [0]}, "shape"),
    ):
        with pytest.raises(ExportUsageError, match=told):
            weight_of(program, toggles)


def test_numbers_are_written_as_in_the_window() -> None:
    assert parse_number("dense_1/kernel[2, 3]") == ("dense_1/kernel", (1, 2))
    assert parse_number("loss") == ("loss", ())
    for wrong in ("dense_1/kernel[0,1]", "dense_1/kernel[1,,2]", "a[b]", "", "[1]", "a[1"):
        with pytest.raises(ExportUsageError, match="counted from 1"):
            parse_number(wrong)


def test_the_command_films_a_weight(xor_file: Path, tmp_path: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", "export", str(xor_file), "--scene", "story"]
        size = ["--size", "320x180", "--fps", "5", "--seconds", "1", "--to", "10"]
        return subprocess.run(
            [*command, *size, *options], capture_output=True, text=True, check=False
        )

    out = tmp_path / "weight.mp4"
    done = run("--number", "dense_2/kernel[3,1]", "--row", "2", "-o", str(out))
    assert done.returncode == 0, done.stderr
    with av.open(str(out)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 5
    for options, told in (
        (("--number", "dense_2/kernel[3,2]"), "shape"),
        (("--row", "99"), "--row must be from 1"),
        (("--row", "0"), "counts from 1"),
    ):
        done = run(*options, "-o", str(tmp_path / "none.gif"))
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr
