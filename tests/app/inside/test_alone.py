"""A network that cannot be trained is excited and compared all the same; only samples and steps are not there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

import core
from app.engine.questions.beside import WITHOUT_RUNS
from app.inside.panels.compare import ComparePanel
from app.inside.panels.maximization import MaximizationPanel
from core import explain, io, layers, templates
from core.explain import gradients
from core.explain.maximization import activation_maximization, channel_explainer
from core.explain.progress import last
from core.explain.score import Score
from core.io.runs import NO_DATA, DataRef
from tests.app.inside.conftest import Inside
from tests.app.window.windows import control

SETTINGS = {
    "steps": 6, "learning_rate": 0.05, "l2": 0.002, "total_variation": 0.02, "jitter": 1, "blur_every": 8, "seed": 4,
}  # fmt: skip


def model(seed: int, size: tuple[int, int, int] = (20, 20, 3)) -> core.Sequential:
    """A small network that no samples fit: it stands for a large one."""
    return core.Sequential(
        [
            core.Input(size), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        seed=seed,
    )  # fmt: skip


def alone(inside: Inside) -> core.Sequential:
    """Look at a photograph with a network that no samples fit."""
    document, session = inside.window.context.document, inside.session
    made = model(document.training.seed)
    document.edit("another network", network=made.network)
    inside.until(lambda: session.alone)
    inside.do("inside.example", name="cat")
    inside.until(lambda: session.look is not None)
    return made


def test_a_network_that_no_samples_fit_is_excited(inside: Inside) -> None:
    made = alone(inside)
    inside.do("inside.view", value="maximization")
    panel = inside.window.findChild(MaximizationPanel)
    inside.do("inside.maximize", of="channel", **{k: SETTINGS[k] for k in ("steps", "seed")})
    inside.do("inside.select", layer="conv2d", channel=2)

    def shown() -> bool:
        found = panel.job.found
        return found is not None and found.whole and (found.layer, found.channel) == ("conv2d", 2)

    inside.until(shown)
    of = explain.explainer(made)
    expected = last(activation_maximization(channel_explainer(of, "conv2d"), 2, **SETTINGS))
    assert np.array_equal(panel.job.found.image, expected.image)
    assert np.array_equal(panel.job.found.activations, expected.activations)
    # Without a run there is no step of which the answer could be.
    assert "step" not in panel.status.text
    answers: list[object] = []
    inside.window.context.engine.ask(
        "inside_maximized", done=answers.append, layer="conv2d", channels=[2, 0], settings=SETTINGS
    )
    inside.until(lambda: answers)
    assert np.array_equal(answers[0].images[2], expected.image)  # type: ignore[attr-defined]
    assert set(answers[0].images) == {0, 2}  # type: ignore[attr-defined]


def test_it_is_compared_with_what_needs_no_run(inside: Inside, tmp_path: Path) -> None:
    made = alone(inside)
    session, do = inside.session, inside.do
    other, large = model(77), model(5, (24, 24, 3))
    file, too_large = tmp_path / "other.chainrule", tmp_path / "large.chainrule"
    other.save(file)
    large.save(too_large)
    do("inside.view", value="compare")
    panel = inside.window.findChild(ComparePanel)
    inside.until(lambda: panel.picture.empty == WITHOUT_RUNS)
    titles = [panel.choice.itemText(k) for k in range(panel.choice.count())]
    assert not any("step" in title or "epoch" in title for title in titles)

    do("inside.show", name="beside", value={"kind": "file", "name": str(file), "step": 0})
    inside.until(lambda: panel.job.found is not None and not panel.job.goes_on)
    found = panel.job.found
    for side, network in ((found.own, made), (found.other, other)):
        of = explain.explainer(network)
        assert np.array_equal(side.scores, of.outputs(inside.x)[0])
        map_ = gradients.saliency(of, inside.x, Score(session.class_index))[0]
        assert np.array_equal(side.attributions, map_)
    assert not np.array_equal(found.own.scores, found.other.scores)

    for kind, name, words in (
        ("file", str(too_large), "24×24×3"), ("trained", "emoji-cnn", "32×32×3"), ("step", "", WITHOUT_RUNS),
    ):  # fmt: skip
        do("inside.show", name="beside", value={"kind": kind, "name": name, "step": 0})
        inside.until(lambda: words in panel.picture.empty)  # noqa: B023
    # Whoever asks all the same, a film or a script, is told so too.
    for question, values in (
        ("inside_beside", {"x": inside.x, "kind": "run", "name": "1"}), ("inside_mistakes", {}),
        ("inside_exciting", {"layer": "conv2d"}), ("inside_neighbours", {"x": inside.x, "layer": "dense"}),
    ):  # fmt: skip
        told: list[str] = []
        inside.window.context.engine.ask(
            question, done=lambda found: told.append(repr(found)), failed=told.append, **values  # noqa: B023
        )  # fmt: skip
        inside.until(lambda: told)  # noqa: B023
        refused = WITHOUT_RUNS if question == "inside_beside" else session.blocked
        assert refused in told[0]


def test_a_project_without_data_is_explained_and_compared_with_what_is_delivered(
    inside: Inside,
) -> None:
    session, do = inside.session, inside.do
    document, engine = inside.window.context.document, inside.window.context.engine
    data = document.data
    document.edit("no data", data=DataRef(NO_DATA))
    inside.until(lambda: engine.state.status == "blocked")
    assert engine.state.reason == session.blocked
    assert "Choose" in session.blocked
    assert session.alone
    assert control(inside.window, "data-chip").isVisible()
    do("inside.input", values=[0.25] * 784)
    inside.until(lambda: session.look is not None)
    assert np.array_equal(session.look.scores, inside.explainer.outputs(inside.x)[0])
    do("inside.view", value="compare")
    panel = inside.window.findChild(ComparePanel)
    do("inside.show", name="beside", value={"kind": "trained", "name": "digits-cnn", "step": 0})
    inside.until(lambda: panel.job.found is not None and not panel.job.goes_on)
    assert np.array_equal(panel.job.found.own.scores, panel.job.found.other.scores)
    title = f"{templates.load('digits-cnn').title}, trained"
    inside.until(lambda: panel.choice.findText(title) >= 0)
    # With its samples it runs again.
    document.edit("data", data=data)
    inside.until(lambda: engine.state.status == "ready" and not session.alone)


def test_what_is_too_large_to_train_only_in_batches_is_explained(inside: Inside) -> None:
    session, engine = inside.session, inside.window.context.engine
    inside.looked()
    before = session.look.scores
    document = inside.window.context.document
    training = msgspec.structs.replace(document.training, batch_size=60_000)
    document.edit("large batches", training=training)
    inside.until(lambda: engine.state.status == "blocked")
    assert "memory" in session.blocked
    inside.until(lambda: session.look is not None and session.alone and not session._asking)
    # The weights are those it was trained to.
    assert np.allclose(session.look.scores, before, atol=1e-5)
    inside.do("edit.undo")
    inside.until(lambda: engine.state.status != "blocked" and session.current)


def test_a_model_of_a_script_keeps_its_weights_when_it_is_saved_and_when_it_is_trained(
    inside: Inside, tmp_path: Path
) -> None:
    engine, do = inside.window.context.engine, inside.do
    made = core.Sequential(
        [core.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")], seed=9
    )
    file, copy = tmp_path / "script.chainrule", tmp_path / "copy.chainrule"
    made.save(file)
    do("project.open", path=str(file))
    inside.until(lambda: engine.state.status == "blocked" and engine.state.position is None)
    assert engine.state.runs == ()
    do("project.save", path=str(copy))
    inside.until(copy.exists)
    # Not those of the project before.
    saved = io.read(copy).weights
    assert {name: v.tolist() for name, v in saved.items()} == {
        name: v.tolist() for name, v in made.weights_by_name().items()
    }
    do("inside.input", values=[0.5] * 784)
    inside.until(lambda: inside.session.look is not None)
    of = explain.explainer(made)
    expected = of.outputs(inside.x)[0]
    assert np.array_equal(inside.session.look.scores, expected)
    # There is nothing to ask of a run, neither of this network nor of the project before.
    told: list[str] = []
    engine.ask("saved_state", done=lambda found: told.append(repr(found)), failed=told.append)
    inside.until(lambda: told)
    assert "no run" in told[0]
    # With samples it goes on with what the file held.
    do("data.choose", id="digits")
    inside.until(lambda: engine.state.status == "ready")
    follow: list[dict[str, np.ndarray]] = []
    engine.ask("saved_state", done=lambda found: follow.append(dict(found.weights)))
    inside.until(lambda: follow)
    for name, values in made.weights_by_name().items():
        assert np.array_equal(follow[0][name], values)
