"""Kernels that only move values: axes exchanged, repeated, put side by side, cut out.

Strides say where each axis goes; the innermost loop is over the last one, which lies in one run where it can.
"""

from __future__ import annotations

from core.kernels.simd import cut
from core.kernels.state import FIRST, ROWS


def arrange(mem, ints, reals, state):
    """``y[i0, ..., i4] = x[Σ i_k stride_k]``. ints: x, x row, y, y row, five lengths of y, five strides of x"""
    n0, n1, n2, n3, n4 = ints[4], ints[5], ints[6], ints[7], ints[8]
    s0, s1, s2, s3, s4 = ints[9], ints[10], ints[11], ints[12], ints[13]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at = ints[2] + r * ints[3]
        for i0 in range(n0):
            for i1 in range(n1):
                for i2 in range(n2):
                    source = ints[0] + r * ints[1] + i0 * s0 + i1 * s1 + i2 * s2
                    for i3 in range(n3):
                        y = cut(mem, at, n4)
                        if s4 == 1:
                            x = cut(mem, source + i3 * s3, n4)
                            for k in range(n4):
                                y[k] = x[k]
                        elif s4 == 0:
                            value = mem[source + i3 * s3]
                            for k in range(n4):
                                y[k] = value
                        else:
                            x = cut(mem, source + i3 * s3, (n4 - 1) * s4 + 1)
                            for k in range(n4):
                                y[k] = x[k * s4]
                        at += n4


def arrange_sum(mem, ints, reals, state):
    """``dx[Σ i_k stride_k] += dy[i0, ..., i4]`` from zero: the way back of a repetition.

    ints: dx, dx row, dy, dy row, five lengths of dy, five strides of dx, elements of dx
    """
    n0, n1, n2, n3, n4 = ints[4], ints[5], ints[6], ints[7], ints[8]
    s0, s1, s2, s3, s4 = ints[9], ints[10], ints[11], ints[12], ints[13]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at = ints[2] + r * ints[3]
        dx = cut(mem, ints[0] + r * ints[1], ints[14])
        for k in range(ints[14]):
            dx[k] = zero
        for i0 in range(n0):
            for i1 in range(n1):
                for i2 in range(n2):
                    for i3 in range(n3):
                        place = i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3
                        dy = cut(mem, at, n4)
                        if s4 == 0:
                            total = zero
                            for k in range(n4):
                                total += dy[k]
                            dx[place] += total
                        else:
                            for k in range(n4):
                                dx[place + k * s4] += dy[k]
                        at += n4


def concatenate(mem, ints, reals, state):
    """Tensors side by side. ints: count, outer, y, y row, width of y, then (x, x row, width) of each"""
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(ints[1]):
            at = ints[2] + r * ints[3] + i * ints[4]
            for j in range(ints[0]):
                n = ints[7 + 3 * j]
                x, y = cut(mem, ints[5 + 3 * j] + r * ints[6 + 3 * j] + i * n, n), cut(mem, at, n)
                for k in range(n):
                    y[k] = x[k]
                at += n


def part(mem, ints, reals, state):
    """A stretch of an axis. ints: outer, width of y, x, x row, width of x, start, y, y row"""
    n = ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(ints[0]):
            x = cut(mem, ints[2] + r * ints[3] + i * ints[4] + ints[5], n)
            y = cut(mem, ints[6] + r * ints[7] + i * n, n)
            for k in range(n):
                y[k] = x[k]


def fill(mem, ints, reals, state):
    """``y = value``. ints: y, y row, n"""
    value = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        y = cut(mem, ints[0] + r * ints[1], ints[2])
        for k in range(ints[2]):
            y[k] = value
