"""The worked examples of the course: the numbers that the notes print, computed by the engine of their templates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import data, templates
from core.runs import Run
from core.spec import inspect


def run_of(name: str) -> Run:
    """The template's run after its first forward and backward pass."""
    template = templates.load(name)
    return Run(template.network, template.training, data.load(template.data.id))


def done(name: str) -> Run:
    """The run after one whole step."""
    run = run_of(name)
    run.step("batch")
    return run


def value(run: Run, tensor: str) -> Any:
    return run.program.tensor(tensor).astype(np.float64)


def before_updates(name: str) -> Run:
    """Everything but the updates of the first step."""
    run = run_of(name)
    phases = [ins.phase for ins in run.program.tape.instructions]
    run.step_to(phases.index("update"))
    return run


def test_every_example_of_the_course_is_there() -> None:
    assert {t.name for t in templates.examples()} == {
        "chain-rule-by-hand", "loan-perceptron", "loan-perceptron-weighted", "one-hot-sentences", "stroke-risk",
        "threshold-with-bias", "threshold-without-bias", "weight-and-height",
    }  # fmt: skip


@pytest.mark.parametrize("name", [t.name for t in templates.examples()])
def test_an_example_is_known_by_its_network_and_says_something_in_whole_sentences(
    name: str,
) -> None:
    template = templates.load(name)
    assert template.example is not None
    found = templates.of_network(template.network, template.data)
    assert found is template
    for note in template.example.notes:
        assert note.text.endswith(".")
    other = template.network.configure(template.network.layers[-1].id, activation="tanh")
    assert templates.of_network(other, template.data) is None


@pytest.mark.parametrize("name", [t.name for t in templates.examples()])
def test_an_example_steps_there_and_back_again(name: str) -> None:
    run = run_of(name)
    first = run.program.mem[: run.program.plan.state].copy()
    for _ in range(len(run.program.kinds)):
        run.step("instruction")
    assert run.step_count == 1
    after = run.program.mem[: run.program.plan.state].copy()
    for _ in range(len(run.program.kinds)):
        run.step_back("instruction")
    assert run.program.mem[: run.program.plan.state].tobytes() == first.tobytes()
    run.step("batch")
    assert run.program.mem[: run.program.plan.state].tobytes() == after.tobytes()


def test_the_stroke_networks_first_patient_and_all_its_gradients() -> None:
    run = before_updates("stroke-risk")
    rows = value(run, "input_1/x")
    first = int(np.flatnonzero((rows == [1, 3, 0, 0]).all(1))[0])
    assert value(run, "dense_1/product")[first] == pytest.approx(
        [2.1, 1.7, 3.2, 1.0, 0.8], abs=1e-6
    )
    hidden = value(run, "dense_1/output")
    assert np.round(hidden[first], 2) == pytest.approx([0.89, 0.85, 0.96, 0.73, 0.69])
    weights = np.array([
        [.3, .8, .8, .7, .2], [.6, .3, .8, .1, .2], [.8, 1, 1, .6, .7], [1, 1, .2, .7, .1],
    ])  # fmt: skip
    read_out = np.array([[0.2], [0.5], [0.1], [0.2], [0.7]])
    targets = np.isin(rows[:, 1], (58, 70)).astype(float)[:, None]
    h = 1 / (1 + np.exp(-rows @ weights))
    o = 1 / (1 + np.exp(-h @ read_out))
    error = (o - targets) * o * (1 - o)
    assert value(run, "grad/dense_2/kernel") == pytest.approx(h.T @ error, rel=2e-5)
    inner = (error @ read_out.T) * h * (1 - h)
    assert value(run, "grad/dense_1/kernel") == pytest.approx(rows.T @ inner, rel=2e-5, abs=1e-7)
    assert float(value(run, "loss")) == pytest.approx(((targets - o) ** 2).sum() / 2, rel=1e-5)


def test_loan_perceptron_with_both_sets_of_weights() -> None:
    refused, granted = before_updates("loan-perceptron"), before_updates("loan-perceptron-weighted")
    assert value(refused, "dense_1/z").tolist() == [[-18_000]]
    assert value(refused, "dense_1/output").tolist() == [[0]]
    assert value(granted, "dense_1/product").tolist() == [[67_000]]
    assert value(granted, "dense_1/z").tolist() == [[17_000]]
    assert value(granted, "dense_1/output").tolist() == [[1]]


