"""A 2-3-2 network stepped by hand in NumPy: snapshots of a real step without the engine."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from app.snapshots import (
    InstructionView,
    NetworkView,
    NodeView,
    ProgramView,
    Snapshot,
    TensorView,
    read_only,
)


@dataclass(frozen=True)
class Position:
    step: int = 0
    epoch: int = 0
    batch: int = 0
    batches: int = 2
    pc: int = 0
    instructions: int = 0
    rows: int = 2


SPEC = NetworkView(
    "2-3-2",
    (
        NodeView("input", "input", "Input", "Input", "2", (2,)),
        NodeView("hidden", "hidden", "Dense", "Dense 3", "tanh", (3,), "tanh",
                 ("hidden/kernel", "hidden/bias"), ("input",)),
        NodeView("output", "output", "Dense", "Dense 2", "sigmoid", (2,), "sigmoid",
                 ("output/kernel", "output/bias"), ("hidden",)),
    ),
    "points",
)  # fmt: skip

W1 = np.array([[0.42, -0.65, 0.27], [-0.31, 0.78, 0.54]])
B1 = np.array([0.10, -0.20, 0.05])
W2 = np.array([[0.58, -0.3], [-0.91, 0.44], [0.36, 0.7]])
B2 = np.array([0.12, -0.08])
X = np.array([[0.8, -0.5], [0.2, 0.9]])
Y = np.array([[1.0, 0.0], [0.0, 1.0]])
RATE = 0.5

# ruff: noqa: E501
# fmt: off
_LINES = (
    ("data", "gather", "input", "batch", {}, ("input/output", "targets")),
    ("forward", "matmul", "hidden", "p¹ = x W¹", {"x": "input/output", "kernel": "hidden/kernel"}, ("hidden/product",)),
    ("forward", "add_bias", "hidden", "z¹ = p¹ + b¹", {"x": "hidden/product", "bias": "hidden/bias"}, ("hidden/z",)),
    ("forward", "tanh", "hidden", "h = tanh(z¹)", {"x": "hidden/z"}, ("hidden/a",)),
    ("forward", "matmul", "output", "p² = h W²", {"x": "hidden/a", "kernel": "output/kernel"}, ("output/product",)),
    ("forward", "add_bias", "output", "z² = p² + b²", {"x": "output/product", "bias": "output/bias"}, ("output/z",)),
    ("forward", "sigmoid", "output", "ŷ = σ(z²)", {"x": "output/z"}, ("output/a",)),
    ("loss", "half_squared_error", "", "L = ½ Σ (ŷ − y)²", {"x": "output/a", "targets": "targets"}, ("loss", "loss/rows")),
    ("backward", "loss_gradient", "output", "∂L/∂ŷ = ŷ − y", {"x": "output/a", "targets": "targets"}, ("grad/output/a",)),
    ("backward", "sigmoid_gradient", "output", "δ² = ∂L/∂ŷ ⊙ ŷ(1 − ŷ)", {"g": "grad/output/a", "a": "output/a"}, ("grad/output/z",)),
    ("backward", "matmul_weight_grad", "output", "∂L/∂W² = hᵀ δ²", {"x": "hidden/a", "dy": "grad/output/z"}, ("grad/output/kernel",)),
    ("backward", "bias_gradient", "output", "∂L/∂b² = Σ δ²", {"g": "grad/output/z"}, ("grad/output/bias",)),
    ("backward", "input_gradient", "output", "∂L/∂h = δ² W²ᵀ", {"g": "grad/output/z", "kernel": "output/kernel"}, ("grad/hidden/a",)),
    ("backward", "tanh_gradient", "hidden", "δ¹ = ∂L/∂h ⊙ (1 − h²)", {"g": "grad/hidden/a", "a": "hidden/a"}, ("grad/hidden/z",)),
    ("backward", "matmul_weight_grad", "hidden", "∂L/∂W¹ = xᵀ δ¹", {"x": "input/output", "dy": "grad/hidden/z"}, ("grad/hidden/kernel",)),
    ("backward", "bias_gradient", "hidden", "∂L/∂b¹ = Σ δ¹", {"g": "grad/hidden/z"}, ("grad/hidden/bias",)),
    ("update", "sgd", "hidden", "W¹ ← W¹ − η ∂L/∂W¹", {"g": "grad/hidden/kernel"}, ("hidden/kernel",)),
    ("update", "sgd", "hidden", "b¹ ← b¹ − η ∂L/∂b¹", {"g": "grad/hidden/bias"}, ("hidden/bias",)),
    ("update", "sgd", "output", "W² ← W² − η ∂L/∂W²", {"g": "grad/output/kernel"}, ("output/kernel",)),
    ("update", "sgd", "output", "b² ← b² − η ∂L/∂b²", {"g": "grad/output/bias"}, ("output/bias",)),
)  # fmt: skip


def program() -> ProgramView:
    """The tape of one step."""
    lines = tuple(
        InstructionView(i, phase, op, layer, title, "", MappingProxyType(operands), writes)
        for i, (phase, op, layer, title, operands, writes) in enumerate(_LINES)
    )
    shapes = {
        "input/output": ((2,), True), "targets": ((2,), True), "loss": ((), False), "loss/rows": ((), True),
    }  # fmt: skip
    for layer, ins, units in (("hidden", 2, 3), ("output", 3, 2)):
        shapes[f"{layer}/kernel"] = ((ins, units), False)
        shapes[f"{layer}/bias"] = ((units,), False)
        shapes[f"grad/{layer}/kernel"] = ((ins, units), False)
        shapes[f"grad/{layer}/bias"] = ((units,), False)
        for name in ("product", "z", "a"):
            shapes[f"{layer}/{name}"] = ((units,), True)
        for name in ("z", "a"):
            shapes[f"grad/{layer}/{name}"] = ((units,), True)
    symbols = {"input/output": "x", "targets": "y", "loss": "L", "loss/rows": "l"}
    for layer, number, out in (("hidden", "¹", "h"), ("output", "²", "ŷ")):
        symbols |= {f"{layer}/kernel": f"W{number}", f"{layer}/bias": f"b{number}", f"{layer}/a": out,
                    f"{layer}/product": f"u{number}", f"{layer}/z": f"z{number}",
                    f"grad/{layer}/kernel": f"∂L/∂W{number}", f"grad/{layer}/bias": f"∂L/∂b{number}",
                    f"grad/{layer}/z": f"δ{number}", f"grad/{layer}/a": f"∂L/∂{out}"}  # fmt: skip
    tensors = {
        name: TensorView(
            name,
            shape,
            batch,
            "weight"
            if name.split("/")[-1] in ("kernel", "bias") and "grad" not in name
            else "value",
            name.split("/")[0],
            symbols[name],
        )
        for name, (shape, batch) in shapes.items()
    }
    return ProgramView(1, lines, MappingProxyType(tensors))


def values() -> dict[str, np.ndarray]:
    """Every tensor of one step in float64, before the updates."""
    v = {"input/output": X, "targets": Y, "hidden/kernel": W1, "hidden/bias": B1,
         "output/kernel": W2, "output/bias": B2}  # fmt: skip
    v["hidden/product"] = X @ W1
    v["hidden/z"] = v["hidden/product"] + B1
    v["hidden/a"] = h = np.tanh(v["hidden/z"])
    v["output/product"] = h @ W2
    v["output/z"] = v["output/product"] + B2
    v["output/a"] = out = 1 / (1 + np.exp(-v["output/z"]))
    v["loss/rows"] = 0.5 * ((out - Y) ** 2).sum(axis=1)
    v["loss"] = v["loss/rows"].mean()
    v["grad/output/a"] = (out - Y) / len(X)
    v["grad/output/z"] = d2 = v["grad/output/a"] * out * (1 - out)
    v["grad/output/kernel"], v["grad/output/bias"] = h.T @ d2, d2.sum(axis=0)
    v["grad/hidden/a"] = d2 @ W2.T
    v["grad/hidden/z"] = d1 = v["grad/hidden/a"] * (1 - h**2)
    v["grad/hidden/kernel"], v["grad/hidden/bias"] = X.T @ d1, d1.sum(axis=0)
    return v


def snapshot(pc: int, step: int = 0) -> Snapshot:
    """The moment after `pc` instructions of a step."""
    tape = program()
    everything = values()
    shown = dict(everything)
    written = {name: (step, line.index) for line in tape.instructions[:pc] for name in line.writes}
    for line in tape.instructions[16:pc]:
        name = line.writes[0]
        shown[name] = everything[name] - RATE * everything[f"grad/{name}"]
    return Snapshot(
        pc + 100 * step,
        Position(step, 0, 0, 1, pc, len(tape.instructions)),  # type: ignore[arg-type]
        MappingProxyType({name: read_only(array) for name, array in shown.items()}),
        program=tape,
        instruction=pc - 1 if pc else None,
        written_at=MappingProxyType(written),
        scalars=MappingProxyType({"learning_rate": RATE}),
    )
