"""From what was counted to the number that is told: of a batch, or of the epoch so far.

Counts are lists of one number, or one a class or threshold, one kind after the other. They are so short beside a batch
that their kernels are written to be read.
"""

from __future__ import annotations

import numpy as np

from core.kernels.simd import cut

#: Keras's smallest number, which keeps F scores from dividing by 0.
TINY = 1e-7


def pick_counts(mem, ints, reals, state):
    """One kind of count. ints: counts, how many, out"""
    s, y = cut(mem, ints[0], ints[1]), cut(mem, ints[2], ints[1])
    for k in range(ints[1]):
        y[k] = s[k]


def quotient_scores(mem, ints, reals, state):
    """``a / (a + b)``, 0 if there are none. ints: a, b, how many, out"""
    n, zero = ints[2], mem.dtype.type(0)
    a, b, y = cut(mem, ints[0], n), cut(mem, ints[1], n), cut(mem, ints[3], n)
    for k in range(n):
        whole = a[k] + b[k]
        y[k] = a[k] / whole if whole != zero else zero


def f_scores(mem, ints, reals, state):
    """``(1 + β²) p r / (β² p + r)`` of each class. ints: counts (TP, FP, TN, FN), classes, out; reals: β²"""
    n = ints[1]
    s, y = cut(mem, ints[0], 4 * n), cut(mem, ints[2], n)
    square, one, tiny = mem.dtype.type(reals[0]), mem.dtype.type(1), mem.dtype.type(TINY)
    for k in range(n):
        precision = s[k] / (s[k] + s[n + k] + tiny)
        recall = s[k] / (s[k] + s[3 * n + k] + tiny)
        y[k] = precision * recall / (square * precision + recall + tiny) * (square + one)


def areas(mem, ints, reals, state):
    """The area under a curve through points of falling thresholds, for each label.

    ints: counts (TP, FP, TN, FN), thresholds, labels, out, curve, summation. curve 0: ROC, 1: precision and recall, 2:
    their gains; summation 0: in between, 1: the lower, 2: the higher of two neighbours.
    """
    count, labels, curve, way = ints[1], ints[2], ints[4], ints[5]
    size = count * labels
    s, y = cut(mem, ints[0], 4 * size), cut(mem, ints[3], labels)
    zero, one, two = mem.dtype.type(0), mem.dtype.type(1), mem.dtype.type(2)
    for c in range(labels):
        total = zero
        before_x, before_y = zero, zero
        for j in range(count):
            k = j * labels + c
            tp, fp, tn, fn = s[k], s[size + k], s[2 * size + k], s[3 * size + k]
            if curve == 1 and way == 0:
                # Davis and Goadrich 2006: between two points TP and FP change evenly, precision does not.
                if j == 0:
                    before_x, before_y = tp, tp + fp
                    continue
                p = tp + fp
                dtp, dp = before_x - tp, before_y - p
                slope = dtp / dp if dp > zero else zero
                intercept = tp - slope * p
                ratio = before_y / p if before_y > zero and p > zero else one
                whole = tp + fn
                if whole > zero:
                    total += slope * (dtp + intercept * np.log(ratio)) / whole
                before_x, before_y = tp, p
                continue
            if curve == 0:
                x = fp / (fp + tn) if fp + tn != zero else zero
                h = tp / (tp + fn) if tp + fn != zero else zero
            elif curve == 1:
                x = tp / (tp + fn) if tp + fn != zero else zero
                h = tp / (tp + fp) if tp + fp != zero else zero
            else:
                scale = (tp + fn) / (tn + fp) if tn + fp != zero else zero
                x = one - scale * (fn / tp) if tp != zero else zero
                x = x if x > zero else zero
                h = one - scale * (fp / tp) if tp != zero else one
            if j > 0:
                height = (before_y + h) / two
                if way == 1:
                    height = min(before_y, h)
                elif way == 2:
                    height = max(before_y, h)
                total += (before_x - x) * height
            before_x, before_y = x, h
        y[c] = total


def r2_scores(mem, ints, reals, state):
    """``1 - Σ(t - p)² / Σ(t - mean t)²`` of each output, 0 if targets are all the same.

    ints: sums, outputs, out, independent variables (0: the plain score, else the adjusted one)
    """
    n = ints[1]
    s, y = cut(mem, ints[0], 5 * n), cut(mem, ints[2], n)
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    size, extra = zero, mem.dtype.type(ints[3])
    for k in range(n):
        size += s[4 * n + k]
    for k in range(n):
        whole = s[n + k]
        score = one - s[2 * n + k] / whole
        score = zero if np.isinf(score) else score
        if extra > zero and extra < size - one:
            score = one - (one - score) * (size - one) / (size - extra - one)
        y[k] = score


def average_scores(mem, ints, reals, state):
    """One number for several. ints: x, how many, out, way, sums

    way 0: their mean; 1: weighted by reals; 2: weighted by how many samples each class has (TP + FN); 3: by the
    variance of each output's targets.
    """
    n, way = ints[1], ints[3]
    x = cut(mem, ints[0], n)
    zero, one = mem.dtype.type(0), mem.dtype.type(1)
    total, whole = zero, zero
    s = cut(mem, ints[4], 4 * n)
    for k in range(n):
        w = one
        if way == 1:
            w = mem.dtype.type(reals[k])
        elif way == 2:
            w = s[k] + s[3 * n + k]
        elif way == 3:
            w = s[n + k]
        total += w * x[k]
        whole += w
    if way == 2:
        whole += mem.dtype.type(TINY)
    mem[ints[2]] = total / whole if way == 3 or whole != zero else zero


def root(mem, ints, reals, state):
    """``√x``, or ``√(x / count)``. ints: x, count (-1: none), out"""
    x, zero = mem[ints[0]], mem.dtype.type(0)
    if ints[1] >= 0:
        count = mem[ints[1]]
        x = x / count if count != zero else zero
    mem[ints[2]] = np.sqrt(x)
