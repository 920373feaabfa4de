"""Chance: masks of dropout and noise, as functions of (seed, stream, step, place).

A layer with a seed of its own draws from that instead of the run's: ints "seeded" (1 or 0) and "seed".
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.kernels import simd
from core.kernels.functions import cos_of_turns
from core.kernels.simd import cut, mix, stream, uniform
from core.kernels.span import span
from core.kernels.state import FIRST, ROWS, SEED, STEP


@njit(nogil=True, error_model="numpy")
def _key(state, number, seeded, seed):
    return stream(seed if seeded == 1 else state[SEED], number, state[STEP])


def dropout_mask(mem, ints, reals, state):
    """``0`` with chance `rate`, else ``1 / (1 - rate)``.

    Operand: the mask; then ints[4] the stream, ints[5] the row's size, ints[6] seeded, ints[7] seed.
    """
    first, rows, n = span(ints, state)
    rate = reals[0]
    zero, kept = mem.dtype.type(0), mem.dtype.type(1.0 / (1.0 - rate))
    key = _key(state, ints[4], ints[6], ints[7])
    for r in range(first, first + rows):
        y = cut(mem, ints[2] + r * ints[3], n)
        start = r * ints[5]
        for k in range(n):
            y[k] = zero if uniform(key, start + k) < rate else kept


@njit(nogil=True, error_model="numpy", forceinline=True)
def _spread(mem, at, size, whole):
    """Fill `whole` numbers with copies of the first `size`: each pass copies all there are, in a loop that is long."""
    while size < whole:
        m = min(size, whole - size)
        source, to = cut(mem, at, m), cut(mem, at + size, m)
        for k in range(m):
            to[k] = source[k]
        size += m


def shared_dropout_mask(mem, ints, reals, state):
    """The same, one draw serving several places.

    ints: mask, its row, stream, seeded, seed, draws a row (0 if all rows share them), four sizes, four strides of the
    draws along them (0 where one serves all)

    What serves several places is drawn for the first of them and copied to the others, the innermost axis first.
    """
    rate = reals[0]
    zero, kept = mem.dtype.type(0), mem.dtype.type(1.0 / (1.0 - rate))
    key, n = _key(state, ints[2], ints[3], ints[4]), ints[9]
    inner, middle = ints[8] * n, ints[7] * ints[8] * n
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        row = ints[0] + r * ints[1]
        for a in range(ints[6] if ints[10] != 0 else 1):
            for b in range(ints[7] if ints[11] != 0 else 1):
                for c in range(ints[8] if ints[12] != 0 else 1):
                    at = row + a * middle + b * inner + c * n
                    drawn = n if ints[13] != 0 else 1
                    y = cut(mem, at, drawn)
                    start = r * ints[5] + a * ints[10] + b * ints[11] + c * ints[12]
                    for k in range(drawn):
                        y[k] = zero if uniform(key, start + k * ints[13]) < rate else kept
                    _spread(mem, at, drawn, n)
                _spread(mem, row + a * middle + b * inner, n if ints[12] == 0 else inner, inner)
            _spread(mem, row + a * middle, inner if ints[11] == 0 else middle, middle)
        if ints[10] == 0:
            _spread(mem, row, middle, ints[6] * middle)


def gaussian_noise(mem, ints, reals, state):
    """``deviation · N(0, 1)`` by Box and Muller's transformation (1958) of two uniform numbers,
    in float32 whatever the arena: both element types see the same noise.

    Operand: the noise; then ints[4] the stream, ints[5] the row's size, ints[6] seeded, ints[7] seed.
    """
    first, rows, n = span(ints, state)
    deviation = np.float32(reals[0])
    key = _key(state, ints[4], ints[6], ints[7])
    other = mix(key)
    unit, one, minus_two = np.float32(1 / 16777216), np.float32(1), np.float32(-2)
    for r in range(first, first + rows):
        y = cut(mem, ints[2] + r * ints[3], n)
        start = r * ints[5]
        for k in range(n):
            place = np.uint64(start + k)
            # (0, 1]: the logarithm of 0 is not wanted. 24 bits: nothing beyond 5.8 deviations.
            a = (np.float32(mix(key ^ place) >> np.uint64(40)) + one) * unit
            b = np.float32(mix(other ^ place) >> np.uint64(40)) * unit
            size = np.sqrt(minus_two * simd.log(a))
            y[k] = mem.dtype.type(deviation * (size * cos_of_turns(b)))
