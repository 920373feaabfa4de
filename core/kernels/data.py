"""What brings data and chance into the arena.

Tables lie outside of it, one sample after the other; each row is copied and scaled in one vectorised loop. Which sample
comes when is worked out and not stored (`core.kernels.draws`).
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import bytes_at, cut, floats_at, mix, shuffled
from core.kernels.state import (
    BAD_TOKEN,
    BATCH,
    BATCH_ROWS,
    BATCH_SIZE,
    BATCHES,
    EPOCH,
    ERROR,
    FIRST,
    ORIGIN_EPOCH,
    ORIGIN_STEP,
    ROWS,
    SAMPLES,
    SEED,
    SHUFFLE,
    STEP,
)


def choose_batch(mem, ints, reals, state):
    """Which samples this step trains on, and how many. ints: out (their numbers, exact as floats)

    The order of an epoch is a function of seed and epoch alone, so any step can be replayed on its own.
    """
    n, size = state[SAMPLES], state[BATCH_SIZE]
    batches = (n + size - 1) // size
    since = state[STEP] - state[ORIGIN_STEP]
    epoch = state[ORIGIN_EPOCH] + since // batches
    batch = since % batches
    start = batch * size
    rows = min(size, n - start)
    state[BATCHES], state[EPOCH], state[BATCH] = batches, epoch, batch
    state[FIRST], state[ROWS], state[BATCH_ROWS] = 0, rows, rows
    out = cut(mem, ints[0], rows)
    key = mix(mix(np.uint64(state[SEED])) ^ np.uint64(epoch))
    for r in range(rows):
        i = start + r
        out[r] = mem.dtype.type(shuffled(i, n, key) if state[SHUFFLE] == 1 else i)


def gather(mem, ints, reals, state):
    """Rows of a table outside the arena, scaled.

    ints: chosen, address, bytes (1) or float32 (0), width, out, out row
    """
    width, scale = ints[3], mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        sample = np.int64(mem[ints[0] + r])
        out = cut(mem, ints[4] + r * ints[5], width)
        if ints[2] == 1:
            source = bytes_at(ints[1] + sample * width, width)
            for k in range(width):
                out[k] = mem.dtype.type(source[k]) * scale
        else:
            values = floats_at(ints[1] + sample * width * 4, width)
            for k in range(width):
                out[k] = mem.dtype.type(values[k]) * scale


def embed(mem, ints, reals, state):
    """``y[t] = table[x[t]]``. ints: length, dim, vocabulary, x, x row, table, y, y row"""
    length, dim, vocabulary = ints[0], ints[1], ints[2]
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for t in range(length):
            token = np.int64(mem[ints[3] + r * ints[4] + t])
            if token < 0 or token >= vocabulary:
                state[ERROR] = BAD_TOKEN
                continue
            source, y = (
                cut(mem, ints[5] + token * dim, dim),
                cut(mem, ints[6] + r * ints[7] + t * dim, dim),
            )
            for k in range(dim):
                y[k] = source[k]


def embed_grad(mem, ints, reals, state):
    """``dtable[token] = Σ dy`` where the token stood. ints: length, dim, vocabulary, x, x row, dy, dy row, dtable"""
    length, dim, vocabulary = ints[0], ints[1], ints[2]
    out = cut(mem, ints[7], vocabulary * dim)
    zero = mem.dtype.type(0)
    for k in range(vocabulary * dim):
        out[k] = zero
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for t in range(length):
            token = np.int64(mem[ints[3] + r * ints[4] + t])
            if token < 0 or token >= vocabulary:
                continue
            dy, to = (
                cut(mem, ints[5] + r * ints[6] + t * dim, dim),
                cut(mem, ints[7] + token * dim, dim),
            )
            for k in range(dim):
                to[k] += dy[k]
