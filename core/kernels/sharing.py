"""Steps that two threads share: the leader runs the tape, a helper takes one of the two parts of each region.

A region is a stretch of tasks between two meetings. Its tasks are in two parts that touch nothing of each other's. The
leader publishes a region, runs the first part, and then the second too, unless the helper has claimed it meanwhile: it
never waits for a helper that is late, resting or gone, only for one that is at work. Who runs a part changes no bit.

Tasks are rows of (instruction, its integers, way), regions rows of (first and last task of either part). The threads
meet in an array of integers, each read and written as a whole and two cache lines from the next, without a lock and
without Python: a meeting costs a fraction of a microsecond.
"""

from __future__ import annotations

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from core.kernels.kept import kept
from core.kernels.machine import call
from core.kernels.state import ERROR, ERROR_PC, FINE, FIRST, ITERATION, LOSS_NOT_FINITE, ROWS, STEP

#: Places in the array two threads meet at, two cache lines apart: the region published last and its number on the
#: tape; the last one whose second part was claimed, and done; whether the leader is running; whether the helper is
#: there; the address of the system's way to give way to another thread.
PUBLISHED, REGION, CLAIMED, DONE, RUNNING, PRESENT, GIVE_WAY = 0, 1, 16, 32, 48, 64, 80
MEETING = 96

#: Tasks are by rows of the batch, or as they stand.
AS_IT_STANDS, BY_ROWS = 0, 1

#: Turns of a waiting loop before a thread begins to give way, and before a helper leaves a leader that does nothing.
_SPINS, _PATIENCE = 2000, 300
#: Turns for which a leader waits for the helper it has called.
_MOMENT = 2000

_I64 = ir.IntType(64)


def _place(context, builder, signature, args):
    return builder.gep(
        context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]]
    )


