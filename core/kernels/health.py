"""Sums over gradients, weights and activations of a run, without copies: see `core.runs.health`.

Tensors are read where they lie in the arena, once each, and only a few numbers come out.
"""

from __future__ import annotations

from numba import njit

from core.kernels.kept import kept
from core.kernels.memory import cut

#: What a task is: squares of a tensor, squares of what a step changed, limits that were reached, units that were on.
SQUARES, MOVED, SATURATED, ALIVE = 0, 1, 2, 3
#: Columns of a task: what, group, column of the result, place, elements (of a row), elements to the next row, units,
#: first of its units.
WHAT, GROUP, COLUMN, AT, SIZE, STRIDE, UNITS, FIRST = range(8)
#: Columns of the result.
GRADIENT, CHANGE, BEFORE, NOW, REACHED, VALUES, OFF, COUNTED = range(8)


@njit(nogil=True, error_model="numpy")
def _squares(x, size):
    """Sum of squares in float64, in four chains in a fixed order: the same bits every time."""
    a = b = c = d = 0.0
    whole = size // 4 * 4
    for k in range(0, whole, 4):
        a += float(x[k]) * float(x[k])
        b += float(x[k + 1]) * float(x[k + 1])
        c += float(x[k + 2]) * float(x[k + 2])
        d += float(x[k + 3]) * float(x[k + 3])
    for k in range(whole, size):
        a += float(x[k]) * float(x[k])
    return (a + b) + (c + d)


@kept
def measure(mem, before, tasks, limits, spans, rows, alive, out):
    """Do the tasks.

    `before` is the state at the start of the step, empty if it is not known. `limits` holds the centre and the reach
    of each task's function, `spans` (first unit, units, group) of each set of units that may die; `alive` has a place
    for each of them. `out` (groups, 8) is written.
    """
    out[:, :] = 0.0
    alive[:] = 0
    for k in range(tasks.shape[0]):
        task = tasks[k]
        group, at, size = task[GROUP], task[AT], task[SIZE]
        if task[WHAT] == SQUARES:
            out[group, task[COLUMN]] += _squares(cut(mem, at, size), size)
        elif task[WHAT] == MOVED:
            if before.size:
                now, was = cut(mem, at, size), cut(before, at, size)
                total = 0.0
                for i in range(size):
                    change = float(now[i]) - float(was[i])
                    total += change * change
                out[group, CHANGE] += total
                out[group, BEFORE] += _squares(was, size)
        elif task[WHAT] == SATURATED:
            centre, reach, count = limits[k, 0], limits[k, 1], 0
            for row in range(rows):
                x = cut(mem, at + row * task[STRIDE], size)
                for i in range(size):
                    count += abs(float(x[i]) - centre) > reach
            out[group, REACHED] += count
            out[group, VALUES] += rows * size
        else:
            units = task[UNITS]
            on = alive[task[FIRST] : task[FIRST] + units]
            for row in range(rows):
                x = cut(mem, at + row * task[STRIDE], size)
                for place in range(0, size, units):
                    y = cut(x, place, units)
                    for i in range(units):
                        on[i] |= y[i] != 0
    for k in range(spans.shape[0]):
        first, units, group = spans[k]
        for i in range(first, first + units):
            out[group, OFF] += alive[i] == 0
        out[group, COUNTED] += units
