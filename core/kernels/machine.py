"""The machine: runs a range of instructions, or whole steps, without returning to Python."""

from __future__ import annotations

from numba import njit

from core.kernels.state import ERROR, ERROR_PC, FINE, ITERATION, LOSS_NOT_FINITE, STEP


@njit(nogil=True, cache=True, error_model="numpy")
def run_range(table, kinds, ints, reals, mem, state, start, stop):
    """Instructions start..stop-1, once."""
    for pc in range(start, stop):
        table[kinds[pc]](mem, ints[pc], reals[pc], state)
        if state[ERROR] != FINE:
            state[ERROR_PC] = pc
            return


@njit(nogil=True, cache=True, error_model="numpy")
def run_steps(table, kinds, ints, reals, mem, state, control, watch, record, steps):
    """Whole steps, until `steps` are done, ``control[0]`` is raised, or the loss is no longer a finite number.

    After each step the scalars at `watch` go to a row of `record`; the first of them is the loss. Returns steps done.
    """
    for k in range(steps):
        if control[0] != 0:
            return k
        for pc in range(kinds.size):
            table[kinds[pc]](mem, ints[pc], reals[pc], state)
            if state[ERROR] != FINE:
                state[ERROR_PC] = pc
                return k
        for j in range(watch.size):
            record[k, j] = mem[watch[j]]
        if watch.size > 0:
            loss = record[k, 0]
            if loss - loss != 0.0:  # also true of NaN: no comparison with it holds but this one
                state[ERROR] = LOSS_NOT_FINITE
                state[ERROR_PC] = kinds.size
                return k
        state[STEP] += 1
        state[ITERATION] += 1
    return steps