@intrinsic
def peek(typing_context, array, place):
    """Read what another thread may be writing."""

    def codegen(c, b, s, a):
        return b.load_atomic(_place(c, b, s, a), "acquire", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def post(typing_context, array, place, value):
    """Write for another thread: it sees all that was written before, too."""

    def codegen(c, b, s, a):
        b.store_atomic(a[2], _place(c, b, s, a), "seq_cst", 8)
        return c.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@intrinsic
def swap(typing_context, array, place, expected, value):
    """Write `value` if `expected` is there: 1 if so. Of two threads one succeeds."""

    def codegen(c, b, s, a):
        pair = b.cmpxchg(_place(c, b, s, a), a[2], a[3], "seq_cst", "seq_cst")
        return b.zext(b.extract_value(pair, 1), _I64)

    return types.int64(array, types.int64, types.int64, types.int64), codegen


@intrinsic
def pause(typing_context):
    """Tell the processor that this is a waiting loop."""

    def codegen(c, b, s, a):
        if "x86" in binding.get_process_triple():
            kind = ir.FunctionType(ir.VoidType(), [])
            b.call(cgutils.get_or_insert_function(b.module, kind, "llvm.x86.sse2.pause"), [])
        return c.get_dummy_value()

    return types.void(), codegen


@intrinsic
def call_system(typing_context, address):
    """Call a function of the system without arguments, by its address."""

    def codegen(c, b, s, a):
        kind = ir.FunctionType(ir.IntType(32), []).as_pointer()
        b.call(b.inttoptr(a[0], kind), [])
        return c.get_dummy_value()

    return types.void(types.int64), codegen


@njit(nogil=True, error_model="numpy")
def _wait(meeting, spins):
    pause()
    if spins > _SPINS and meeting[GIVE_WAY] != 0:
        call_system(meeting[GIVE_WAY])


@njit(nogil=True, error_model="numpy")
def first_rows(rows):
    """Rows of a batch that the first part works on: whole tiles of the products, if there are enough of them."""
    half = (rows + 1) // 2
    return min(rows, (half + 7) // 8 * 8) if rows >= 32 else half


@njit(nogil=True, error_model="numpy")
def _run_part(kernels, ints, reals, mem, state, more, own, tasks, first, last, part):
    """Tasks first..last-1 with a machine state of their own.

    A task: instruction, row of `ints` (or, counted on, of `more`), way.
    """
    for k in range(state.size):
        own[k] = state[k]
    rows = state[ROWS]
    half = first_rows(rows)
    for t in range(first, last):
        pc = tasks[t, 0]
        own[FIRST], own[ROWS] = 0, rows
        if tasks[t, 2] == BY_ROWS:
            own[FIRST] = half if part == 1 else 0
            own[ROWS] = rows - half if part == 1 else half
            if own[ROWS] == 0:
                continue
        row = tasks[t, 1]
        given = ints[row] if row < kernels.size else more[row - kernels.size]
        call(kernels[pc], mem, given, reals[pc], own)
        if own[ERROR] != FINE:
            own[ERROR_PC] = pc
            return


@kept
def run_regions(kernels, ints, reals, mem, state, more, owns, meeting, tasks, bounds, begin, end):
    """Regions begin..end-1. ``bounds[region]`` says where the first part begins and ends, and the second."""
    number = meeting[PUBLISHED]
    for region in range(begin, end):
        b = bounds[region]
        if b[2] == b[3]:
            _run_part(kernels, ints, reals, mem, state, more, owns[0], tasks, b[0], b[1], 0)
            owns[1, ERROR] = FINE
        else:
            number += 1
            meeting[REGION] = region
            post(meeting, PUBLISHED, number)
            _run_part(kernels, ints, reals, mem, state, more, owns[0], tasks, b[0], b[1], 0)
            if swap(meeting, CLAIMED, number - 1, number) == 1:
                _run_part(kernels, ints, reals, mem, state, more, owns[1], tasks, b[2], b[3], 1)
                post(meeting, DONE, number)
            else:
                spins = 0
                while peek(meeting, DONE) != number:
                    _wait(meeting, spins)
                    spins += 1
        for part in range(2):
            if owns[part, ERROR] != FINE:
                state[ERROR], state[ERROR_PC] = owns[part, ERROR], owns[part, ERROR_PC]
        if state[ERROR] != FINE:
            return


@kept
def run_steps(
    kernels, ints, reals, mem, state, more, owns, meeting, tasks, bounds,
    full, fused, regions, prelude, expected, control, watch, record, steps
):  # fmt: skip
    """As `core.kernels.machine.run_steps`; instructions before `prelude` are run by the leader alone.

    The first `regions` are those of a full step, the others those of a fused one.

    While no helper is there, or is not wanted (`expected` = -1), the tape is run as it is written, unless one is
    expected to come within a step (2). One that was called (1) is waited for a moment.
    """
    post(meeting, RUNNING, 1)
    done, exact = steps, True
    spins = 0
    while expected == 1 and spins < _MOMENT and peek(meeting, PRESENT) == 0:
        pause()
        spins += 1
    for k in range(steps):
        stopped = control[0] != 0
        if stopped and exact:
            done = k
            break
        exact = stopped or k == steps - 1 or full.size == fused.size
        order = full if exact else fused
        begin, end = (0, regions) if exact else (regions, bounds.shape[0])
        alone = expected < 0 or (expected < 2 and peek(meeting, PRESENT) == 0)
        for place in range(order.size if alone else prelude):
            pc = order[place]
            call(kernels[pc], mem, ints[pc], reals[pc], state)
            if state[ERROR] != FINE:
                state[ERROR_PC] = pc
                break
        if state[ERROR] == FINE and not alone:
            run_regions(
                kernels, ints, reals, mem, state, more, owns, meeting, tasks, bounds, begin, end
            )
        if state[ERROR] != FINE:
            done = k
            break
        for j in range(watch.size):
            record[k, j] = mem[watch[j]]
        if watch.size > 0:
            loss = record[k, 0]
            if loss - loss != 0.0:  # also true of NaN: no comparison with it holds but this one
                state[ERROR], state[ERROR_PC] = LOSS_NOT_FINITE, full.size
                done = k
                break
        state[STEP] += 1
        state[ITERATION] += 1
    post(meeting, RUNNING, 0)
    return done


@kept
def assist(kernels, ints, reals, mem, state, more, owns, meeting, tasks, bounds):
    """Take second parts of regions until the leader has not run for a moment. Returns how many were taken."""
    taken, spins = 0, 0
    # Who comes in the middle of a region takes its second part, too: one region may be half of a long step.
    seen = peek(meeting, PUBLISHED) - 1
    post(meeting, PRESENT, 1)
    while True:
        number = peek(meeting, PUBLISHED)
        if number == seen:
            if spins > _SPINS + _PATIENCE and peek(meeting, RUNNING) == 0:
                break
            _wait(meeting, spins)
            spins += 1
            continue
        seen, spins = number, 0
        if swap(meeting, CLAIMED, number - 1, number) == 1:
            b = bounds[meeting[REGION]]
            _run_part(kernels, ints, reals, mem, state, more, owns[1], tasks, b[2], b[3], 1)
            post(meeting, DONE, number)
            taken += 1
    post(meeting, PRESENT, 0)
    return taken
