"""Networks learn what they are meant to."""

from __future__ import annotations

import msgspec
import numpy as np

from core import data, templates
from core.runs import Run
from core.spec import Training
from tests.core.networks import chain


def trained(run: Run, epochs: int, enough: float = 2.0) -> Run:
    """The run after so many epochs, or as soon as it is good enough."""
    for _ in range(epochs):
        run.step("epoch")
        assert run.divergence is None
        if run.evaluate()["accuracy"] >= enough:
            break
    return run


def from_template(name: str) -> Run:
    template = templates.load(name)
    return Run(
        template.network, template.training, data.load(template.data.id, **template.data.parameters)
    )


def test_the_digits_template_reads_held_out_digits() -> None:
    run = trained(from_template("digits-cnn"), 3)
    held_out = run.evaluate()
    assert held_out["accuracy"] >= 0.95
    assert held_out["loss"] < 0.2
    # The same, from what it says about each digit.
    right = run.predict(np.float32(run.dataset.x_test) / 255).argmax(1) == run.dataset.y_test
    assert abs(right.mean() - held_out["accuracy"]) < 1e-6


def test_small_digits_are_read_by_one_hidden_layer() -> None:
    network = chain((8, 8, 1), ("Flatten", {}), ("Dense", {"units": 64, "activation": "relu"}),
                    ("Dense", {"units": 10, "activation": "softmax"}))  # fmt: skip
    training = Training(
        optimizer={"kind": "Adam", "learning_rate": 0.003}, loss="sparse_categorical_crossentropy"
    )
    run = trained(Run(network, training, data.load("digits8x8")), 30, 0.96)
    assert run.evaluate()["accuracy"] >= 0.95


def test_xor_is_learned_completely() -> None:
    run = trained(from_template("xor-mlp"), 60, 1.0)
    assert run.evaluate()["accuracy"] == 1.0


def test_the_spirals_are_unwound() -> None:
    run = trained(from_template("spirals-mlp"), 200, 0.97)
    assert run.evaluate()["accuracy"] > 0.9


def test_another_seed_learns_too_and_differently() -> None:
    template = templates.load("xor-mlp")
    runs = [
        Run(
            template.network,
            msgspec.structs.replace(template.training, seed=seed),
            data.load("xor"),
        )
        for seed in (1, 2)
    ]
    for run in runs:
        trained(run, 60, 1.0)
        assert run.evaluate()["accuracy"] >= 0.95
    first, second = (run.program.tensor("dense_1/kernel") for run in runs)
    assert not np.array_equal(first, second)
