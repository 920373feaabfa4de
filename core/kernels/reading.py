"""Reading what instructions write without returning to Python in between.

`copy_out` is an instruction like others that stands behind the last one of a step: it copies stretches of the arena to
memory outside of it, a row of numbers a step. What is written in a step is written once, so that at the end all values
are there, and one long copy (at the speed of memory) takes the place of hundreds of short ones.

`run_kept` runs a range of instructions one by one for somebody who may want to step back: what each is about to
overwrite is copied first, and what it wrote is tested. Here that takes some 0.1 microseconds; from Python it would take
longer than most instructions do.
"""

from __future__ import annotations

from numba import njit

from core.kernels.kept import kept
from core.kernels.machine import call
from core.kernels.memory import array_at, copy, cut
from core.kernels.state import BATCH_ROWS, ERROR, ERROR_PC, FINE, STEP

#: Integers of `copy_out`: where the memory is; the step whose row is the first; elements of a row; the place in a row
#: that the number of samples goes to, or -1; how many stretches there are. Of each stretch then its first element in
#: the arena, its place in the row, and its length.
ADDRESS, FROM_STEP, STRIDE, TOLD, COUNT, STRETCHES = 0, 1, 2, 3, 4, 5

#: Columns of `core.tape.writes`.
AT, ROW, SIZE, ROWS, BATCH = 0, 1, 2, 3, 4


def copy_out(mem, ints, reals, state):
    """Copy stretches of the arena to the row of this step."""
    stride = ints[STRIDE]
    row = state[STEP] - ints[FROM_STEP]
    out = array_at(mem, ints[ADDRESS] + row * stride * mem.itemsize, stride)
    if ints[TOLD] >= 0:
        out[ints[TOLD]] = state[BATCH_ROWS]
    for k in range(ints[COUNT]):
        at = STRETCHES + 3 * k
        copy(out, ints[at + 1], mem, ints[at], ints[at + 2])


@njit(nogil=True, error_model="numpy")
def _finite(mem, at, size):
    values = cut(mem, at, size)
    broken = 0
    for j in range(size):
        broken += values[j] - values[j] != 0.0
    return broken == 0


@kept
def run_kept(kernels, ints, reals, mem, state, start, stop, writes, ends, store, to, machines):
    """Instructions start..stop-1, up to one that writes a number that is not finite, or fails.

    What each is about to overwrite goes to `store`, from `to` on, the machine's state before it to a row of `machines`.
    Returns the next instruction, and whether numbers broke in the one before.
    """
    w = ends[start - 1] if start > 0 else 0
    for pc in range(start, stop):
        first = w
        for j in range(state.size):
            machines[pc - start, j] = state[j]
        for w in range(first, ends[pc]):
            size, rows = writes[w, SIZE], writes[w, ROWS]
            if writes[w, ROW] == size:
                copy(store, to, mem, writes[w, AT], size * rows)
            else:
                for r in range(rows):
                    copy(store, to + r * size, mem, writes[w, AT] + r * writes[w, ROW], size)
            to += size * rows
        call(kernels[pc], mem, ints[pc], reals[pc], state)
        if state[ERROR] != FINE:
            state[ERROR_PC] = pc
            return pc, False
        fine = True
        for w in range(first, ends[pc]):
            size, rows = writes[w, SIZE], state[BATCH_ROWS] if writes[w, BATCH] else 1
            if writes[w, ROW] == size:
                fine &= _finite(mem, writes[w, AT], size * rows)
            else:
                for r in range(rows):
                    fine &= _finite(mem, writes[w, AT] + r * writes[w, ROW], size)
        if not fine:
            return pc + 1, True
        w = ends[pc]
    return stop, False
