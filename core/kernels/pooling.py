"""Means and largest values of windows, of whole images, of the steps that count. Images are (rows, h, w, channels)."""

from __future__ import annotations

from core.kernels.simd import cut
from core.kernels.state import FIRST, ROWS


def average_pool2d(mem, ints, reals, state):
    """``y[u, v, c]`` is the mean of x over the window's pixels inside the image.

    ints: H, W, C, x, x row, ph, pw, h, w, y, y row, sh, sw, top, left
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for v in range(w):
                j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                y = cut(mem, ints[9] + r * ints[10] + (u * w + v) * C, C)
                for k in range(C):
                    y[k] = zero
                for i in range(i0, i1):
                    for j in range(j0, j1):
                        x = cut(mem, ints[3] + r * ints[4] + (i * W + j) * C, C)
                        for k in range(C):
                            y[k] += x[k]
                count = mem.dtype.type((i1 - i0) * (j1 - j0))
                for k in range(C):
                    y[k] /= count


def average_pool2d_grad(mem, ints, reals, state):
    """Every pixel of a window gets an equal share of its gradient; windows add up.

    ints: H, W, C, dx, dx row, ph, pw, h, w, dy, dy row, sh, sw, top, left
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        clear = cut(mem, ints[3] + r * ints[4], H * W * C)
        for k in range(H * W * C):
            clear[k] = zero
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for v in range(w):
                j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                dy = cut(mem, ints[9] + r * ints[10] + (u * w + v) * C, C)
                share = one / mem.dtype.type((i1 - i0) * (j1 - j0))
                for i in range(i0, i1):
                    for j in range(j0, j1):
                        dx = cut(mem, ints[3] + r * ints[4] + (i * W + j) * C, C)
                        for k in range(C):
                            dx[k] += dy[k] * share


def global_max(mem, ints, reals, state):
    """``y[c]`` is the largest x[..., c]; NaN wins. ints: places, C, x, x row, y, y row"""
    places, C = ints[0], ints[1]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        y, x = cut(mem, ints[4] + r * ints[5], C), cut(mem, ints[2] + r * ints[3], C)
        for k in range(C):
            y[k] = x[k]
        for p in range(1, places):
            x = cut(mem, ints[2] + r * ints[3] + p * C, C)
            for k in range(C):
                largest, value = y[k], x[k]
                y[k] = largest if largest >= value or largest != largest else value


def global_max_grad(mem, ints, reals, state):
    """The places that hold the maximum share its gradient equally.

    ints: places, C, x, x row, y, y row, dy, dy row, dx, dx row, scratch (C)
    """
    places, C = ints[0], ints[1]
    zero, one, share = mem.dtype.type(0), mem.dtype.type(1), cut(mem, ints[10], ints[1])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        y, dy = cut(mem, ints[4] + r * ints[5], C), cut(mem, ints[6] + r * ints[7], C)
        for k in range(C):
            share[k] = zero
        for p in range(places):
            x = cut(mem, ints[2] + r * ints[3] + p * C, C)
            for k in range(C):
                share[k] += one if x[k] == y[k] else zero
        for k in range(C):
            share[k] = dy[k] / share[k]
        for p in range(places):
            x = cut(mem, ints[2] + r * ints[3] + p * C, C)
            dx = cut(mem, ints[8] + r * ints[9] + p * C, C)
            for k in range(C):
                given = share[k]
                dx[k] = given if x[k] == y[k] else zero


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