def test_one_step_of_the_perceptron_rule_grants_the_loan() -> None:
    run = done("loan-perceptron")
    assert value(run, "dense_1/kernel").ravel() == pytest.approx([2, 2.5, 1.7], rel=1e-6)
    run.step("batch")
    assert value(run, "dense_1/z") == pytest.approx(19_400, abs=0.1)
    assert value(run, "dense_1/output").tolist() == [[1]]
    granted = done("loan-perceptron-weighted")
    assert value(granted, "dense_1/kernel").ravel().tolist() == [3, 2, 1]


def test_a_bias_moves_the_threshold() -> None:
    silent, awake = before_updates("threshold-without-bias"), before_updates("threshold-with-bias")
    assert value(silent, "dense_1/z") == pytest.approx(-0.35, abs=1e-7)
    assert value(silent, "dense_1/output").tolist() == [[0]]
    assert not value(silent, "grad/dense_1/kernel").any()
    assert value(awake, "dense_1/z") == pytest.approx(0.65, abs=1e-7)
    assert value(awake, "dense_1/output") == pytest.approx(0.65, abs=1e-7)
    assert value(awake, "grad/dense_1/bias") == pytest.approx(-0.35, abs=1e-6)
    assert value(awake, "grad/dense_1/kernel").ravel() == pytest.approx([-0.35, -0.7], abs=1e-6)


def test_two_three_two_has_seventeen_parameters() -> None:
    assert inspect(templates.load("chain-rule-by-hand").network).parameters == 2 * 3 + 3 + 3 * 2 + 2


def test_weight_and_height_are_the_printed_people_scaled() -> None:
    people = np.array([(150, 67), (130, 60), (200, 65), (125, 52), (230, 72), (181, 70)], float)
    found = data.load("weight-height")
    assert found.x_train == pytest.approx((people - people.mean(0)) / people.std(0), abs=5e-5)
    assert found.y_train.tolist() == [1, 1, 0, 1, 0, 0]
    run = before_updates("weight-and-height")
    assert inspect(templates.load("weight-and-height").network).parameters == 9
    outputs, targets = value(run, "dense_2/output"), value(run, "targets")
    assert sorted(targets.ravel().tolist()) == [0, 0, 0, 1, 1, 1]
    assert float(value(run, "loss")) == pytest.approx(((outputs - targets) ** 2).mean(), rel=1e-5)
    slope = 2 * (outputs - targets) / 6
    assert value(run, "grad/dense_2/a") == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_one_hot_words_are_rows_of_the_vocabulary() -> None:
    found = data.load("one-hot-sentences")
    words = found.info.classes
    assert words == ("ball", "book", "interesting", "is", "juice", "pass", "pink", "the")
    told = [
        [words[int(row.argmax())] for row in sentence if row.any()] for sentence in found.x_train
    ]
    assert told == [["the", "ball", "is"], ["pass", "the"], ["the", "book", "is"]]
    assert [words[k] for k in found.y_train.argmax(1)] == ["pink", "juice", "interesting"]
    assert (found.x_train.sum(-1) == [[1, 1, 1], [0, 1, 1], [1, 1, 1]]).all()
    assert found.x_train[0, 0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_a_one_hot_row_picks_a_row_of_the_kernel_and_zeros_leave_the_state() -> None:
    run = before_updates("one-hot-sentences")
    kernel, product = value(run, "simplernn_1/kernel"), value(run, "simplernn_1/product")
    words = value(run, "input_1/x")
    for sentence, sums in zip(words, product, strict=True):
        for word, row in zip(sentence, sums, strict=True):
            picked = kernel[word.argmax()] if word.any() else np.zeros(3)
            assert row.tolist() == picked.tolist()
    shorter = int(np.flatnonzero(~words[:, 0].any(1))[0])
    assert not value(run, "simplernn_1/h/0")[shorter].any()


@pytest.mark.parametrize(
    ("name", "least"),
    [("stroke-risk", 0.6), ("weight-and-height", 0.5), ("one-hot-sentences", 0.1)],
)
def test_examples_are_learned(name: str, least: float) -> None:
    run = run_of(name)
    run.train(80)
    losses = [epoch.metrics["loss"] for epoch in run.history.epochs]
    assert losses[-1] < least * losses[0]
