"""The same numbers as Keras: losses, updates and whole trainings, from stored files; layers are in `test_layers`."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import core
from core import losses, optimizers
from core.kernels import state as S
from core.optimizers import Optimizer
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Network, Training
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden import cases, counting, freezing, layers, our_side
from tests.core.golden.layers.case import ROWS, weight_values
from tests.core.golden.optimizer_side import optimizer_error
from tests.core.networks import chain

FILES = (
    *(f"layers.{part}" for part in layers.PARTS if layers.cases_of(part)),
    "losses",
    "counting",
    "freezing",
    "optimizers",
    "schedules",
    "training",
)


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
        program.set_weights({slot.tensor.name: cases.start_weights(case, name, slot.tensor.shape)})
    return names


# ---- losses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases.LOSSES, ids=[c.name for c in cases.LOSSES])
def test_a_loss_is_keras_s(case: cases.LossCase) -> None:
    expected = of("losses", case.name)
    target, logits = cases.loss_inputs(case)
    weight = cases.loss_weights(case)
    network = chain(case.shape, ("Activation", {"activation": case.link or "linear"}))
    tape = compile_network(
        network, "check", wrt="input", loss=cases.made_loss(case), weighted=case.weighted
    )
    program = Program(tape, ROWS)
    program.feed([logits], [target], None if weight is None else [weight])
    program.run()
    assert float(program.tensor("loss")) == pytest.approx(float(expected["loss"]), rel=1e-5)
    (output,) = program.tape.outputs.values()
    assert cases.made_loss(case)(target, program.tensor(output.name), weight) == pytest.approx(
        float(expected["loss"]), rel=1e-5
    )
    if "grad" in expected:
        assert close(program.tensor("grad/input_1/x"), expected["grad"])


def test_every_loss_is_compared_with_keras() -> None:
    assert {case.loss for case in cases.LOSSES} == set(losses.names())


# ---- optimizers ---------------------------------------------------------------------------------------------------


def bound_of(name: str, dtype: str) -> float:
    """How close an optimizer has to come: in float64 Keras on PyTorch works out lengths of gradients in float32."""
    clipped = {"clipnorm", "global_clipnorm"} & set(cases.OPTIMIZERS[name])
    return 1e-5 if dtype == "float32" else 1e-6 if clipped else 1e-9


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_an_optimizer_makes_a_thousand_steps_as_keras_does(name: str, dtype: str) -> None:
    assert optimizer_error(name, dtype) <= bound_of(name, dtype)


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_an_optimizer_makes_the_same_steps_on_arrays(name: str) -> None:
    optimizer: Optimizer = optimizers.get(cases.OPTIMIZERS[name])
    alone = {
        key: weight_values(name, key, shape).astype(np.float64)
        for key, shape in cases.OPTIMIZED.items()
    }
    given, expected = cases.gradients(name), of("optimizers", name)
    for step in range(cases.OPTIMIZER_STEPS):
        pairs = [(given[key][step].astype(np.float64), w) for key, w in alone.items()]
        optimizer.apply_gradients(pairs)
        if step in cases.KEPT_STEPS:
            kept = cases.KEPT_STEPS.index(step)
            for key, w in alone.items():
                error = our_side.error(w, expected[f"float64/{key}"][kept])
                assert error <= bound_of(name, "float64")


# ---- what counts: weights of samples and classes, masks, weights of losses, and what is reported of it -----------


@pytest.mark.parametrize("name", counting.CASES)
def test_fit_reports_and_learns_what_keras_does(name: str) -> None:
    expected, found = of("counting", name), counting.CASES[name](core)
    assert set(found) == set(expected)
    for key, value in found.items():
        assert value == pytest.approx(expected[key], rel=2e-5, abs=2e-6), key


# ---- frozen layers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", freezing.CASES)
def test_what_is_frozen_stays_and_the_rest_learns_as_in_keras(name: str) -> None:
    expected, found = of("freezing", name), freezing.CASES[name](core)
    assert set(found) == set(expected)
    for key, value in found.items():
        assert close(value, expected[key], 1e-5), key


# ---- training -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases.TRAININGS, ids=[c.name for c in cases.TRAININGS])
def test_twenty_steps_of_training_are_keras_s(case: cases.TrainingCase) -> None:
    expected = of("training", case.name)
    network = chain(case.shape, *case.layers)
    x, y = cases.training_data(case)
    loss = losses.get(case.loss)
    given = y if loss.sparse else np.eye(case.outputs)[y]
    samples = prepare(x, given, loss, case.outputs)
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
@pytest.mark.parametrize("name", FILES)
def test_keras_still_says_the_same(tmp_path: Path, name: str) -> None:
    pytest.importorskip("torch")
    made = "tests.core.golden.make_golden"
    command = [sys.executable, "-W", "ignore", "-m", made, name, "--to", str(tmp_path)]
    subprocess.run(command, check=True, cwd=cases.FOLDER.parents[2], timeout=600)
    path = name.replace(".", "/") + ".npz"
    with (
        np.load(tmp_path / path, allow_pickle=False) as fresh,
        np.load(cases.FOLDER / path, allow_pickle=False) as old,
    ):
        assert set(fresh.files) == set(old.files)
        for key in fresh.files:
            if key == "versions":
                continue
            if fresh[key].dtype.kind in "US":
                assert (fresh[key] == old[key]).all(), key
            else:
                assert close(fresh[key], old[key], 1e-5), key
