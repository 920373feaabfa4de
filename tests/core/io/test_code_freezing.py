"""Frozen layers in generated code: what stays in Keras and in PyTorch is what stays here."""

from __future__ import annotations

from typing import Any

import pytest

from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Network, Training
from tests.core.io.written import run_written
from tests.core.networks import chain

LSTM = {"class_name": "LSTM", "config": {"units": 2}}
NETWORK = chain(
    (5, 3),
    ("LSTM", {"units": 4, "return_sequences": True}),
    ("Bidirectional", {"layer": {"class_name": "LSTM", "config": {"units": 2, "trainable": False}}}),
    ("Dense", {"units": 4, "activation": "relu", "trainable": False, "kernel_regularizer": "l2"}),
    ("BatchNormalization", {"trainable": False}),
    ("Dropout", {"rate": 0.5, "trainable": False}),
    ("Dense", {"units": 2}),
)  # fmt: skip
STAYS = {"bidirectional_1", "dense_1", "batch_normalization_1"}


def training(kind: str = "Adam", **more: Any) -> Training:
    return Training(loss="mean_squared_error", optimizer={"kind": kind, **more})


def test_keras_code_names_what_is_frozen() -> None:
    text = keras(NETWORK, training())
    assert "layers.Bidirectional(layers.LSTM(2, trainable=False))" in text
    assert "kernel_regularizer" in text
    assert "layers.BatchNormalization(trainable=False)" in text
    # Nothing of it would be frozen.
    assert "layers.Dropout(0.5)" in text
    assert text.count("trainable=False") == 3
    wrapped = NETWORK.configure("bidirectional_1", trainable=False)
    assert "Bidirectional(layers.LSTM(2, trainable=False), trainable=False)" in keras(
        wrapped, training()
    )


@pytest.mark.conformance
@pytest.mark.parametrize("thawed", [False, True])
def test_keras_code_counts_as_many_weights_that_learn(thawed: bool, capsys: Any) -> None:
    pytest.importorskip("keras")
    from core.spec import inspect

    network = NETWORK.configure("dense_1", trainable=thawed)
    made = run_written(keras(network, training()))
    learns = sum(w.numpy().size for w in made["model"].trainable_weights)
    assert learns == sum(row.trainable_parameters for row in inspect(network).rows)


CASES = [
    training(),
    training("RMSprop", clipnorm=0.5),
    training("SGD", momentum=0.9, global_clipnorm=0.1, weight_decay=0.01),
    training("Adamax", clipvalue=0.1),
]


@pytest.mark.conformance
@pytest.mark.parametrize("how", CASES, ids=[str(c.optimizer["kind"]) for c in CASES])
def test_pytorch_code_leaves_the_same_weights_alone(how: Training) -> None:
    torch = pytest.importorskip("torch")
    text = pytorch(NETWORK, how)
    assert "square().sum()" not in text
    made = run_written(text)
    model = made["model"]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(2):
        made["train_on_batch"](torch.randn(6, 5, 3), torch.randn(6, 2))
    moved = {
        name.rpartition(".")[0]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert moved == {"lstm_1", "dense_2"}
    owns = {name.rpartition(".")[0] for name in before}
    assert {
        name.removesuffix("_forward").removesuffix("_backward") for name in owns - moved
    } == STAYS


def test_pytorch_code_of_a_network_that_learns_says_nothing_of_it() -> None:
    network: Network = chain((4,), ("Dense", {"units": 2}))
    text = pytorch(network, training())
    assert "requires_grad" not in text
    assert "torch.optim.Adam(model.parameters()" in text
