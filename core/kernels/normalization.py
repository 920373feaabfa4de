"""Statistics of channels over the batch, and what batch normalization makes of them.

Images are (rows, inner, channels). Channels go in registers, the pixels one after the other below them: with 3 or 8
channels a loop over them is too short to be vectorised, and what only depends on the channel, the root above all, is
worked out once. Every channel's sum is one chain in the order of the samples and pixels.
"""

from __future__ import annotations

from core.kernels.simd import (
    cut,
    lanes,
    vadd,
    vdivide,
    vfill,
    vload,
    vmultiply,
    vroot,
    vstore,
    vsubtract,
    vzero,
)
from core.kernels.state import BATCH_ROWS


def channel_mean(mem, ints, reals, state):
    """``m[c] = mean x[..., c]``. ints: inner, channels, x, x row, m"""
    inner, n, L = ints[0], ints[1], lanes(mem)
    count = vfill(mem, mem.dtype.type(state[BATCH_ROWS] * inner))
    for k in range(0, n, L):
        total = vzero(mem)
        for r in range(state[BATCH_ROWS]):
            x = ints[2] + r * ints[3] + k
            for i in range(inner):
                total = vadd(total, vload(mem, x + i * n, n - k))
        vstore(mem, ints[4] + k, n - k, vdivide(total, count))


def channel_variance(mem, ints, reals, state):
    """``v[c] = mean (x[..., c] - m[c])²``: divided by the count, not by one less.

    ints: inner, channels, x, x row, m, v
    """
    inner, n, L = ints[0], ints[1], lanes(mem)
    count = vfill(mem, mem.dtype.type(state[BATCH_ROWS] * inner))
    for k in range(0, n, L):
        total, m = vzero(mem), vload(mem, ints[4] + k, n - k)
        for r in range(state[BATCH_ROWS]):
            x = ints[2] + r * ints[3] + k
            for i in range(inner):
                d = vsubtract(vload(mem, x + i * n, n - k), m)
                total = vadd(total, vmultiply(d, d))
        vstore(mem, ints[5] + k, n - k, vdivide(total, count))


def channel_mean_product(mem, ints, reals, state):
    """``m[c] = mean a[..., c] b[..., c]``. ints: inner, channels, a, a row, b, b row, m"""
    inner, n, L = ints[0], ints[1], lanes(mem)
    count = vfill(mem, mem.dtype.type(state[BATCH_ROWS] * inner))
    for k in range(0, n, L):
        total = vzero(mem)
        for r in range(state[BATCH_ROWS]):
            a, b = ints[2] + r * ints[3] + k, ints[4] + r * ints[5] + k
            for i in range(inner):
                term = vmultiply(vload(mem, a + i * n, n - k), vload(mem, b + i * n, n - k))
                total = vadd(total, term)
        vstore(mem, ints[6] + k, n - k, vdivide(total, count))


def normalize(mem, ints, reals, state):
    """``y = (x - m) / sqrt(v + ε)``. ints: inner, channels, x, x row, m, v, y, y row; ε = reals[0]"""
    inner, n, L = ints[0], ints[1], lanes(mem)
    epsilon = vfill(mem, mem.dtype.type(reals[0]))
    for k in range(0, n, L):
        m = vload(mem, ints[4] + k, n - k)
        deviation = vroot(vadd(vload(mem, ints[5] + k, n - k), epsilon))
        for r in range(state[BATCH_ROWS]):
            x, y = ints[2] + r * ints[3] + k, ints[6] + r * ints[7] + k
            for i in range(inner):
                d = vsubtract(vload(mem, x + i * n, n - k), m)
                vstore(mem, y + i * n, n - k, vdivide(d, deviation))


def normalize_grad(mem, ints, reals, state):
    """``dx = (dy - a - y b) / sqrt(v + ε)`` with a = mean dy, b = mean dy y (Ioffe and Szegedy 2015).

    ints: inner, channels, dy, dy row, y, y row, a, b, v, dx, dx row
    """
    inner, n, L = ints[0], ints[1], lanes(mem)
    epsilon = vfill(mem, mem.dtype.type(reals[0]))
    for k in range(0, n, L):
        a, b = vload(mem, ints[6] + k, n - k), vload(mem, ints[7] + k, n - k)
        deviation = vroot(vadd(vload(mem, ints[8] + k, n - k), epsilon))
        for r in range(state[BATCH_ROWS]):
            dy, y = ints[2] + r * ints[3] + k, ints[4] + r * ints[5] + k
            dx = ints[9] + r * ints[10] + k
            for i in range(inner):
                share = vmultiply(vload(mem, y + i * n, n - k), b)
                d = vsubtract(vsubtract(vload(mem, dy + i * n, n - k), a), share)
                vstore(mem, dx + i * n, n - k, vdivide(d, deviation))


def normalize_fixed_grad(mem, ints, reals, state):
    """``dx = dy / sqrt(v + ε)`` while the statistics are constants. ints: inner, channels, dy, dy row, v, dx, dx row"""
    inner, n, L = ints[0], ints[1], lanes(mem)
    epsilon = vfill(mem, mem.dtype.type(reals[0]))
    for k in range(0, n, L):
        deviation = vroot(vadd(vload(mem, ints[4] + k, n - k), epsilon))
        for r in range(state[BATCH_ROWS]):
            dy, dx = ints[2] + r * ints[3] + k, ints[5] + r * ints[6] + k
            for i in range(inner):
                vstore(mem, dx + i * n, n - k, vdivide(vload(mem, dy + i * n, n - k), deviation))


def moving_average(mem, ints, reals, state):
    """``m = momentum m + (1 - momentum) x``. ints: n, m, x"""
    m, x = cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    keep, take = mem.dtype.type(reals[0]), mem.dtype.type(1.0 - reals[0])
    for k in range(ints[0]):
        m[k] = m[k] * keep + x[k] * take
