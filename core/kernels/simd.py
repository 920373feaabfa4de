"""Building blocks of kernels: one register-tile product written as LLVM IR, views without bookkeeping, vector loads,
and exp, tanh and sigmoid in plain arithmetic.

`product` computes, for every outer index p < P and q < Q (images, rows of an image, ...),
``C[m, n] (=|+=) Σ_s<S Σ_k<K A[a + s·ass + m·ams + k·aks] · B[b + s·bss + k·bks + n]``. Dense, convolution and recurrent
layers, forward and both gradients, are all this one product with other strides. Every output is one chain of fused
multiply-adds in the order of (s, k): its bits depend neither on the tile nor on the lanes nor on how rows are split.

The same source serves float32 and float64: the element type is that of the arena.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model
from numba.np.arrayobj import populate_array

_CPU = binding.get_host_cpu_features()
#: float32 lanes of a register.
LANES32 = 16 if _CPU.get("avx512f") else 8 if _CPU.get("avx") else 4
#: Rows of a full tile: AVX2 has 16 registers, AVX-512 and NEON 32.
TALL = 6 if LANES32 == 8 else 8
I64, I32, I8 = ir.IntType(64), ir.IntType(32), ir.IntType(8)


def _lanes(dtype: types.Float) -> int:
    return LANES32 if dtype == types.float32 else LANES32 // 2


def _real(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def _suffix(dtype: types.Float) -> str:
    return f"v{_lanes(dtype)}f{32 if dtype == types.float32 else 64}"


@intrinsic
def lanes(typing_context, mem):
    """Elements of the arena's type in one register."""
    count = _lanes(mem.dtype)
    return types.int64(mem), lambda context, builder, signature, args: ir.Constant(I64, count)


