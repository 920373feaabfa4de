"""The register machine of surfaces, and the race of one optimizer over one of them. All in double precision.

A program is rows of (operation, target, a, b) over registers. A register holds a number for each lane (points of a
surface, samples of a loss, axes of an optimizer's rule) and, where they are asked for, its two slopes (forward mode
with dual numbers): gradients are exact to rounding. `core.landscape.program` writes programs.

Where there is no slope: of abs and sign at 0 it is 0, of relu at 0 it is 0 (as Keras), of max and min of equal numbers
the mean of both. A slope that is infinite where what is inside does not change is 0: √(x² + y²) at the origin.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from core.kernels.draws import shuffled, stream
from core.kernels.kept import kept
from core.kernels.machine import call
from core.kernels.state import EPOCH, ITERATION

#: Operations, in the order of their numbers.
NAMES = (
    "copy", "add", "subtract", "multiply", "divide", "negate", "square", "whole_power", "power", "exp", "log", "sqrt",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "sigmoid", "softplus", "relu", "abs",
    "sign", "max", "min",
)  # fmt: skip
(
    COPY, ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, SQUARE, WHOLE_POWER, POWER, EXP, LOG, SQRT, SIN, COS, TAN, ARCSIN,
    ARCCOS, ARCTAN, SINH, COSH, TANH, SIGMOID, SOFTPLUS, RELU, ABS, SIGN, MAX, MIN,
) = range(len(NAMES))  # fmt: skip

#: Lanes of a register.
LANES = 64
#: How gradients are clipped.
NO_CLIP, BY_NORM, BY_VALUE = 0, 1, 2
#: Why a race is over.
RUNNING, DIVERGED, HOLE = 0, 1, 2
#: Places farther out than this count as gone.
FAR = 1e12


@njit(nogil=True, error_model="numpy", inline="always")
def _chained(slope, inner):
    return 0.0 if inner == 0.0 else slope * inner


@njit(nogil=True, error_model="numpy")
def _whole(x, n):
    """``x ** n`` by squaring."""
    y, k = 1.0, abs(n)
    while k > 0:
        if k & 1:
            y *= x
        x *= x
        k >>= 1
    return y if n >= 0 else 1.0 / y


@njit(nogil=True, error_model="numpy")
def _of_one(op, x):
    """(value, slope) of a function of one number."""
    if op == EXP:
        y = math.exp(x)
        return y, y
    if op == LOG:
        return (math.log(x), 1.0 / x) if x > 0.0 else (-np.inf if x == 0.0 else np.nan, np.nan)
    if op == SQRT:
        y = math.sqrt(x) if x >= 0.0 else np.nan
        return y, 0.5 / y
    if op == SIN:
        return math.sin(x), math.cos(x)
    if op == COS:
        return math.cos(x), -math.sin(x)
    if op == TAN:
        y = math.tan(x)
        return y, 1.0 + y * y
    if op == ARCSIN:
        return (math.asin(x) if abs(x) <= 1.0 else np.nan), 1.0 / math.sqrt((1.0 - x) * (1.0 + x))
    if op == ARCCOS:
        return (math.acos(x) if abs(x) <= 1.0 else np.nan), -1.0 / math.sqrt((1.0 - x) * (1.0 + x))
    if op == ARCTAN:
        return math.atan(x), 1.0 / (1.0 + x * x)
    if op == SINH:
        return math.sinh(x), math.cosh(x)
    if op == COSH:
        return math.cosh(x), math.sinh(x)
    if op == TANH:
        # 1 / cosh² keeps its digits where 1 - tanh² has none left.
        z = math.exp(-2.0 * abs(x))
        return math.tanh(x), 4.0 * z / ((1.0 + z) * (1.0 + z))
    if op in (SIGMOID, SOFTPLUS):
        z = math.exp(-abs(x))
        y = (z if x < 0.0 else 1.0) / (1.0 + z)
        if op == SIGMOID:
            return y, z / ((1.0 + z) * (1.0 + z))
        return (x if x > 0.0 else 0.0) + math.log1p(z), y
    if op == RELU:
        return (x, 1.0) if not x <= 0.0 else (0.0, 0.0)
    if op == ABS:
        return abs(x), 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)
    # SIGN
    return (1.0 if x > 0.0 else (-1.0 if x < 0.0 else x * 0.0)), 0.0


def run(code, r, lanes, slopes):
    """Run a program over the first lanes of registers `r` (register, 1 + slopes, lane).

    Called by its address: the other kernels would each compile it anew, which takes longest.
    """
    for pc in range(code.shape[0]):
        op, out, a, b = code[pc, 0], code[pc, 1], code[pc, 2], code[pc, 3]
        y, x, z = r[out], r[a], r[b] if op != WHOLE_POWER else r[a]
        if op == ADD:
            for k in range(slopes + 1):
                for i in range(lanes):
                    y[k, i] = x[k, i] + z[k, i]
        elif op == SUBTRACT:
            for k in range(slopes + 1):
                for i in range(lanes):
                    y[k, i] = x[k, i] - z[k, i]
        elif op == MULTIPLY:
            for k in range(1, slopes + 1):
                for i in range(lanes):
                    y[k, i] = x[k, i] * z[0, i] + x[0, i] * z[k, i]
            for i in range(lanes):
                y[0, i] = x[0, i] * z[0, i]
        elif op == DIVIDE:
            for i in range(lanes):
                q = x[0, i] / z[0, i]
                for k in range(1, slopes + 1):
                    y[k, i] = (x[k, i] - q * z[k, i]) / z[0, i]
                y[0, i] = q
        elif op == SQUARE:
            for k in range(1, slopes + 1):
                for i in range(lanes):
                    y[k, i] = 2.0 * x[0, i] * x[k, i]
            for i in range(lanes):
                y[0, i] = x[0, i] * x[0, i]
        elif op == NEGATE:
            for k in range(slopes + 1):
                for i in range(lanes):
                    y[k, i] = -x[k, i]
        elif op == WHOLE_POWER:
            for i in range(lanes):
                v = x[0, i]
                if slopes:
                    d = b * _whole(v, b - 1)
                    y[1, i], y[2, i] = _chained(d, x[1, i]), _chained(d, x[2, i])
                y[0, i] = _whole(v, b)
        elif op == POWER:
            for i in range(lanes):
                u, n = x[0, i], z[0, i]
                v = u**n
                if slopes:
                    first = n * u ** (n - 1.0)
                    for k in range(1, 3):
                        d = _chained(first, x[k, i])
                        if z[k, i] != 0.0:
                            # The power of a negative number is only there at whole exponents: there is no slope.
                            d += (
                                (0.0 if v == 0.0 else v * math.log(u)) * z[k, i]
                                if u >= 0.0
                                else np.nan
                            )
                        y[k, i] = d
                y[0, i] = v
        elif op in (MAX, MIN):
            for i in range(lanes):
                u, w = x[0, i], z[0, i]
                first = u > w if op == MAX else u < w
                share = 1.0 if first else (0.5 if u == w else 0.0)
                for k in range(1, slopes + 1):
                    y[k, i] = share * x[k, i] + (1.0 - share) * z[k, i]
                y[0, i] = u if first or u != u else w
        elif op == COPY:
            for k in range(slopes + 1):
                for i in range(lanes):
                    y[k, i] = x[k, i]
        else:
            for i in range(lanes):
                v, d = _of_one(op, x[0, i])
                for k in range(1, slopes + 1):
                    y[k, i] = _chained(d, x[k, i])
                y[0, i] = v


#: Of `run`.
SIGNATURE = types.void(types.int64[:, ::1], types.float64[:, :, ::1], types.int64, types.int64)


@intrinsic
def _run(typing_context, address, code, r, lanes, slopes):
    """Call `run` at its address."""

    def codegen(context, builder, sig, args):
        prototype = context.get_value_type(types.FunctionType(SIGNATURE).ftype)
        builder.call(builder.inttoptr(args[0], prototype), args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, *SIGNATURE.args), codegen


@njit(nogil=True, error_model="numpy")
def _constants(numbers, first, r):
    for c in range(numbers.size):
        for k in range(r.shape[1]):
            for i in range(r.shape[2]):
                r[first + c, k, i] = numbers[c] if k == 0 else 0.0


@njit(nogil=True, error_model="numpy")
def _place(r, lanes, x, y):
    """Make the first two registers a point, with its slopes."""
    for i in range(lanes):
        r[0, 0, i], r[1, 0, i] = x, y
        r[0, 1, i], r[0, 2, i], r[1, 1, i], r[1, 2, i] = 1.0, 0.0, 0.0, 1.0


@njit(nogil=True, error_model="numpy")
def _mean(machine, code, last, columns, chosen, count, r, x, y, slopes, out):
    """Mean over samples of a loss and its slopes, into `out`. `chosen`: which samples; all if it has none."""
    for k in range(slopes + 1):
        out[k] = 0.0
    for begin in range(0, count, LANES):
        lanes = min(LANES, count - begin)
        _place(r, lanes, x, y)
        for j in range(columns.shape[0]):
            for i in range(lanes):
                row = chosen[begin + i] if chosen.size > 0 else begin + i
                r[2 + j, 0, i] = columns[j, row]
                r[2 + j, 1, i], r[2 + j, 2, i] = 0.0, 0.0
        _run(machine, code, r, lanes, slopes)
        for k in range(slopes + 1):
            total = 0.0
            for i in range(lanes):
                total += r[last, k, i]
            out[k] += total
    for k in range(slopes + 1):
        out[k] /= count


@njit(nogil=True, error_model="numpy")
def _single(machine, code, last, r, x, y, out):
    _place(r, 1, x, y)
    _run(machine, code, r, 1, 2)
    out[0], out[1], out[2] = r[last, 0, 0], r[last, 1, 0], r[last, 2, 0]


@kept
def evaluate(machine, code, numbers, first, last, columns, r, points, slopes, out):
    """Values of a surface at points, into ``out[:, 0]``, and with `slopes` = 2 the gradients beside them.

    machine: the address of `run`; numbers, first: constants, and the register of the first; last: the register of the
    result; columns: (inputs, samples) of a loss, whose mean over them is taken, or (0, 0); r: registers, (how many, 3,
    LANES).
    """
    _constants(numbers, first, r)
    none = np.zeros(0, np.int64)
    if columns.shape[1] > 0:
        for p in range(points.shape[0]):
            at = points[p, 0], points[p, 1], slopes, out[p]
            _mean(machine, code, last, columns, none, columns.shape[1], r, *at)
        return
    for begin in range(0, points.shape[0], LANES):
        lanes = min(LANES, points.shape[0] - begin)
        _place(r, lanes, 0.0, 0.0)
        for i in range(lanes):
            r[0, 0, i], r[1, 0, i] = points[begin + i, 0], points[begin + i, 1]
        _run(machine, code, r, lanes, slopes)
        for i in range(lanes):
            for k in range(slopes + 1):
                out[begin + i, k] = r[last, k, i]


@njit(nogil=True, error_model="numpy")
def _state_of(value, first, second):
    """Whether a racer can go on from where these are the loss and the gradient."""
    if value != value or first != first or second != second:
        return HOLE
    if math.isinf(value) or math.isinf(first) or math.isinf(second):
        return DIVERGED
    return RUNNING


@kept
def race(
    machine, code, numbers, first, last, columns, r,
    rule, rule_numbers, rule_first, told, q,
    axes, rates, keep, factors, clip, limit, seed, batches,
    positions, losses, gradients, terms, start, stop,
):  # fmt: skip
    """Steps ``start`` to ``stop - 1`` of one optimizer over a surface; (how it ended, position from which it is gone).

    The surface's program is given as in `evaluate`. `rule` is the optimizer's, its lanes are axes: its registers `q`
    begin with g, w, rate, the factors (steps, how many) and what it remembers, which stays there from call to call.
    `told`: the registers that `terms` (steps, how many, 2) get. `batches` (steps, batch) is filled with samples, or has
    no columns: then every step sees all of them. Position `start` is in `positions`; the others are written.
    """
    _constants(numbers, first, r)
    samples, batch = columns.shape[1], batches.shape[1]
    none, found, noisy = np.zeros(0, np.int64), np.zeros(3), np.zeros(3)
    for c in range(rule_numbers.size):
        for i in range(axes):
            q[rule_first + c, 0, i] = rule_numbers[c]
    for k in range(start, stop + 1):
        x, y = positions[k, 0], positions[k, 1]
        if not (abs(x) <= FAR and abs(y) <= FAR):
            return DIVERGED, k
        if samples > 0:
            whole = batch == 0 or k == losses.size - 1
            _mean(machine, code, last, columns, none, samples, r, x, y, 2 if whole else 0, found)
        else:
            _single(machine, code, last, r, x, y, found)
        ended = _state_of(found[0], 0.0, 0.0)
        if ended != RUNNING:
            return ended, k
        losses[k] = found[0]
        gradients[k, 0], gradients[k, 1] = found[1], found[2]
        if k == stop:
            break
        if batch > 0:
            for j in range(batch):
                place = k * batch + j
                epoch = place // samples
                batches[k, j] = shuffled(place - epoch * samples, samples, stream(seed, 0, epoch))
            _mean(machine, code, last, columns, batches[k], batch, r, x, y, 2, noisy)
            gradients[k, 0], gradients[k, 1] = noisy[1], noisy[2]
        g0, g1 = gradients[k, 0], gradients[k, 1]
        ended = _state_of(0.0, g0, g1)
        if ended != RUNNING:
            return ended, k + 1
        if clip == BY_NORM:
            share = limit / max(math.sqrt(g0 * g0 + g1 * g1), limit)
            g0, g1 = g0 * share, g1 * share
        elif clip == BY_VALUE:
            g0, g1 = min(max(g0, -limit), limit), min(max(g1, -limit), limit)
        q[0, 0, 0], q[0, 0, 1], q[1, 0, 0], q[1, 0, 1] = g0, g1, x, y
        for i in range(axes):
            q[2, 0, i] = rates[k]
            for j in range(factors.shape[1]):
                q[3 + j, 0, i] = factors[k, j]
        _run(machine, rule, q, axes, 0)
        for j in range(told.size):
            for i in range(axes):
                terms[k, j, i] = q[told[j], 0, i]
        step = told[told.size - 1]
        for i in range(axes):
            w = positions[k, i] * keep[k] if keep[k] != 1.0 else positions[k, i]
            positions[k + 1, i] = w + q[step, 0, i]
        for i in range(axes, 2):
            positions[k + 1, i] = 0.0
    return RUNNING, stop


@kept
def rates(address, mem, ints, reals, state, epochs, out):
    """The learning rate of every update, from the kernel of a schedule."""
    for k in range(out.size):
        state[ITERATION], state[EPOCH] = k, epochs[k]
        call(address, mem, ints, reals, state)
        out[k] = mem[0]
