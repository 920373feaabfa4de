"""Losses that treat every output by itself, the largest wrong class, and the angle between lists.

ints and reals are laid out as in `core.kernels.loss`; reals of the rows: factor, ε, parameter; of the gradients:
factor, weight of the output, whether it is a mean, ε, parameter. One output is computed in float64: these losses are of
few numbers, and differences of logarithms lose digits.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from core.kernels.loss import BLOCK, shared
from core.kernels.simd import cut, scratch, total
from core.kernels.state import FIRST, ROWS

ABSOLUTE, PERCENTAGE, LOGARITHMIC, HUBER, LOG_COSH, POISSON, DIVERGENCE, HINGE, SQUARED_HINGE = (
    range(9)
)


@njit(nogil=True, error_model="numpy", forceinline=True)
def heaviside(x):
    """1 above 0, 0 below, 1/2 at 0: the slope of max(x, 0) as PyTorch and JAX take it. NaN stays NaN."""
    if x > 0.0:
        return 1.0
    if x < 0.0:
        return 0.0
    return 0.5 if x == 0.0 else x


@njit(nogil=True, error_model="numpy", forceinline=True)
def sign(x):
    """1, 0 or -1. NaN stays NaN."""
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else x


@njit(nogil=True, error_model="numpy", forceinline=True)
def above(x, low):
    """The larger; NaN stays NaN."""
    return low if x < low else x


@njit(nogil=True, error_model="numpy", forceinline=True)
def cost(kind, p, t, epsilon, parameter):
    """What one output adds to the loss."""
    if kind == ABSOLUTE:
        return abs(p - t)
    if kind == PERCENTAGE:
        return abs((p - t) / above(abs(t), epsilon))
    if kind == LOGARITHMIC:
        d = math.log(above(p, epsilon) + 1.0) - math.log(above(t, epsilon) + 1.0)
        return d * d
    if kind == HUBER:
        d = abs(p - t)
        if d <= parameter:
            return 0.5 * d * d
        return parameter * d - 0.5 * parameter * parameter
    if kind == LOG_COSH:
        d = abs(p - t)
        return d + math.log1p(math.exp(-2.0 * d)) - math.log(2.0)
    if kind == POISSON:
        return p - t * math.log(p + epsilon)
    if kind == DIVERGENCE:
        u, q = above(t, epsilon), above(p, epsilon)
        u, q = 1.0 if u > 1.0 else u, 1.0 if q > 1.0 else q
        return u * math.log(u / q)
    gap = above(1.0 - t * p, 0.0)
    return gap if kind == HINGE else gap * gap


@njit(nogil=True, error_model="numpy", forceinline=True)
def slope(kind, p, t, epsilon, parameter):
    """Its derivative by p."""
    if kind == ABSOLUTE:
        return sign(p - t)
    if kind == PERCENTAGE:
        return sign(p - t) / above(abs(t), epsilon)
    if kind == LOGARITHMIC:
        q = above(p, epsilon) + 1.0
        return 2.0 * (math.log(q) - math.log(above(t, epsilon) + 1.0)) / q * heaviside(p - epsilon)
    if kind == HUBER:
        d = p - t
        return d if abs(d) <= parameter else parameter * sign(d)
    if kind == LOG_COSH:
        return math.tanh(p - t)
    if kind == POISSON:
        return 1.0 - t / (p + epsilon)
    if kind == DIVERGENCE:
        u = above(t, epsilon)
        u = 1.0 if u > 1.0 else u
        return 0.0 if p < epsilon or p > 1.0 else -u / p
    if kind == HINGE:
        return -t * heaviside(1.0 - t * p)
    return -2.0 * t * above(1.0 - t * p, 0.0)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _costs(kind, p, t, terms, n, epsilon, parameter):
    """What each of some outputs adds. With a `kind` that is a constant, a loop without branches."""
    for k in range(n):
        c = cost(kind, np.float64(p[k]), np.float64(t[k]), epsilon, parameter)
        terms[k] = terms.dtype.type(c)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _slopes(kind, p, t, dp, n, epsilon, parameter, scale):
    """Each one's gradient."""
    for k in range(n):
        d = slope(kind, np.float64(p[k]), np.float64(t[k]), epsilon, parameter)
        dp[k] = dp.dtype.type(d * scale)


