"""The machine: runs a range of instructions, or whole steps, without returning to Python.

Instruction pc is a row of integers and one of reals, and the address of a kernel. Nothing is looked up, allocated or
compiled while it runs, so that a whole step of a tiny network takes a few microseconds.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from core.kernels.kept import kept
from core.kernels.state import ERROR, ERROR_PC, FINE, ITERATION, LOSS_NOT_FINITE, STEP


@intrinsic
def call(typing_context, address, mem, ints, reals, state):
    """Call the kernel at an address: its C wrapper, whose arguments are those of Numba's first-class functions."""
    signature = types.void(mem, ints, reals, state)

    def codegen(context, builder, sig, args):
        prototype = context.get_value_type(types.FunctionType(signature).ftype)
        builder.call(builder.inttoptr(args[0], prototype), args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, mem, ints, reals, state), codegen


@kept
def run_range(kernels, ints, reals, mem, state, start, stop):
    """Instructions start..stop-1, once. `kernels` holds the address of each instruction's kernel."""
    for pc in range(start, stop):
        call(kernels[pc], mem, ints[pc], reals[pc], state)
        if state[ERROR] != FINE:
            state[ERROR_PC] = pc
            return


@kept
def run_steps(kernels, ints, reals, mem, state, full, fused, control, watch, record, steps):
    """Whole steps, until `steps` are done, ``control[0]`` is raised, or the loss is no longer a finite number.

    A step runs the instructions of `fused`, which leaves out values that nothing else reads; the last one those of
    `full`, the whole tape, so that every value stands where it is looked for. One that is stopped adds such a step.
    After each step the scalars at `watch` go to a row of `record`; the first of them is the loss. Returns steps done.
    """
    exact = True
    for k in range(steps):
        stopped = control[0] != 0
        if stopped and exact:
            return k
        exact = stopped or k == steps - 1 or full.size == fused.size
        order = full if exact else fused
        for place in range(order.size):
            pc = order[place]
            call(kernels[pc], mem, ints[pc], reals[pc], state)
            if state[ERROR] != FINE:
                state[ERROR_PC] = pc
                return k
        for j in range(watch.size):
            record[k, j] = mem[watch[j]]
        if watch.size > 0:
            loss = record[k, 0]
            if loss - loss != 0.0:  # also true of NaN: no comparison with it holds but this one
                state[ERROR] = LOSS_NOT_FINITE
                state[ERROR_PC] = full.size
                return k
        state[STEP] += 1
        state[ITERATION] += 1
    return steps
