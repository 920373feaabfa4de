"""Activations made of pieces: steps, ramps, ELU and PReLU, with their slopes.

Operands as `core.kernels.span` lays out. NaN stays NaN; at a corner the slope is the one Keras (PyTorch) takes.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, expm1_below
from core.kernels.span import span
from core.kernels.state import FIRST, ROWS


def binary_step(mem, ints, reals, state):
    """``y = 0 where x < 0, else 1``. Operands x, y."""
    first, rows, n = span(ints, state)
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            at_least = one if v >= zero else v
            y[k] = zero if v < zero else at_least


def hard_sigmoid(mem, ints, reals, state):
    """``y = x/6 + 1/2, kept in [0, 1]``. Operands x, y."""
    first, rows, n = span(ints, state)
    zero, one, half = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(0.5)
    sixth = mem.dtype.type(1.0 / 6.0)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k] * sixth + half
            v = zero if v < zero else v
            y[k] = one if v > one else v


def hard_sigmoid_grad(mem, ints, reals, state):
    """``dx = dy / 6 where -3 < x < 3``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    zero, three, sixth = mem.dtype.type(0), mem.dtype.type(3), mem.dtype.type(1.0 / 6.0)
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            d = dy[k] * sixth
            d = zero if x[k] <= -three else d
            dx[k] = zero if x[k] >= three else d


def relu6(mem, ints, reals, state):
    """``y = x, kept in [0, 6]``. Operands x, y."""
    first, rows, n = span(ints, state)
    zero, six = mem.dtype.type(0), mem.dtype.type(6)
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            v = zero if v < zero else v
            y[k] = six if v > six else v


def relu6_grad(mem, ints, reals, state):
    """``dx = dy where 0 < y < 6``. Operands y, dy, dx."""
    first, rows, n = span(ints, state)
    zero, six = mem.dtype.type(0), mem.dtype.type(6)
    for r in range(first, first + rows):
        y, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            d = dy[k]
            d = zero if y[k] <= zero else d
            dx[k] = zero if y[k] >= six else d


def leaky_relu(mem, ints, reals, state):
    """``y = x where x > 0, else slope x``; slope = reals[0]. Operands x, y."""
    first, rows, n = span(ints, state)
    zero, slope = mem.dtype.type(0), mem.dtype.type(reals[0])
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            less = v * slope
            y[k] = v if v > zero else less


