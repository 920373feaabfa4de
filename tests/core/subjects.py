"""Small networks made from the registry: whatever is registered is in one of them, without being named here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from core import losses, optimizers, schedules
from core.errors import ChainruleError, SettingError
from core.layers import registry
from core.layers.base import Layer as LayerRule
from core.layers.settings import Setting
from core.losses import Loss
from core.ops.base import Instruction
from core.optimizers import Optimizer
from core.spec import Layer, Network, Node, new_layer
from core.spec.reference import reference
from core.tape.compiler import Tape, compile_network
from core.tape.program import Program
from tests.core import subject_settings
from tests.core.golden import cases
from tests.core.networks import chain

#: What a layer may be given: a list, an image, a sequence.
SHAPES: tuple[tuple[int, ...], ...] = ((5,), (6, 5, 2), (4, 3))
TOKENS = 7


@dataclass(frozen=True)
class Subject:
    """A layer with settings, in a network that asks for its gradients.

    `wide` subjects are tried in ``make test-long`` only: there are hundreds of them.
    """

    name: str
    kind: str
    network: Network
    wide: bool = False


def each(subjects: list[Subject]) -> Any:
    """The parameter ``subject`` of a test."""
    return pytest.mark.parametrize("subject", [
        pytest.param(s, id=s.name, marks=[pytest.mark.wide] if s.wide else []) for s in subjects])  # fmt: skip


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
    return {**found, **subject_settings.SMALLEST.get(kind.__name__, {})}


#: Settings that change where numbers start, and not what is computed.
STARTS = ("initializer", "constraint", "text")


def others(setting: Setting) -> list[Any]:
    """Values of a setting besides its default that are worth a test of their own, the most telling first."""
    if setting.type in STARTS or setting.name.endswith("initializer"):
        return []
    if setting.type == "regularizer":
        return [{"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.03}}]
    if setting.type == "bool":
        return [not setting.default]
    if setting.type == "choice":
        return [choice for choice in setting.choices if choice != setting.default]
    if setting.type == "pair":
        return [[2, 1], [3, 2], [1, 1], [2, 2]]
    if setting.type == "pairs":
        return [[[1, 2], [0, 1]], [1, 0]]
    if setting.type == "float" and setting.minimum is not None and setting.maximum is not None:
        return [(setting.minimum + setting.maximum) / 2, setting.minimum]
    if setting.type == "int":
        return [1] if (setting.minimum or 0) <= 1 else []
    return []


def settings_of(kind: type[LayerRule]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """(label, settings, wide): the smallest, then one setting changed at a time, then pairs of changes to windows."""
    base = smallest(kind)
    yield "plain", base, False
    more = subject_settings.MORE.get(kind.__name__, {})
    for label, config in more.items():
        yield label, {**base, **config}, False
    for setting in kind.settings:
        activation = setting.type == "choice" and setting.name.endswith("activation")
        for k, value in enumerate(others(setting)):
            if value == base[setting.name]:
                continue
            # Every function is tried by itself, and two of them wherever a layer takes one.
            several = activation and kind.__name__ != "Activation"
            if several and k > 1:
                break
            wide = k > 1 or (several and k > 0) or setting.type == "regularizer"
            yield f"{setting.name}={_shown(value)}", {**base, setting.name: value}, wide
    if kind.owns_weights():
        # Its input still has a gradient.
        yield (
            "frozen",
            {**base, "trainable": False},
            kind.__name__ not in ("BatchNormalization", "LSTM"),
        )
    names = {setting.name for setting in kind.settings}
    if {"strides", "padding"} <= names:
        for k, strides in enumerate((2, 3, 1)):
            given = {**base, "strides": strides, "padding": "same"}
            yield f"same, strides={strides}", given, k > 0


def _shown(value: Any) -> str:
    return str(value.get("class_name", value)) if isinstance(value, dict) else str(value)


# ---- networks -----------------------------------------------------------------------------------------------------


def around(kind: type[LayerRule], config: dict[str, Any], shape: tuple[int, ...]) -> Network | None:
    """The layer between Dense layers, whose gradients pass through it, and Dense layers that read all it gives.

    None if it cannot work with this shape.
    """
    layer = kind.from_config(config)
    count = layer.arity[0]
    try:
        out = layer.output_shapes([shape] * count)
    except ChainruleError:
        return None
    if min(min(one, default=1) for one in out) < 1:
        return None
    if not count:
        return chain(
            out[0], *([("Flatten", {})] if len(out[0]) > 1 else []), ("Dense", {"units": 3})
        )
    made: dict[str, Any] = {"input": new_layer("Input", shape=list(shape))}
    nodes = [Node("input", "input")]

    def put(name: str, kind: str, sources: tuple[str, ...], **settings: Any) -> str:
        made[name] = new_layer(kind, **settings)
        nodes.append(Node(name, name, sources))
        return name

    sources = ["input"] * count
    if "input_dim" not in config:
        sources = [
            put(f"branch_{k}", "Dense", ("input",), units=shape[-1], activation="tanh")
            for k in range(count)
        ]
    made["subject"] = new_layer(kind.__name__, **config)
    nodes.append(Node("subject", "subject", tuple(sources)))
    ends = []
    for k, one in enumerate(out):
        last = reference("subject", k)
        if len(one) > 1:
            last = put(f"flat_{k}", "Flatten", (last,))
        ends.append(put(f"end_{k}", "Dense", (last,), units=3))
    if len(ends) > 1:
        ends = [put("ends", "Add", tuple(ends))]
    layers = tuple(Layer(key, layer.kind, key, layer.config) for key, layer in made.items())
    return Network(kind.__name__, layers, tuple(nodes), tuple(ends))


def layer_subjects() -> list[Subject]:
    """Every registered layer in several settings, the smallest of them on each kind of data it takes."""
    found = []
    for kind in registry.kinds():
        for label, config, wide in settings_of(kind):
            fitting = 0
            for shape in subject_settings.SHAPES.get(kind.__name__, SHAPES):
                try:
                    network = around(kind, config, shape)
                except SettingError:
                    # Two settings that do not go together, such as strides and dilation.
                    continue
                if network is None:
                    continue
                fitting += 1
                on = f" on {'×'.join(map(str, shape))}" if fitting > 1 else ""
                name = f"{kind.__name__}: {label}{on}"
                found.append(Subject(name, kind.__name__, network, wide or fitting > 2))
                if label != "plain":
                    break
    return found


def loss_variants() -> list[tuple[str, Loss]]:
    """Every registered loss with its defaults, and with each of its arguments changed."""
    found = []
    changes = {"from_logits": True, "label_smoothing": 0.2, "delta": 0.3, "ignore_class": 1}
    for name in losses.names():
        kind = type(losses.get(name))
        found.append((name, kind()))
        for argument, _ in kind.arguments:
            if argument in changes:
                label = "logits" if argument == "from_logits" else argument
                found.append((f"{name}, {label}", kind(**{argument: changes[argument]})))
        if "label_smoothing" in dict(kind.arguments):
            both = {"from_logits": True, "label_smoothing": 0.2}
            found.append((f"{name}, logits, label_smoothing", kind(**both)))
    return found


def optimizer_variants() -> list[tuple[str, Optimizer]]:
    """Every registered optimizer, with and without what can be switched on, and with what all have in common."""
    found = []
    for name in optimizers.names():
        kind = optimizers.kind(name)
        found.append((name, optimizers.get(name)))
        switches = [setting.name for setting in kind.own if setting.type == "bool"]
        if "momentum" in kind.defaults:
            found.append((f"{name}, momentum", optimizers.get({"kind": name, "momentum": 0.9})))
        for switch in switches:
            more = {"momentum": 0.8} if "momentum" in kind.defaults else {}
            found.append(
                (f"{name}, {switch}", optimizers.get({"kind": name, switch: True, **more}))
            )
            if more and switch != "nesterov":
                found.append(
                    (f"{name}, {switch} alone", optimizers.get({"kind": name, switch: True}))
                )
        decay = {"kind": name, "weight_decay": 0.05, **({"momentum": 0.9} if name == "SGD" else {})}
        found.append((f"{name}, weight decay", optimizers.get(decay)))
    for way, limit in (("clipnorm", 0.3), ("clipvalue", 0.1), ("global_clipnorm", 0.5)):
        found.append((f"SGD, {way}", optimizers.get({"kind": "SGD", way: limit})))
    return found


def schedule_variants() -> dict[str, dict[str, Any]]:
    """Every registered schedule: Keras's in the stored cases, the notes' own as they are at first."""
    found = dict(cases.SCHEDULES)
    given = {
        "initial_learning_rate": 0.1,
        "max_learning_rate": 0.1,
        "total_steps": 40,
        "values": [0.1, 0.05, 0.02],
    }
    have = {document["kind"] for document in found.values()}
    for name in schedules.names():
        if name not in have:
            wanted = schedules.Schedule.kinds[name].defaults()
            found[name] = {"kind": name, **{k: v for k, v in given.items() if k in wanted}}
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
    inputs = [input_values(tape, t.name, (rows, *t.shape), rng) for t in tape.inputs.values()]
    given = loss if isinstance(loss, list) else [loss] * len(tape.targets)
    targets = [
        targets_for(one, rows, tape.outputs[node].shape, rng)
        for one, node in zip(given, tape.targets)
    ]
    weights = [
        rng.random((rows, *t.shape)).astype(np.float32) * 2 for t in tape.sample_weights.values()
    ]
    program.feed(inputs, targets if targets else None, weights or None)


def input_values(
    tape: Tape, name: str, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Numbers for an input, or tokens with padding if an Embedding reads it."""
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
    if loss is not None and loss.sparse:
        return rng.integers(0, shape[-1], (rows, *(shape[:-1] or (1,))))
    if loss is None or loss.suits == "linear":
        return rng.normal(size=(rows, *shape)).astype(np.float32)
    values = rng.random((rows, *shape)) + 0.1
    return (values / values.sum(-1, keepdims=True) if loss.suits == "softmax" else values).astype(
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
