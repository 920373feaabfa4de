"""Kernels of recurrent layers: parts of weights, and states that last from one batch to the next.

They copy rows, or parts of them; the products of a cell are those of `core.kernels.products`.
"""

from __future__ import annotations

from core.kernels.simd import cut
from core.kernels.state import FIRST, ROWS


def take_columns(mem, ints, reals, state):
    """``y = w[:, start:start+count]``. ints: rows, columns of w, start, count, w, y"""
    rows, n, start, count = ints[0], ints[1], ints[2], ints[3]
    for i in range(rows):
        w, y = cut(mem, ints[4] + i * n + start, count), cut(mem, ints[5] + i * count, count)
        for k in range(count):
            y[k] = w[k]


def put_columns(mem, ints, reals, state):
    """``dw[:, start:start+count] = dy``, zeros elsewhere. ints: rows, columns of dw, start, count, dy, dw"""
    rows, n, start, count = ints[0], ints[1], ints[2], ints[3]
    zero = mem.dtype.type(0)
    for i in range(rows):
        dy, dw = cut(mem, ints[4] + i * count, count), cut(mem, ints[5] + i * n, n)
        for k in range(n):
            dw[k] = zero
        own = cut(mem, ints[5] + i * n + start, count)
        for k in range(count):
            own[k] = dy[k]


def keep_state(mem, ints, reals, state):
    """``h = x`` for every sample of the batch. ints: units, x, x row, h, h row"""
    n = ints[0]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        x, h = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        for k in range(n):
            h[k] = x[k]


def complement(mem, ints, reals, state):
    """``y = 1 - x``. ints: n, x, x row, y, y row"""
    n = ints[0]
    one = mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        x, y = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        for k in range(n):
            y[k] = one - x[k]
