"""Misspelt names are answered with what was probably meant."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest

import core
from core import data, layers, losses, metrics, naming, optimizers, templates
from core.errors import ChainruleError
from core.layers import registry


@pytest.mark.parametrize(
    ("name", "options", "meant"),
    [
        ("reul", ["relu", "selu", "elu"], "relu"),
        ("Conv2d", ["Conv1D", "Conv2D", "Conv2DTranspose"], "Conv2D"),
        ("max_pooling2d", ["AveragePooling2D", "MaxPooling2D"], "MaxPooling2D"),
        ("xavier_normal", ["he_normal", "glorot_normal"], "glorot_normal"),
        ("kaiming_uniform", ["he_uniform", "lecun_uniform"], "he_uniform"),
        ("MeanSquareError", ["mean_squared_error", "mean_absolute_error"], "mean_squared_error"),
        ("lr", ["learning_rate", "momentum"], "learning_rate"),
        ("adma", ["SGD", "Adam", "AdamW", "Adamax", "Nadam"], "Adam"),
        ("sdg", ["SGD", "Adam"], "SGD"),
        ("entirely different", ["relu", "elu"], ""),
        ("", ["relu"], ""),
    ],
)
def test_the_closest_name(name: str, options: list[str], meant: str) -> None:
    assert naming.closest(name, options) == meant


def small() -> core.Sequential:
    return core.Sequential([core.Input((2,)), layers.Dense(1, name="last")])


@pytest.mark.parametrize(
    ("ask", "meant"),
    [
        (lambda: registry.kind("Dense2"), "Dense"),
        (lambda: layers.Dense(2, activaton="relu"), "activation"),
        (lambda: layers.Conv2D(2, 3, padding="sam"), "same"),
        (lambda: optimizers.get("adan"), "Adam"),
        (lambda: losses.get("catgorical_crossentropy"), "categorical_crossentropy"),
        (lambda: metrics.check("acuracy"), "accuracy"),
        (lambda: optimizers.SGD(momentun=0.9), "momentum"),
        (lambda: data.load("spiral"), "spirals"),
        (lambda: data.load("xor", sample=3), "samples"),
        (lambda: templates.load("digits-cn"), "digits-cnn"),
        (lambda: small().get_layer("lost"), "last"),
        (lambda: layers.Dense(2, activation="reul"), "relu"),
        (lambda: layers.Bidirectional({"class_name": "LTSM", "config": {"units": 2}}), "LSTM"),
        (lambda: core.activations.get("sigmod"), "sigmoid"),
        (lambda: layers.Dense(2, bias_initializer="zeroes"), "zeros"),
        (lambda: layers.Dense(2, kernel_regularizer="L_2"), "l2"),
        (lambda: layers.Dense(2, kernel_initializer="he"), "he_uniform"),
        (lambda: small().compile(optimiser="sgd", loss="mse"), "optimizer"),
        (lambda: small().fit([[1, 2]], [[1]], epoch=3), "epochs"),
        (lambda: small().fit([[1, 2]], [[1]], batchsize=3), "batch_size"),
        (lambda: small().evaluate([[1, 2]], [[1]], batchsize=3), "batch_size"),
        (lambda: core.Sequential([layers.Dense(1)]).compile("sgd", "mse", metric="acc"), "metrics"),
        (lambda: layers.Dense(2, kernel_initializer="xavier"), "glorot_uniform"),
    ],
)
def test_an_unknown_name_is_answered_with_the_closest(ask: Callable[[], Any], meant: str) -> None:
    with pytest.raises(ChainruleError, match="Did you mean") as refused:
        ask()
    assert f"Did you mean {meant!r}?" in str(refused.value)


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: layers.Dens, "core.layers has no 'Dens'. Did you mean 'Dense'?"),
        (lambda: core.optimizers.Adan, "core.optimizers has no 'Adan'. Did you mean 'Adam'?"),
        (
            lambda: core.initializers.Zeroes,
            "core.initializers has no 'Zeroes'. Did you mean 'Zeros'?",
        ),
        (lambda: core.regularizers.L_1, "core.regularizers has no 'L_1'. Did you mean 'L1'?"),
        (lambda: core.Sequental, "core has no 'Sequental'. Did you mean 'Sequential'?"),
        (lambda: core.losses.Hubert, "core.losses has no 'Hubert'. Did you mean 'Huber'?"),
        (
            lambda: core.activations.sigmod,
            "core.activations has no 'sigmod'. Did you mean 'sigmoid'?",
        ),
        (
            lambda: core.losses.MSE,
            "core.losses has no 'MSE'. Did you mean 'mean_squared_error'? (compile(loss='mse') is fine.)",
        ),
        (
            lambda: core.callbacks.EarlyStoping,
            "core.callbacks has no 'EarlyStoping'. Did you mean 'EarlyStopping'?",
        ),
        (
            lambda: core.metrics.Precison,
            "core.metrics has no 'Precison'. Did you mean 'Precision'?",
        ),
        (
            lambda: core.metrics.MAE,
            "core.metrics has no 'MAE'. Did you mean 'mean_absolute_error'? (compile(metrics=['mae']) is fine.)",
        ),
        (
            lambda: core.optimizers.schedules.ExponentialDecai,
            "core.optimizers.schedules has no 'ExponentialDecai'. Did you mean 'ExponentialDecay'?",
        ),
    ],
)
def test_what_a_module_has_not_is_answered_with_the_closest(
    ask: Callable[[], Any], text: str
) -> None:
    with pytest.raises(AttributeError) as refused:
        ask()
    assert str(refused.value) == text


def test_a_choice_tells_that_none_is_one_too() -> None:
    with pytest.raises(ChainruleError, match="concat, sum, mul, ave, None"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="add")


@pytest.mark.parametrize(
    ("module", "has", "hides"),
    [
        ("core", ["Sequential", "layers", "datasets"], ["importlib", "TYPE_CHECKING"]),
        ("core.activations", ["relu", "gelu", "get"], ["importlib", "Any"]),
        ("core.layers", ["Dense", "GRU"], ["no_attribute"]),
        ("core.losses", ["Huber", "mean_squared_error"], ["no_attribute"]),
        ("core.optimizers", ["Adam", "schedules"], ["no_attribute"]),
        ("core.optimizers.schedules", ["CosineDecay", "StepDecay"], ["no_attribute"]),
        ("core.schedules", ["CosineDecay"], ["no_attribute"]),
        ("core.initializers", ["HeNormal", "he_normal"], ["zlib", "LstmForgetBias"]),
        ("core.regularizers", ["L1L2", "l1_l2", "l2"], ["Any"]),
        ("core.callbacks", ["EarlyStopping"], ["np"]),
        ("core.metrics", ["names"], ["Any"]),
    ],
)
def test_completion_offers_what_a_module_has(module: str, has: list[str], hides: list[str]) -> None:
    found = importlib.import_module(module)
    listed = dir(found)
    assert set(has) <= set(listed)
    assert not set(hides) & set(listed)
    assert all(hasattr(found, name) for name in listed)


def test_keras_has_lower_case_names_and_schedules_with_its_optimizers() -> None:
    regularizers, initializers = core.regularizers, core.initializers
    assert regularizers.l2(0.02) == regularizers.L2(0.02)
    assert regularizers.l1_l2(l1=0.1) == regularizers.L1L2(0.1, 0.0)
    assert initializers.he_normal(seed=3) == initializers.HeNormal(3)
    assert layers.Dense(2, kernel_initializer=initializers.zeros)["kernel_initializer"] == "zeros"
    found = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    assert found == core.schedules.ExponentialDecay(0.1, 10, 0.5)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"run_eagerly": True}, r"run_eagerly can only be False; it is True. Leave"),
        ({"steps_per_execution": 4}, "steps_per_execution can only be 1; it is 4"),
        ({"jit_compile": "xla"}, "jit_compile can only be 'auto' or True or False"),
        ({"auto_scale_loss": [1]}, "auto_scale_loss can only be True or False"),
    ],
)
@pytest.mark.parametrize("built", [True, False])
def test_arguments_that_say_how_keras_computes_are_refused(
    wrong: dict[str, Any], sentence: str, built: bool
) -> None:
    model = small() if built else core.Sequential([layers.Dense(1)])
    with pytest.raises(ChainruleError, match=sentence):
        model.compile("sgd", "mse", **wrong)


@pytest.mark.parametrize("built", [True, False])
def test_arguments_that_change_nothing_are_taken_in_the_order_of_keras(built: bool) -> None:
    model = small() if built else core.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse", None, ["mae"], None, False, 1, "auto", True)
    model.compile("sgd", "mse", run_eagerly=False, jit_compile=False, auto_scale_loss=False)
    order = [name for name in inspect.signature(core.Model.compile).parameters if name != "wrong"]
    assert order == ["self", "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics",
                     "run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "many"),
    [
        ("loss", "losses"),
        ("data set", "data sets"),
        ("setting of a run", "settings of a run"),
        ("metric to compare", "metrics to compare"),
        ("layer that is measured", "layers that are measured"),
        ("argument of this optimizer", "arguments of this optimizer"),
        ("callback of a project", "callbacks of a project"),
    ],
)
def test_of_a_noun_that_goes_on_the_noun_has_the_plural(what: str, many: str) -> None:
    assert f" Known {many}: one, two." in naming.unknown(what, "three", ["one", "two"])


def test_of_many_names_only_the_closest_are_listed_where_one_is_close() -> None:
    known = [f"dense_{k}.units" for k in range(30)] + ["optimizer.learning_rate"]
    told = naming.unknown("setting", "optimizer.lerning_rate", known)
    assert "Did you mean 'optimizer.learning_rate'? The closest of 31 known settings: opt" in told
    assert told.count(",") == 4
    # Where nothing is close all are told.
    assert naming.unknown("setting", "?!", known).count(",") == 30


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: core.schedules.ExponentialDecay(0.1),
            r"ExponentialDecay needs decay_steps and decay_rate: ExponentialDecay\(initial_learning_rate, decay_st",
        ),
        (lambda: metrics.MeanMetricWrapper(), r"MeanMetricWrapper needs fn: Mean"),
        (lambda: metrics.BinaryAccuracy(treshold=1), "BinaryAccuracy has no argument 'treshold'. Did you mean 'thr"),
        (lambda: core.regularizers.L1(0.1, 0.2), "L1 takes 1 argument; 2 are given"),
        (lambda: core.initializers.RandomNormal(0.1, mean=2), "RandomNormal is given mean twice"),
        (lambda: metrics.get({"class_name": "MeanMetricWrapper"}), "MeanMetricWrapper needs fn"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_an_object_are_told_by_its_name(
    make: Callable[[], Any], sentence: str
) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        make()


def _classes() -> list[Any]:
    families = (
        core.callbacks, core.metrics, core.schedules, core.optimizers, core.losses, core.layers,
    )  # fmt: skip
    found = {
        one: None
        for family in families
        for name in family.__all__
        if inspect.isclass(one := getattr(family, name))
    }
    return list(found)


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_an_argument_that_nobody_has_is_told_by_name(kind: Any) -> None:
    if kind.__init__ is object.__init__ or inspect.isabstract(kind) or kind.__name__ in _BASES:
        pytest.skip("nobody makes one")
    with pytest.raises(ChainruleError, match="zzqx"):
        kind(zzqx=1)


#: Classes to write one's own of, and what fit and layers make themselves.
_BASES = {"Callback", "CallbackList", "Measured", "Weight"}


def test_an_error_inside_a_constructor_is_not_taken_for_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="inside"):
        _Broken()


class _Broken(core.regularizers.Regularizer):
    def __init__(self) -> None:
        raise TypeError("inside")
