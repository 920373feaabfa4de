"""The one product: for every outer index p < P and q < Q (images, rows of an image, ...),

``C[m, n] (=|+=) Σ_s<S Σ_k<K A[a + s·ass + m·ams + k·aks] · B[b + s·bss + k·bks + n]``.

A has free strides, rows of B and C are contiguous; the sum has two levels. Dense, convolution and recurrent layers,
forward and both gradients, are all this with other integers, so that one kernel is compiled for all of them.

It is fast because a tile of C (8 rows of 2 registers with AVX-512) stays in registers while k runs: 10 loads for 16
multiply-adds, and 8 or more sums side by side, because each has to wait for the one before it in its own chain. Rows of
neighbouring q that go on in C are one run of rows, so that tiles are full: of an image of 14 pixels a row, of the nine
taps of a filter. Neither A nor B is copied or packed: measured, nothing is gained by it at the sizes learners use.

Every output is one chain of multiply-adds in the order of (s, k), so its bits depend neither on the tile nor on the
lanes nor on how rows or columns are split. With a fused multiply-add each rounds once, else twice: see
`core.kernels.processor`. The same source serves float32 and float64: the element type is that of the arena.
"""

from __future__ import annotations

from functools import partial

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
#: Rows of a tile of half a register or less: loads are what it waits for, and B's share of them is smaller so.
LOW = 9
#: Binary places of a fraction.
_PLACES = 40


def multiply_add(builder, dtype, count, x, y, z):
    """``x y + z`` in every lane, rounded once where there is an instruction for it."""
    if not CHOSEN.fused:
        return builder.fadd(builder.fmul(x, y), z)
    kind = register_type(dtype, count)
    fma = external(builder, intrinsic_name("fma", dtype, count), kind, kind, kind, kind)
    return builder.call(fma, [x, y, z])


def apart(builder, value):
    """The same value, of which the compiler does not know where it is from. No instruction.

    What it knew it would use to step from one row of A to the next by additions, each of which has to wait for the one
    before it: in tiles of one register they take as long as the multiply-adds.
    """
    kind = ir.FunctionType(value.type, [value.type])
    return builder.asm(kind, "", "=r,0", [value], False)


def tile(tall, width):
    """The function that computes `tall` rows of one of the widths above in registers."""

    @intrinsic
    def computed(
        typing_context, mem, i, m, b, c, cols, again, jump, a, ams, aks, ass, bks, bss, cms, K, S, init
    ):  # fmt: skip
        """Rows of a product of `m`, from row `i` on; those that are not there are the last one once more.

        `cols`: columns of a PART. `again`, `jump`: see `_folded`; 0 if all rows of A are equally far apart.
        `init`: -1 starts from zero, -2 from C itself (accumulate).
        """
        codegen = partial(_tile, mem.dtype, tall, width)
        return types.void(mem, *[types.int64] * 17), codegen

    return computed


