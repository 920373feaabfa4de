"""What Look inside shows is of the network on screen: nothing of an earlier one, of another project, or of none."""

from __future__ import annotations

import numpy as np

import core
from app.inside.attributing import Attributing
from app.inside.panels.attribution import AttributionPanel
from app.inside.panels.mistakes import MistakesPanel
from app.inside.panels.walk import WalkPanel
from app.inside.sample_pictures import SamplePictures
from core import explain, layers
from core.explain import gradients
from core.explain.score import Score
from tests.app.inside.conftest import Inside
from tests.app.window.windows import control


def follows(inside: Inside) -> None:
    """Wait until something was looked at anew, with everything that is shown of it."""
    session = inside.session
    inside.until(lambda: session.look is not None and session.current and not session._asking)


def answer(inside: Inside, question: str, **values: object) -> object:
    found: list[object] = []
    inside.window.context.engine.ask(question, done=found.append, **values)
    inside.until(lambda: found)
    return found[0]


def test_an_edit_is_followed_and_what_cannot_run_shows_nothing(inside: Inside) -> None:
    session, do = inside.session, inside.do
    walk = inside.window.findChild(WalkPanel)
    maps = Attributing.of(session)
    inside.until(lambda: walk.stage.walk is not None and maps.fresh("saliency"))
    delivered = session.look

    # Fresh numbers of the same shapes at the same place of a run: only the weights tell them apart.
    do("training.configure", seed=5)
    assert session.look is None
    assert walk.stage.walk is None
    assert not maps.found
    follows(inside)
    assert session.look.position == delivered.position
    assert not np.array_equal(session.look.scores, delivered.scores)
    expected = answer(inside, "inside_look", x=session.input.x)
    assert np.array_equal(session.look.scores, expected.scores)
    inside.until(lambda: maps.fresh("saliency") and walk.stage.walk is not None)
    shown = session.look

    # Taken back before the engine is told: there is no other program, and it is shown again.
    do("layer.configure", layer="conv2d_2", filters=3)
    do("edit.undo")
    follows(inside)
    assert np.array_equal(session.look.scores, shown.scores)

    # A network that cannot run says why, and shows nothing of the one before.
    do("layer.configure", layer="dense_2", units=5)
    engine = inside.window.context.engine
    inside.until(lambda: engine.state.status == "blocked")
    notice = control(inside.window, "inside-notice")
    assert notice.isVisible()
    assert notice.text == session.blocked
    assert session.blocked == engine.state.reason
    do("inside.sample", index=5)
    inside.qtbot.wait(400)
    assert session.look is None
    assert walk.stage.walk is None
    assert not maps.found
    assert not inside.window.findChild(AttributionPanel).check.known
    do("edit.undo")
    follows(inside)
    expected = answer(inside, "inside_look", x=session.input.x)
    assert np.array_equal(session.look.scores, expected.scores)
    assert not notice.isVisible()


def test_another_project_takes_nothing_of_the_one_before_with_it(inside: Inside) -> None:
    session, do = inside.session, inside.do
    walk = inside.window.findChild(WalkPanel)
    do("inside.view", value="mistakes")
    panel = inside.window.findChild(MistakesPanel)
    inside.until(lambda: panel.job.found is not None and not panel.job.goes_on)
    kept = session.findChildren(SamplePictures)
    inside.until(lambda: any(one._arrays for one in kept))
    before = session.look
    # The same network, untrained: nothing but the numbers is another.
    do("template.open", name="digits-cnn")
    assert session.look is None
    assert session.input is None
    assert walk.stage.walk is None
    assert panel.job.found is None
    assert not any(one._arrays for one in kept)
    follows(inside)
    assert not np.array_equal(session.look.scores, before.scores)


def test_a_network_that_no_samples_fit_is_explained_with_the_weights_it_has(
    inside: Inside,
) -> None:
    session, do, engine = inside.session, inside.do, inside.window.context.engine
    document = inside.window.context.document
    model = core.Sequential(
        [
            core.Input((20, 20, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        seed=document.training.seed,
    )  # fmt: skip
    document.edit("another network", network=model.network)
    inside.until(lambda: engine.state.status == "blocked")
    assert engine.alone is not None
    # No sample fits, so a photograph is looked at; the banner says that it cannot be trained.
    do("inside.example", name="camera")
    inside.until(lambda: session.look is not None)
    of = explain.explainer(model)
    assert np.array_equal(session.look.scores, of.outputs(inside.x)[0])
    maps, walk = Attributing.of(session), inside.window.findChild(WalkPanel)
    inside.until(lambda: maps.fresh("saliency") and maps.fresh("integrated_gradients"))
    inside.until(lambda: walk.stage.walk is not None)
    expected = gradients.saliency(of, inside.x, Score(session.class_index))[0]
    assert np.allclose(maps.found["saliency"].values, expected, atol=1e-7)
    assert inside.view.notice.text == session.blocked
    # A project that samples fit is run again.
    do("template.open", name="digits-cnn", trained=True)
    assert session.look is None
    follows(inside)
    assert engine.alone is None
    assert np.array_equal(session.look.scores, inside.explainer.outputs(inside.x)[0])


def test_nothing_is_looked_for_in_samples_with_the_network_before(inside: Inside) -> None:
    inside.do("layer.configure", layer="dense_2", units=5)
    engine = inside.window.context.engine
    inside.until(lambda: engine.state.status == "blocked")
    for question in ("inside_mistakes", "inside_exciting", "inside_maximization", "inside_beside"):
        told: list[str] = []
        engine.ask(question, done=lambda found: told.append(repr(found)), failed=told.append)  # noqa: B023
        inside.until(lambda: told)  # noqa: B023
        assert engine.state.reason in told[0]
