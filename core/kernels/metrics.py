"""What metrics count in a batch: which lists are right, which answers are yes, and how those agree with the targets.

Lists along the last axis, as in `core.kernels.loss`. Sums over a batch read all of it and are not split between
threads; what gives a number a row honours FIRST and ROWS. The one that runs in nearly every network, `accuracy_rows`,
counts instead of searching; the others read their lists once, in order.
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut
from core.kernels.state import BATCH, BATCH_ROWS, FIRST, ROWS


def accuracy_rows(mem, ints, reals, state):
    """1 for every list along the last axis that is right. ints: as a loss's, then kind

    kind 0: label against the place of the largest of n; 1: one-hot the same way; 2: each of n is 1 above reals[0], the
    share that is right (Keras's binary accuracy); 3: the share of n that is equal.

    Whether the label's number is the first of the largest is counted, and not searched for: a count has no chain of
    comparisons in which each waits for the one before. A list in which a number is NaN is not right.
    """
    inner, n, kind = ints[0], ints[1], ints[8]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    limit = mem.dtype.type(reals[0])
    width = inner * n
    targets = inner if kind == 0 else width
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        p = cut(mem, ints[2] + r * ints[3], width)
        t = cut(mem, ints[4] + r * ints[5], targets)
        out = cut(mem, ints[6] + r * ints[7], inner)
        for i in range(inner):
            q = cut(mem, ints[2] + r * ints[3] + i * n, n)
            if kind >= 2:
                s = cut(mem, ints[4] + r * ints[5] + i * n, n)
                right = 0
                if kind == 2:
                    for k in range(n):
                        right += (one if q[k] > limit else zero) == s[k]
                else:
                    for k in range(n):
                        right += q[k] == s[k]
                out[i] = mem.dtype.type(right) / mem.dtype.type(n)
                continue
            if kind == 0:
                label = np.int64(t[i])
                if label < 0 or label >= n:
                    out[i] = zero
                    continue
            else:
                s = cut(mem, ints[4] + r * ints[5] + i * n, n)
                label = np.int64(0)
                best = s[0]
                for k in range(1, n):
                    if s[k] > best:
                        best = s[k]
                        label = np.int64(k)
            own = p[i * n + label]
            wrong = 0
            for k in range(n):
                wrong += (not (q[k] <= own)) | ((q[k] == own) & (k < label))
            out[i] = one if wrong == 0 else zero


def top_k_rows(mem, ints, reals, state):
    """1 for every list in which fewer than k numbers are larger than the right class's. ints: as a loss's, then kind, k

    kind 0: labels; 1: one-hot; 2: labels, and the list holds the numbers of the classes, the best first.
    """
    inner, n, kind, best = ints[0], ints[1], ints[8], ints[9]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            out = cut(mem, ints[6] + r * ints[7] + i, 1)
            if kind == 1:
                t = cut(mem, ints[4] + r * ints[5] + i * n, n)
                label = np.int64(0)
                for k in range(1, n):
                    if t[k] > t[label]:
                        label = np.int64(k)
            else:
                t = cut(mem, ints[4] + r * ints[5] + i, 1)
                label = np.int64(t[0])
            count = 0
            if kind == 2:
                for k in range(best):
                    count += p[k] == t[0]
                out[0] = one if count > 0 else zero
                continue
            if label < 0 or label >= n:
                out[0] = zero
                continue
            own = p[label]
            for k in range(n):
                count += not (p[k] <= own)
            out[0] = one if count < best else zero


def one_hot(mem, ints, reals, state):
    """Labels as rows of 0 with a 1. ints: labels a sample, classes, t, its row, out, its row"""
    inner, n = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        t = cut(mem, ints[2] + r * ints[3], inner)
        out = cut(mem, ints[4] + r * ints[5], inner * n)
        for i in range(inner):
            for k in range(n):
                out[i * n + k] = one if t[i] == mem.dtype.type(k) else zero


def top_k_only(mem, ints, reals, state):
    """Each list with all but its k largest numbers at reals[0]; of equal ones the first is the larger.

    ints: lists a sample, n, p, its row, out, its row, k. The k-th largest is found by taking the next one k times.
    """
    inner, n, count = ints[0], ints[1], ints[6]
    nothing = mem.dtype.type(reals[0])
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            out = cut(mem, ints[4] + r * ints[5] + i * n, n)
            last, place = mem.dtype.type(np.inf), -1
            for _ in range(count):
                best, where = mem.dtype.type(-np.inf), n
                for k in range(n):
                    if (p[k] < last or (p[k] == last and k > place)) and (
                        where == n or p[k] > best
                    ):
                        best, where = p[k], k
                last, place = best, where
            for k in range(n):
                keep = p[k] > last or (p[k] == last and k <= place)
                out[k] = p[k] if keep else nothing


def decide(mem, ints, reals, state):
    """1 where the answer is yes. ints: lists a sample, n, p, its row, out, its row, way

    way 0: above reals[0]; 1: the largest of its list, unless that is nearer to 0 than 1e-9 (Keras).
    """
    inner, n = ints[0], ints[1]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    limit, tiny = mem.dtype.type(reals[0]), mem.dtype.type(1e-9)
    for r in range(state[FIRST], state[FIRST] + state[ROWS]):
        if ints[6] == 0:
            p = cut(mem, ints[2] + r * ints[3], inner * n)
            out = cut(mem, ints[4] + r * ints[5], inner * n)
            for k in range(inner * n):
                out[k] = one if p[k] > limit else zero
            continue
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            out = cut(mem, ints[4] + r * ints[5] + i * n, n)
            best = p[0]
            for k in range(1, n):
                best = p[k] if p[k] > best else best
            for k in range(n):
                out[k] = one if p[k] >= best and abs(p[k]) > tiny else zero


def outcomes(mem, ints, reals, state):
    """TP, FP, TN and FN of a batch, for all classes together or for each.

    ints: lists a sample, n, d, its row, t, its row, w (-1: none), its row, out, counts a kind (1 or n), class (-1:
    all), whether targets are taken as the numbers they are (else as yes unless 0)
    """
    inner, n, columns, only = ints[0], ints[1], ints[9], ints[10]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    out = cut(mem, ints[8], 4 * columns)
    for k in range(4 * columns):
        out[k] = zero
    start, stop = (only, only + 1) if only >= 0 else (0, n)
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            d = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            w = one
            if ints[6] >= 0:
                w = cut(mem, ints[6] + r * ints[7] + i, 1)[0]
            for k in range(start, stop):
                y = t[k]
                if ints[11] == 0:
                    y = one if y != zero else zero
                c = k if columns > 1 else 0
                yes, no = w * d[k], w * (one - d[k])
                out[c] += yes * y
                out[columns + c] += yes * (one - y)
                out[2 * columns + c] += no * (one - y)
                out[3 * columns + c] += no * y


def outcomes_by_threshold(mem, ints, reals, state):
    """TP, FP, TN and FN of a batch for each of several thresholds, (4, thresholds) or (4, thresholds, n).

    ints: lists a sample, n, p, its row, t, its row, w (-1: none), its row, out, thresholds, columns (1 or n), class
    (-1: all), whether they are spread evenly from 0 to 1, label weights. reals: the thresholds unless they are, label
    weights.

    Evenly spread thresholds need no comparison: the place of a number among them is computed, and what lies above each
    is summed from the top, as in Keras.
    """
    inner, n, count, columns, only = ints[0], ints[1], ints[9], ints[10], ints[11]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    size = count * columns
    out = cut(mem, ints[8], 4 * size)
    for k in range(4 * size):
        out[k] = zero
    start, stop = (only, only + 1) if only >= 0 else (0, n)
    steps = mem.dtype.type(count - 1)
    behind = 0 if ints[12] else count
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            t = cut(mem, ints[4] + r * ints[5] + i * n, n)
            w = one
            if ints[6] >= 0:
                w = cut(mem, ints[6] + r * ints[7] + i, 1)[0]
            for k in range(start, stop):
                share = w * mem.dtype.type(reals[behind + k]) if ints[13] else w
                c = k if columns > 1 else 0
                kind = 0 if t[k] != zero else 1
                if ints[12]:
                    q = p[k] if p[k] > zero else zero
                    q = q if q < one else one
                    place = np.int64(np.ceil(q * steps)) - 1
                    if ints[12] == 2 and place < 0:
                        place = np.int64(0)
                    # What is above no threshold begins the sums of what lies below.
                    row = (kind * size + place * columns) if place >= 0 else (3 - kind) * size
                    out[row + c] += share
                else:
                    for j in range(count):
                        above = p[k] > mem.dtype.type(reals[j])
                        row = kind if above else 3 - kind
                        out[row * size + j * columns + c] += share
    if not ints[12]:
        return
    for c in range(columns):
        for kind in range(2):
            # Counted from either end: a difference of sums would leave traces where nothing is.
            below = out[(3 - kind) * size + c]
            for step in range(count):
                j = step * columns + c
                out[(3 - kind) * size + j] = below
                below += out[kind * size + j]
            above = zero
            for back in range(count):
                j = (count - 1 - back) * columns + c
                above += out[kind * size + j]
                out[kind * size + j] = above


def confusion_counts(mem, ints, reals, state):
    """How many lists of each class (row) are taken for each class (column).

    ints: lists a sample, n, p, its row, t, its row, w (-1: none), its row, out, kind. kind 0: labels; 1: one-hot; 2: a
    single number above reals[0] or not
    """
    inner, n, kind = ints[0], ints[1], ints[9]
    zero, one, limit = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(reals[0])
    classes = 2 if kind == 2 else n
    out = cut(mem, ints[8], classes * classes)
    for k in range(classes * classes):
        out[k] = zero
    for r in range(state[BATCH_ROWS]):
        for i in range(inner):
            p = cut(mem, ints[2] + r * ints[3] + i * n, n)
            w = one
            if ints[6] >= 0:
                w = cut(mem, ints[6] + r * ints[7] + i, 1)[0]
            found = np.int64(0)
            if kind == 2:
                found = np.int64(1) if p[0] > limit else np.int64(0)
                t = cut(mem, ints[4] + r * ints[5] + i, 1)
                label = np.int64(1) if t[0] != zero else np.int64(0)
            else:
                for k in range(1, n):
                    if p[k] > p[found]:
                        found = np.int64(k)
                if kind == 0:
                    label = np.int64(cut(mem, ints[4] + r * ints[5] + i, 1)[0])
                else:
                    t = cut(mem, ints[4] + r * ints[5] + i * n, n)
                    label = np.int64(0)
                    for k in range(1, n):
                        if t[k] > t[label]:
                            label = np.int64(k)
            if 0 <= label < classes:
                out[label * classes + found] += w


def target_means(mem, ints, reals, state):
    """``Σ w t / Σ w`` of each output, 0 if nothing counts. ints: n, t, row, w (-1: none), row, out

    Summed as distances from the first target: sums of large targets would lose what tells them apart.
    """
    n, zero, one = ints[0], mem.dtype.type(0), mem.dtype.type(1)
    out, start = cut(mem, ints[5], n), cut(mem, ints[1], n)
    whole = zero
    for k in range(n):
        out[k] = zero
    for r in range(state[BATCH_ROWS]):
        t = cut(mem, ints[1] + r * ints[2], n)
        w = one
        if ints[3] >= 0:
            w = cut(mem, ints[3] + r * ints[4], 1)[0]
        whole += w
        for k in range(n):
            out[k] += w * (t[k] - start[k])
    for k in range(n):
        out[k] = start[k] + out[k] / whole if whole != zero else zero


def r2_sums(mem, ints, reals, state):
    """Of each output the mean m of its targets, Σ w (t - m)², Σ w (t - p)², Σ w and n samples.

    ints: n, p, row, t, row, w, row, m, out
    """
    n = ints[0]
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    m, out = cut(mem, ints[7], n), cut(mem, ints[8], 5 * n)
    for k in range(5 * n):
        out[k] = zero
    for r in range(state[BATCH_ROWS]):
        p, t = cut(mem, ints[1] + r * ints[2], n), cut(mem, ints[3] + r * ints[4], n)
        w = one
        if ints[5] >= 0:
            w = cut(mem, ints[5] + r * ints[6], 1)[0]
        for k in range(n):
            out[n + k] += w * (t[k] - m[k]) * (t[k] - m[k])
            out[2 * n + k] += w * (t[k] - p[k]) * (t[k] - p[k])
            out[3 * n + k] += w
            out[4 * n + k] += one
    for k in range(n):
        out[k] = m[k]


def accumulate_moments(mem, ints, reals, state):
    """Add what `r2_sums` found in a batch to that of the epoch. ints: x, totals, outputs

    Means and squared distances from them are merged as Chan, Golub and LeVeque (1979) do: subtracting large sums from
    each other would leave nothing of a small spread.
    """
    n, zero = ints[2], mem.dtype.type(0)
    x, total = cut(mem, ints[0], 5 * n), cut(mem, ints[1], 5 * n)
    if state[BATCH] == 0:
        for k in range(5 * n):
            total[k] = x[k]
        return
    for k in range(n):
        whole = total[3 * n + k] + x[3 * n + k]
        if whole != zero:
            d, share = x[k] - total[k], x[3 * n + k] / whole
            total[n + k] += x[n + k] + d * d * total[3 * n + k] * share
            total[k] += d * share
        total[2 * n + k] += x[2 * n + k]
        total[3 * n + k] = whole
        total[4 * n + k] += x[4 * n + k]


def weighted_mean(mem, ints, reals, state):
    """``Σ s x / Σ s``, 0 if nothing counts. ints: numbers a sample, s, x, out"""
    count = state[BATCH_ROWS] * ints[0]
    s, x = cut(mem, ints[1], count), cut(mem, ints[2], count)
    zero = mem.dtype.type(0)
    total, whole = zero, zero
    for k in range(count):
        total += s[k] * x[k]
        whole += s[k]
    mem[ints[3]] = total / whole if whole != zero else zero


def accumulate_counts(mem, ints, reals, state):
    """Running sums over the epoch, each of its own; the first batch begins them anew. ints: x, totals, how many"""
    x, total = cut(mem, ints[0], ints[2]), cut(mem, ints[1], ints[2])
    if state[BATCH] == 0:
        for k in range(ints[2]):
            total[k] = x[k]
    else:
        for k in range(ints[2]):
            total[k] += x[k]
