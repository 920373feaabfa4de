"""Trains an MLP, two CNNs and an LSTM on the path of ``CHAINRULE_PROCESSOR`` and prints what came out as JSON.

A path is chosen once a process, so that `test_paths` starts this as a child for each.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from typing import Any

import numpy as np

import core
from core import layers
from core.kernels.dense import bias_add
from core.kernels.elementwise import tanh
from core.kernels.processor import CHOSEN
from core.kernels.product import TALL, TWO, tile
from tests.core.networks import chain, differences, everything
from tests.core.runs.test_every_layer import run_of

RNG = np.random.default_rng(5)
_TILE = tile(TALL, TWO)


def mlp() -> tuple[core.Model, np.ndarray, np.ndarray]:
    """Widths that are no multiple of any register, and functions of which some are polynomials."""
    model = core.Sequential(
        [
            core.Input((7,)),
            layers.Dense(37, activation="tanh"),
            layers.Dense(19, activation="gelu"),
            layers.Dense(3, activation="softmax"),
        ],
        seed=1,
    )
    return model, RNG.normal(size=(45, 7)), RNG.integers(0, 3, 45)


def cnn() -> tuple[core.Model, np.ndarray, np.ndarray]:
    """Few channels, more than a register, and statistics of the batch."""
    model = core.Sequential(
        [
            core.Input((9, 8, 1)),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2, padding="same"),
            layers.Conv2D(18, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        seed=2,
    )
    return model, RNG.normal(size=(21, 9, 8, 1)), RNG.integers(0, 3, 21)


def lstm() -> tuple[core.Model, np.ndarray, np.ndarray]:
    """Gates: columns of a wider tensor, sigmoids, backpropagation through time."""
    model = core.Sequential(
        [core.Input((6, 3)), layers.LSTM(11), layers.Dense(3, activation="softmax")], seed=3
    )
    return model, RNG.normal(size=(19, 6, 3)), RNG.integers(0, 3, 19)


def few() -> tuple[core.Model, np.ndarray, np.ndarray]:
    """Pixels of three channels side by side in registers, and a loss of double precision over lists of two."""
    model = core.Sequential(
        [
            core.Input((8, 9, 3)),
            layers.DepthwiseConv2D(3, padding="same", activation="gelu"),
            layers.DepthwiseConv2D((2, 3), depth_multiplier=2),
            layers.Flatten(),
            layers.Dense(2, activation="softplus"),
        ],
        seed=4,
    )
    return model, RNG.normal(size=(17, 8, 9, 3)), RNG.uniform(0, 2, (17, 2))


def fused_as_written(kind: str) -> bool:
    """Whether whole steps with superinstructions leave the same values as the tape as it is written."""
    network = chain((5, 3), (kind, {"units": 11}), ("Dense", {"units": 2}))
    fused, written = run_of(network), run_of(network)
    written.program.fused = False
    assert len(fused.program.fused_order) < len(written.program.fused_order)
    for run in (fused, written):
        run.advance(9, epochs=9)
    return differences(everything(fused), everything(written)) == []


def registers(code: str) -> dict[str, int]:
    """How often each kind of register and the fused multiply-add occur in assembly."""
    found = {name: len(re.findall(rf"%{name}\d", code)) for name in ("zmm", "ymm", "xmm")}
    found["fused"] = len(re.findall(r"\bvfn?m(?:add|sub)\d+[ps]s\b", code))
    found["packed"] = len(re.findall(r"\bv?(?:mul|add|sub|max|fmadd\d+)ps\b", code))
    return found


def one_tile(mem, ints, reals, state):  # type: ignore[no-untyped-def]
    """The heart of the product by itself, which compiles in half a second."""
    _TILE(mem, 0, TALL, 1000, 5000, 0, 0, 0, 0, 40, 1, 0, 40, 0, 40, ints[0], 1, -1)


def code(kernel: Any) -> str:
    """Its assembly; what comes from Numba's cache has none to show."""
    from numba import njit, types  # after the path was told to it

    signature = types.void(
        types.float32[::1], types.int64[::1], types.float64[::1], types.int64[::1]
    )
    dispatcher = njit(nogil=True, error_model="numpy")(kernel)
    dispatcher.compile(signature)
    (text,) = dispatcher.inspect_asm().values()
    return str(text)


def main() -> None:
    """Train each network, check its gradients, look at the code."""
    report: dict[str, Any] = {"path": CHOSEN.name, "networks": {}}
    for build in (mlp, cnn, lstm, few):
        model, x, y = build()
        loss = "msle" if build is few else "sparse_categorical_crossentropy"
        model.compile(optimizer="adam", loss=loss)
        checks = {dtype: core.gradient_check(model, x, y, dtype=dtype) for dtype in ("float32", "float64")}  # fmt: skip
        history = model.fit(x, y, epochs=4, batch_size=8, verbose=0)
        digest = hashlib.sha256()
        for weights in model.get_weights():
            digest.update(np.ascontiguousarray(weights).tobytes())
        report["networks"][build.__name__] = {
            "digest": digest.hexdigest(),
            "weights": float(sum(np.abs(w).sum() for w in model.get_weights())),
            "losses": [float(v) for v in history.history["loss"]],
            "gradients": {dtype: [check.ok, check.error] for dtype, check in checks.items()},
        }
    report["fused"] = {kind: fused_as_written(kind) for kind in ("LSTM", "GRU")}
    report["code"] = {
        kernel.__name__: registers(code(kernel)) for kernel in (one_tile, bias_add, tanh)
    }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
