"""Convolutions, pooling, padding, cropping, enlarging.

Not here: averages with uneven "same" padding. Keras on PyTorch repeats the edge there, on TensorFlow and JAX it leaves
out what lies beyond it; `tests/core/layers/test_windows.py` holds ours to the latter.
"""

from __future__ import annotations

from typing import Any

from tests.core.golden.layers.case import LayerCase


def _case(name: str, shape: tuple[int, ...], kind: str, /, **config: Any) -> LayerCase:
    return LayerCase(name, shape, ((kind, config),))


def _at_each_step(kind: str, /, **config: Any) -> tuple[str, dict[str, Any]]:
    return ("TimeDistributed", {"layer": {"class_name": kind, "config": config}})


def _masked(name: str, *layers: tuple[str, dict[str, Any]]) -> LayerCase:
    """Behind tokens, of which some are padding."""
    embedding = ("Embedding", {"input_dim": 9, "output_dim": 4, "mask_zero": True})
    return LayerCase(name, (6,), (embedding, *layers), tokens=9)


LAYERS: list[LayerCase] = [
    # Convolution of images
    _case("conv dilated", (9, 8, 2), "Conv2D", filters=3, kernel_size=3, dilation_rate=2),
    _case("conv dilated, uneven", (8, 9, 3), "Conv2D", filters=4, kernel_size=[2, 3], dilation_rate=[3, 2]),
    _case("conv dilated, same", (5, 6, 2), "Conv2D", filters=3, kernel_size=[2, 4], dilation_rate=[2, 3],
          padding="same"),
    _case("conv groups", (6, 5, 4), "Conv2D", filters=6, kernel_size=3, groups=2, padding="same", activation="relu"),
    _case("conv groups, strides", (7, 8, 6), "Conv2D", filters=3, kernel_size=[3, 2], groups=3, strides=[2, 3]),
    _case("conv as many groups as channels", (5, 5, 3), "Conv2D", filters=6, kernel_size=2, groups=3),
    _case("conv groups, dilated, same", (6, 7, 4), "Conv2D", filters=4, kernel_size=3, groups=2, dilation_rate=2,
          padding="same", use_bias=False),
    _case("conv wide", (6, 5, 3), "Conv2D", filters=20, kernel_size=3, strides=2, padding="same"),
    _case("conv wide groups", (4, 5, 6), "Conv2D", filters=36, kernel_size=[1, 3], groups=2),
    _case("conv 1x1", (3, 4, 5), "Conv2D", filters=2, kernel_size=1),
    _case("conv the whole image", (4, 3, 2), "Conv2D", filters=5, kernel_size=[4, 3]),
    _case("conv same of one pixel", (1, 1, 2), "Conv2D", filters=3, kernel_size=3, padding="same"),
    _case("conv same, stride larger than the image", (3, 4, 2), "Conv2D", filters=2, kernel_size=3, strides=5,
          padding="same"),
    _case("conv large kernel, same, strides", (5, 7, 1), "Conv2D", filters=3, kernel_size=[5, 6], strides=[3, 2],
          padding="same"),
    LayerCase("conv of one sample", (6, 6, 1), (("Conv2D", {"filters": 4, "kernel_size": 3}),), rows=1),
    LayerCase("conv behind a frame wider than the filter", (3, 4, 2), (
        ("ZeroPadding2D", {"padding": [[4, 1], [0, 5]]}), ("Conv2D", {"filters": 3, "kernel_size": 2, "strides": 2}))),
    # Convolution of sequences
    _case("conv1d", (7, 3), "Conv1D", filters=4, kernel_size=3),
    _case("conv1d same, even kernel", (7, 3), "Conv1D", filters=4, kernel_size=4, padding="same", activation="tanh"),
    _case("conv1d same, strides", (8, 2), "Conv1D", filters=3, kernel_size=3, strides=3, padding="same"),
    _case("conv1d strides that do not divide", (8, 2), "Conv1D", filters=3, kernel_size=3, strides=2, use_bias=False),
    _case("conv1d causal", (6, 2), "Conv1D", filters=3, kernel_size=3, padding="causal"),
    _case("conv1d causal, dilated", (9, 2), "Conv1D", filters=3, kernel_size=3, padding="causal", dilation_rate=3),
    _case("conv1d causal, strides", (7, 2), "Conv1D", filters=3, kernel_size=4, padding="causal", strides=2),
    _case("conv1d dilated", (9, 3), "Conv1D", filters=2, kernel_size=3, dilation_rate=2),
    _case("conv1d dilated, same", (6, 3), "Conv1D", filters=2, kernel_size=4, dilation_rate=2, padding="same"),
    _case("conv1d groups", (6, 4), "Conv1D", filters=6, kernel_size=2, groups=2),
    _case("conv1d of one step", (1, 3), "Conv1D", filters=4, kernel_size=3, padding="same"),
    _case("conv1d of one step, causal", (1, 3), "Conv1D", filters=4, kernel_size=2, padding="causal"),
    _masked("conv1d drops the mask", ("Conv1D", {"filters": 3, "kernel_size": 2}), ("LSTM", {"units": 2})),
    LayerCase("text: conv1d, global maximum", (9,), (
        ("Embedding", {"input_dim": 9, "output_dim": 4}), ("Conv1D", {"filters": 5, "kernel_size": 3,
         "activation": "relu"}), ("GlobalMaxPooling1D", {}), ("Dense", {"units": 2})), tokens=9),
    # Channel by channel
    _case("depthwise", (6, 5, 3), "DepthwiseConv2D", kernel_size=3),
    _case("depthwise, two filters each", (6, 5, 3), "DepthwiseConv2D", kernel_size=[2, 3], depth_multiplier=2),
    _case("depthwise same, strides", (7, 8, 2), "DepthwiseConv2D", kernel_size=3, strides=2, padding="same",
          depth_multiplier=3, activation="relu"),
    _case("depthwise dilated", (8, 9, 2), "DepthwiseConv2D", kernel_size=[3, 2], dilation_rate=[2, 3], padding="same"),
    _case("depthwise, other strides in rows", (7, 6, 4), "DepthwiseConv2D", kernel_size=2, strides=[2, 3],
          use_bias=False),
    _case("depthwise of many channels", (4, 4, 19), "DepthwiseConv2D", kernel_size=3, padding="same"),
    _case("separable", (6, 5, 3), "SeparableConv2D", filters=4, kernel_size=3),
    _case("separable same, strides", (7, 8, 2), "SeparableConv2D", filters=5, kernel_size=[3, 2], strides=2,
          padding="same", depth_multiplier=3, activation="tanh"),
    _case("separable dilated", (8, 7, 2), "SeparableConv2D", filters=3, kernel_size=3, dilation_rate=2, use_bias=False),
    # Transposed
    _case("transposed", (3, 4, 2), "Conv2DTranspose", filters=3, kernel_size=3),
    _case("transposed, strides", (3, 4, 2), "Conv2DTranspose", filters=3, kernel_size=[3, 2], strides=2),
    _case("transposed, stride larger than the kernel", (3, 2, 2), "Conv2DTranspose", filters=3, kernel_size=2,
          strides=3),
    _case("transposed same", (4, 3, 3), "Conv2DTranspose", filters=2, kernel_size=3, strides=2, padding="same"),
    _case("transposed same, even kernel", (4, 3, 3), "Conv2DTranspose", filters=2, kernel_size=4, strides=2,
          padding="same", activation="relu"),
    _case("transposed same, kernel 1, strides", (2, 3, 2), "Conv2DTranspose", filters=2, kernel_size=1, strides=[2, 3],
          padding="same"),
    _case("transposed same, strides 1 and 3", (3, 3, 2), "Conv2DTranspose", filters=4, kernel_size=[2, 5],
          strides=[1, 3],
          padding="same", use_bias=False),
    _case("transposed, output padding", (3, 4, 2), "Conv2DTranspose", filters=3, kernel_size=3, strides=[2, 3],
          output_padding=[1, 2]),
    _case("transposed same, output padding", (3, 4, 2), "Conv2DTranspose", filters=3, kernel_size=[3, 4],
          strides=[2, 3],
          padding="same", output_padding=[1, 0]),
    _case("transposed dilated", (3, 4, 2), "Conv2DTranspose", filters=2, kernel_size=[2, 3], dilation_rate=[2, 3]),
    _case("transposed dilated, same", (4, 3, 2), "Conv2DTranspose", filters=2, kernel_size=3, dilation_rate=2,
          padding="same"),
    # Larger without weights
    _case("upsampling", (3, 2, 4), "UpSampling2D", size=[2, 3]),
    _case("upsampling bilinear", (3, 4, 2), "UpSampling2D", size=[2, 3], interpolation="bilinear"),
    _case("upsampling bilinear of one row", (1, 3, 2), "UpSampling2D", size=[4, 5], interpolation="bilinear"),
    _case("upsampling1d", (3, 2), "UpSampling1D", size=3),
    # Pooling
    _case("pool1d", (6, 3), "MaxPooling1D"),
    _case("pool1d with a rest", (8, 2), "MaxPooling1D", pool_size=3),
    _case("pool1d same, strides", (7, 3), "MaxPooling1D", pool_size=3, strides=2, padding="same"),
    _case("pool1d of one step", (1, 3), "MaxPooling1D", pool_size=2, padding="same"),
    _case("pool, gaps between windows", (7, 8, 2), "MaxPooling2D", pool_size=2, strides=3),
    _case("pool same, large strides", (7, 5, 2), "MaxPooling2D", pool_size=[2, 3], strides=[3, 4], padding="same"),
    _case("average", (6, 4, 3), "AveragePooling2D", pool_size=2),
    _case("average with a rest", (7, 5, 2), "AveragePooling2D", pool_size=[3, 2]),
    _case("average overlapping", (7, 7, 2), "AveragePooling2D", pool_size=3, strides=2),
    _case("average overlapping, same", (6, 5, 2), "AveragePooling2D", pool_size=3, strides=1, padding="same"),
    _case("average of many channels", (5, 4, 21), "AveragePooling2D", pool_size=[2, 3], strides=[1, 2]),
    _case("average1d", (7, 3), "AveragePooling1D", pool_size=3, strides=2),
    _case("average1d same", (7, 3), "AveragePooling1D", pool_size=3, strides=2, padding="same"),
    _case("global maximum", (4, 3, 5), "GlobalMaxPooling2D"),
    _case("global maximum, axes kept", (4, 3, 2), "GlobalMaxPooling2D", keepdims=True),
    _case("global maximum over time", (5, 3), "GlobalMaxPooling1D"),
    _case("global maximum over time, axes kept", (5, 3), "GlobalMaxPooling1D", keepdims=True),
    _case("global mean", (4, 3, 5), "GlobalAveragePooling2D"),
    _case("global mean, axes kept", (4, 3, 2), "GlobalAveragePooling2D", keepdims=True),
    _case("global mean over time", (5, 3), "GlobalAveragePooling1D"),
    _case("global mean over time, axes kept", (5, 3), "GlobalAveragePooling1D", keepdims=True),
    LayerCase("equal maxima share the gradient", (4, 3, 3), (
        ("Activation", {"activation": "relu"}), ("UpSampling2D", {}), ("GlobalMaxPooling2D", {}))),
    LayerCase("the first of equal maxima has the gradient", (3, 3, 2), (
        ("UpSampling2D", {"size": 2}), ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}))),
    _masked("mean of the steps that count", ("GlobalAveragePooling1D", {})),
    _masked("mean of the steps that count, axes kept", ("GlobalAveragePooling1D", {"keepdims": True})),
    _masked("the maximum does not read the mask", ("GlobalMaxPooling1D", {})),
    _masked("pool1d drops the mask", ("AveragePooling1D", {"pool_size": 2}), ("GlobalAveragePooling1D", {})),
    # Frames
    _case("padding", (3, 4, 2), "ZeroPadding2D", padding=[2, 1]),
    _case("padding, all sides differ", (3, 4, 2), "ZeroPadding2D", padding=[[0, 1], [2, 3]]),
    _case("padding1d", (4, 3), "ZeroPadding1D", padding=2),
    _case("padding1d, uneven", (4, 3), "ZeroPadding1D", padding=[0, 3]),
    _case("cropping", (6, 5, 2), "Cropping2D", cropping=[2, 1]),
    _case("cropping, all sides differ", (6, 7, 2), "Cropping2D", cropping=[[0, 1], [2, 3]]),
    _case("cropping nothing", (2, 3, 2), "Cropping2D"),
    _case("cropping1d", (5, 3), "Cropping1D"),
    _case("cropping1d, uneven", (5, 3), "Cropping1D", cropping=[0, 4]),
    # The same at every time step
    LayerCase("a film: conv and pool at each step, LSTM", (3, 6, 5, 2), (
        _at_each_step("Conv2D", filters=3, kernel_size=[3, 3], padding="same", activation="relu"),
        _at_each_step("MaxPooling2D", pool_size=[2, 2]), _at_each_step("Flatten"), ("LSTM", {"units": 3}))),
    LayerCase("conv1d and its maximum at each step", (3, 6, 2), (
        _at_each_step("Conv1D", filters=3, kernel_size=3, padding="causal"), _at_each_step("GlobalMaxPooling1D"))),
    LayerCase("depthwise and its mean at each step", (2, 6, 5, 2), (
        _at_each_step("DepthwiseConv2D", kernel_size=[2, 2], depth_multiplier=2),
        _at_each_step("GlobalAveragePooling2D"))),
    LayerCase("transposed at each step", (2, 3, 3, 2), (
        _at_each_step("Conv2DTranspose", filters=2, kernel_size=[3, 3], strides=[2, 2], padding="same"),)),
    LayerCase("larger, separable, framed at each step", (2, 3, 3, 2), (
        _at_each_step("UpSampling2D", interpolation="bilinear"),
        _at_each_step("SeparableConv2D", filters=2, kernel_size=[2, 2]), _at_each_step("ZeroPadding2D"))),
    # Together
    LayerCase("an autoencoder", (8, 6, 1), (
        ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),
        ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "tanh"}),
        ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),
        ("Conv2D", {"filters": 1, "kernel_size": 3, "padding": "same", "activation": "sigmoid"}))),
]  # fmt: skip
