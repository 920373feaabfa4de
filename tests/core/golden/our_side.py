"""A case in Chainrule's engine: the same names as `tests.core.golden.keras_side`."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import losses, optimizers
from core.spec import Layer, Network, Node, new_layer
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden.layers.case import LayerCase, batch, target, weight_values


def network_of(case: LayerCase) -> Network:
    """The document; layers are called as in the case."""
    shapes, _, calls, outputs = case.graph()
    layers, nodes = [], []
    for name, shape in shapes.items():
        layers.append(Layer(name, "InputLayer", name, {"shape": list(shape)}))
        nodes.append(Node(name, name))
    for call in calls:
        if call.kind.startswith("@"):
            nodes.append(Node(call.name, call.kind[1:], call.inputs))
            continue
        made = new_layer(call.kind, **call.config)
        layers.append(Layer(call.name, made.kind, call.name, made.config))
        nodes.append(Node(call.name, call.name, call.inputs))
    return Network(case.name, tuple(layers), tuple(nodes), outputs)


def set_weights(case: LayerCase, program: Program, names: list[str]) -> dict[str, str]:
    """Give the weights Keras's values; returns the tensor's name for each of Keras's.

    Matched by the order within a layer, which has to be Keras's, as its roles have.
    """
    _, _, calls, _ = case.graph()
    order = [call.name for call in calls if not call.kind.startswith("@")]
    mine: dict[int, list[Any]] = {}
    for slot in program.tape.weights:
        mine.setdefault(order.index(slot.layer), []).append(slot)
    found = {}
    for k, slots in mine.items():
        theirs = [name for name in names if name.startswith(f"{k}/")]
        assert len(theirs) == len(slots), (theirs, [s.tensor.name for s in slots])
        for name, slot in zip(theirs, slots, strict=True):
            role = name.split("/")[1].split(".")[0]
            assert slot.weight.role.rsplit("/", 1)[-1] == role, (slot.weight.role, name)
            values = weight_values(case.name, name, slot.tensor.shape)
            program.set_weights({slot.tensor.name: values})
            found[name] = slot.tensor.name
    assert len(found) == len([n for n in names if n])
    return found


def measured(
    case: LayerCase, names: list[str], dtype: Any = np.float32, *, prediction: bool = True
) -> dict[str, np.ndarray]:
    """As `keras_side.measured`; `names` are its ``weights``."""
    network = network_of(case)
    found = _predicted(case, network, names, dtype) if prediction else {}
    if not case.training:
        return found
    loss = losses.get("mean_squared_error")
    # A rate of 0: what training changes without a gradient changes, the weights stay.
    still = optimizers.get({"kind": "SGD", "learning_rate": 0.0})
    for wrt in ("params", "input"):
        tape = compile_network(network, "train", loss=loss, optimizer=still, wrt=wrt)
        program = Program(tape, case.rows, dtype)
        tensors = set_weights(case, program, names)
        start = next(k for k, i in enumerate(program.tape.instructions) if i.phase != "data")
        targets = [
            target(case.name, k, (case.rows, *t.shape))
            for k, t in enumerate(program.tape.outputs.values())
        ]
        for number in range(case.batches):
            program.feed(list(batch(case, number).values()), targets)
            program.run(start)
        if wrt == "input":
            _, vocabulary, _, _ = case.graph()
            for name in program.tape.inputs:
                if name not in vocabulary and case.gradient:
                    key = "grad/x" if len(program.tape.inputs) == 1 else f"grad/{name}"
                    found[key] = _gradient(program, f"{name}/x")
            break
        for k, t in enumerate(program.tape.outputs.values()):
            found[f"output/{k}" if k else "output"] = program.tensor(t.name).copy()
        found["loss"] = np.array(float(program.tensor("loss")))
        for slot in program.tape.weights:
            name = next(n for n, t in tensors.items() if t == slot.tensor.name)
            if slot.learns:
                found[f"grad/{name}"] = _gradient(program, slot.tensor.name)
            else:
                found[f"after/{name}"] = program.tensor(slot.tensor.name).copy()
    return found


def _gradient(program: Program, name: str) -> np.ndarray:
    """A gradient; zeros if nothing reads the tensor, such as the recurrent weights in a single step."""
    if f"grad/{name}" in program.tape.tensors:
        return program.tensor(f"grad/{name}").copy()
    return np.zeros_like(program.tensor(name))


def _predicted(
    case: LayerCase, network: Network, names: list[str], dtype: Any
) -> dict[str, np.ndarray]:
    program = Program(compile_network(network, "predict"), case.rows, dtype)
    set_weights(case, program, names)
    for number in range(case.batches):
        program.feed(list(batch(case, number).values()))
        program.run()
    return {
        f"predicted/{k}" if k else "predicted": program.tensor(t.name).copy()
        for k, t in enumerate(program.tape.outputs.values())
    }


#: Smaller numbers than this count as this: sums of many terms end near 0 with the terms' rounding.
FLOOR = 1e-2


def error(mine: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, relative to the largest number of the tensor."""
    assert mine.shape == theirs.shape, (mine.shape, theirs.shape)
    if not mine.size:
        return 0.0
    a, b = mine.astype(np.float64), theirs.astype(np.float64)
    if not (np.isfinite(a) == np.isfinite(b)).all():
        return float("inf")
    same = (a == b) | ~np.isfinite(b)
    largest = np.abs(b[np.isfinite(b)]).max(initial=FLOOR)
    return float(np.where(same, 0, np.abs(a - b)).max() / largest)
