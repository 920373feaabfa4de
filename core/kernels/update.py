"""Optimizers, one tensor at a time, and running sums of metrics.

The integers of every update: n, w, g, η, κ (what weight decay leaves of a weight; -1: all), then what the optimizer
remembers and the numbers that all weights share. A factor of 1 changes no bit.

Each is one pass over the weights, with everything that is the same for all of them worked out before: a vectorised loop
that reads and writes memory once (Adam: half a nanosecond a weight).
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.state import BATCH, BATCH_ROWS


def sgd(mem, ints, reals, state):
    """``w = κ w - η g``."""
    n, w, g, rate = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0]), mem[ints[3]]
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        w[k] = w[k] * keep - rate * g[k]


def momentum(mem, ints, reals, state):
    """``v = μ v - η g;  w = κ w + v``, or with Nesterov ``w = κ w + μ v - η g`` (Sutskever et al. 2013).

    ints: ..., v; reals: μ, Nesterov
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    v = cut(mem, ints[5], ints[0])
    rate, mu = mem[ints[3]], mem.dtype.type(reals[0])
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    if reals[1] == 1.0:
        for k in range(n):
            step = rate * g[k]
            v[k] = mu * v[k] - step
            w[k] = w[k] * keep + (mu * v[k] - step)
    else:
        for k in range(n):
            v[k] = mu * v[k] - rate * g[k]
            w[k] = w[k] * keep + v[k]


def adagrad(mem, ints, reals, state):
    """``G = G + g²;  w = κ w - η g / √(G + ε)`` (Duchi et al. 2011). ints: ..., G; reals: ε"""
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    total = cut(mem, ints[5], ints[0])
    rate, epsilon = mem[ints[3]], mem.dtype.type(reals[0])
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        sk = total[k] + g[k] * g[k]
        total[k] = sk
        w[k] = w[k] * keep - rate * g[k] / np.sqrt(sk + epsilon)


def adadelta(mem, ints, reals, state):
    """``E = ρ E + (1-ρ) g²;  Δ = -√(D + ε)/√(E + ε) g;  D = ρ D + (1-ρ) Δ²;  w = κ w + η Δ`` (Zeiler 2012).

    ints: ..., E, D; reals: ρ, ε
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    squares, moved = cut(mem, ints[5], ints[0]), cut(mem, ints[6], ints[0])
    rate, rho, epsilon = mem[ints[3]], mem.dtype.type(reals[0]), mem.dtype.type(reals[1])
    take = mem.dtype.type(1.0 - reals[0])
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        gk = g[k]
        ek = rho * squares[k] + take * (gk * gk)
        squares[k] = ek
        delta = -(np.sqrt(moved[k] + epsilon) * gk / np.sqrt(ek + epsilon))
        moved[k] = rho * moved[k] + take * (delta * delta)
        w[k] = w[k] * keep + rate * delta


def rmsprop(mem, ints, reals, state):
    """``s = ρ s + (1-ρ) g²;  w = κ w - η g / √(s + ε)`` (Tieleman and Hinton 2012).

    Centered: ``a = ρ a + (1-ρ) g``, ``√(s - a² + ε)`` (Graves 2013). With momentum: ``b = μ b + η g / √...``,
    ``w = κ w - b``. ints: ..., s, b or -1, a or -1; reals: ρ, μ, ε
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    squares = cut(mem, ints[5], n)
    # What is absent stands in for itself: it is not touched.
    kept = cut(mem, ints[6] if ints[6] >= 0 else ints[5], n)
    mean = cut(mem, ints[7] if ints[7] >= 0 else ints[5], n)
    rate, rho, mu = mem[ints[3]], mem.dtype.type(reals[0]), mem.dtype.type(reals[1])
    take, epsilon = mem.dtype.type(1.0 - reals[0]), mem.dtype.type(reals[2])
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    if ints[6] < 0 and ints[7] < 0:
        for k in range(n):
            sk = rho * squares[k] + take * (g[k] * g[k])
            squares[k] = sk
            w[k] = w[k] * keep - rate * g[k] / np.sqrt(sk + epsilon)
    elif ints[7] < 0:
        for k in range(n):
            sk = rho * squares[k] + take * (g[k] * g[k])
            squares[k] = sk
            bk = mu * kept[k] + rate * g[k] / np.sqrt(sk + epsilon)
            kept[k] = bk
            w[k] = w[k] * keep - bk
    elif ints[6] < 0:
        for k in range(n):
            sk = rho * squares[k] + take * (g[k] * g[k])
            squares[k] = sk
            ak = rho * mean[k] + take * g[k]
            mean[k] = ak
            w[k] = w[k] * keep - rate * g[k] / np.sqrt(sk - ak * ak + epsilon)
    else:
        for k in range(n):
            sk = rho * squares[k] + take * (g[k] * g[k])
            squares[k] = sk
            ak = rho * mean[k] + take * g[k]
            mean[k] = ak
            bk = mu * kept[k] + rate * g[k] / np.sqrt(sk - ak * ak + epsilon)
            kept[k] = bk
            w[k] = w[k] * keep - bk


