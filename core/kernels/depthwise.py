"""Convolution of each channel by itself. Images are (rows, height, width, channels).

Output channel ``c·M + m`` is filter m of channel c, as the kernel (kh, kw, C, M) lies in memory. With several filters a
channel, each image is first written with every channel M times into working memory: the channels of both sides then lie
beside each other, and go in registers while the taps of a filter are walked over.

Three channels would leave most of a register empty. Where the places of a row lie side by side (strides of 1), whole
rows go through registers instead, pixel after pixel, beside filters that are repeated until lanes and channels begin
together again. Every number is added up in the same order either way.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, lanes, scratch, vadd, vload, vmultiply, vstore, vzero
from core.kernels.state import FIRST, ROWS

#: Numbers on the stack for repeated filters, and for a row of pixels with its edges.
ROOM = 4096


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


@njit(nogil=True, error_model="numpy")
def _period(n, L):
    """After how many registers channels and lanes begin together again."""
    return n // L if n % L == 0 else n


@njit(nogil=True, error_model="numpy", forceinline=True)
def _filters(mem, w, taps, n, period, out):
    """Each tap's filter as often as `period` registers hold it."""
    L = lanes(mem)
    for tap in range(taps):
        here = cut(mem, w + tap * n, n)
        for k in range(0, period * L, n):
            there = cut(out, tap * period * L + k, n)
            for c in range(n):
                there[c] = here[c]


def depthwise2d(mem, ints, reals, state):
    """``y[u, v, c·M+m] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, m]``.

    ints: H, W, C, x, x row, kh, kw, M, w, h, w, y, y row, sh, sw, dh, dw, scratch (H·W·C·M)
    """
    H, W, C, kh, kw, M, h = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[9]
    wide, sh, sw, dh, dw, n = ints[10], ints[13], ints[14], ints[15], ints[16], ints[2] * ints[7]
    L, filters, period = lanes(mem), scratch(mem, ROOM), _period(n, lanes(mem))
    flat = sw == 1 and kh * kw * period * L <= ROOM
    if flat:
        _filters(mem, ints[8], kh * kw, n, period, filters)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = _repeated(mem, ints[3] + r * ints[4], ints[17], H * W, C, M)
        for u in range(h):
            top, y = image + u * sh * W * n, ints[11] + r * ints[12] + u * wide * n
            if flat:
                phase = 0
                for q in range(0, wide * n, L):
                    total = vzero(mem)
                    for i in range(kh):
                        for j in range(kw):
                            x = top + (i * dh * W + j * dw) * n + q
                            w = vload(filters, ((i * kw + j) * period + phase) * L, L)
                            here = vload(mem, x, wide * n - q)
                            total = vadd(total, vmultiply(here, w))
                    vstore(mem, y + q, wide * n - q, total)
                    phase = phase + 1 if phase + 1 < period else 0
                continue
            for v in range(wide):
                for k in range(0, n, L):
                    total = vzero(mem)
                    for i in range(kh):
                        x = top + (i * dh * W + v * sw) * n + k
                        for j in range(kw):
                            w = vload(mem, ints[8] + (i * kw + j) * n + k, n - k)
                            here = vload(mem, x + j * dw * n, n - k)
                            total = vadd(total, vmultiply(here, w))
                    vstore(mem, y + v * n + k, n - k, total)


@njit(nogil=True, error_model="numpy", forceinline=True)
def _row_back(mem, dy, dx, size, period, kh, kw, down, right, padded, filters):
    """Add one row of dy to the rows of dx its taps fell on, `down` apart; taps in a row are `right` apart.

    Each register of dx takes its terms in the order of the places v, so from the last tap to the first. Zeros beside
    the row stand for places that are not there.
    """
    L, edge = lanes(mem), (kw - 1) * right
    for q in range(0, size - edge, L):
        left = size - edge - q
        vstore(padded, edge + q, left, vload(mem, dy + q, left))
    for i in range(kh):
        at, phase = dx + i * down, 0
        for q in range(0, size, L):
            total = vload(mem, at + q, size - q)
            for back in range(kw):
                j = kw - 1 - back
                w = vload(filters, ((i * kw + j) * period + phase) * L, L)
                here = vload(padded, edge + q - j * right, size - q)
                total = vadd(total, vmultiply(here, w))
            vstore(mem, at + q, size - q, total)
            phase = phase + 1 if phase + 1 < period else 0


def depthwise2d_input_grad(mem, ints, reals, state):
    """``dx[u·sh+i·dh, v·sw+j·dw, c] += Σ_m dy[u, v, c·M+m] w[i, j, c, m]``.

    ints: H, W, C, dx, dx row, kh, kw, M, w, h, w, dy, dy row, sh, sw, dh, dw, scratch (H·W·C·M)
    """
    H, W, C, kh, kw, M, h = ints[0], ints[1], ints[2], ints[5], ints[6], ints[7], ints[9]
    wide, sh, sw, dh, dw, n = ints[10], ints[13], ints[14], ints[15], ints[16], ints[2] * ints[7]
    zero, L = mem.dtype.type(0), lanes(mem)
    filters, padded, edges = scratch(mem, ROOM), scratch(mem, ROOM), 2 * (kw - 1) * dw * n
    period = _period(n, L)
    flat = sw == 1 and max(kh * kw * period * L, wide * n + edges) <= ROOM
    if flat:
        _filters(mem, ints[8], kh * kw, n, period, filters)
        for k in range(wide * n + edges):
            padded[k] = zero
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        image = ints[3] + r * ints[4] if M == 1 else ints[17]
        clear = cut(mem, image, H * W * n)
        for k in range(H * W * n):
            clear[k] = zero
        for u in range(h):
            row = ints[11] + r * ints[12] + u * wide * n
            if flat:
                top = image + u * sh * W * n
                _row_back(mem, row, top, W * n, period, kh, kw, dh * W * n, dw * n, padded, filters)
                continue
            for v in range(wide):
                dy = cut(mem, row + v * n, n)
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
