"""Films of real runs: the frames in the file are what the painters paint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.cli.command import own_command, own_environment
from app.engine.replay import Replay
from app.export.film import export, frames
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas, scene_named
from app.export.plan import plan
from app.export.recipe import Recipe, check, frames_of, parse_size
from core.io import Contents

SMALL = Recipe(width=640, height=360, fps=10, seconds=1.0, first=0, last=40, caption="Learning XOR")


def decode(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [item.to_ndarray(format="rgb24") for item in film.decode(video=0)]


def painted(recipe: Recipe, contents: Contents) -> list[np.ndarray]:
    source = Replay(contents)
    canvas = Canvas(recipe, source.spec)
    film = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    source.until(film.last)
    return [canvas.pixels(frame) for frame in frames(recipe, canvas, source, film)]


@pytest.mark.parametrize(("name", "tolerance"), [("mp4", 3.0), ("gif", 3.0)])
def test_the_film_shows_what_the_painters_paint(
    name: str, tolerance: float, xor: Contents, tmp_path: Path
) -> None:
    fmt = by_id(name)
    path = tmp_path / f"film{fmt.suffix}"
    seen: list[tuple[int, int]] = []
    result = export(SMALL, fmt, Replay(xor), path, lambda done, of: seen.append((done, of)))
    assert (result.frames, result.first, result.last) == (10, 0, 40)
    assert seen == [(n, 10) for n in range(11)]
    decoded, expected = decode(path), painted(SMALL, xor)
    assert len(decoded) == len(expected) == 10
    for a, b in zip(decoded, expected, strict=True):
        assert a.shape == b.shape == (360, 640, 3)
        assert np.abs(a.astype(int) - b).mean() < tolerance
    # And it is a film of something that moves.
    assert np.abs(decoded[0].astype(int) - decoded[-1]).mean() > 0.5


def test_a_film_is_repeatable_to_the_byte(xor: Contents, tmp_path: Path) -> None:
    for name in ("a.apng", "b.apng"):
        export(SMALL, by_id("apng"), Replay(xor), tmp_path / name)
    assert (tmp_path / "a.apng").read_bytes() == (tmp_path / "b.apng").read_bytes()


def test_the_range_is_shown_as_it_was_then(xor: Contents) -> None:
    source = Replay(xor)
    probes = Canvas(SMALL, source.spec).probes(next(iter(_first_frame(source))))
    for step in (0, 7, 33):
        snapshot = source.at(step, probes)
        assert snapshot.position.step == step
        assert len(snapshot.history.steps) == step
    assert np.isfinite(snapshot.history.loss).all()


def _first_frame(source: Replay):  # type: ignore[no-untyped-def]
    canvas = Canvas(SMALL, source.spec)
    film = plan(SMALL, source.taken, source.total_steps, source.epoch_steps)
    return frames(SMALL, canvas, source, film)


def test_slow_films_let_signals_travel(xor: Contents) -> None:
    recipe = Recipe(width=640, height=360, fps=30, seconds=4.0, first=10, last=12)
    source = Replay(xor)
    canvas = Canvas(recipe, source.spec)
    film = plan(recipe, source.taken, source.total_steps, source.epoch_steps)
    shown = list(frames(recipe, canvas, source, film))
    assert len(shown) == 120
    directions = [f.clock.direction for f in shown if f.clock is not None]
    assert set(directions) == {"forward", "backward", "update"}
    for frame in shown:
        if frame.clock is not None:
            assert frame.before is not None
            assert frame.after is not None
            assert frame.after.position.step == frame.before.position.step + 1
    assert shown[-1].after is not None
    assert shown[-1].after.position.step == 12


def test_both_themes_differ(xor: Contents) -> None:
    import msgspec

    recipe = msgspec.structs.replace(SMALL, seconds=0.1)
    light = msgspec.structs.replace(recipe, theme="light")
    assert painted(light, xor)[0].mean() > painted(recipe, xor)[0].mean() + 100


def test_stills(xor: Contents, tmp_path: Path) -> None:
    png = tmp_path / "still.png"
    export(SMALL, by_id("png"), Replay(xor), png)
    with Image.open(png) as picture:
        assert picture.size == (640, 360)
    svg = tmp_path / "still.svg"
    export(SMALL, by_id("svg"), Replay(xor), svg)
    text = svg.read_text()
    assert text.lstrip().startswith("<?xml")
    assert "<svg" in text
    assert sorted(os.listdir(tmp_path)) == ["still.png", "still.svg"]


def test_an_untrained_project_can_be_filmed(tmp_path: Path) -> None:
    from core import io, templates

    template = templates.load("xor-mlp")
    project = io.Project(
        name="x", network=template.network, training=template.training, data=template.data
    )
    recipe = Recipe(width=640, height=360, fps=10, seconds=0.5)
    result = export(recipe, by_id("mp4"), Replay(io.Contents(project)), tmp_path / "f.mp4")
    assert result.last == 2 * 20
    assert len(decode(tmp_path / "f.mp4")) == 5


# The command, as the window starts it


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*own_command(), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **own_environment()},
    )  # fmt: skip


def test_progress_as_json(xor_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    child = command(
        "export", str(xor_file), "-o", str(out), "--size", "321x181", "--fps", "10",
        "--seconds", "1", "--json",
    )  # fmt: skip
    told, problem = child.communicate()
    assert child.returncode == 0, problem
    lines = [json.loads(line) for line in told.splitlines()]
    assert lines[0] == {"frame": 0, "of": 10}
    assert lines[-1] == {"frame": 10, "of": 10}
    # Odd sizes become even: video stores colour at half resolution.
    assert decode(out)[0].shape == (182, 322, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to terminate with")
def test_cancelling_leaves_nothing(xor_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    child = command("export", str(xor_file), "-o", str(out), "--seconds", "60", "--json")
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line)["frame"] >= 3:
            break
    child.send_signal(signal.SIGTERM)
    child.communicate()
    assert child.returncode not in (0, -signal.SIGTERM)
    assert sorted(os.listdir(tmp_path)) == ["xor.chainrule"]


# Recipes and plans


def test_plans_cover_the_range_without_going_back() -> None:
    for last in (1, 3, 40, 1000, 100_000):
        for seconds in (None, 0.2, 3.0, 30.0):
            recipe = Recipe(fps=30, seconds=seconds, first=0, last=last)
            film = plan(recipe, last, last, 20)
            assert len(film) == frames_of(recipe, last)
            places = [m.step + (m.share if m.travels else 0.0) for m in film.frames]
            assert places == sorted(places)
            # A signal is that of a step the film has reached, and it sets out before another does.
            signals = [(m.signal, m.share) for m in film.frames if m.signal is not None]
            assert signals == sorted(signals)
            assert all(m.signal is None or m.signal <= m.step for m in film.frames)
            assert film.frames[-1].step == last
            if len(film) > 1:
                assert film.frames[0].step == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 10}, {"height": 100_000}, {"fps": 0}, {"fps": 1000}, {"seconds": 0.0},
        {"seconds": 1e9}, {"first": -1}, {"first": 9, "last": 3},
    ],
)  # fmt: skip
def test_impossible_recipes(wrong: dict[str, float]) -> None:
    with pytest.raises(ExportUsageError):
        check(Recipe(**wrong), by_id("mp4"))  # type: ignore[arg-type]


def test_sizes() -> None:
    assert parse_size("1280x720") == parse_size("1280×720") == (1280, 720)
    for text in ("1280", "axb", "1280x", "-1x5", ""):
        with pytest.raises(ExportUsageError):
            parse_size(text)
    assert check(Recipe(width=101, height=99), by_id("mp4")).width == 102
    assert check(Recipe(width=101, height=99), by_id("gif")).width == 101


def test_an_unknown_scene() -> None:
    with pytest.raises(ExportUsageError, match="training"):
        scene_named("opera")
