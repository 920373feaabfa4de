"""Softmax, losses and their gradients. Lists of n numbers along the last axis, `inner` of them a sample.

Lists are short and each has a sum, which LLVM may not reorder. So terms are worked out in blocks by a vectorised loop
and added up in `core.kernels.sums`, and the exponentials of all lists that lie back to back are one loop. Where every
number counts by itself, pairs of many lists are worked on side by side (`core.kernels.comparing`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from core.kernels import simd
from core.kernels.comparing import shared, slopes, sums
from core.kernels.simd import cut, scratch, total
from core.kernels.state import BAD_LABEL, ERROR, FIRST, ROWS

_inline = njit(nogil=True, error_model="numpy", forceinline=True)
#: Terms of a sum worked out at a time: a loop that is vectorised, before one that adds in order.
BLOCK = 64


@_inline
def largest(x, n):
    """The largest number; NaN if the first is."""
    top = x[0]
    for k in range(n):
        top = x[k] if x[k] > top else top
    return top


@_inline
def exp_total(x, top, n):
    """``Σ exp(x - top)``."""
    terms, whole = scratch(x, BLOCK), x.dtype.type(0)
    for start in range(0, n, BLOCK):
        m = min(BLOCK, n - start)
        here = cut(x, start, m)
        for k in range(m):
            terms[k] = simd.exp(here[k] - top)
        whole += total(terms, m)
    return whole


def softmax(mem, ints, reals, state):
    """``y = exp(x - max x) / Σ exp(x - max x)`` along the last axis. ints: inner, n, x, x row, y, y row

    Lists are short: the exponentials of all that lie back to back are one loop.
    """
    inner, n, x_row, y_row = ints[0], ints[1], ints[3], ints[5]
    one = mem.dtype.type(1)
    runs, lists = state[ROWS], inner
    if x_row == inner * n and y_row == inner * n:
        runs, lists = 1, state[ROWS] * inner
    for r in range(runs):
        x0, y0 = ints[2] + (state[FIRST] + r) * x_row, ints[4] + (state[FIRST] + r) * y_row
        for i in range(lists):
            x, y = cut(mem, x0 + i * n, n), cut(mem, y0 + i * n, n)
            top = largest(x, n)
            for k in range(n):
                y[k] = x[k] - top
        y = cut(mem, y0, lists * n)
        for k in range(lists * n):
            y[k] = simd.exp(y[k])
        for i in range(lists):
            y = cut(mem, y0 + i * n, n)
            share = one / total(y, n)
            for k in range(n):
                y[k] *= share


def softmax_grad(mem, ints, reals, state):
    """``dx = y (dy - Σ dy y)``. ints: inner, n, y, y row, dy, dy row, dx, dx row"""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            y, dy = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            dx = cut(mem, ints[6] + r * ints[7] + i * n, n)
            whole = mem.dtype.type(0)
            for k in range(n):
                whole += dy[k] * y[k]
            for k in range(n):
                dx[k] = y[k] * (dy[k] - whole)


# ---- losses: one number for each list along the last axis ----------------------------------------------------------
#
# ints of the rows: inner (lists a sample), n, p, p row, t, t row, out, out row; of the gradients: inner, n, p, p row,
# t, t row, dp, dp row, sparse, share, share row. `share` is what each number of the loss counts in the whole, -1 if all
# count the same; reals of the gradients are factor, weight of the output, whether it is a mean, ε, parameter.


@_inline
def _squared(p, t, epsilon, parameter):
    d = p - t
    return d * d


@_inline
def _twice_the_difference(p, t, epsilon, parameter):
    d = p - t
    return d + d


@_inline
def _difference(p, t, epsilon, parameter):
    return p - t


def squared_rows(mem, ints, reals, state):
    """``Σ (p - t)² · reals[0]``: 1/n for the mean, 1/2 for the notes' half."""
    sums(_squared, mem, ints, reals, state, 0, 0)


def squared_grad(mem, ints, reals, state):
    """``dp = 2 factor (p - t)``."""
    slopes(_twice_the_difference, mem, ints, reals, state, 0, 0)


@_inline
def _binary(p, t, low, parameter):
    q, one = p, type(p)(1)
    q = low if q < low else q
    q = one - low if q > one - low else q
    return -(t * simd.log(q) + (one - t) * simd.log(one - q))


