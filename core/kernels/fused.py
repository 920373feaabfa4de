"""Superinstructions: one kernel in place of several instructions of the tape, where nothing looks at what is between.

`core.tape.fusing` puts them into whole steps; `core.ops.fused` says for which instructions each stands. Tensors are
(rows, units) with strides between rows, as on the tape, and every number comes about by the same operations in the same
order, so that no bit differs. They are fast because a value between two instructions stays in a register, or in a block
on the stack that the first level of cache holds, instead of a tensor of its own: a step of a recurrent network touches
less than half of the memory.

Integers are read before loops: after a store the compiler would have to read them again.
"""

from __future__ import annotations

from numba import njit

from core.kernels import simd
from core.kernels.simd import (
    cut,
    lanes,
    scratch,
    vadd,
    vfill,
    vload,
    vmultiply,
    vnegate,
    vstore,
    vsubtract,
)
from core.kernels.state import FIRST, ROWS

#: Numbers in a block on the stack, and from one block to the next: whole registers are written there, because what is
#: written through a mask cannot be read back at once. What is behind the last number may be anything.
_FULL, _BLOCK = 256, 272
#: Units of a row that go into a block at most, and what blocks are made whole multiples of.
_WIDE, _WHOLE = 64, 16


def add_to(mem, ints, reals, state):
    """``y = y + x``. ints: n, x, y"""
    x, y = cut(mem, ints[1], ints[0]), cut(mem, ints[2], ints[0])
    for k in range(ints[0]):
        y[k] = y[k] + x[k]


@njit(nogil=True, error_model="numpy")
def _sigmoid(block, start, n):
    part = cut(block, start, n)
    for k in range(n):
        part[k] = simd.sigmoid(part[k])


@njit(nogil=True, error_model="numpy")
def _tanh(block, start, n):
    part = cut(block, start, n)
    for k in range(n):
        part[k] = simd.tanh(part[k])


def lstm_step(mem, ints, reals, state):
    """What one time step of an LSTM does with its product: sums of gates, gates, cell and state.

    ints: units, then (place, row) of x, q, c, i, f, g, o, C, s, H (see `core.ops.fused.LstmStep`), place of a bias that
    is added to x first, or -1. The gates of some rows at a time are on the stack, where exp and tanh run over all of
    them at once.
    """
    units, L = ints[0], lanes(mem)
    x_row, q_row, c_row, i_row, f_row = ints[2], ints[4], ints[6], ints[8], ints[10]
    g_row, o_row, new_row, s_row, h_row = ints[12], ints[14], ints[16], ints[18], ints[20]
    early = ints[21]
    z, shown = scratch(mem, 1088), scratch(mem, 272)
    wide = min(units, _WIDE)
    several = _FULL // wide
    last = state[FIRST] + state[ROWS]
    for start in range(0, units, wide):
        n = min(wide, units - start)
        for r0 in range(state[FIRST], last, several):
            rows = min(several, last - r0)
            size = (rows * n + _WHOLE - 1) // _WHOLE * _WHOLE
            x, q = ints[1] + r0 * x_row + start, ints[3] + r0 * q_row + start
            for r in range(rows):
                for k in range(0, n, L):
                    m, at = n - k, r * n + k
                    for gate in range(4):
                        a = vload(mem, x + r * x_row + gate * units + k, m)
                        if early >= 0:
                            a = vadd(a, vload(mem, early + start + gate * units + k, m))
                        b = vload(mem, q + r * q_row + gate * units + k, m)
                        vstore(z, gate * _BLOCK + at, L, vadd(a, b))
            _sigmoid(z, 0, size)
            _sigmoid(z, _BLOCK, size)
            _tanh(z, 2 * _BLOCK, size)
            _sigmoid(z, 3 * _BLOCK, size)
            c, i, f = ints[5] + r0 * c_row, ints[7] + r0 * i_row, ints[9] + r0 * f_row
            g, o, new = ints[11] + r0 * g_row, ints[13] + r0 * o_row, ints[15] + r0 * new_row
            for r in range(rows):
                for k in range(0, n, L):
                    m, at, to = n - k, r * n + k, start + k
                    v_i, v_f = vload(z, at, L), vload(z, _BLOCK + at, L)
                    v_g, v_o = vload(z, 2 * _BLOCK + at, L), vload(z, 3 * _BLOCK + at, L)
                    v_c = vload(mem, c + r * c_row + to, m)
                    v_c = vadd(vmultiply(v_f, v_c), vmultiply(v_i, v_g))
                    vstore(mem, i + r * i_row + to, m, v_i)
                    vstore(mem, f + r * f_row + to, m, v_f)
                    vstore(mem, g + r * g_row + to, m, v_g)
                    vstore(mem, o + r * o_row + to, m, v_o)
                    vstore(mem, new + r * new_row + to, m, v_c)
                    vstore(shown, at, L, v_c)
            _tanh(shown, 0, size)
            s, h = ints[17] + r0 * s_row, ints[19] + r0 * h_row
            for r in range(rows):
                for k in range(0, n, L):
                    m, at, to = n - k, r * n + k, start + k
                    v_s, v_o = vload(shown, at, L), vload(z, 3 * _BLOCK + at, L)
                    vstore(mem, s + r * s_row + to, m, v_s)
                    vstore(mem, h + r * h_row + to, m, vmultiply(v_o, v_s))


