"""What works and is seldom meant is told, with the likely network; what is usual is not."""

from __future__ import annotations

from typing import Any

import pytest

import core
from core import layers, templates
from core.errors import AdviceWarning
from core.spec import Network, inspect
from tests.core.networks import chain

Kinds = tuple[tuple[str, dict[str, Any]], ...]
SOFTMAX = {"units": 3, "activation": "softmax"}
RELU = {"units": 4, "activation": "relu"}
SPARSE = "sparse_categorical_crossentropy"


def advice(network: Network, **known: Any) -> list[str]:
    found = inspect(network, **known)
    assert found.ok
    return [one.title for one in found.advice]


CASES: dict[str, tuple[tuple[int, ...], Kinds, dict[str, Any], str, str]] = {
    "dense on an image": ((8, 8, 1), (("Dense", RELU), ("Flatten", {}), ("Dense", SOFTMAX)), {},
                          "Works on the last axis", "Dense 'dense_1' gets an image of 8×8×1"),
    "dense on a table": ((8, 3), (("Dense", RELU), ("Flatten", {}), ("Dense", SOFTMAX)), {},
                         "Works on the last axis", "each of the 8 places, 3 numbers at a time"),
    "softmax of one": ((4,), (("Dense", {"units": 1, "activation": "softmax"}),), {},
                       "Softmax of one number", "always 1"),
    "softmax of one, a layer": ((4,), (("Dense", {"units": 1}), ("Softmax", {})), {},
                                "Softmax of one number", "Softmax 'softmax_1'"),
    "softmax inside": ((4,), (("Dense", SOFTMAX), ("Dense", SOFTMAX)), {},
                       "Softmax inside the network", "Dense 'dense_1'"),
    "two linear": ((4,), (("Dense", {"units": 3}), ("Dropout", {"rate": 0.2}), ("Dense", SOFTMAX)), {},
                   "No activation between", "before Dense 'dense_2'"),
    "alike": ((4,), (("Dense", {**RELU, "kernel_initializer": "zeros"}), ("Dense", SOFTMAX)), {},
              "All units alike", "as if there were one"),
    "alike, an object": ((4,), (("Dense", {**RELU, "kernel_initializer": {
        "class_name": "Constant", "config": {"value": 0.5}}}), ("Dense", SOFTMAX)), {}, "All units alike", "dense_1"),
    "a step inside": ((4,), (("Dense", {"units": 3, "activation": "binary_step"}), ("Dense", SOFTMAX)), {},
                      "A step inside the network", "slope is 0 everywhere"),
    "dropout at the end": ((4,), (("Dense", SOFTMAX), ("Dropout", {"rate": 0.5})), {},
                           "Dropout at the end", "Dropout 'dropout_1'"),
    "flat already": ((4,), (("Flatten", {}), ("Dense", SOFTMAX)), {}, "Nothing to flatten", "a list of 4 numbers"),
    "the mask ends": ((4,), (("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}), ("Flatten", {}),
                             ("Dense", SOFTMAX)), {}, "The mask ends here", "Flatten 'flatten_1' cannot pass"),
    "a batch of one": ((4,), (("BatchNormalization", {}), ("Dense", SOFTMAX)), {"batch_size": 1},
                       "A batch of one", "BatchNormalization 'batch_normalization_1'"),
    "all frozen": ((4,), (("Dense", {**RELU, "trainable": False}), ("BatchNormalization", {"trainable": False}),
                          ("Dense", {**SOFTMAX, "trainable": False})), {}, "Nothing learns", "such as Dense 'dense_2'"),
    "sigmoid for classes": ((4,), (("Dense", {"units": 3, "activation": "sigmoid"}),),
                            {"loss": "categorical_crossentropy"}, "Not a softmax", "do not add up to 1"),
    "numbers for classes": ((4,), (("Dense", {"units": 3}),), {"loss": SPARSE}, "Not a softmax", "from_logits=True"),
    "softmax for yes and no": ((4,), (("Dense", SOFTMAX),), {"loss": "binary_crossentropy"},
                               "Softmax with a loss of yes and no", "categorical_crossentropy"),
    "relu for yes and no": ((4,), (("Dense", {"units": 1, "activation": "relu"}),), {"loss": "binary_crossentropy"},
                            "Not a sigmoid", "relu, the activation of Dense 'dense_1'"),
    "one output for classes": ((4,), (("Dense", {"units": 1, "activation": "sigmoid"}),), {"loss": SPARSE},
                               "One output for classes", "binary_crossentropy"),
    "softmax twice": ((4,), (("Dense", SOFTMAX),), {"loss": {
        "class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}}, "Softmax twice", "again"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_seldom_meant_is_told(name: str) -> None:
    shape, kinds, known, title, part = CASES[name]
    found = inspect(chain(shape, *kinds), **known)
    assert [one.title for one in found.advice] == [title]
    (one,) = found.advice
    assert part in one.sentence
    assert one.sentence.endswith(".")
    if one.fix is not None:
        repaired = inspect(one.fix.network, **known)
        assert repaired.ok
        assert title not in [other.title for other in repaired.advice]


USUAL: dict[str, tuple[tuple[int, ...], Kinds, dict[str, Any]]] = {
    "mlp": ((4,), (("Dense", RELU), ("Dropout", {"rate": 0.5}), ("Dense", SOFTMAX)), {"loss": SPARSE}),
    "cnn": ((8, 8, 1), (("Conv2D", {"filters": 2, "kernel_size": 3, "activation": "relu"}), ("MaxPooling2D", {}),
                        ("Flatten", {}), ("Dense", SOFTMAX)), {"loss": "categorical_crossentropy"}),
    "yes or no": ((2,), (("Dense", {"units": 1, "activation": "sigmoid"}),), {"loss": "binary_crossentropy"}),
    "a line": ((1,), (("Dense", {"units": 1}),), {"loss": "mean_squared_error"}),
    "logits": ((4,), (("Dense", {"units": 3}),), {"loss": {
        "class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}}),
    "zeros at the end": ((4,), (("Dense", {**SOFTMAX, "kernel_initializer": "zeros"}),), {"loss": SPARSE}),
    "a perceptron": ((2,), (("Dense", {"units": 1, "activation": "binary_step"}),), {"loss": "half_squared_error"}),
    "a reader": ((4,), (("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}), ("LSTM", {"units": 3}),
                        ("Dense", SOFTMAX)), {"loss": SPARSE}),
    "each step": ((4,), (("Embedding", {"input_dim": 5, "output_dim": 2}),
                         ("LSTM", {"units": 3, "return_sequences": True}), ("Dense", SOFTMAX)), {}),
    "activation by itself": ((4,), (("Dense", {"units": 3}), ("Activation", {"activation": "relu"}),
                                    ("Dense", SOFTMAX)), {"loss": SPARSE}),
    "one by one": ((1, 1, 5), (("Dense", RELU), ("Flatten", {}), ("Dense", SOFTMAX)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", USUAL)
def test_what_is_usual_is_passed_over(name: str) -> None:
    shape, kinds, known = USUAL[name]
    assert advice(chain(shape, *kinds), **known) == []


@pytest.mark.parametrize("name", templates.names())
def test_templates_need_no_advice(name: str) -> None:
    template = templates.load(name)
    assert advice(template.network, loss=template.training.loss) == []


def test_weights_given_number_by_number_are_not_alike() -> None:
    given = {"class_name": "Constant", "config": {"value": [[0.5, 0.1], [0.2, 0.3]]}}
    network = chain(
        (2,),
        ("Dense", {"units": 2, "activation": "tanh", "kernel_initializer": given}),
        ("Dense", SOFTMAX),
    )
    assert advice(network) == []


def test_a_network_with_a_problem_is_not_advised() -> None:
    found = inspect(chain((4,), ("Flatten", {}), ("Conv2D", {"filters": 1, "kernel_size": 1})))
    assert not found.ok
    assert found.advice == ()


def test_compile_warns_and_the_model_keeps_its_advice() -> None:
    model = core.Sequential([core.Input((4,)), layers.Dense(1, activation="softmax", name="last")])
    with pytest.warns(AdviceWarning, match="Dense 'last' has a softmax over one number"):
        model.compile(loss="mse")
    (sentence,) = model.advice
    assert "Use sigmoid" in sentence


def test_each_output_is_advised_for_its_own_loss() -> None:
    x = core.Input((4,))
    ends = [layers.Dense(2, activation="sigmoid", name=name)(x) for name in ("a", "b")]
    model = core.Model(x, ends)
    with pytest.warns(AdviceWarning, match="Dense 'b'"):
        model.compile(loss=["binary_crossentropy", "categorical_crossentropy"])
    assert len(model.advice) == 1
