"""What is asked of Captum and of the engine: networks, inputs, classes and settings, all from seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import core
from core import layers
from core.model import Model

GOLDEN = Path(__file__).with_name("golden.npz")
#: How many noisy copies SmoothGrad takes; their noise is part of the case.
NOISY, DEVIATION = 4, 0.3


def gray() -> list[Any]:
    """Two convolutions and a layer that is dropped in training."""
    return [
        core.Input((12, 12, 1)),
        layers.Conv2D(4, 3, padding="same", activation="relu", name="first"),
        layers.MaxPooling2D(2),
        layers.Conv2D(6, 3, padding="same", activation="relu", name="second"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(5, activation="softmax"),
    ]


def digits() -> list[Any]:
    """Two convolutions on pictures of 28 x 28, for benchmarks."""
    return [
        core.Input((28, 28, 1)),
        layers.Conv2D(8, 3, padding="same", activation="relu", name="first"),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 3, padding="same", activation="relu", name="second"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


def colour() -> list[Any]:
    """Three channels, batch normalisation with statistics of its own, mean pooling, an input that is not square."""
    return [
        core.Input((9, 11, 3)),
        layers.Conv2D(5, 3, use_bias=False, name="first"),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.AveragePooling2D(2),
        layers.Conv2D(4, 2, activation="tanh", name="second"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(4, activation="softmax"),
    ]


def table() -> list[Any]:
    """No image at all."""
    return [
        core.Input((6,)),
        layers.Dense(7, activation="relu"),
        layers.Dense(5, activation="sigmoid"),
        layers.Dense(3, activation="softmax"),
    ]


NETWORKS: dict[str, Callable[[], list[Any]]] = {
    "gray": gray, "colour": colour, "table": table, "digits": digits,
}  # fmt: skip


def weight_of(network: str, name: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """A weight: variances are positive, scales are near 1, kernels keep numbers apart."""
    draw = np.random.default_rng([seed, *f"{network}/{name}".encode()])
    if name.endswith("variance"):
        return draw.uniform(0.5, 1.5, shape).astype(np.float32)
    if name.endswith("gamma"):
        return draw.uniform(0.7, 1.3, shape).astype(np.float32)
    if name.endswith("bias"):
        # Large enough that no layer's units are all silent.
        return draw.uniform(-0.1, 0.4, shape).astype(np.float32)
    reach = 1.4 / np.sqrt(max(1, np.prod(shape[:-1])))
    return draw.normal(0.0, reach, shape).astype(np.float32)


def model_of(network: str, seed: int = 0) -> Model:
    """The engine's model with the weights of the case."""
    model = core.Sequential(NETWORKS[network]())
    model.set_weights_by_name(
        {
            name: weight_of(network, name, w.shape, seed)
            for name, w in model.weights_by_name().items()
        }
    )
    return model


@dataclass(frozen=True)
class Case:
    """One question.

    Attributes
    ----------
    name
        In the file.
    network, method, arguments
        Which network, which function of `core.explain`, and its arguments.
    chosen
        The class.
    rows
        How many samples.
    seed
        Of weights and samples.
    """

    name: str
    network: str
    method: str
    arguments: dict[str, Any] = field(default_factory=dict)
    chosen: int = 1
    rows: int = 2
    seed: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return tuple(NETWORKS[self.network]()[0].shape)

    @property
    def x(self) -> np.ndarray:
        """The samples."""
        draw = np.random.default_rng([self.seed, 7, *self.network.encode()])
        return draw.uniform(0.0, 1.0, (self.rows, *self.shape)).astype(np.float32)

    @property
    def noise(self) -> np.ndarray:
        """(rows, copies, ...): what SmoothGrad adds."""
        draw = np.random.default_rng([self.seed, 8, *self.network.encode()])
        return draw.normal(0.0, DEVIATION, (self.rows, NOISY, *self.shape)).astype(np.float32)


def _cases() -> list[Case]:
    found = []
    for network in ("gray", "colour", "table"):
        found += [
            Case(f"{network} {method}", network, method, chosen=chosen)
            for method, chosen in (("saliency", 1), ("input_x_gradient", 1), ("guided_backprop", 0))
        ]
        found.append(Case(f"{network} with its sign", network, "saliency", {"abs": False}, 2))
        for kind in ("smoothgrad", "smoothgrad_sq", "vargrad"):
            found.append(Case(f"{network} {kind}", network, "smooth_grad", {"nt_type": kind}))
        for way in (
            "gausslegendre",
            "riemann_trapezoid",
            "riemann_left",
            "riemann_middle",
            "riemann_right",
        ):
            settings = {"method": way, "n_steps": 50 if way == "gausslegendre" else 17}
            found.append(Case(f"{network} path {way}", network, "integrated_gradients", settings))
        found.append(
            Case(
                f"{network} path from gray", network, "integrated_gradients", {"baselines": 0.4}, 2
            )
        )
        found.append(
            Case(
                f"{network} mean gradient",
                network,
                "integrated_gradients",
                {"multiply_by_inputs": False},
            )
        )
    for network in ("gray", "colour"):
        for window, strides in (
            ((3, 3), (1, 1)),
            ((5, 5), (1, 1)),
            ((4, 3), (2, 3)),
            ((5, 2), (4, 2)),
        ):
            sizes = {"window": window, "strides": strides}
            found.append(Case(f"{network} hidden {window} {strides}", network, "occlusion", sizes))
        found.append(Case(f"{network} hidden by gray", network, "occlusion", {"baseline": 0.5}, 2))
        for layer in ("first", "second"):
            for relu in (True, False):
                settings = {"layer": layer, "relu": relu, "upsample": False}
                found.append(Case(f"{network} {layer} {relu}", network, "grad_cam", settings, 2))
        for mode in ("nearest", "bilinear"):
            settings = {"layer": "second", "interpolate_mode": mode}
            found.append(Case(f"{network} larger {mode}", network, "grad_cam", settings, 2))
    return found


CASES = _cases()
