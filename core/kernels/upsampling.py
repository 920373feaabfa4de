"""Images made larger by whole factors, and the way back. Images are (rows, height, width, channels).

Pixels are copied channels at a time: whole pixels lie side by side. Those of a block are added up in registers, since a
loop over three channels would stay scalar.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, lanes, vadd, vload, vstore, vzero
from core.kernels.state import FIRST, ROWS


def repeat2d(mem, ints, reals, state):
    """``y[u, v] = x[u // sh, v // sw]``. ints: h, w, C, x, x row, y, y row, sh, sw"""
    h, w, C, sh, sw = ints[0], ints[1], ints[2], ints[7], ints[8]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(h):
            for a in range(sh):
                for j in range(w):
                    x = cut(mem, ints[3] + r * ints[4] + (i * w + j) * C, C)
                    at = ints[5] + r * ints[6] + (((i * sh + a) * w + j) * sw) * C
                    for b in range(sw):
                        y = cut(mem, at + b * C, C)
                        for k in range(C):
                            y[k] = x[k]


def repeat2d_grad(mem, ints, reals, state):
    """``dx[i, j]`` is the sum of dy over the block of pixel (i, j). ints: h, w, C, dx, dx row, dy, dy row, sh, sw"""
    h, w, C, sh, sw, L = ints[0], ints[1], ints[2], ints[7], ints[8], lanes(mem)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(h):
            for j in range(w):
                dx = ints[3] + r * ints[4] + (i * w + j) * C
                for k in range(0, C, L):
                    total = vzero(mem)
                    for a in range(sh):
                        dy = ints[5] + r * ints[6] + ((i * sh + a) * w + j) * sw * C + k
                        for b in range(sw):
                            total = vadd(total, vload(mem, dy + b * C, C - k))
                    vstore(mem, dx + k, C - k, total)


@njit(nogil=True, error_model="numpy")
def between(u, size, factor):
    """(first, second, share of the second): the pixels between whose centres the centre of pixel u lies."""
    at = max((u + 0.5) / factor - 0.5, 0.0)
    first = int(at)
    return first, min(first + 1, size - 1), at - first


def bilinear2d(mem, ints, reals, state):
    """Each pixel is a mix of the four whose centres surround its own. ints: h, w, C, x, x row, y, y row, sh, sw"""
    h, w, C, sh, sw = ints[0], ints[1], ints[2], ints[7], ints[8]
    real = mem.dtype.type
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = ints[3] + r * ints[4]
        for u in range(h * sh):
            i0, i1, down = between(u, h, sh)
            for v in range(w * sw):
                j0, j1, right = between(v, w, sw)
                a, b = (
                    cut(mem, image + (i0 * w + j0) * C, C),
                    cut(mem, image + (i0 * w + j1) * C, C),
                )
                c, d = (
                    cut(mem, image + (i1 * w + j0) * C, C),
                    cut(mem, image + (i1 * w + j1) * C, C),
                )
                y = cut(mem, ints[5] + r * ints[6] + (u * w * sw + v) * C, C)
                wa, wb = real((1 - down) * (1 - right)), real((1 - down) * right)
                wc, wd = real(down * (1 - right)), real(down * right)
                for k in range(C):
                    y[k] = a[k] * wa + b[k] * wb + c[k] * wc + d[k] * wd


def bilinear2d_grad(mem, ints, reals, state):
    """Each pixel's gradient goes to the four it was mixed from, in the same shares.

    ints: h, w, C, dx, dx row, dy, dy row, sh, sw
    """
    h, w, C, sh, sw = ints[0], ints[1], ints[2], ints[7], ints[8]
    zero, real = mem.dtype.type(0), mem.dtype.type
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = ints[3] + r * ints[4]
        clear = cut(mem, image, h * w * C)
        for k in range(h * w * C):
            clear[k] = zero
        for u in range(h * sh):
            i0, i1, down = between(u, h, sh)
            for v in range(w * sw):
                j0, j1, right = between(v, w, sw)
                dy = cut(mem, ints[5] + r * ints[6] + (u * w * sw + v) * C, C)
                # One after the other: at an edge two of the four are the same pixel.
                for corner in range(4):
                    i, j = i1 if corner > 1 else i0, j1 if corner % 2 else j0
                    share = real(
                        (down if corner > 1 else 1 - down) * (right if corner % 2 else 1 - right)
                    )
                    dx = cut(mem, image + (i * w + j) * C, C)
                    for k in range(C):
                        dx[k] += dy[k] * share
