"""Films of an activation maximisation: each frame shows an image that the engine has made on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.engine.replay import Replay
from app.export.film import export
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas
from app.export.processes import process_frames
from app.export.recipe import Recipe
from core import io, templates, trained
from core.errors import ChainruleError
from core.explain.explainer import Explainer
from core.explain.maximization import activation_maximization, channel_explainer
from tests.app.export.test_film import decode

RECIPE = Recipe(
    scene="activation-maximization", width=640, height=360, fps=8, seconds=1.0,
    toggles={"layer": "conv2d_2", "channel": 1, "steps": 12, "seed": 4},
)  # fmt: skip


@pytest.fixture(scope="module")
def digits() -> io.Contents:
    template = templates.load("digits-cnn")
    project = io.Project(
        name="Digits", network=template.network, training=template.training, data=template.data
    )
    return io.Contents(project, trained.weights("digits-cnn"))


def test_the_film_shows_the_image_on_its_way(digits: io.Contents, tmp_path: Path) -> None:
    source = Replay(digits)
    canvas = Canvas(RECIPE, source.spec)
    frames = list(process_frames(RECIPE, canvas, source))
    of = Explainer(digits.project.network, trained.weights("digits-cnn"))
    piece = channel_explainer(of, "conv2d_2")
    expected = [s.result for s in activation_maximization(piece, 1, steps=12, seed=4)]
    assert len(frames) == 8
    found = frames[0].toggles["found"]
    assert np.array_equal(found.image, expected[-1].image)
    assert np.allclose(found.activations, expected[-1].activations)
    assert found.numbers.tolist() == list(range(1, 13))
    for frame, one in zip(found.frames, expected, strict=True):
        assert np.abs(frame / 255 - one.image).max() <= 0.5 / 255 + 1e-6
    result = export(RECIPE, by_id("mp4"), Replay(digits), tmp_path / "film.mp4")
    decoded = decode(tmp_path / "film.mp4")
    assert result.frames == len(decoded) == 8
    for got, frame in zip(decoded, frames, strict=True):
        assert np.abs(got.astype(int) - canvas.pixels(frame)).mean() < 4
    assert np.abs(decoded[0].astype(int) - decoded[-1]).mean() > 0.5


def test_what_cannot_be_excited_is_said(digits: io.Contents, tmp_path: Path) -> None:
    recipe = Recipe(scene="activation-maximization", toggles={"layer": "conv2d_9"})
    with pytest.raises((ExportUsageError, ChainruleError), match="conv2d_1"):
        export(recipe, by_id("png"), Replay(digits), tmp_path / "still.png")
    assert not list(tmp_path.iterdir())
