"""Smooth activations and their slopes. Operands as `core.kernels.span` lays out; NaN stays NaN in all of them.

A batch whose rows lie back to back is one long loop over `core.kernels.functions`, which LLVM vectorises: 0.1 to 2 ns
an element. Softmax and its kin go list by list along the last axis.
"""

from __future__ import annotations

import math

from core.kernels import simd
from core.kernels.loss import exp_total, largest
from core.kernels.simd import cut, total
from core.kernels.span import span
from core.kernels.state import FIRST, ROWS

#: 1 / √(2π), the peak of the standard normal density.
PEAK = 1 / math.sqrt(2 * math.pi)


def arctan(mem, ints, reals, state):
    """``y = arctan x``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = simd.arctan(x[k])


def arctan_grad(mem, ints, reals, state):
    """``dx = dy / (1 + x²)``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            dx[k] = dy[k] / (one + x[k] * x[k])


def gelu(mem, ints, reals, state):
    """``y = x Φ(x)``; Φ keeps its digits far below 0. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = x[k] * simd.normal_cdf(x[k])


def gelu_grad(mem, ints, reals, state):
    """``dx = dy (Φ(x) + x φ(x))``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    peak = mem.dtype.type(PEAK)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            below, bell = simd.normal(x[k])
            dx[k] = dy[k] * (below + x[k] * (peak * bell))


def silu(mem, ints, reals, state):
    """``y = x sigmoid(x)``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = x[k] * simd.sigmoid(x[k])


def silu_grad(mem, ints, reals, state):
    """``dx = dy s (1 + x (1 - s))`` with s = sigmoid(x). Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            s = simd.sigmoid(x[k])
            dx[k] = dy[k] * s * (one + x[k] * (one - s))


def softplus(mem, ints, reals, state):
    """``y = max(x, 0) + ln(1 + exp(-|x|))``: ln(1 + exp x) without overflow. Operands x, y."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            above = zero if v < zero else v
            y[k] = above + simd.log1p(simd.exp(-abs(v)))


def softplus_grad(mem, ints, reals, state):
    """``dx = dy sigmoid(x)``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            dx[k] = dy[k] * simd.sigmoid(x[k])


def softsign(mem, ints, reals, state):
    """``y = x / (1 + |x|)``. Operands x, y."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = x[k] / (one + abs(x[k]))


def softsign_grad(mem, ints, reals, state):
    """``dx = dy / (1 + |x|)²``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            whole = one + abs(x[k])
            dx[k] = dy[k] / (whole * whole)


def exponential(mem, ints, reals, state):
    """``y = exp x``; its slope is y, so that `elementwise.multiply` is its gradient. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = simd.exp(x[k])


def log_softmax(mem, ints, reals, state):
    """``y = (x - max x) - ln Σ exp(x - max x)`` along the last axis. ints: inner, n, x, x row, y, y row"""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            x = cut(mem, ints[2] + r * ints[3] + i * n, n)
            y = cut(mem, ints[4] + r * ints[5] + i * n, n)
            top = largest(x, n)
            whole = simd.log(exp_total(x, top, n))
            for k in range(n):
                y[k] = (x[k] - top) - whole


def log_softmax_grad(mem, ints, reals, state):
    """``dx = dy - exp(y) Σ dy``. ints: inner, n, y, y row, dy, dy row, dx, dx row"""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            y = cut(mem, ints[2] + r * ints[3] + i * n, n)
            dy = cut(mem, ints[4] + r * ints[5] + i * n, n)
            dx = cut(mem, ints[6] + r * ints[7] + i * n, n)
            whole = total(dy, n)
            for k in range(n):
                dx[k] = dy[k] - simd.exp(y[k]) * whole


# ---- softmax over any axes: ints are x, x row, y, y row (or y, dy, dx with their rows), then sizes and strides ------
# of what is kept (three each) and of what is summed over (three each); unused ones have size 1.


def softmax_axes(mem, ints, reals, state):
    """``y = exp(x - max x) / Σ exp(x - max x)`` along some axes."""
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for k0 in range(ints[4]):
            for k1 in range(ints[5]):
                for k2 in range(ints[6]):
                    place = k0 * ints[7] + k1 * ints[8] + k2 * ints[9]
                    x, y = ints[0] + r * ints[1] + place, ints[2] + r * ints[3] + place
                    top = mem[x]
                    for s0 in range(ints[10]):
                        for s1 in range(ints[11]):
                            for s2 in range(ints[12]):
                                v = mem[x + s0 * ints[13] + s1 * ints[14] + s2 * ints[15]]
                                top = v if v > top else top
                    total = mem.dtype.type(0)
                    for s0 in range(ints[10]):
                        for s1 in range(ints[11]):
                            for s2 in range(ints[12]):
                                at = s0 * ints[13] + s1 * ints[14] + s2 * ints[15]
                                v = simd.exp(mem[x + at] - top)
                                mem[y + at] = v
                                total += v
                    share = mem.dtype.type(1) / total
                    for s0 in range(ints[10]):
                        for s1 in range(ints[11]):
                            for s2 in range(ints[12]):
                                mem[y + s0 * ints[13] + s1 * ints[14] + s2 * ints[15]] *= share


def softmax_axes_grad(mem, ints, reals, state):
    """``dx = y (dy - Σ dy y)`` along some axes."""
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for k0 in range(ints[6]):
            for k1 in range(ints[7]):
                for k2 in range(ints[8]):
                    place = k0 * ints[9] + k1 * ints[10] + k2 * ints[11]
                    y, dy = ints[0] + r * ints[1] + place, ints[2] + r * ints[3] + place
                    dx = ints[4] + r * ints[5] + place
                    total = mem.dtype.type(0)
                    for s0 in range(ints[12]):
                        for s1 in range(ints[13]):
                            for s2 in range(ints[14]):
                                at = s0 * ints[15] + s1 * ints[16] + s2 * ints[17]
                                total += mem[dy + at] * mem[y + at]
                    for s0 in range(ints[12]):
                        for s1 in range(ints[13]):
                            for s2 in range(ints[14]):
                                at = s0 * ints[15] + s1 * ints[16] + s2 * ints[17]
                                mem[dx + at] = mem[y + at] * (mem[dy + at] - total)