def leaky_relu_grad(mem, ints, reals, state):
    """``dx = dy where x > 0, else slope dy``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    zero, slope = mem.dtype.type(0), mem.dtype.type(reals[0])
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            d = dy[k]
            less = d * slope
            dx[k] = d if x[k] > zero else less


def ramp(mem, ints, reals, state):
    """``y = min(x, top) where x > threshold, else slope (x - threshold)``. Operands x, y.

    reals: slope, top (infinite: none), threshold
    """
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    slope, top = mem.dtype.type(reals[0]), mem.dtype.type(reals[1])
    threshold = mem.dtype.type(reals[2])
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            above = top if v > top else v
            # Not slope times 0 in the plain case: -0.
            below = slope * (v - threshold) if slope != zero else zero
            y[k] = below if v <= threshold else above


def ramp_grad(mem, ints, reals, state):
    """``dx = dy where threshold < x <= top, slope dy where x < threshold, else 0``. Operands x, dy, dx."""
    first, rows, n = span(ints, state)
    zero = mem.dtype.type(0)
    slope, top = mem.dtype.type(reals[0]), mem.dtype.type(reals[1])
    threshold = mem.dtype.type(reals[2])
    for r in range(first, first + rows):
        x, dy = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dx = cut(mem, ints[6] + r * ints[7], n)
        for k in range(n):
            v, d = x[k], dy[k]
            less = slope * d if v < threshold else zero
            d = zero if v > top else d
            dx[k] = less if v <= threshold else d


def elu(mem, ints, reals, state):
    """``y = scale x where x > 0, else scale alpha (exp x - 1)``. Operands x, y; reals: alpha, scale."""
    first, rows, n = span(ints, state)
    zero, scale = mem.dtype.type(0), mem.dtype.type(reals[1])
    floor = mem.dtype.type(reals[0] * reals[1])
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = x[k]
            low = zero if v > zero else v
            bent = floor * expm1_below(low)
            y[k] = scale * v if v > zero else bent


def elu_grad(mem, ints, reals, state):
    """``dx = dy scale where x > 0, else dy (y + scale alpha)``. Operands x, y, dy, dx."""
    first, rows, n = span(ints, state)
    zero, scale = mem.dtype.type(0), mem.dtype.type(reals[1])
    floor = mem.dtype.type(reals[0] * reals[1])
    for r in range(first, first + rows):
        x, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        dy, dx = cut(mem, ints[6] + r * ints[7], n), cut(mem, ints[8] + r * ints[9], n)
        for k in range(n):
            bent = y[k] + floor
            dx[k] = dy[k] * (scale if x[k] > zero else bent)


# ---- PReLU: ints are x, x row, y, y row, alpha (then dy and its row where there is one), then four sizes and the ----
# four strides of alpha along them: 0 where it is shared, and 0 or 1 along the last.


@njit(nogil=True, error_model="numpy")
def _alpha_place(ints, start, a, b, c):
    return a * ints[start + 4] + b * ints[start + 5] + c * ints[start + 6]


def prelu(mem, ints, reals, state):
    """``y = x where x > 0, else alpha x``. ints: x, x row, y, y row, alpha, sizes, strides"""
    zero, n, step = mem.dtype.type(0), ints[8], ints[12]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        place = r * ints[1]
        out = r * ints[3]
        for a in range(ints[5]):
            for b in range(ints[6]):
                for c in range(ints[7]):
                    x, y = cut(mem, ints[0] + place, n), cut(mem, ints[2] + out, n)
                    alpha = cut(mem, ints[4] + _alpha_place(ints, 5, a, b, c), 1 + (n - 1) * step)
                    if step == 1:
                        for k in range(n):
                            less = alpha[k] * x[k]
                            y[k] = x[k] if x[k] > zero else less
                    else:
                        for k in range(n):
                            less = alpha[0] * x[k]
                            y[k] = x[k] if x[k] > zero else less
                    place += n
                    out += n


def prelu_grad(mem, ints, reals, state):
    """``dx = dy where x > 0, alpha dy where x < 0, 0 at 0`` as Keras. ints: x, alpha, dy, dx with rows, ..."""
    zero, n, step = mem.dtype.type(0), ints[10], ints[14]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at = 0
        for a in range(ints[7]):
            for b in range(ints[8]):
                for c in range(ints[9]):
                    x = cut(mem, ints[0] + r * ints[1] + at, n)
                    dy = cut(mem, ints[3] + r * ints[4] + at, n)
                    dx = cut(mem, ints[5] + r * ints[6] + at, n)
                    alpha = cut(mem, ints[2] + _alpha_place(ints, 7, a, b, c), 1 + (n - 1) * step)
                    for k in range(n):
                        d = dy[k] * alpha[k * step]
                        d = zero if x[k] == zero else d
                        dx[k] = dy[k] if x[k] > zero else d
                    at += n


def prelu_alpha_grad(mem, ints, reals, state):
    """``dalpha = Σ dy x where x < 0``, over samples and shared places. ints: x, dy with rows, dalpha, its size, ..."""
    zero, n, step = mem.dtype.type(0), ints[9], ints[13]
    whole = cut(mem, ints[4], ints[5])
    for k in range(ints[5]):
        whole[k] = zero
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at = 0
        for a in range(ints[6]):
            for b in range(ints[7]):
                for c in range(ints[8]):
                    x = cut(mem, ints[0] + r * ints[1] + at, n)
                    dy = cut(mem, ints[2] + r * ints[3] + at, n)
                    place = ints[4] + _alpha_place(ints, 6, a, b, c)
                    total = cut(mem, place, 1 + (n - 1) * step)
                    if step == 1:
                        for k in range(n):
                            d = dy[k] * x[k]
                            total[k] += zero if x[k] > zero else d
                    else:
                        sum_here = zero
                        for k in range(n):
                            d = dy[k] * x[k]
                            sum_here += zero if x[k] > zero else d
                        total[0] += sum_here
                    at += n


def select(mem, ints, reals, state):
    """``y = x where the mask is above 1/2, else reals[0]``; the mask may be one number for several places.

    ints: x, x row, y, y row, mask, mask row, then four sizes and the mask's four strides along them
    """
    other, half, n, step = mem.dtype.type(reals[0]), mem.dtype.type(0.5), ints[9], ints[13]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at = 0
        for a in range(ints[6]):
            for b in range(ints[7]):
                for c in range(ints[8]):
                    x, y = (
                        cut(mem, ints[0] + r * ints[1] + at, n),
                        cut(mem, ints[2] + r * ints[3] + at, n),
                    )
                    place = ints[4] + r * ints[5] + _alpha_place(ints, 6, a, b, c)
                    mask = cut(mem, place, 1 + (n - 1) * step)
                    for k in range(n):
                        v = x[k]
                        y[k] = v if mask[k * step] > half else other
                    at += n
