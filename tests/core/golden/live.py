"""Layers with settings drawn at random, for Keras and for the engine."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from core.errors import ChainruleError
from core.layers import registry
from core.layers.base import Layer
from core.layers.settings import Setting
from tests.core import subject_settings
from tests.core.golden.layers.case import Call, LayerCase
from tests.core.subjects import SHAPES, settings_of

#: What Keras does not know, or what both sides start from numbers of their own anyway.
LEFT_OUT = {"data_format", "seed", "name", "noise_shape"}
#: The textbooks' functions, which Keras does not have.
OURS = {"binary_step", "arctan"}
#: What is put into wrappers.
INSIDE = {
    "Bidirectional": ["SimpleRNN", "LSTM", "GRU"],
    "TimeDistributed": [
        "Dense",
        "Conv2D",
        "MaxPooling2D",
        "Flatten",
        "Activation",
        "BatchNormalization",
    ],
}
#: Chance, which is drawn differently.
CHANCE = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise"}


def value_of(setting: Setting, rng: np.random.Generator) -> Any:
    """A value of a setting, small enough for small inputs."""
    low = setting.minimum if setting.minimum is not None else -3
    if setting.name == "input_dim":
        return int(rng.integers(2, 9))
    if setting.type == "int":
        low = max(low, -3)
        return int(rng.integers(int(low), int(min(low + 4, setting.maximum or 4)) + 1))
    if setting.type == "float":
        high = setting.maximum if setting.maximum is not None and setting.maximum < 100 else 1.5
        return round(float(rng.uniform(max(low, -2), high)), 3)
    if setting.type == "bool":
        return bool(rng.integers(2))
    if setting.type == "choice":
        choices = [c for c in setting.choices if c not in OURS]
        return choices[int(rng.integers(len(choices)))]
    if setting.type == "pair":
        return [int(k) for k in rng.integers(int(low), 4, 2)]
    if setting.type == "pairs":
        return [[int(k) for k in pair] for pair in rng.integers(0, 4, (2, 2))]
    if setting.type == "axes":
        least = 1 if setting.minimum == 1 else -1
        return [least, 1, [1, least], [1], 2][int(rng.integers(5))]
    if setting.type == "pairs":
        return [[int(k) for k in rng.integers(int(low), 3, 2)] for _ in range(2)]
    if setting.type == "regularizer":
        return {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.05}}
    return setting.default


def backends_differ(kind: type[Layer], config: dict[str, Any], shape: tuple[int, ...]) -> bool:
    """True if Keras has other numbers on PyTorch than elsewhere.

    Averages with "same" padding that is not the same on both sides: PyTorch repeats the edge, TensorFlow and JAX leave
    the padding out of the mean, as we do.
    """
    if not kind.__name__.startswith("AveragePooling") or config.get("padding") != "same":
        return False
    pool = config.get("pool_size", 2)
    strides = config.get("strides") or pool
    pools, steps = (np.broadcast_to(value, len(shape) - 1) for value in (pool, strides))
    needed = [
        max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in zip(shape, pools, steps, strict=False)
    ]
    return any(n % 2 for n in needed)


def settings(kind: type[Layer], rng: np.random.Generator) -> dict[str, Any]:
    """Some settings changed, the others at their defaults; what is required is given."""
    found = {}
    for setting in kind.settings:
        if setting.name in LEFT_OUT or setting.name.endswith(("initializer", "constraint")):
            continue
        rate = 0.15 if setting.type == "regularizer" else 0.4
        if setting.required or rng.random() < rate:
            found[setting.name] = value_of(setting, rng)
    if kind.__name__ in INSIDE:
        inner = str(rng.choice(INSIDE[kind.__name__]))
        given = settings(registry.kind(inner), rng)
        given.pop("stateful", None)
        if inner == "SimpleRNN":
            given.pop("activity_regularizer", None)
        found["layer"] = {"class_name": inner, "config": given}
    if "groups" in found and rng.random() < 0.7:
        found["filters"] = int(found["groups"] * rng.integers(1, 4))
    return found


def ranks(kind: type[Layer]) -> list[int]:
    """Numbers of axes the layer works with when it is as it is at first."""
    found = []
    for rank in (1, 2, 3):
        layer = kind.from_config({})
        try:
            layer.output_shapes([(8,) * rank] * max(1, layer.arity[0]))
        except ChainruleError:
            continue
        found.append(rank)
    return found


def random_case(kind: type[Layer], number: int) -> LayerCase:
    """A layer with nothing around it, on numbers; a merging layer on two or three inputs."""
    name = f"live {kind.__name__} {number}"
    rng = np.random.default_rng([ord(c) for c in name])
    config = settings(kind, rng)
    possible = ranks(kind) or [1]
    rank = possible[int(rng.integers(len(possible)))]
    shape = tuple(int(n) for n in rng.integers(_fewest(kind), 8, rank))
    if kind.__name__ == "Concatenate":
        # Keras puts batches one behind the other, too; here a batch has as many samples as it was given.
        config["axis"] = int(rng.choice([a for a in range(-rank, rank + 1) if a]))
    groups = config.get("groups", 1)
    if shape[-1] % groups and rng.random() < 0.8:
        shape = (*shape[:-1], int(groups * rng.integers(1, 3)))
    if kind.__name__ == "LayerNormalization" and not _in_keras_on_torch(
        config.get("axis", -1), rank
    ):
        config["axis"] = -1
    least, most = kind.arity
    count = int(rng.integers(least, min(most, 3) + 1)) if least > 1 else 1
    if backends_differ(kind, config, shape):
        config["padding"] = "valid"
    # As with `_fewest`: the statistics of a batch are of at least three numbers.
    rows = int(rng.integers(3 if kind.__name__ == "BatchNormalization" else 1, 5))
    return _case(kind, name, config, shape, count, rows)


def _fewest(kind: type[Layer]) -> int:
    """Places of an axis: one or two numbers normalised are ±1, and gradients are what rounding leaves of 0."""
    return 3 if kind.__name__ in ("LayerNormalization", "Dot") else 1


def _in_keras_on_torch(axis: int | list[int], rank: int) -> bool:
    """Keras 3.15 hands neighbouring axes to PyTorch's `layer_norm`, which takes only the last ones.

    The others are compared with NumPy in `tests.core.layers.test_layer_normalization`.
    """
    given = sorted(axis) if isinstance(axis, list) else [axis]
    neighbours = all(b - a == 1 for a, b in itertools.pairwise(given))
    return not neighbours or given[-1] in (-1, rank)


def setting_cases(kind: type[Layer]) -> list[LayerCase]:
    """The settings in which the layer is tried everywhere else, on every shape that it takes."""
    found = []
    for label, config, _ in settings_of(kind):
        if OURS & {value for value in config.values() if isinstance(value, str)}:
            continue
        if label == "frozen" and kind.__name__ in (*INSIDE, "Embedding"):
            # Keras freezes a wrapper made so, but not what it wraps; of tokens alone it has no gradient to ask for.
            continue
        for shape in subject_settings.SHAPES.get(kind.__name__, SHAPES):
            try:
                kind.from_config(config).output_shapes([shape] * max(1, kind.arity[0]))
            except ChainruleError:
                continue
            if backends_differ(kind, config, shape):
                continue
            given = {k: v for k, v in config.items() if k not in LEFT_OUT or v is not None}
            if kind.__name__ == "LayerNormalization" and (
                shape[-1] < _fewest(kind) or not _in_keras_on_torch(config["axis"], len(shape))
            ):
                continue
            name = f"live {kind.__name__} {label} {shape}"
            found.append(_case(kind, name, given, shape, max(1, kind.arity[0]), 3))
    return found


def _case(
    kind: type[Layer],
    name: str,
    config: dict[str, Any],
    shape: tuple[int, ...],
    count: int,
    rows: int,
) -> LayerCase:
    inner = config.get("layer") or {}
    whole = {**config, **inner.get("config", {})}
    chance = {kind.__name__, inner.get("class_name")} & CHANCE
    training = not chance and not any("dropout" in key and value for key, value in whole.items())
    if count > 1:
        names = tuple(f"in_{k}" for k in range(count))
        call = Call("layer_0", kind.__name__, config, names)
        return LayerCase(
            name, inputs=dict.fromkeys(names, shape), calls=(call,), outputs=("layer_0",),
            training=training, rows=rows,
        )  # fmt: skip
    if kind.__name__ == "SimpleRNN":
        # Keras takes it and does nothing with it (3.15: `SimpleRNN` does not hand it on, as `LSTM` and `GRU` do).
        config = {k: v for k, v in config.items() if k != "activity_regularizer"}
    tokens = int(config.get("input_dim", 0))
    chain = ((kind.__name__, config),)
    batches = 2 if whole.get("stateful") else 1
    # Of a few samples, the gradient through their statistics is a small difference of large numbers; Keras's rounding
    # of it in float32 is 1e-5 from the same in float64, ten times ours.
    tolerance = 5e-5 if "BatchNormalization" in (kind.__name__, inner.get("class_name")) else 1e-5
    return LayerCase(
        name, shape, chain, tokens=tokens, training=training, rows=rows, batches=batches, tolerance=tolerance
    )  # fmt: skip


def kinds() -> list[type[Layer]]:
    """All that Keras has, too, under the same name."""
    return [kind for kind in registry.kinds() if kind.__name__ != "InputLayer"]
