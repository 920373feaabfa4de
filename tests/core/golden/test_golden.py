"""The same numbers as Keras: outputs, gradients, statistics, updates, and whole trainings, from stored files."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core import losses, optimizers
from core.kernels import state as S
from core.losses import Loss
from core.optimizers import Optimizer
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Layer, Network, Node, Training, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden import cases
from tests.core.networks import chain


@cache
def stored(name: str) -> dict[str, np.ndarray]:
    """One of the files."""
    with np.load(cases.FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def of(name: str, case: str) -> dict[str, np.ndarray]:
    """What Keras gave for a case."""
    return {
        key.split("|")[1]: value
        for key, value in stored(name).items()
        if key.startswith(f"{case}|")
    }


def close(mine: np.ndarray, keras: np.ndarray, tolerance: float = 2e-6) -> bool:
    """Equal to float32's accuracy, relative to the largest value of the tensor."""
    assert mine.shape == keras.shape
    return bool(np.abs(mine - keras).max() <= tolerance * max(1.0, np.abs(keras).max()))


def named_weights(case: str, network: Network, program: Program) -> dict[str, str]:
    """Keras's ``layer/role`` and the tensor's name; the weights are set on the way."""
    names = {}
    for slot in program.tape.weights:
        layer, role = slot.tensor.name.split("/")
        index = [item.id for item in network.layers].index(layer) - 1
        name = f"{index}/{role}"
        names[name] = slot.tensor.name
        program.set_weights({slot.tensor.name: cases.weight_values(case, name, slot.tensor.shape)})
    return names


# ---- layers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases.LAYERS, ids=[c.name for c in cases.LAYERS])
def test_a_layer_predicts_as_keras(case: cases.LayerCase) -> None:
    network = chain(case.shape, *case.layers)
    program = Program(compile_network(network, "predict"), cases.ROWS)
    named_weights(case.name, network, program)
    program.feed([cases.layer_inputs(case)])
    program.run()
    (output,) = program.tape.outputs.values()
    assert close(program.tensor(output.name), of("layers", case.name)["predicted"])


TRAINED = [case for case in cases.LAYERS if case.training]


@pytest.mark.parametrize("case", TRAINED, ids=[c.name for c in TRAINED])
def test_a_layer_learns_as_keras(case: cases.LayerCase) -> None:
    network, expected = chain(case.shape, *case.layers), of("layers", case.name)
    # The mean over everything, as the other side takes it.
    loss = losses.get("mean_squared_error")
    sgd = optimizers.get({"kind": "SGD", "learning_rate": 0.0})
    program = Program(compile_network(network, "train", loss=loss, optimizer=sgd), cases.ROWS)
    names = named_weights(case.name, network, program)
    shape = expected["output"].shape
    target = cases.drawn(f"{case.name}: target").normal(size=shape).astype(np.float32)
    program.feed([cases.layer_inputs(case)], [target])
    program.run(first_computed(program))
    (output,) = program.tape.outputs.values()
    assert close(program.tensor(output.name), expected["output"])
    assert float(program.tensor("loss")) == pytest.approx(float(expected["loss"]), rel=1e-5)
    for name, tensor in names.items():
        if f"grad/{name}" in expected:
            assert close(program.tensor(f"grad/{tensor}"), expected[f"grad/{name}"]), name
        if f"after/{name}" in expected:
            assert close(program.tensor(tensor), expected[f"after/{name}"]), name


@pytest.mark.parametrize("case", TRAINED, ids=[c.name for c in TRAINED])
def test_the_gradient_of_the_input_is_keras_s(case: cases.LayerCase) -> None:
    expected = of("layers", case.name)
    if case.tokens or any(kind == "BatchNormalization" for kind, _ in case.layers):
        pytest.skip(
            "tokens have no gradient; a gradient through batch statistics is that of a layer before"
        )
    network = chain(case.shape, *case.layers)
    tape = compile_network(network, "explain", wrt="input", loss=losses.get("mean_squared_error"))
    program = Program(tape, cases.ROWS)
    named_weights(case.name, network, program)
    target = (
        cases.drawn(f"{case.name}: target").normal(size=expected["output"].shape).astype(np.float32)
    )
    program.feed([cases.layer_inputs(case)], [target])
    program.run()
    assert close(program.tensor("grad/input_1/x"), expected["grad/x"])


def first_computed(program: Program) -> int:
    return next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data")


def test_add_is_keras_s() -> None:
    branches = [
        cases.drawn(f"add {k}").normal(size=(cases.ROWS, 3)).astype(np.float32) for k in range(3)
    ]
    layers = [Layer(f"in_{k}", "InputLayer", f"in_{k}", {"shape": [3]}) for k in range(3)]
    nodes = [Node(layer.id, layer.id) for layer in layers]
    add = new_layer("Add")
    network = Network(
        "add", (*layers, add), (*nodes, Node(add.id, add.id, ("in_0", "in_1", "in_2"))), (add.id,)
    )
    program = Program(compile_network(network, "predict"), cases.ROWS)
    program.feed(branches)
    program.run()
    assert close(program.tensor(f"{add.id}/output"), of("layers", "add")["output"])


