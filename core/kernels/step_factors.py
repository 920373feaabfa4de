"""Kernels of what is worked out once a step before the updates, in double precision; and gradients that are clipped.

Powers of β and norms are the same for every weight: computed here once, they leave little to do in the loops over
weights (`core.kernels.update`).
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.span import span
from core.kernels.state import ITERATION
from core.kernels.sums import sizes


def keep_factor(mem, ints, reals, state):
    """``κ = 1 - η λ``. ints: η, κ; reals: λ"""
    mem[ints[1]] = mem.dtype.type(1.0 - np.float64(mem[ints[0]]) * reals[0])


def adam_factors(mem, ints, reals, state):
    """``α = η √c₂ / c₁``, ``c = 1 - βᵗ``. ints: η, α, c₁, c₂; reals: β₁, β₂"""
    t = np.float64(state[ITERATION] + 1)
    c1, c2 = 1.0 - reals[0] ** t, 1.0 - reals[1] ** t
    mem[ints[1]] = mem.dtype.type(np.float64(mem[ints[0]]) * np.sqrt(c2) / c1)
    mem[ints[2]], mem[ints[3]] = mem.dtype.type(c1), mem.dtype.type(c2)


def adamax_factors(mem, ints, reals, state):
    """``α = η / c₁``. ints: η, α, c₁; reals: β₁"""
    c1 = 1.0 - reals[0] ** np.float64(state[ITERATION] + 1)
    mem[ints[1]] = mem.dtype.type(np.float64(mem[ints[0]]) / c1)
    mem[ints[2]] = mem.dtype.type(c1)


def nadam_factors(mem, ints, reals, state):
    """``P ← P μₜ``, ``a = μₜ₊₁/(1 - P μₜ₊₁)``, ``b = (1 - μₜ)/(1 - P)``. ints: P, a, b, c₂; reals: β₁, β₂"""
    t = np.float64(state[ITERATION] + 1)
    now, ahead = (
        reals[0] * (1.0 - 0.5 * 0.96**t),
        reals[0] * (1.0 - 0.5 * 0.96 ** (t + 1.0)),
    )
    # The first update of all: nothing is remembered yet.
    product = now if state[ITERATION] == 0 else np.float64(mem[ints[0]]) * now
    mem[ints[0]] = mem.dtype.type(product)
    mem[ints[1]] = mem.dtype.type(ahead / (1.0 - product * ahead))
    mem[ints[2]] = mem.dtype.type((1.0 - now) / (1.0 - product))
    mem[ints[3]] = mem.dtype.type(1.0 - reals[1] ** t)


def gradient_norm(mem, ints, reals, state):
    """``n = √Σ g²``. ints: how many, g, n"""
    total = sizes(cut(mem, ints[1], ints[0]), ints[0], True)
    mem[ints[2]] = mem.dtype.type(np.sqrt(total))


def global_norm(mem, ints, reals, state):
    """``n = √(n₁² + n₂² + ...)``. ints: how many, n, then their places"""
    total = np.float64(0)
    for k in range(ints[0]):
        v = np.float64(mem[ints[2 + k]])
        total += v * v
    mem[ints[1]] = mem.dtype.type(np.sqrt(total))


def clip_to_norm(mem, ints, reals, state):
    """``g′ = g · c / max(n, c)``. ints: how many, g, n, g′; reals: c"""
    g, out = cut(mem, ints[1], ints[0]), cut(mem, ints[3], ints[0])
    norm = np.float64(mem[ints[2]])
    # Written so that a length that is not a number stays one.
    share = mem.dtype.type(1.0 if norm <= reals[0] else reals[0] / norm)
    for k in range(ints[0]):
        out[k] = g[k] * share


def clip_value(mem, ints, reals, state):
    """``g′ = min(max(g, -c), c)``. Operands g, g′; reals: c"""
    first, rows, n = span(ints, state)
    high = mem.dtype.type(reals[0])
    low = -high
    for r in range(first, first + rows):
        g, out = cut(mem, ints[2] + r * ints[3], n), cut(mem, ints[4] + r * ints[5], n)
        for k in range(n):
            v = g[k]
            v = high if v > high else v
            out[k] = low if v < low else v
