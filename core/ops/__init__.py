"""Every operation. Adding one is adding a file here, its kernel in `core.kernels`, and its import below."""

from __future__ import annotations

from core.ops import (
    activations,
    contraction,
    convolution,
    dense,
    depthwise,
    elementwise,
    embedding,
    framing,
    global_pooling,
    layer_normalization,
    logit_losses,
    losses,
    masked_normalization,
    merging,
    normalization,
    penalty,
    pooling,
    random,
    rectifiers,
    recurrent,
    shapes,
    softmax,
    update,
    upsampling,
)
from core.ops import batch as batch
from core.ops.base import Instruction, Op, operation, operations

__all__ = ["Instruction", "Op", "operation", "operations"]
_FILES = (
    activations,
    contraction,
    convolution,
    dense,
    depthwise,
    elementwise,
    embedding,
    framing,
    global_pooling,
    layer_normalization,
    logit_losses,
    losses,
    masked_normalization,
    merging,
    normalization,
    penalty,
    pooling,
    random,
    rectifiers,
    recurrent,
    shapes,
    softmax,
    update,
    upsampling,
    batch,
)
