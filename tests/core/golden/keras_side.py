"""A case in Keras (on PyTorch): what it predicts, and what training gives. Needs the conformance extra."""

from __future__ import annotations

import os
import tempfile
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))

import keras
import numpy as np
import torch

from tests.core.golden.layers.case import LayerCase, batch, target, weight_values


def numbers(t: Any) -> np.ndarray:
    """A tensor as an array."""
    return t.detach().numpy().copy() if isinstance(t, torch.Tensor) else np.asarray(t)


def made(kind: str, config: dict[str, Any], name: str | None = None) -> Any:
    """A layer of Keras; what Keras spells otherwise is translated here."""
    given = {key: _argument(value) for key, value in config.items()}
    if given.get("stateful") and kind in ("LSTM", "GRU"):
        # The other way through these layers overwrites the state before PyTorch has gone back through it.
        given["use_cudnn"] = False
    layer = getattr(keras.layers, kind)(**given, **({"name": name} if name else {}))
    if kind == "SimpleRNN" and config.get("activity_regularizer"):
        # Keras 3.15 takes it and does not pass it on; its other recurrent layers do.
        layer.activity_regularizer = keras.regularizers.get(config["activity_regularizer"])
    return layer


#: Activations of the course that Keras has no name for.
NAMELESS = {
    "arctan": keras.ops.arctan,
    "binary_step": lambda x: keras.ops.cast(x >= 0, x.dtype),
}


def _argument(value: Any) -> Any:
    if isinstance(value, str) and value in NAMELESS:
        return NAMELESS[value]
    if isinstance(value, dict) and hasattr(keras.layers, str(value.get("class_name"))):
        return made(value["class_name"], value.get("config", {}))
    return tuple(_argument(v) for v in value) if isinstance(value, list) else value


def model_of(case: LayerCase) -> tuple[Any, list[Any]]:
    """(the model, its layers in the order in which they are first called); weights are not set."""
    shapes, _, calls, outputs = case.graph()
    # A batch size of its own for layers that keep a state for each sample.
    fixed = case.rows if case.batches > 1 else None
    values: dict[str, Any] = {
        name: keras.Input(shape, batch_size=fixed) for name, shape in shapes.items()
    }
    layers: dict[str, Any] = {}
    for call in calls:
        if not call.kind.startswith("@"):
            layers[call.name] = made(call.kind, call.config, call.name)
        layer = layers[call.kind.removeprefix("@") if call.kind.startswith("@") else call.name]
        given = [_value(values, name) for name in call.inputs]
        values[call.name] = _called(layer, given)
    result = [_value(values, name) for name in outputs]
    model = keras.Model([values[name] for name in shapes], result)
    return model, list(layers.values())


def _called(layer: Any, given: list[Any]) -> Any:
    if (len(given) > 1 and hasattr(layer, "go_backwards")) or hasattr(layer, "backward_layer"):
        return layer(given[0], initial_state=given[1:] or None)
    if len(given) > 1 and isinstance(layer, keras.layers.Softmax):
        return layer(given[0], mask=given[1])
    return layer(given if len(given) > 1 else given[0])


def _value(values: dict[str, Any], name: str) -> Any:
    source, _, number = name.partition(":")
    return values[source][int(number)] if number else _first(values[source])


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def weights(layers: list[Any]) -> dict[str, Any]:
    """Variables by ``layer/role``, in Keras's order; states and seeds left out.

    Where a layer has a role twice (two directions), the second is ``layer/role.2``.
    """
    found: dict[str, Any] = {}
    for k, layer in enumerate(layers):
        for v in layer.weights:
            role = v.path.rsplit("/", 1)[-1]
            if "seed" in v.path or "state" in role:
                continue
            name, count = f"{k}/{role}", 1
            while name in found:
                count += 1
                name = f"{k}/{role}.{count}"
            found[name] = v
    return found


def measured(case: LayerCase) -> dict[str, np.ndarray]:
    """What Keras gives for a case.

    Returns
    -------
    ``weights`` (names, in Keras's order), ``predicted`` (``predicted/1``, ... of further outputs), and of training with
    the mean squared error of each output, added, and the penalties: ``output``, ``loss``, ``grad/x`` (or
    ``grad/<input>``), ``grad/<weight>``, ``after/<weight>`` of what training changes without a gradient. Of a case of
    several batches these are the last one's.
    """
    found: dict[str, np.ndarray] = {}
    model, layers = model_of(case)
    named = weights(layers)
    start = {name: weight_values(case.name, name, tuple(v.shape)) for name, v in named.items()}
    found["weights"] = np.array(list(named) or [""])
    _set(named, start, layers)
    for number in range(case.batches):
        results = _call(model, _tensors(case, number, gradient=False), training=False)
    for k, y in enumerate(results):
        found[_numbered("predicted", k)] = numbers(y)
    if not case.training:
        return found
    _set(named, start, layers)
    for number in range(case.batches):
        model.zero_grad()
        inputs = _tensors(case, number, gradient=case.gradient)
        results = _call(model, inputs, training=True)
        loss = sum(model.losses, start=torch.tensor(0.0))
        for k, y in enumerate(results):
            t = torch.tensor(target(case.name, k, tuple(y.shape)))
            mask = getattr(y, "_keras_mask", None)
            if mask is not None and tuple(mask.shape) != tuple(y.shape[:-1]):
                # What a Softmax leaves out of its sums is on its output, too; Keras's losses fail on it.
                del y._keras_mask
            # Keras's own: masked steps of the output do not count.
            loss = loss + keras.losses.MeanSquaredError()(t, y)
        loss.backward()
    for k, y in enumerate(results):
        found[_numbered("output", k)] = numbers(y)
    found["loss"] = numbers(loss)
    for name, x in inputs.items():
        if x.requires_grad:
            gradient = x.grad if x.grad is not None else torch.zeros_like(x)
            found["grad/x" if len(inputs) == 1 else f"grad/{name}"] = numbers(gradient)
    for name, variable in named.items():
        if variable.trainable:
            gradient = variable.value.grad
            found[f"grad/{name}"] = (
                numbers(gradient) if gradient is not None else np.zeros(variable.shape, np.float32)
            )
        else:
            found[f"after/{name}"] = numbers(variable.value)
    return found


def _set(named: dict[str, Any], values: dict[str, np.ndarray], layers: list[Any]) -> None:
    for name, variable in named.items():
        variable.assign(values[name])
    for layer in layers:
        if getattr(layer, "stateful", False):
            layer.reset_states() if hasattr(layer, "reset_states") else layer.reset_state()


def _tensors(case: LayerCase, number: int, *, gradient: bool) -> dict[str, Any]:
    _, vocabulary, _, _ = case.graph()
    return {
        name: torch.tensor(x, requires_grad=gradient and name not in vocabulary)
        for name, x in batch(case, number).items()
    }


def _call(model: Any, inputs: dict[str, Any], *, training: bool) -> list[Any]:
    results = model(list(inputs.values()), training=training)
    return list(results) if isinstance(results, (list, tuple)) else [results]


def _numbered(name: str, k: int) -> str:
    return f"{name}/{k}" if k else name