def lstm_step_grad(mem, ints, reals, state):
    """The gradients of `lstm_step`, all in registers.

    ints: units, then (place, row) of dH, s, o, dC, g, i, c, f, dz, dc; place -1 of dC and dc if there is none.
    """
    n, L = ints[0], lanes(mem)
    one = vfill(mem, mem.dtype.type(1))
    from_behind, further = ints[7] >= 0, ints[19] >= 0
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        at_h, at_s, at_o = ints[1] + r * ints[2], ints[3] + r * ints[4], ints[5] + r * ints[6]
        at_behind, at_g, at_i = (
            ints[7] + r * ints[8],
            ints[9] + r * ints[10],
            ints[11] + r * ints[12],
        )
        at_c, at_f, dz = ints[13] + r * ints[14], ints[15] + r * ints[16], ints[17] + r * ints[18]
        dc = ints[19] + r * ints[20]
        for k in range(0, n, L):
            m = n - k
            dh, s, o = vload(mem, at_h + k, m), vload(mem, at_s + k, m), vload(mem, at_o + k, m)
            g, i = vload(mem, at_g + k, m), vload(mem, at_i + k, m)
            c, f = vload(mem, at_c + k, m), vload(mem, at_f + k, m)
            d_o = vmultiply(dh, s)
            d_c = vmultiply(vmultiply(dh, o), vsubtract(one, vmultiply(s, s)))
            if from_behind:
                d_c = vadd(vload(mem, at_behind + k, m), d_c)
            d_i, d_g, d_f = vmultiply(d_c, g), vmultiply(d_c, i), vmultiply(d_c, c)
            if further:
                vstore(mem, dc + k, m, vmultiply(d_c, f))
            vstore(mem, dz + k, m, vmultiply(vmultiply(d_i, i), vsubtract(one, i)))
            vstore(mem, dz + n + k, m, vmultiply(vmultiply(d_f, f), vsubtract(one, f)))
            vstore(mem, dz + 2 * n + k, m, vmultiply(d_g, vsubtract(one, vmultiply(g, g))))
            vstore(mem, dz + 3 * n + k, m, vmultiply(vmultiply(d_o, o), vsubtract(one, o)))


