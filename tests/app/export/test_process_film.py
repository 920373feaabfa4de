"""Films of an explanation at work: what each frame shows is the engine's, and the film opens again."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from app.engine.replay import Replay
from app.export.film import export
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas
from app.export.processes import process_frames
from app.export.recipe import Recipe
from app.scenes import attribution_path, occlusion, removal
from core import io, templates, trained
from core.errors import ChainruleError
from core.explain import gradients
from core.explain.curves import curve
from core.explain.explainer import Explainer
from core.explain.occluding import occlusion as occluded
from core.explain.progress import last
from core.explain.score import Score
from core.io import Contents


@pytest.fixture(scope="module", params=["digits-cnn", "emoji-cnn"])
def delivered(request: pytest.FixtureRequest) -> tuple[Contents, Explainer]:
    """A project with a network that is delivered trained, and what explains it without the window."""
    template = templates.load(request.param)
    weights = trained.weights(request.param)
    project = io.Project(
        name=template.title,
        network=template.network,
        training=template.training,
        data=template.data,
    )
    contents = Contents(project, weights)
    return contents, Explainer(template.network, weights)


def recipe_of(scene: str, **more: object) -> Recipe:
    fields = {"scene": scene, "width": 320, "height": 180, "fps": 10, "seconds": 1.0, "sample": 3}
    return Recipe(**(fields | more))  # type: ignore[arg-type]


def frames(recipe: Recipe, contents: Contents) -> tuple[Replay, list[object]]:
    source = Replay(contents, recipe.sample)
    return source, list(process_frames(recipe, Canvas(recipe, source.spec), source))


def test_the_path_adds_up_to_integrated_gradients(delivered: tuple[Contents, Explainer]) -> None:
    contents, of = delivered
    _, shown = frames(recipe_of("integrated-gradients", toggles={"class": 2}), contents)
    path, x = shown[-1].toggles["path"], shown[-1].toggles["x"]
    assert [f.toggles["share"] for f in shown] == pytest.approx(np.linspace(0, 1, 10))
    expected = last(gradients.integrated_gradients(of, x[None], Score(2)))
    end = attribution_path.moment(path, x, 1.0)
    whole = expected.attributions[0].sum(-1)
    assert np.allclose(end.total, whole, atol=1e-4 * np.abs(whole).max())
    assert path.gained[-1] == pytest.approx(whole.sum(), rel=1e-4)
    assert np.allclose(path.scores, expected.scores[:, 0], rtol=1e-5)
    # Half way: the image there, and its own gradient.
    half = attribution_path.moment(path, x, 0.5)
    assert np.allclose(half.shown, np.float32(half.alpha) * x)
    slope = gradients.saliency(of, half.shown[None], Score(2), abs=False)[0].sum(-1)
    assert np.allclose(half.gradient, slope, atol=1e-4 * np.abs(slope).max())


def test_the_window_passes_and_the_map_fills(delivered: tuple[Contents, Explainer]) -> None:
    contents, of = delivered
    settings = {"window": [4, 4], "strides": [4, 4], "baseline": 0.25}
    recipe = recipe_of("occlusion", toggles={"class": 1, "settings": settings})
    _, shown = frames(recipe, contents)
    found, x = shown[-1].toggles["occluded"], shown[-1].toggles["x"]
    expected = last(occluded(of, x[None], Score(1), window=4, strides=4, baseline=0.25))
    end = occlusion.moment(found, x.shape[:2], 1.0)
    assert np.allclose(end.total, expected.attributions[0, ..., 0], atol=1e-5)
    assert np.allclose(end.scores, expected.scores[:, 0], atol=1e-5)
    # Window by window, with the score the network itself gives for what it sees.
    for share in (0.0, 0.4):
        now = occlusion.moment(found, x.shape[:2], share)
        seen = occlusion.hidden(x, now.window, 0.25)
        assert now.scores[-1] == pytest.approx(of.numbers(seen[None], Score(1))[0], abs=1e-4)
        bottom = now.window[2]
        assert not now.total[bottom:].any()


def test_pixels_go_in_the_order_of_the_map_and_layers_forget(
    delivered: tuple[Contents, Explainer],
) -> None:
    contents, of = delivered
    _, shown = frames(
        recipe_of("deletion-insertion", toggles={"class": 2, "method": "saliency"}), contents
    )
    toggles = shown[-1].toggles
    found, x = toggles["removal"], toggles["x"]
    map_ = gradients.saliency(of, x[None], Score(2))[0]
    expected = last(curve(of, x, map_, Score(2, "probability")))
    assert np.allclose(found.deletion.scores, expected.scores, atol=1e-5)
    seen = removal.without(x, found.deletion, 0.5, "deletion", 0.0)
    k = int(np.abs(found.deletion.fractions - 0.5).argmin())
    followed = Score(2, "probability")
    assert of.numbers(seen[None], followed)[0] == pytest.approx(found.deletion.scores[k], abs=1e-5)
    _, shown = frames(recipe_of("sanity-check", toggles={"class": 2}), contents)
    maps = shown[-1].toggles["forgetting"].maps
    assert np.allclose(maps[0].attributions, map_, atol=1e-6)
    assert len(maps[-1].layers) == len(maps) - 1 > 2


@pytest.mark.parametrize(
    "scene", ["integrated-gradients", "occlusion", "deletion-insertion", "sanity-check"]
)
def test_a_film_decodes_and_its_pictures_differ(
    delivered: tuple[Contents, Explainer], scene: str, tmp_path: Path
) -> None:
    contents, _ = delivered
    target = tmp_path / "process.mp4"
    result = export(recipe_of(scene), by_id("mp4"), Replay(contents, 3), target)
    assert (result.frames, result.first, result.last) == (10, 0, 0)
    with av.open(str(target)) as film:
        pictures = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    assert len(pictures) == 10
    assert np.abs(pictures[0].astype(int) - pictures[-1]).max() > 40
    still = tmp_path / "process.svg"
    export(recipe_of(scene), by_id("svg"), Replay(contents, 3), still)
    assert "<text" in still.read_text("utf-8")


def test_a_drawn_input_is_filmed_and_one_of_another_size_refused(
    delivered: tuple[Contents, Explainer], tmp_path: Path
) -> None:
    contents, of = delivered
    count = int(np.prod(of.input_shape))
    values = np.linspace(0, 1, count).tolist()
    _, shown = frames(recipe_of("integrated-gradients", toggles={"x": values}), contents)
    assert np.allclose(shown[0].toggles["x"].reshape(-1), values)
    with pytest.raises(ExportUsageError, match=f"takes {count} numbers"):
        frames(recipe_of("occlusion", toggles={"x": [0.5]}), contents)


@pytest.mark.parametrize(
    "scene",
    ["occlusion", "integrated-gradients", "attribution", "deletion-insertion", "sanity-check"],
)
def test_a_network_that_reads_no_image_is_refused(scene: str, xor: Contents) -> None:
    with pytest.raises(ChainruleError, match="networks that look at images"):
        frames(recipe_of(scene, sample=0), xor)
