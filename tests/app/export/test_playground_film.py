"""The convolution playground as a film: the result is NumPy's, the window slides, and the film opens again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import assets
from app.engine.replay import Replay
from app.export.film import export
from app.export.formats import by_id
from app.export.painting import Canvas
from app.export.processes import process_frames
from app.export.recipe import Recipe
from app.scenes.playground_film import place_at, settings_of
from app.scenes.playground_settings import Settings
from core import io, templates, trained
from core.errors import ChainruleError
from core.io import Contents


def delivered() -> Contents:
    template = templates.load("digits-cnn")
    project = io.Project(
        name=template.title, network=template.network, training=template.training, data=template.data
    )  # fmt: skip
    return Contents(project, trained.weights("digits-cnn"))


def recipe_of(**toggles: object) -> Recipe:
    return Recipe(
        scene="convolution-playground", width=640, height=360, fps=5, seconds=1.0, toggles=toggles
    )


def test_the_film_shows_the_filtered_photograph(qapp: object, tmp_path: Path) -> None:
    contents = delivered()
    with pytest.raises(ChainruleError, match="pasted"):
        export(recipe_of(picture="own"), by_id("mp4"), Replay(contents, None), tmp_path / "own.mp4")
    assert not (tmp_path / "own.mp4").exists()
    recipe = recipe_of(picture="camera", preset="sobel_y", stride=2, padding="same")
    source = Replay(contents, None)
    shown = list(process_frames(recipe, Canvas(recipe, source.spec), source))
    assert len(shown) == 5
    with Image.open(assets.path("photos", "camera.jpg")) as picture:
        rows = np.asarray(picture.convert("L")) / 255
    padded = np.pad(rows, ((0, 1), (0, 1)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))[::2, ::2]
    expected = np.einsum("hwij,ij->hw", seen, [[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    result = shown[-1].toggles["result"]
    assert np.allclose(result.filtered.values[..., 0], expected, atol=1e-5)
    path = tmp_path / "playground.mp4"
    made = export(recipe, by_id("mp4"), Replay(contents, None), path)
    with av.open(str(path)) as film:
        pictures = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    assert len(pictures) == made.frames == 5
    assert pictures[0].shape == (360, 640, 3)
    # It fills from above: the first picture has less of the result than the last.
    half = [p[60:, 330:].astype(float) for p in (pictures[0], pictures[-1])]
    assert np.abs(half[0] - half[1]).mean() > 2


def test_the_window_goes_down_row_by_row() -> None:
    places = [place_at(share, 254, 200) for share in np.linspace(0, 1, 400)]
    assert places[0] == (0, 0)
    assert places[-1] == (253, 199)
    assert places == sorted(places)
    assert len({row for row, _ in places}) <= 21
    assert place_at(1.0, 1, 1) == (0, 0)


def test_what_is_set_in_the_window_is_filmed() -> None:
    blurred = Settings().with_preset("gaussian", 5).with_value("colours", "colour")
    pooled = Settings().with_value("operation", "max").with_value("pool", 3)
    for settings in (
        blurred.with_value("stride", 2).with_value("padding", "number").with_value("amount", 3),
        blurred.with_value("divide", False).with_value("bias", -0.5).with_value("display", "size"),
        pooled,
        pooled.with_value("stride", 2).with_value("padding", "same"),
        pooled.with_value("stride", 1),
    ):
        assert settings_of(json.loads(json.dumps(asdict(settings)))) == settings


def test_what_makes_no_sense_is_told() -> None:
    assert settings_of({"kernel": [[1, 0, 0], [0, 0, 0], [0, 0, -1]], "turned": True}).turned
    for toggles, sentence in (
        ({"preset": "sobel"}, "sobel_x"),
        ({"kernel": 3}, "rows of numbers"),
        ({"kernel": [[1, 2]]}, "square"),
        ({"stride": 0}, "from 1 to 8"),
    ):
        with pytest.raises(ChainruleError, match=sentence):
            settings_of(toggles)
