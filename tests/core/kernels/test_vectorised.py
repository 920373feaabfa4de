"""Loops of kernels are vectorised: their assembly has packed arithmetic and calls nothing."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
from numba import njit, types

from core.kernels.processor import CHOSEN

SIGNATURE = types.void(types.float32[::1], types.int64[::1], types.float64[::1], types.int64[::1])

#: Kernels whose time counts, and the packed operations without which they would be scalar.
KERNELS = {
    "elementwise.relu": ("cmp|max",),
    "elementwise.relu_grad": ("cmp",),
    "elementwise.tanh": ("mul", "div"),
    "elementwise.sigmoid": ("mul", "div"),
    "elementwise.sigmoid_grad": ("mul", "sub"),
    "elementwise.add": ("add",),
    "activations.gelu": ("mul", "div"),
    "activations.gelu_grad": ("mul", "div"),
    "activations.softplus": ("mul", "div"),
    "activations.arctan": ("mul", "div"),
    "rectifiers.elu": ("mul", "cmp"),
    "dense.bias_add": ("add",),
    "dense.scale": ("mul",),
    "dense.column_sum": ("add",),
    "dense.column_dot": ("mul", "add"),
    "depthwise.depthwise2d": ("mul", "add"),
    "depthwise.depthwise2d_weight_grad": ("mul", "add"),
    "convolution.max_pool2d_grad": ("add",),
    "pooling.average_pool2d": ("add", "div"),
    "pooling.global_max_grad": ("add", "div"),
    "normalization.channel_variance": ("mul", "add"),
    "normalization.normalize": ("sub", "div", "sqrt"),
    "normalization.normalize_grad": ("mul", "sub", "div", "sqrt"),
    "layer_normalization.row_normalize": ("sub", "div"),
    "layer_normalization.row_mean": ("add",),
    "loss.softmax": ("mul", "add"),
    "loss.squared_rows": ("sub", "mul", "add"),
    "loss.squared_grad": ("sub", "mul"),
    "loss.binary_rows": ("mul", "div"),
    "loss.sigmoid_cross_entropy_rows": ("mul", "div"),
    "update.sgd": ("mul", "sub"),
    "update.momentum": ("mul", "sub"),
    "update.adam": ("mul", "div", "sqrt"),
    "update.adagrad": ("mul", "div", "sqrt"),
    "update.rmsprop": ("mul", "div", "sqrt"),
    "random.gaussian_noise": ("mul", "sqrt"),
}

#: Functions of libm that have one of our own.
LIBM = r"(?:expf?|expm1f?|tanhf?|logf?|log1pf?|erfcf?|atanf?|cosf?|sinf?|fmaf?)"


def assembly(name: str) -> str:
    """Of a kernel, compiled for this: what comes from Numba's cache has none to show."""
    module, function = name.split(".")
    kernel = getattr(importlib.import_module(f"core.kernels.{module}"), function)
    dispatcher: Any = njit(nogil=True, error_model="numpy")(kernel)
    dispatcher.compile(SIGNATURE)
    (text,) = dispatcher.inspect_asm().values()
    return str(text)


@pytest.mark.skipif(CHOSEN.name not in ("avx512", "avx2", "sse"), reason="assembly is read as x86")
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_is_vectorised(name: str) -> None:
    text = assembly(name)
    for operation in KERNELS[name]:
        packed = re.findall(rf"\bv?(?:{operation})\w*ps\b", text)
        if operation in ("mul", "add", "sub"):
            packed += re.findall(r"\bvfn?m(?:add|sub)\d+ps\b", text)
        assert packed, f"{name} has no packed {operation}"
    called = re.findall(rf"\$(?:{LIBM})\b|movabsq\s+\$({LIBM}),", text)
    assert not called, f"{name} calls {called}"


@pytest.mark.skipif(CHOSEN.name not in ("avx512", "avx2", "sse"), reason="assembly is read as x86")
def test_a_scalar_loop_would_be_found() -> None:
    """The sum in one chain that LLVM may not reorder, and a function of libm."""
    text = assembly("distances.distance_rows")
    assert re.findall(rf"movabsq\s+\$({LIBM}),", text)
