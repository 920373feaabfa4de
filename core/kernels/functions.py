"""exp, tanh, sigmoid, logarithms, arctan and the normal distribution in plain arithmetic.

No branches, no tables, no calls: LLVM vectorises any loop around them, at 0.3 to 2 ns an element where libm's take 5 to
40. Each brings its argument to a short interval and evaluates a polynomial there, the order of every operation as it is
written: the rounding trick of exp (adding and subtracting 1.5 · 2²³) would not survive another one. Multiply-adds are
written out as `fused`, so that the compiler has no choice and every processor with them gives the same bits.

Largest errors over all of float32, in units in the last place of the exact result (`tests/core/kernels`); infinities,
NaN and the sign of 0 come out right:

==================  =====  ===========================================================================
function            error  remarks
==================  =====  ===========================================================================
`exp`               2      through subnormals to 0 at -103.97 and to infinity at 88.73
`tanh`              4
`sigmoid`           4      0 below -88.7, where the exact value is under 3e-39
`expm1_below`       4      exp(x) - 1 for x <= 0
`log1p`             4      for 0 <= x <= 1
`log`               2      subnormals too; -infinity at 0, NaN below
`arctan`            4
`normal_cdf`        8      Φ(x) = erfc(-x/√2) / 2, with all its digits far below 0
==================  =====  ===========================================================================

`normal` is Φ(x) and exp(-x²/2) from one exponential. `cos_of_turns` (an absolute error of 2e-7) and `log` make normal
numbers of even ones, in float32 for both types. float64, which serves to check gradients, takes libm's; what always
computes in double precision has its own functions in `core.kernels.doubles`.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

from core.kernels.product import multiply_add

_I32 = ir.IntType(32)
#: A call in a loop is the end of vectorising it, and LLVM does not always see that these pay.
_OPTIONS = {"nogil": True, "error_model": "numpy", "forceinline": True}
_inline = njit(**_OPTIONS)


@intrinsic
def _bits(typing_context, x):
    return types.int32(types.float32), lambda c, b, s, a: b.bitcast(a[0], _I32)


@intrinsic
def _from_bits(typing_context, i):
    return types.float32(types.int32), lambda c, b, s, a: b.bitcast(a[0], ir.FloatType())


@intrinsic
def fused(typing_context, x, y, z):
    """``x y + z`` of numbers of the type of x, rounded once where the processor has an instruction for it."""
    dtype = x

    def codegen(context, builder, signature, args):
        return multiply_add(builder, dtype, 1, *args)

    return dtype(dtype, dtype, dtype), codegen


_MAGIC, _LOG2E = np.float32(12582912.0), np.float32(1.4426950408889634)
_LN2_HI, _LN2_LO = np.float32(0.693145751953125), np.float32(1.42860682030941723212e-6)
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_SIGN, _SIZE = np.int32(-2147483648), np.int32(2147483647)
_E3, _E4, _E5, _E6, _E7 = (
    np.float32(v) for v in (0.16666667, 0.041666418, 0.008333361, 0.0013933643, 0.00019860685)
)


@_inline
def _turns(x):
    """In units of ln 2, plus `_MAGIC`: its low bits are the nearest whole number."""
    return fused(x, _LOG2E, _MAGIC)


@_inline
def _power(k):
    """2 to the power of a whole number in -126..127."""
    return _from_bits(np.int32((k + 127) << 23))


@_inline
def _expm1_part(x, t):
    """exp(r) - 1 for what is left of x, at most 0.35 in size, when the whole turns of t are taken away."""
    n = t - _MAGIC
    r = fused(-n, _LN2_LO, fused(-n, _LN2_HI, x))
    p = fused(r, fused(r, fused(r, fused(r, _E7, _E6), _E5), _E4), _E3)
    return fused(r * r, fused(r, p, _HALF), r)


@_inline
def _exp32(x):
    x = np.float32(90) if x > np.float32(90) else x
    x = np.float32(-105) if x < np.float32(-105) else x
    t = _turns(x)
    k = np.int32(_bits(t) - _bits(_MAGIC))
    p = _ONE + _expm1_part(x, t)
    h = np.int32(k >> 1)  # two factors: right to the last subnormal and up to infinity
    return (p * _power(h)) * _power(np.int32(k - h))


@_inline
def _expm1_32(x):
    """exp(x) - 1 for x in -25..25, exact near 0 too."""
    t = _turns(x)
    scale = _power(np.int32(_bits(t) - _bits(_MAGIC)))
    return fused(scale, _expm1_part(x, t), scale - _ONE)


@_inline
def _expm1_below32(x):
    return _expm1_32(np.float32(-25) if x < np.float32(-25) else x)


@_inline
def _tanh32(x):
    """expm1(2|x|) / (expm1(2|x|) + 2): one formula, accurate near zero too."""
    y = _from_bits(np.int32(_bits(x) & _SIZE))
    y = y + y
    e = _expm1_32(np.float32(20) if y > np.float32(20) else y)
    q = e / (e + _TWO)
    return _from_bits(np.int32(_bits(q) | (_bits(x) & _SIGN)))


@_inline
def _sigmoid32(x):
    return _ONE / (_ONE + _exp32(-x))


@_inline
def _sigmoid64(x):
    return 1.0 / (1.0 + math.exp(-x))


_ODD = tuple(np.float32(2.0 / k) for k in (1, 3, 5, 7, 9, 11, 13))


@_inline
def _log1p32(e):
    """ln(1 + e) = 2 artanh(e / (2 + e))."""
    s = e / (_TWO + e)
    q = s * s
    p = fused(q, fused(q, fused(q, _ODD[6], _ODD[5]), _ODD[4]), _ODD[3])
    return s * fused(q, fused(q, fused(q, p, _ODD[2]), _ODD[1]), _ODD[0])


_LG1, _LG2, _LG3, _LG4 = (
    np.float32(v) for v in (0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841)
)
_ROOT_HALF_BITS, _ONE_BITS = np.int32(0x3F3504F3), np.int32(0x3F800000)
_SMALLEST, _RAISED = np.float32(1.1754943508222875e-38), np.float32(8388608.0)
_LOG2_HI, _LOG2_LO = np.float32(6.9313812256e-01), np.float32(9.0580006145e-06)
_INFINITY, _NAN = np.float32(np.inf), np.float32(np.nan)


@_inline
def _log32(x):
    """``ln x = k ln 2 + ln(1 + f), 1 + f between √½ and √2`` (Sun's fdlibm, 1993)."""
    small = x < _SMALLEST
    y = x * _RAISED if small else x
    i = np.int32(_bits(y) + np.int32(_ONE_BITS - _ROOT_HALF_BITS))
    k = np.float32(np.int32(np.int32(i >> 23) - np.int32(127)))
    k = k - np.float32(23) if small else k
    f = _from_bits(np.int32(np.int32(i & np.int32(0x007FFFFF)) + _ROOT_HALF_BITS)) - _ONE
    s = f / (_TWO + f)
    z = s * s
    w = z * z
    rest = fused(w, fused(w, _LG4, _LG2), z * fused(w, _LG3, _LG1))
    half = _HALF * f * f
    y = fused(s, half + rest, k * _LOG2_LO) - half + f
    y = fused(k, _LOG2_HI, y)
    # Infinity and NaN stay what they are; ln 0 = -infinity; below 0 there is none.
    y = x if not x < _INFINITY else y
    y = -_INFINITY if x == _ZERO else y
    return _NAN if x < _ZERO else y


_A1, _A2, _A3, _A4 = (
    np.float32(v)
    for v in (-3.33329491539e-1, 1.99777106478e-1, -1.38776856032e-1, 8.05374449538e-2)
)
_TAN_67, _TAN_22 = np.float32(2.414213562373095), np.float32(0.4142135623730950)
_RIGHT, _EIGHTH = np.float32(math.pi / 2), np.float32(math.pi / 4)


@_inline
def _arctan32(x):
    """By the angle's distance from 0, π/4 or π/2 (Moshier's Cephes, 1992)."""
    a = _from_bits(np.int32(_bits(x) & _SIZE))
    steep, middle = a > _TAN_67, a > _TAN_22
    above = a - _ONE if middle else a
    below = a + _ONE if middle else _ONE
    above = -_ONE if steep else above
    below = a if steep else below
    start = _EIGHTH if middle else _ZERO
    start = _RIGHT if steep else start
    u = above / below
    z = u * u
    p = fused(z, fused(z, fused(z, _A4, _A3), _A2), _A1)
    y = start + fused(z * u, p, u)
    return _from_bits(np.int32(_bits(y) | (_bits(x) & _SIGN)))


# sin 2πw for w in -1/4..1/4, as an odd polynomial of 4w (3.3e-9).
_S = tuple(
    np.float32(v)
    for v in (
        1.570796251296997,
        -0.6459633708000183,
        0.07968848198652267,
        -0.004672227893024683,
        0.00015082056052051485,
    )
)


@_inline
def cos_of_turns(turns):
    """``cos 2πt`` for t in [0, 1), float32: folded to a quarter without rounding."""
    half = turns - _HALF
    w = _from_bits(np.int32(_bits(half) & _SIZE)) - np.float32(0.25)
    z = np.float32(4) * w
    q = z * z
    return z * fused(q, fused(q, fused(q, fused(q, _S[4], _S[3]), _S[2]), _S[1]), _S[0])


# exp(a²/2) Φ(-a) = t G(t) with t = 1 / (1 + 0.3 a): a least squares fit of G, weighted until the largest relative
# error no longer fell (3.5e-9 for a in 0..14.5).
_SLOWER = np.float32(0.3)
_G = tuple(np.float32(v) for v in (
    0.11968669295310974, 0.11957181245088577, 0.11023542284965515, 0.07838964462280273, 0.09615685790777206,
    -0.07942353934049606, 0.19178460538387299, -0.22821365296840668, 0.11243563890457153, -0.020623473450541496,
))  # fmt: skip
_UPPER_BITS, _HALF_A_BIT = np.int32(-4096), np.int32(2048)
_SIXTH = np.float32(1 / 6)


@_inline
def _normal32(x):
    """(Φ(x), exp(-x²/2)): Φ of -|x| is found from its ratio to the other, whose argument is split so that no digit of
    x² is lost.
    """
    a = _from_bits(np.int32(_bits(x) & _SIZE))
    a = np.float32(14.5) if a > np.float32(14.5) else a
    t = _ONE / fused(_SLOWER, a, _ONE)
    p = fused(t, fused(t, fused(t, fused(t, _G[9], _G[8]), _G[7]), _G[6]), _G[5])
    p = fused(t, fused(t, fused(t, fused(t, fused(t, p, _G[4]), _G[3]), _G[2]), _G[1]), _G[0])
    # a rounded to 12 bits: its square is exact, and the rest is at most 0.03.
    z = _from_bits(np.int32(np.int32(_bits(a) + _HALF_A_BIT) & _UPPER_BITS))
    u = _HALF * ((z - a) * (z + a))
    rest = fused(u, fused(u, fused(u, _SIXTH, _HALF), _ONE), _ONE)
    bell = _exp32(-_HALF * (z * z)) * rest
    below = bell * (t * p)
    y = _ONE - below if x > _ZERO else below
    return (y if x == x else x), bell


def exp(x):
    """E to the power of x."""
    return math.exp(x)


def expm1_below(x):
    """exp(x) - 1 for x <= 0."""
    return math.expm1(x)


def tanh(x):
    """Hyperbolic tangent."""
    return math.tanh(x)


def sigmoid(x):
    """``1 / (1 + exp(-x))``."""
    return 1 / (1 + math.exp(-x))


def log(x):
    """Natural logarithm."""
    return math.log(x)


def log1p(x):
    """Logarithm of 1 + x, 0 <= x <= 1."""
    return math.log1p(x)


def arctan(x):
    """The angle whose tangent is x."""
    return math.atan(x)


def normal_cdf(x):
    """Φ(x), the chance that a standard normal number is below x."""
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


def normal(x):
    """(Φ(x), exp(-x²/2)), which is √2π times the density at x: one exponential for both."""
    return normal_cdf(x), math.exp(-0.5 * x * x)


@overload(exp, jit_options=_OPTIONS)
def _exp(x):
    return (lambda x: _exp32(x)) if x == types.float32 else (lambda x: math.exp(x))


@overload(expm1_below, jit_options=_OPTIONS)
def _expm1_below(x):
    return (lambda x: _expm1_below32(x)) if x == types.float32 else (lambda x: math.expm1(x))


@overload(tanh, jit_options=_OPTIONS)
def _tanh(x):
    return (lambda x: _tanh32(x)) if x == types.float32 else (lambda x: math.tanh(x))


@overload(sigmoid, jit_options=_OPTIONS)
def _sigmoid(x):
    return (lambda x: _sigmoid32(x)) if x == types.float32 else (lambda x: _sigmoid64(x))


@overload(log, jit_options=_OPTIONS)
def _log(x):
    return (lambda x: _log32(x)) if x == types.float32 else (lambda x: np.log(x))


@overload(log1p, jit_options=_OPTIONS)
def _log1p(x):
    return (lambda x: _log1p32(x)) if x == types.float32 else (lambda x: math.log1p(x))


@overload(arctan, jit_options=_OPTIONS)
def _arctan(x):
    return (lambda x: _arctan32(x)) if x == types.float32 else (lambda x: math.atan(x))


_ROOT_HALF = math.sqrt(0.5)


@overload(normal_cdf, jit_options=_OPTIONS)
def _normal_cdf(x):
    if x == types.float32:
        return lambda x: _normal32(x)[0]
    return lambda x: 0.5 * math.erfc(-x * _ROOT_HALF)


@overload(normal, jit_options=_OPTIONS)
def _normal(x):
    if x == types.float32:
        return lambda x: _normal32(x)
    return lambda x: (0.5 * math.erfc(-x * _ROOT_HALF), math.exp(-0.5 * x * x))
