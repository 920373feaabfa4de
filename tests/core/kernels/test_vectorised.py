"""Loops of kernels are vectorised: their assembly has packed arithmetic and calls nothing."""

from __future__ import annotations

import importlib
import math
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
    "upsampling.repeat2d_grad": ("add",),
    "normalization.channel_variance": ("mul", "add"),
    "normalization.normalize": ("sub", "div", "sqrt"),
    "normalization.normalize_grad": ("mul", "sub", "div", "sqrt"),
    "layer_normalization.row_normalize": ("sub", "div"),
    "layer_normalization.row_mean": ("add",),
    "loss.softmax": ("mul", "add"),
    "loss.squared_rows": ("sub", "mul", "add"),
    "loss.squared_grad": ("sub", "mul"),
    "loss.binary_rows": ("mul", "div"),
    "loss.binary_grad": ("sub", "div"),
    "loss.cross_entropy_rows": ("mul", "div"),
    "loss.sparse_cross_entropy_rows": ("mul", "div"),
    "loss.sigmoid_cross_entropy_rows": ("mul", "div"),
    "distances.absolute_rows": ("sub",),
    "update.sgd": ("mul", "sub"),
    "update.momentum": ("mul", "sub"),
    "update.adam": ("mul", "div", "sqrt"),
    "update.adagrad": ("mul", "div", "sqrt"),
    "update.rmsprop": ("mul", "div", "sqrt"),
    "random.gaussian_noise": ("mul", "sqrt"),
}

#: Those that compute in float64 whatever the arena.
DOUBLE = {
    "distances.logarithmic_rows": ("mul", "div"),
    "distances.logarithmic_grad": ("mul", "div"),
    "distances.huber_grad": ("cmp",),
    "distances.log_cosh_rows": ("mul", "div"),
    "distances.poisson_rows": ("mul", "div"),
    "distances.divergence_rows": ("mul", "div"),
    "distances.squared_hinge_grad": ("mul",),
}

#: Functions of libm that have one of our own.
LIBM = r"(?:expf?|expm1f?|tanhf?|logf?|log1pf?|erfcf?|atanf?|cosf?|sinf?|fmaf?)"


def assembly(name: str) -> str:
    """Of a kernel."""
    module, function = name.split(".")
    return compiled(getattr(importlib.import_module(f"core.kernels.{module}"), function))


def compiled(kernel: Any) -> str:
    """Its assembly, compiled for this: what comes from Numba's cache has none to show."""
    dispatcher: Any = njit(nogil=True, error_model="numpy")(kernel)
    dispatcher.compile(SIGNATURE)
    (text,) = dispatcher.inspect_asm().values()
    return str(text)


def called(text: str) -> list[str]:
    """Functions of libm that are."""
    return re.findall(rf"\$(?:{LIBM})\b|movabsq\s+\$({LIBM}),", text)


@pytest.mark.skipif(CHOSEN.name not in ("avx512", "avx2", "sse"), reason="assembly is read as x86")
@pytest.mark.parametrize("name", [*KERNELS, *DOUBLE])
def test_a_kernel_is_vectorised(name: str) -> None:
    text, size = assembly(name), "pd" if name in DOUBLE else "ps"
    for operation in (KERNELS | DOUBLE)[name]:
        packed = re.findall(rf"\bv?(?:{operation})\w*{size}\b", text)
        if operation in ("mul", "add", "sub"):
            packed += re.findall(rf"\bvfn?m(?:add|sub)\d+{size}\b", text)
        assert packed, f"{name} has no packed {operation}"
    assert not called(text), f"{name} calls {called(text)}"


@pytest.mark.skipif(CHOSEN.name not in ("avx512", "avx2", "sse"), reason="assembly is read as x86")
def test_a_call_of_libm_would_be_found() -> None:
    def logarithms(mem, ints, reals, state):  # type: ignore[no-untyped-def]
        for k in range(ints[0]):
            mem[k] = math.log(mem[k])

    assert called(compiled(logarithms))
