"""A small convolutional network trained for a few steps in NumPy on the bundled digits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import core.data
from app.snapshots import (
    EvaluationView,
    FiguresView,
    HealthView,
    HistoryView,
    NetworkView,
    NodeView,
    PredictionPage,
    SampleView,
    Snapshot,
    read_only,
)
from tests.app.scenes.fixtures import Position

F = np.float32


def patches(x: np.ndarray) -> np.ndarray:
    """(n, h, w, c) -> (n, h, w, 9 c) of zero-padded 3x3 windows."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    n, h, w, c = x.shape
    parts = [padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)]
    return np.stack(parts, 3).reshape(n, h, w, 9 * c)


def fold(p: np.ndarray, c: int) -> np.ndarray:
    """Transpose of `patches`."""
    n, h, w, _ = p.shape
    out = np.zeros((n, h + 2, w + 2, c), F)
    parts = p.reshape(n, h, w, 9, c)
    for k in range(9):
        i, j = divmod(k, 3)
        out[:, i : i + h, j : j + w] += parts[:, :, :, k]
    return out[:, 1:-1, 1:-1]


def pool(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, h, w, c = x.shape
    blocks = x.reshape(n, h // 2, 2, w // 2, 2, c)
    top = blocks.max((2, 4))
    return top, (blocks == top[:, :, None, :, None]).astype(F)


class Cnn:
    """conv 8, pool, conv 16, pool, dense 32, dense 10 with softmax and cross-entropy, trained by Adam."""

    NAMES = ("conv2d_1", "conv2d_2", "dense_1", "dense_2")

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        shapes = [(9, 8), (72, 16), (784, 32), (32, 10)]
        self.w = [rng.normal(0, np.sqrt(2 / s[0]), s).astype(F) for s in shapes]
        self.b = [np.zeros(s[1], F) for s in shapes]
        self.slots = [[np.zeros_like(p), np.zeros_like(p)] for p in self.w + self.b]
        self.steps = 0
        self.ratio = [0.0] * 4

    def forward(self, x: np.ndarray) -> dict[str, np.ndarray]:
        a: dict[str, np.ndarray] = {"input": x}
        a["c1p"] = patches(x)
        a["conv2d_1"] = np.maximum(a["c1p"] @ self.w[0] + self.b[0], 0)
        a["pool_1"], a["m1"] = pool(a["conv2d_1"])
        a["c2p"] = patches(a["pool_1"])
        a["conv2d_2"] = np.maximum(a["c2p"] @ self.w[1] + self.b[1], 0)
        a["pool_2"], a["m2"] = pool(a["conv2d_2"])
        a["flatten"] = a["pool_2"].reshape(len(x), -1)
        a["dense_1"] = np.maximum(a["flatten"] @ self.w[2] + self.b[2], 0)
        z = a["dense_1"] @ self.w[3] + self.b[3]
        e = np.exp(z - z.max(1, keepdims=True))
        a["dense_2"] = e / e.sum(1, keepdims=True)
        return a

    def backward(
        self, a: dict[str, np.ndarray], y: np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray], dict[str, np.ndarray]]:
        n = len(y)
        g: dict[str, np.ndarray] = {}
        dz = a["dense_2"].copy()
        dz[np.arange(n), y] -= 1
        dz /= n
        g["dense_2"] = dz
        dw, db = [a["dense_1"].T @ dz], [dz.sum(0)]
        g["dense_1"] = dz @ self.w[3].T
        d = g["dense_1"] * (a["dense_1"] > 0)
        dw.insert(0, a["flatten"].T @ d)
        db.insert(0, d.sum(0))
        g["flatten"] = d @ self.w[2].T
        g["pool_2"] = g["flatten"].reshape(a["pool_2"].shape)
        g["conv2d_2"] = (a["m2"] * g["pool_2"][:, :, None, :, None]).reshape(a["conv2d_2"].shape)
        d = g["conv2d_2"] * (a["conv2d_2"] > 0)
        dw.insert(0, a["c2p"].reshape(-1, 72).T @ d.reshape(-1, 16))
        db.insert(0, d.sum((0, 1, 2)))
        g["pool_1"] = fold(d @ self.w[1].T, 8)
        g["conv2d_1"] = (a["m1"] * g["pool_1"][:, :, None, :, None]).reshape(a["conv2d_1"].shape)
        d = g["conv2d_1"] * (a["conv2d_1"] > 0)
        dw.insert(0, a["c1p"].reshape(-1, 9).T @ d.reshape(-1, 8))
        db.insert(0, d.sum((0, 1, 2)))
        g["input"] = fold(d @ self.w[0].T, 1)
        return dw, db, g

    def step(
        self, x: np.ndarray, y: np.ndarray, rate: float = 0.003
    ) -> tuple[float, float, list[float]]:
        a = self.forward(x)
        dw, db, _ = self.backward(a, y)
        self.steps += 1
        for k, (p, g, (m, v)) in enumerate(zip(self.w + self.b, dw + db, self.slots, strict=True)):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            change = (
                rate * (m / (1 - 0.9**self.steps)) / (np.sqrt(v / (1 - 0.999**self.steps)) + 1e-7)
            )
            p -= change
            if k < 4:
                self.ratio[k] = float(np.linalg.norm(change) / np.linalg.norm(p))
        probability = a["dense_2"][np.arange(len(y)), y]
        right = a["dense_2"].argmax(1) == y
        return (
            float(-np.log(probability + 1e-9).mean()),
            float(right.mean()),
            [float(np.linalg.norm(g)) for g in dw],
        )


def cnn_view() -> NetworkView:
    def node(
        identifier: str,
        kind: str,
        title: str,
        shape: tuple[int, ...],
        activation: str = "",
        before: str = "",
        weights: bool = False,
    ) -> NodeView:
        names = (f"{identifier}/kernel", f"{identifier}/bias") if weights else ()
        text = "×".join(map(str, shape))
        return NodeView(
            identifier,
            identifier,
            kind,
            title,
            text,
            shape,
            activation,
            names,
            (before,) if before else (),
        )

    nodes = (
        node("input", "Input", "Input", (28, 28, 1)),
        node("conv2d_1", "Conv2D", "Conv2D 8", (28, 28, 8), "relu", "input", True),
        node("pool_1", "MaxPooling2D", "MaxPool", (14, 14, 8), "", "conv2d_1"),
        node("conv2d_2", "Conv2D", "Conv2D 16", (14, 14, 16), "relu", "pool_1", True),
        node("pool_2", "MaxPooling2D", "MaxPool", (7, 7, 16), "", "conv2d_2"),
        node("flatten", "Flatten", "Flatten", (784,), "", "pool_2"),
        node("dense_1", "Dense", "Dense", (32,), "relu", "flatten", True),
        node("dense_2", "Dense", "Softmax", (10,), "softmax", "dense_1", True),
    )
    return NetworkView("Digits CNN", nodes, "image", tuple("0123456789"), 26698)


def _snapshot(
    net: Cnn, data: core.data.DataSet, serial: int, log: dict[str, list], index: int
) -> Snapshot:
    x = data.x_test[:400].astype(F) / 255
    y = data.y_test[:400]
    a = net.forward(x)
    one = net.forward(x[index : index + 1])
    dw, _, g = net.backward(one, y[index : index + 1])
    values: dict[str, np.ndarray] = {}
    for node in cnn_view().nodes:
        values[f"sample:{node.id}/output"] = read_only(one[node.id][0])
        values[f"sample:grad/{node.id}/output"] = read_only(g[node.id][0])
    shapes = [(3, 3, 1, 8), (3, 3, 8, 16), (784, 32), (32, 10)]
    for name, w, b, d, shape in zip(Cnn.NAMES, net.w, net.b, dw, shapes, strict=False):
        values[f"{name}/kernel"] = read_only(w.reshape(shape))
        values[f"{name}/bias"] = read_only(b)
        values[f"grad/{name}/kernel"] = read_only(d.reshape(shape))
    said = a["dense_2"].argmax(1)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (y, said), 1)
    page = slice(40, 64)
    predictions = PredictionPage(
        read_only(np.arange(40, 64), np.int64),
        read_only(data.x_test[page], np.uint8),
        read_only(y[page], np.int64),
        read_only(said[page], np.int64),
        read_only(a["dense_2"][page].max(1)),
        tuple("0123456789"),
        serial,
    )
    loss = float(-np.log(a["dense_2"][np.arange(400), y] + 1e-9).mean())
    n = len(log["loss"])
    accuracy = float((said == y).mean())
    if n and n % 20 == 0 and (not log["val_steps"] or log["val_steps"][-1] != n):
        log["val_steps"].append(n)
        log["val_loss"].append(loss)
        log["val_accuracy"].append(accuracy)
    history = HistoryView(
        read_only(np.arange(1, n + 1), np.int64),
        read_only(log["loss"]),
        read_only(log["accuracy"]),
        read_only(log["val_steps"], np.int64),
        read_only(log["val_loss"]),
        read_only(log["val_accuracy"]),
        20,
        400,
        serial,
    )
    norms = np.array(log["norms"]) if log["norms"] else np.zeros((1, 4))
    health = HealthView(
        Cnn.NAMES,
        read_only(norms[-8:].mean(0)),
        read_only(net.ratio),
        read_only(np.full(4, np.nan)),
        read_only(np.arange(1, len(norms) + 1), np.int64),
        read_only(norms.T),
        serial,
    )
    evaluation = EvaluationView(
        n,
        400,
        loss,
        accuracy,
        read_only(confusion, np.int64),
        tuple("0123456789"),
        serial,
    )
    figures = FiguresView(
        epoch=n // 20 + 1, train={"loss": float(np.mean(log["loss"][-10:]))} if n else {},
        valid={"loss": loss, "accuracy": accuracy}, valid_step=n,
    )  # fmt: skip
    p = one["dense_2"][0]
    sample = SampleView(
        index,
        "validation",
        read_only(x[index]),
        int(y[index]),
        read_only(p),
        float(-np.log(p[y[index]] + 1e-9)),
        tuple("0123456789"),
    )
    return Snapshot(
        serial,
        Position(n, n // 20, n % 20, 20, 0, 40),
        values,
        history,
        predictions=predictions,
        evaluation=evaluation,
        figures=figures,
        health=health,
        sample=sample,
        scalars={"loss": log["loss"][-1] if n else float("nan"), "learning_rate": 0.003},
    )


@lru_cache(maxsize=4)
def trained_cnn(steps: int = 60, index: int = 55) -> tuple[NetworkView, tuple[Snapshot, ...]]:
    """The network's view and its snapshots: untrained, every twentieth step, and the last two."""
    data = core.data.load("digits")
    net, rng = Cnn(), np.random.default_rng(1)
    log: dict[str, list] = {
        "loss": [],
        "accuracy": [],
        "norms": [],
        "val_steps": [],
        "val_loss": [],
        "val_accuracy": [],
    }
    shots = [_snapshot(net, data, 1, log, index)]
    for step in range(1, steps + 1):
        rows = rng.choice(len(data.x_train), 32, replace=False)
        loss, accuracy, norms = net.step(data.x_train[rows].astype(F) / 255, data.y_train[rows])
        log["loss"].append(loss)
        log["accuracy"].append(accuracy)
        log["norms"].append(norms)
        if step % 20 == 0 or step >= steps - 1:
            shots.append(_snapshot(net, data, step + 1, log, index))
    return cnn_view(), tuple(shots)
