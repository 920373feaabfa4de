"""Every operation. Adding one is adding a file here, its kernel in `core.kernels`, and its import below."""

from __future__ import annotations

from core.ops import (
    activations,
    convolution,
    dense,
    depthwise,
    elementwise,
    embedding,
    framing,
    global_pooling,
    logit_losses,
    losses,
    normalization,
    penalty,
    pooling,
    random,
    rectifiers,
    recurrent,
    softmax,
    update,
    upsampling,
)
from core.ops import batch as batch
from core.ops.base import Instruction, Op, operation, operations

__all__ = ["Instruction", "Op", "operation", "operations"]
_FILES = (
    activations,
    convolution,
    dense,
    depthwise,
    elementwise,
    embedding,
    framing,
    global_pooling,
    logit_losses,
    losses,
    normalization,
    penalty,
    pooling,
    random,
    rectifiers,
    recurrent,
    softmax,
    update,
    upsampling,
    batch,
)
