"""Surfaces that are compared with symbolic ones, and ways that are compared with Keras's.

``python -m tests.core.landscape.make_golden`` asks SymPy and Keras again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from core import landscape, schedules
from core.landscape import Surface

PATH = Path(__file__).with_name("golden.npz")
#: Points of every surface, from all of its domain.
POINTS = 40
#: Steps of every way, and how many of its positions are kept.
STEPS, KEPT = 1000, 20

#: Typed formulas; the second is how SymPy writes it, if otherwise.
FORMULAS: tuple[tuple[str, str], ...] = (
    ("x^2 + 10*y^2", ""),
    ("sin(x)*cos(y) + tan(x/3)", ""),
    ("exp(-x^2)*log(y^2 + 1) + ln(5 + x)", ""),
    ("sqrt(x^2 + y^2 + 1)", ""),
    ("atan(x*y) + asin(x/10) + acos(y/10)", ""),
    ("sinh(x) - cosh(y)*tanh(x*y)", ""),
    ("sigmoid(x*y) + softplus(3*y - x)", ""),
    ("relu(x - 0.3) * abs(y)", "relu(x - 3/10) * abs(y)"),
    ("max(x, y, x*y) + min(x^2, y^2)", ""),
    ("sign(x)*y + x^3", ""),
    ("abs(x)^1.5 + (y^2)^0.3", "abs(x)^(3/2) + (y^2)^(3/10)"),
    ("(x^2 + 1)^y + 2^(x*y)", ""),
    ("x^-2 + y^-3", ""),
    ("x^7/(1 + y^6)", ""),
    ("x^20 - y^17", ""),
    ("1/(x*y)", ""),
    ("x/y/(x + 7)", ""),
    ("-(-x)^3 - -y", ""),
    ("-x^2 + 2^3^2 + (-2)^3*y", ""),
    ("2x - 3y^2 + 4(x + 1)*y", "2*x - 3*y^2 + 4*(x + 1)*y"),
    ("pi*x + e*y", "pi*x + E*y"),
    ("log(x^2 + y^2 + 0.25)/(1 + exp(x + y))", "log(x^2 + y^2 + 1/4)/(1 + exp(x + y))"),
    ("exp(sin(x)*exp(cos(y)))", ""),
    ("sigmoid(sigmoid(10*x) - tanh(5*y))", ""),
    ("x - x + y", ""),
    ("sin(x)", ""),
)


def every() -> dict[str, Surface]:
    """Surfaces by the names of their numbers in the file."""
    found = {name: landscape.surface(name) for name in landscape.names()}
    found["valley 1000"] = landscape.surface("valley", condition=1000.0)
    for name in ("linear-regression", "logistic-regression"):
        for data in landscape.data(name):
            for scaled in (False, True):
                found[f"{name} {data} {scaled}"] = landscape.surface(name, data=data, scaled=scaled)
    return {**found, **{text: landscape.formula(text) for text, _ in FORMULAS}}


def points_of(surface: Surface) -> np.ndarray:
    """(POINTS, 2), the same always; the second number of curves is 0."""
    key = sum(map(ord, str(surface.to_document())))
    unit = np.random.PCG64(key).random_raw(2 * POINTS).reshape(POINTS, 2) * 2.0**-64
    (x0, x1), (y0, y1) = surface.domain
    found = np.round(np.array([x0, y0]) + unit * np.array([x1 - x0, y1 - y0]), 6)
    return found if len(surface.variables) == 2 else found * [1.0, 0.0]


_COSINE = {"kind": "CosineDecay", "initial_learning_rate": 0.02, "decay_steps": 900, "alpha": 0.1}
_STAIRS = {
    "kind": "PiecewiseConstantDecay",
    "boundaries": [300, 600],
    "values": [0.02, 0.01, 0.002],
}
_SLOWER = {
    "kind": "ExponentialDecay",
    "initial_learning_rate": 0.01,
    "decay_steps": 200,
    "decay_rate": 0.7,
}
#: Optimizers by the names of their numbers. Rates such that all stay on all of `ON`.
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {"kind": "SGD", "learning_rate": 0.0005},
    "sgd, decay": {"kind": "SGD", "learning_rate": 0.0005, "weight_decay": 0.5},
    "sgd, clipnorm": {"kind": "SGD", "learning_rate": 0.002, "clipnorm": 0.7},
    "sgd, clipvalue": {"kind": "SGD", "learning_rate": 0.002, "clipvalue": 0.4},
    "sgd, global": {"kind": "SGD", "learning_rate": 0.002, "global_clipnorm": 1.5},
    "sgd, stairs": {"kind": "SGD", "learning_rate": _STAIRS, "clipnorm": 1.0},
    "momentum": {"kind": "SGD", "learning_rate": 0.0002, "momentum": 0.9},
    "nesterov": {"kind": "SGD", "learning_rate": 0.0002, "momentum": 0.9, "nesterov": True},
    "nesterov, all": {
        "kind": "SGD", "learning_rate": _SLOWER, "momentum": 0.7, "nesterov": True, "clipnorm": 0.5,
        "weight_decay": 0.01,
    },
    "adagrad": {"kind": "Adagrad", "learning_rate": 0.3},
    "adagrad, from 0": {
        "kind": "Adagrad", "learning_rate": 0.1, "initial_accumulator_value": 0.0, "weight_decay": 0.01,
    },
    "adadelta": {"kind": "Adadelta", "learning_rate": 0.5},
    "adadelta, other": {"kind": "Adadelta", "learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-4, "clipvalue": 2.0},
    "rmsprop": {"kind": "RMSprop", "learning_rate": {**_COSINE, "initial_learning_rate": 0.002}},
    "rmsprop, momentum": {"kind": "RMSprop", "learning_rate": _SLOWER, "momentum": 0.5, "rho": 0.99},
    "rmsprop, centered": {"kind": "RMSprop", "learning_rate": 0.001, "centered": True, "epsilon": 1e-2},
    "rmsprop, both": {
        "kind": "RMSprop", "learning_rate": 0.001, "centered": True, "momentum": 0.5, "epsilon": 1e-2, "clipnorm": 5.0,
    },
    "adam": {"kind": "Adam", "learning_rate": 0.02},
    "adam, other": {
        "kind": "Adam", "learning_rate": 0.003, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3, "weight_decay": 0.05,
    },
    "adam, amsgrad": {"kind": "Adam", "learning_rate": 0.05, "amsgrad": True},
    "adam, cosine": {"kind": "Adam", "learning_rate": _COSINE, "global_clipnorm": 3.0},
    "adamw": {"kind": "AdamW", "learning_rate": 0.02},
    "adamw, amsgrad": {"kind": "AdamW", "learning_rate": _STAIRS, "weight_decay": 0.1, "amsgrad": True},
    "adamax": {"kind": "Adamax", "learning_rate": 0.02},
    "adamax, other": {
        "kind": "Adamax", "learning_rate": {**_COSINE, "initial_learning_rate": 0.005}, "beta_1": 0.8, "beta_2": 0.99,
        "weight_decay": 0.02,
    },
    "nadam": {"kind": "Nadam", "learning_rate": 0.02},
    "nadam, other": {
        "kind": "Nadam", "learning_rate": _SLOWER, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3, "clipnorm": 2.0,
    },
    "lion": {"kind": "Lion", "learning_rate": 0.0007},
    "lion, other": {"kind": "Lion", "learning_rate": 0.0005, "beta_1": 0.5, "beta_2": 0.9, "weight_decay": 0.1},
}  # fmt: skip
#: Surfaces of the ways.
ON = (
    "bowl",
    "beale",
    "rosenbrock",
    "himmelblau",
    "hills",
    "non-convex-curve",
    "linear-regression",
    "logistic-regression",
)
#: Shares of the rate with which a way does not magnify a difference in the last digit of its start by more than 10⁷:
#: at rest in a steep valley, steps that are divided by their own size are chaotic, and nobody's are anybody else's.
SLOWER_ON: dict[str, dict[str, float]] = {
    "adadelta, other": {"beale": 0.1, "linear-regression": 0.05, "logistic-regression": 0.5},
    "nesterov, all": {"rosenbrock": 0.5},
    "rmsprop": {
        "rosenbrock": 0.1,
        "hills": 0.5,
        "linear-regression": 0.1,
        "logistic-regression": 0.2,
    },
    "rmsprop, momentum": {"rosenbrock": 0.5, "linear-regression": 0.2},
    "rmsprop, centered": {"rosenbrock": 0.2},
    "rmsprop, both": {"rosenbrock": 0.2},
    "nadam, other": {"rosenbrock": 0.5, "linear-regression": 0.5},
    "adamax, other": {"linear-regression": 0.2, "logistic-regression": 0.5},
}


def config_on(name: str, key: str) -> dict[str, Any]:
    """An optimizer's document as it is run on a surface."""
    config = OPTIMIZERS[key]
    share, rate = SLOWER_ON.get(key, {}).get(name, 1.0), config["learning_rate"]
    return {**config, "learning_rate": schedules.at_height(rate, schedules.height(rate) * share)}


def kept() -> np.ndarray:
    """Which positions are kept: the first ones, then evenly spread to the last."""
    return np.unique(np.concatenate([np.arange(1, 6), np.linspace(6, STEPS, KEPT - 5).astype(int)]))
