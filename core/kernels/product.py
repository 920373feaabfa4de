"""The one product: for every outer index p < P and q < Q (images, rows of an image, ...),

``C[m, n] (=|+=) Σ_s<S Σ_k<K A[a + s·ass + m·ams + k·aks] · B[b + s·bss + k·bks + n]``.

A has free strides, rows of B and C are contiguous; the sum has two levels. Dense, convolution and recurrent layers,
forward and both gradients, are all this with other integers, so that one kernel is compiled for all of them.

It is fast because a tile of C (8 rows of 2 registers with AVX-512) stays in registers while k runs: 10 loads for 16
multiply-adds, and 8 or more sums side by side, because each has to wait for the one before it in its own chain. Neither
A nor B is copied or packed; at the sizes learners use that pays only for B's panels of 512 columns and more.

Every output is one chain of multiply-adds in the order of (s, k), so its bits depend neither on the tile nor on the
lanes nor on how rows or columns are split. With a fused multiply-add each rounds once, else twice: see
`core.kernels.processor`. The same source serves float32 and float64: the element type is that of the arena.
"""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from core.kernels.memory import cut
from core.kernels.processor import CHOSEN, TALL
from core.kernels.registers import (
    I64,
    external,
    filled,
    first_lanes,
    intrinsic_name,
    lane_count,
    lanes,
    load,
    register_type,
    store,
    zeros,
)

#: Widths of a tile: two registers, one, half of one, one lane, and the first columns of a register or of half of one.
TWO, ONE, HALF, SINGLE, PART, PART_OF_HALF = range(6)


def multiply_add(builder, dtype, count, x, y, z):
    """``x y + z`` in every lane, rounded once where there is an instruction for it."""
    if not CHOSEN.fused:
        return builder.fadd(builder.fmul(x, y), z)
    kind = register_type(dtype, count)
    fma = external(builder, intrinsic_name("fma", dtype, count), kind, kind, kind, kind)
    return builder.call(fma, [x, y, z])


