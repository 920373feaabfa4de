"""Convolution of each channel by itself. Images are (rows, height, width, channels).

Output channel ``c·M + m`` is filter m of channel c, as the kernel (kh, kw, C, M) lies in memory. With several filters a
channel, each image is first written with every channel M times into working memory: the channels of both sides then lie
beside each other, and go in registers while the taps of a filter are walked over.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, lanes, vadd, vload, vmultiply, vstore, vzero
from core.kernels.state import FIRST, ROWS


@njit(nogil=True, error_model="numpy")
def _repeated(mem, image, to, pixels, C, M):
    """Where the image is with every channel M times."""
    if M == 1:
        return image
    for p in range(pixels):
        x, y = cut(mem, image + p * C, C), cut(mem, to + p * C * M, C * M)
        for m in range(M):
            for c in range(C):
                y[c * M + m] = x[c]
    return to


def depthwise2d(mem, ints, reals, state):
    """``y[u, v, c·M+m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, m]``.

    ints: H, W, C, x, x row, kh, kw, M, w, h, w, y, y row, sh, sw, dh, dw, scratch (H·W·C·M)
    """
    H, W, C, kh, kw, M, h = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[9]
    wide, sh, sw, dh, dw, n = ints[10], ints[13], ints[14], ints[15], ints[16], ints[2] * ints[7]
    L = lanes(mem)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = _repeated(mem, ints[3] + r * ints[4], ints[17], H * W, C, M)
        for u in range(h):
            for v in range(wide):
                y = ints[11] + r * ints[12] + (u * wide + v) * n
                for k in range(0, n, L):
                    total = vzero(mem)
                    for i in range(kh):
                        x = image + ((u * sh + i * dh) * W + v * sw) * n + k
                        for j in range(kw):
                            w = vload(mem, ints[8] + (i * kw + j) * n + k, n - k)
                            here = vload(mem, x + j * dw * n, n - k)
                            total = vadd(total, vmultiply(here, w))
                    vstore(mem, y + k, n - k, total)


def depthwise2d_input_grad(mem, ints, reals, state):
    """``dx[u·sh+i·dh, v·sw+j·dw, c] += Σ_m dy[u, v, c·M+m] w[i, j, c, m]``.

    ints: H, W, C, dx, dx row, kh, kw, M, w, h, w, dy, dy row, sh, sw, dh, dw, scratch (H·W·C·M)
    """
    H, W, C, kh, kw, M, h = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[9]
    wide, sh, sw, dh, dw, n = ints[10], ints[13], ints[14], ints[15], ints[16], ints[2] * ints[7]
    zero = mem.dtype.type(0)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = ints[3] + r * ints[4] if M == 1 else ints[17]
        clear = cut(mem, image, H * W * n)
        for k in range(H * W * n):
            clear[k] = zero
        for u in range(h):
            for v in range(wide):
                dy = cut(mem, ints[11] + r * ints[12] + (u * wide + v) * n, n)
                for i in range(kh):
                    for j in range(kw):
                        # Not in registers: what the tap before stored in part cannot be loaded in part for a while.
                        dx = cut(mem, image + ((u * sh + i * dh) * W + v * sw + j * dw) * n, n)
                        w = cut(mem, ints[8] + (i * kw + j) * n, n)
                        for k in range(n):
                            dx[k] += dy[k] * w[k]
        if M == 1:
            continue
        for p in range(H * W):
            dx, each = cut(mem, ints[3] + r * ints[4] + p * C, C), cut(mem, image + p * n, n)
            for c in range(C):
                dx[c] = each[c * M]
            for m in range(1, M):
                for c in range(C):
                    dx[c] += each[c * M + m]


def depthwise2d_weight_grad(mem, ints, reals, state):
    """``dw[i, j, c, m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dy[u, v, c·M+m]`` over samples and pixels.

    Each image's sum is finished before it is added, so that long sums lose less.
    ints: H, W, C, x, x row, kh, kw, M, dw, h, w, dy, dy row, sh, sw, dh, dw, scratch (H·W·C·M + C·M)
    """
    H, W, C, kh, kw, M, h = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[9]
    wide, sh, sw, dh, dw, n = ints[10], ints[13], ints[14], ints[15], ints[16], ints[2] * ints[7]
    zero, L = mem.dtype.type(0), lanes(mem)
    whole = cut(mem, ints[8], kh * kw * n)
    for k in range(kh * kw * n):
        whole[k] = zero
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = _repeated(mem, ints[3] + r * ints[4], ints[17], H * W, C, M)
        for i in range(kh):
            for j in range(kw):
                place = (i * dh * W + j * dw) * n
                for k in range(0, n, L):
                    # Two sums side by side: an addition waits for the one before it.
                    even, odd = vzero(mem), vzero(mem)
                    for u in range(h):
                        x = image + place + u * sh * W * n + k
                        dy = ints[11] + r * ints[12] + u * wide * n + k
                        for v in range(wide):
                            here = vload(mem, x + v * sw * n, n - k)
                            term = vmultiply(here, vload(mem, dy + v * n, n - k))
                            even, odd = odd, vadd(even, term)
                    at = ints[8] + (i * kw + j) * n + k
                    vstore(mem, at, n - k, vadd(vload(mem, at, n - k), vadd(even, odd)))
