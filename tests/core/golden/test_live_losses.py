"""Losses and Keras's, with random arguments, shapes, weights and numbers. Needs the conformance extra."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import losses
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain
from tests.core.subjects import targets_for

TRIES = 12
#: What another value of an argument may be.
VALUES: dict[str, tuple[Any, ...]] = {
    "from_logits": (False, True),
    "label_smoothing": (0.0, 0.1, 0.5, 1.0),
    "delta": (1.0, 0.01, 0.7, 20.0),
    "ignore_class": (None, 0, 1, -1, 255),
    "reduction": ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"),
}


def drawn_targets(
    loss: losses.Loss, rows: int, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Targets of every kind the loss may meet."""
    found = np.asarray(targets_for(loss, rows, shape, rng), np.float32)
    if loss.ignore_class is not None:
        found.flat[:: int(rng.integers(2, 4))] = loss.ignore_class
    if loss.signed:
        found = rng.choice([[0, 1], [-1, 1]][int(rng.integers(2))], found.shape)
    if loss.name in ("categorical_crossentropy", "categorical_hinge") and rng.random() < 0.5:
        found = np.eye(shape[-1])[rng.integers(0, shape[-1], (rows, *shape[:-1]))]
    if loss.name == "binary_crossentropy":
        # PyTorch refuses others.
        found = found.clip(0, 1)
    if loss.name == "poisson":
        found = rng.integers(0, 6, found.shape)
    return np.asarray(found, np.float32)


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(TRIES))
@pytest.mark.parametrize("name", [n for n in losses.names() if n != "half_squared_error"])
def test_a_loss_with_random_arguments_is_keras_s(name: str, seed: int) -> None:
    torch = pytest.importorskip("torch")
    keras: Any = pytest.importorskip("keras")
    rng = np.random.default_rng([seed, *map(ord, name)])
    kind = type(losses.get(name))
    given = {
        argument: VALUES[argument][int(rng.integers(len(VALUES[argument])))]
        for argument, _ in kind.arguments
        if argument in VALUES
    }
    loss, theirs = kind(**given), getattr(keras.losses, kind.__name__)(**given)
    places = tuple(int(k) for k in rng.integers(1, 5, int(rng.integers(0, 2))))
    units = int(rng.integers(1 if loss.suits != "softmax" else 2, 6))
    rows, shape = int(rng.integers(1, 7)), (*places, units)
    # No probability below 1e-7: there Keras on PyTorch has no gradient, on TensorFlow (and here) it is p - t.
    z = rng.normal(0, rng.choice([0.3, 1, 4]), (rows, *shape)).clip(-7, 7).astype(np.float32)
    target = drawn_targets(loss, rows, shape, rng)
    weight = rng.random((rows, *places)).astype(np.float32) * 2 if rng.random() < 0.6 else None
    last = "linear" if loss.from_logits else loss.suits

    network = chain(shape, ("Activation", {"activation": last}))
    tape = compile_network(
        network, "check", wrt="input", loss=loss, weighted=weight is not None, metrics=()
    )
    program = Program(tape, rows)
    program.feed([z], [target], None if weight is None else [weight])
    program.run()

    x = torch.tensor(z, requires_grad=True)
    p = getattr(keras.activations, last)(x)
    value = theirs(torch.tensor(target), p, None if weight is None else torch.tensor(weight))
    value.backward()
    expected, slopes = float(value.detach()), x.grad.numpy()
    assert float(program.tensor("loss")) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    (output,) = tape.outputs.values()
    assert loss(target, program.tensor(output.name), weight) == pytest.approx(
        expected, rel=1e-5, abs=1e-6
    )
    mine = program.tensor("grad/input_1/x")
    assert np.abs(mine - slopes).max() <= 1e-5 * max(1.0, np.abs(slopes).max()), given