def adam(mem, ints, reals, state):
    """``m += (g - m)(1 - β₁);  v += (g² - v)(1 - β₂);  w = κ w - α m / (√v + ε)`` (Kingma and Ba 2015, as Keras).

    ints: ..., α, m, v; reals: β₁, β₂, ε
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, v = cut(mem, ints[6], ints[0]), cut(mem, ints[7], ints[0])
    rate = mem[ints[5]]
    take_m, take_v, epsilon = (
        mem.dtype.type(1.0 - reals[0]),
        mem.dtype.type(1.0 - reals[1]),
        mem.dtype.type(reals[2]),
    )
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        gk = g[k]
        mk = m[k] + (gk - m[k]) * take_m
        vk = v[k] + (gk * gk - v[k]) * take_v
        m[k] = mk
        v[k] = vk
        w[k] = w[k] * keep - rate * mk / (np.sqrt(vk) + epsilon)


def amsgrad(mem, ints, reals, state):
    """Adam with the largest v so far in the root (Reddi et al. 2018). ints: ..., α, m, v, largest v; reals as Adam"""
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, v, top = cut(mem, ints[6], ints[0]), cut(mem, ints[7], ints[0]), cut(mem, ints[8], ints[0])
    rate = mem[ints[5]]
    take_m, take_v, epsilon = (
        mem.dtype.type(1.0 - reals[0]),
        mem.dtype.type(1.0 - reals[1]),
        mem.dtype.type(reals[2]),
    )
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        gk = g[k]
        mk = m[k] + (gk - m[k]) * take_m
        vk = v[k] + (gk * gk - v[k]) * take_v
        m[k] = mk
        v[k] = vk
        largest = top[k] if top[k] > vk else vk
        top[k] = largest
        w[k] = w[k] * keep - rate * mk / (np.sqrt(largest) + epsilon)


def adamax(mem, ints, reals, state):
    """``m += (g - m)(1 - β₁);  u = max(β₂ u, |g|);  w = κ w - α m / (u + ε)`` (Kingma and Ba 2015, 7.1).

    ints: ..., α, m, u; reals: β₁, β₂, ε
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, u = cut(mem, ints[6], ints[0]), cut(mem, ints[7], ints[0])
    rate, take_m = mem[ints[5]], mem.dtype.type(1.0 - reals[0])
    beta_2, epsilon = mem.dtype.type(reals[1]), mem.dtype.type(reals[2])
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        gk = g[k]
        mk = m[k] + (gk - m[k]) * take_m
        m[k] = mk
        old, new = beta_2 * u[k], abs(gk)
        largest = old if old > new else new
        u[k] = largest
        w[k] = w[k] * keep - rate * mk / (largest + epsilon)


def nadam(mem, ints, reals, state):
    """``w = κ w - η (a m + b g) / (√(v / c₂) + ε)`` with Adam's m and v (Dozat 2016).

    ints: ..., a, b, c₂, m, v; reals: β₁, β₂, ε
    """
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, v = cut(mem, ints[8], ints[0]), cut(mem, ints[9], ints[0])
    rate, a, b, c2 = mem[ints[3]], mem[ints[5]], mem[ints[6]], mem[ints[7]]
    take_m, take_v, epsilon = (
        mem.dtype.type(1.0 - reals[0]),
        mem.dtype.type(1.0 - reals[1]),
        mem.dtype.type(reals[2]),
    )
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        gk = g[k]
        mk = m[k] + (gk - m[k]) * take_m
        vk = v[k] + (gk * gk - v[k]) * take_v
        m[k] = mk
        v[k] = vk
        w[k] = w[k] * keep - rate * (a * mk + b * gk) / (np.sqrt(vk / c2) + epsilon)


def lion(mem, ints, reals, state):
    """``w = κ w - η sign(β₁ m + (1-β₁) g);  m = β₂ m + (1-β₂) g`` (Chen et al. 2023). ints: ..., m; reals: β₁, β₂"""
    n, w, g = ints[0], cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    m, rate = cut(mem, ints[5], ints[0]), mem[ints[3]]
    beta_1, take_1 = mem.dtype.type(reals[0]), mem.dtype.type(1.0 - reals[0])
    beta_2, take_2 = mem.dtype.type(reals[1]), mem.dtype.type(1.0 - reals[1])
    zero = mem.dtype.type(0)
    keep = mem[ints[4]] if ints[4] >= 0 else mem.dtype.type(1)
    for k in range(n):
        c = beta_1 * m[k] + take_1 * g[k]
        # 0 at 0, and NaN where c is.
        step = rate if c > zero else c * zero
        step = -rate if c < zero else step
        w[k] = w[k] * keep - step
        m[k] = beta_2 * m[k] + take_2 * g[k]


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