@intrinsic
def cut(typing_context, mem, start, size):
    """``mem[start : start + size]`` without Numba's slice bookkeeping and without wrapping negative indices.

    A view indexed by a range variable vectorises; ``mem[base + k]`` does not.
    """

    def codegen(context, builder, signature, args):
        source = context.make_array(signature.args[0])(context, builder, args[0])
        out = context.make_array(signature.return_type)(context, builder)
        width = ir.Constant(I64, signature.args[0].dtype.bitwidth // 8)
        populate_array(out, builder.gep(source.data, [args[1]]), [args[2]], [width], width, None)
        return out._getvalue()

    return mem(mem, types.int64, types.int64), codegen


def _array_at(dtype: types.Type) -> object:
    @intrinsic
    def at(typing_context, address, size):
        def codegen(context, builder, signature, args):
            out = context.make_array(signature.return_type)(context, builder)
            width = ir.Constant(I64, dtype.bitwidth // 8)
            pointer = builder.inttoptr(args[0], context.get_data_type(dtype).as_pointer())
            populate_array(out, pointer, [args[1]], [width], width, None)
            return out._getvalue()

        return types.Array(dtype, 1, "C")(types.int64, types.int64), codegen

    return at


#: Views of memory outside the arena (a data set), by address.
bytes_at = _array_at(types.uint8)
floats_at = _array_at(types.float32)


@intrinsic(prefer_literal=True)
def tile(typing_context, mr, nv, mem, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols):
    """`mr` rows by `nv` vectors in registers.

    ``nv == 0``: one vector of which only `cols` lanes exist; ``nv == 3``: one of half the lanes (eight channels are
    common, and a masked register would compute as many again for nothing).

    `init`: -1 starts from zero, -2 from C itself (accumulate).
    """
    rows, count = mr.literal_value, 2 if nv.literal_value == 2 else 1
    masked, dtype = nv.literal_value == 0, mem.dtype
    L, real = _lanes(dtype) // (2 if nv.literal_value == 3 else 1), _real(dtype)
    align = ir.Constant(I32, dtype.bitwidth // 8)

    def codegen(context, bld, sig, args):
        data = context.make_array(sig.args[2])(context, bld, args[2]).data
        a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols = args[3:]
        vec, mask_t = ir.VectorType(real, L), ir.VectorType(ir.IntType(1), L)

        def external(name, ret, *params):
            return cgutils.get_or_insert_function(bld.module, ir.FunctionType(ret, params), name)

        fma = external(f"llvm.fma.v{L}f{dtype.bitwidth}", vec, vec, vec, vec)
        zeros = ir.Constant(vec, [0.0] * L)

        def const(value):
            return ir.Constant(I64, value)

        def at(offset):
            return bld.gep(data, [offset])

        def splat(x):
            undefined = ir.Constant(ir.VectorType(x.type, L), ir.Undefined)
            v = bld.insert_element(undefined, x, ir.Constant(I32, 0))
            return bld.shuffle_vector(v, v, ir.Constant(ir.VectorType(I32, L), [0] * L))

        if masked:
            lane = ir.Constant(ir.VectorType(I32, L), list(range(L)))
            mask = bld.icmp_signed("<", lane, splat(bld.trunc(cols, I32)))
            load_name, store_name = (
                f"llvm.masked.{k}.{_suffix(dtype)}.p0" for k in ("load", "store")
            )
            mload = external(load_name, vec, vec.as_pointer(), I32, mask_t, vec)
            mstore = external(store_name, ir.VoidType(), vec, vec.as_pointer(), I32, mask_t)

        def load(offset):
            p = bld.bitcast(at(offset), vec.as_pointer())
            return (
                bld.call(mload, [p, align, mask, zeros])
                if masked
                else bld.load(p, align=align.constant)
            )

        def store(v, offset):
            p = bld.bitcast(at(offset), vec.as_pointer())
            if masked:
                bld.call(mstore, [v, p, align, mask])
            else:
                bld.store(v, p, align=align.constant)

        acc = [[cgutils.alloca_once(bld, vec) for _ in range(count)] for _ in range(rows)]
        crow = [bld.add(c, bld.mul(cms, const(m))) for m in range(rows)]
        arow = [bld.mul(ams, const(m)) for m in range(rows)]
        each = [(m, n) for m in range(rows) for n in range(count)]
        with bld.if_else(bld.icmp_signed("==", init, const(-1))) as (zero, other):
            with zero:
                for m, n in each:
                    bld.store(zeros, acc[m][n])
            with other:
                for m, n in each:
                    bld.store(load(bld.add(crow[m], const(n * L))), acc[m][n])
        with cgutils.for_range(bld, S, intp=I64) as over_s:
            pa = bld.add(a, bld.mul(over_s.index, ass))
            pb = bld.add(b, bld.mul(over_s.index, bss))
            with cgutils.for_range(bld, K, intp=I64) as over_k:
                ka, kb = (
                    bld.add(pa, bld.mul(over_k.index, aks)),
                    bld.add(pb, bld.mul(over_k.index, bks)),
                )
                row = [load(bld.add(kb, const(n * L))) for n in range(count)]
                for m in range(rows):
                    x = splat(bld.load(at(bld.add(ka, arow[m])), align=align.constant))
                    for n in range(count):
                        bld.store(bld.call(fma, [x, row[n], bld.load(acc[m][n])]), acc[m][n])
        for m, n in each:
            store(bld.load(acc[m][n]), bld.add(crow[m], const(n * L)))
        return context.get_dummy_value()

    return types.void(mr, nv, mem, *[types.int64] * 13), codegen


# Panels of fixed width instead of one with a variable: the width must be a literal of the tile.
@njit(nogil=True, error_model="numpy")
def _panel2(A, m, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init):
    i = 0
    while i + TALL <= m:
        tile(TALL, 2, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += TALL
        if i < m < i + TALL and init != -2:
            i = m - TALL  # one full tile over the last rows: the same values again
    while i + 4 <= m:
        tile(4, 2, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 4
    while i < m:
        tile(1, 2, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 1


@njit(nogil=True, error_model="numpy")
def _panel1(A, m, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init):
    i = 0
    while i + TALL <= m:
        tile(TALL, 1, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += TALL
        if i < m < i + TALL and init != -2:
            i = m - TALL
    while i + 4 <= m:
        tile(4, 1, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 4
    while i < m:
        tile(1, 1, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 1


@njit(nogil=True, error_model="numpy")
def _panel_half(A, m, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init):
    i = 0
    while i + TALL <= m:
        tile(TALL, 3, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += TALL
        if i < m < i + TALL and init != -2:
            i = m - TALL
    while i + 4 <= m:
        tile(4, 3, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 4
    while i < m:
        tile(1, 3, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, 0)
        i += 1


@njit(nogil=True, error_model="numpy")
def _panel_part(A, m, a, ams, aks, ass, b, bks, bss, c, cms, K, S, init, cols):
    i = 0
    while i + TALL <= m:
        tile(
            TALL, 0, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, cols
        )
        i += TALL
        if i < m < i + TALL and init != -2:
            i = m - TALL
    while i + 4 <= m:
        tile(4, 0, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, cols)
        i += 4
    while i < m:
        tile(1, 0, A, a + i * ams, ams, aks, ass, b, bks, bss, c + i * cms, cms, K, S, init, cols)
        i += 1


@njit(nogil=True, error_model="numpy")
def product(
    A, m, n, K, S, a, ams, aks, ass, b, bks, bss, c, cms, init, P, ap, bp, cp, Q, aq, bq, cq
):
    """The product of the module's docstring."""
    L = lanes(A)
    for p in range(P):
        for q in range(Q):
            a0, b0, c0, j = a + p * ap + q * aq, b + p * bp + q * bq, c + p * cp + q * cq, 0
            while j + 2 * L <= n:
                _panel2(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init)
                j += 2 * L
            if j + L <= n:
                _panel1(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init)
                j += L
            if 2 * (n - j) >= L:
                _panel_half(A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init)
                j += L // 2
            if j < n:
                _panel_part(
                    A, m, a0, ams, aks, ass, b0 + j, bks, bss, c0 + j, cms, K, S, init, n - j
                )


# ---- a register as a value: for loops whose inner count (channels) is too short for LLVM's own vectoriser ------


class Vector(types.Type):
    """One register of elements."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(f"vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        super().__init__(
            manager, fe_type, ir.VectorType(_real(fe_type.dtype), _lanes(fe_type.dtype))
        )


def _masked(context, bld, sig, args, name, ret, *params):
    dtype = sig.args[0].dtype
    L, vec = _lanes(dtype), ir.VectorType(_real(dtype), _lanes(dtype))
    p = bld.bitcast(
        bld.gep(context.make_array(sig.args[0])(context, bld, args[0]).data, [args[1]]),
        vec.as_pointer(),
    )
    undefined = ir.Constant(ir.VectorType(I32, L), ir.Undefined)
    v = bld.insert_element(undefined, bld.trunc(args[2], I32), ir.Constant(I32, 0))
    v = bld.shuffle_vector(v, v, ir.Constant(ir.VectorType(I32, L), [0] * L))
    mask = bld.icmp_signed("<", ir.Constant(ir.VectorType(I32, L), list(range(L))), v)
    function = cgutils.get_or_insert_function(
        bld.module, ir.FunctionType(ret, params), f"llvm.masked.{name}.{_suffix(dtype)}.p0"
    )
    return p, mask, function, ir.Constant(I32, dtype.bitwidth // 8)


@intrinsic
def vload(typing_context, mem, offset, count):
    """A register from the arena, lanes from `count` on zero."""
    dtype = mem.dtype
    L, vec = _lanes(dtype), ir.VectorType(_real(dtype), _lanes(dtype))
    mask_t = ir.VectorType(ir.IntType(1), L)

    def codegen(c, b, s, a):
        p, mask, f, align = _masked(c, b, s, a, "load", vec, vec.as_pointer(), I32, mask_t, vec)
        return b.call(f, [p, align, mask, ir.Constant(vec, [0.0] * L)])

    return Vector(dtype)(mem, types.int64, types.int64), codegen


@intrinsic
def vstore(typing_context, mem, offset, count, v):
    """The first `count` lanes into the arena."""
    dtype = mem.dtype
    L, vec = _lanes(dtype), ir.VectorType(_real(dtype), _lanes(dtype))
    mask_t = ir.VectorType(ir.IntType(1), L)

    def codegen(c, b, s, a):
        p, mask, f, align = _masked(
            c, b, s, a, "store", ir.VoidType(), vec, vec.as_pointer(), I32, mask_t
        )
        b.call(f, [a[3], p, align, mask])
        return c.get_dummy_value()

    return types.void(mem, types.int64, types.int64, v), codegen


@intrinsic
def vmax(typing_context, x, y):
    """The larger of each lane; NaN if either is NaN."""
    vec = ir.VectorType(_real(x.dtype), _lanes(x.dtype))

    def codegen(c, b, s, a):
        name = f"llvm.maximum.{_suffix(x.dtype)}"
        return b.call(
            cgutils.get_or_insert_function(b.module, ir.FunctionType(vec, [vec, vec]), name), a
        )

    return x(x, x), codegen


@intrinsic
def vadd(typing_context, x, y):
    """The sum of each lane."""
    return x(x, x), lambda c, b, s, a: b.fadd(*a)


@intrinsic
def vequal(typing_context, x, y, yes, no):
    """`yes` where x equals y, else `no`."""
    return x(x, x, x, x), lambda c, b, s, a: b.select(b.fcmp_ordered("==", a[0], a[1]), a[2], a[3])


@intrinsic
def vzero(typing_context, mem):
    """A register of zeros of the arena's type."""
    dtype = mem.dtype
    vec = ir.VectorType(_real(dtype), _lanes(dtype))
    return Vector(dtype)(mem), lambda c, b, s, a: ir.Constant(vec, [0.0] * _lanes(dtype))


# ---- exp, tanh, sigmoid: float32 in plain arithmetic, so that LLVM vectorises any loop around them --------------
# No "reassoc" here: the rounding trick (add and subtract 1.5 * 2**23) and the two-part ln 2 need the order as
# written. NaN passes every clamp. float64 (gradient checks) takes libm's.


@intrinsic
def _bits(typing_context, x):
    return types.int32(types.float32), lambda c, b, s, a: b.bitcast(a[0], I32)


@intrinsic
def _from_bits(typing_context, i):
    return types.float32(types.int32), lambda c, b, s, a: b.bitcast(a[0], ir.FloatType())


_MAGIC, _LOG2E = np.float32(12582912.0), np.float32(1.4426950408889634)
_LN2_HI, _LN2_LO = np.float32(0.693145751953125), np.float32(1.42860682030941723212e-6)
_ONE, _TWO, _ZERO = np.float32(1), np.float32(2), np.float32(0)
_E2, _E3, _E4, _E5, _E6, _E7 = (
    np.float32(v) for v in (0.5, 0.16666667, 0.041666418, 0.008333361, 0.0013933643, 0.00019860685)
)


@njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _expm1_part(r):
    """exp(r) - 1 for |r| <= 0.35."""
    return r + (r * r) * (_E2 + r * (_E3 + r * (_E4 + r * (_E5 + r * (_E6 + r * _E7)))))


@njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _exp32(x):
    x = np.float32(90) if x > np.float32(90) else x
    x = np.float32(-105) if x < np.float32(-105) else x
    t = x * _LOG2E + _MAGIC
    n = t - _MAGIC
    k = np.int32(_bits(t) - _bits(_MAGIC))
    p = _ONE + _expm1_part((x - n * _LN2_HI) - n * _LN2_LO)
    h = np.int32(k >> 1)  # two factors: right to the last subnormal and up to infinity
    return (p * _from_bits(np.int32((h + 127) << 23))) * _from_bits(np.int32((k - h + 127) << 23))


@njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _tanh32(x):
    """expm1(2|x|) / (expm1(2|x|) + 2): one formula, accurate near zero too."""
    y = x + x
    y = -y if y < _ZERO else y
    y = np.float32(20) if y > np.float32(20) else y
    t = y * _LOG2E + _MAGIC
    n = t - _MAGIC
    p = _expm1_part((y - n * _LN2_HI) - n * _LN2_LO)
    scale = _from_bits(np.int32((_bits(t) - _bits(_MAGIC) + 127) << 23))
    e = scale * p + (scale - _ONE)
    q = e / (e + _TWO)
    return _from_bits(np.int32(_bits(q) | (_bits(x) & np.int32(-2147483648))))


@njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def _sigmoid32(x):
    return _ONE / (_ONE + _exp32(-x))


@njit(nogil=True, error_model="numpy")
def _sigmoid64(x):
    return 1.0 / (1.0 + math.exp(-x))


def exp(x):
    """E to the power of x."""
    return math.exp(x)


def tanh(x):
    """Hyperbolic tangent."""
    return math.tanh(x)


def sigmoid(x):
    """``1 / (1 + exp(-x))``."""
    return 1 / (1 + math.exp(-x))


@overload(exp, jit_options={"nogil": True, "error_model": "numpy"})
def _exp(x):
    return (lambda x: _exp32(x)) if x == types.float32 else (lambda x: math.exp(x))


@overload(tanh, jit_options={"nogil": True, "error_model": "numpy"})
def _tanh(x):
    return (lambda x: _tanh32(x)) if x == types.float32 else (lambda x: math.tanh(x))


@overload(sigmoid, jit_options={"nogil": True, "error_model": "numpy"})
def _sigmoid(x):
    return (lambda x: _sigmoid32(x)) if x == types.float32 else (lambda x: _sigmoid64(x))


# ---- random numbers without state -------------------------------------------------------------------------------


@njit(nogil=True, error_model="numpy")
def mix(x):
    """A bijection of 64 bits in which every input bit reaches every output bit (Steele et al. 2014, SplitMix64)."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(nogil=True, error_model="numpy")
def stream(seed, layer, step):
    """The key of one layer's random numbers in one step."""
    return mix(mix(mix(np.uint64(seed)) ^ np.uint64(layer)) ^ np.uint64(step))


@njit(nogil=True, error_model="numpy")
def uniform(key, element):
    """A number in [0, 1) with 24 random bits, the same in float32 and float64."""
    return np.float64(mix(key ^ np.uint64(element)) >> np.uint64(40)) * (1.0 / 16777216.0)


@njit(nogil=True, error_model="numpy")
def shuffled(i, n, key):
    """Place `i` of a permutation of 0..n-1 that is a function of `key` alone (a Feistel network with cycle walking;
    Black and Rogaway 2002): no table, so any batch of any epoch is known without the ones before.
    """
    bits = 2
    while (np.int64(1) << bits) < n:
        bits += 1
    low = bits // 2
    high = bits - low
    low_mask, high_mask = (
        (np.uint64(1) << np.uint64(low)) - np.uint64(1),
        (np.uint64(1) << np.uint64(high)) - np.uint64(1),
    )
    x = np.uint64(i)
    while True:
        left, right = x >> np.uint64(low), x & low_mask  # `high` bits and `low` bits
        for turn in range(3):
            left = (left ^ mix(key ^ (right * np.uint64(4) + np.uint64(turn)))) & high_mask
            right = (right ^ mix(~key ^ (left * np.uint64(4) + np.uint64(turn)))) & low_mask
        x = (left << np.uint64(low)) | right
        if np.int64(x) < n:
            return np.int64(x)
