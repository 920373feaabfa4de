"""Statistics of channels over the steps that count. Sequences are (rows, inner, channels).

One channel after the other, with a mask that may differ between them: clear before fast, masks are rare here.
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.state import BATCH_ROWS, FIRST, ROWS

# The mask of a value is mem[mask + r * row + i * by place + k * by channel]: one of the two steps is 0.


def masked_mean(mem, ints, reals, state):
    """``m[c] = Σ mask x[..., c] / (Σ mask + tiny)``, or ``Σ x`` above if ints[9] is 1.

    ints: inner, channels, x, x row, mask, mask row, by place, by channel, m, whether all x are summed; tiny = reals[0]
    """
    inner, n, zero = ints[0], ints[1], mem.dtype.type(0)
    tiny = mem.dtype.type(reals[0])
    for k in range(n):
        total, count = zero, zero
        for r in range(state[BATCH_ROWS]):
            x = cut(mem, ints[2] + r * ints[3] + k, (inner - 1) * n + 1)
            for i in range(inner):
                m = mem[ints[4] + r * ints[5] + i * ints[6] + k * ints[7]]
                count += m
                if ints[9] == 1 or m != zero:
                    total += x[i * n]
        mem[ints[8] + k] = total / (count + tiny)


def masked_mean_product(mem, ints, reals, state):
    """``m[c] = Σ a[..., c] b[..., c] / (Σ mask + tiny)``: the sum is over all steps.

    ints: inner, channels, a, a row, b, b row, mask, mask row, by place, by channel, m; tiny = reals[0]
    """
    inner, n, zero = ints[0], ints[1], mem.dtype.type(0)
    tiny = mem.dtype.type(reals[0])
    for k in range(n):
        total, count = zero, zero
        for r in range(state[BATCH_ROWS]):
            a = cut(mem, ints[2] + r * ints[3] + k, (inner - 1) * n + 1)
            b = cut(mem, ints[4] + r * ints[5] + k, (inner - 1) * n + 1)
            for i in range(inner):
                count += mem[ints[6] + r * ints[7] + i * ints[8] + k * ints[9]]
                total += a[i * n] * b[i * n]
        mem[ints[10] + k] = total / (count + tiny)


def masked_variance(mem, ints, reals, state):
    """``v[c] = Σ mask (x[..., c] - m[c])² / (Σ mask + tiny)``.

    ints: inner, channels, x, x row, mask, mask row, by place, by channel, m, v; tiny = reals[0]
    """
    inner, n, zero = ints[0], ints[1], mem.dtype.type(0)
    tiny = mem.dtype.type(reals[0])
    for k in range(n):
        total, count, mean = zero, zero, mem[ints[8] + k]
        for r in range(state[BATCH_ROWS]):
            x = cut(mem, ints[2] + r * ints[3] + k, (inner - 1) * n + 1)
            for i in range(inner):
                m = mem[ints[4] + r * ints[5] + i * ints[6] + k * ints[7]]
                count += m
                d = x[i * n] - mean
                if m != zero:
                    total += d * d
        mem[ints[9] + k] = total / (count + tiny)


def masked_normalize_grad(mem, ints, reals, state):
    """``dx = (dy - mask (a + y b)) / sqrt(v + ε)``: only steps that count share in the statistics.

    ints: inner, channels, dy, dy row, y, y row, a, b, v, mask, mask row, by place, by channel, dx, dx row; ε = reals[0]
    """
    inner, n, epsilon = ints[0], ints[1], mem.dtype.type(reals[0])
    a, b, v = cut(mem, ints[6], n), cut(mem, ints[7], n), cut(mem, ints[8], n)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            dy, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            dx = cut(mem, ints[13] + r * ints[14] + i * n, n)
            for k in range(n):
                m = mem[ints[9] + r * ints[10] + i * ints[11] + k * ints[12]]
                dx[k] = (dy[k] - m * (a[k] + y[k] * b[k])) / np.sqrt(v[k] + epsilon)
