"""Biases, scales, and sums along rows. Tensors are (rows, inner, channels).

Where channels are few they go in registers and the places below each other are walked over; where they are many the
loop over them is vectorised by LLVM. Sums of columns run side by side, because an addition waits for the one before.
"""

from __future__ import annotations

from core.kernels.simd import cut, lanes, vadd, vload, vmultiply, vstore, vzero
from core.kernels.state import FIRST, ROWS


def bias_add(mem, ints, reals, state):
    """``y[..., c] = x[..., c] + b[c]``. ints: inner, channels, x, x row, b, y, y row

    Few channels are handled as registers: loops shorter than one would stay scalar.
    """
    inner, n, L = ints[0], ints[1], lanes(mem)
    if n > 4 * L or inner == 1:
        b = cut(mem, ints[4], n)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            for i in range(inner):
                x = cut(mem, ints[2] + r * ints[3] + i * n, n)
                y = cut(mem, ints[5] + r * ints[6] + i * n, n)
                for k in range(n):
                    y[k] = x[k] + b[k]
        return
    for k in range(0, n, L):
        bias = vload(mem, ints[4] + k, n - k)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            x, y = ints[2] + r * ints[3] + k, ints[5] + r * ints[6] + k
            for i in range(inner):
                vstore(mem, y + i * n, n - k, vadd(vload(mem, x + i * n, n - k), bias))


def scale(mem, ints, reals, state):
    """``y[..., c] = x[..., c] g[c]``. ints: inner, channels, x, x row, g, y, y row"""
    inner, n, L = ints[0], ints[1], lanes(mem)
    if n > 4 * L or inner == 1:
        g = cut(mem, ints[4], n)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            for i in range(inner):
                x = cut(mem, ints[2] + r * ints[3] + i * n, n)
                y = cut(mem, ints[5] + r * ints[6] + i * n, n)
                for k in range(n):
                    y[k] = x[k] * g[k]
        return
    for k in range(0, n, L):
        factor = vload(mem, ints[4] + k, n - k)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            x, y = ints[2] + r * ints[3] + k, ints[5] + r * ints[6] + k
            for i in range(inner):
                vstore(mem, y + i * n, n - k, vmultiply(vload(mem, x + i * n, n - k), factor))


def column_sum(mem, ints, reals, state):
    """``y[c] = Σ x[..., c]`` over rows and inner. ints: inner, channels, x, x row, y

    Each image's sum is finished before it is added, so that long sums lose less; four sums run side by side, because
    one addition has to wait for the one before it.
    """
    inner, n, y, L = ints[0], ints[1], cut(mem, ints[4], ints[1]), lanes(mem)
    zero = mem.dtype.type(0)
    if inner == 1:
        for k in range(n):
            y[k] = zero
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            x = cut(mem, ints[2] + r * ints[3], n)
            for k in range(n):
                y[k] += x[k]
        return
    for k in range(0, n, L):
        m, total = n - k, vzero(mem)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            x = ints[2] + r * ints[3] + k
            a, b, c, d = vzero(mem), vzero(mem), vzero(mem), vzero(mem)
            i = 0
            while i + 4 <= inner:
                a = vadd(a, vload(mem, x + i * n, m))
                b = vadd(b, vload(mem, x + (i + 1) * n, m))
                c = vadd(c, vload(mem, x + (i + 2) * n, m))
                d = vadd(d, vload(mem, x + (i + 3) * n, m))
                i += 4
            while i < inner:
                a = vadd(a, vload(mem, x + i * n, m))
                i += 1
            total = vadd(total, vadd(vadd(a, b), vadd(c, d)))
        vstore(mem, ints[4] + k, m, total)


def column_dot(mem, ints, reals, state):
    """``y[c] = Σ a[..., c] b[..., c]``. ints: inner, channels, a, a row, b, b row, y

    Each image's sum is finished before it is added, two sums side by side.
    """
    inner, n, L = ints[0], ints[1], lanes(mem)
    for k in range(0, n, L):
        m, whole = n - k, vzero(mem)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            a, b = ints[2] + r * ints[3] + k, ints[4] + r * ints[5] + k
            even, odd = vzero(mem), vzero(mem)
            i = 0
            while i + 2 <= inner:
                even = vadd(even, vmultiply(vload(mem, a + i * n, m), vload(mem, b + i * n, m)))
                i += 1
                odd = vadd(odd, vmultiply(vload(mem, a + i * n, m), vload(mem, b + i * n, m)))
                i += 1
            if i < inner:
                even = vadd(even, vmultiply(vload(mem, a + i * n, m), vload(mem, b + i * n, m)))
            whole = vadd(whole, vadd(even, odd))
        vstore(mem, ints[6] + k, m, whole)
