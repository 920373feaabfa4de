"""Films of Look inside by the export dialog: what is looked at there is what is filmed, and the film decodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.cli import main
from app.engine.replay import Replay
from app.export.dialog import ExportDialog, open_dialog
from app.export.film import export, frames
from app.export.formats import ExportUsageError, by_id
from app.export.painting import Canvas
from app.export.plan import plan
from app.export.processes import count_of, given
from app.export.recipe import Recipe
from app.scenes import registry
from app.widgets import Choice
from core import io, templates, trained
from core.explain.explainer import Explainer
from core.io.project import read, write
from tests.app.export.test_film import decode
from tests.app.inside.conftest import Inside

FILMS = {
    "feature-maps", "filters", "convolution-walk", "integrated-gradients", "occlusion",
    "activation-maximization", "convolution-playground", "deletion-insertion", "sanity-check",
}  # fmt: skip


@pytest.fixture
def dialog(inside: Inside) -> Iterator[ExportDialog]:
    inside.do("inside.select", layer="conv2d_2", channel=5)
    inside.do("inside.class", class_index=4)
    inside.sample(7)
    found = open_dialog(inside.window)
    yield found
    found.job.close()
    found.previewer.close()


@pytest.fixture(scope="module")
def trained_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the digits network as it is delivered."""
    template = templates.load("digits-cnn")
    project = io.Project(
        name="Digits", network=template.network, training=template.training, data=template.data
    )
    path = tmp_path_factory.mktemp("films") / "digits.chainrule"
    write(path, io.Contents(project, trained.weights("digits-cnn")))
    return path


def choose(dialog: ExportDialog, scene: str) -> None:
    """Choose what is filmed with the keys."""
    choice = dialog.findChild(Choice, "export-scene")
    choice.setFocus()
    while choice.value != scene:
        before = choice.currentIndex()
        forwards = choice.findData(scene) > before
        QTest.keyClick(choice, Qt.Key.Key_Down if forwards else Qt.Key.Key_Up)
        assert choice.currentIndex() != before


def test_the_dialog_offers_every_film_and_takes_over_what_is_looked_at(
    inside: Inside, dialog: ExportDialog
) -> None:
    assert {name for name, _ in registry.filmed()} >= FILMS
    recipe = dialog.recipe()
    assert (recipe.scene, recipe.sample) == ("feature-maps", 7)
    assert recipe.toggles["scale"] == "layer"
    channel = dialog.findChild(QWidget, "export-channel")
    for scene in sorted(FILMS):
        choose(dialog, scene)
        recipe = dialog.recipe()
        assert recipe.scene == scene
        one = registry.scene(scene)
        assert channel.isVisible() is bool(getattr(one, "film_channels", False))
        if scene in ("convolution-walk", "activation-maximization"):
            assert (recipe.toggles["layer"], recipe.toggles["channel"]) == ("conv2d_2", 5)
        if scene in ("integrated-gradients", "occlusion"):
            assert recipe.toggles["class"] == 4
        if getattr(one, "films", "steps") == "process":
            # At the step where the run stands: nothing is trained for it.
            assert (recipe.first, recipe.last) == (0, 0)
            assert dialog._frames(recipe) == count_of(recipe, one)
    choose(dialog, "closeup")
    assert "class" not in dialog.recipe().toggles
    choose(dialog, "training")
    assert "class" not in dialog.recipe().toggles


def test_a_drawn_input_is_filmed_with_its_numbers(
    inside: Inside, trained_digits: Path, tmp_path: Path
) -> None:
    x = np.zeros(784)
    x[300:320] = 1
    inside.do("inside.input", values=x.tolist())
    inside.until(lambda: inside.session.input.source == "drawn")
    dialog = open_dialog(inside.window)
    choose(dialog, "occlusion")
    dialog.form.set_values({"size": "640x360", "rate": "15", "seconds": 1})
    recipe = dialog.recipe()
    dialog.previewer.close()
    assert np.array_equal(recipe.toggles["x"], x.astype(np.float32))
    # What the dialog's child process does with the recipe.
    export(recipe, by_id("mp4"), Replay(read(trained_digits)), tmp_path / "film.mp4")
    decoded = decode(tmp_path / "film.mp4")
    assert len(decoded) == 15
    assert (np.abs(decoded[0].astype(int) - decoded[-1]).max(-1) > 30).sum() > 100


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scene", "occlusion", "--class", "ten"], "there is no class 'ten'"),
        (["--scene", "convolution-walk", "--channel", "0"], "counts from 1"),
        (["--scene", "convolution-walk", "--layer", "conv2d_9"], "conv2d_9"),
        (
            ["--scene", "activation-maximization", "--layer", "conv2d_1", "--channel", "99"],
            "8 channels: the first is 1, the last 8; there is no channel 99",
        ),
        (
            ["--scene", "convolution-walk", "--layer", "conv2d_1", "--channel", "99"],
            "8 channels: the first is 1, the last 8; there is no channel 99",
        ),
    ],
)
def test_the_command_line_says_what_is_not_there(
    arguments: list[str], sentence: str, trained_digits: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = trained_digits.with_suffix(".png")
    assert main(["export", str(trained_digits), "-o", str(out), *arguments]) != 0
    assert sentence in capfd.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("scene", sorted(FILMS))
def test_the_command_line_reaches_every_film(
    scene: str, trained_digits: Path, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    asked = ["--size", "320x180", "--fps", "5", "--seconds", "0.6", "--to", "0", "--class", "3"]
    assert main(["export", str(trained_digits), "-o", str(out), "--scene", scene, *asked]) == 0
    decoded = decode(out)
    assert len(decoded) == 3
    assert decoded[-1].std() > 3


def test_maps_of_a_drawn_input_are_filmed_while_the_network_trains(trained_digits: Path) -> None:
    x = np.random.default_rng(2).uniform(size=784).astype(np.float32)
    recipe = Recipe(
        scene="feature-maps", width=320, height=180, fps=4, seconds=1.0, last=2, toggles={"x": x.tolist()}
    )  # fmt: skip
    source = Replay(read(trained_digits))
    source.give(given(recipe, source.spec))
    canvas = Canvas(recipe, source.spec)
    first, *_, last = frames(recipe, canvas, source, plan(recipe, 0, 0, 157))
    of = Explainer(templates.load("digits-cnn").network, trained.weights("digits-cnn"))
    expected = of.layer_outputs(x.reshape(1, 28, 28, 1))["conv2d_2"][0]
    shown = first.present.snapshot.values["sample:conv2d_2/output"]
    assert np.allclose(shown, expected, rtol=1e-5, atol=1e-6)
    then = last.present.snapshot
    assert then.position.step == 2
    assert not np.array_equal(then.values["sample:conv2d_2/output"], shown)
    with pytest.raises(ExportUsageError, match="784"):
        given(Recipe(toggles={"x": [1.0]}), source.spec)
