"""Look inside in a real window: what is shown are the engine's numbers, for the digits and for a colour network."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.inside.methods import METHODS, starting
from app.inside.panels import PLACES, InsidePanel, panels
from app.inside.panels.attribution import AttributionPanel
from app.inside.panels.walk import WalkStage
from app.inside.panels.wall import Wall
from app.scenes.attribution import pixels_of
from core.explain import gradients
from core.explain.class_maps import grad_cam, last_convolution, upsampled
from core.explain.occluding import occlusion
from core.explain.progress import last
from core.explain.score import Score
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action

BOTH = pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)


def test_the_wall_shows_what_every_layer_makes_of_the_input(inside: Inside) -> None:
    look, expected = inside.session.look, inside.explainer.layer_outputs(inside.x)
    assert set(look.layers) == set(expected)
    for name, values in expected.items():
        assert np.array_equal(look.layers[name], values[0]), name
    assert np.array_equal(look.scores, inside.explainer.outputs(inside.x)[0])
    assert look.probabilities.sum() == pytest.approx(1)
    # It was trained: it knows the digit.
    assert inside.session.predicted == inside.session.input.label


def test_a_click_on_a_map_looks_at_it_and_the_window_walks_over_it(inside: Inside) -> None:
    wall = inside.window.findChild(Wall, "inside-wall")
    hit = wall.place.hits.get("map:conv2d_2:5")
    x, y, w, h = hit.rect
    QTest.mouseClick(wall, Qt.MouseButton.LeftButton, pos=QPoint(int(x + w / 2), int(y + h / 2)))
    session = inside.session
    assert (session.layer, session.channel) == ("conv2d_2", 5)
    stage = inside.window.findChild(WalkStage, "inside-walk")
    inside.until(lambda: stage.walk is not None and stage.walk.layer == "conv2d_2")
    subject = stage.subject
    row, column = session.place
    assert subject.cell == (row, column, 5)
    # The number under the window is the map's before its activation.
    z = stage.walk.arrays["conv2d_2/z"][0, row, column, 5]
    assert max(z, 0) == pytest.approx(session.look.layers["conv2d_2"][row, column, 5], rel=1e-6)
    stage.setFocus()
    QTest.keyClick(stage, Qt.Key.Key_Right)
    QTest.keyClick(stage, Qt.Key.Key_Down)
    assert session.place == (min(row + 1, 13), min(column + 1, 13))
    QTest.keyClick(stage, Qt.Key.Key_BracketRight)
    assert session.channel == 6
    assert stage.grab().toImage().width() == stage.width() * stage.devicePixelRatioF()


def expected_maps(inside: Inside, name: str) -> np.ndarray:
    """What a method says by the engine alone."""
    of, x, score = inside.explainer, inside.x, Score(inside.session.class_index)
    settings = starting(name, inside.session.input_shape)
    if name == "grad_cam":
        return upsampled(grad_cam(of, x, score, last_convolution(of)), of, "bilinear")[0]
    if name == "smooth_grad":
        return last(gradients.smooth_grad(of, x, score, **settings))[0]
    if name == "integrated_gradients":
        return last(gradients.integrated_gradients(of, x, score, **settings)).attributions[0]
    if name == "occlusion":
        return last(occlusion(of, x, score, **settings)).attributions[0]
    return getattr(gradients, name)(of, x, score)[0]


@BOTH
def test_every_method_is_computed_for_the_class_and_follows_it(inside: Inside) -> None:
    panel = inside.window.findChild(AttributionPanel)

    def complete(chosen: int) -> bool:
        found = panel.attributing.found
        return set(found) == set(METHODS) and all(
            a.whole and a.score.class_index == chosen for a in found.values()
        )

    inside.do("inside.show", name="methods", value=list(METHODS))
    chosen = inside.session.class_index
    assert chosen == inside.session.predicted
    inside.until(lambda: complete(chosen))
    for name in METHODS:
        expected = expected_maps(inside, name)
        assert np.allclose(panel.attributing.found[name].values, expected, atol=1e-6), name
        assert np.allclose(panel.tiles[name].values, pixels_of(expected, name), atol=1e-5)
    other = (chosen + 1) % len(inside.session.classes)
    inside.do("inside.class", class_index=other)
    inside.until(lambda: complete(other))
    assert np.allclose(
        panel.attributing.found["saliency"].values, expected_maps(inside, "saliency"), atol=1e-6
    )
    path = panel.attributing.found["integrated_gradients"].detail
    assert panel.attributing.found["integrated_gradients"].values.sum() == pytest.approx(
        path.score[0] - path.baseline_score[0], rel=0.1, abs=0.1
    )


def test_another_sample_and_training_are_followed(inside: Inside) -> None:
    before = inside.session.look
    inside.sample(7)
    assert inside.session.input.sample == ("", "validation", 7)
    assert not np.array_equal(inside.session.look.scores, before.scores)
    standing = inside.session.look
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: inside.session.look.position != standing.position)
    assert not np.array_equal(inside.session.look.layers["conv2d_1"], standing.layers["conv2d_1"])
    back = action(inside.window, "transport-step-back")
    inside.until(back.isEnabled)
    back.trigger()
    inside.until(lambda: inside.session.look.position == standing.position)
    assert np.array_equal(inside.session.look.scores, standing.scores)


def test_numbers_of_ones_own_are_looked_at(inside: Inside) -> None:
    inside.do("inside.input", values=[0.5] * 784)
    inside.until(lambda: inside.session.input.source == "drawn")
    inside.looked()
    expected = inside.explainer.outputs(np.full((1, 28, 28, 1), 0.5, np.float32))[0]
    inside.until(lambda: np.array_equal(inside.session.look.scores, expected))


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("inside.input", {"values": [1.0, 2.0]}, "784 numbers"),
        ("inside.select", {"layer": "conv2d_9"}, "conv2d_1"),
        ("inside.select", {"layer": "conv2d_1", "channel": 8}, "8 channels"),
        ("inside.select", {"layer": "conv2d_1", "row": 28, "column": 0}, "28 rows"),
        ("inside.class", {"class_index": 10}, "10 classes"),
        ("inside.show", {"name": "colour", "value": 1}, "colour"),
        ("inside.view", {"value": "cellar"}, "maps"),
    ],
)
def test_what_is_not_there_is_refused(
    inside: Inside, command: str, arguments: dict[str, object], sentence: str
) -> None:
    before = (inside.session.layer, inside.session.channel, inside.session.class_index)
    with pytest.raises(CommandError, match=sentence):
        inside.do(command, **arguments)
    assert (inside.session.layer, inside.session.channel, inside.session.class_index) == before


def test_every_panel_is_shown_and_has_a_name(inside: Inside) -> None:
    for place in PLACES:
        for panel in panels(place):
            inside.do("inside.view", value=panel.id)
            widget = inside.view.spots[place].shown[panel.id]
            assert widget.isVisible()
            assert widget.grab().width() > 0
            for child in widget.findChildren(QWidget):
                if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible():
                    assert child.accessibleName() or child.toolTip(), child.objectName()


def test_the_colour_scale_is_chosen_by_a_click(inside: Inside) -> None:
    button = inside.window.findChild(QWidget, "inside-scale-unit")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert inside.session.toggles["scale"] == "unit"


def test_a_panel_that_needs_more_room_has_that_of_other_places_while_it_is_shown(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = inside.view
    spot = view.spots["rows"]
    wide = InsidePanel(
        "wide", "rows", "Wide", "needs room", 99, lambda _: QWidget(), ("below", "right")
    )
    monkeypatch.setattr(spot, "choices", (*spot.choices, wide))
    inside.do("inside.view", value="wide")
    assert spot.shown["wide"].isVisible()
    assert not view.spots["below"].isVisible()
    assert not view.spots["right"].isVisible()
    assert view.spots["input"].isVisible()
    view.set_compact(2)
    view.set_compact(0)
    assert not view.spots["right"].isVisible()
    # Asking for what stood there gives the room back.
    inside.do("inside.view", value="attribution")
    assert spot.value == "maps"
    assert all(one.isVisible() for one in view.spots.values())
    inside.do("inside.view", value="wide")
    inside.do("inside.view", value="maps")
    assert all(one.isVisible() for one in view.spots.values())


def test_what_cannot_be_shown_is_refused_with_a_sentence(inside: Inside) -> None:
    before, given = inside.session.toggles, inside.session.input
    for command, arguments, sentence in (
        ("show", {"name": "opacity", "value": float("nan")}, "from 0 to 1"),
        ("show", {"name": "opacity", "value": -1e308}, "from 0 to 1"),
        ("show", {"name": "filters_scale", "value": "x"}, "unit, layer, network"),
        ("show", {"name": "filters_layers", "value": "x"}, "all, chosen"),
        ("show", {"name": "top_samples", "value": "x"}, "samples, patches"),
        ("show", {"name": "numbers", "value": "x"}, "unit, byte"),
        ("show", {"name": "channel", "value": "input:red"}, "input:gray"),
        ("show", {"name": "methods", "value": [[1]]}, "no method"),
        ("photo", {"path": "x" * 5000}, "too long"),
        ("sample", {"index": 0, "data": "nope"}, "no data set 'nope'"),
        ("sample", {"index": 0, "part": "x"}, "train, validation"),
        ("sample", {"index": -1}, "numbered from 0"),
    ):
        with pytest.raises(CommandError, match=sentence):
            inside.do(f"inside.{command}", **arguments)
    assert inside.session.toggles == before
    assert inside.session.input is given
