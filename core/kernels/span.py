"""How elementwise kernels walk their operands.

``ints[0]`` is the mode, ``ints[1]`` the width of a row, then one pair (offset, row stride) an operand. Three modes:
rows apart by a stride (columns of a wider tensor, one time step of a sequence), rows back to back (the whole batch is
one run, so that loops are long), and tensors without a batch axis.
"""

from __future__ import annotations

from numba import njit

from core.kernels.state import FIRST, ROWS

STRIDED, PACKED, SINGLE = 0, 1, 2


@njit(nogil=True, error_model="numpy")
def span(ints, state):
    """(first row, rows, width) to loop over; packed rows count as one."""
    width = ints[1]
    if ints[0] == SINGLE:
        return 0, 1, width
    if ints[0] == PACKED:
        return state[FIRST], 1, state[ROWS] * width
    return state[FIRST], state[ROWS], width
