"""Statistics of the last axis, of each row by itself. Tensors are (rows, inner, n).

Terms of a sum are worked out in blocks and added in sixteen chains (`core.kernels.sums`); the root is taken once a row.
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut, scratch, total
from core.kernels.state import FIRST, ROWS

#: Terms of a sum worked out at a time: a loop that is vectorised, before one that adds in order.
BLOCK = 64
#: Rows of fewer numbers are added up as they come.
SHORT = 32


def row_mean(mem, ints, reals, state):
    """``m[i] = mean x[i, :]``. ints: inner, n, x, x row, m, m row"""
    n = ints[1]
    count = mem.dtype.type(n)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        out = cut(mem, ints[4] + r * ints[5], ints[0])
        for i in range(ints[0]):
            out[i] = total(cut(mem, ints[2] + r * ints[3] + i * n, n), n) / count


def row_variance(mem, ints, reals, state):
    """``v[i] = mean (x[i, :] - m[i])²``. ints: inner, n, x, x row, m, m row, v, v row"""
    n, zero = ints[1], mem.dtype.type(0)
    count, terms = mem.dtype.type(n), scratch(mem, BLOCK)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        m, out = cut(mem, ints[4] + r * ints[5], ints[0]), cut(mem, ints[6] + r * ints[7], ints[0])
        for i in range(ints[0]):
            whole, mean = zero, m[i]
            if n < SHORT:
                x = cut(mem, ints[2] + r * ints[3] + i * n, n)
                for k in range(n):
                    d = x[k] - mean
                    whole += d * d
                out[i] = whole / count
                continue
            for start in range(0, n, BLOCK):
                size = min(BLOCK, n - start)
                x = cut(mem, ints[2] + r * ints[3] + i * n + start, size)
                for k in range(size):
                    d = x[k] - mean
                    terms[k] = d * d
                whole += total(terms, size)
            out[i] = whole / count


def row_mean_product(mem, ints, reals, state):
    """``m[i] = mean a[i, :] b[i, :]``. ints: inner, n, a, a row, b, b row, m, m row"""
    n, zero = ints[1], mem.dtype.type(0)
    count, terms = mem.dtype.type(n), scratch(mem, BLOCK)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        out = cut(mem, ints[6] + r * ints[7], ints[0])
        for i in range(ints[0]):
            whole = zero
            if n < SHORT:
                a = cut(mem, ints[2] + r * ints[3] + i * n, n)
                b = cut(mem, ints[4] + r * ints[5] + i * n, n)
                for k in range(n):
                    whole += a[k] * b[k]
                out[i] = whole / count
                continue
            for start in range(0, n, BLOCK):
                size = min(BLOCK, n - start)
                a = cut(mem, ints[2] + r * ints[3] + i * n + start, size)
                b = cut(mem, ints[4] + r * ints[5] + i * n + start, size)
                for k in range(size):
                    terms[k] = a[k] * b[k]
                whole += total(terms, size)
            out[i] = whole / count


def row_normalize(mem, ints, reals, state):
    """``y = (x - m) / sqrt(v + ε)``. ints: inner, n, x, x row, m, m row, v, v row, y, y row; ε = reals[0]"""
    n, epsilon = ints[1], mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        m, v = cut(mem, ints[4] + r * ints[5], ints[0]), cut(mem, ints[6] + r * ints[7], ints[0])
        for i in range(ints[0]):
            x, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[8] + r * ints[9] + i * n, n),
            )
            mean, deviation = m[i], np.sqrt(v[i] + epsilon)
            for k in range(n):
                y[k] = (x[k] - mean) / deviation


def row_normalize_grad(mem, ints, reals, state):
    """``dx = (dy - a - y b) / sqrt(v + ε)`` with a = mean dy, b = mean dy y (Ba et al. 2016).

    ints: inner, n, dy, dy row, y, y row, a, a row, b, b row, v, v row, dx, dx row
    """
    n, epsilon = ints[1], mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        a, b = cut(mem, ints[6] + r * ints[7], ints[0]), cut(mem, ints[8] + r * ints[9], ints[0])
        v = cut(mem, ints[10] + r * ints[11], ints[0])
        for i in range(ints[0]):
            dy, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            dx = cut(mem, ints[12] + r * ints[13] + i * n, n)
            mean, product, deviation = a[i], b[i], np.sqrt(v[i] + epsilon)
            for k in range(n):
                dx[k] = (dy[k] - mean - y[k] * product) / deviation