def gru_step(mem, ints, reals, state):
    """What one time step of a GRU does with its product: its bias, gates, candidate and state.

    ints: units, then (place, row) of b, q, x, h, v, z, r, n, w, H (see `core.ops.fused.GruStep`), place of a bias that
    is added to x first, or -1. As in `lstm_step`, exp and tanh run over some rows at a time on the stack.
    """
    units, b, L = ints[0], ints[1], lanes(mem)
    q_row, x_row, h_row, v_row, z_row = ints[4], ints[6], ints[8], ints[10], ints[12]
    r_row, n_row, w_row, new_row = ints[14], ints[16], ints[18], ints[20]
    early = ints[21]
    gates, late = scratch(mem, 544), scratch(mem, 272)
    one = vfill(mem, mem.dtype.type(1))
    wide = min(units, _WIDE)
    several = _FULL // wide
    last = state[FIRST] + state[ROWS]
    for start in range(0, units, wide):
        n = min(wide, units - start)
        for r0 in range(state[FIRST], last, several):
            rows = min(several, last - r0)
            size = (rows * n + _WHOLE - 1) // _WHOLE * _WHOLE
            q, x = ints[3] + r0 * q_row + start, ints[5] + r0 * x_row + start
            for r in range(rows):
                for k in range(0, n, L):
                    m, at = n - k, r * n + k
                    for gate in range(2):
                        own = gate * units + k
                        v_q = vadd(
                            vload(mem, q + r * q_row + own, m), vload(mem, b + start + own, m)
                        )
                        v_x = vload(mem, x + r * x_row + own, m)
                        if early >= 0:
                            v_x = vadd(v_x, vload(mem, early + start + own, m))
                        vstore(gates, gate * _BLOCK + at, L, vadd(v_x, v_q))
            _sigmoid(gates, 0, size)
            _sigmoid(gates, _BLOCK, size)
            to_v, to_r = ints[9] + r0 * v_row + start, ints[13] + r0 * r_row + start
            for r in range(rows):
                for k in range(0, n, L):
                    m, at, own = n - k, r * n + k, 2 * units + k
                    v_q = vadd(vload(mem, q + r * q_row + own, m), vload(mem, b + start + own, m))
                    reset = vload(gates, _BLOCK + at, L)
                    vstore(mem, to_v + r * v_row + k, m, v_q)
                    vstore(mem, to_r + r * r_row + k, m, reset)
                    v_x = vload(mem, x + r * x_row + own, m)
                    if early >= 0:
                        v_x = vadd(v_x, vload(mem, early + start + own, m))
                    vstore(late, at, L, vadd(v_x, vmultiply(reset, v_q)))
            _tanh(late, 0, size)
            h, to_z = ints[7] + r0 * h_row + start, ints[11] + r0 * z_row + start
            to_n, to_w = ints[15] + r0 * n_row + start, ints[17] + r0 * w_row + start
            to_h = ints[19] + r0 * new_row + start
            for r in range(rows):
                for k in range(0, n, L):
                    m, at = n - k, r * n + k
                    keep, new = vload(gates, at, L), vload(late, at, L)
                    rest = vsubtract(one, keep)
                    kept = vmultiply(keep, vload(mem, h + r * h_row + k, m))
                    vstore(mem, to_z + r * z_row + k, m, keep)
                    vstore(mem, to_n + r * n_row + k, m, new)
                    vstore(mem, to_w + r * w_row + k, m, rest)
                    vstore(mem, to_h + r * new_row + k, m, vadd(kept, vmultiply(rest, new)))


def gru_step_grad(mem, ints, reals, state):
    """The gradients of `gru_step`, all in registers.

    ints: units, then (place, row) of dH (its two sources, or itself), n, w, h, z, v, r, dh, dy, dv, dt, du; place -1 of
    the second source and of dh if there is none.
    """
    n, L = ints[0], lanes(mem)
    one = vfill(mem, mem.dtype.type(1))
    two, further = ints[3] >= 0, ints[17] >= 0
    for row in range(state[FIRST], state[FIRST] + state[ROWS]):
        at_a, at_b = ints[1] + row * ints[2], ints[3] + row * ints[4]
        at_n, at_w, at_h = (
            ints[5] + row * ints[6],
            ints[7] + row * ints[8],
            ints[9] + row * ints[10],
        )
        at_z, at_v, at_r = (
            ints[11] + row * ints[12], ints[13] + row * ints[14], ints[15] + row * ints[16],
        )  # fmt: skip
        to_h, to_y, to_v = (
            ints[17] + row * ints[18], ints[19] + row * ints[20], ints[21] + row * ints[22],
        )  # fmt: skip
        to_t, to_u = ints[23] + row * ints[24], ints[25] + row * ints[26]
        for k in range(0, n, L):
            m = n - k
            d = vload(mem, at_a + k, m)
            if two:
                d = vadd(d, vload(mem, at_b + k, m))
            new, rest, h = vload(mem, at_n + k, m), vload(mem, at_w + k, m), vload(mem, at_h + k, m)
            z, v, r = vload(mem, at_z + k, m), vload(mem, at_v + k, m), vload(mem, at_r + k, m)
            if further:
                vstore(mem, to_h + k, m, vmultiply(d, z))
            dy = vmultiply(vmultiply(d, rest), vsubtract(one, vmultiply(new, new)))
            vstore(mem, to_y + k, m, dy)
            vstore(mem, to_v + k, m, vmultiply(dy, r))
            dr = vmultiply(vmultiply(vmultiply(dy, v), r), vsubtract(one, r))
            dz = vadd(vnegate(vmultiply(d, new)), vmultiply(d, h))
            dz = vmultiply(vmultiply(dz, z), vsubtract(one, z))
            vstore(mem, to_t + k, m, dz)
            vstore(mem, to_t + n + k, m, dr)
            vstore(mem, to_u + k, m, dz)
            vstore(mem, to_u + n + k, m, dr)
