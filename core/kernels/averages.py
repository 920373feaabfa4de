"""From the numbers of a batch to one, and what targets become before they are compared.

One or a few numbers a sample, all in one run: nothing here is long beside the products of a step.
"""

from __future__ import annotations

from core.kernels import simd
from core.kernels.simd import cut
from core.kernels.span import span
from core.kernels.state import BATCH_ROWS


def batch_mean(mem, ints, reals, state):
    """The mean (reals[0] == 1) or sum of some numbers a sample. ints: rows' tensor, out, numbers a sample"""
    count = state[BATCH_ROWS] * ints[2]
    whole = simd.total(cut(mem, ints[0], count), count)
    mem[ints[1]] = whole / mem.dtype.type(count) if reals[0] == 1.0 else whole


def loss_share(mem, ints, reals, state):
    """What each number of a loss counts in the whole, from its weight w and mask m (where there are such).

    ints: numbers a sample, w, m (-1: none), out, way. Ways: 0 ``w m``; 1 ``w / count``; 2 ``w m / Σ m``;
    3 ``w m / Σ w m``. Nothing that counts gives 0.
    """
    count = state[BATCH_ROWS] * ints[0]
    zero, one, way = mem.dtype.type(0), mem.dtype.type(1), ints[4]
    out = cut(mem, ints[3], count)
    total = zero
    for k in range(count):
        w = mem[ints[1] + k] if ints[1] >= 0 else one
        m = mem[ints[2] + k] if ints[2] >= 0 else one
        out[k] = w * m
        total += m if way == 2 else w * m
    if way == 1:
        total = mem.dtype.type(count)
    if way != 0:
        part = one / total if total != zero else zero
        for k in range(count):
            out[k] *= part


def shared_sum(mem, ints, reals, state):
    """``L = Σ s ℓ``. ints: numbers a sample, s, ℓ, out"""
    count = state[BATCH_ROWS] * ints[0]
    s, x = cut(mem, ints[1], count), cut(mem, ints[2], count)
    zero = mem.dtype.type(0)
    total = zero
    for k in range(count):
        total += s[k] * x[k]
    mem[ints[3]] = total


def smooth_labels(mem, ints, reals, state):
    """``y = a t + b``. Operands t, y; reals a, b."""
    first, rows, n = span(ints, state)
    a, b = mem.dtype.type(reals[0]), mem.dtype.type(reals[1])
    for r in range(first, first + rows):
        t, y = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            y[k] = a * t[k] + b


def signed_labels(mem, ints, reals, state):
    """``y = 2 t - 1`` if all targets of the batch are 0 or 1, else t (Keras). ints: targets a sample, t, y"""
    count = state[BATCH_ROWS] * ints[0]
    t, y = cut(mem, ints[1], count), cut(mem, ints[2], count)
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    binary = True
    for k in range(count):
        if t[k] != zero and t[k] != one:
            binary = False
    for k in range(count):
        y[k] = t[k] + t[k] - one if binary else t[k]


def label_counts(mem, ints, reals, state):
    """``m = 0 where t is the label reals[0], else 1``. Operands t, m."""
    first, rows, n = span(ints, state)
    zero, one, ignored = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[0])
    for r in range(first, first + rows):
        t, m = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            m[k] = zero if t[k] == ignored else one
