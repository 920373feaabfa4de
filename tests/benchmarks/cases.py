"""What is raced: networks in words that both sides understand. Imports neither the engine nor PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

#: A layer: its kind and its one number (units or filters), if it has one.
Layer = tuple[str, int] | tuple[str]


@dataclass(frozen=True)
class Case:
    """A network, its batch and its data.

    Attributes
    ----------
    name, title
        As the command line and as the table call it.
    shape
        Of one sample, channels last.
    layers
        ``("dense", 8)``, ``("conv", 8)`` (3x3, same), ``("pool",)`` (2x2), ``("flatten",)``, ``("lstm", 32)``,
        ``("gru", 32)``. The last dense layer ends in a softmax, the others and the convolutions in `activation`.
    batch
        Samples a step.
    asked
        How many times PyTorch's speed is asked for, by the layout of images PyTorch uses ("" is its default).
    samples
        In the data set.
    """

    name: str
    title: str
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    batch: int
    asked: dict[str, float] = field(default_factory=dict)
    activation: str = "relu"
    samples: int = 4096

    @property
    def classes(self) -> int:
        """Units of the last layer."""
        return int(self.layers[-1][1]) if len(self.layers[-1]) > 1 else 0

    @property
    def batches(self) -> int:
        """Steps in an epoch."""
        return -(-self.samples // self.batch)


def _dense(*units: int) -> tuple[Layer, ...]:
    return tuple(("dense", n) for n in units)


#: The sequences of the recurrent races: 20 steps of 16 numbers.
_SEQUENCE = (20, 16)

#: Those whose speed is asked for.
RACES = (
    Case("tiny", "2-8-8-2 tanh, batch 10", (2,), _dense(8, 8, 2), 10, {"": 100}, "tanh", 4000),
    Case("small", "64-64-32-10, batch 32", (64,), _dense(64, 32, 10), 32, {"": 25}),
    Case("medium", "784-128-64-10, batch 64", (784,), _dense(128, 64, 10), 64, {"": 3}),
    Case("wide", "784-512-256-10, batch 128", (784,), _dense(512, 256, 10), 128, {"": 1}),
    Case(
        "cnn", "CNN 28x28x1, conv 8, conv 16, batch 64", (28, 28, 1),
        (("conv", 8), ("pool",), ("conv", 16), ("pool",), ("flatten",), ("dense", 10)), 64, {"": 2}, samples=2048,
    ),
    Case(
        "vgg", "VGG-like 32x32x3, 32-32-64-64, batch 32", (32, 32, 3),
        (("conv", 32), ("conv", 32), ("pool",), ("conv", 64), ("conv", 64), ("pool",), ("flatten",), ("dense", 128),
         ("dense", 10)),
        32, {"": 1.3, "channels last": 1}, samples=256,
    ),
    Case("lstm", "LSTM 32, 20 steps, batch 32", _SEQUENCE, (("lstm", 32), ("dense", 10)), 32, {"": 4}, samples=2048),
    Case("gru", "GRU 32, 20 steps, batch 32", _SEQUENCE, (("gru", 32), ("dense", 10)), 32, {"": 10}, samples=2048),
)  # fmt: skip

#: Two inputs, six hidden layers of eight, one output: every neuron of it is predicted on a grid.
PLANE = Case("plane", "2-8-8-8-8-8-8-1 tanh", (2,), _dense(8, 8, 8, 8, 8, 8, 1), 10, {}, "tanh")

#: Optimizers that PyTorch has too, by the name of each side.
OPTIMIZERS = {
    "SGD": "SGD", "Adagrad": "Adagrad", "Adadelta": "Adadelta", "RMSprop": "RMSprop", "Adam": "Adam", "AdamW": "AdamW",
    "Adamax": "Adamax", "Nadam": "NAdam", "Lion": "",
}  # fmt: skip


def scaled(by: str, size: int) -> Case:
    """A network of one of the families that grow: by batch, width, depth or time."""
    title = f"{by} {size}"
    if by == "batch":
        return Case(f"batch:{size}", title, (64,), _dense(64, 32, 10), size, samples=4 * size)
    if by == "width":
        return Case(f"width:{size}", title, (size,), _dense(size, size, 10), 64, samples=256)
    if by == "depth":
        return Case(f"depth:{size}", title, (32,), _dense(*[32] * size, 10), 32, samples=256)
    return Case(f"time:{size}", title, (size, 16), (("lstm", 32), ("dense", 10)), 32, samples=128)


#: Sizes of each family, from small to large.
GROWTH = {
    "batch": (8, 32, 128, 512),
    "width": (32, 64, 128, 256, 512),
    "depth": (2, 4, 8, 16, 32),
    "time": (5, 10, 20, 40, 80),
}


def case(name: str) -> Case:
    """The case of this name."""
    for one in (*RACES, PLANE):
        if one.name == name:
            return one
    by, _, size = name.partition(":")
    if by in GROWTH and size.isdigit():
        return scaled(by, int(size))
    message = f"There is no case {name!r}; there are {', '.join(c.name for c in RACES)}."
    raise ValueError(message)


def data(one: Case) -> tuple[np.ndarray, np.ndarray]:
    """Inputs in float32, channels last, and labels; the same numbers for both sides."""
    rng = np.random.default_rng(0)
    x = rng.random((one.samples, *one.shape), dtype=np.float32)
    return x, rng.integers(0, max(one.classes, 2), one.samples)


def document(value: Any) -> dict[str, Any]:
    """A case as the JSON of the results tells it."""
    return {
        "name": value.name,
        "title": value.title,
        "batch": value.batch,
        "samples": value.samples,
    }
