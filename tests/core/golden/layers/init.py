"""Regularizers: the loss includes what they add, and gradients follow from it. Tokens of several axes."""

from __future__ import annotations

from typing import Any

from tests.core.golden.layers.case import Call, LayerCase


def _l1(factor: float) -> dict[str, Any]:
    return {"class_name": "L1", "config": {"l1": factor}}


def _l2(factor: float) -> dict[str, Any]:
    return {"class_name": "L2", "config": {"l2": factor}}


def _l1l2(l1: float, l2: float) -> dict[str, Any]:
    return {"class_name": "L1L2", "config": {"l1": l1, "l2": l2}}


def _dense(name: str, units: int = 3, rows: int = 4, **config: Any) -> LayerCase:
    return LayerCase(
        f"regularized dense: {name}", (4,), (("Dense", {"units": units, **config}),), rows=rows
    )


def _recurrent(kind: str, name: str, **config: Any) -> LayerCase:
    penalties = {
        "kernel_regularizer": _l2(0.1), "recurrent_regularizer": _l1(0.05), "bias_regularizer": _l1l2(0.02, 0.03),
        "activity_regularizer": _l2(0.2),
    }  # fmt: skip
    return LayerCase(
        f"regularized {kind}: {name}", (3, 2), ((kind, {"units": 3, **penalties, **config}),)
    )


def _convolution(kind: str, config: dict[str, Any]) -> LayerCase:
    weights = {"DepthwiseConv2D": ["depthwise"], "SeparableConv2D": ["depthwise", "pointwise"]}
    penalties = {f"{role}_regularizer": _l1l2(0.03, 0.2) for role in weights.get(kind, ["kernel"])}
    more = {"bias_regularizer": _l1(0.1), "activity_regularizer": _l2(0.3)}
    shape = (4, 2) if kind.endswith("1D") else (3, 4, 2)
    return LayerCase(f"regularized {kind}", shape, ((kind, {**config, **penalties, **more}),))


_SHARED = {"units": 3, "kernel_regularizer": _l2(0.05), "activity_regularizer": _l1l2(0.02, 0.3)}

LAYERS: list[LayerCase] = [
    _dense("names", kernel_regularizer="l2", bias_regularizer="l1"),
    _dense("kernel l1", kernel_regularizer=_l1(0.07)),
    _dense("kernel l2", kernel_regularizer=_l2(0.3)),
    _dense("bias both", bias_regularizer=_l1l2(0.1, 0.2)),
    _dense("activity l1", activity_regularizer=_l1(0.4)),
    _dense("activity l2, after relu", activity_regularizer=_l2(0.4), activation="relu"),
    _dense("activity of one sample", rows=1, activity_regularizer=_l1l2(0.1, 0.3)),
    _dense("zeros", kernel_regularizer=_l1l2(0.0, 0.0), activity_regularizer="l1l2"),
    _dense("everything", kernel_regularizer=_l1l2(0.01, 0.02), bias_regularizer=_l2(0.5),
           activity_regularizer=_l1(0.05), activation="tanh"),
    LayerCase("regularized dense: over time", (3, 4), (
        ("Dense", {"units": 2, "activity_regularizer": _l2(0.2), "kernel_regularizer": _l1(0.1)}),)),
    LayerCase("regularized dense: two layers", (5,), (
        ("Dense", {"units": 4, "kernel_regularizer": _l2(0.1), "activation": "relu"}),
        ("Dense", {"units": 2, "kernel_regularizer": _l1(0.1), "activity_regularizer": _l2(0.1)}))),
    LayerCase("regularized embedding", (5,), (
        ("Embedding", {"input_dim": 7, "output_dim": 3, "embeddings_regularizer": _l2(0.2)}), ("Flatten", {}),
        ("Dense", {"units": 2})), tokens=7),
    _recurrent("SimpleRNN", "last state"),
    _recurrent("SimpleRNN", "sequences", return_sequences=True),
    _recurrent("LSTM", "last state"),
    _recurrent("GRU", "sequences", return_sequences=True),
    _recurrent("GRU", "reset before", reset_after=False),
    # Every output counts: Keras adds the penalties of the states that are returned.
    LayerCase("regularized LSTM: states", inputs={"x": (3, 2)}, calls=(
        Call("lstm", "LSTM", {"units": 2, "return_state": True, "activity_regularizer": _l2(0.3)}, ("x",)),
        Call("head", "Dense", {"units": 2}, ("lstm:2",))), outputs=("lstm", "head")),
    *[_convolution(kind, config) for kind, config in (
        ("Conv1D", {"filters": 2, "kernel_size": 2}), ("Conv2D", {"filters": 2, "kernel_size": 2}),
        ("Conv2DTranspose", {"filters": 2, "kernel_size": 2}), ("DepthwiseConv2D", {"kernel_size": 2}),
        ("SeparableConv2D", {"filters": 3, "kernel_size": 2}))],
    LayerCase("regularized inside Bidirectional", (3, 2), (("Bidirectional", {"layer": {
        "class_name": "GRU", "config": {"units": 2, "kernel_regularizer": _l2(0.1), "recurrent_regularizer": _l1(0.2),
                                        "bias_regularizer": _l2(0.3)}}}),)),
    LayerCase("regularized inside TimeDistributed", (3, 2), (("TimeDistributed", {"layer": {
        "class_name": "Dense", "config": {"units": 2, "kernel_regularizer": _l2(0.1),
                                          "activity_regularizer": _l2(0.3)}}}),)),
    LayerCase("regularized normalisations", (3, 2), (
        ("BatchNormalization", {"gamma_regularizer": _l2(0.3), "beta_regularizer": _l1(0.2)}),
        ("LayerNormalization", {"gamma_regularizer": _l1(0.3), "beta_regularizer": _l1l2(0.2, 0.1)}))),
    LayerCase("embedding of two axes", (2, 3), (
        ("Embedding", {"input_dim": 7, "output_dim": 2, "mask_zero": True}), ("Dense", {"units": 3})), tokens=7),
    # A shared weight counts once, the output of each call for itself.
    LayerCase("regularized and shared, two outputs", inputs={"a": (3,), "b": (3,)}, calls=(
        Call("shared", "Dense", _SHARED, ("a",)), Call("again", "@shared", {}, ("b",)),
        Call("head", "Dense", {"units": 2, "bias_regularizer": _l1(0.1)}, ("again",))), outputs=("shared", "head")),
]  # fmt: skip
