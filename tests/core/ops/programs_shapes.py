"""Programs of layers that reshape, join branches, and normalise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from core import losses
from core.spec import Layer, Network, Node, new_layer
from core.tape.program import Program
from tests.core.subjects import bound

#: (name, kind, settings, names of what it reads)
Call = tuple[str, str, dict[str, Any], tuple[str, ...]]


def graph(*calls: Call, outputs: tuple[str, ...]) -> Network:
    """A network from calls of layers."""
    layers, nodes = [], []
    for name, kind, config, inputs in calls:
        made = new_layer(kind, **config)
        layers.append(Layer(name, made.kind, name, made.config))
        nodes.append(Node(name, name, inputs))
    return Network("graph", tuple(layers), tuple(nodes), outputs)


def _of(*calls: Call, rows: int = 2) -> Program:
    """The last call is read by Dense layers, so that there is a gradient of everything."""
    last = calls[-1][0]
    network = graph(
        *calls, ("flat", "Flatten", {}, (last,)), ("end", "Dense", {"units": 2}, ("flat",)), outputs=("end",)
    )  # fmt: skip
    return bound(network, losses.get("mse"), rows=rows)


def _branches(*shapes: tuple[int, ...]) -> tuple[list[Call], tuple[str, ...]]:
    calls: list[Call] = []
    for k, shape in enumerate(shapes):
        calls.append((f"in_{k}", "Input", {"shape": list(shape)}, ()))
        calls.append((f"x_{k}", "Dense", {"units": shape[-1], "activation": "tanh"}, (f"in_{k}",)))
    return calls, tuple(f"x_{k}" for k in range(len(shapes)))


def merged(kind: str, *shapes: tuple[int, ...], rows: int = 2, **config: Any) -> Program:
    """Branches of these shapes, joined."""
    calls, names = _branches(*shapes)
    return _of(*calls, ("y", kind, config, names), rows=rows)


def masked(kind: str, masks: tuple[bool, bool] = (True, True), **config: Any) -> Program:
    """Two sequences, with masks, joined and read by an LSTM."""
    calls: list[Call] = []
    for k, mask in enumerate(masks):
        calls.append((f"in_{k}", "Input", {"shape": [3]}, ()))
        calls.append(
            (
                f"x_{k}",
                "Embedding",
                {"input_dim": 4, "output_dim": 2, "mask_zero": mask},
                (f"in_{k}",),
            )
        )
    joined: Call = ("y", kind, config, ("x_0", "x_1"))
    return _of(*calls, joined, ("lstm", "LSTM", {"units": 2}, ("y",)))


def one(kind: str, shape: tuple[int, ...], rows: int = 2, **config: Any) -> Program:
    """One branch."""
    return merged(kind, shape, rows=rows, **config)


def masked_one(kind: str, **config: Any) -> Program:
    """A sequence with a mask."""
    embed: Call = ("x", "Embedding", {"input_dim": 4, "output_dim": 2, "mask_zero": True}, ("in",))
    return _of(("in", "Input", {"shape": [3]}, ()), embed, ("y", kind, config, ("x",)))


PROGRAMS: dict[str, Callable[[], Program]] = {
    "permute": partial(one, "Permute", (2, 3, 2), dims=[3, 1, 2]),
    "permute a matrix": partial(one, "Permute", (2, 3), dims=[2, 1]),
    "repeat": partial(one, "RepeatVector", (2,), n=3),
    "broadcast": partial(merged, "Subtract", (2, 1, 2), (3, 1)),
    "average": partial(merged, "Average", (3,), (3,), (3,)),
    "concatenate": partial(merged, "Concatenate", (2, 1, 2), (2, 3, 2), axis=2),
    "dot": partial(merged, "Dot", (2, 3), (3, 2), axes=[2, 1]),
    "dot of lists": partial(merged, "Dot", (3,), (3,), axes=1),
    "dot of a list and an image": partial(merged, "Dot", (2,), (2, 2, 3), axes=[1, 2]),
    "cosine": partial(merged, "Dot", (2, 3), (2, 3), axes=2, normalize=True),
    "layer normalization": partial(one, "LayerNormalization", (2, 3)),
    "layer normalization of axes apart": partial(one, "LayerNormalization", (2, 2, 2), axis=[1, 3]),
    "batch normalization of the first axis": partial(one, "BatchNormalization", (2, 3), axis=1),
    "masked product": partial(masked, "Multiply"),
    "masked maximum": partial(masked, "Maximum"),
    "masked minimum": partial(masked, "Minimum", (False, True)),
    "masks side by side": partial(masked, "Concatenate", (True, False), axis=1),
    "masked batch normalization": partial(masked_one, "BatchNormalization"),
    "masked batch normalization of steps": partial(masked_one, "BatchNormalization", axis=1),
}
