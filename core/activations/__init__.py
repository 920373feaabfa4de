"""Activation functions under their Keras names: one registry, and each as a function of arrays.

>>> from core import activations
>>> activations.relu([-1.0, 2.0])
array([0., 2.])
>>> activations.names()[:3]
('linear', 'binary_step', 'sigmoid')
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from core.activations.registry import Function, describe, get, names, resolve
from core.naming import no_attribute

if TYPE_CHECKING:
    from core.activations.functions import (
        arctan,
        binary_step,
        elu,
        exponential,
        gelu,
        hard_sigmoid,
        leaky_relu,
        linear,
        log_softmax,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        softmax,
        softplus,
        softsign,
        swish,
        tanh,
    )

__all__ = [
    "Function",
    "arctan",
    "binary_step",
    "describe",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "leaky_relu",
    "linear",
    "log_softmax",
    "names",
    "relu",
    "relu6",
    "resolve",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def __getattr__(name: str) -> Any:
    """The functions of arrays come with NumPy, which a form that lists names does not need."""
    if name in __all__:
        return getattr(importlib.import_module("core.activations.functions"), name)
    raise no_attribute("core.activations", name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
