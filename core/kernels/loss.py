"""Softmax, losses, their gradients, and what is counted for metrics."""

from __future__ import annotations

import math

import numpy as np

from core.kernels import simd
from core.kernels.simd import cut
from core.kernels.state import BAD_LABEL, BATCH_ROWS, ERROR, FIRST, ROWS


def softmax(mem, ints, reals, state):
    """``y = exp(x - max x) / Σ exp(x - max x)`` along the last axis. ints: inner, n, x, x row, y, y row"""
    inner, n = ints[0], ints[1]
    one = mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            x, y = (
                cut(mem, ints[2] + r * ints[3] + i * n, n),
                cut(mem, ints[4] + r * ints[5] + i * n, n),
            )
            top = x[0]
            for k in range(n):
                top = x[k] if x[k] > top else top
            total = mem.dtype.type(0)
            for k in range(n):
                y[k] = simd.exp(x[k] - top)
            for k in range(n):
                total += y[k]
            share = one / total
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
            total = mem.dtype.type(0)
            for k in range(n):
                total += dy[k] * y[k]
            for k in range(n):
                dx[k] = y[k] * (dy[k] - total)


# ---- losses of one sample: ints are n, p, p row, t, t row, out; the mean over n outputs where Keras takes it ------


def squared_rows(mem, ints, reals, state):
    """``Σ (p - t)² · reals[0]`` a row: 1/n for the mean, 1/2 for the notes' half."""
    n, out = ints[0], ints[5]
    factor = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        total = mem.dtype.type(0)
        for k in range(n):
            d = p[k] - t[k]
            total += d * d
        mem[out + r] = total * factor


def squared_grad(mem, ints, reals, state):
    """``dp = 2 reals[0] weight (p - t)``, over the batch if reals[2] is 1. ints: n, p, p row, t, t row, dp, dp row"""
    n = ints[0]
    factor = mem.dtype.type(
        2.0 * reals[0] * reals[1] / (state[BATCH_ROWS] if reals[2] == 1.0 else 1)
    )
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        dp = cut(mem, ints[5] + r * ints[6], n)
        for k in range(n):
            dp[k] = (p[k] - t[k]) * factor


def binary_rows(mem, ints, reals, state):
    """``-mean(t ln p + (1 - t) ln(1 - p))`` with p kept in [ε, 1 - ε], ε = reals[1] (Keras's 1e-7)."""
    n, out = ints[0], ints[5]
    one, low = mem.dtype.type(1), mem.dtype.type(reals[1])
    high, factor = one - low, mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        total = mem.dtype.type(0)
        for k in range(n):
            q = p[k]
            q = low if q < low else q
            q = high if q > high else q
            total -= t[k] * np.log(q) + (one - t[k]) * np.log(one - q)
        mem[out + r] = total * factor


def binary_grad(mem, ints, reals, state):
    """``dp = (-t / p + (1 - t) / (1 - p)) / n``, 0 where p was clipped. ints: n, p, p row, t, t row, dp, dp row"""
    n = ints[0]
    zero, one, low = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[3])
    high = one - low
    factor = mem.dtype.type(reals[0] * reals[1] / (state[BATCH_ROWS] if reals[2] == 1.0 else 1))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        dp = cut(mem, ints[5] + r * ints[6], n)
        for k in range(n):
            q = p[k]
            inside = (one - t[k]) / (one - q) - t[k] / q
            dp[k] = zero if q < low or q > high else inside * factor


def cross_entropy_rows(mem, ints, reals, state):
    """``-Σ t ln p`` with p kept in [ε, 1 - ε], ε = reals[1]; t one-hot or a distribution.

    ints: n, p, p row, t, t row, out, divide: 1 if p is divided by its sum first
    """
    n, out = ints[0], ints[5]
    one, low = mem.dtype.type(1), mem.dtype.type(reals[1])
    high = one - low
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        whole = one
        if ints[6] == 1:
            whole = mem.dtype.type(0)
            for k in range(n):
                whole += p[k]
        total = mem.dtype.type(0)
        for k in range(n):
            q = p[k] / whole
            q = low if q < low else q
            q = high if q > high else q
            total -= t[k] * np.log(q)
        mem[out + r] = total


def sparse_cross_entropy_rows(mem, ints, reals, state):
    """``-ln p[label]`` with p kept in [ε, 1 - ε], ε = reals[1]. ints: n, p, p row, t, t row, out, divide"""
    n, out = ints[0], ints[5]
    one, low = mem.dtype.type(1), mem.dtype.type(reals[1])
    high = one - low
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        label = np.int64(mem[ints[3] + r * ints[4]])
        if label < 0 or label >= n:
            state[ERROR] = BAD_LABEL
            mem[out + r] = math.nan
            continue
        p = cut(mem, ints[1] + r * ints[2], n)
        whole = one
        if ints[6] == 1:
            whole = mem.dtype.type(0)
            for k in range(n):
                whole += p[k]
        q = p[label] / whole
        q = low if q < low else q
        q = high if q > high else q
        mem[out + r] = -np.log(q)


def cross_entropy_grad(mem, ints, reals, state):
    """``dp = Σ t / s - t / p`` with s = Σ p; classes whose p / s is outside [ε, 1 - ε] count as if t were 0.

    ints: n, p, p row, t, t row, dp, dp row, sparse
    """
    n, sparse = ints[0], ints[7] == 1
    zero, one, low = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[3])
    high = one - low
    factor = mem.dtype.type(reals[1] / (state[BATCH_ROWS] if reals[2] == 1.0 else 1))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, dp = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[5] + r * ints[6], n)
        t = ints[3] + r * ints[4]
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
            dp[k] = (counted / whole + dp[k]) * factor