@intrinsic(prefer_literal=True)
def tile(typing_context, rows, width, mem, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols):
    """`rows` rows of one of the widths above in registers.

    `init`: -1 starts from zero, -2 from C itself (accumulate). `cols`: columns of a PART.
    """
    tall, wide, dtype = rows.literal_value, width.literal_value, mem.dtype
    vectors, L = 2 if wide == TWO else 1, lane_count(dtype)
    L = {HALF: max(1, L // 2), PART_OF_HALF: max(1, L // 2), SINGLE: 1}.get(wide, L)

    def codegen(context, bld, sig, args):
        data = context.make_array(sig.args[2])(context, bld, args[2]).data
        a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols = args[3:]
        kind = register_type(dtype, L)
        mask = first_lanes(bld, cols, L) if wide in (PART, PART_OF_HALF) else None

        def const(value):
            return ir.Constant(I64, value)

        def at(offset):
            return bld.gep(data, [offset])

        acc = [[cgutils.alloca_once(bld, kind) for _ in range(vectors)] for _ in range(tall)]
        crow = [bld.add(c, bld.mul(cms, const(m))) for m in range(tall)]
        arow = [bld.mul(ams, const(m)) for m in range(tall)]
        each = [(m, n) for m in range(tall) for n in range(vectors)]
        with bld.if_else(bld.icmp_signed("==", init, const(-1))) as (zero, other):
            with zero:
                for m, n in each:
                    bld.store(zeros(dtype, L), acc[m][n])
            with other:
                for m, n in each:
                    place = at(bld.add(crow[m], const(n * L)))
                    bld.store(load(bld, dtype, place, L, mask=mask), acc[m][n])
        with cgutils.for_range(bld, S, intp=I64) as over_s:
            pa = bld.add(a, bld.mul(over_s.index, ass))
            pb = bld.add(b, bld.mul(over_s.index, bss))
            with cgutils.for_range(bld, K, intp=I64) as over_k:
                ka = bld.add(pa, bld.mul(over_k.index, aks))
                kb = bld.add(pb, bld.mul(over_k.index, bks))
                row = [
                    load(bld, dtype, at(bld.add(kb, const(n * L))), L, mask=mask)
                    for n in range(vectors)
                ]
                for m in range(tall):
                    x = filled(bld, load(bld, dtype, at(bld.add(ka, arow[m])), 1), L)
                    for n in range(vectors):
                        total = multiply_add(bld, dtype, L, x, row[n], bld.load(acc[m][n]))
                        bld.store(total, acc[m][n])
        for m, n in each:
            place = at(bld.add(crow[m], const(n * L)))
            store(bld, dtype, bld.load(acc[m][n]), place, L, mask=mask)
        return context.get_dummy_value()

    return types.void(rows, width, mem, *[types.int64] * 13), codegen


def _panel(width):
    """All rows of one width: full tiles, then four rows, then one."""

    @njit(nogil=True, error_model="numpy")
    def panel(A, m, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols):
        i = 0
        while i + TALL <= m:
            tile(
                TALL, width, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, cols,
            )  # fmt: skip
            i += TALL
            if i < m < i + TALL and init != -2:
                i = m - TALL  # one full tile over the last rows: the same values again
        while i + 4 <= m:
            tile(
                4,
                width,
                A,
                a + i * ams,
                ams,
                aks,
                ass,
                b,
                bks,
                bss,
                c + i * cms,
                cms,
                K,
                S,
                init,
                cols,
            )
            i += 4
        while i < m:
            tile(
                1,
                width,
                A,
                a + i * ams,
                ams,
                aks,
                ass,
                b,
                bks,
                bss,
                c + i * cms,
                cms,
                K,
                S,
                init,
                cols,
            )
            i += 1

    return panel


_two, _one, _half, _single = _panel(TWO), _panel(ONE), _panel(HALF), _panel(SINGLE)
_part, _part_of_half = _panel(PART), _panel(PART_OF_HALF)


@njit(nogil=True, error_model="numpy")
def _with_masks(
    A, m, n, K, S, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq
):
    """Columns in registers; the last ones in one register, or in half of one, partly filled."""
    L = lanes(A)
    for p in range(P):
        for q in range(Q):
            a0, b0, c0, j = a + p * ap + q * aq, b + p * bp + q * bq, c + p * cp + q * cq, 0
            while j + 2 * L <= n:
                _two(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)
                j += 2 * L
            if j + L <= n:
                _one(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)
                j += L
            left = n - j
            if 2 * left > L:
                _part(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, left)
            elif left > 0:
                _part_of_half(
                    A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, left
                )


@njit(nogil=True, error_model="numpy")
def _without_masks(
    A, m, n, K, S, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq
):
    """Columns in registers of four (two of float64), the last ones in half of one and one by one."""
    L = lanes(A)
    for p in range(P):
        for q in range(Q):
            a0, b0, c0, j = a + p * ap + q * aq, b + p * bp + q * bq, c + p * cp + q * cq, 0
            while j + 2 * L <= n:
                _two(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)
                j += 2 * L
            if j + L <= n:
                _one(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)
                j += L
            if L == 4 and j + 2 <= n:
                _half(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)
                j += 2
            if j < n:
                _single(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, 0)


@njit(nogil=True, error_model="numpy")
def _plain(
    A, m, n, K, S, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq
):
    """The definition, for processors nothing is known of: LLVM may vectorise the inner loop as it can."""
    zero = A.dtype.type(0)
    for p in range(P):
        for q in range(Q):
            a0, b0, c0 = a + p * ap + q * aq, b + p * bp + q * bq, c + p * cp + q * cq
            for i in range(m):
                out = cut(A, c0 + i * cms, n)
                if init == -1:
                    for j in range(n):
                        out[j] = zero
                for s in range(S):
                    for k in range(K):
                        x = A[a0 + s * ass + i * ams + k * aks]
                        row = cut(A, b0 + s * bss + k * bks, n)
                        for j in range(n):
                            out[j] += x * row[j]


#: The product of this file's docstring, as this processor computes it.
product = _plain if CHOSEN.lanes == 1 else _with_masks if CHOSEN.masks else _without_masks
