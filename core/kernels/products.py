"""Every product of matrices: dense layers, convolutions, their gradients.

They are one kernel, because each kernel that calls `simd.product` compiles it again, which takes seconds. What tells
them apart is where the factors begin and how far apart their elements are: images as (rows, height, width, channels)
and filters as (taps, taps, channels, filters) are multiplied where they lie. What makes them fast is told there.
"""

from __future__ import annotations

from numba import njit

from core.kernels.simd import cut, product
from core.kernels.state import FIRST, ROWS

#: Kinds, the first of the kernel's integers.
FORWARD, WEIGHT_GRAD, INPUT_GRAD, CONVOLUTION, CONVOLUTION_WEIGHT_GRAD, TURN, TURNED = range(7)

#: The end of `product`'s arguments where nothing is outside: P = Q = 1.
_ONCE = (1, 0, 0, 0, 1, 0, 0, 0)


def products(mem, ints, reals, state):
    """One product.

    Dense, for A (rows, inner, ...): FORWARD ``C = A · B`` for A (rows, inner, K), B (K, N). WEIGHT_GRAD ``C = Aᵀ · B``
    summed over rows and inner, for B (rows, inner, N). INPUT_GRAD ``C = A · Bᵀ`` for A (rows, inner, N) and B (K, N),
    which is transposed into scratch first.
    TURN turns B (K, N) of it into scratch and TURNED does the rest: a weight that is read many times is turned once.
    ints: kind, inner, N, K, a, a row, a inner, b, b row, b inner, c, c row, c inner, scratch

    CONVOLUTION ``y[u, v, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] w[i, j, c, f]``, c over the channels of f's group.
    ints: kind, H, W, C, x, x row, kh, kw, F, w, out h, out w, y, y row, sh, sw, (unused), dh, dw, groups

    CONVOLUTION_WEIGHT_GRAD ``dw[i, j, c, f] = Σ x[u·sh+i·dh, v·sw+j·dw, c] dz[u, v, f]`` over samples and pixels.
    ints: kind, H, W, C, x, x row, kh, kw, F, dw, h, w, dz, dz row, sh, sw, filters, dh, dw, groups, rows
    (of the kw·C in each row of taps, and of the F filters, those that are wanted)

    A convolution with gaps in a row of its taps (dilation, groups) is a sum of several products.
    """
    kind, parts = ints[0], 1
    if kind == TURN:
        _transpose(mem, ints[7], ints[13], ints[3], ints[2], ints[12])
        return
    if kind == CONVOLUTION and _gaps(ints):
        parts = ints[19] * ints[6]
    elif kind == CONVOLUTION_WEIGHT_GRAD:
        _clear(mem, ints)
        if _gaps(ints):
            parts = ints[19] * ints[7]
    elif kind == INPUT_GRAD:
        _transpose(mem, ints[7], ints[13], ints[3], ints[2], ints[3])
    for part in range(parts):
        if kind == CONVOLUTION:
            factors = _convolution(ints, state, part)
        elif kind == CONVOLUTION_WEIGHT_GRAD:
            factors = _convolution_weight_grad(ints, state, part)
        else:
            factors = _dense(ints, state)
        product(mem, *factors)


@njit(nogil=True, error_model="numpy")
def _dense(ints, state):
    """The arguments of `product`, but for the arena."""
    kind, inner, n, k = ints[0], ints[1], ints[2], ints[3]
    first, rows = state[FIRST], state[ROWS]
    a_row, a_in, b_row, b_in, c_row, c_in = ints[5], ints[6], ints[8], ints[9], ints[11], ints[12]
    a, b, c = ints[4] + first * a_row, ints[7], ints[10]
    if kind == WEIGHT_GRAD:
        b += first * b_row
        if inner == 1:
            return k, n, rows, 1, a, 1, a_row, 0, b, b_row, 0, c, c_in, -1, *_ONCE
        return k, n, inner, rows, a, 1, a_in, a_row, b, b_in, b_row, c, c_in, -1, *_ONCE
    c += first * c_row
    if kind in (INPUT_GRAD, TURNED):
        b, n, k = ints[13], k, n
    if inner == 1:
        return rows, n, k, 1, a, a_row, 1, 0, b, n, 0, c, c_row, -1, *_ONCE
    if a_row == inner * a_in and c_row == inner * c_in:
        return rows * inner, n, k, 1, a, a_in, 1, 0, b, n, 0, c, c_in, -1, *_ONCE
    return inner, n, k, 1, a, a_in, 1, 0, b, n, 0, c, c_in, -1, rows, a_row, 0, c_row, 1, 0, 0, 0


