"""Generated code starts weights as the network does, and adds the same penalties."""

from __future__ import annotations

import pytest

from core import initializers
from core.errors import ChainruleError
from core.io.code_initializers import keras_value, torch_penalties, torch_start
from core.io.code_keras import keras
from core.io.code_pytorch import pytorch
from core.spec import Training
from tests.core.io.written import run_written
from tests.core.networks import chain

L2 = {"class_name": "L2", "config": {"l2": 0.5}}
L1L2 = {"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.2}}


def test_keras_code_makes_the_objects() -> None:
    start = initializers.Constant(0.5).to_document()
    network = chain((3,), ("Dense", {"units": 2, "kernel_initializer": start, "kernel_regularizer": L2,
                                     "bias_initializer": "ones", "bias_regularizer": "l1"}))  # fmt: skip
    text = keras(network, Training(loss="mean_squared_error"))
    assert "kernel_initializer=keras.initializers.Constant(value=0.5)" in text
    assert "kernel_regularizer=keras.regularizers.L2(l2=0.5)" in text
    assert "bias_initializer='ones'" in text
    assert repr(keras_value("constant", "initializer")) == "keras.initializers.Constant()"
    assert "bias_regularizer='l1'" in text


@pytest.mark.parametrize("name", initializers.names())
def test_keras_code_has_an_argument_for_every_initializer(name: str) -> None:
    made = initializers.get(name)
    document = {"class_name": type(made).__name__, "config": {}}
    assert (
        repr(keras_value(document, "initializer"))
        == f"keras.initializers.{document['class_name']}()"
    )


def test_pytorch_code_adds_the_penalties_to_the_loss() -> None:
    network = chain(
        (3,), ("Dense", {"units": 2, "kernel_regularizer": L1L2, "bias_regularizer": "l2"})
    )
    text = pytorch(network, Training(loss="mean_squared_error", metrics=()))
    penalties = (
        " + 0.1 * model.dense_1.weight.abs().sum() + 0.2 * model.dense_1.weight.square().sum()"
        " + 0.01 * model.dense_1.bias.square().sum()"
    )
    assert f"loss = F.mse_loss(y_pred, y){penalties}\n" in text


@pytest.mark.parametrize(
    ("kind", "setting"), [("LSTM", "kernel_regularizer"), ("Dense", "activity_regularizer")]
)
def test_a_penalty_pytorch_cannot_say_is_refused_by_name(kind: str, setting: str) -> None:
    with pytest.raises(ChainruleError, match=f"The {setting} of mine"):
        torch_penalties("mine", kind, "mine", {setting: "l2"})


def test_weights_given_number_by_number_are_written_down_and_turned_for_pytorch() -> None:
    given = initializers.Constant([[1, 2], [3, 4]]).to_document()
    assert repr(keras_value(given, "initializer")) == (
        "keras.initializers.Constant(value=[[1.0, 2.0], [3.0, 4.0]])"
    )
    network = chain((2,), ("Dense", {"units": 2, "kernel_initializer": given}))
    text = pytorch(network, Training(loss="mean_squared_error", metrics=()))
    assert "dense_1.weight.data.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).T)" in text
    with pytest.raises(ChainruleError, match="order of axes"):
        torch_start("weight", given)


@pytest.mark.conformance
def test_given_weights_are_pytorchs_turned_round() -> None:
    torch = pytest.importorskip("torch")
    weight = torch.nn.Linear(3, 2).weight
    given = initializers.Constant([[1, 2], [3, 4], [5, 6]])
    run_written(torch_start("weight", given, turned=True), torch=torch, weight=weight)
    assert weight.detach().numpy().T.tolist() == initializers.draw(given, (3, 2), 0, "w").tolist()


@pytest.mark.conformance
@pytest.mark.parametrize("name", [n for n in initializers.names() if n != "variance_scaling"])
def test_pytorch_starts_a_weight_with_the_same_spread(name: str) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    weight = torch.nn.Linear(300, 200).weight
    run_written(torch_start("weight", name), nn=torch.nn, weight=weight)
    mine = initializers.draw(name, (300, 200), 0, "w")
    theirs = weight.detach().numpy()
    assert theirs.std() == pytest.approx(mine.std(), rel=0.03, abs=1e-6)
    assert theirs.mean() == pytest.approx(mine.mean(), abs=1e-3)
