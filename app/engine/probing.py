"""Evaluating probes: what a scene asked for, as read-only arrays. Worker thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from app.snapshots import Probe, read_only

if TYPE_CHECKING:
    from core.tape.program import Program

_BINS = 32
_TOP = 256


def read(program: Program, probe: Probe, before: np.ndarray | None = None) -> np.ndarray | None:
    """Return the value of a ``"batch"`` or ``"sample"`` probe, or None if there is no such tensor.

    What still holds the bits of `before`, the value of the last snapshot, is that very array: it is not copied, and
    whoever draws it knows at once that nothing has changed.
    """
    if probe.tensor not in program.tape.tensors:
        return None
    value = program.tensor(probe.tensor)
    batch = program.tape.tensors[probe.tensor].batch
    if batch and probe.source == "sample":
        value = value[0]
    elif batch and probe.rows is not None:
        rows = probe.rows
        # The proxy hands slices over as triples: slices cannot be hashed before Python 3.12.
        chosen = slice(*rows) if isinstance(rows, tuple) else rows
        if isinstance(chosen, int):
            chosen = min(chosen, len(value) - 1)
        value = value[chosen]
    if before is not None and probe.reduction == "all":
        value = np.asarray(value, np.float32)
        if _same(value, before):
            return before
    return reduce(value, probe.reduction)


def reduce(value: np.ndarray, reduction: str) -> np.ndarray:
    """Return the value as the probe wants it."""
    if reduction == "histogram":
        return histogram(value)
    if reduction == "top256":
        return top(value)
    return read_only(value)


def _same(value: np.ndarray, before: np.ndarray) -> bool:
    """Tell whether a tensor holds the bits of an array of an earlier snapshot."""
    if value.shape != before.shape:
        return False
    # As integers: a NaN is the same as itself, and a zero is not the same as one with a minus.
    return bool((before.view(np.uint32) == value.view(np.uint32)).all())


def histogram(value: np.ndarray) -> np.ndarray:
    """Return bin centres and counts as ``(2, 32)``; values that are not finite are left out."""
    flat = value[np.isfinite(value)]
    if flat.size == 0:
        return read_only(np.zeros((2, _BINS)))
    counts, edges = np.histogram(flat, _BINS)
    return read_only(np.stack([(edges[:-1] + edges[1:]) / 2, counts]))


def top(value: np.ndarray) -> np.ndarray:
    """Return the entries largest in size of a kernel as rows of input index, output index, value."""
    matrix = value.reshape(-1, value.shape[-1]) if value.ndim > 1 else value[:, None]
    size = np.abs(matrix).ravel()
    count = min(_TOP, size.size)
    chosen = np.argpartition(size, size.size - count)[size.size - count :]
    # Thin edges first, so that thick ones are drawn on top of them.
    chosen = chosen[np.argsort(size[chosen], kind="stable")]
    rows, columns = np.divmod(chosen, matrix.shape[1])
    return read_only(np.stack([rows, columns, matrix.ravel()[chosen]], axis=1))


def split(probes: Iterable[Probe]) -> tuple[list[Probe], list[Probe], list[Probe]]:
    """Return the probes by source: batch, sample, plane."""
    found: dict[str, list[Probe]] = {"batch": [], "sample": [], "plane": []}
    for probe in probes:
        found[probe.source].append(probe)
    return found["batch"], found["sample"], found["plane"]