def _tile(dtype, tall, width, context, bld, sig, args):
    """LLVM's code of a tile: where its rows are, what it starts from, the sums, and where they go."""
    vectors, L = 2 if width == TWO else 1, lane_count(dtype)
    L = {HALF: max(1, L // 2), PART_OF_HALF: max(1, L // 2), SINGLE: 1}.get(width, L)
    data = context.make_array(sig.args[0])(context, bld, args[0]).data
    i, m, b, c, cols, again, jump, a, ams, aks, ass, bks, bss, cms, K, S, init = args[1:]
    kind = register_type(dtype, L)
    mask = first_lanes(bld, cols, L) if width in (PART, PART_OF_HALF) else None

    def const(value):
        return ir.Constant(I64, value)

    def at(offset):
        return bld.gep(data, [offset])

    arow = [cgutils.alloca_once(bld, I64) for _ in range(tall)]
    crow = [cgutils.alloca_once(bld, I64) for _ in range(tall)]
    over = bld.icmp_signed(">", bld.add(i, const(tall)), m)
    odd = bld.or_(over, bld.icmp_signed("!=", again, const(0)))
    with bld.if_else(odd, likely=False) as (irregular, regular):
        with irregular:
            for k in range(tall):
                row, last = bld.add(i, const(k)), bld.sub(m, const(1))
                row = bld.select(bld.icmp_signed("<", row, last), row, last)
                turns = bld.lshr(bld.mul(row, again), const(_PLACES))
                place = bld.add(bld.mul(row, ams), bld.mul(turns, jump))
                bld.store(place, arow[k])
                bld.store(bld.add(c, bld.mul(row, cms)), crow[k])
        with regular:
            first, to = bld.mul(i, ams), bld.add(c, bld.mul(i, cms))
            for k in range(tall):
                bld.store(bld.add(first, bld.mul(ams, const(k))), arow[k])
                bld.store(bld.add(to, bld.mul(cms, const(k))), crow[k])
    arow = [apart(bld, bld.load(place)) for place in arow]
    crow = [bld.load(place) for place in crow]
    acc = [[cgutils.alloca_once(bld, kind) for _ in range(vectors)] for _ in range(tall)]
    each = [(k, n) for k in range(tall) for n in range(vectors)]
    with bld.if_else(bld.icmp_signed("==", init, const(-1))) as (zero, other):
        with zero:
            for k, n in each:
                bld.store(zeros(dtype, L), acc[k][n])
        with other:
            for k, n in each:
                place = at(bld.add(crow[k], const(n * L)))
                bld.store(load(bld, dtype, place, L, mask=mask), acc[k][n])
    with cgutils.for_range(bld, S, intp=I64) as over_s:
        pa = bld.add(a, bld.mul(over_s.index, ass))
        pb = bld.add(b, bld.mul(over_s.index, bss))
        with cgutils.for_range(bld, K, intp=I64) as over_k:
            ka = apart(bld, at(bld.add(pa, bld.mul(over_k.index, aks))))
            kb = bld.add(pb, bld.mul(over_k.index, bks))
            row = [
                load(bld, dtype, at(bld.add(kb, const(n * L))), L, mask=mask)
                for n in range(vectors)
            ]
            for k in range(tall):
                x = filled(bld, load(bld, dtype, bld.gep(ka, [arow[k]]), 1), L)
                for n in range(vectors):
                    total = multiply_add(bld, dtype, L, x, row[n], bld.load(acc[k][n]))
                    bld.store(total, acc[k][n])
    for k, n in each:
        place = at(bld.add(crow[k], const(n * L)))
        store(bld, dtype, bld.load(acc[k][n]), place, L, mask=mask)
    return context.get_dummy_value()


def _panel(width, tall):
    """The function that computes all rows of one width: full tiles, then four rows, then one."""
    full, four, one = tile(tall, width), tile(4, width), tile(1, width)

    @njit(nogil=True, error_model="numpy", forceinline=True)
    def panel(A, m, b, c, cols, *more):
        i, init = 0, more[-1]
        while i < m:
            if m - i > 4:
                if m - i < tall <= m and init != -2:
                    i = m - tall  # one full tile over the last rows: the same values again
                full(A, i, m, b, c, cols, *more)
                i += tall
            elif m - i > 1:
                if m >= 4 and init != -2:
                    i = m - 4
                four(A, i, m, b, c, cols, *more)
                i += 4
            else:
                one(A, i, m, b, c, cols, *more)
                i += 1

    return panel


_two, _one, _part = _panel(TWO, TALL), _panel(ONE, TALL), _panel(PART, TALL)
_half, _part_of_half, _single = _panel(HALF, LOW), _panel(PART_OF_HALF, LOW), _panel(SINGLE, TALL)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _folded(m, cms, K, S, Q, bq, cq):
    """How many rows all q have together if they can be one run of rows and it pays, else 0.

    They can if B is the same for all and the rows of C go on: rows of an image, rows of a filter's gradient. Row r is
    ``r // m · jump`` further on in A, and ``r // m`` is ``r · again >> _PLACES`` for products of the size asked here.
    """
    goes_on, pays = bq == 0 and cq == m * cms, Q > 1 and m % TALL != 0 and K * S >= 16
    return m * Q if goes_on and pays and m * m * Q < 1 << _PLACES else 0


@njit(nogil=True, error_model="numpy", forceinline=True)
def _masked_tail(A, m, n, b, c, *more):
    """Columns of less than a register: in one, or in half of one, partly filled."""
    if 2 * n > lanes(A):
        _part(A, m, b, c, n, *more)
    elif n > 0:
        _part_of_half(A, m, b, c, n, *more)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _piecewise_tail(A, m, n, b, c, *more):
    """Columns of less than a register of four (two of float64): in half of one, and the last one alone."""
    j = 0
    if lanes(A) == 4 and n >= 2:
        _half(A, m, b, c, 0, *more)
        j = 2
    if j < n:
        _single(A, m, b + j, c + j, 0, *more)


_tail = _masked_tail if CHOSEN.masks else _piecewise_tail


@njit(nogil=True, error_model="numpy", forceinline=True)
def _tiled(
    A, m, n, K, S, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq
):
    """Columns two registers at a time, then one, then what is left."""
    L, again, jump, all_rows = lanes(A), 0, 0, _folded(m, cms, K, S, Q, bq, cq)
    if all_rows:
        again, jump, m, Q = (1 << _PLACES) // m + 1, aq - m * ams, all_rows, 1
    for p in range(P):
        for q in range(Q):
            a0, b0, c0, j = a + p * ap + q * aq, b + p * bp + q * bq, c + p * cp + q * cq, 0
            more = again, jump, a0, ams, aks, ass, bks, bss, cms, K, S, init
            while j + 2 * L <= n:
                _two(A, m, b0 + j, c0 + j, 0, *more)
                j += 2 * L
            if j + L <= n:
                _one(A, m, b0 + j, c0 + j, 0, *more)
                j += L
            if j < n:
                _tail(A, m, n - j, b0 + j, c0 + j, *more)


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
product = _plain if CHOSEN.lanes == 1 else _tiled
