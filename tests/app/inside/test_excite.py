"""Top samples, activation maximization, mistakes and neighbours in a real window: they are the engine's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.export.dialog import open_dialog
from app.inside.gallery import Gallery
from core import data as data_sets
from core.explain.fields import field_of
from core.explain.maximization import activation_maximization, channel_explainer
from core.explain.progress import last
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action

BOTH = pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)


def shown(inside: Inside, name: str) -> Any:
    """A panel, when its answer is complete."""
    inside.do("inside.view", value=name)
    panel = inside.view.spots["rows"].shown[name]
    found = panel.job
    inside.until(lambda: found.found is not None and not found.goes_on)
    return panel


def samples_of(inside: Inside) -> tuple[np.ndarray, np.ndarray]:
    """All samples that are held out, as the network sees them, and their classes."""
    answers: list[Any] = []
    engine = inside.window.context.engine
    engine.ask("sample_sets", done=answers.append)
    inside.until(lambda: answers)
    total = dict(answers[0][0].parts)["validation"]
    samples = held_out(inside)
    assert len(samples[0]) == total
    return samples


def held_out(inside: Inside) -> tuple[np.ndarray, np.ndarray]:
    session = inside.window.context.engine._worker._session
    held = session.run.validation
    table = held.inputs[0]
    x = table.array.astype(np.float32) * np.float32(table.scale)
    return x.reshape(len(x), *inside.session.input_shape), held.targets[0].array.reshape(-1)


def click(gallery: Gallery, cell: int) -> None:
    rect = gallery.rect_of(cell)
    at = QPoint(round(rect.center().x()), round(rect.center().y()))
    QTest.mouseClick(gallery, Qt.MouseButton.LeftButton, pos=at)


def press(inside: Inside, name: str) -> None:
    button = inside.window.findChild(QWidget, name)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@BOTH
def test_top_samples_are_those_with_the_largest_numbers(inside: Inside) -> None:
    inside.do("inside.select", layer="conv2d_2", channel=1)
    panel = shown(inside, "top-samples")
    found, of = panel.job.found, inside.explainer
    x, _ = samples_of(inside)
    maps = of.layer_outputs(x, ("conv2d_2",))["conv2d_2"]
    for channel in (0, 1, 5):
        best = maps[..., channel].max((1, 2))
        order = np.argsort(-best, kind="stable")[:9]
        assert np.allclose(found.found.activations[channel], best[order])
        assert np.allclose(best[found.found.samples[channel]], best[order])
    # The patch is what the strongest number sees, and nothing outside of it matters to that number.
    sample, place = found.found.samples[1, 0], found.found.places[1, 0]
    top, left, bottom, right = found.found.patches[1, 0]
    field = field_of(of.network, of.shapes, "conv2d_2")
    assert (top, left, bottom, right) == field.seen(*place)
    changed = 1 - x[sample]
    changed[top:bottom, left:right] = x[sample][top:bottom, left:right]
    after = of.layer_outputs(changed[None], ("conv2d_2",))["conv2d_2"][0, place[0], place[1], 1]
    assert after == pytest.approx(found.found.activations[1, 0], rel=1e-5)
    # Beside them stands the image that excites most.
    inside.until(lambda: 1 in panel.excited)
    piece, settings = (
        channel_explainer(of, "conv2d_2"),
        {"steps": 60, "total_variation": 0.02, "l2": 0.002},
    )
    expected = last(activation_maximization(piece, 1, **settings))
    assert np.allclose(panel.excited[1], expected.image, atol=1e-5)
    assert panel.answers[1] == pytest.approx(expected.activations[-1], rel=1e-4)
    # A click looks at it, where it excites.
    click(panel.gallery, panel.gallery.columns)
    inside.until(lambda: inside.session.input.sample == ("", "validation", int(sample)))
    inside.looked()
    session = inside.session
    assert (session.layer, session.channel, session.place) == ("conv2d_2", 1, tuple(place))
    inside.until(
        lambda: (
            session.map_of("conv2d_2", 1)[session.place]
            == pytest.approx(found.found.activations[1, 0])
        )
    )
    inside.until(lambda: panel.gallery.pictures.image(int(sample)) is not None)
    assert np.array_equal(panel.gallery.pictures._arrays[int(sample)], x[sample])
    QTest.keyClick(panel.gallery, Qt.Key.Key_BracketRight)
    assert (session.channel, panel.gallery.current) == (2, 2 * panel.gallery.columns)
    press(inside, "inside-top-shown-patches")
    assert panel.gallery.crop(9) is not None
    assert not panel.gallery.grab().isNull()
    rect = panel.gallery.rect_of(2 * panel.gallery.columns)
    at = QPoint(panel.gallery._image + 10, round(rect.center().y()))
    inside.until(lambda: panel.gallery.line_at(at.x(), at.y()) == (2, True))
    QTest.mouseClick(panel.gallery, Qt.MouseButton.LeftButton, pos=at)
    other = inside.view.spots["rows"].shown["maximization"]
    inside.until(lambda: other.job.found is not None and other.job.found.channel == 2)


@BOTH
def test_mistakes_are_all_there_and_the_surest_first(inside: Inside) -> None:
    panel = shown(inside, "mistakes")
    found = panel.job.found
    x, labels = samples_of(inside)
    said = inside.explainer.outputs(x, "probability")
    wrong = np.flatnonzero(said.argmax(1) != labels)
    assert sorted(found.samples.tolist()) == wrong.tolist()
    assert len(wrong) > 3
    assert np.allclose(found.confidence, said[found.samples].max(1), atol=1e-6)
    assert (np.diff(found.confidence) <= 0).all()
    assert np.array_equal(found.labels, labels[found.samples])
    assert np.allclose(found.of_label, said[found.samples, found.labels], atol=1e-6)
    first = int(found.samples[0])
    QTest.keyClick(panel.gallery, Qt.Key.Key_Right)
    assert panel.gallery.current == 1
    click(panel.gallery, 0)
    inside.until(lambda: inside.session.input.sample == ("", "validation", first))
    inside.looked()
    inside.until(lambda: inside.session.predicted == found.predicted[0])
    label = int(found.labels[0])
    inside.do("inside.mistakes", label=label)
    assert panel.gallery.count() == (labels[wrong] == label).sum()
    assert str(panel.gallery.count()) in panel.status.text
    inside.do("inside.mistakes", label=label, predicted=label)
    assert panel.gallery.count() == 0
    assert "that kind" in panel.gallery.empty()
    inside.do("inside.mistakes")
    assert panel.gallery.count() == len(wrong)


@BOTH
def test_neighbours_are_near_in_the_chosen_layer(inside: Inside) -> None:
    panel = shown(inside, "neighbours")
    of, (x, labels) = inside.explainer, samples_of(inside)

    def expected(layer: str) -> tuple[np.ndarray, np.ndarray]:
        every = of.layer_outputs(x, (layer,))[layer].reshape(len(x), -1)
        own = of.layer_outputs(inside.x, (layer,))[layer].reshape(-1)
        far = np.sqrt(((every - own) ** 2).sum(1))
        far[inside.session.input.sample[2]] = np.inf
        order = np.argsort(far, kind="stable")[:24]
        return order, far[order]

    first = panel.layer
    for layer in (first, next(iter(inside.session.look.layers))):
        inside.do("inside.neighbours", layer=layer)
        inside.until(
            lambda layer=layer: panel.job.found.layer == layer and panel.job.found.scan.whole
        )
        order, far = expected(layer)
        found = panel.job.found
        assert np.allclose(found.distances, far, rtol=1e-5)
        assert np.array_equal(found.labels, labels[found.samples])
        assert len(set(found.samples.tolist()) & set(order.tolist())) >= 23
    # Another input has other neighbours; a click on one makes it the input.
    wanted = int(panel.job.found.samples[0])
    click(panel.gallery, 0)
    inside.until(lambda: inside.session.input.sample == ("", "validation", wanted))
    inside.looked()
    inside.until(lambda: not panel.job.goes_on and wanted not in panel.job.found.samples)


@BOTH
def test_an_image_is_found_that_excites_a_channel(inside: Inside) -> None:
    inside.do("inside.select", layer="conv2d_2", channel=1)
    panel = shown(inside, "maximization")
    assert (panel.job.found.layer, panel.job.found.channel) == (
        inside.session.layers()[-1], inside.session.class_index,
    )  # fmt: skip
    press(inside, "inside-maximization-on")
    assert inside.session.class_index == (panel.job.found.channel + 1) % len(inside.session.classes)
    inside.do("inside.maximize", of="channel")
    inside.do("inside.maximize", steps=20, seed=3, jitter=2)
    inside.until(
        lambda: not panel.job.goes_on and panel.job.found.whole and panel.job.found.steps == 20
    )
    found = panel.job.found
    assert (found.layer, found.channel) == ("conv2d_2", 1)
    piece = channel_explainer(inside.explainer, "conv2d_2")
    steps = list(activation_maximization(piece, 1, steps=20, seed=3, jitter=2))
    assert np.allclose(found.image, steps[-1].result.image, atol=1e-5)
    assert np.allclose(found.activations, steps[-1].result.activations, atol=1e-5)
    assert found.activations[-1] > found.activations[0]
    # Scrubbing shows the image of each step.
    inside.do("inside.frame", step=7)
    assert np.abs(panel.stage.image / 255 - steps[6].result.image).max() <= 0.51 / 255
    QTest.keyClick(panel.stage, Qt.Key.Key_Right)
    assert panel.stage.step == 8
    press(inside, "inside-maximization-play")
    inside.until(lambda: panel.stage.step > 10)
    QTest.keyClick(panel.stage, Qt.Key.Key_End)
    assert not panel._playing
    press(inside, "inside-maximization-use")
    inside.looked()
    expected = piece.outputs(found.image[None])[0, 1]
    inside.until(
        lambda: inside.session.map_of("conv2d_2", 1).mean() == pytest.approx(expected, rel=1e-4)
    )


def test_the_film_is_of_what_is_shown(inside: Inside) -> None:
    panel = shown(inside, "maximization")
    inside.do("inside.maximize", steps=15, seed=5)
    inside.until(lambda: not panel.job.goes_on and panel.job.found.steps == 15)
    dialog = open_dialog(inside.window)
    recipe = dialog.recipe()
    dialog.job.close()
    dialog.previewer.close()
    assert recipe.scene == "activation-maximization"
    chosen = {name: recipe.toggles[name] for name in ("layer", "channel", "steps", "seed")}
    assert chosen == {
        "layer": panel.job.found.layer, "channel": panel.job.found.channel, "steps": 15, "seed": 5,
    }  # fmt: skip


def test_an_answer_says_that_the_network_has_moved_on(inside: Inside) -> None:
    panel = shown(inside, "mistakes")
    before = panel.job.found
    assert not panel.outdated
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: panel.outdated)
    inside.until(lambda: "the network is at 1" in panel.status.text)
    assert panel.job.found is before
    press(inside, "inside-mistakes-again")
    inside.until(lambda: panel.job.found is not before and not panel.job.goes_on)
    assert not panel.outdated
    assert panel.job.found.scan.position.step == 1
    inside.do("inside.scan", part="train")
    inside.until(lambda: panel.job.goes_on)
    press(inside, "inside-mistakes-again")  # Stop
    assert not panel.job.goes_on


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("inside.scan", {"data": "moon"}, "moon"),
        ("inside.scan", {"part": "test"}, "validation"),
        ("inside.mistakes", {"label": 10}, "10 classes"),
        ("inside.neighbours", {"layer": "conv2d_9"}, "conv2d_1"),
        ("inside.maximize", {"learning_rate": -1.0}, "Learning rate"),
        ("inside.maximize", {"steps": 0}, "Steps"),
        ("inside.frame", {"step": 10_000}, "10000"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    inside: Inside, command: str, arguments: dict[str, Any], sentence: str
) -> None:
    for name in ("mistakes", "neighbours", "maximization"):
        inside.do("inside.view", value=name)
    panel = inside.view.spots["rows"].shown["maximization"]
    settings = dict(panel.settings)
    with pytest.raises(CommandError, match=sentence):
        inside.do(command, **arguments)
    assert panel.settings == settings
    assert (panel.scans.data, panel.scans.part) == ("", "validation")
    assert data_sets.infos()
