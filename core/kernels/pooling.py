"""Means and largest values of windows, of whole images, of the steps that count. Images are (rows, h, w, channels).

Channels go in registers (`core.kernels.registers`) while a window or an image is walked over: there are often too few
of them for a loop to be vectorised, and a sum or a maximum stays in its register until all places have been seen.
"""

from __future__ import annotations

from core.kernels.simd import (
    cut,
    lanes,
    vadd,
    vdivide,
    vequal,
    vfill,
    vload,
    vmax,
    vmultiply,
    vstore,
    vzero,
)
from core.kernels.state import FIRST, ROWS


def average_pool2d(mem, ints, reals, state):
    """``y[u, v, c]`` is the mean of x over the window's pixels inside the image.

    ints: H, W, C, x, x row, ph, pw, h, w, y, y row, sh, sw, top, left
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    L = lanes(mem)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        x, y = ints[3] + r * ints[4], ints[9] + r * ints[10]
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for v in range(w):
                j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                count = vfill(mem, mem.dtype.type((i1 - i0) * (j1 - j0)))
                for k in range(0, C, L):
                    total = vzero(mem)
                    for i in range(i0, i1):
                        for j in range(j0, j1):
                            total = vadd(total, vload(mem, x + (i * W + j) * C + k, C - k))
                    vstore(mem, y + (u * w + v) * C + k, C - k, vdivide(total, count))


def average_pool2d_grad(mem, ints, reals, state):
    """Every pixel of a window gets an equal share of its gradient; windows add up.

    ints: H, W, C, dx, dx row, ph, pw, h, w, dy, dy row, sh, sw, top, left
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    zero, one, L = mem.dtype.type(0), mem.dtype.type(1), lanes(mem)
    # Windows side by side over the whole image: every pixel is in one, and is written once.
    tiled = sh == ph and sw == pw and top == 0 and left == 0 and h * sh == H and w * sw == W
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        dx, dy = ints[3] + r * ints[4], ints[9] + r * ints[10]
        if not tiled:
            clear = cut(mem, dx, H * W * C)
            for k in range(H * W * C):
                clear[k] = zero
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for v in range(w):
                j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                share = vfill(mem, one / mem.dtype.type((i1 - i0) * (j1 - j0)))
                for k in range(0, C, L):
                    given = vmultiply(vload(mem, dy + (u * w + v) * C + k, C - k), share)
                    for i in range(i0, i1):
                        for j in range(j0, j1):
                            at = dx + (i * W + j) * C + k
                            if tiled:
                                vstore(mem, at, C - k, given)
                            else:
                                vstore(mem, at, C - k, vadd(vload(mem, at, C - k), given))


def global_max(mem, ints, reals, state):
    """``y[c]`` is the largest x[..., c]; NaN wins. ints: places, C, x, x row, y, y row"""
    places, C, L = ints[0], ints[1], lanes(mem)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for k in range(0, C, L):
            x = ints[2] + r * ints[3] + k
            largest = vload(mem, x, C - k)
            for p in range(1, places):
                largest = vmax(largest, vload(mem, x + p * C, C - k))
            vstore(mem, ints[4] + r * ints[5] + k, C - k, largest)


def global_max_grad(mem, ints, reals, state):
    """The places that hold the maximum share its gradient equally.

    ints: places, C, x, x row, y, y row, dy, dy row, dx, dx row, scratch (C)
    """
    places, C, L = ints[0], ints[1], lanes(mem)
    none, one = vzero(mem), vfill(mem, mem.dtype.type(1))
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for k in range(0, C, L):
            n, x, dx = C - k, ints[2] + r * ints[3] + k, ints[8] + r * ints[9] + k
            y, share = vload(mem, ints[4] + r * ints[5] + k, n), none
            for p in range(places):
                share = vadd(share, vequal(vload(mem, x + p * C, n), y, one, none))
            share = vdivide(vload(mem, ints[6] + r * ints[7] + k, n), share)
            for p in range(places):
                vstore(mem, dx + p * C, n, vequal(vload(mem, x + p * C, n), y, share, none))


def masked_mean(mem, ints, reals, state):
    """``y[c] = Σ_t keep[t] x[t, c] / Σ_t keep[t]``. ints: steps, C, x, x row, keep, keep row, y, y row"""
    steps, C = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        y, keep = cut(mem, ints[6] + r * ints[7], C), cut(mem, ints[4] + r * ints[5], steps)
        for k in range(C):
            y[k] = zero
        count = zero
        for t in range(steps):
            if keep[t] != zero:
                count += one
                x = cut(mem, ints[2] + r * ints[3] + t * C, C)
                for k in range(C):
                    y[k] += x[k]
        for k in range(C):
            y[k] /= count


def masked_mean_grad(mem, ints, reals, state):
    """``dx[t, c] = keep[t] dy[c] / Σ keep``. ints: steps, C, keep, keep row, dy, dy row, dx, dx row"""
    steps, C = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        keep, dy = cut(mem, ints[2] + r * ints[3], steps), cut(mem, ints[4] + r * ints[5], C)
        count = zero
        for t in range(steps):
            count += one if keep[t] != zero else zero
        for t in range(steps):
            dx = cut(mem, ints[6] + r * ints[7] + t * C, C)
            if keep[t] != zero:
                for k in range(C):
                    dx[k] = dy[k] / count
            else:
                for k in range(C):
                    dx[k] = zero
