"""Gradients of every layer and every loss against central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core import losses
from core.losses import Loss
from core.ops import operation
from core.tape.program import Program
from tests.core.networks import chain, residual_network
from tests.core.subjects import Subject, bound, each, first_computed, layer_subjects, loss_variants

LIMIT = 1e-5
CELLS = 6
WIDTH = 1e-6
SUBJECTS = layer_subjects()
LOSSES = loss_variants()


def worst_error(program: Program, names: list[str], start: int, result: str = "loss") -> float:
    """The largest relative error of the gradients of `result` at random cells."""
    rng = np.random.default_rng(1)
    program.run(start)
    analytic = {name: program.tensor(f"grad/{name}").copy() for name in names}
    worst = 0.0
    for name in names:
        values = program.tensor(name)
        scale = np.abs(analytic[name]).max() + 1e-3
        for _ in range(min(CELLS, values.size)):
            cell = tuple(int(rng.integers(0, n)) for n in values.shape)
            old = float(values[cell])
            found = []
            for sign in (1, -1):
                values[cell] = old + sign * WIDTH
                program.run(start)
                found.append(float(program.tensor(result).sum()))
            values[cell] = old
            numeric = (found[0] - found[1]) / (2 * WIDTH)
            worst = max(worst, abs(numeric - float(analytic[name][cell])) / scale)
    return worst


def error_on_some_data(make: Callable[[int], float]) -> float:
    """The error for one batch, or for another if the first has two values of a maximum closer than the difference."""
    first = make(0)
    return first if first < LIMIT else make(1)


def skip_without_derivative(program: Program) -> None:
    """A step in between has no slope: what the tape passes back is a rule, which says so."""
    for ins in program.tape.instructions:
        if operation(ins.op).not_the_slope:
            pytest.skip(operation(ins.op).not_the_slope)


def trainable(program: Program) -> list[str]:
    return [slot.tensor.name for slot in program.tape.weights if slot.learns]


@each(SUBJECTS)
def test_gradients_through_a_layer_as_in_training(subject: Subject) -> None:
    def error(seed: int) -> float:
        program = bound(subject.network, losses.get("mean_squared_error"), seed=seed)
        skip_without_derivative(program)
        return worst_error(program, trainable(program), first_computed(program))

    assert error_on_some_data(error) < LIMIT


@each(SUBJECTS)
def test_gradients_of_the_input_as_in_prediction(subject: Subject) -> None:
    if subject.kind == "Embedding":
        pytest.skip("tokens are not numbers that can be moved a little")

    def error(seed: int) -> float:
        program = bound(
            subject.network,
            losses.get("mean_squared_error"),
            mode="explain",
            wrt="input",
            seed=seed,
        )
        skip_without_derivative(program)
        return worst_error(program, [t.name for t in program.tape.inputs.values()], 0)

    assert error_on_some_data(error) < LIMIT


@pytest.mark.parametrize(("name", "loss"), LOSSES, ids=[name for name, _ in LOSSES])
@pytest.mark.parametrize("activation", ["linked", "other"])
def test_gradients_of_a_loss(name: str, loss: Loss, activation: str) -> None:
    units = 1 if loss.link == "sigmoid" and activation == "linked" else 4
    last = ("linear" if loss.from_logits else loss.suits) if activation == "linked" else "sigmoid"
    network = chain(
        (3,),
        ("Dense", {"units": 5, "activation": "tanh"}),
        ("Dense", {"units": units, "activation": last}),
    )
    program = bound(network, loss, rows=5)
    assert worst_error(program, trainable(program), first_computed(program)) < LIMIT


@pytest.mark.parametrize(("name", "loss"), LOSSES, ids=[name for name, _ in LOSSES])
def test_gradients_of_a_loss_of_masked_and_weighted_steps(name: str, loss: Loss) -> None:
    last = "linear" if loss.from_logits else loss.suits
    network = chain(
        (5,),
        ("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True}),
        ("Dense", {"units": 4, "activation": last}),
    )
    program = bound(network, loss, weighted=True)
    assert "loss_share" in [ins.op for ins in program.tape.instructions]
    assert worst_error(program, trainable(program), first_computed(program)) < LIMIT


def test_gradients_of_shared_weights_and_of_two_weighted_outputs() -> None:
    given = [losses.get("categorical_crossentropy"), losses.get("mean_squared_error")]
    program = bound(residual_network(), given, loss_weights=[0.7, 1.9])
    assert worst_error(program, trainable(program), first_computed(program)) < LIMIT


def test_gradients_after_a_softmax_that_is_not_followed_by_its_cross_entropy() -> None:
    network = chain(
        (4,),
        ("Dense", {"units": 5, "activation": "softmax"}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    )
    program = bound(network, losses.get("mean_squared_error"))
    assert worst_error(program, trainable(program), first_computed(program)) < LIMIT


def test_a_weight_that_is_used_at_every_time_step_collects_all_of_them() -> None:
    network = chain(
        (6,),
        ("Embedding", {"input_dim": 5, "output_dim": 3, "mask_zero": True}),
        ("LSTM", {"units": 4, "return_sequences": True}),
        ("LSTM", {"units": 3}),
        ("Dense", {"units": 2}),
    )
    program = bound(network, losses.get("mean_squared_error"))
    assert worst_error(program, trainable(program), first_computed(program)) < LIMIT
