"""A register as a value: lanes of neighbouring numbers, for loops whose inner count is too short for LLVM's vectoriser.

Channels are the last axis, and often there are 3, 8 or 16 of them: a loop over so few is compiled to its scalar
remainder, with checks for overlap at every pixel. A kernel that walks over channels in registers holds a bias, a sum or
a maximum in one while it goes over the pixels:

    for k in range(0, channels, lanes(mem)):
        ... vload(mem, place + k, channels - k) ... vstore(mem, place + k, channels - k, v)

The last register is only partly filled. With masks (AVX2, AVX-512) a masked load reads its lanes alone; without, LLVM
would take a masked load apart lane by lane, so that pieces of 2 lanes and 1 are read instead. The plain path has
registers of one number: the same kernels, no vectors anywhere.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from core.kernels.processor import CHOSEN

I64, I32, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)


def lane_count(dtype: types.Float) -> int:
    """Elements of a register."""
    return CHOSEN.lanes if dtype == types.float32 else max(1, CHOSEN.lanes // 2)


def real_type(dtype: types.Float) -> ir.Type:
    """LLVM's name of an element."""
    return ir.FloatType() if dtype == types.float32 else ir.DoubleType()


def register_type(dtype: types.Float, count: int) -> ir.Type:
    """`count` elements; one alone is no vector."""
    return real_type(dtype) if count == 1 else ir.VectorType(real_type(dtype), count)


def intrinsic_name(name: str, dtype: types.Float, count: int) -> str:
    """Of LLVM: ``llvm.fma.v16f32``, or ``llvm.fma.f32`` for one element."""
    width = dtype.bitwidth
    return f"llvm.{name}.v{count}f{width}" if count > 1 else f"llvm.{name}.f{width}"


