"""What several instructions of one step change is explained as each of them found it, whenever it is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.explaining import explain
from core import data
from core.runs import Run
from core.spec import Layer, Network, Node, Training, new_layer


def _twice_normalised() -> Network:
    layers = tuple(
        Layer(name, made.kind, name, made.config)
        for name, made in (
            ("input_1", new_layer("InputLayer", shape=[2])),
            ("norm", new_layer("BatchNormalization")),
            ("dense_1", new_layer("Dense", units=2, kernel_regularizer="l2")),
            ("dense_2", new_layer("Dense", units=1, activation="sigmoid", bias_regularizer="l1")),
        )
    )
    nodes = (
        Node("input_1", "input_1"),
        Node("first", "norm", ("input_1",)),
        Node("dense_1", "dense_1", ("first",)),
        Node("second", "norm", ("dense_1",)),
        Node("dense_2", "dense_2", ("second",)),
    )
    return Network("twice", layers, nodes, ("dense_2",))


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_an_explanation_after_the_step_is_that_of_its_moment(steps: int) -> None:
    training = Training(loss="binary_crossentropy", batch_size=4)
    run = Run(_twice_normalised(), training, data.load("xor", samples=16))
    for _ in range(steps):
        run.step("batch")
    program = run.program
    then = []
    for index, ins in enumerate(program.tape.instructions):
        cells = [
            (index, out.name, (0,) * (len(out.shape) + out.batch)) for out in ins.outputs.values()
        ]
        run.step("instruction")
        # Nothing has gone on with it yet.
        then += [(*one, float(program.tensor(one[1])[one[2]])) for one in cells]
    written = [name for _, name, _, _ in then]
    assert written.count("norm/moving_mean") == 2
    assert written.count("total/loss/sum") == 2
    for index, name, cell, made in then:
        if name == "batch/samples":
            continue
        found = explain(run, index, cell, name)
        assert found.kernel_value == pytest.approx(made, rel=1e-6, abs=1e-9), (index, name)
        assert np.isclose(found.value, made, rtol=1e-4, atol=1e-6), (index, name)
