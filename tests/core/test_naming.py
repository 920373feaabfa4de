"""Misspelt names are answered with what was probably meant."""

from __future__ import annotations

import importlib
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


def test_arguments_that_only_keras_has_say_what_to_do() -> None:
    with pytest.raises(
        ChainruleError, match=r"compile takes no 'jit_compile' in this version. Leave"
    ):
        small().compile("sgd", "mse", jit_compile=True)
