"""What the registry does not say about a layer: settings to try besides those that follow from its table.

Needed only where a layer's defaults do not work, or where settings have to change together.
"""

from __future__ import annotations

from typing import Any

#: Smallest settings, instead of those made from the table.
SMALLEST: dict[str, dict[str, Any]] = {
    "Bidirectional": {
        "layer": {"class_name": "GRU", "config": {"units": 2, "return_sequences": True}}
    },
    "TimeDistributed": {"layer": {"class_name": "Dense", "config": {"units": 3}}},
    "Conv1D": {"groups": 1},
    "Conv2D": {"groups": 1},
}

#: By kind: a label, and what is changed in the smallest settings.
MORE: dict[str, dict[str, dict[str, Any]]] = {
    "ReLU": {
        "six": {"max_value": 6.0},
        "leaky": {"negative_slope": 0.1},
        "everything": {"max_value": 0.5, "negative_slope": 0.2, "threshold": 0.15},
        "limit below threshold": {"max_value": 0.1, "threshold": 0.15},
    },
    "ELU": {"alpha": {"alpha": 1.7}, "negative alpha": {"alpha": -0.5}},
    "LeakyReLU": {"none": {"negative_slope": 0.0}, "steep": {"negative_slope": 1.5}},
    "PReLU": {
        "one slope": {"shared_axes": 1},
        "a slope a channel": {"shared_axes": [1, 2]},
        "a slope a row": {"shared_axes": [2, 3]},
        "a slope a column": {"shared_axes": [1, 3]},
    },
    "Softmax": {
        "over rows": {"axis": 2},
        "over the image": {"axis": [1, 2]},
        "over rows and channels": {"axis": [1, -1]},
        "over everything": {"axis": [-3, -2, -1]},
    },
    "Dropout": {
        "by column": {"noise_shape": [None, 1, 5, 1]},
        "one for the batch": {"noise_shape": [1, None]},
        "shorter": {"noise_shape": [5]},
        "seed": {"seed": 7},
        "all": {"rate": 1.0},
    },
    "Bidirectional": {
        "last": {"layer": {"class_name": "LSTM", "config": {"units": 2}}},
        "states": {
            "layer": {"class_name": "SimpleRNN", "config": {"units": 2, "return_state": True}}
        },
        "stateful": {"layer": {"class_name": "LSTM", "config": {"units": 2, "stateful": True}}},
        "dropout": {
            "layer": {"class_name": "GRU", "config": {"units": 2, "recurrent_dropout": 0.3}}
        },
    },
    "TimeDistributed": {
        "lists": {"layer": {"class_name": "Flatten", "config": {}}},
        "sequences": {"layer": {"class_name": "LSTM", "config": {"units": 2}}},
        "chance": {"layer": {"class_name": "Dropout", "config": {"rate": 0.4}}},
        "statistics": {"layer": {"class_name": "BatchNormalization", "config": {}}},
    },
    "SpatialDropout1D": {"seed": {"seed": 7}},
    "GaussianNoise": {"seed": {"seed": 7}},
    "Conv1D": {
        "strides=2": {"strides": 2},
        "causal, dilation=2": {"padding": "causal", "dilation_rate": 2},
        "same, dilation=3": {"padding": "same", "dilation_rate": 3},
    },
    "Conv2D": {
        "groups=2": {"groups": 2, "filters": 4},
        "same, groups=2, dilation=[2, 3]": {
            "groups": 2, "filters": 6, "padding": "same", "dilation_rate": [2, 3]},
    },
    "Conv2DTranspose": {
        "output_padding=[1, 0]": {"strides": [3, 2], "output_padding": [1, 0]},
        "same, output_padding=[1, 0]": {"strides": [3, 2], "output_padding": [1, 0], "padding": "same"},
        "same, dilation=[2, 3]": {"padding": "same", "dilation_rate": [2, 3]},
    },
    "DepthwiseConv2D": {
        "same, strides and dilation": {"padding": "same", "strides": [2, 1], "dilation_rate": [2, 3]},
        "one filter each": {"depth_multiplier": 1},
    },
    "SeparableConv2D": {"same, dilation=[2, 3]": {"padding": "same", "dilation_rate": [2, 3]}},
    "MaxPooling1D": {"overlapping": {"pool_size": 3, "strides": 1, "padding": "same"}},
    "AveragePooling1D": {"overlapping": {"pool_size": 3, "strides": 1, "padding": "same"}},
    "UpSampling2D": {"bilinear, size=[3, 2]": {"interpolation": "bilinear", "size": [3, 2]}},
    "Reshape": {"of two axes": {"target_shape": [2, -1]}},
    "Permute": {"of an image": {"dims": [3, 1, 2]}, "as it is": {"dims": [1, 2]}},
    "Concatenate": {"before the last": {"axis": -2}},
    "Dot": {
        "pair of axes": {"axes": [2, 2]},
        "inner axes of images": {"axes": [2, -2]},
        "cosine of steps": {"axes": [2, 2], "normalize": True},
        "cosine of images": {"axes": [1, 1], "normalize": True},
    },
    "BatchNormalization": {"of the middle axis": {"axis": 2}},
    "LayerNormalization": {
        "of the first axis": {"axis": 1},
        "of two axes": {"axis": [1, 2]},
        "of axes apart": {"axis": [3, 1]},
        "of all axes": {"axis": [1, 2, 3], "scale": False},
    },
}  # fmt: skip

#: Shapes of data, for a kind that works with none of a list, an image, a sequence.
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {}
