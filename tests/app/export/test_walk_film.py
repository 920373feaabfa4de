"""Films of a convolution walk and of feature maps: they decode, and show the engine's numbers."""

from __future__ import annotations

from itertools import pairwise
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
from tests.app.export.test_film import decode


@pytest.fixture(scope="module")
def digits() -> io.Contents:
    template = templates.load("digits-cnn")
    project = io.Project(
        name="Digits", network=template.network, training=template.training, data=template.data
    )
    return io.Contents(project, trained.weights("digits-cnn"))


def test_the_window_slides_over_the_map(digits: io.Contents, tmp_path: Path) -> None:
    recipe = Recipe(
        scene="convolution-walk", width=640, height=360, fps=6, seconds=1.0, sample=4,
        toggles={"layer": "conv2d_2", "channel": 3, "plane": 2},
    )  # fmt: skip
    source = Replay(digits)
    canvas = Canvas(recipe, source.spec)
    frames = list(process_frames(recipe, canvas, source))
    walk = frames[0].toggles["walk"]
    assert (walk.layer, walk.channel, walk.parts.shape) == ("conv2d_2", 3, (14, 14, 8))
    x = source.ask("sample_search", data="", part="validation", start=4, by=1).found.x
    of = Explainer(digits.project.network, trained.weights("digits-cnn"))
    assert np.array_equal(
        walk.arrays["conv2d_2/a"], of.layer_outputs(np.asarray(x)[None])["conv2d_2"]
    )
    result = export(recipe, by_id("mp4"), Replay(digits), tmp_path / "film.mp4")
    decoded = decode(tmp_path / "film.mp4")
    assert result.frames == len(decoded) == len(frames) == 6
    for got, frame in zip(decoded, frames, strict=True):
        assert np.abs(got.astype(int) - canvas.pixels(frame)).mean() < 4
    # The map fills: every frame is another.
    for one, other in pairwise(decoded):
        assert np.abs(one.astype(int) - other).max() > 60


def test_feature_maps_are_those_of_the_sample(digits: io.Contents, tmp_path: Path) -> None:
    recipe = Recipe(
        scene="feature-maps", width=640, height=360, fps=4, seconds=0.5, last=2, sample=1
    )
    result = export(recipe, by_id("mp4"), Replay(digits), tmp_path / "maps.mp4")
    decoded = decode(tmp_path / "maps.mp4")
    assert result.frames == len(decoded) == 2
    assert decoded[0].max() > 150
    assert np.abs(decoded[0].astype(int) - decoded[1]).max() > 20


@pytest.mark.parametrize(
    ("layer", "sentence"), [("conv2d_9", "conv2d_1"), ("flatten_1", "Flatten")]
)
def test_what_cannot_be_walked_over_is_said(
    digits: io.Contents, tmp_path: Path, layer: str, sentence: str
) -> None:
    recipe = Recipe(scene="convolution-walk", toggles={"layer": layer})
    with pytest.raises((ExportUsageError, ChainruleError), match=sentence):
        export(recipe, by_id("png"), Replay(digits), tmp_path / "still.png")
    assert not list(tmp_path.iterdir())


def test_gates_of_recurrent_layers_are_not_taken_for_a_window() -> None:
    template = templates.load("lstm-remember")
    project = io.Project(
        name="LSTM", network=template.network, training=template.training, data=template.data
    )
    source = Replay(io.Contents(project, {}))
    kinds = {layer.kind: layer.id for layer in template.network.layers}
    shape = next(node.shape for node in source.spec.nodes if node.kind == "Input")
    x = np.zeros(shape, np.float32)
    with pytest.raises(ChainruleError, match="LSTM sums up inputs and its state"):
        source.ask("inside_walk", x=x, layer=kinds["LSTM"])
    assert source.ask("inside_walk", x=x, layer=kinds["Dense"]).stages
