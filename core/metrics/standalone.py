"""A metric by itself: a tape of nothing but what it counts, fed with one batch after the other."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from core.errors import ChainruleError
from core.metrics.base import CLASSES, LABELS, Metric
from core.tape.tensors import Buffer, Shape, Tensor

if TYPE_CHECKING:
    from core.tape.program import Program
    from core.tape.writing import Written


class Standalone:
    """What a metric has counted so far.

    Parameters
    ----------
    metric
        What is counted.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._program: Program | None = None
        self._made_for: tuple[Any, ...] = ()
        self._began = False

    def update(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """Count a batch."""
        p, t, w, sparse = arranged(self._metric, y_true, y_pred, sample_weight)
        if not len(p):
            return
        made_for = (p.shape[1:], w is not None, sparse)
        program = self._program
        if program is None or self._made_for != made_for or program.capacity < len(p):
            program = self._grown(made_for, len(p))
        program.feed([p], [t], None if w is None else [w])
        from core.kernels import state as S

        program.state[S.BATCH] = int(self._began)
        program.run()
        self._began = True

    def _grown(self, made_for: tuple[Any, ...], rows: int) -> Program:
        shape, weighted, sparse = made_for
        before = self._program
        capacity = max(rows, 2 * before.capacity if before is not None else 0)
        program, _ = program_of(self._metric, shape, capacity, weighted=weighted, sparse=sparse)
        if before is not None:
            old, new = (next(iter(one.tape.totals.values())).sums for one in (before, program))
            for a, b in zip(old, new, strict=True):
                if a.shape != b.shape:
                    raise ChainruleError(
                        f"{self._metric.name} has counted lists of another length; reset_state() begins anew."
                    )
                program.tensor(b.name)[...] = before.tensor(a.name)
        self._program, self._made_for = program, made_for
        return program

    def result(self) -> Any:
        """The number of all batches, or an array of several."""
        if self._program is None:
            return 0.0
        return next(iter(self._program.tape.totals.values())).read_all(self._program)


def program_of(
    metric: Metric, shape: Shape, capacity: int, *, weighted: bool, sparse: bool
) -> tuple[Program, Written]:
    """A program that is fed predictions of this shape, targets and weights."""
    from core.tape.compiler import Tape
    from core.tape.emitter import Emitter
    from core.tape.program import Program
    from core.tape.writing import Writing

    p = _fed("outputs", shape, "ŷ")
    t = _fed("targets", shape[:-1] or (1,) if sparse else shape, "y")
    w = _fed("sample_weights", shape[:-1], "ω") if weighted else None
    e = Emitter(training=False)
    e.phase = "loss"
    written = metric.write(Writing(e, f"metrics/{metric.name}", p, t, sparse=sparse, weight=w))
    tensors = {one.name: one for one in (p, t, *([w] if w is not None else []))}
    for ins in e.instructions:
        for one in (*ins.inputs.values(), *ins.outputs.values()):
            tensors.setdefault(one.name, one)
    unknown = cast("Any", None)
    tape = Tape(
        network=unknown, mode="evaluate", instructions=e.instructions, tensors=tensors, weights=[],
        inputs={"p": p}, targets={"t": t}, outputs={"p": p},
        watch={} if written.batch is None else {metric.name: written.batch},
        totals={metric.name: written.total}, scalars={}, layers={}, layer_weights={}, inspection=unknown,
        sample_weights={} if w is None else {"w": w},
    )  # fmt: skip
    return Program(tape, capacity), written


def _fed(name: str, shape: Shape, symbol: str) -> Tensor:
    return Tensor(name, shape, Buffer(prod(shape), True, "values"), symbol=symbol, role="data")


def rows(metric: Metric, y_true: Any, y_pred: Any) -> np.ndarray:
    """The numbers a metric is the mean of, one for each list, in float32."""
    p, t, _, sparse = arranged(metric, y_true, y_pred, None)
    shape = p.shape[1:]
    if metric.single and shape[-1] != 1:
        # Each number by itself, as Keras returns them.
        p, t = p[..., None], t[..., None]
    program, _ = program_of(metric, p.shape[1:], max(1, len(p)), weighted=False, sparse=sparse)
    if not len(p):
        return np.zeros(p.shape[:-1], np.float32)
    program.feed([p], [t])
    program.run()
    name = f"metrics/{metric.name}/rows"
    return np.array(program.tensor(name)).reshape(np.shape(p)[:-1])


# ---- arrays ----------------------------------------------------------------------------------------------------------


def arranged(
    metric: Metric, y_true: Any, y_pred: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, bool]:
    """(predictions (batch, ..., outputs), targets, weights of lists, whether targets are labels) in float32.

    As in Keras a last axis of length 1 may be missing or extra. A plain list is one sample, or as many answers where
    each number is compared by itself.

    Raises
    ------
    core.errors.ChainruleError
        They do not fit each other.
    """
    p, t = _numbers(y_pred, "y_pred", metric), _numbers(y_true, "y_true", metric)
    listed = metric.single and getattr(metric, "top_k", None) is None
    if p.ndim == 0:
        p, t = p.reshape(1, 1), t.reshape(-1)
    elif p.ndim == 1:
        columns = t.ndim == 2 and t.shape == (len(p), 1)
        as_answers = listed or columns or (metric.targets == CLASSES and not metric.flat
                                           and getattr(metric, "top_k", None) is None)  # fmt: skip
        p = p[:, None] if as_answers else p[None]
        if not as_answers:
            t = t[None] if t.ndim <= 1 else t
    sparse = metric.targets == LABELS or (
        metric.targets == CLASSES
        and p.shape[-1] > 1
        and t.shape != p.shape
        and t.shape in (p.shape[:-1], (*p.shape[:-1], 1))
    )
    if metric.flat and p.ndim != 2:
        raise ChainruleError(
            f"{metric.name} compares one list a sample: y_pred must have shape (batch, outputs); it has {p.shape}."
        )
    wanted = p.shape[:-1] if sparse else p.shape
    if t.shape not in (wanted, (*wanted, 1)) and (*t.shape, 1) != wanted:
        what = "a label for each list of y_pred" if sparse else "the shape of y_pred"
        raise ChainruleError(
            f"{metric.name} compares targets and predictions that belong together: y_true must have {what}, "
            f"{wanted}; it "
            f"has {np.shape(y_true)}."
        )
    t = t.reshape(wanted)
    w = None if sample_weight is None else _numbers(sample_weight, "sample_weight", metric)
    if w is not None and w.ndim and w.shape == p.shape and p.shape[-1] > 1 and metric.single:
        # A weight for each number: then each number is a list.
        p, t = p[..., None], t[..., None]
    problem = metric.problem(p.shape[1:], sparse=sparse)
    if problem:
        raise ChainruleError(problem)
    return p, t if not sparse or t.ndim > 1 else t[:, None], _weights(metric, w, p.shape), sparse


def _weights(metric: Metric, w: np.ndarray | None, shape: Shape) -> np.ndarray | None:
    if w is None:
        return None
    lists = shape[:-1]
    if w.ndim > len(lists) and w.shape[-1] == 1:
        w = w[..., 0]
    fits = w.ndim <= len(lists) and all(a in (1, b) for a, b in zip(w.shape, lists, strict=False))
    if not fits:
        raise ChainruleError(
            f"sample_weight must be one number for each sample or list, of shape {lists[:1]} or {lists}; it has "
            f"{w.shape}."
        )
    return np.broadcast_to(w.reshape(*w.shape, *([1] * (len(lists) - w.ndim))), lists)


def _numbers(given: Any, what: str, metric: Metric) -> np.ndarray:
    try:
        found = np.asarray(given)
    except ValueError:
        found = np.empty(0, object)
    if found.dtype.kind not in "biuf":
        raise ChainruleError(f"{metric.name}: {what} must be an array of numbers; it is {given!r}.")
    return found.astype(np.float32)
