"""Stacks and graphs of layers drawn at random, as lists of steps that Keras and the engine can follow alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from core.layers import registry

Config = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A call: of a new layer of this kind, of an earlier step's layer (``"@dense_3"``), or an Input.

    `inputs` are names of earlier steps.
    """

    name: str
    kind: str
    config: Config
    inputs: tuple[str, ...] = ()


def _size(rng: Random, most: int = 4) -> int:
    return rng.randint(1, most)


def _pair(rng: Random, least: int = 1, most: int = 3) -> list[int]:
    return [rng.randint(least, most), rng.randint(least, most)]


def _window(rng: Random, *, two: bool) -> Config:
    strides: Any = _pair(rng) if two else rng.randint(1, 3)
    return {"strides": strides, "padding": rng.choice(["valid", "same"])}


def _convolution(rng: Random, *, two: bool) -> Config:
    size: Any = _pair(rng) if two else rng.randint(1, 3)
    return {"kernel_size": size, **_window(rng, two=two), "use_bias": rng.random() < 0.7}


def _pool(rng: Random, *, two: bool) -> Config:
    size: Any = _pair(rng) if two else rng.randint(1, 3)
    given = _window(rng, two=two)
    if rng.random() < 0.5:
        del given["strides"]
    return {"pool_size": size, **given}


def _recurrent(rng: Random) -> Config:
    return {
        "units": _size(rng), "use_bias": rng.random() < 0.7, "return_sequences": rng.random() < 0.6,
        "go_backwards": rng.random() < 0.2,
    }  # fmt: skip


def _normalised(rng: Random, axis: Any) -> Config:
    return {"axis": axis, "center": rng.random() < 0.8, "scale": rng.random() < 0.8}


#: Settings of each kind, drawn. What is left out here is drawn by nobody.
DRAW: dict[str, Callable[[Random], Config]] = {
    "Dense": lambda r: {"units": _size(r), "use_bias": r.random() < 0.7},
    "Activation": lambda r: {"activation": r.choice(["relu", "tanh", "softmax", "gelu"])},
    "ReLU": lambda r: {},
    "LeakyReLU": lambda r: {"negative_slope": 0.1},
    "ELU": lambda r: {},
    "PReLU": lambda r: {"shared_axes": r.choice([None, [1], [1, 2], [2]])},
    "Softmax": lambda r: {"axis": r.choice([-1, 1])},
    "Dropout": lambda r: {"rate": 0.3},
    "SpatialDropout1D": lambda r: {"rate": 0.3},
    "SpatialDropout2D": lambda r: {"rate": 0.3},
    "GaussianNoise": lambda r: {"stddev": 0.1},
    "BatchNormalization": lambda r: _normalised(r, r.choice([-1, -1, 1, 2, 3])),
    "LayerNormalization": lambda r: _normalised(r, r.choice([-1, -1, 1, 2, [1, 2], [1, 3]])),
    "Flatten": lambda r: {},
    "Reshape": lambda r: {"target_shape": r.choice([[-1], [-1, 2], [2, -1], [3, -1, 1], [2, 2, -1], [4, 3]])},
    "Permute": lambda r: {"dims": r.choice([[2, 1], [1, 2], [3, 1, 2], [2, 3, 1], [1]])},
    "RepeatVector": lambda r: {"n": _size(r)},
    "Conv1D": lambda r: {"filters": _size(r), **_convolution(r, two=False),
                         "padding": r.choice(["valid", "same", "causal"])},
    "Conv2D": lambda r: {"filters": _size(r), **_convolution(r, two=True)},
    "DepthwiseConv2D": lambda r: {**_convolution(r, two=True), "strides": _size(r, 2), "depth_multiplier": _size(r, 2)},
    "SeparableConv2D": lambda r: {"filters": _size(r), **_convolution(r, two=True), "strides": _size(r, 2)},
    "Conv2DTranspose": lambda r: {"filters": _size(r), **_convolution(r, two=True)},
    "UpSampling1D": lambda r: {"size": _size(r, 3)},
    "UpSampling2D": lambda r: {"size": _pair(r), "interpolation": r.choice(["nearest", "bilinear"])},
    "MaxPooling1D": lambda r: _pool(r, two=False),
    "MaxPooling2D": lambda r: _pool(r, two=True),
    "AveragePooling1D": lambda r: _pool(r, two=False),
    "AveragePooling2D": lambda r: _pool(r, two=True),
    "GlobalMaxPooling1D": lambda r: {"keepdims": r.random() < 0.3},
    "GlobalMaxPooling2D": lambda r: {"keepdims": r.random() < 0.3},
    "GlobalAveragePooling1D": lambda r: {"keepdims": r.random() < 0.3},
    "GlobalAveragePooling2D": lambda r: {"keepdims": r.random() < 0.3},
    "ZeroPadding1D": lambda r: {"padding": r.choice([1, [0, 2]])},
    "ZeroPadding2D": lambda r: {"padding": r.choice([1, [1, 0], [[1, 0], [0, 2]]])},
    "Cropping1D": lambda r: {"cropping": r.choice([[1, 0], [0, 1]])},
    "Cropping2D": lambda r: {"cropping": r.choice([[[1, 0], [0, 1]], [[0, 0], [1, 1]]])},
    "SimpleRNN": _recurrent,
    "LSTM": lambda r: {**_recurrent(r), "unit_forget_bias": r.random() < 0.5},
    "GRU": lambda r: {**_recurrent(r), "reset_after": r.random() < 0.5},
    "Bidirectional": lambda r: {
        "layer": {"class_name": "LSTM", "config": {"units": _size(r), "return_sequences": r.random() < 0.5}},
        "merge_mode": r.choice(["concat", "sum", "mul", "ave"])},
    "TimeDistributed": lambda r: {"layer": {"class_name": "Dense", "config": {"units": _size(r)}}},
}  # fmt: skip
MERGES: dict[str, Callable[[Random], Config]] = {
    **{kind: lambda r: {} for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    # Keras can put batches one behind the other; here a batch keeps its samples, so axis 0 is not drawn.
    "Concatenate": lambda r: {"axis": r.choice([-1, -1, 1, 2])},
    "Dot": lambda r: {"axes": r.choice([1, 2, -1, [1, 2], [2, 1]]), "normalize": r.random() < 0.3},
}  # fmt: skip


def kinds() -> list[str]:
    """Kinds with one input that can be drawn."""
    return [kind for kind in DRAW if registry.known(kind)]


def a_shape(rng: Random) -> list[int]:
    """Of a list, a sequence or an image; seldom of more."""
    rank = rng.choice([1, 2, 2, 3, 3, 3, 4])
    return [rng.randint(1, 8) for _ in range(rank)]


def a_step(rng: Random, name: str, sources: list[str]) -> Step:
    """A layer on one of these tensors, or on several."""
    if rng.random() < 0.25:
        kind = rng.choice(list(MERGES))
        count = 2 if kind in ("Subtract", "Dot") else rng.randint(2, 3)
        inputs = tuple(rng.choice(sources) for _ in range(count))
        return Step(name, kind, MERGES[kind](rng), inputs)
    kind = rng.choice(kinds())
    return Step(name, kind, DRAW[kind](rng), (rng.choice(sources),))