# ---- losses of logits z: no probability in between, so nothing has to be kept away from 0 ---------------------------


def softmax_cross_entropy_rows(mem, ints, reals, state):
    """``-Σ t ln softmax(z) = Σ t (ln Σ exp(z - max z) - (z - max z))``. ints: n, z, z row, t, t row, out"""
    n, out = ints[0], ints[5]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        z, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        top = z[0]
        for k in range(n):
            top = z[k] if z[k] > top else top
        whole = mem.dtype.type(0)
        for k in range(n):
            whole += simd.exp(z[k] - top)
        high = np.log(whole)
        total = mem.dtype.type(0)
        for k in range(n):
            total += t[k] * (high - (z[k] - top))
        mem[out + r] = total


def sparse_softmax_cross_entropy_rows(mem, ints, reals, state):
    """``-ln softmax(z)[label]``. ints: n, z, z row, t, t row, out"""
    n, out = ints[0], ints[5]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        label = np.int64(mem[ints[3] + r * ints[4]])
        if label < 0 or label >= n:
            state[ERROR] = BAD_LABEL
            mem[out + r] = math.nan
            continue
        z = cut(mem, ints[1] + r * ints[2], n)
        top = z[0]
        for k in range(n):
            top = z[k] if z[k] > top else top
        whole = mem.dtype.type(0)
        for k in range(n):
            whole += simd.exp(z[k] - top)
        mem[out + r] = np.log(whole) - (z[label] - top)


def sigmoid_cross_entropy_rows(mem, ints, reals, state):
    """``mean (max(z, 0) - z t + ln(1 + exp(-|z|)))``. ints: n, z, z row, t, t row, out"""
    n, out = ints[0], ints[5]
    zero, factor = mem.dtype.type(0), mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        z, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        total = zero
        for k in range(n):
            above = z[k] if z[k] > zero else zero
            total += above - z[k] * t[k] + np.log1p(np.exp(-abs(z[k])))
        mem[out + r] = total * factor


def sigmoid_cross_entropy_grad(mem, ints, reals, state):
    """``dz = (p - t) / n`` with p = sigmoid(z). ints: n, p, p row, t, t row, dz, dz row"""
    n = ints[0]
    factor = mem.dtype.type(reals[0] * reals[1] / (state[BATCH_ROWS] if reals[2] == 1.0 else 1))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        dz = cut(mem, ints[5] + r * ints[6], n)
        for k in range(n):
            dz[k] = (p[k] - t[k]) * factor


def softmax_cross_entropy_grad(mem, ints, reals, state):
    """``dz = (p Σt - t) / rows``: softmax and cross-entropy together.

    ints: n, p, p row, t, t row, dz, dz row, sparse
    """
    n, sparse = ints[0], ints[7] == 1
    one, zero = mem.dtype.type(1), mem.dtype.type(0)
    factor = mem.dtype.type(reals[1] / (state[BATCH_ROWS] if reals[2] == 1.0 else 1))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p, dz = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[5] + r * ints[6], n)
        base = ints[3] + r * ints[4]
        if sparse:
            label = np.int64(mem[base])
            for k in range(n):
                dz[k] = (p[k] - (one if k == label else zero)) * factor
        else:
            t = cut(mem, base, n)
            total = zero
            for k in range(n):
                total += t[k]
            for k in range(n):
                dz[k] = (p[k] * total - t[k]) * factor


def batch_mean(mem, ints, reals, state):
    """The mean (reals[0] == 1) or sum of one number a sample. ints: rows' tensor, out"""
    rows = state[BATCH_ROWS]
    x = cut(mem, ints[0], rows)
    total = mem.dtype.type(0)
    for r in range(rows):
        total += x[r]
    mem[ints[1]] = total / mem.dtype.type(rows) if reals[0] == 1.0 else total


def accuracy_rows(mem, ints, reals, state):
    """1 for every sample that is right. ints: n, p, p row, t, t row, out, kind

    kind 0: label against the place of the largest of n; 1: one-hot the same way; 2: each of n rounded at 1/2, the
    share that is right (Keras's binary accuracy).
    """
    n, out, kind = ints[0], ints[5], ints[6]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    half = mem.dtype.type(0.5)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p = cut(mem, ints[1] + r * ints[2], n)
        t = ints[3] + r * ints[4]
        if kind == 2:
            right = zero
            for k in range(n):
                guess = one if p[k] > half else zero
                right += one if guess == mem[t + k] else zero
            mem[out + r] = right / mem.dtype.type(n)
            continue
        best = 0
        for k in range(1, n):
            if p[k] > p[best]:
                best = k
        if kind == 0:
            label = np.int64(mem[t])
        else:
            label = np.int64(0)
            for k in range(1, n):
                if mem[t + k] > mem[t + label]:
                    label = np.int64(k)
        mem[out + r] = one if best == label else zero


def pick_score(mem, ints, reals, state):
    """``score = z[class]`` a row. ints: n, z, z row, class (a scalar tensor), out"""
    chosen = np.int64(mem[ints[3]])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        if chosen < 0 or chosen >= ints[0]:
            state[ERROR] = BAD_LABEL
        else:
            mem[ints[4] + r] = mem[ints[1] + r * ints[2] + chosen]


def score_grad(mem, ints, reals, state):
    """1 at the class, 0 elsewhere. ints: n, class, dz, dz row"""
    chosen, n = np.int64(mem[ints[1]]), ints[0]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        dz = cut(mem, ints[2] + r * ints[3], n)
        for k in range(n):
            dz[k] = one if k == chosen else zero
