"""Kernels of learning rates that change. All in double precision: it is one number a step.

ints: η, the rate set by hand (below 0: none), 1 if epochs are counted; the reals are `Schedule.numbers`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.kernels.state import EPOCH, ITERATION


@njit(nogil=True, error_model="numpy")
def _now(ints, state):
    return np.float64(state[EPOCH] if ints[2] == 1 else state[ITERATION])


@njit(nogil=True, error_model="numpy")
def _put(mem, ints, rate):
    hand = mem[ints[1]]
    mem[ints[0]] = hand if hand >= 0 else mem.dtype.type(rate)


def inverse_time(mem, ints, reals, state):
    """``η₀ / (1 + r t/T)``. reals: η₀, T, r, staircase"""
    p = _now(ints, state) / reals[1]
    if reals[3] == 1.0:
        p = np.floor(p)
    _put(mem, ints, reals[0] / (1.0 + reals[2] * p))


def exponential(mem, ints, reals, state):
    """``η₀ r^(t/T)``. reals: η₀, T, r, staircase"""
    p = _now(ints, state) / reals[1]
    if reals[3] == 1.0:
        p = np.floor(p)
    _put(mem, ints, reals[0] * reals[2] ** p)


def polynomial(mem, ints, reals, state):
    """``(η₀ - η₁)(1 - t/T)^p + η₁``. reals: η₀, T, η₁, p, cycle"""
    t, length = _now(ints, state), reals[1]
    if reals[4] == 1.0:
        length *= max(1.0, np.ceil(t / length))
    else:
        t = min(t, length)
    _put(mem, ints, (reals[0] - reals[2]) * (1.0 - t / length) ** reals[3] + reals[2])


def piecewise(mem, ints, reals, state):
    """The value of the piece. reals: how many values, boundaries, values"""
    t, n = _now(ints, state), np.int64(reals[0])
    place = 0
    for k in range(n - 1):
        if t > reals[1 + k]:
            place = k + 1
    _put(mem, ints, reals[n + place])


def cosine(mem, ints, reals, state):
    """Cosine decay after a warm-up. reals: η₀, T, α, η₁ (where decay begins), W"""
    t = _now(ints, state)
    if t < reals[4]:
        _put(mem, ints, (reals[3] - reals[0]) * (t / reals[4]) + reals[0])
    else:
        share = min(t - reals[4], reals[1]) / reals[1]
        kept = (1.0 - reals[2]) * (0.5 * (1.0 + np.cos(np.pi * share))) + reals[2]
        _put(mem, ints, reals[3] * kept)


def restarts(mem, ints, reals, state):
    """Cosine decay with restarts. reals: η₀, T, q, m, α"""
    done, q = _now(ints, state) / reals[1], reals[2]
    if q == 1.0:
        restart = np.floor(done)
        share = done - restart
    else:
        restart = np.floor(np.log(1.0 - done * (1.0 - q)) / np.log(q))
        share = (done - (1.0 - q**restart) / (1.0 - q)) / q**restart
    high = reals[3] ** restart
    kept = (1.0 - reals[4]) * (0.5 * high * (1.0 + np.cos(np.pi * share))) + reals[4]
    _put(mem, ints, reals[0] * kept)


def one_cycle(mem, ints, reals, state):
    """Up and down once along cosines. reals: start, top, end, step of the top, last step"""
    t = _now(ints, state)
    if t <= reals[3]:
        a, b, share = reals[0], reals[1], t / reals[3]
    else:
        length = reals[4] - reals[3]
        a, b = reals[1], reals[2]
        share = (min(t, reals[4]) - reals[3]) / (length if length != 0.0 else 1.0)
    _put(mem, ints, b + (a - b) * (0.5 * (1.0 + np.cos(np.pi * share))))


def square_root(mem, ints, reals, state):
    """``η₀ k / √(t + 1)``. reals: η₀, k"""
    _put(mem, ints, reals[0] * reals[1] / np.sqrt(_now(ints, state) + 1.0))
