"""Small networks made from the registry: whatever is registered is in one of them, without being named here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import losses, optimizers
from core.errors import ChainruleError
from core.layers import registry
from core.layers.base import Layer as LayerRule
from core.layers.settings import Setting
from core.losses import Loss
from core.ops.base import Instruction
from core.optimizers import Optimizer
from core.spec import Layer, Network, Node, new_layer
from core.tape.compiler import Tape, compile_network
from core.tape.program import Program
from tests.core.networks import chain

#: What a layer may be given: a list, an image, a sequence.
SHAPES: tuple[tuple[int, ...], ...] = ((5,), (6, 5, 2), (4, 3))
TOKENS = 7


@dataclass(frozen=True)
class Subject:
    """A layer with settings, in a network that asks for its gradients."""

    name: str
    kind: str
    network: Network


# ---- settings -----------------------------------------------------------------------------------------------------


def smallest(kind: type[LayerRule]) -> dict[str, Any]:
    """Settings with which the layer is small: whole numbers of at most 3."""
    found = {}
    for setting in kind.settings:
        value = setting.default
        if (
            setting.type == "int"
            and value is not None
            and setting.maximum
            and setting.maximum >= 100
        ):
            value = TOKENS if setting.name == "input_dim" else max(int(setting.minimum or 1), 3)
        elif setting.type == "pair" and value and max(value) > 1:
            value = [2, 2]
        found[setting.name] = value
    return found


def others(setting: Setting) -> list[Any]:
    """Values of a setting besides its default that are worth a test of their own."""
    if setting.name.endswith("initializer"):
        return []
    if setting.type == "bool":
        return [not setting.default]
    if setting.type == "choice":
        return [choice for choice in setting.choices if choice != setting.default]
    if setting.type == "pair":
        return [[1, 1], [2, 2], [2, 1], [3, 2]]
    if setting.type == "float" and setting.minimum is not None and setting.maximum is not None:
        return [setting.minimum, (setting.minimum + setting.maximum) / 2]
    if setting.type == "int":
        return [1] if (setting.minimum or 0) <= 1 else []
    return []


def settings_of(kind: type[LayerRule]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, settings): the smallest, then one setting changed at a time, then pairs of changes to windows."""
    base = smallest(kind)
    yield "plain", base
    for setting in kind.settings:
        for value in others(setting):
            if value != base[setting.name]:
                yield f"{setting.name}={value}", {**base, setting.name: value}
    names = {setting.name for setting in kind.settings}
    if {"strides", "padding"} <= names:
        for strides in ([1, 1], [2, 1], [3, 3]):
            yield f"same, strides={strides}", {**base, "strides": strides, "padding": "same"}


# ---- networks -----------------------------------------------------------------------------------------------------


def around(kind: type[LayerRule], config: dict[str, Any]) -> Network | None:
    """The layer between a Dense layer, whose gradients pass through it, and a Dense layer that reads it.

    None if it cannot work with any of `SHAPES`.
    """
    for shape in SHAPES:
        layer = kind.from_config(config)
        try:
            out = layer.output_shape([shape] * max(layer.arity[0], 1))
        except ChainruleError:
            continue
        if layer.arity[0] == 0:
            shape = out
        if min(out) < 1:
            continue
        if layer.arity[0] > 1:
            return _joined(kind.__name__, config, shape, layer.arity[0])
        before: list[tuple[str, dict[str, Any]]] = []
        if layer.arity[0] and "input_dim" not in config:
            before.append(("Dense", {"units": shape[-1], "activation": "tanh"}))
        middle = [(kind.__name__, config)] if layer.arity[0] else []
        after: list[tuple[str, dict[str, Any]]] = [("Flatten", {})] if len(out) > 1 else []
        return chain(shape, *before, *middle, *after, ("Dense", {"units": 3}))
    return None


def _joined(kind: str, config: dict[str, Any], shape: tuple[int, ...], count: int) -> Network:
    made = {
        "input": new_layer("Input", shape=list(shape)),
        **{
            f"branch_{k}": new_layer("Dense", units=shape[-1], activation="tanh")
            for k in range(count)
        },
        "joined": new_layer(kind, **config),
        "flat": new_layer("Flatten"),
        "end": new_layer("Dense", units=3),
    }
    branches = [f"branch_{k}" for k in range(count)]
    nodes = [
        Node("input", "input"),
        *(Node(b, b, ("input",)) for b in branches),
        Node("joined", "joined", tuple(branches)),
        Node("flat", "flat", ("joined",)),
        Node("end", "end", ("flat",)),
    ]
    layers = tuple(Layer(key, layer.kind, key, layer.config) for key, layer in made.items())
    return Network(kind, layers, tuple(nodes), ("end",))


