"""Misspelt names are answered with what was probably meant."""

from __future__ import annotations

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
    ],
)
def test_what_a_module_has_not_is_answered_with_the_closest(
    ask: Callable[[], Any], text: str
) -> None:
    with pytest.raises(AttributeError) as refused:
        ask()
    assert str(refused.value) == text
