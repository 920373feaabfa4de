"""Snapshots with really computed numbers: a tiny network trained in NumPy, far from the engine.

Scenes are tested and photographed with these, so a picture that looks wrong is the painter's fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from app.snapshots import (
    EvaluationView,
    HealthView,
    HistoryView,
    NetworkView,
    NodeView,
    PlaneView,
    SampleView,
    Snapshot,
    read_only,
)


@dataclass(frozen=True)
class Position:
    """Stands in for core.runs.Position."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    batches: int = 1
    pc: int = 0
    instructions: int = 1


def spirals(
    samples: int = 400, noise: float = 0.22, seed: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved spirals in -6..6, shuffled."""
    rng = np.random.default_rng(seed)
    half = samples // 2
    r = np.linspace(0.4, 5.0, half)
    points, labels = [], []
    for label in range(2):
        angle = r * 1.55 + label * np.pi
        points.append(
            np.stack([r * np.sin(angle), r * np.cos(angle)], 1) + rng.normal(0, noise, (half, 2))
        )
        labels.append(np.full(half, label))
    order = rng.permutation(2 * half)
    return np.concatenate(points)[order].astype(np.float32), np.concatenate(labels)[order]


class Mlp:
    """Dense tanh layers with a tanh output and mean squared error against -1 and +1, trained by Adam."""

    def __init__(self, sizes: tuple[int, ...], seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.sizes = sizes
        self.w = [
            rng.normal(0, np.sqrt(2 / (a + b)), (a, b)).astype(np.float32)
            for a, b in pairwise(sizes)
        ]
        self.b = [np.zeros(n, np.float32) for n in sizes[1:]]
        self.slots = [[np.zeros_like(p), np.zeros_like(p)] for p in self.w + self.b]
        self.steps = 0

    def forward(self, x: np.ndarray) -> list[np.ndarray]:
        out = [x]
        for w, b in zip(self.w, self.b, strict=True):
            out.append(np.tanh(out[-1] @ w + b))
        return out

    def backward(
        self, a: list[np.ndarray], target: np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Gradients of the kernels, the biases and the outputs."""
        g = 2 * (a[-1] - target) / target.size
        dw, db, outs = [], [], [g]
        for k in range(len(self.w) - 1, -1, -1):
            z = g * (1 - a[k + 1] ** 2)
            dw.insert(0, a[k].T @ z)
            db.insert(0, z.sum(0))
            g = z @ self.w[k].T
            outs.insert(0, g)
        return dw, db, outs

    def step(self, x: np.ndarray, target: np.ndarray, rate: float) -> float:
        a = self.forward(x)
        dw, db, _ = self.backward(a, target)
        self.steps += 1
        for p, g, (m, v) in zip(self.w + self.b, dw + db, self.slots, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= rate * (m / (1 - 0.9**self.steps)) / (np.sqrt(v / (1 - 0.999**self.steps)) + 1e-7)
        return float(((a[-1] - target) ** 2).mean())


def targets(y: np.ndarray, units: int) -> np.ndarray:
    """+1 for the class of a unit and -1 for the other; one unit stands for class 1."""
    sign = np.where(y == 1, 1, -1).astype(np.float32)[:, None]
    return sign if units == 1 else sign * np.where(np.arange(units) == 0, -1, 1).astype(np.float32)


def features(points: np.ndarray, count: int) -> np.ndarray:
    """The plane's coordinates, and their sines when four inputs are wanted."""
    if count == 2:
        return points.astype(np.float32) / np.float32(3)
    return np.concatenate([points / 3, np.sin(points)], 1).astype(np.float32)


def mlp_view(
    sizes: tuple[int, ...], data: str = "points", name: str = "Two spirals MLP"
) -> NetworkView:
    """A network view of Dense layers."""
    names = ("x₁", "x₂", "sin x₁", "sin x₂")
    labels = names[: sizes[0]] if data == "points" else tuple(f"x{i + 1}" for i in range(sizes[0]))
    nodes = [
        NodeView(
            "input", "input", "Input", "Input", f"{sizes[0]} features", (sizes[0],), labels=labels
        )
    ]
    for k, n in enumerate(sizes[1:], 1):
        last = k == len(sizes) - 1
        layer = f"dense_{k}"
        nodes.append(
            NodeView(
                layer,
                layer,
                "Dense",
                "Output" if last else f"Dense {n}",
                "tanh",
                (n,),
                "tanh",
                (f"{layer}/kernel", f"{layer}/bias"),
                (nodes[-1].id,),
            )
        )
    parameters = sum(a * b + b for a, b in pairwise(sizes))
    return NetworkView(name, tuple(nodes), data, ("Class A", "Class B"), parameters)


def mlp_snapshot(
    net: Mlp,
    x: np.ndarray,
    y: np.ndarray,
    train: int,
    serial: int,
    log: dict[str, list],
    side: int = 48,
) -> Snapshot:
    """Everything a picture of `net` may want."""
    values: dict[str, np.ndarray] = {}
    count = net.sizes[0]
    points = count in (2, 4)
    target = targets(y, net.sizes[-1])
    index = 137 % len(x)
    inputs = features(x, count) if points else x
    one = net.forward(inputs[index : index + 1])
    dw, _, outs = net.backward(one, target[index : index + 1])
    names = ["input"] + [f"dense_{k}" for k in range(1, len(net.sizes))]
    for k, name in enumerate(names):
        values[f"sample:{name}/output"] = read_only(one[k][0])
        values[f"sample:grad/{name}/output"] = read_only(outs[k][0])
        if k:
            values[f"sample:{name}/z"] = read_only((one[k - 1] @ net.w[k - 1] + net.b[k - 1])[0])
            values[f"{name}/kernel"] = read_only(net.w[k - 1])
            values[f"{name}/bias"] = read_only(net.b[k - 1])
            values[f"grad/{name}/kernel"] = read_only(dw[k - 1])
    plane = None
    if points:
        axis = np.linspace(-6, 6, side)
        gx, gy = np.meshgrid(axis, axis[::-1])
        grid = net.forward(features(np.stack([gx.ravel(), gy.ravel()], 1), count))
        for k, name in enumerate(names):
            values[f"plane:{name}/output"] = read_only(grid[k].T.reshape(-1, side, side))
        plane = PlaneView(
            (-6.0, -6.0),
            (6.0, 6.0),
            read_only(x),
            read_only(y, np.int64),
            train,
            ("Class A", "Class B"),
        )
    steps = np.arange(1, len(log["loss"]) + 1)
    history = HistoryView(
        read_only(steps, np.int64),
        read_only(log["loss"]),
        read_only(log["accuracy"]),
        read_only(log["val_steps"], np.int64),
        read_only(log["val_loss"]),
        read_only(log["val_accuracy"]),
        log["epoch"][0] if log["epoch"] else 1,
        log["total"][0] if log["total"] else 0,
        serial,
    )
    health = None
    if log["norms"]:
        norms = np.array(log["norms"])
        bins = np.array_split(np.arange(len(norms)), min(64, len(norms)))
        saturation = [float((np.abs(a) > 0.97).mean()) for a in net.forward(inputs)[1:]]
        saturation[-1] = np.nan
        health = HealthView(
            tuple(names[1:]),
            read_only(norms[-8:].mean(0)),
            read_only(np.full(len(names) - 1, np.nan)),
            read_only(saturation),
            read_only([b[-1] + 1 for b in bins], np.int64),
            read_only(np.stack([norms[b].mean(0) for b in bins], 1)),
            serial,
        )
    sample = SampleView(
        index,
        "validation",
        read_only(x[index] if points else inputs[index]),
        int(y[index]),
        read_only(one[-1][0]),
        float(((one[-1] - target[index]) ** 2).mean()),
        ("Class A", "Class B"),
    )
    evaluation = None
    if log["val_loss"]:
        evaluation = EvaluationView(
            len(steps),
            len(x) - train,
            log["val_loss"][-1],
            log["val_accuracy"][-1],
            serial=serial,
        )
    return Snapshot(
        serial,
        Position(len(steps), len(log["val_steps"]), 1, 12, 0, 40),
        values,
        history,
        health=health,
        sample=sample,
        plane=plane,
        evaluation=evaluation,
        scalars={"loss": log["loss"][-1] if log["loss"] else float("nan")},
    )


@lru_cache(maxsize=8)
def trained_mlp(
    sizes: tuple[int, ...] = (4, 8, 8, 6, 1), steps: int = 600, total: int = 1000
) -> tuple[NetworkView, tuple[Snapshot, ...]]:
    """A spirals network and its snapshots: untrained, one step before the last, and the last."""
    x, y = spirals()
    net = Mlp(sizes)
    train, batch, rng = 240, 20, np.random.default_rng(3)
    inputs, target = features(x, sizes[0]), targets(y, sizes[-1])
    log: dict[str, list] = {
        "loss": [],
        "accuracy": [],
        "val_steps": [],
        "val_loss": [],
        "val_accuracy": [],
        "norms": [],
        "epoch": [12],
        "total": [total],
    }
    snapshots = [mlp_snapshot(net, x, y, train, 1, log)]
    for step in range(1, steps + 1):
        rows = rng.choice(train, batch, replace=False)
        dw, _, _ = net.backward(net.forward(inputs[rows]), target[rows])
        log["norms"].append([float(np.linalg.norm(g)) for g in dw])
        log["loss"].append(net.step(inputs[rows], target[rows], 0.02))
        out = net.forward(inputs)[-1]
        right = (out[:, -1] > 0) == (y == 1)
        log["accuracy"].append(float(right[rows].mean()))
        if step % 12 == 0:
            log["val_steps"].append(step)
            log["val_loss"].append(float(((out[train:] - target[train:]) ** 2).mean()))
            log["val_accuracy"].append(float(right[train:].mean()))
        if step >= steps - 1:
            snapshots.append(mlp_snapshot(net, x, y, train, step + 1, log))
    return mlp_view(sizes), tuple(snapshots)


@lru_cache(maxsize=8)
def big_mlp(
    sizes: tuple[int, ...] = (20, 16, 48, 200, 700, 2),
) -> tuple[NetworkView, tuple[Snapshot, ...]]:
    """A table network with a layer at each level of detail, after three steps."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, (150, sizes[0])).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    net = Mlp(sizes)
    target = targets(y, sizes[-1])
    log: dict[str, list] = {
        "loss": [],
        "accuracy": [],
        "val_steps": [],
        "val_loss": [],
        "val_accuracy": [],
        "norms": [],
        "epoch": [5],
        "total": [50],
    }
    snapshots = []
    for step in range(3):
        log["loss"].append(net.step(x, target, 0.005))
        log["accuracy"].append(0.5)
        snapshots.append(mlp_snapshot(net, x, y, 100, step + 1, log))
    return mlp_view(sizes, "table", "Table"), tuple(snapshots)