def layer_subjects() -> list[Subject]:
    """Every registered layer in several settings."""
    found = []
    for kind in registry.kinds():
        for label, config in settings_of(kind):
            network = around(kind, config)
            if network is not None:
                found.append(Subject(f"{kind.__name__}: {label}", kind.__name__, network))
    return found


def loss_variants() -> list[tuple[str, Loss]]:
    """Every registered loss, of probabilities and of logits."""
    found = []
    for name in losses.names():
        made = losses.get(name)
        found.append((name, made))
        if made.link:
            found.append((f"{name}, logits", type(made)(from_logits=True)))
    return found


def optimizer_variants() -> list[tuple[str, Optimizer]]:
    """Every registered optimizer, with and without what can be switched on."""
    found = []
    for name in optimizers.names():
        defaults = type(optimizers.get(name)).defaults
        found.append((name, optimizers.get(name)))
        if "momentum" in defaults:
            found.append((f"{name}, momentum", optimizers.get({"kind": name, "momentum": 0.9})))
            if "nesterov" in defaults:
                arguments = {"kind": name, "momentum": 0.8, "nesterov": True}
                found.append((f"{name}, Nesterov", optimizers.get(arguments)))
    return found


# ---- programs -----------------------------------------------------------------------------------------------------


def bound(network: Network, loss: Loss | list[Loss] | None, rows: int = 4, *, mode: str = "check",
          dtype: Any = np.float64, seed: int = 0, **options: Any) -> Program:  # fmt: skip
    """A program with drawn weights and a fed batch, not yet run."""
    program = Program(compile_network(network, mode, loss=loss, **options), rows, dtype, seed=3)
    fill(program, loss, rows, seed)
    return program


def fill(program: Program, loss: Loss | list[Loss] | None, rows: int, seed: int = 0) -> None:
    """Weights, inputs and targets that are float32 numbers, so that both element types see the same."""
    rng = np.random.default_rng(seed)
    tape = program.tape
    for slot in tape.weights:
        values = rng.normal(0, 0.6, slot.tensor.shape)
        if slot.weight.role in ("gamma", "moving_variance"):
            values = np.abs(values) + 0.5
        program.tensor(slot.tensor.name)[...] = values.astype(np.float32)
    inputs = [_input(tape, t.name, (rows, *t.shape), rng) for t in tape.inputs.values()]
    given = loss if isinstance(loss, list) else [loss] * len(tape.targets)
    targets = [
        targets_for(one, rows, tape.outputs[node].shape, rng)
        for one, node in zip(given, tape.targets)
    ]
    program.feed(inputs, targets if targets else None)


def _input(tape: Tape, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    vocabulary = [ins.inputs["table"].shape[0] for ins in tape.instructions
                  if ins.op == "embed" and ins.inputs["x"].name == name]  # fmt: skip
    if not vocabulary:
        return rng.normal(size=shape).astype(np.float32)
    tokens = rng.integers(min(1, vocabulary[0] - 1), vocabulary[0], shape)
    tokens[: shape[0] // 2, -(shape[1] // 2) :] = 0
    return tokens


def targets_for(
    loss: Loss | None, rows: int, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Targets a loss can read."""
    if loss is None or not (loss.sparse or loss.link):
        return rng.normal(size=(rows, *shape)).astype(np.float32)
    if loss.sparse:
        return rng.integers(0, shape[-1], (rows, 1))
    values = rng.random((rows, *shape)) + 0.1
    return (values / values.sum(-1, keepdims=True) if loss.link == "softmax" else values).astype(
        np.float32
    )


def first_computed(program: Program) -> int:
    """The first instruction after those that fetch data."""
    return next(k for k, ins in enumerate(program.tape.instructions) if ins.phase != "data")


def cells_of(program: Program, name: str) -> tuple[int, ...]:
    """The shape of a tensor with its samples."""
    return program.tensor(name).shape


def in_place(ins: Instruction) -> bool:
    """True if it reads what it overwrites: to be explained before it runs."""
    inputs = {id(t) for t in ins.inputs.values()}
    return any(id(t) in inputs for t in ins.outputs.values())
