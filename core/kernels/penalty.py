"""Kernels of the penalties on large numbers that regularizers add to the loss.

One pass over a weight (`core.kernels.sums.sizes`).
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.span import span
from core.kernels.state import BATCH_ROWS
from core.kernels.sums import sizes


def penalty(mem, ints, reals, state):
    """``y = l1 Σ|x| + l2 Σx²``, divided by the samples if x has them. ints: n, x, x row, y; reals: l1, l2"""
    n, row = ints[0], ints[2]
    rows = state[BATCH_ROWS] if row > 0 else 1
    total = np.float64(0)
    for r in range(rows):
        x = cut(mem, ints[1] + r * row, n)
        if reals[0] != 0.0:
            total += reals[0] * sizes(x, n, False)
        if reals[1] != 0.0:
            total += reals[1] * sizes(x, n, True)
    mem[ints[3]] = mem.dtype.type(total / rows)


def penalty_grad(mem, ints, reals, state):
    """``dx = l1 sign(x) + 2 l2 x``, divided by the samples if x has them. Operands x, dx; reals: l1, l2, divide."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    share = 1.0 / state[BATCH_ROWS] if reals[2] == 1.0 else 1.0
    l1, l2 = mem.dtype.type(reals[0] * share), mem.dtype.type(2.0 * reals[1] * share)
    for r in range(first, first + rows):
        x, dx = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            slope = l2 * v
            # 0 at 0, as Keras; with l1 = 0 nothing is added, so that NaN alone makes NaN.
            slope += l1 if v > zero else zero
            slope -= l1 if v < zero else zero
            dx[k] = slope


def penalty_sum(mem, ints, reals, state):
    """``y = x₁ + x₂ + ...`` of single numbers. ints: how many, y, then their places"""
    total = np.float64(0)
    for k in range(ints[0]):
        total += np.float64(mem[ints[2 + k]])
    mem[ints[1]] = mem.dtype.type(total)


def accumulate_penalty(mem, ints, reals, state):
    """``total += n · x`` for the n numbers of a batch in the epoch's running sum: what each of them is more by.

    ints: x, total, numbers a sample
    """
    mem[ints[1]] += mem.dtype.type(state[BATCH_ROWS] * ints[2]) * mem[ints[0]]