@njit(nogil=True, error_model="numpy")
def _transpose(mem, b, to, k, n, row):
    """B (K, N) turned into (N, K), rows of which lie `row` apart, in blocks of 16 so that both sides stay in cache."""
    for i0 in range(0, k, 16):
        for j0 in range(0, n, 16):
            high = min(16, k - i0)
            for j in range(j0, min(j0 + 16, n)):
                source, out = cut(mem, b + i0 * n + j, 15 * n + 1), cut(mem, to + j * row + i0, 16)
                for i in range(high):
                    out[i] = source[i * n]


@njit(nogil=True, error_model="numpy")
def _gaps(ints):
    """True if what a filter reads of one row of the image is not one run: gaps between taps, or other groups."""
    return ints[18] != 1 or ints[19] != 1


@njit(nogil=True, error_model="numpy")
def _convolution(ints, state, part):
    """No column matrix: the row of A of an output pixel starts ``stride x channels`` after its neighbour's, so that A
    overlaps itself inside the image. With gaps, each part adds one row of the filters of one group.
    """
    W, C, kh, kw, F = ints[2], ints[3], ints[6], ints[7], ints[8]
    h, w, sh, sw, dh, dw, groups = (
        ints[10], ints[11], ints[14], ints[15], ints[17], ints[18], ints[19],
    )  # fmt: skip
    x, y = ints[4] + state[FIRST] * ints[5], ints[12] + state[FIRST] * ints[13]
    if _gaps(ints):
        g, i = part // kh, part % kh
        c, f = C // groups, F // groups
        return (
            w, f, c, kw, x + i * dh * W * C + g * c, sw * C, 1, dw * C, ints[9] + i * kw * c * F + g * f, F, c * F,
            y + g * f, F, -2 if i else -1, state[ROWS], ints[5], 0, ints[13], h, sh * W * C, 0, w * F,
        )  # fmt: skip
    return (
        w, F, kw * C, kh, x, sw * C, 1, dh * W * C, ints[9], F, kw * C * F, y, F, -1,
        state[ROWS], ints[5], 0, ints[13], h, sh * W * C, 0, w * F,
    )  # fmt: skip


@njit(nogil=True, error_model="numpy")
def _clear(mem, ints):
    """Zeros for what the images' products are added to."""
    zero, F, count = mem.dtype.type(0), ints[8], ints[16]
    width = ints[7] * (ints[3] // ints[19])
    for i in range(ints[6]):
        for j in range(ints[20]):
            out = cut(mem, ints[9] + (i * width + j) * F, count)
            for f in range(count):
                out[f] = zero


@njit(nogil=True, error_model="numpy")
def _convolution_weight_grad(ints, state, part):
    """With gaps, each part is one column of taps of the filters of one group."""
    W, C, kh, kw, F = ints[2], ints[3], ints[6], ints[7], ints[8]
    h, w, sh, sw, dh, dw, groups = (
        ints[10], ints[11], ints[14], ints[15], ints[17], ints[18], ints[19],
    )  # fmt: skip
    rows = state[ROWS]
    x, dz = ints[4] + state[FIRST] * ints[5], ints[12] + state[FIRST] * ints[13]
    if _gaps(ints):
        g, j = part // kw, part % kw
        c, f = C // groups, F // groups
        return (
            c, f, w, h, x + j * dw * C + g * c, 1, sw * C, sh * W * C, dz + g * f, F, w * F,
            ints[9] + j * c * F + g * f, F, -2, rows, ints[5], ints[13], 0, kh, dh * W * C, 0, kw * c * F,
        )  # fmt: skip
    return (
        ints[20], ints[16], w, h, x, 1, sw * C, sh * W * C, dz, F, w * F, ints[9], F, -2,
        rows, ints[5], ints[13], 0, kh, dh * W * C, 0, kw * C * F,
    )  # fmt: skip
