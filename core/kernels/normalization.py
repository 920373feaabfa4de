"""Statistics of channels over the batch."""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.state import BATCH_ROWS, FIRST, ROWS


def channel_mean(mem, ints, reals, state):
    """``m[c] = mean x[..., c]``. ints: inner, channels, x, x row, m"""
    inner, n, out = ints[0], ints[1], cut(mem, ints[4], ints[1])
    count = mem.dtype.type(state[BATCH_ROWS] * inner)
    for k in range(n):
        out[k] = mem.dtype.type(0)
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            x = cut(mem, ints[2] + r * ints[3] + i * n, n)
            for k in range(n):
                out[k] += x[k]
    for k in range(n):
        out[k] /= count


def channel_variance(mem, ints, reals, state):
    """``v[c] = mean (x[..., c] - m[c])²``: divided by the count, not by one less.

    ints: inner, channels, x, x row, m, v
    """
    inner, n, m, out = ints[0], ints[1], cut(mem, ints[4], ints[1]), cut(mem, ints[5], ints[1])
    count = mem.dtype.type(state[BATCH_ROWS] * inner)
    for k in range(n):
        out[k] = mem.dtype.type(0)
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            x = cut(mem, ints[2] + r * ints[3] + i * n, n)
            for k in range(n):
                d = x[k] - m[k]
                out[k] += d * d
    for k in range(n):
        out[k] /= count


def channel_mean_product(mem, ints, reals, state):
    """``m[c] = mean a[..., c] b[..., c]``. ints: inner, channels, a, a row, b, b row, m"""
    inner, n, out = ints[0], ints[1], cut(mem, ints[6], ints[1])
    count = mem.dtype.type(state[BATCH_ROWS] * inner)
    for k in range(n):
        out[k] = mem.dtype.type(0)
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            a, b = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            for k in range(n):
                out[k] += a[k] * b[k]
    for k in range(n):
        out[k] /= count


def normalize(mem, ints, reals, state):
    """``y = (x - m) / sqrt(v + ε)``. ints: inner, channels, x, x row, m, v, y, y row; ε = reals[0]"""
    inner, n, m, v = ints[0], ints[1], cut(mem, ints[4], ints[1]), cut(mem, ints[5], ints[1])
    epsilon = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            x, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[6] + r * ints[7] + i * n, n),
            )
            for k in range(n):
                y[k] = (x[k] - m[k]) / np.sqrt(v[k] + epsilon)


def normalize_grad(mem, ints, reals, state):
    """``dx = (dy - a - y b) / sqrt(v + ε)`` with a = mean dy, b = mean dy y (Ioffe and Szegedy 2015).

    ints: inner, channels, dy, dy row, y, y row, a, b, v, dx, dx row
    """
    inner, n = ints[0], ints[1]
    a, b, v = cut(mem, ints[6], n), cut(mem, ints[7], n), cut(mem, ints[8], n)
    epsilon = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            dy, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            dx = cut(mem, ints[9] + r * ints[10] + i * n, n)
            for k in range(n):
                dx[k] = (dy[k] - a[k] - y[k] * b[k]) / np.sqrt(v[k] + epsilon)


def normalize_fixed_grad(mem, ints, reals, state):
    """``dx = dy / sqrt(v + ε)`` while the statistics are constants. ints: inner, channels, dy, dy row, v, dx, dx row"""
    inner, n, v = ints[0], ints[1], cut(mem, ints[4], ints[1])
    epsilon = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            dy, dx = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[5] + r * ints[6] + i * n, n),
            )
            for k in range(n):
                dx[k] = dy[k] / np.sqrt(v[k] + epsilon)


def moving_average(mem, ints, reals, state):
    """``m = momentum m + (1 - momentum) x``. ints: n, m, x"""
    m, x = cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    keep, take = mem.dtype.type(reals[0]), mem.dtype.type(1.0 - reals[0])
    for k in range(ints[0]):
        m[k] = m[k] * keep + x[k] * take
