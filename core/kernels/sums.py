"""Long sums in an order of their own: sixteen sums side by side, folded in halves at the end.

A sum in one chain waits four cycles for each addition, and LLVM may not change its order. With sixteen chains whose
places are fixed it is one register with AVX-512, two with AVX2 and four with SSE or NEON: the same bits everywhere, and
smaller rounding errors. A rest of fewer than sixteen numbers follows in its own order.
"""

from __future__ import annotations

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