@_inline
def _binary_slope(p, t, low, parameter):
    one = type(p)(1)
    slope = (one - t) / (one - p) - t / p
    return type(p)(0) if p < low or p > one - low else slope


def binary_rows(mem, ints, reals, state):
    """``-Σ (t ln p + (1 - t) ln(1 - p)) · reals[0]`` with p kept in [ε, 1 - ε], ε = reals[1] (Keras's 1e-7)."""
    sums(_binary, mem, ints, reals, state, mem.dtype.type(reals[1]), 0)


def binary_grad(mem, ints, reals, state):
    """``dp = factor (-t / p + (1 - t) / (1 - p))``, 0 where p was clipped."""
    slopes(_binary_slope, mem, ints, reals, state, mem.dtype.type(reals[3]), 0)


@_inline
def _cross_entropy(p, t, low, parameter):
    q, high = p, type(p)(1) - low
    q = low if q < low else q
    q = high if q > high else q
    return -(t * simd.log(q))


def cross_entropy_rows(mem, ints, reals, state):
    """``-Σ t ln p`` with p kept in [ε, 1 - ε], ε = reals[1]; t one-hot or a distribution.

    ints[8] is 1 if p is divided by its sum first.
    """
    inner, n = ints[0], ints[1]
    low, terms = mem.dtype.type(reals[1]), scratch(mem, BLOCK)
    if ints[8] == 0:
        sums(_cross_entropy, mem, ints, reals, state, low, 0)
        return
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p0 = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t0 = cut(mem, ints[4] + r * ints[5] + i * n, n)
            whole, cost = total(p0, n), mem.dtype.type(0)
            for start in range(0, n, BLOCK):
                m = min(BLOCK, n - start)
                p, t = cut(p0, start, m), cut(t0, start, m)
                for k in range(m):
                    terms[k] = _cross_entropy(p[k] / whole, t[k], low, 0)
                cost += total(terms, m)
            mem[ints[6] + r * ints[7] + i] = cost


def sparse_cross_entropy_rows(mem, ints, reals, state):
    """``-ln p[label]`` with p kept in [ε, 1 - ε], ε = reals[1]; 0 for the label reals[2] (NaN: none).

    ints[8] is 1 if p is divided by its sum first. All are picked before any logarithm, so that those are one loop.
    """
    inner, n = ints[0], ints[1]
    zero, one, low = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[1])
    high = one - low
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        out = cut(mem, ints[6] + r * ints[7], inner)
        for i in range(inner):
            given = mem[ints[4] + r * ints[5] + i]
            if given == reals[2]:
                out[i] = one
                continue
            label = np.int64(given)
            if label < 0 or label >= n:
                state[ERROR] = BAD_LABEL
                out[i] = math.nan
                continue
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            q = p[label] / total(p, n) if ints[8] == 1 else p[label]
            q = low if q < low else q
            out[i] = high if q > high else q
    runs, count = state[ROWS], inner
    if ints[7] == inner:
        runs, count = 1, state[ROWS] * inner
    for r in range(runs):
        out = cut(mem, ints[6] + (state[FIRST] + r) * ints[7], count)
        for k in range(count):
            out[k] = zero - simd.log(out[k])


def cross_entropy_grad(mem, ints, reals, state):
    """``dp = Σ t / s - t / p`` with s = Σ p; classes whose p / s is outside [ε, 1 - ε] count as if t were 0."""
    inner, n, sparse = ints[0], ints[1], ints[8] == 1
    zero, one, low = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[3])
    high = one - low
    factor = mem.dtype.type(shared(ints, reals, state))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            dp = cut(mem, ints[6] + r * ints[7] + i * n, n)
            t = ints[4] + r * ints[5] + (i if sparse else i * n)
            scale = factor * (mem[ints[9] + r * ints[10] + i] if ints[9] >= 0 else one)
            label = np.int64(mem[t]) if sparse else -1
            whole = zero
            for k in range(n):
                whole += p[k]
            counted = zero
            for k in range(n):
                q = p[k] / whole
                share = (one if k == label else zero) if sparse else mem[t + k]
                share = zero if q < low or q > high else share
                counted += share
                dp[k] = -share / p[k] if share != zero else zero
            for k in range(n):
                dp[k] = (counted / whole + dp[k]) * scale


# ---- losses of logits z: no probability in between, so nothing has to be kept away from 0 ---------------------------


