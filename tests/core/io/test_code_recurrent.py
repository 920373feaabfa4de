"""Recurrent layers in generated code: the same numbers in PyTorch, a sentence where it has no such layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import losses, optimizers
from core.errors import ChainruleError
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Layer, Network, Node, Training, new_layer
from tests.core.io.written import run_written
from tests.core.networks import chain
from tests.core.subjects import bound

TRAINING = Training(loss="mean_squared_error")


def graph(kind: str) -> Network:
    """An encoder whose last states begin a decoder."""
    made = {
        "x": new_layer("Input", shape=[5, 2]),
        "y": new_layer("Input", shape=[3, 2]),
        "encoder": new_layer(kind, units=3, return_state=True),
        "decoder": new_layer(kind, units=3, return_sequences=True, go_backwards=True),
        "end": new_layer("Dense", units=2),
    }
    states = ("encoder:1", "encoder:2") if kind == "LSTM" else ("encoder:1",)
    inputs = {"encoder": ("x",), "decoder": ("y", *states), "end": ("decoder",)}
    return Network(
        "graph",
        tuple(Layer(key, layer.kind, key, layer.config) for key, layer in made.items()),
        tuple(Node(key, key, inputs.get(key, ())) for key in made),
        ("end", states[-1]),
    )


def torch_weights(network: Network, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Weights under PyTorch's names."""
    import torch

    found = {}
    for name, values in weights.items():
        layer, _, role = name.partition("/")
        document = network.layer(layer)
        kind, inside = document.kind, document.config.get("layer")
        if inside:
            kind = inside["class_name"]
        if "/" in role:
            layer, role = f"{layer}_{role.partition('/')[0]}", role.partition("/")[2]
        if kind == "GRU":
            z, r, h = np.split(values, 3, -1)
            values = np.concatenate([r, z, h], -1)
        if kind == "Dense":
            found[f"{layer}.{'weight' if role == 'kernel' else 'bias'}"] = values.T
        elif role == "bias" and values.ndim == 2:
            found[f"{layer}.bias_ih_l0"], found[f"{layer}.bias_hh_l0"] = values
        elif role == "bias":
            found[f"{layer}.bias_ih_l0"] = values
            found[f"{layer}.bias_hh_l0"] = np.zeros_like(values)
        else:
            found[f"{layer}.weight_{'ih' if role == 'kernel' else 'hh'}_l0"] = values.T
    return {key: torch.tensor(np.ascontiguousarray(v)) for key, v in found.items()}


def both_ways(kind: str, mode: str) -> Network:
    """Two directions, and a list at every time step."""
    many = {"class_name": kind, "config": {"units": 3, "return_sequences": True}}
    return chain(
        (4, 2),
        ("Bidirectional", {"layer": many, "merge_mode": mode}),
        ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3}}}),
        ("Bidirectional", {"layer": {"class_name": kind, "config": {"units": 2}}}),
    )


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_pytorch_computes_the_same(kind: str) -> None:
    torch = pytest.importorskip("torch")
    single = chain((4, 2), (kind, {"units": 3, "return_sequences": True}), (kind, {"units": 2}))
    ways = [both_ways(kind, mode) for mode in ("concat", "sum", "mul", "ave")]
    for network in (graph(kind), single, *ways):
        names = run_written(pytorch(network, TRAINING).partition("\n\nmodel = Network()")[0])
        module = names["Network"]()
        program = bound(network, None, mode="predict", dtype=np.float32)
        inputs = [torch.tensor(program.tensor(t.name).copy()) for t in program.tape.inputs.values()]
        program.run()
        module.load_state_dict(torch_weights(network, program.weights()))
        given = module(*inputs)
        theirs = given if isinstance(given, tuple) else (given,)
        for mine, other in zip(program.tape.outputs.values(), theirs, strict=True):
            assert program.tensor(mine.name) == pytest.approx(other.detach().numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"activation": "relu"}, "activation is relu"),
        ({"recurrent_activation": "tanh"}, "gates have the activation tanh"),
        ({"reset_after": False}, "reset gate"),
        ({"recurrent_dropout": 0.5}, "recurrent_dropout"),
        ({"stateful": True}, "keeps no states"),
    ],
)
def test_what_pytorch_lacks_is_said(config: dict[str, Any], why: str) -> None:
    with pytest.raises(ChainruleError, match=why):
        pytorch(chain((4, 2), ("GRU", {"units": 3, **config})), TRAINING)


def test_keras_code_names_every_output() -> None:
    code = keras(graph("LSTM"), TRAINING)
    assert "encoder, encoder_1, encoder_2 = layers.LSTM(3, return_state=True)(x)" in code
    assert "(y, initial_state=[encoder_1, encoder_2])" in code
    assert "keras.Model([x, y], [end, encoder_2])" in code


def test_keras_code_writes_layers_inside_of_layers() -> None:
    code = keras(both_ways("LSTM", "sum"), TRAINING)
    assert "layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode='sum')" in code
    assert "layers.TimeDistributed(layers.Dense(3))" in code


def test_keras_code_of_lasting_states_says_the_batch_size() -> None:
    code = keras(chain((4, 2), ("GRU", {"units": 3, "stateful": True})), TRAINING)
    assert "keras.Input(shape=(4, 2), batch_size=32)" in code
    assert "shuffle=False" in code


def test_truncated_backpropagation_is_not_written() -> None:
    training = Training(loss="mean_squared_error", truncated_bptt_steps=3)
    for write in (keras, pytorch):
        with pytest.raises(ChainruleError, match="after every 3 time steps"):
            write(chain((4, 2), ("GRU", {"units": 3})), training)


@pytest.mark.conformance
def test_keras_runs_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    for network in (graph("GRU"), both_ways("SimpleRNN", "ave")):
        names = run_written(keras(network, TRAINING).partition("model.compile(")[0])
        program = bound(network, None, mode="predict", dtype=np.float32)
        inputs = [program.tensor(t.name).copy() for t in program.tape.inputs.values()]
        program.run()
        names["model"].set_weights(list(program.weights().values()))
        given = names["model"](inputs if len(inputs) > 1 else inputs[0])
        theirs = given if isinstance(given, (list, tuple)) else [given]
        for mine, other in zip(program.tape.outputs.values(), theirs, strict=True):
            assert program.tensor(mine.name) == pytest.approx(other.detach().numpy(), abs=1e-5)


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["mean_squared_error", "huber"])
def test_pytorch_trains_several_outputs_as_we_do(name: str) -> None:
    torch = pytest.importorskip("torch")
    network = graph("LSTM").configure("end", kernel_regularizer="l2")
    training = Training(loss=name, metrics=(), optimizer={"kind": "SGD", "learning_rate": 0.1})
    made = run_written(pytorch(network, training))
    loss, optimizer = losses.get(name), optimizers.get(dict(training.optimizer))
    program = bound(network, loss, mode="train", dtype=np.float32, optimizer=optimizer)
    program.run(0, 1)
    tape = program.tape
    xs, ys = ([torch.tensor(program.tensor(t.name).copy()) for t in found.values()]
              for found in (tape.inputs, tape.targets))  # fmt: skip
    before = torch_weights(network, program.weights())
    made["model"].load_state_dict({key: value.clone() for key, value in before.items()})
    program.run()
    outputs = tape.outputs.values()
    shaped = [y.reshape(-1, *out.shape) for y, out in zip(ys, outputs, strict=True)]
    assert made["train_on_batch"](xs, shaped) == pytest.approx(
        float(program.tensor("loss")), rel=1e-5
    )
