"""Kernels of layers that join branches. Elementwise operands as `core.kernels.span` lays out.

Two operands at a time, in one vectorised loop where neither is repeated along an axis.
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.span import span
from core.kernels.state import FIRST, ROWS


def subtract(mem, ints, reals, state):
    """``y = a - b``. Operands a, b, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        a, b = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        y = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            y[k] = a[k] - b[k]


def negate(mem, ints, reals, state):
    """``y = -x``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = -x[k]


def divide(mem, ints, reals, state):
    """``y = x / number``. Operands x, y."""
    first, rows, n = span(ints, state)
    number = mem.dtype.type(reals[0])
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = x[k] / number


def maximum(mem, ints, reals, state):
    """``y = max(a, b)``; NaN if either is. Operands a, b, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        a, b = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        y = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            p, q = a[k], b[k]
            y[k] = p if p > q or p != p else q


def minimum(mem, ints, reals, state):
    """``y = min(a, b)``; NaN if either is. Operands a, b, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        a, b = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        y = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            p, q = a[k], b[k]
            y[k] = p if p < q or p != p else q


def extreme_grad(mem, ints, reals, state):
    """``dx = dy`` where x is the one that was taken, half of it where both are equal.

    Operands x, other, dy, dx; ``ints[10]`` is 1 of a maximum and -1 of a minimum.
    """
    first, rows, n = span(ints, state)
    zero, half, sign = mem.dtype.type(0), mem.dtype.type(0.5), mem.dtype.type(ints[10])
    for r in range(first, first + rows):
        x, other = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dy, dx = cut(mem, ints[6] + r * ints[7], n), cut(mem, ints[8] + r * ints[9], n)
        for k in range(n):
            p, q, d = sign * x[k], sign * other[k], dy[k]
            d = half * d if p == q else d
            dx[k] = zero if p < q else d


def where_mask(mem, ints, reals, state):
    """``y[t, f] = a[t, f] where mask[t] is not 0, else b[t, f]`` (or the number reals[0]).

    ints: steps, features, mask, mask row, a, a row, b, b row, y, y row, 1 if there is b
    """
    steps, n, zero = ints[0], ints[1], mem.dtype.type(0)
    number = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for t in range(steps):
            a, b = (
                cut(mem, ints[4] + r * ints[5] + t * n, n),
                cut(mem, ints[6] + r * ints[7] + t * n, n),
            )
            y = cut(mem, ints[8] + r * ints[9] + t * n, n)
            if mem[ints[2] + r * ints[3] + t] != zero:
                for k in range(n):
                    y[k] = a[k]
            elif ints[10] == 1:
                for k in range(n):
                    y[k] = b[k]
            else:
                for k in range(n):
                    y[k] = number


def where_mask_grad(mem, ints, reals, state):
    """``dx[t, f] = dy[t, f]`` where the step was taken from x, else 0.

    ints: steps, features, mask, mask row, dy, dy row, dx, dx row, 1 if x is taken where the mask is not 0
    """
    steps, n, zero = ints[0], ints[1], mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for t in range(steps):
            dy, dx = (
                cut(mem, ints[4] + r * ints[5] + t * n, n),
                cut(mem, ints[6] + r * ints[7] + t * n, n),
            )
            if (mem[ints[2] + r * ints[3] + t] != zero) == (ints[8] == 1):
                for k in range(n):
                    dx[k] = dy[k]
            else:
                for k in range(n):
                    dx[k] = zero


def contract(mem, ints, reals, state):
    """``y[i, j, k] = Σ_pq a[...] b[...]``: a product of two tensors over chosen axes.

    ints: a, a row, b, b row, y, y row, then (length, stride in a, in b, in y) of the axes i, j, k, l, p, q;
    p and q are summed.
    """
    n0, n1, n2, n3, np_, nq = ints[6], ints[10], ints[14], ints[18], ints[22], ints[26]
    zero = mem.dtype.type(0)
    ap, bp, aq, bq = ints[23], ints[24], ints[27], ints[28]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        a0, b0, y0 = ints[0] + r * ints[1], ints[2] + r * ints[3], ints[4] + r * ints[5]
        for i in range(n0):
            for j in range(n1):
                for k in range(n2):
                    for m in range(n3):
                        at = a0 + i * ints[7] + j * ints[11] + k * ints[15] + m * ints[19]
                        bt = b0 + i * ints[8] + j * ints[12] + k * ints[16] + m * ints[20]
                        total = zero
                        for p in range(np_):
                            x = cut(mem, at + p * ap, (nq - 1) * aq + 1)
                            w = cut(mem, bt + p * bp, (nq - 1) * bq + 1)
                            for q in range(nq):
                                total += x[q * aq] * w[q * bq]
                        mem[y0 + i * ints[9] + j * ints[13] + k * ints[17] + m * ints[21]] = total


def unit_length(mem, ints, reals, state):
    """``y = x min(1 / |x|, 1 / ε)`` along the middle axis. ints: outer, n, inner, x, x row, y, y row; ε = reals[0]"""
    n, inner, zero = ints[1], ints[2], mem.dtype.type(0)
    one, most = mem.dtype.type(1), mem.dtype.type(1.0 / reals[0])
    width = (n - 1) * inner + 1
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(ints[0]):
            for j in range(inner):
                at = i * n * inner + j
                x, y = (
                    cut(mem, ints[3] + r * ints[4] + at, width),
                    cut(mem, ints[5] + r * ints[6] + at, width),
                )
                total = zero
                for k in range(n):
                    total += x[k * inner] * x[k * inner]
                factor = one / np.sqrt(total)
                factor = most if factor > most else factor
                for k in range(n):
                    y[k * inner] = x[k * inner] * factor


def unit_length_grad(mem, ints, reals, state):
    """``dx = (dy - y Σ dy y) / |x|``; ``dy / ε`` where |x| is below ε.

    ints: outer, n, inner, x, x row, y, y row, dy, dy row, dx, dx row; ε = reals[0]
    """
    n, inner, zero = ints[1], ints[2], mem.dtype.type(0)
    one, most = mem.dtype.type(1), mem.dtype.type(1.0 / reals[0])
    width = (n - 1) * inner + 1
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(ints[0]):
            for j in range(inner):
                at = i * n * inner + j
                x, y = (
                    cut(mem, ints[3] + r * ints[4] + at, width),
                    cut(mem, ints[5] + r * ints[6] + at, width),
                )
                dy, dx = (
                    cut(mem, ints[7] + r * ints[8] + at, width),
                    cut(mem, ints[9] + r * ints[10] + at, width),
                )
                total, dot = zero, zero
                for k in range(n):
                    total += x[k * inner] * x[k * inner]
                    dot += dy[k * inner] * y[k * inner]
                factor = one / np.sqrt(total)
                if factor > most:
                    factor, dot = most, zero
                for k in range(n):
                    dx[k * inner] = (dy[k * inner] - y[k * inner] * dot) * factor
