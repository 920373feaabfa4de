"""Looking at memory: views that cost nothing and that loops over are vectorised.

``mem[base + k]`` with a signed base is slow: Numba wraps negative indices, and the choice between the two stops LLVM's
vectoriser. A view cut first, indexed by the variable of a ``range``, is a pointer and a length: 2 ns, no bookkeeping.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

_I64 = ir.IntType(64)


@intrinsic
def cut(typing_context, mem, start, size):
    """``mem[start : start + size]`` without Numba's slice bookkeeping and without wrapping negative indices.

    The caller sees to it that the places are inside of `mem`.
    """

    def codegen(context, builder, signature, args):
        source = context.make_array(signature.args[0])(context, builder, args[0])
        out = context.make_array(signature.return_type)(context, builder)
        width = ir.Constant(_I64, signature.args[0].dtype.bitwidth // 8)
        populate_array(out, builder.gep(source.data, [args[1]]), [args[2]], [width], width, None)
        return out._getvalue()

    return mem(mem, types.int64, types.int64), codegen


@intrinsic
def copy(typing_context, target, to, source, at, size):
    """``target[to : to + size] = source[at : at + size]``, by the system's own copying of memory.

    The caller sees to it that both are inside, and apart. A loop does the same, but large copies take longer.
    """

    def codegen(context, builder, signature, args):
        arrays = [
            context.make_array(signature.args[k])(context, builder, args[k]).data for k in (0, 2)
        ]
        width = signature.args[0].dtype.bitwidth // 8
        into, out_of = builder.gep(arrays[0], [args[1]]), builder.gep(arrays[1], [args[3]])
        cgutils.raw_memcpy(builder, into, out_of, args[4], ir.Constant(_I64, width))
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), codegen


@intrinsic(prefer_literal=True)
def scratch(typing_context, mem, size):
    """A few numbers of the arena's type on the stack, not set to anything. `size` is a constant.

    Terms of a sum go there, in a loop that is vectorised, before they are added up in one that has an order.
    """
    count = size.literal_value

    def codegen(context, builder, signature, args):
        kind = context.get_data_type(signature.args[0].dtype)
        place = cgutils.alloca_once(builder, kind, size=count)
        out = context.make_array(signature.return_type)(context, builder)
        width = ir.Constant(_I64, signature.args[0].dtype.bitwidth // 8)
        populate_array(out, place, [ir.Constant(_I64, count)], [width], width, None)
        return out._getvalue()

    return mem(mem, size), codegen


@intrinsic
def array_at(typing_context, like, address, size):
    """A view of memory outside the arena, of numbers of the arena's type."""

    def codegen(context, builder, signature, args):
        out = context.make_array(signature.return_type)(context, builder)
        kind = context.get_data_type(signature.return_type.dtype)
        width = ir.Constant(_I64, signature.return_type.dtype.bitwidth // 8)
        pointer = builder.inttoptr(args[1], kind.as_pointer())
        populate_array(out, pointer, [args[2]], [width], width, None)
        return out._getvalue()

    return like(like, types.int64, types.int64), codegen


def _array_at(dtype: types.Type) -> object:
    @intrinsic
    def at(typing_context, address, size):
        def codegen(context, builder, signature, args):
            out = context.make_array(signature.return_type)(context, builder)
            width = ir.Constant(_I64, dtype.bitwidth // 8)
            pointer = builder.inttoptr(args[0], context.get_data_type(dtype).as_pointer())
            populate_array(out, pointer, [args[1]], [width], width, None)
            return out._getvalue()

        return types.Array(dtype, 1, "C")(types.int64, types.int64), codegen

    return at


#: Views of memory outside the arena (a data set), by address.
bytes_at = _array_at(types.uint8)
floats_at = _array_at(types.float32)