def softmax_cross_entropy_rows(mem, ints, reals, state):
    """``-Σ t ln softmax(z) = Σ t (ln Σ exp(z - max z) - (z - max z))``."""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            z = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            top = largest(z, n)
            high = simd.log(exp_total(z, top, n))
            cost = mem.dtype.type(0)
            for k in range(n):
                cost += t[k] * (high - (z[k] - top))
            mem[ints[6] + r * ints[7] + i] = cost


def sparse_softmax_cross_entropy_rows(mem, ints, reals, state):
    """``-ln softmax(z)[label]``; 0 for the label reals[2] (NaN: none)."""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            out = ints[6] + r * ints[7] + i
            given = mem[ints[4] + r * ints[5] + i]
            if given == reals[2]:
                mem[out] = mem.dtype.type(0)
                continue
            label = np.int64(given)
            if label < 0 or label >= n:
                state[ERROR] = BAD_LABEL
                mem[out] = math.nan
                continue
            z = cut(mem, ints[2] + r * ints[3] + i * n, n)
            top = largest(z, n)
            mem[out] = simd.log(exp_total(z, top, n)) - (z[label] - top)


@_inline
def _sigmoid_cross_entropy(z, t, epsilon, parameter):
    zero = type(z)(0)
    above = z if z > zero else zero
    return above - z * t + simd.log1p(simd.exp(-abs(z)))


def sigmoid_cross_entropy_rows(mem, ints, reals, state):
    """``Σ (max(z, 0) - z t + ln(1 + exp(-|z|))) · reals[0]``."""
    sums(_sigmoid_cross_entropy, mem, ints, reals, state, 0, 0)


def sigmoid_cross_entropy_grad(mem, ints, reals, state):
    """``dz = factor (p - t)`` with p = sigmoid(z)."""
    slopes(_difference, mem, ints, reals, state, 0, 0)


def softmax_cross_entropy_grad(mem, ints, reals, state):
    """``dz = p Σt - t``: softmax and cross-entropy together."""
    inner, n, sparse = ints[0], ints[1], ints[8] == 1
    one, zero = mem.dtype.type(1), mem.dtype.type(0)
    factor = mem.dtype.type(shared(ints, reals, state))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            dz = cut(mem, ints[6] + r * ints[7] + i * n, n)
            base = ints[4] + r * ints[5] + (i if sparse else i * n)
            scale = factor * (mem[ints[9] + r * ints[10] + i] if ints[9] >= 0 else one)
            if sparse:
                label = np.int64(mem[base])
                for k in range(n):
                    dz[k] = (p[k] - (one if k == label else zero)) * scale
            else:
                t = cut(mem, base, n)
                total = zero
                for k in range(n):
                    total += t[k]
                for k in range(n):
                    dz[k] = (p[k] * total - t[k]) * scale


def pick_score(mem, ints, reals, state):
    """``score = z[class]`` a row. ints: n, z, z row, class (a scalar tensor), out"""
    chosen = np.int64(mem[ints[3]])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        if chosen < 0 or chosen >= ints[0]:
            state[ERROR] = BAD_LABEL
        else:
            mem[ints[4] + r] = mem[ints[1] + r * ints[2] + chosen]


def contrast_score(mem, ints, reals, state):
    """``score = z[class] - z[other]`` a row. ints: n, z, z row, class, other (scalar tensors), out"""
    chosen, other = np.int64(mem[ints[3]]), np.int64(mem[ints[4]])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        if chosen < 0 or chosen >= ints[0] or other < 0 or other >= ints[0]:
            state[ERROR] = BAD_LABEL
        else:
            z = ints[1] + r * ints[2]
            mem[ints[5] + r] = mem[z + chosen] - mem[z + other]


def contrast_grad(mem, ints, reals, state):
    """1 at the class, -1 at the other, 0 elsewhere. ints: n, class, other, dz, dz row"""
    chosen, other, n = np.int64(mem[ints[1]]), np.int64(mem[ints[2]]), ints[0]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        dz = cut(mem, ints[3] + r * ints[4], n)
        for k in range(n):
            dz[k] = zero
        dz[chosen] += one
        dz[other] -= one


def score_grad(mem, ints, reals, state):
    """1 at the class, 0 elsewhere. ints: n, class, dz, dz row"""
    chosen, n = np.int64(mem[ints[1]]), ints[0]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        dz = cut(mem, ints[2] + r * ints[3], n)
        for k in range(n):
            dz[k] = one if k == chosen else zero
