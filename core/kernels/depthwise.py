"""Convolution of each channel by itself. Images are (rows, height, width, channels).

Output channel ``c·M + m`` is filter m of channel c, as the kernel (kh, kw, C, M) lies in memory.
"""

from __future__ import annotations

from core.kernels.simd import cut
from core.kernels.state import FIRST, ROWS


def depthwise2d(mem, ints, reals, state):
    """``y[u, v, c·M+m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, m]``.

    ints: H, W, C, x, x row, kh, kw, M, w, h, w, y, y row, sh, sw, dh, dw
    """
    W, C, kh, kw, M, h, wide = ints[1], ints[2], ints[5], ints[6], ints[7], ints[9], ints[10]
    sh, sw, dh, dw = ints[13], ints[14], ints[15], ints[16]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for u in range(h):
            for v in range(wide):
                y = cut(mem, ints[11] + r * ints[12] + (u * wide + v) * C * M, C * M)
                for k in range(C * M):
                    y[k] = zero
                for i in range(kh):
                    for j in range(kw):
                        at = ints[3] + r * ints[4] + ((u * sh + i * dh) * W + v * sw + j * dw) * C
                        x, w = cut(mem, at, C), cut(mem, ints[8] + (i * kw + j) * C * M, C * M)
                        if M == 1:
                            for k in range(C):
                                y[k] += x[k] * w[k]
                        else:
                            for c in range(C):
                                for m in range(c * M, c * M + M):
                                    y[m] += x[c] * w[m]


def depthwise2d_input_grad(mem, ints, reals, state):
    """``dx[u·sh+i·dh, v·sw+j·dw, c] += Σ_m dy[u, v, c·M+m] w[i, j, c, m]``.

    ints: H, W, C, dx, dx row, kh, kw, M, w, h, w, dy, dy row, sh, sw, dh, dw
    """
    H, W, C, kh, kw, M = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7]
    h, wide, sh, sw, dh, dw = ints[9], ints[10], ints[13], ints[14], ints[15], ints[16]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        clear = cut(mem, ints[3] + r * ints[4], H * W * C)
        for k in range(H * W * C):
            clear[k] = zero
        for u in range(h):
            for v in range(wide):
                dy = cut(mem, ints[11] + r * ints[12] + (u * wide + v) * C * M, C * M)
                for i in range(kh):
                    for j in range(kw):
                        at = ints[3] + r * ints[4] + ((u * sh + i * dh) * W + v * sw + j * dw) * C
                        dx, w = cut(mem, at, C), cut(mem, ints[8] + (i * kw + j) * C * M, C * M)
                        if M == 1:
                            for k in range(C):
                                dx[k] += dy[k] * w[k]
                        else:
                            for c in range(C):
                                for m in range(c * M, c * M + M):
                                    dx[c] += dy[m] * w[m]


def depthwise2d_weight_grad(mem, ints, reals, state):
    """``dw[i, j, c, m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dy[u, v, c·M+m]`` over samples and pixels.

    Each image's sum is finished before it is added, so that long sums lose less.
    ints: H, W, C, x, x row, kh, kw, M, dw, h, w, dy, dy row, sh, sw, dh, dw, scratch (C·M)
    """
    W, C, kh, kw, M, h, wide = ints[1], ints[2], ints[5], ints[6], ints[7], ints[9], ints[10]
    sh, sw, dh, dw = ints[13], ints[14], ints[15], ints[16]
    zero, part = mem.dtype.type(0), cut(mem, ints[17], C * M)
    for i in range(kh):
        for j in range(kw):
            total = cut(mem, ints[8] + (i * kw + j) * C * M, C * M)
            for k in range(C * M):
                total[k] = zero
            for r in range(state[FIRST], state[FIRST] + state[ROWS]):
                for k in range(C * M):
                    part[k] = zero
                for u in range(h):
                    for v in range(wide):
                        at = ints[3] + r * ints[4] + ((u * sh + i * dh) * W + v * sw + j * dw) * C
                        x = cut(mem, at, C)
                        dy = cut(mem, ints[11] + r * ints[12] + (u * wide + v) * C * M, C * M)
                        if M == 1:
                            for k in range(C):
                                part[k] += x[k] * dy[k]
                        else:
                            for c in range(C):
                                for m in range(c * M, c * M + M):
                                    part[m] += x[c] * dy[m]
                for k in range(C * M):
                    total[k] += part[k]
