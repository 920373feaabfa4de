"""Activations, the layers that are one function of each number, and what happens in training only."""

from __future__ import annotations

from typing import Any

from tests.core.golden.layers.case import Call, LayerCase

#: Two layers of large sums, which reach the corners at -3, 3 and 6.
WIDE: tuple[tuple[str, dict[str, Any]], ...] = (("Dense", {"units": 32}), ("Dense", {"units": 9}))
NAMES = (
    "hard_sigmoid", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "softplus", "softsign",
    "log_softmax", "arctan",
)  # fmt: skip


def _on_sums(name: str, *layers: tuple[str, dict[str, Any]]) -> LayerCase:
    return LayerCase(name, (5,), (*WIDE, *layers))


def _behind(name: str, layer: str, config: dict[str, Any], steps: int = 5) -> LayerCase:
    """A layer that passes the mask of an embedding on to an LSTM."""
    return LayerCase(name, (steps,), (
        ("Embedding", {"input_dim": 9, "output_dim": 3, "mask_zero": True}), (layer, config), ("LSTM", {"units": 3})),
        tokens=9)  # fmt: skip


LAYERS: list[LayerCase] = [
    *(_on_sums(f"{name} of sums", ("Activation", {"activation": name})) for name in NAMES),
    *(LayerCase(f"{name} as argument", (3, 2), (("Dense", {"units": 4, "activation": name}),)) for name in NAMES),
    LayerCase("exponential", (5,), (("Dense", {"units": 4, "activation": "exponential"}),)),
    LayerCase("step", (5,), (("Dense", {"units": 4, "activation": "binary_step"}),), training=False),
    LayerCase("log_softmax of an image", (3, 2, 4), (("Activation", {"activation": "log_softmax"}),)),
    LayerCase("conv gelu", (5, 4, 2), (
        ("Conv2D", {"filters": 3, "kernel_size": [2, 2], "activation": "gelu"}),)),
    LayerCase("elu, batch of one", (5,), (("Dense", {"units": 4, "activation": "elu"}),), rows=1),
    # Layers.
    _on_sums("relu layer", ("ReLU", {})),
    _on_sums("relu layer, six", ("ReLU", {"max_value": 6.0})),
    _on_sums("relu layer, limit", ("ReLU", {"max_value": 2.5})),
    _on_sums("relu layer, slope", ("ReLU", {"negative_slope": 0.25})),
    _on_sums("relu layer, slope and six", ("ReLU", {"negative_slope": 0.25, "max_value": 6.0})),
    _on_sums("relu layer, threshold", ("ReLU", {"threshold": 1.5})),
    _on_sums("relu layer, threshold and slope", ("ReLU", {"threshold": 1.5, "negative_slope": 0.5})),
    _on_sums("relu layer, everything", ("ReLU", {"max_value": 4.0, "negative_slope": 0.1, "threshold": 0.5})),
    _on_sums("relu layer, limit below threshold", ("ReLU", {"max_value": 1.0, "threshold": 2.0})),
    _on_sums("leaky relu layer", ("LeakyReLU", {})),
    _on_sums("leaky relu layer, slope", ("LeakyReLU", {"negative_slope": 0.01})),
    _on_sums("elu layer", ("ELU", {})),
    _on_sums("elu layer, alpha", ("ELU", {"alpha": 0.4})),
    _on_sums("prelu", ("PReLU", {})),
    LayerCase("prelu of an image", (3, 4, 2), (("PReLU", {}),)),
    LayerCase("prelu a channel", (3, 4, 2), (("PReLU", {"shared_axes": [1, 2]}),)),
    LayerCase("prelu a row", (3, 4, 2), (("PReLU", {"shared_axes": [2, 3]}),)),
    LayerCase("prelu a column", (3, 4, 2), (("PReLU", {"shared_axes": [1, 3]}),)),
    LayerCase("prelu of one", (3, 4, 2), (("PReLU", {"shared_axes": [1, 2, 3]}),)),
    LayerCase("prelu of a sequence", (5, 3), (("PReLU", {"shared_axes": 1}),)),
    LayerCase("prelu of a single step", (1, 3), (("PReLU", {"shared_axes": 2}),), rows=1),
    LayerCase("prelu penalized", (4,), (("PReLU", {"alpha_regularizer": "l2"}),)),
    LayerCase("softmax layer", (5,), (("Softmax", {}),)),
    LayerCase("softmax layer, rows", (3, 4, 2), (("Softmax", {"axis": 1}),)),
    LayerCase("softmax layer, columns", (3, 4, 2), (("Softmax", {"axis": 2}),)),
    LayerCase("softmax layer, image", (3, 4, 2), (("Softmax", {"axis": [1, 2]}),)),
    LayerCase("softmax layer, apart", (3, 4, 2), (("Softmax", {"axis": [1, 3]}),)),
    LayerCase("softmax layer, all", (3, 2), (("Softmax", {"axis": [-1, -2]}),)),
    LayerCase("softmax layer, list of one", (3, 2), (("Softmax", {"axis": [1]}),)),
    *(LayerCase(f"softmax layer, {name}", inputs={"x": (3, 4), "mask": mask}, outputs=("p",), gradient=False, calls=(
        Call("z", "Dense", {"units": 4}, ("x",)), Call("p", "Softmax", {"axis": axis}, ("z", "mask"))))
      for name, mask, axis in (("masked", (3, 4), -1), ("masked rows", (3, 1), 1), ("all masked at times", (1, 4), -1),
                               ("masked image", (3, 4), [1, 2]))),
    LayerCase("prelu shared", inputs={"x": (4,), "y": (4,)}, outputs=("join",), calls=(
        Call("slope", "PReLU", {}, ("x",)), Call("again", "@slope", {}, ("y",)),
        Call("join", "Add", {}, ("slope", "again")))),
    # Masks go through.
    _behind("mask through relu", "ReLU", {"threshold": 0.1}),
    _behind("mask through leaky relu", "LeakyReLU", {}),
    _behind("mask through elu", "ELU", {}),
    _behind("mask through prelu", "PReLU", {"shared_axes": [1]}),
    # In prediction nothing happens; a rate of 0 is nothing in training, too.
    *(LayerCase(f"{kind} predicts", shape, ((kind, config),), training=False) for kind, shape, config in (
        ("Dropout", (5, 3), {"rate": 0.4, "noise_shape": [None, 1, 3]}), ("SpatialDropout1D", (5, 3), {"rate": 0.4}),
        ("SpatialDropout2D", (3, 4, 2), {"rate": 0.4}), ("GaussianNoise", (5,), {"stddev": 0.5}))),
    LayerCase("no dropout", (5, 3), (
        ("Dropout", {"rate": 0.0}), ("SpatialDropout1D", {"rate": 0.0}), ("GaussianNoise", {"stddev": 0.0}),
        ("Dense", {"units": 2}))),
    LayerCase("all dropped", (5, 3), (("Dropout", {"rate": 1.0}), ("Dense", {"units": 2})), gradient=False),
]  # fmt: skip
