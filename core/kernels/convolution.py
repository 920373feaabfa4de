"""Around convolutions: padding, filters turned round, pooling. Images are (rows, height, width, channels).

Padding copies whole rows of an image; pooling holds channels in registers (`core.kernels.registers`) while it walks
over a window, because a loop over 8 channels would stay scalar; the usual windows of 2x2 are written out, because two
loops of two turns take longer than what is in them. The convolution itself is in `core.kernels.products`.
"""

from __future__ import annotations

from core.kernels.simd import cut, lanes, vadd, vequal, vload, vmax, vstore, vzero
from core.kernels.state import FIRST, ROWS


def place2d(mem, ints, reals, state):
    """Images into larger ones of zeros, pixel (u, v) at (top + u·sh, left + v·sw). A padding forward.

    ints: h, w, channels, x, x row, H, W, y, y row, top, left, sh, sw
    """
    h, w, n, big_h, big_w = ints[0], ints[1], ints[2], ints[5], ints[6]
    top, left, sh, sw = ints[9], ints[10], ints[11], ints[12]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        y = cut(mem, ints[7] + r * ints[8], big_h * big_w * n)
        for k in range(big_h * big_w * n):
            y[k] = zero
        for u in range(h):
            source = ints[3] + r * ints[4] + u * w * n
            to = ints[7] + r * ints[8] + ((top + u * sh) * big_w + left) * n
            if sw == 1:
                a, b = cut(mem, source, w * n), cut(mem, to, w * n)
                for k in range(w * n):
                    b[k] = a[k]
            else:
                for v in range(w):
                    a, b = cut(mem, source + v * n, n), cut(mem, to + v * sw * n, n)
                    for k in range(n):
                        b[k] = a[k]


def crop2d(mem, ints, reals, state):
    """Every (sh, sw)-th pixel of images from (top, left) on: the inside of a padding, the gradient of a spread.

    ints: h, w, channels, x, x row, W, y, y row, top, left, sh, sw
    """
    h, w, n, big_w, top, left = ints[0], ints[1], ints[2], ints[5], ints[8], ints[9]
    sh, sw = ints[10], ints[11]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for u in range(h):
            source = ints[3] + r * ints[4] + ((top + u * sh) * big_w + left) * n
            to = ints[6] + r * ints[7] + u * w * n
            if sw == 1:
                a, b = cut(mem, source, w * n), cut(mem, to, w * n)
                for k in range(w * n):
                    b[k] = a[k]
            else:
                for v in range(w):
                    a, b = cut(mem, source + v * sw * n, n), cut(mem, to + v * n, n)
                    for k in range(n):
                        b[k] = a[k]


def turn_kernel(mem, ints, reals, state):
    """(kh, kw, C/g, F) to (kh, kw, F/g, C), rotated by half a turn, group by group.

    ints: kh, kw, C/g, F, w, out, g
    """
    taps, C, F, groups = ints[0] * ints[1], ints[2], ints[3], ints[6]
    own = F // groups
    w, t = cut(mem, ints[4], taps * C * F), cut(mem, ints[5], taps * C * F)
    for ij in range(taps):
        for g in range(groups):
            for c in range(C):
                for f in range(own):
                    t[((taps - 1 - ij) * own + f) * C * groups + g * C + c] = w[
                        (ij * C + c) * F + g * own + f
                    ]


def max_pool2d(mem, ints, reals, state):
    """``y[u, v, c] = max x[u·sh+i-top, v·sw+j-left, c]`` inside the image; NaN wins.

    ints: H, W, C, x, x row, ph, pw, h, w, y, y row, sh, sw, top, left
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    L, usual = lanes(mem), ph == 2 and pw == 2
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        x, y = ints[3] + r * ints[4], ints[9] + r * ints[10]
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for k in range(0, C, L):
                n = C - k
                for v in range(w):
                    j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                    at = x + (i0 * W + j0) * C + k
                    m = vload(mem, at, n)
                    if usual and i1 - i0 == 2 and j1 - j0 == 2:
                        below = at + W * C
                        m = vmax(m, vload(mem, at + C, n))
                        m = vmax(m, vmax(vload(mem, below, n), vload(mem, below + C, n)))
                    else:
                        for i in range(i0, i1):
                            for j in range(j0, j1):
                                m = vmax(m, vload(mem, x + (i * W + j) * C + k, n))
                    vstore(mem, y + (u * w + v) * C + k, n, m)


def max_pool2d_grad(mem, ints, reals, state):
    """The gradient of each output goes to the first place of its window that held the maximum; windows add up.

    ints: H, W, C, x, x row, ph, pw, h, w, y, y row, sh, sw, top, left, dy, dy row, dx, dx row
    """
    H, W, C, ph, pw, h, w = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[8]
    sh, sw, top, left = ints[11], ints[12], ints[13], ints[14]
    L, zero, none = lanes(mem), mem.dtype.type(0), vzero(mem)
    # A pixel is in one window at most; and every one is in one.
    apart = sh >= ph and sw >= pw
    tiled = sh == ph and sw == pw and h * sh >= H + top and w * sw >= W + left
    usual = apart and ph == 2 and pw == 2
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        x, y, dy, dx = (
            ints[3] + r * ints[4],
            ints[9] + r * ints[10],
            ints[15] + r * ints[16],
            ints[17] + r * ints[18],
        )
        if not tiled:
            clear = cut(mem, dx, H * W * C)
            for k in range(H * W * C):
                clear[k] = zero
        for u in range(h):
            i0, i1 = max(u * sh - top, 0), min(u * sh - top + ph, H)
            for k in range(0, C, L):
                n = C - k
                for v in range(w):
                    j0, j1 = max(v * sw - left, 0), min(v * sw - left + pw, W)
                    place = (u * w + v) * C + k
                    m, d = vload(mem, y + place, n), vload(mem, dy + place, n)
                    if usual and i1 - i0 == 2 and j1 - j0 == 2:
                        for i in range(2):
                            at = ((i0 + i) * W + j0) * C + k
                            value, beside = vload(mem, x + at, n), vload(mem, x + at + C, n)
                            vstore(mem, dx + at, n, vequal(value, m, d, none))
                            d = vequal(value, m, none, d)
                            vstore(mem, dx + at + C, n, vequal(beside, m, d, none))
                            d = vequal(beside, m, none, d)
                        continue
                    for i in range(i0, i1):
                        for j in range(j0, j1):
                            at = (i * W + j) * C + k
                            value = vload(mem, x + at, n)
                            given = vequal(value, m, d, none)
                            if apart:
                                vstore(mem, dx + at, n, given)
                            else:
                                vstore(mem, dx + at, n, vadd(vload(mem, dx + at, n), given))
                            d = vequal(value, m, none, d)
