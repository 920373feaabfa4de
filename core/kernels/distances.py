"""Losses that treat every output by itself, the largest wrong class, and the angle between lists.

Those of single outputs are a function of one pair each, which `core.kernels.comparing` lays in a loop over many lists:
it is vectorised, logarithms too (`core.kernels.doubles`). A pair is computed in float64, because differences of
logarithms lose digits; tanh alone takes the arena's type. ints and reals are laid out as in `core.kernels.loss`; reals
of the rows: factor, ε, parameter; of the gradients: factor, weight of the output, whether it is a mean, ε, parameter.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from core.kernels import simd
from core.kernels.comparing import shared, slopes, sums
from core.kernels.doubles import exp_below64, log64
from core.kernels.simd import cut
from core.kernels.state import FIRST, ROWS

_inline = njit(nogil=True, error_model="numpy", forceinline=True)
LN_2 = math.log(2.0)


@_inline
def heaviside(x):
    """1 above 0, 0 below, 1/2 at 0: the slope of max(x, 0) as PyTorch and JAX take it. NaN stays NaN."""
    half = 0.5 if x == 0.0 else x
    half = 0.0 if x < 0.0 else half
    return 1.0 if x > 0.0 else half


@_inline
def sign(x):
    """1, 0 or -1. NaN stays NaN."""
    left = -1.0 if x < 0.0 else x
    return 1.0 if x > 0.0 else left


@_inline
def above(x, low):
    """The larger; NaN stays NaN."""
    return low if x < low else x


# ---- what a pair costs, and the slope: (p, t, ε, parameter), in double precision but for tanh ------------------------


@_inline
def _absolute(p, t, epsilon, parameter):
    return abs(np.float64(p) - np.float64(t))


@_inline
def _absolute_slope(p, t, epsilon, parameter):
    return sign(np.float64(p) - np.float64(t))


@_inline
def _percentage(p, t, epsilon, parameter):
    u = np.float64(t)
    return abs((np.float64(p) - u) / above(abs(u), epsilon))


@_inline
def _percentage_slope(p, t, epsilon, parameter):
    u = np.float64(t)
    return sign(np.float64(p) - u) / above(abs(u), epsilon)


@_inline
def _logarithmic(p, t, epsilon, parameter):
    d = log64((above(np.float64(p), epsilon) + 1.0) / (above(np.float64(t), epsilon) + 1.0))
    return d * d


@_inline
def _logarithmic_slope(p, t, epsilon, parameter):
    v = np.float64(p)
    q = above(v, epsilon) + 1.0
    d = log64(q / (above(np.float64(t), epsilon) + 1.0))
    return 2.0 * d / q * heaviside(v - epsilon)


@_inline
def _huber(p, t, epsilon, parameter):
    d = abs(np.float64(p) - np.float64(t))
    return 0.5 * d * d if d <= parameter else parameter * d - 0.5 * parameter * parameter


@_inline
def _huber_slope(p, t, epsilon, parameter):
    d = np.float64(p) - np.float64(t)
    return d if abs(d) <= parameter else parameter * sign(d)


@_inline
def _log_cosh(p, t, epsilon, parameter):
    d = abs(np.float64(p) - np.float64(t))
    return d + log64(1.0 + exp_below64(-2.0 * d)) - LN_2


@_inline
def _log_cosh_slope(p, t, epsilon, parameter):
    return simd.tanh(p - t)


@_inline
def _poisson(p, t, epsilon, parameter):
    v = np.float64(p)
    return v - np.float64(t) * log64(v + epsilon)


@_inline
def _poisson_slope(p, t, epsilon, parameter):
    return 1.0 - np.float64(t) / (np.float64(p) + epsilon)


@_inline
def _divergence(p, t, epsilon, parameter):
    u, q = above(np.float64(t), epsilon), above(np.float64(p), epsilon)
    u, q = 1.0 if u > 1.0 else u, 1.0 if q > 1.0 else q
    return u * log64(u / q)


@_inline
def _divergence_slope(p, t, epsilon, parameter):
    u, q = above(np.float64(t), epsilon), np.float64(p)
    u = 1.0 if u > 1.0 else u
    slope = -u / q
    return 0.0 if q < epsilon or q > 1.0 else slope


@_inline
def _hinge(p, t, epsilon, parameter):
    return above(1.0 - np.float64(t) * np.float64(p), 0.0)


@_inline
def _hinge_slope(p, t, epsilon, parameter):
    u = np.float64(t)
    return -u * heaviside(1.0 - u * np.float64(p))


@_inline
def _squared_hinge(p, t, epsilon, parameter):
    gap = above(1.0 - np.float64(t) * np.float64(p), 0.0)
    return gap * gap


@_inline
def _squared_hinge_slope(p, t, epsilon, parameter):
    u = np.float64(t)
    return -2.0 * u * above(1.0 - u * np.float64(p), 0.0)


# ---- their kernels ---------------------------------------------------------------------------------------------------


def absolute_rows(mem, ints, reals, state):
    """``mean |p - t|``."""
    sums(_absolute, mem, ints, reals, state, reals[1], reals[2])


def absolute_grad(mem, ints, reals, state):
    """``dp = sign(p - t)``."""
    slopes(_absolute_slope, mem, ints, reals, state, reals[3], reals[4])


def percentage_rows(mem, ints, reals, state):
    """``100 mean |(p - t) / t|``; |t| at least ε."""
    sums(_percentage, mem, ints, reals, state, reals[1], reals[2])


def percentage_grad(mem, ints, reals, state):
    """``dp = 100 sign(p - t) / |t|``; |t| at least ε."""
    slopes(_percentage_slope, mem, ints, reals, state, reals[3], reals[4])


def logarithmic_rows(mem, ints, reals, state):
    """``mean (ln(1 + p) - ln(1 + t))²``; p and t at least ε."""
    sums(_logarithmic, mem, ints, reals, state, reals[1], reals[2])


def logarithmic_grad(mem, ints, reals, state):
    """``dp = 2 (ln(1 + p) - ln(1 + t)) / (1 + p)``; p and t at least ε."""
    slopes(_logarithmic_slope, mem, ints, reals, state, reals[3], reals[4])


def huber_rows(mem, ints, reals, state):
    """``mean e²/2 up to δ, δ |e| - δ²/2 beyond``, δ the parameter."""
    sums(_huber, mem, ints, reals, state, reals[1], reals[2])


def huber_grad(mem, ints, reals, state):
    """``dp = clip(p - t, -δ, δ)``, δ the parameter."""
    slopes(_huber_slope, mem, ints, reals, state, reals[3], reals[4])


def log_cosh_rows(mem, ints, reals, state):
    """``mean ln cosh(p - t)``."""
    sums(_log_cosh, mem, ints, reals, state, reals[1], reals[2])


def log_cosh_grad(mem, ints, reals, state):
    """``dp = tanh(p - t)``."""
    slopes(_log_cosh_slope, mem, ints, reals, state, reals[3], reals[4])


def poisson_rows(mem, ints, reals, state):
    """``mean (p - t ln(p + ε))``."""
    sums(_poisson, mem, ints, reals, state, reals[1], reals[2])


def poisson_grad(mem, ints, reals, state):
    """``dp = 1 - t / (p + ε)``."""
    slopes(_poisson_slope, mem, ints, reals, state, reals[3], reals[4])


def divergence_rows(mem, ints, reals, state):
    """``Σ t ln(t / p)``; both kept in [ε, 1]."""
    sums(_divergence, mem, ints, reals, state, reals[1], reals[2])


def divergence_grad(mem, ints, reals, state):
    """``dp = -t / p``; both kept in [ε, 1]."""
    slopes(_divergence_slope, mem, ints, reals, state, reals[3], reals[4])


def hinge_rows(mem, ints, reals, state):
    """``mean max(1 - t p, 0)``."""
    sums(_hinge, mem, ints, reals, state, reals[1], reals[2])


def hinge_grad(mem, ints, reals, state):
    """``dp = -t where 1 - t p > 0``."""
    slopes(_hinge_slope, mem, ints, reals, state, reals[3], reals[4])


def squared_hinge_rows(mem, ints, reals, state):
    """``mean max(1 - t p, 0)²``."""
    sums(_squared_hinge, mem, ints, reals, state, reals[1], reals[2])


def squared_hinge_grad(mem, ints, reals, state):
    """``dp = -2 t max(1 - t p, 0)``."""
    slopes(_squared_hinge_slope, mem, ints, reals, state, reals[3], reals[4])


# ---- losses in which the numbers of a list have to do with each other ------------------------------------------------


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