def test_add_joins_masks_as_keras() -> None:
    made = [
        Layer(f"layer_{k}", kind, f"layer_{k}", config)
        for k, (kind, config) in enumerate(cases.MASKED_ADD)
    ]
    inputs = [Layer(f"in_{k}", "InputLayer", f"in_{k}", {"shape": [6]}) for k in range(2)]
    add = new_layer("Add")
    nodes = [Node("in_0", "in_0"), Node("in_1", "in_1"), Node("layer_0", "layer_0", ("in_0",)),
             Node("layer_1", "layer_1", ("in_1",)), Node(add.id, add.id, ("layer_0", "layer_1")),
             Node("layer_2", "layer_2", (add.id,))]  # fmt: skip
    network = Network("masks", (*inputs, *made, add), tuple(nodes), ("layer_2",))
    program = Program(compile_network(network, "predict"), cases.ROWS)
    for slot in program.tape.weights:
        name = slot.tensor.name
        program.tensor(name)[...] = cases.weight_values(
            "masked add", name.removeprefix("layer_"), slot.tensor.shape
        )
    program.feed(cases.masked_add_inputs())
    program.run()
    assert close(program.tensor("layer_2/output"), of("layers", "masked add")["output"])


# ---- losses -------------------------------------------------------------------------------------------------------


def made_loss(case: cases.LossCase) -> Loss:
    loss = losses.get(case.loss)
    return type(loss)(from_logits=True) if case.from_logits else loss


@pytest.mark.parametrize("case", cases.LOSSES, ids=[c.name for c in cases.LOSSES])
def test_a_loss_is_keras_s(case: cases.LossCase) -> None:
    expected = of("losses", case.name)
    target, logits = cases.loss_inputs(case)
    network = chain((case.outputs,), ("Activation", {"activation": case.link or "linear"}))
    tape = compile_network(network, "explain", wrt="input", loss=made_loss(case))
    program = Program(tape, cases.ROWS)
    program.feed([logits], [target])
    program.run()
    assert float(program.tensor("loss")) == pytest.approx(float(expected["loss"]), rel=1e-5)
    (output,) = program.tape.outputs.values()
    given = target[:, 0] if case.loss.startswith("sparse") else target
    assert made_loss(case)(given, program.tensor(output.name)) == pytest.approx(
        float(expected["loss"]), rel=1e-5
    )
    if "grad" in expected:
        assert close(program.tensor("grad/input_1/x"), expected["grad"])


# ---- optimizers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_an_optimizer_steps_as_keras(name: str) -> None:
    optimizer: Optimizer = optimizers.get(cases.OPTIMIZERS[name])
    network = chain((3,), ("Dense", {"units": 2, "use_bias": False}))
    program = Program(
        compile_network(network, "train", loss=losses.get("mse"), optimizer=optimizer), 4
    )
    start = cases.weight_values(name, "w", (3, 2))
    program.set_weights({"dense_1/kernel": start})
    update = next(k for k, ins in enumerate(program.tape.instructions) if ins.phase == "update")
    alone = start.astype(np.float64)
    for gradient, expected in zip(
        cases.gradients(name), of("optimizers", name)["steps"], strict=True
    ):
        program.tensor("grad/dense_1/kernel")[...] = gradient
        program.run(update)
        program.state[S.ITERATION] += 1
        assert close(program.tensor("dense_1/kernel"), expected)
        optimizer.apply_gradients([(gradient.astype(np.float64), alone)])
        assert close(alone, expected)


# ---- training -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases.TRAININGS, ids=[c.name for c in cases.TRAININGS])
def test_twenty_steps_of_training_are_keras_s(case: cases.TrainingCase) -> None:
    expected = of("training", case.name)
    network = chain(case.shape, *case.layers)
    x, y = cases.training_data(case)
    samples = prepare(x, y, losses.get(case.loss), case.outputs)
    training = Training(optimizer=dict(case.optimizer), loss=case.loss, batch_size=case.batch_size)
    run = Run(network, training, samples=samples)
    names = named_weights(case.name, network, run.program)
    run.program.state[S.SHUFFLE] = 0
    seen = []
    while run.position.step < cases.TRAINING_STEPS:
        assert run.advance(1) == 1
        seen.append(float(run.program.tensor("loss")))
    assert np.array(seen) == pytest.approx(expected["losses"], rel=2e-5)
    for name, tensor in names.items():
        assert close(run.program.tensor(tensor), expected[f"last/{name}"], 2e-5), name


@pytest.mark.conformance
def test_keras_still_says_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-W", "ignore", "-m", "tests.core.golden.make_golden", str(tmp_path)]
    subprocess.run(command, check=True, cwd=cases.FOLDER.parents[2], timeout=600)
    for name in cases.FILES:
        with np.load(tmp_path / f"{name}.npz", allow_pickle=False) as fresh:
            assert set(fresh.files) == set(stored(name))
            for key in fresh.files:
                if key != "versions":
                    assert close(fresh[key], stored(name)[key], 1e-5), key
