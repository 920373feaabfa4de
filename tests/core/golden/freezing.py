"""Small trainings in which some layers are frozen. Written once for both sides: `api` is `core`, or `keras`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.core.golden.layers.case import drawn

Found = dict[str, np.ndarray]


def _start(name: str, model: Any) -> None:
    rng = drawn(name + ": start")
    model.set_weights(
        [rng.normal(0.2, 0.3, w.shape).astype(np.float32) for w in model.get_weights()]
    )


def _fit(api: Any, model: Any, x: Any, y: Any, found: Found, key: str = "") -> Found:
    """Compile, train for two epochs, and say what the model is then."""
    optimizer = api.optimizers.SGD(0.05, momentum=0.9, weight_decay=0.1)
    model.compile(optimizer, loss="mean_squared_error")
    logs = model.fit(
        x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, validation_data=(x[:5], y[:5])
    ).history
    found |= {f"{key}history/{name}": np.array(values) for name, values in logs.items()}
    found |= {f"{key}last/{k}": np.array(w) for k, w in enumerate(model.get_weights())}
    counts = [len(model.trainable_weights), len(model.non_trainable_weights)]
    found[f"{key}weights"] = np.array(counts, np.float32)
    return found


def _data(name: str, *shape: int, outputs: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = drawn(name)
    x, y = rng.normal(size=(10, *shape)), rng.normal(size=(10, outputs))
    return x.astype(np.float32), y.astype(np.float32)


def _first_layer(name: str, api: Any) -> Found:
    """Its penalty is none of the loss's any more, that of its outputs is."""
    frozen = api.layers.Dense(
        5, "tanh", kernel_regularizer="l2", activity_regularizer="l2", trainable=False
    )
    model = api.Sequential([api.Input((4,)), frozen, api.layers.Dense(2, kernel_regularizer="l2")])
    _start(name, model)
    return _fit(api, model, *_data(name, 4), {})


def _middle_layer(name: str, api: Any) -> Found:
    """Gradients go through it."""
    dense = [api.layers.Dense(n, "tanh") for n in (5, 4, 2)]
    model = api.Sequential([api.Input((4,)), *dense])
    _start(name, model)
    dense[1].trainable = False
    return _fit(api, model, *_data(name, 4), {})


def _normalization(name: str, api: Any) -> Found:
    """It uses its moving statistics, and leaves them alone."""
    frozen = api.layers.BatchNormalization()
    other = api.layers.BatchNormalization(momentum=0.8)
    dense = [api.layers.Dense(n, "tanh") for n in (4, 2, 3)]
    model = api.Sequential([api.Input((4,)), dense[0], frozen, dense[2], other, dense[1]])
    _start(name, model)
    frozen.trainable = False
    model.set_weights([np.abs(w) for w in model.get_weights()])
    return _fit(api, model, *_data(name, 4), {})


def _normalization_in_time(name: str, api: Any) -> Found:
    """Freezing a wrapper freezes what it wraps."""
    wrapped = api.layers.TimeDistributed(api.layers.BatchNormalization())
    model = api.Sequential([api.Input((3, 4)), wrapped, api.layers.Flatten(), api.layers.Dense(2)])
    _start(name, model)
    model.set_weights([np.abs(w) for w in model.get_weights()])
    wrapped.trainable = False
    return _fit(api, model, *_data(name, 3, 4), {})


def _both_directions(name: str, api: Any) -> Found:
    """A recurrent layer before it learns; gradients go through time and both directions."""
    inner = api.layers.LSTM(3, return_sequences=True)
    wrapped = api.layers.Bidirectional(inner)
    model = api.Sequential(
        [api.Input((4, 2)), api.layers.GRU(3, return_sequences=True), wrapped, api.layers.Flatten(),
         api.layers.Dense(2)]
    )  # fmt: skip
    _start(name, model)
    wrapped.trainable = False
    return _fit(api, model, *_data(name, 4, 2), {})


def _inner_layer(name: str, api: Any) -> Found:
    """The wrapper learns, what it wraps does not."""
    wrapped = api.layers.Bidirectional(api.layers.LSTM(3, trainable=False))
    model = api.Sequential([api.Input((4, 2)), wrapped, api.layers.Dense(2)])
    _start(name, model)
    return _fit(api, model, *_data(name, 4, 2), {})


def _nested(name: str, api: Any) -> Found:
    """Transfer learning: a frozen model below, a layer that learns on top; then all of it, slowly."""
    start = api.Input((4,))
    below = api.Model(
        start, api.layers.BatchNormalization()(api.layers.Dense(5, activation="tanh")(start))
    )
    below.trainable = False
    own = api.Input((4,))
    model = api.Model(own, api.layers.Dense(2)(below(own)))
    _start(name, model)
    model.set_weights([np.abs(w) for w in model.get_weights()])
    x, y = _data(name, 4)
    found = _fit(api, model, x, y, {}, "frozen/")
    below.trainable = True
    return _fit(api, model, x, y, found, "thawed/")


def _again(name: str, api: Any) -> Found:
    """A layer of a frozen model is let go again: the model stays frozen, a model around it learns."""
    inner = api.Sequential([api.Input((4,)), api.layers.Dense(3, "tanh"), api.layers.Dense(3)])
    inner.trainable = False
    inner.layers[1].trainable = True
    model = api.Sequential([api.Input((4,)), inner, api.layers.Dense(2)])
    _start(name, model)
    found = _fit(api, model, *_data(name, 4), {})
    found["inner"] = np.array([len(inner.trainable_weights)], np.float32)
    return found


def _two_inputs(name: str, api: Any) -> Found:
    """A shared layer is frozen for all its calls, a merge keeps the branch that learns."""
    a, b = api.Input((3,)), api.Input((3,))
    shared = api.layers.Dense(4, activation="tanh")
    left, right = shared(a), api.layers.Dense(4, activation="tanh")(shared(b))
    model = api.Model([a, b], api.layers.Dense(2)(api.layers.Add()([left, right])))
    _start(name, model)
    shared.trainable = False
    x, y = _data(name, 3)
    model.compile(api.optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.2), "mean_squared_error")
    logs = model.fit([x, x + 1], y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    found: Found = {"history/loss": np.array(logs["loss"])}
    return found | {f"last/{k}": np.array(w) for k, w in enumerate(model.get_weights())}


_WAYS: dict[str, Callable[[str, Any], Found]] = {
    "the first layer": _first_layer,
    "a layer in the middle": _middle_layer,
    "batch normalization": _normalization,
    "batch normalization in time": _normalization_in_time,
    "both directions": _both_directions,
    "an inner layer": _inner_layer,
    "a nested model": _nested,
    "a layer of a frozen model": _again,
    "a shared layer": _two_inputs,
}
CASES: dict[str, Callable[[Any], Found]] = {
    name: (lambda api, name=name, way=way: way(name, api)) for name, way in _WAYS.items()
}