def distance_rows(mem, ints, reals, state):
    """``Σ cost · reals[0]``. ints[8]: which."""
    inner, n, kind = ints[0], ints[1], ints[8]
    epsilon, parameter, terms = reals[1], reals[2], scratch(mem, BLOCK)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            whole = 0.0
            for start in range(0, n, BLOCK):
                m = min(BLOCK, n - start)
                p = cut(mem, ints[2] + r * ints[3] + i * n + start, m)
                t = cut(mem, ints[4] + r * ints[5] + i * n + start, m)
                # Those without logarithms by name, so that their loops are vectorised.
                if kind == ABSOLUTE:
                    _costs(ABSOLUTE, p, t, terms, m, epsilon, parameter)
                elif kind == HUBER:
                    _costs(HUBER, p, t, terms, m, epsilon, parameter)
                elif kind == HINGE:
                    _costs(HINGE, p, t, terms, m, epsilon, parameter)
                else:
                    _costs(kind, p, t, terms, m, epsilon, parameter)
                whole += np.float64(total(terms, m))
            mem[ints[6] + r * ints[7] + i] = mem.dtype.type(whole * reals[0])


def distance_grad(mem, ints, reals, state):
    """``dp = factor · slope``. ints[8]: which."""
    inner, n, kind = ints[0], ints[1], ints[8]
    epsilon, parameter, factor = reals[3], reals[4], shared(ints, reals, state)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            dp = cut(mem, ints[6] + r * ints[7] + i * n, n)
            scale = factor
            if ints[9] >= 0:
                scale *= np.float64(mem[ints[9] + r * ints[10] + i])
            if kind == ABSOLUTE:
                _slopes(ABSOLUTE, p, t, dp, n, epsilon, parameter, scale)
            elif kind == HUBER:
                _slopes(HUBER, p, t, dp, n, epsilon, parameter, scale)
            elif kind == HINGE:
                _slopes(HINGE, p, t, dp, n, epsilon, parameter, scale)
            else:
                _slopes(kind, p, t, dp, n, epsilon, parameter, scale)


def categorical_hinge_rows(mem, ints, reals, state):
    """``max(max (1 - t) p - Σ t p + 1, 0)``."""
    inner, n = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            right, wrong = zero, (one - t[0]) * p[0]
            for k in range(n):
                right += t[k] * p[k]
                other = (one - t[k]) * p[k]
                wrong = wrong if other < wrong else other
            gap = wrong - right + one
            mem[ints[6] + r * ints[7] + i] = zero if gap < zero else gap


def categorical_hinge_grad(mem, ints, reals, state):
    """``dp = H(gap) ((1 - t) at the largest wrong class - t)``; equal ones share."""
    inner, n = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    factor = mem.dtype.type(shared(ints, reals, state))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            dp = cut(mem, ints[6] + r * ints[7] + i * n, n)
            scale = factor * (mem[ints[9] + r * ints[10] + i] if ints[9] >= 0 else one)
            right, wrong = zero, (one - t[0]) * p[0]
            for k in range(n):
                right += t[k] * p[k]
                other = (one - t[k]) * p[k]
                wrong = wrong if other < wrong else other
            scale *= mem.dtype.type(heaviside(np.float64(wrong - right + one)))
            equal = zero
            for k in range(n):
                equal += one if (one - t[k]) * p[k] == wrong else zero
            for k in range(n):
                largest = one / equal if (one - t[k]) * p[k] == wrong else zero
                dp[k] = ((one - t[k]) * largest - t[k]) * scale


def cosine_rows(mem, ints, reals, state):
    """``-Σ t p / (|t| |p|)``, lengths of at least ε = reals[1]."""
    inner, n = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            pp, tt, pt = 0.0, 0.0, 0.0
            for k in range(n):
                pp += np.float64(p[k]) * np.float64(p[k])
                tt += np.float64(t[k]) * np.float64(t[k])
                pt += np.float64(p[k]) * np.float64(t[k])
            whole = above(math.sqrt(pp), reals[1]) * above(math.sqrt(tt), reals[1])
            mem[ints[6] + r * ints[7] + i] = mem.dtype.type(-pt / whole)


def cosine_grad(mem, ints, reals, state):
    """``dp = (p (p·t) / |p|² - t) / (|p| |t|)``; while |p| is below ε its length counts as constant."""
    inner, n = ints[0], ints[1]
    factor = shared(ints, reals, state)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            dp = cut(mem, ints[6] + r * ints[7] + i * n, n)
            scale = factor
            if ints[9] >= 0:
                scale *= np.float64(mem[ints[9] + r * ints[10] + i])
            pp, tt, pt = 0.0, 0.0, 0.0
            for k in range(n):
                pp += np.float64(p[k]) * np.float64(p[k])
                tt += np.float64(t[k]) * np.float64(t[k])
                pt += np.float64(p[k]) * np.float64(t[k])
            length = math.sqrt(pp)
            whole = above(length, reals[3]) * above(math.sqrt(tt), reals[3])
            turned = 0.0 if length < reals[3] else pt / pp
            for k in range(n):
                d = (np.float64(p[k]) * turned - np.float64(t[k])) / whole
                dp[k] = mem.dtype.type(d * scale)
