"""Long sums in an order of their own: sixteen sums side by side, folded in halves at the end.

A sum in one chain waits four cycles for each addition, and LLVM may not change its order. With sixteen chains whose
places are fixed it is one register with AVX-512, two with AVX2 and four with SSE or NEON: the same bits everywhere, and
smaller rounding errors. A rest of fewer than sixteen numbers follows in its own order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from core.kernels.memory import scratch
from core.kernels.registers import lanes, vadd, vload, vstore

CHAINS = 16


@njit(nogil=True, error_model="numpy", forceinline=True)
def total(x, n):
    """``Σ x[k]`` for k < n."""
    zero = x.dtype.type(0)
    whole = zero
    done, L = 0, lanes(x)
    if n >= 2 * CHAINS:
        parts = scratch(x, CHAINS)
        for j in range(CHAINS):
            parts[j] = x[j]
        done = n - n % CHAINS
        for k in range(CHAINS, done, CHAINS):
            for j in range(0, CHAINS, L):
                vstore(parts, j, L, vadd(vload(parts, j, L), vload(x, k + j, L)))
        for j in range(8):
            parts[j] += parts[j + 8]
        for j in range(4):
            parts[j] += parts[j + 4]
        whole = (parts[0] + parts[2]) + (parts[1] + parts[3])
    for k in range(done, n):
        whole += x[k]
    return whole


@njit(nogil=True, error_model="numpy")
def sizes(x, n, squares):
    """``Σ|x|`` or ``Σx²`` in double precision: a large layer has more squares than float32 can count.

    Four sums side by side, because one waits for each addition to end.
    """
    a, b, c, d = np.float64(0), np.float64(0), np.float64(0), np.float64(0)
    whole = n - n % 4
    for k in range(0, whole, 4):
        p, q, r, s = (
            np.float64(x[k]),
            np.float64(x[k + 1]),
            np.float64(x[k + 2]),
            np.float64(x[k + 3]),
        )
        if squares:
            a += p * p
            b += q * q
            c += r * r
            d += s * s
        else:
            a += abs(p)
            b += abs(q)
            c += abs(r)
            d += abs(s)
    for k in range(whole, n):
        p = np.float64(x[k])
        a += p * p if squares else abs(p)
    return (a + b) + (c + d)
