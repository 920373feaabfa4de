"""The six networks on which the tape is proven: what is hard about a tape is in one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core import losses
from core.runs import Run
from core.runs.samples import Samples, prepare
from core.runs.targets import target_table
from core.spec import Layer, Network, Node, Training, new_layer
from core.tape.table_data import DataTable


def chain(shape: tuple[int, ...], *layers: tuple[str, dict[str, object]]) -> Network:
    """A chain from kinds and settings."""
    network = Network.chain("test", [new_layer("Input", shape=list(shape))])
    for kind, config in layers:
        network = network.insert(len(network.layers), new_layer(kind, network, **config))
    return network


def _run(network: Network, training: Training, x: np.ndarray, y: np.ndarray, outputs: int) -> Run:
    samples = prepare(x, y, losses.get(training.loss), outputs)
    return Run(network, training, samples=samples)


def _training(optimizer: str, loss: str, batch_size: int, **arguments: object) -> Training:
    return Training(
        optimizer={"kind": optimizer, **arguments}, loss=loss, batch_size=batch_size, seed=11
    )


def mlp_with_dropout_and_batch_normalization() -> Run:
    """Chance and statistics of the batch, with moving averages that are state."""
    rng = np.random.default_rng(1)
    network = chain(
        (6,),
        ("Dense", {"units": 9, "activation": "relu"}),
        ("BatchNormalization", {}),
        ("Dropout", {"rate": 0.3}),
        ("Dense", {"units": 5, "activation": "tanh"}),
        ("Dense", {"units": 3, "activation": "softmax"}),
    )
    training = _training("Adam", "sparse_categorical_crossentropy", 8, learning_rate=0.01)
    return _run(network, training, rng.normal(size=(40, 6)), rng.integers(0, 3, 40), 3)


def cnn() -> Run:
    """Padding, strides, overlapping pooling windows."""
    rng = np.random.default_rng(2)
    network = chain(
        (9, 8, 2),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "relu"}),
        ("ZeroPadding2D", {"padding": 1}),
        ("MaxPooling2D", {"pool_size": 2}),
        ("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}),
        ("Activation", {"activation": "tanh"}),
        ("MaxPooling2D", {"pool_size": 2, "strides": 1, "padding": "same"}),
        ("Flatten", {}),
        ("Dense", {"units": 4, "activation": "softmax"}),
    )
    training = _training(
        "SGD", "categorical_crossentropy", 6, learning_rate=0.05, momentum=0.9, nesterov=True
    )
    return _run(
        network, training, rng.normal(size=(30, 9, 8, 2)), np.eye(4)[rng.integers(0, 4, 30)], 4
    )


def masked_embedding_lstm() -> Run:
    """Time: unrolled steps, gradients summed over them, padded tokens that carry the state on."""
    rng = np.random.default_rng(3)
    tokens = rng.integers(1, 12, (24, 7))
    for row, length in enumerate(rng.integers(2, 8, 24)):
        tokens[row, length:] = 0
    network = chain(
        (7,),
        ("Embedding", {"input_dim": 12, "output_dim": 5, "mask_zero": True}),
        ("LSTM", {"units": 6, "return_sequences": True}),
        ("LSTM", {"units": 4}),
        ("Dense", {"units": 1, "activation": "sigmoid"}),
    )
    training = _training("Adam", "binary_crossentropy", 8, learning_rate=0.02)
    return _run(network, training, tokens, tokens[:, 0] % 2, 1)


def residual_network() -> Network:
    """A skip, a layer called twice, two outputs."""
    layers = {}
    for layer_id, kind, config in (
        ("input", "Input", {"shape": [4]}),
        ("shared", "Dense", {"units": 4, "activation": "tanh"}),
        ("add", "Add", {}),
        ("kind", "Dense", {"units": 3, "activation": "softmax"}),
        ("size", "Dense", {"units": 2}),
    ):
        made = new_layer(kind, **config)
        layers[layer_id] = Layer(layer_id, made.kind, layer_id, made.config)
    nodes = (
        Node("input", "input"),
        Node("once", "shared", ("input",)),
        Node("twice", "shared", ("once",)),
        Node("add", "add", ("once", "twice", "input")),
        Node("kind", "kind", ("add",)),
        Node("size", "size", ("twice",)),
    )
    return Network("residual", tuple(layers.values()), nodes, ("kind", "size"))


def residual_with_shared_weights_and_two_outputs() -> Run:
    """The network of `residual_network`, trained on two targets of one loss."""
    rng = np.random.default_rng(4)
    mse = losses.get("mean_squared_error")
    targets = [target_table(rng.random((25, n)), mse, n) for n in (3, 2)]
    samples = Samples([DataTable(rng.normal(size=(25, 4)))], targets)
    training = _training("Adam", "mean_squared_error", 5, learning_rate=0.01)
    return Run(residual_network(), training, samples=samples)


def partial_last_batch() -> Run:
    """23 samples in batches of 8: the last has 7, and one batch is a whole epoch's end."""
    rng = np.random.default_rng(5)
    network = chain((3,), ("Dense", {"units": 6, "activation": "sigmoid"}), ("Dense", {"units": 2}))
    training = _training("SGD", "half_squared_error", 8, learning_rate=0.02)
    return _run(network, training, rng.normal(size=(23, 3)), rng.normal(size=(23, 2)), 2)


RUNS: dict[str, Callable[[], Run]] = {
    "mlp": mlp_with_dropout_and_batch_normalization,
    "cnn": cnn,
    "lstm": masked_embedding_lstm,
    "residual": residual_with_shared_weights_and_two_outputs,
    "partial": partial_last_batch,
}


@dataclass(frozen=True)
class Everything:
    """All bits of a run that a learner can see or that matter for what comes next."""

    values: dict[str, bytes]
    position: tuple[int, int]


def everything(run: Run) -> Everything:
    """Every named tensor's valid rows, and the state block with the machine's vector."""
    values = {
        name: run.program.tensor(name).tobytes()
        for name, t in run.program.tape.tensors.items()
        if t.role != "scratch"
    }
    values["(state)"] = run.program.mem[: run.program.plan.state].tobytes()
    values["(machine)"] = run.program.state.tobytes()
    return Everything(values, (run.position.step, run.position.pc))


def differences(a: Everything, b: Everything) -> list[str]:
    """Names of what is not the same, bit for bit."""
    found = [name for name in a.values if a.values[name] != b.values[name]]
    return found + (["(position)"] if a.position != b.position else [])
