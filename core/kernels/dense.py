"""Products of matrices, and sums along rows."""

from __future__ import annotations

from core.kernels.simd import cut, lanes, product, vadd, vload, vstore, vzero
from core.kernels.state import FIRST, ROWS

FORWARD, WEIGHT_GRAD, INPUT_GRAD = 0, 1, 2


def matmul(mem, ints, reals, state):
    """Three products of a dense layer.

    0: ``C = A · B`` for A (rows, inner, K), B (K, N). 1: ``C = Aᵀ · B`` summed over rows and inner, for B (rows, inner,
    N). 2: ``C = A · Bᵀ`` for A (rows, inner, N) and B (K, N), which is transposed into scratch first.

    ints: kind, inner, N, K, a, a row, a inner, b, b row, b inner, c, c row, c inner, scratch
    """
    kind, inner, n, k = ints[0], ints[1], ints[2], ints[3]
    first, rows = state[FIRST], state[ROWS]
    a_row, a_in, b_row, b_in, c_row, c_in = ints[5], ints[6], ints[8], ints[9], ints[11], ints[12]
    a, b, c = ints[4] + first * a_row, ints[7], ints[10]
    # One call for all of them: every call of `product` is compiled again, in seconds.
    panels, a_panel, c_panel = 1, 0, 0
    if kind == 1:
        b += first * b_row
        m, c_next, a_next = k, n, 1
        if inner == 1:
            length, segments, a_k, a_s, b_k, b_s = rows, 1, a_row, 0, b_row, 0
        else:
            length, segments, a_k, a_s, b_k, b_s = inner, rows, a_in, a_row, b_in, b_row
    else:
        c += first * c_row
        if kind == 2:
            # B (K, N) turned into (N, K), in blocks of 16 so that both sides stay in cache
            scratch = ints[13]
            for i0 in range(0, k, 16):
                for j0 in range(0, n, 16):
                    high = min(16, k - i0)
                    for j in range(j0, min(j0 + 16, n)):
                        source, to = (
                            cut(mem, b + i0 * n + j, 15 * n + 1),
                            cut(mem, scratch + j * k + i0, 16),
                        )
                        for i in range(high):
                            to[i] = source[i * n]
            b, n, k = scratch, k, n
        length, segments, a_k, a_s, b_k, b_s = k, 1, 1, 0, n, 0
        if inner == 1:
            m, a_next, c_next = rows, a_row, c_row
        elif a_row == inner * a_in and c_row == inner * c_in:
            m, a_next, c_next = rows * inner, a_in, c_in
        else:
            m, a_next, c_next = inner, a_in, c_in
            panels, a_panel, c_panel = rows, a_row, c_row
    product(
        mem, m, n, length, segments, a, a_next, a_k, a_s, b, b_k, b_s, c, c_next, -1,
        panels, a_panel, 0, c_panel, 1, 0, 0, 0,
    )  # fmt: skip


def bias_add(mem, ints, reals, state):
    """``y[..., c] = x[..., c] + b[c]``. ints: inner, channels, x, x row, b, y, y row

    Few channels are handled as registers: loops shorter than one would stay scalar.
    """
    inner, n, L = ints[0], ints[1], lanes(mem)
    if n > 4 * L or inner == 1:
        b = cut(mem, ints[4], n)
        for r in range(state[FIRST], state[FIRST] + state[ROWS]):
            for i in range(inner):
                x, y = (
                    cut(mem, ints[2] + r * ints[3] + i * n, n),
                    cut(mem, ints[5] + r * ints[6] + i * n, n),
                )
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
    inner, n, g = ints[0], ints[1], cut(mem, ints[4], ints[1])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            x, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[5] + r * ints[6] + i * n, n),
            )
            for k in range(n):
                y[k] = x[k] * g[k]


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
    """``y[c] = Σ a[..., c] b[..., c]``. ints: inner, channels, a, a row, b, b row, y"""
    inner, n, y = ints[0], ints[1], cut(mem, ints[6], ints[1])
    zero = mem.dtype.type(0)
    for k in range(n):
        y[k] = zero
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            a, b = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            for k in range(n):
                y[k] += a[k] * b[k]
