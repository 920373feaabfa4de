"""ln and exp of double precision in plain arithmetic, for losses that would lose their digits in single precision.

As `core.kernels.functions` in twice the width: no branches, no tables, no calls, so that LLVM vectorises any loop
around them (1 ns an element with AVX-512, where libm's take 5 to 10). The methods and the numbers are those of Sun's
fdlibm (1993), the whole power of two taken from the bits by additions and shifts that every processor has for 64 bits.

==================  =====  ===========================================================================
function            error  remarks
==================  =====  ===========================================================================
`log64`             1      normal numbers; -infinity at 0 and for subnormal numbers, NaN below
`exp_below64`       1      exp(x) for x <= 0; at least 3e-308
==================  =====  ===========================================================================
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from core.kernels.functions import fused

_I64 = ir.IntType(64)
_inline = njit(nogil=True, error_model="numpy", forceinline=True)


@intrinsic
def _bits(typing_context, x):
    return types.uint64(types.float64), lambda c, b, s, a: b.bitcast(a[0], _I64)


@intrinsic
def _from_bits(typing_context, i):
    return types.float64(types.uint64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())


_LN2_HI, _LN2_LO, _LOG2E = (
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
    1.4426950408889634,
)
_L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
_P1, _P2, _P3, _P4, _P5 = (
    1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
    -1.65339022054652515390e-06, 4.13813679705723846039e-08,
)  # fmt: skip
#: 2 to the power of 52, whose last bit is 1: a whole number below it, put in its last bits, is added to it.
_TWO_52, _TWO_52_BITS = 4503599627370496.0, np.uint64(0x4330000000000000)
_ROOT_HALF_BITS, _ONE_BITS = np.uint64(0x3FE6A09E667F3BCD), np.uint64(0x3FF0000000000000)
_FRACTION, _EXPONENT_AT, _BIAS = np.uint64(0x000FFFFFFFFFFFFF), np.uint64(52), np.uint64(1023)
_SMALLEST, _INFINITY, _NAN = 2.2250738585072014e-308, np.inf, np.nan
_MAGIC, _LOWEST = 6755399441055744.0, -708.0


@_inline
def log64(x):
    """``ln x = k ln 2 + ln(1 + f), 1 + f between √½ and √2``."""
    i = _bits(x) + (_ONE_BITS - _ROOT_HALF_BITS)
    k = _from_bits((i >> _EXPONENT_AT) | _TWO_52_BITS) - (_TWO_52 + 1023.0)
    f = _from_bits((i & _FRACTION) + _ROOT_HALF_BITS) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = z * fused(w, fused(w, fused(w, _L7, _L5), _L3), _L1)
    even = w * fused(w, fused(w, _L6, _L4), _L2)
    half = 0.5 * f * f
    y = fused(s, half + (odd + even), k * _LN2_LO) - half + f
    y = fused(k, _LN2_HI, y)
    # Infinity and NaN stay what they are; ln 0 = -infinity; below 0 there is none.
    y = x if not x < _INFINITY else y
    y = -_INFINITY if x < _SMALLEST else y
    return _NAN if x < 0.0 else y


@_inline
def exp_below64(x):
    """exp(x) for x <= 0, from ``exp r = 1 + r + r c / (2 - c)`` for what is left of x without whole powers of two."""
    x = _LOWEST if x < _LOWEST else x
    t = fused(x, _LOG2E, _MAGIC)
    n = t - _MAGIC
    high, low = fused(-n, _LN2_HI, x), n * _LN2_LO
    r = high - low
    q = r * r
    c = r - q * fused(q, fused(q, fused(q, fused(q, _P5, _P4), _P3), _P2), _P1)
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    return y * _from_bits((_bits(t) + _BIAS) << _EXPONENT_AT)
