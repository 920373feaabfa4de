"""The layers of the first issue: dense, convolution, pooling, normalization, embedding, LSTM, masks, Add."""

from __future__ import annotations

from tests.core.golden.layers.case import Call, LayerCase


def _activations() -> list[LayerCase]:
    names = ("linear", "relu", "sigmoid", "tanh", "softmax")
    return [LayerCase(f"activation {n}", (5,), (("Activation", {"activation": n}),)) for n in names]


LAYERS: list[LayerCase] = [
    LayerCase("dense", (5,), (("Dense", {"units": 4}),)),
    LayerCase("dense tanh without bias", (5,), (("Dense", {"units": 3, "activation": "tanh", "use_bias": False}),)),
    LayerCase("dense on a sequence", (3, 5), (("Dense", {"units": 4, "activation": "relu"}),)),
    *_activations(),
    LayerCase("softmax of an image", (3, 2, 4), (("Activation", {"activation": "softmax"}),)),
    LayerCase("dropout", (6,), (("Dropout", {"rate": 0.4}),), training=False),
    LayerCase("flatten", (3, 2, 4), (("Flatten", {}), ("Dense", {"units": 2}))),
    LayerCase("conv valid", (6, 5, 2), (("Conv2D", {"filters": 3, "kernel_size": [3, 2]}),)),
    LayerCase("conv same", (6, 5, 2), (("Conv2D", {"filters": 4, "kernel_size": [3, 3], "padding": "same"}),)),
    LayerCase("conv same, even kernel", (5, 5, 1), (
        ("Conv2D", {"filters": 2, "kernel_size": [2, 4], "padding": "same"}),)),
    LayerCase("conv strides", (7, 8, 2), (("Conv2D", {"filters": 3, "kernel_size": [3, 3], "strides": [2, 2]}),)),
    LayerCase("conv same, strides", (7, 8, 3), (
        ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),)),
    LayerCase("conv same, large strides", (8, 7, 1), (
        ("Conv2D", {"filters": 2, "kernel_size": [2, 2], "strides": [3, 3], "padding": "same", "use_bias": False}),)),
    LayerCase("pool", (6, 4, 3), (("MaxPooling2D", {}),)),
    LayerCase("pool with a rest", (7, 5, 2), (("MaxPooling2D", {"pool_size": [3, 2]}),)),
    LayerCase("pool same", (7, 5, 2), (("MaxPooling2D", {"pool_size": [2, 2], "padding": "same"}),)),
    LayerCase("pool overlapping", (7, 7, 2), (("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2]}),)),
    LayerCase("pool overlapping, same", (6, 6, 2), (
        ("MaxPooling2D", {"pool_size": [3, 3], "strides": [1, 1], "padding": "same"}),)),
    LayerCase("batch normalization", (6,), (("BatchNormalization", {}),)),
    LayerCase("batch normalization of an image", (4, 3, 5), (
        ("BatchNormalization", {"momentum": 0.9, "epsilon": 1e-5}),)),
    LayerCase("batch normalization alone", (6,), (("BatchNormalization", {"center": False, "scale": False}),)),
    LayerCase("embedding", (5,), (("Embedding", {"input_dim": 9, "output_dim": 4}),), tokens=9),
    LayerCase("lstm", (5, 3), (("LSTM", {"units": 4}),)),
    LayerCase("lstm sequences", (5, 3), (("LSTM", {"units": 4, "return_sequences": True}),)),
    LayerCase("lstm without bias", (4, 3), (("LSTM", {"units": 2, "use_bias": False}),)),
    LayerCase("lstm on lstm", (4, 3), (("LSTM", {"units": 3, "return_sequences": True}), ("LSTM", {"units": 2}))),
    LayerCase("masked lstm", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("masked lstm sequences", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
        ("LSTM", {"units": 3, "return_sequences": True}), ("LSTM", {"units": 2}), ("Dense", {"units": 2})), tokens=9),
    LayerCase("mask through dropout-free layers", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("Activation", {"activation": "tanh"}),
        ("LSTM", {"units": 3})), tokens=9),
    LayerCase("mask through dense", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}),
        ("Dense", {"units": 3, "activation": "tanh"}), ("LSTM", {"units": 3})), tokens=9),
    LayerCase("mask through batch normalization", (6,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}), ("BatchNormalization", {}),
        ("LSTM", {"units": 3})), tokens=9, training=False),
    LayerCase("add", inputs={"a": (3,), "b": (3,), "c": (3,)}, calls=(Call("sum", "Add", {}, ("a", "b", "c")),),
              outputs=("sum",)),
    # Two branches with masks of their own, added and read by an LSTM.
    LayerCase("masked add", inputs={"a": (6,), "b": (6,)}, vocabulary={"a": 9, "b": 7}, calls=(
        Call("first", "Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True}, ("a",)),
        Call("second", "Embedding", {"input_dim": 7, "output_dim": 4, "mask_zero": True}, ("b",)),
        Call("both", "Add", {}, ("first", "second")), Call("lstm", "LSTM", {"units": 3}, ("both",))),
        outputs=("lstm",)),
    LayerCase("shared layer, two outputs", inputs={"a": (4,)}, calls=(
        Call("once", "Dense", {"units": 4, "activation": "tanh"}, ("a",)), Call("twice", "@once", {}, ("once",)),
        Call("end", "Dense", {"units": 2}, ("twice",))), outputs=("end", "once")),
]  # fmt: skip
