"""Kernels that treat every value by itself. Operands as `core.kernels.span` lays out.

A batch whose rows lie back to back is one loop without branches: LLVM vectorises it, and memory is what it waits for.
"""

from __future__ import annotations

from core.kernels import simd
from core.kernels.simd import cut
from core.kernels.span import span


def relu(mem, ints, reals, state):
    """``y = 0 if x < 0 else x``: NaN stays NaN. Operands x, y."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = zero if x[k] < zero else x[k]


def relu_grad(mem, ints, reals, state):
    """``dx = dy where y > 0``; the slope at 0 is 0, as in Keras. Operands y, dy, dx."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    for r in range(first, first + rows):
        y, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            d = dy[k]
            dx[k] = zero if y[k] <= zero else d


def relu_grad_guided(mem, ints, reals, state):
    """``dx = dy where y > 0 and dy > 0`` (Springenberg et al. 2015). Operands y, dy, dx."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    for r in range(first, first + rows):
        y, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            d = dy[k]
            d = zero if d < zero else d
            dx[k] = zero if y[k] <= zero else d


def tanh(mem, ints, reals, state):
    """``y = tanh x``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = simd.tanh(x[k])


def tanh_grad(mem, ints, reals, state):
    """``dx = dy (1 - y²)``. Operands y, dy, dx."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        y, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            dx[k] = dy[k] * (one - y[k] * y[k])


def sigmoid(mem, ints, reals, state):
    """``y = 1 / (1 + exp(-x))``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = simd.sigmoid(x[k])


def sigmoid_grad(mem, ints, reals, state):
    """``dx = dy y (1 - y)``. Operands y, dy, dx."""
    first, rows, n = span(ints, state)
    one = mem.dtype.type(1)
    for r in range(first, first + rows):
        y, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            dx[k] = dy[k] * y[k] * (one - y[k])


def add(mem, ints, reals, state):
    """``y = a + b``. Operands a, b, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        a, b = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        y = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            y[k] = a[k] + b[k]


def multiply(mem, ints, reals, state):
    """``y = a ∘ b``. Operands a, b, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        a, b = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        y = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            y[k] = a[k] * b[k]


def copy(mem, ints, reals, state):
    """``y = x``. Operands x, y."""
    first, rows, n = span(ints, state)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = x[k]


def not_equal_zero(mem, ints, reals, state):
    """``y = 1 where x is not 0``. Operands x, y."""
    first, rows, n = span(ints, state)
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = zero if x[k] == zero else one


def carry(mem, ints, reals, state):
    """``y = new where keep is 1, old where it is 0``; `keep` is one number a row. Operands keep, new, old, y.

    ``ints[10]`` is 1 if there is no old state yet: it counts as 0.
    """
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    for r in range(first, first + rows):
        keep = mem[ints[2] + r * ints[3]]
        new, y = cut(mem, ints[4] + r * ints[5], n), cut(mem, ints[8] + r * ints[9], n)
        old = cut(mem, ints[6] + r * ints[7], n)
        if keep != zero:
            for k in range(n):
                y[k] = new[k]
        elif ints[10] == 1:
            for k in range(n):
                y[k] = zero
        else:
            for k in range(n):
                y[k] = old[k]


def carry_grad(mem, ints, reals, state):
    """``dx = dy where keep equals ints[8], else 0``. Operands keep, dy, dx."""
    first, rows, n = span(ints, state)
    zero, wanted = mem.dtype.type(0), mem.dtype.type(ints[8])
    for r in range(first, first + rows):
        keep = mem[ints[2] + r * ints[3]]
        dy, dx = cut(mem, ints[4] + r * ints[5], n), cut(mem, ints[6] + r * ints[7], n)
        if keep == wanted:
            for k in range(n):
                dx[k] = dy[k]
        else:
            for k in range(n):
                dx[k] = zero


def weighted_sum(mem, ints, reals, state):
    """``y = w₁ a + w₂ b`` of two scalars. Operands a, b, y; weights in `reals`."""
    mem[ints[6]] = mem.dtype.type(reals[0]) * mem[ints[2]] + mem.dtype.type(reals[1]) * mem[ints[4]]
