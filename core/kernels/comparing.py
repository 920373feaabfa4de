"""Lists compared with lists of targets, number by number: what each pair costs, and its slope.

Lists lie along the last axis, `inner` of them a sample, predictions and targets with row strides of their own. They are
short (one answer, ten classes), and a loop of ten numbers is the scalar rest of a vectorised one. So the pairs of as
many lists as fit are laid side by side on the stack, one long loop works out what they cost, and the results are summed
list by list, or go to their places. A list that does not fit is gone through in pieces.

What a pair costs is a function ``(p, t, ε, parameter)``, inlined: every loss has a loop of its own, without branches.
ints and reals are laid out as in `core.kernels.loss`.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, lanes, scratch, total, vfill, vload, vstore
from core.kernels.state import BATCH_ROWS, FIRST, ROWS

_inline = njit(nogil=True, error_model="numpy", forceinline=True)
#: Pairs worked on at a time.
BLOCK = 256


@njit(nogil=True, error_model="numpy")
def shared(ints, reals, state):
    """What every cell of a gradient is multiplied by, besides its share."""
    whole = reals[0] * reals[1]
    if reals[2] == 1.0 and ints[9] < 0:
        return whole / (state[BATCH_ROWS] * ints[0])
    return whole


@_inline
def _after(r, i, inner):
    """The sample and the place of the list after list i of sample r."""
    return (r + 1, 0) if i + 1 == inner else (r, i + 1)


@_inline
def _move(source, a, to, b, n):
    """Copy n numbers from place a of one array to place b of another."""
    if n == 1:
        cut(to, b, 1)[0] = cut(source, a, 1)[0]
        return
    L = lanes(source)
    for k in range(0, n, L):
        vstore(to, b + k, n - k, vload(source, a + k, n - k))


@_inline
def _fill(to, b, n, number):
    """Write one number n times."""
    L, v = lanes(to), vfill(to, number)
    for k in range(0, n, L):
        vstore(to, b + k, n - k, v)


@_inline
def _run(left, i, inner, row, n, size):
    """How many of some lists from list i of a sample on lie back to back: all, those of the sample, or one."""
    if size < n:
        return 1
    return left if row == inner * n else min(left, inner - i)


@_inline
def _beside(mem, at, row, inner, n, r, i, lists, start, size, side):
    """`size` numbers, from the one at `start` on, of some lists from list i of sample r on: where they are, if they
    lie back to back there, or copied to `side`.
    """
    if _run(lists, i, inner, row, n, size) == lists:
        return cut(mem, at + r * row + i * n + start, lists * size)
    done = 0
    while done < lists:
        run = _run(lists - done, i, inner, row, n, size)
        _move(mem, at + r * row + i * n + start, side, done * size, run * size)
        done, r, i = done + run, r + 1, 0
    return side


@_inline
def _returned(mem, at, row, inner, n, r, i, lists, start, size, side):
    """Bring such numbers from `side` to their places."""
    done = 0
    while done < lists:
        run = _run(lists - done, i, inner, row, n, size)
        _move(side, done * size, mem, at + r * row + i * n + start, run * size)
        done, r, i = done + run, r + 1, 0


@_inline
def sums(cost, mem, ints, reals, state, epsilon, parameter):
    """``reals[0] Σ cost(p, t)`` of every list."""
    inner, n, factor, zero = ints[0], ints[1], mem.dtype.type(reals[0]), mem.dtype.type(0)
    ps, ts, terms = scratch(mem, BLOCK), scratch(mem, BLOCK), scratch(mem, BLOCK)
    left, r, i = state[ROWS] * inner, state[FIRST], 0
    while left > 0:
        lists = min(left, max(1, BLOCK // n))
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            p = _beside(mem, ints[2], ints[3], inner, n, r, i, lists, start, size, ps)
            t = _beside(mem, ints[4], ints[5], inner, n, r, i, lists, start, size, ts)
            for k in range(lists * size):
                terms[k] = mem.dtype.type(cost(p[k], t[k], epsilon, parameter))
            s, j = r, i
            for k in range(lists):
                out = cut(mem, ints[6] + s * ints[7] + j, 1)
                before = out[0] if start > 0 else zero
                out[0] = before + total(cut(terms, k * size, size), size) * factor
                s, j = _after(s, j, inner)
        left -= lists
        r, i = s, j


@_inline
def slopes(slope, mem, ints, reals, state, epsilon, parameter):
    """``dp = factor · slope(p, t)`` of every pair."""
    inner, n = ints[0], ints[1]
    factor = mem.dtype.type(shared(ints, reals, state))
    ps, ts = scratch(mem, BLOCK), scratch(mem, BLOCK)
    scale, side = scratch(mem, BLOCK), scratch(mem, BLOCK)
    left, r, i = state[ROWS] * inner, state[FIRST], 0
    while left > 0:
        lists = min(left, max(1, BLOCK // n))
        s, j = r, i
        _fill(scale, 0, lists * min(n, BLOCK), factor)
        for k in range(lists):
            if ints[9] >= 0:
                share = cut(mem, ints[9] + s * ints[10] + j, 1)[0]
                _fill(scale, k * n, min(n, BLOCK), factor * share)
            s, j = _after(s, j, inner)
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            p = _beside(mem, ints[2], ints[3], inner, n, r, i, lists, start, size, ps)
            t = _beside(mem, ints[4], ints[5], inner, n, r, i, lists, start, size, ts)
            for k in range(lists * size):
                side[k] = mem.dtype.type(slope(p[k], t[k], epsilon, parameter)) * scale[k]
            _returned(mem, ints[6], ints[7], inner, n, r, i, lists, start, size, side)
        left -= lists
        r, i = s, j
