"""Generated code of activations, dropout and noise: it compiles everywhere, and where PyTorch is, it agrees."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import activations
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Layer, Network, Node, Training, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.networks import chain

IMAGE, SEQUENCE, LIST = (3, 4, 2), (4, 3), (5,)
TRAINING = Training(loss="mean_squared_error", metrics=())
CASES: list[tuple[tuple[int, ...], str, dict[str, Any]]] = [
    *((IMAGE, "Activation", {"activation": name}) for name in activations.names()),
    *((LIST, "Activation", {"activation": name}) for name in activations.names()),
    (LIST, "ReLU", {}),
    (LIST, "ReLU", {"negative_slope": 0.2}),
    (LIST, "ReLU", {"max_value": 0.5}),
    (IMAGE, "ReLU", {"max_value": 0.5, "negative_slope": 0.2, "threshold": 0.25}),
    (IMAGE, "LeakyReLU", {"negative_slope": 0.1}),
    (LIST, "ELU", {"alpha": 0.7}),
    (IMAGE, "PReLU", {"shared_axes": [1, 2]}),
    (IMAGE, "PReLU", {"shared_axes": [2, 3]}),
    (SEQUENCE, "PReLU", {}),
    (IMAGE, "Softmax", {}),
    (IMAGE, "Softmax", {"axis": 1}),
    (IMAGE, "Softmax", {"axis": 2}),
    (IMAGE, "Softmax", {"axis": [1, 3]}),
    (SEQUENCE, "Softmax", {"axis": [1, 2]}),
    (IMAGE, "Dropout", {"rate": 0.5, "noise_shape": [None, 1, 4, 1]}),
    (SEQUENCE, "Dropout", {"rate": 0.5, "noise_shape": [1, 1], "seed": 4}),
    (LIST, "Dropout", {"rate": 0.5}),
    (SEQUENCE, "SpatialDropout1D", {"rate": 0.5}),
    (IMAGE, "SpatialDropout2D", {"rate": 0.5}),
    (LIST, "GaussianNoise", {"stddev": 0.5, "seed": 4}),
]  # fmt: skip
each = pytest.mark.parametrize(("shape", "kind", "config"), CASES)


def alpha_of(program: Program) -> np.ndarray | None:
    slots = program.tape.weights
    if not slots:
        return None
    shape = slots[0].tensor.shape
    return np.linspace(-0.5, 0.5, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def ours(network: Network, x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    program = Program(compile_network(network, "predict"), len(x))
    alpha = alpha_of(program)
    if alpha is not None:
        program.set_weights({program.tape.weights[0].tensor.name: alpha})
    program.feed([x])
    program.run()
    (output,) = program.tape.outputs.values()
    return program.tensor(output.name).copy(), alpha


@each
def test_the_code_is_python(shape: tuple[int, ...], kind: str, config: dict[str, Any]) -> None:
    network = chain(shape, (kind, config))
    for text in (keras(network, TRAINING), pytorch(network, TRAINING)):
        compile(text, "generated.py", "exec")


def test_keras_code_tells_what_keras_has_no_name_for() -> None:
    network = chain(
        LIST, ("Dense", {"units": 2, "activation": "arctan"}), ("Activation", {"activation": "binary_step"})
    )  # fmt: skip
    text = keras(network, TRAINING)
    assert "layers.Dense(2, activation=keras.ops.arctan)" in text
    assert "layers.Activation(binary_step)" in text
    assert text.index("def binary_step") < text.index("keras.Sequential")
    assert "custom_gradient" not in keras(chain(LIST, ("Dense", {"units": 2})), TRAINING)


def test_a_mask_of_ones_stays_a_shape() -> None:
    network = chain((1,), ("Dropout", {"rate": 0.5, "noise_shape": [1, 1]}))
    assert "noise_shape=(1, 1)" in keras(network, TRAINING)


@pytest.mark.conformance
@each
def test_both_codes_compute_what_the_engine_does(
    shape: tuple[int, ...], kind: str, config: dict[str, Any], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    network = chain(shape, (kind, config))
    x = np.random.default_rng(5).normal(size=(6, *shape)).astype(np.float32)
    expected, alpha = ours(network, x)
    for name, write in (("torch", pytorch), ("keras", keras)):
        path = tmp_path / f"{name}.py"
        path.write_text(write(network, TRAINING), encoding="utf-8")
        lines = path.read_text(encoding="utf-8")
        # Without a parameter there is nothing to optimize, and only the model is wanted.
        path.write_text(lines.split("optimizer =")[0].split("model.compile")[0], encoding="utf-8")
        model = runpy.run_path(str(path))["model"]
        if name == "torch":
            model.eval()
            for parameter in model.parameters():
                values = alpha.transpose(2, 0, 1) if alpha.ndim == 3 else alpha
                parameter.data[...] = torch.tensor(values.copy())
            found = model(torch.tensor(x)).detach().numpy()
        else:
            if alpha is not None:
                model.set_weights([alpha])
            found = model(x, training=False).detach().numpy()
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6), name


@pytest.mark.conformance
@pytest.mark.parametrize(("shape", "mask", "axis"), [
    (IMAGE, (3, 1, 2), [1, 2]), (SEQUENCE, SEQUENCE, -1), (IMAGE, (1, 4, 1), 2)])  # fmt: skip
def test_both_codes_leave_out_what_is_masked(
    shape: tuple[int, ...], mask: tuple[int, ...], axis: Any, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    layers = [Layer("x", "InputLayer", "x", {"shape": list(shape)}),
              Layer("m", "InputLayer", "m", {"shape": list(mask)}), new_layer("Softmax", axis=axis)]  # fmt: skip
    end = layers[-1].id
    nodes = (Node("x", "x"), Node("m", "m"), Node(end, end, ("x", "m")))
    network = Network("masked", tuple(layers), nodes, (end,))
    rng = np.random.default_rng(2)
    given = [rng.normal(size=(3, *s)).astype(np.float32) for s in (shape, mask)]
    program = Program(compile_network(network, "predict"), 3)
    program.feed(given)
    program.run()
    expected = program.tensor(f"{end}/output")
    for name, write in (("torch", pytorch), ("keras", keras)):
        path = tmp_path / f"{name}.py"
        lines = write(network, TRAINING)
        path.write_text(lines.split("optimizer =")[0].split("model.compile")[0], encoding="utf-8")
        model = runpy.run_path(str(path))["model"]
        tensors = [torch.tensor(x) for x in given]
        found = model(*tensors) if name == "torch" else model(tensors)
        assert found.detach().numpy() == pytest.approx(expected, rel=1e-5, abs=1e-6), name


@pytest.mark.conformance
def test_both_codes_learn_by_the_perceptron_rule(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = chain((3,), ("Activation", {"activation": "binary_step"}))
    for name, write in (("torch", pytorch), ("keras", keras)):
        path = tmp_path / f"{name}.py"
        lines = write(network, TRAINING)
        path.write_text(lines.split("optimizer =")[0].split("model.compile")[0], encoding="utf-8")
        model = runpy.run_path(str(path))["model"]
        x = torch.tensor([[-1.0, 0.0, 2.0]], requires_grad=True)
        y = model(x)
        assert y.tolist() == [[0.0, 1.0, 1.0]]
        (y * torch.tensor([[3.0, 4.0, 5.0]])).sum().backward()
        assert x.grad.tolist() == [[3.0, 4.0, 5.0]]
