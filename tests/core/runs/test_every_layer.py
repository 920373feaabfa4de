"""Time is exact with every layer, loss and optimizer: the property of the six networks, for all that is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from core import losses
from core.losses import Loss
from core.optimizers import Optimizer
from core.runs import Run
from core.runs.samples import Samples
from core.runs.targets import target_table
from core.spec import Network, Training
from core.tape.compiler import compile_network
from core.tape.table_data import DataTable
from tests.core.golden import layers, our_side
from tests.core.golden.layers.case import LayerCase
from tests.core.networks import chain, differences, everything
from tests.core.runs import ways
from tests.core.runs.stepped import same_as_stepping
from tests.core.subjects import (
    Subject,
    each,
    input_values,
    layer_subjects,
    loss_variants,
    optimizer_variants,
    targets_for,
)

#: Three batches of 6 and one of a single sample.
SAMPLES, BATCH = 19, 6
#: Stepping to and fro over a tape of hundreds of instructions takes its time; the six networks do more of it.
MOVES = 25
CASES = [(part, case) for part, case in layers.all_cases() if case.training]


def run_of(
    network: Network, loss: Loss | None = None, optimizer: dict[str, Any] | None = None
) -> Run:
    """A run on drawn data."""
    training = Training(
        optimizer=optimizer or {"kind": "Adam", "learning_rate": 0.01},
        loss="mean_squared_error", batch_size=BATCH, seed=5,
    )  # fmt: skip
    given = [loss or losses.get(training.loss)] * len(network.outputs)
    tape = compile_network(network, "predict")
    rng = np.random.default_rng(1)
    # Layers that keep states from batch to batch take whole batches only.
    lasting = any(t.role == "state" for t in tape.tensors.values())
    samples = SAMPLES // BATCH * BATCH if lasting else SAMPLES
    xs = [
        DataTable(input_values(tape, t.name, (samples, *t.shape), rng).astype(np.float32))
        for t in tape.inputs.values()
    ]
    ys = [
        target_table(targets_for(one, samples, t.shape, rng), one, t.shape)
        for one, t in zip(given, tape.outputs.values(), strict=True)
    ]
    chosen = given if len(given) > 1 else given[0]
    return Run(network, training, samples=Samples(xs, ys), loss=chosen)


@each(layer_subjects())
def test_with_every_layer(subject: Subject) -> None:
    ways.all_the_same(partial(run_of, subject.network), MOVES)


@each(layer_subjects())
def test_reading_every_layer(subject: Subject) -> None:
    """Nothing that an instruction writes is overwritten in its step, so that what is read at its end is all of it."""
    read, stepped = run_of(subject.network), run_of(subject.network)
    same_as_stepping(read.read(5), stepped)
    assert differences(everything(read), everything(stepped)) == []


@pytest.mark.wide
@pytest.mark.parametrize(("part", "case"), CASES, ids=[f"{p}: {c.name}" for p, c in CASES])
def test_with_every_case_compared_with_keras(part: str, case: LayerCase) -> None:
    ways.all_the_same(partial(run_of, our_side.network_of(case)), MOVES)


def behind(loss: Loss) -> Network:
    """A network whose output this loss can read."""
    link = "linear" if loss.from_logits else loss.suits
    return chain(
        (4,),
        ("Dense", {"units": 5, "activation": "tanh"}),
        ("Dense", {"units": 3, "activation": link}),
    )


@pytest.mark.parametrize(("name", "loss"), loss_variants(), ids=[n for n, _ in loss_variants()])
def test_with_every_loss(name: str, loss: Loss) -> None:
    ways.all_the_same(partial(run_of, behind(loss), loss), MOVES)
    same_as_stepping(run_of(behind(loss), loss).read(5), run_of(behind(loss), loss))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_with_weights_masks_and_an_ignored_label(reduction: str) -> None:
    network = chain(
        (4,),
        ("Embedding", {"input_dim": 5, "output_dim": 3, "mask_zero": True}),
        ("LSTM", {"units": 2, "return_sequences": True}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    )
    loss = losses.SparseCategoricalCrossentropy(reduction=reduction, ignore_class=1)

    def make() -> Run:
        rng = np.random.default_rng(3)
        plain = run_of(network, loss)
        weights = rng.random((len(plain.samples), 4)).astype(np.float32)
        samples = replace(plain.samples, weights=[DataTable(weights)])
        return Run(network, plain.training, samples=samples, loss=loss)

    ways.all_the_same(make, MOVES)


@pytest.mark.parametrize(
    ("name", "optimizer"), optimizer_variants(), ids=[n for n, _ in optimizer_variants()]
)
def test_with_every_optimizer(name: str, optimizer: Optimizer) -> None:
    config = {**optimizer.to_config(), "learning_rate": 0.02}
    network = behind(losses.get("mean_squared_error"))
    ways.all_the_same(partial(run_of, network, None, config), MOVES)
    same_as_stepping(run_of(network, None, config).read(5), run_of(network, None, config))


def test_a_difference_of_one_bit_is_seen() -> None:
    make: Callable[[], Run] = partial(run_of, behind(losses.get("mean_squared_error")))
    runs = [make(), make()]
    for run in runs:
        ways.straight(run, 3)
    bits = everything(runs[0])
    assert differences(bits, everything(runs[1])) == []
    kernel = runs[1].program.tensor("dense_1/kernel")
    kernel[0, 0] = np.nextafter(kernel[0, 0], np.float32(9))
    assert differences(bits, everything(runs[1])) != []
