"""The engine of Chainrule: networks compiled to a tape of textbook steps.

Usable alone, from a notebook: the names, arguments, defaults and array layouts are Keras 3's (channels last,
``float32``). Importing the package costs a few milliseconds; Numba is imported with the first model that computes.

>>> import core
>>> from core import layers
>>> model = core.Sequential([core.Input((2,)), layers.Dense(3, activation="tanh"), layers.Dense(1)], seed=0)
>>> model.count_params()
13
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.checking import gradient_check
    from core.layers.input import Input
    from core.model import Model, load_model
    from core.sequential import Sequential

__all__ = ["Input", "Model", "Sequential", "gradient_check", "load_model"]

_SUBMODULES = {
    "activations",
    "callbacks",
    "data",
    "explain",
    "initializers",
    "io",
    "landscape",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "runs",
    "schedules",
    "spec",
    "studies",
    "tape",
    "templates",
    "trained",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that a window shows before Numba loads."""
    if name in _SUBMODULES:
        return importlib.import_module(f"core.{name}")
    if name == "datasets":
        return importlib.import_module("core.data")
    if name == "gradient_check":
        return importlib.import_module("core.checking").gradient_check
    if name == "Input":
        return importlib.import_module("core.layers.input").Input
    if name == "Sequential":
        return importlib.import_module("core.sequential").Sequential
    if name in __all__:
        return getattr(importlib.import_module("core.model"), name)
    from core.naming import no_attribute

    raise no_attribute("core", name, (*__all__, *_SUBMODULES, "datasets"))


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES, "datasets"})
