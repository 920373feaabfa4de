"""Attribution in Look inside: every number is the engine's, whatever is chosen, trained or hidden meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from app.bus import CommandError
from app.engine.questions import answering
from app.engine.session import Session
from app.engine.state import Work
from app.inside.attributing import Attributing
from app.inside.method_settings import MethodSettings
from app.inside.panels.attribution import AttributionPanel
from app.inside.panels.explanation import ExplanationPanel
from app.scenes import draw
from app.scenes.formula_expressions import format_number
from app.scenes.occlusion import hidden, moment
from app.widgets import NumberField
from core import templates
from core.explain import gradients
from core.explain.explainer import Explainer
from core.explain.occluding import occlusion
from core.explain.progress import last
from core.explain.score import Score
from tests.app.inside.conftest import Inside
from tests.app.window.windows import action


def test_a_map_made_in_pieces_is_of_one_network_though_training_goes_on() -> None:
    template = templates.load("digits-cnn")
    session = Session(
        Work(template.network, template.training, template.data.id, template.data.parameters)
    )
    x = np.random.default_rng(0).uniform(0, 1, session.run.program.tape.inputs["input_1"].shape)
    of = Explainer(template.network, session.run.program.weights())
    pieces = answering("inside_attribution")(
        session, x=x, method="occlusion", class_index=3, settings={"window": 5}
    )
    found = None
    while found is None:
        try:
            next(pieces)
        except StopIteration as end:
            found = end.value
        session.advance(1)
        # What is asked between is of the network as it is now.
        look = answering("inside_look")(session, x=x)
    row = x[None].astype(np.float32)
    expected = last(occlusion(of, row, Score(3), window=5)).attributions[0]
    assert np.allclose(found.values, expected, atol=1e-6)
    assert found.position.step == 0
    now = Explainer(template.network, session.run.program.weights())
    assert np.array_equal(look.scores, now.outputs(row)[0])
    assert not np.allclose(look.scores, of.outputs(row)[0])


def panel_of(inside: Inside) -> AttributionPanel:
    found = inside.window.findChild(AttributionPanel)
    assert found is not None
    return found


def settled(inside: Inside) -> Attributing:
    """Wait until every map that is shown is of what is shown."""
    work = Attributing.of(inside.session)
    inside.until(lambda: not work.asking and all(work.fresh(name) for name in work.methods))
    return work


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())


def test_settings_are_set_by_hand_and_computed_with(inside: Inside) -> None:
    settled(inside)
    window = inside.window
    click(window.findChild(QWidget, "inside-methods-button"))
    click(window.findChild(QWidget, "inside-method-saliency"))
    click(window.findChild(QWidget, "inside-method-guided_backprop"))
    popover = window.findChild(MethodSettings)
    assert popover.isVisible()
    popover.which.set_value("occlusion")
    popover.which.chosen.emit("occlusion")
    field = window.findChild(NumberField, "inside-occlusion-window")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "9")
    QTest.keyClick(field, Qt.Key.Key_Return)
    work = settled(inside)
    assert "saliency" not in work.methods
    assert work.settings("occlusion") == {"window": 9, "strides": 1, "baseline": 0.0}
    score = Score(inside.session.class_index)
    expected = last(occlusion(inside.explainer, inside.x, score, window=9)).attributions[0]
    assert np.allclose(work.found["occlusion"].values, expected, atol=1e-5)
    guided = gradients.guided_backprop(inside.explainer, inside.x, score)[0]
    assert np.allclose(work.found["guided_backprop"].values, guided, atol=1e-6)
    panel = panel_of(inside)
    assert panel.tiles["guided_backprop"].isVisible()
    assert not panel.tiles["saliency"].isVisible()
    # What is refused changes nothing, and the field shows what holds.
    field.selectAll()
    QTest.keyClicks(field, "99")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 9
    click(window.findChild(QWidget, "inside-settings-captum"))
    assert settled(inside).settings("occlusion")["window"] == 3


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("method_settings", {"occlusion": {"window": 40}}, "larger than the image of 28×28"),
        ("method_settings", {"occlusion": {"strides": 7}}, "larger than the window"),
        ("method_settings", {"smooth_grad": {"stdevs": float("nan")}}, "stdevs is a number"),
        ("method_settings", {"saliency": {"nt_samples": 3}}, "no setting"),
        ("method_settings", {"lime": {}}, "integrated_gradients"),
        ("methods", ["lime"], "saliency"),
        ("methods", [], "at least one"),
        ("against", 10, "10 classes"),
        ("attribution_scale", "huge", "own, same"),
        ("explained_share", 1.5, "from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    inside: Inside, name: str, value: object, sentence: str
) -> None:
    inside.do("inside.view", value="explanation")
    before = dict(inside.session.toggles)
    with pytest.raises(CommandError, match=sentence):
        inside.do("inside.show", name=name, value=value)
    assert inside.session.toggles == before


def test_why_not_another_class(inside: Inside) -> None:
    settled(inside)
    panel = panel_of(inside)
    chosen = inside.session.class_index
    other = (chosen + 5) % 10
    panel.against.setCurrentIndex(panel.against.findData(str(other)))
    panel.against.chosen.emit(str(other))
    work = settled(inside)
    score = Score(chosen, against=other)
    expected = gradients.saliency(inside.explainer, inside.x, score)[0]
    assert np.allclose(work.found["saliency"].values, expected, atol=1e-6)
    numbers = inside.session.look.scores
    assert panel.score.text() == "logit " + draw.signed(float(numbers[chosen] - numbers[other]), 2)
    path = work.found["integrated_gradients"].detail
    assert panel.check.gained == pytest.approx(float(path.score[0] - path.baseline_score[0]))
    assert panel.check.total == pytest.approx(
        work.found["integrated_gradients"].values.sum(), abs=1e-3
    )
    assert panel.check.holds


def test_the_same_scale_gives_maps_of_a_ramp_one_last_colour(inside: Inside) -> None:
    work, panel = settled(inside), panel_of(inside)
    own = panel.tops()
    inside.do("inside.show", name="attribution_scale", value="same")
    same = panel.tops()
    for ramp in (True, False):
        names = [n for n in own if work.signed(n) == ramp]
        assert {same[n] for n in names} == {max(own[n] for n in names)}
    assert len(set(own.values())) > len(set(same.values()))


@pytest.mark.parametrize("inside", ["digits-cnn", "emoji-cnn"], indirect=True)
def test_a_click_enlarges_and_the_path_is_walked(inside: Inside) -> None:
    work, panel = settled(inside), panel_of(inside)
    panel.tiles["integrated_gradients"].click()
    large = inside.window.findChild(ExplanationPanel)
    assert large.isVisible()
    inside.until(lambda: large.path is not None)
    assert large.path.path.gained[-1] == pytest.approx(
        float(work.found["integrated_gradients"].values.sum()), rel=1e-3, abs=1e-3
    )
    stage = large.stage
    stage.setFocus()
    QTest.keyClick(stage, Qt.Key.Key_Home)
    assert large.share == 0
    first = stage.grab().toImage()
    QTest.keyClick(stage, Qt.Key.Key_Right)
    assert large.share == pytest.approx(1 / 49)
    QTest.keyClick(stage, Qt.Key.Key_End)
    assert large.share == 1
    assert stage.grab().toImage() != first
    saved = stage.numbers()
    assert np.allclose(saved["sum_so_far"], large.path.path.total)
    assert len(saved["scores"]) == len(saved["alphas"]) == 50
    # The number under the mouse is the map's.
    box = stage.place.pictures[2].fit(*inside.session.input_shape[:2])
    rows, columns = inside.session.input_shape[:2]
    row, column = rows // 2, columns // 2
    said = stage.number_at(
        box.x + (column + 0.5) * box.w / columns, box.y + (row + 0.5) * box.h / rows
    )
    whole = large.scene.numbers(large.frame())[2][row, column]
    assert said == f"row {row}, column {column}: {format_number(float(whole), 4)}"
    # Playing goes on by itself and ends at the end.
    large.go_to(0.97)
    large.play(True)
    inside.until(lambda: large.share == 1 and not large.playing)


def test_the_window_is_put_on_a_place_of_the_image(inside: Inside) -> None:
    settled(inside)
    inside.do("inside.show", name="method", value="occlusion")
    inside.do("inside.view", value="explanation")
    large = inside.window.findChild(ExplanationPanel)
    inside.until(lambda: not large.words_instead())
    stage = large.stage
    box = stage.place.pictures[0].fit(28, 28)
    cell = box.w / 28
    at = QPoint(round(box.x + 12.5 * cell), round(box.y + 20.5 * cell))
    QTest.mouseClick(stage, Qt.MouseButton.LeftButton, pos=at)
    found = Attributing.of(inside.session).found["occlusion"].detail
    now = moment(found, (28, 28), large.share)
    assert now.window == (18, 10, 23, 15)
    seen = hidden(inside.x[0], now.window, 0.0)
    score = inside.explainer.numbers(seen[None], Score(inside.session.class_index))[0]
    assert now.scores[-1] == pytest.approx(float(score), abs=1e-4)


def test_a_film_takes_over_what_is_explained_and_how(inside: Inside) -> None:
    work = settled(inside)
    # The layer that the tile of Grad-CAM names is the one it is of.
    assert panel_of(inside).tiles["grad_cam"].note == "Conv2D 2"
    assert work.found["grad_cam"].detail.shape == (14, 14)
    inside.do("inside.view", value="explanation")
    settings = {"occlusion": {"window": 7, "strides": 7}, "saliency": {"abs": False}}
    inside.do("inside.show", name="method_settings", value=settings)
    inside.do("inside.show", name="method", value="occlusion")
    inside.do("inside.class", class_index=4)
    inside.do("inside.show", name="against", value=2)
    scene, toggles = inside.view.filmed()
    assert (scene, toggles["class"]) == ("occlusion", 4)
    assert toggles["of"]["occlusion"] == {
        "on": "score", "against": 2, "settings": {"window": 7, "strides": 7, "baseline": 0.0},
    }  # fmt: skip
    inside.do("inside.show", name="method", value="saliency")
    scene, toggles = inside.view.filmed()
    assert scene == "attribution"
    of = toggles["of"]["attribution"]
    assert (of["method"], of["settings"], of["signed"]) == ("saliency", {"abs": False}, True)


def test_cancelled_work_stays_cancelled_until_it_is_wanted(inside: Inside) -> None:
    work = settled(inside)
    # A thousand copies are made in a third of a second here: what is long begins sooner.
    work._long.setInterval(1)
    settings = {"smooth_grad": {"nt_samples": 1000}}
    inside.do("inside.show", name="method_settings", value=settings)
    inside.until(lambda: work.asking == "smooth_grad")
    panel = panel_of(inside)
    inside.until(lambda: panel.cancel.isVisible())
    click(panel.cancel)
    assert work.cancelled
    assert not work.asking
    assert panel.cancel.text() == "Go on"
    work.refresh()
    assert not work.asking
    inside.do("inside.show", name="method_settings", value={})
    settled(inside)
    assert not work.cancelled
    assert not panel.cancel.isVisible()


def test_hidden_panels_ask_for_nothing_and_training_is_followed(inside: Inside) -> None:
    work = settled(inside)
    before = work.found["saliency"]
    inside.do("workspace.show", name="train")
    inside.do("run.granularity", value="batch")
    action(inside.window, "transport-step").trigger()
    inside.until(lambda: inside.window.context.engine.latest.position.step == 1)
    # An edit before it was hidden settles now.
    inside.session._settled.timeout.emit()
    assert work.found["saliency"] is before
    assert not work.asking
    inside.do("workspace.show", name="inside")
    inside.until(lambda: inside.session.look.position.step == 1)
    settled(inside)
    assert work.found["saliency"].position.step == 1
    assert not np.array_equal(work.found["saliency"].values, before.values)


def test_a_pixel_under_the_mouse_is_marked_in_every_map(inside: Inside) -> None:
    settled(inside)
    panel = panel_of(inside)
    tile, other = panel.tiles["saliency"], panel.tiles["occlusion"]
    box = tile.area()
    cell = box.width() / 28
    at = QPointF(box.x() + 6.5 * cell, box.y() + 4.5 * cell)
    nothing, kind = Qt.MouseButton.NoButton, QEvent.Type.MouseMove
    event = QMouseEvent(
        kind, at, tile.mapToGlobal(at), nothing, nothing, Qt.KeyboardModifier.NoModifier
    )
    QCoreApplication.sendEvent(tile, event)
    assert other.mark == panel.input.mark == (6, 4, 1, 1)
    tile.pointed.emit(-1, -1)
    assert other.mark is None


@pytest.mark.parametrize("inside", ["spirals-mlp"], indirect=True)
def test_features_have_bars(inside: Inside) -> None:
    work, panel = settled(inside), panel_of(inside)
    tile = panel.tiles["integrated_gradients"]
    assert len(tile.features) == inside.x.shape[1]
    found = work.found["integrated_gradients"]
    assert np.allclose(tile.values, found.values)
    # Its weights are drawn by the window: what every attribution of a score promises is that it adds up.
    assert found.values.sum() == pytest.approx(panel.check.gained, rel=0.05, abs=0.02)
    saliency, product = (work.found.get(n) for n in ("saliency", "input_x_gradient"))
    assert product is None
    assert np.array_equal(panel.tiles["saliency"].values, saliency.values)
    # Places cannot be hidden where there are none.
    assert "needs an image" in panel.tiles["occlusion"].sentence
    assert "needs an image" in work.problems["grad_cam"]
    assert tile.grab().toImage() != panel.tiles["occlusion"].grab().toImage()


@pytest.mark.parametrize("inside", ["stroke-risk"], indirect=True)
def test_one_unit_for_two_classes_explains_the_second(inside: Inside) -> None:
    assert inside.session.classes == ("stroke",)
    work, panel = settled(inside), panel_of(inside)
    found = work.found["integrated_gradients"]
    assert found.values.sum() == pytest.approx(panel.check.gained, rel=1e-3)
    assert panel.input.features == ("gender", "age", "hypertension", "smoker")


@pytest.mark.parametrize("inside", ["one-hot-sentences"], indirect=True)
def test_a_network_that_reads_sequences_is_told_so(inside: Inside) -> None:
    panel = panel_of(inside)
    assert "reads sequences" in panel.reason.text()
    assert panel.reason.isVisible()
    assert not panel.tiles["saliency"].isVisible()
    assert not Attributing.of(inside.session).asking