def external(
    builder: ir.IRBuilder, name: str, result: ir.Type, *parameters: ir.Type
) -> ir.Function:
    """A function of LLVM's."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, parameters), name)


def filled(builder: ir.IRBuilder, number: ir.Value, count: int) -> ir.Value:
    """One number in every lane."""
    if count == 1:
        return number
    undefined = ir.Constant(ir.VectorType(number.type, count), ir.Undefined)
    vector = builder.insert_element(undefined, number, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, count), [0] * count)
    return builder.shuffle_vector(vector, vector, zeros)


def zeros(dtype: types.Float, count: int) -> ir.Constant:
    """0 in every lane."""
    kind = register_type(dtype, count)
    return ir.Constant(kind, 0.0 if count == 1 else [0.0] * count)


def first_lanes(builder: ir.IRBuilder, wanted: ir.Value, count: int) -> ir.Value:
    """A mask of the first `wanted` lanes."""
    lane = ir.Constant(ir.VectorType(I32, count), list(range(count)))
    return builder.icmp_signed("<", lane, filled(builder, builder.trunc(wanted, I32), count))


def load(builder, dtype, pointer, count, wanted=None, mask=None):
    """A register from memory: whole, by a mask, or the first `wanted` lanes in pieces (the others 0)."""
    kind, size = register_type(dtype, count), dtype.bitwidth // 8
    if mask is not None:
        name = intrinsic_name("masked.load", dtype, count) + ".p0"
        address = builder.bitcast(pointer, kind.as_pointer())
        masked = external(builder, name, kind, address.type, I32, mask.type, kind)
        return builder.call(masked, [address, ir.Constant(I32, size), mask, zeros(dtype, count)])
    if wanted is None or count == 1:
        return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=size)
    place = cgutils.alloca_once(builder, kind)
    full = builder.icmp_signed(">=", wanted, ir.Constant(wanted.type, count))
    with builder.if_else(full) as (all_of_it, some):
        with all_of_it:
            builder.store(load(builder, dtype, pointer, count), place)
        with some:
            builder.store(zeros(dtype, count), place)
            for start, piece, there in _pieces(builder, wanted, count):
                with builder.if_then(there):
                    part = load(builder, dtype, builder.gep(pointer, [start]), piece)
                    whole = builder.load(place)
                    for lane in range(piece):
                        number = part
                        if piece > 1:
                            number = builder.extract_element(part, ir.Constant(I32, lane))
                        at = builder.add(start, ir.Constant(I64, lane))
                        whole = builder.insert_element(whole, number, at)
                    builder.store(whole, place)
    return builder.load(place)


def store(builder, dtype, value, pointer, count, wanted=None, mask=None):
    """A register to memory: whole, by a mask, or the first `wanted` lanes in pieces."""
    kind, size = register_type(dtype, count), dtype.bitwidth // 8
    address = builder.bitcast(pointer, kind.as_pointer())
    if mask is not None:
        name = intrinsic_name("masked.store", dtype, count) + ".p0"
        masked = external(builder, name, ir.VoidType(), kind, address.type, I32, mask.type)
        builder.call(masked, [value, address, ir.Constant(I32, size), mask])
        return
    if wanted is None or count == 1:
        builder.store(value, address, align=size)
        return
    full = builder.icmp_signed(">=", wanted, ir.Constant(wanted.type, count))
    with builder.if_else(full) as (all_of_it, some):
        with all_of_it:
            builder.store(value, address, align=size)
        with some:
            for start, piece, there in _pieces(builder, wanted, count):
                with builder.if_then(there):
                    for lane in range(piece):
                        at = builder.add(start, ir.Constant(I64, lane))
                        number = builder.extract_element(value, at)
                        builder.store(number, builder.gep(pointer, [at]), align=size)


def _pieces(builder, wanted, count):
    """The places and sizes of what makes up fewer than `count` lanes: its binary digits, the largest first."""
    start, piece = ir.Constant(I64, 0), count // 2
    while piece:
        digit = builder.and_(wanted, ir.Constant(I64, piece))
        yield start, piece, builder.icmp_signed("!=", digit, ir.Constant(I64, 0))
        start = builder.add(start, digit)
        piece //= 2


class Vector(types.Type):
    """One register of elements."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(f"vector({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, fe_type):
        kind = register_type(fe_type.dtype, lane_count(fe_type.dtype))
        super().__init__(manager, fe_type, kind)


@intrinsic
def lanes(typing_context, mem):
    """Elements of the arena's type in one register."""
    count = lane_count(mem.dtype)
    return types.int64(mem), lambda context, builder, signature, args: ir.Constant(I64, count)


@intrinsic
def vload(typing_context, mem, offset, count):
    """A register from the arena, lanes from `count` on zero."""
    dtype = mem.dtype

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        pointer, L = builder.gep(data, [args[1]]), lane_count(dtype)
        if CHOSEN.masks:
            return load(builder, dtype, pointer, L, mask=first_lanes(builder, args[2], L))
        return load(builder, dtype, pointer, L, wanted=args[2])

    return Vector(dtype)(mem, types.int64, types.int64), codegen


@intrinsic
def vstore(typing_context, mem, offset, count, v):
    """The first `count` lanes into the arena."""
    dtype = mem.dtype

    def codegen(context, builder, signature, args):
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        pointer, L = builder.gep(data, [args[1]]), lane_count(dtype)
        if CHOSEN.masks:
            mask = first_lanes(builder, args[2], L)
            store(builder, dtype, args[3], pointer, L, mask=mask)
        else:
            store(builder, dtype, args[3], pointer, L, wanted=args[2])
        return context.get_dummy_value()

    return types.void(mem, types.int64, types.int64, v), codegen


@intrinsic
def vmax(typing_context, x, y):
    """The larger of each lane; NaN if either is NaN."""

    def codegen(context, builder, signature, args):
        # LLVM's own maximum takes three times as long: it tells 0 from -0.
        larger = builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[0], args[1])
        missing = builder.fcmp_unordered("uno", args[0], args[0])
        return builder.select(missing, args[0], larger)

    return x(x, x), codegen


@intrinsic
def vadd(typing_context, x, y):
    """The sum of each lane."""
    return x(x, x), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def vmultiply(typing_context, x, y):
    """The product of each lane."""
    return x(x, x), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def vsubtract(typing_context, x, y):
    """The difference of each lane."""
    return x(x, x), lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def vdivide(typing_context, x, y):
    """The quotient of each lane."""
    return x(x, x), lambda context, builder, signature, args: builder.fdiv(*args)


@intrinsic
def vroot(typing_context, x):
    """The square root of each lane."""
    dtype = x.dtype

    def codegen(context, builder, signature, args):
        count = lane_count(dtype)
        kind = register_type(dtype, count)
        return builder.call(
            external(builder, intrinsic_name("sqrt", dtype, count), kind, kind), args
        )

    return x(x), codegen


@intrinsic
def vequal(typing_context, x, y, yes, no):
    """`yes` where x equals y, else `no`."""

    def codegen(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered("==", args[0], args[1]), args[2], args[3])

    return x(x, x, x, x), codegen


@intrinsic
def vnegate(typing_context, x):
    """Each lane with the other sign."""
    return x(x), lambda context, builder, signature, args: builder.fneg(*args)


@intrinsic
def vzero(typing_context, mem):
    """A register of zeros of the arena's type."""
    dtype = mem.dtype
    return Vector(dtype)(mem), lambda context, builder, signature, args: zeros(
        dtype, lane_count(dtype)
    )


@intrinsic
def vfill(typing_context, mem, number):
    """One number in every lane."""
    dtype = mem.dtype
    return Vector(dtype)(mem, dtype), lambda context, builder, signature, args: filled(
        builder, args[1], lane_count(dtype)
    )
