"""Optimizers, one tensor at a time, and running sums of metrics."""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.state import BATCH, BATCH_ROWS, ITERATION


def sgd(mem, ints, reals, state):
    """``w = w - η g``. ints: n, w, g, η"""
    n, w, g, rate = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0]), mem[ints[3]]
    for k in range(n):
        w[k] -= rate * g[k]


def momentum(mem, ints, reals, state):
    """``v = μ v - η g;  w = w + v``, or with Nesterov ``w = w + μ v - η g`` (Sutskever et al.

    2013). ints: n, w, g, η, v
    """
    n, w, g, v = (
        ints[0],
        cut(mem, ints[1], ints[0]),
        cut(mem, ints[2], ints[0]),
        cut(mem, ints[4], ints[0]),
    )
    rate, mu = mem[ints[3]], mem.dtype.type(reals[0])
    if reals[1] == 1.0:
        for k in range(n):
            step = rate * g[k]
            v[k] = mu * v[k] - step
            w[k] += mu * v[k] - step
    else:
        for k in range(n):
            v[k] = mu * v[k] - rate * g[k]
            w[k] += v[k]


def adam(mem, ints, reals, state):
    """Kingma and Ba 2015 as Keras writes it: the bias corrections are folded into the rate. ints: n, w, g, η, m, v

    ``m += (g - m)(1 - β₁); v += (g² - v)(1 - β₂); w -= η sqrt(1 - β₂ᵗ)/(1 - β₁ᵗ) · m / (sqrt(v) + ε)``
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, v = cut(mem, ints[4], ints[0]), cut(mem, ints[5], ints[0])
    t = np.float64(state[ITERATION] + 1)
    rate = mem.dtype.type(
        np.float64(mem[ints[3]]) * np.sqrt(1.0 - reals[1] ** t) / (1.0 - reals[0] ** t)
    )
    take_m, take_v, epsilon = (
        mem.dtype.type(1.0 - reals[0]),
        mem.dtype.type(1.0 - reals[1]),
        mem.dtype.type(reals[2]),
    )
    for k in range(n):
        gk = g[k]
        mk = m[k] + (gk - m[k]) * take_m
        vk = v[k] + (gk * gk - v[k]) * take_v
        m[k] = mk
        v[k] = vk
        w[k] -= rate * mk / (np.sqrt(vk) + epsilon)


def accumulate(mem, ints, reals, state):
    """Running sums over the epoch: of the numbers of a batch, and how many they are.

    ints: x, sum, count, numbers a sample, mask. Where there is a mask (else -1) its ones count. Without numbers a
    sample (0) x is one number, the same for every sample of the batch.
    """
    rows, total, count = state[BATCH_ROWS], mem.dtype.type(0), mem.dtype.type(0)
    if ints[3] == 0:
        total, count = mem[ints[0]] * mem.dtype.type(rows), mem.dtype.type(rows)
    else:
        n = rows * ints[3]
        x = cut(mem, ints[0], n)
        if ints[4] >= 0:
            m = cut(mem, ints[4], n)
            for k in range(n):
                total += x[k] * m[k]
                count += m[k]
        else:
            for k in range(n):
                total += x[k]
            count = mem.dtype.type(n)
    if state[BATCH] == 0:
        mem[ints[1]], mem[ints[2]] = total, count
    else:
        mem[ints[1]] += total
        mem[ints[2]] += count
