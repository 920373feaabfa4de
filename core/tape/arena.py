"""Places for every tensor in one stretch of memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import MemoryEstimateError
from core.tape.tensors import SEGMENTS, STATE_SEGMENTS, Buffer

if TYPE_CHECKING:
    from core.ops.base import Instruction
    from core.tape.compiler import Tape

#: Buffers start at multiples of this many elements (one cache line of float32).
ALIGN = 16


@dataclass(frozen=True)
class Plan:
    """How many elements the arena has, and how many of them, from the start, are state."""

    size: int
    state: int
    values: int


def place(tape: Tape, capacity: int, more: Iterable[Instruction] = ()) -> Plan:
    """Give every buffer of a tape, and of `more` instructions, its place for batches of up to `capacity` samples."""
    buffers: dict[int, Buffer] = {}
    for t in tape.tensors.values():
        buffers.setdefault(id(t.buffer), t.buffer)
    for ins in (*tape.instructions, *more):
        for t in (
            *ins.inputs.values(),
            *ins.outputs.values(),
            *([ins.scratch] if ins.scratch else []),
        ):
            buffers.setdefault(id(t.buffer), t.buffer)
    top = state = values = 0
    for segment in SEGMENTS:
        for buffer in buffers.values():
            if buffer.segment == segment:
                buffer.base = top
                size = buffer.size * (capacity if buffer.batch else 1)
                top += -(-size // ALIGN) * ALIGN
        if segment in STATE_SEGMENTS:
            state = top
        if segment == "values":
            values = top
    return Plan(top + 4 * ALIGN, state, values)


def allocate(size: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Zeros that start at a cache line.

    Raises
    ------
    core.errors.MemoryEstimateError
        The computer has not that much memory.
    """
    try:
        raw = np.zeros(size * dtype.itemsize + 64, np.uint8)
    except MemoryError:
        needed = size * dtype.itemsize / 1024**3
        message = f"This network needs {needed:.1f} GB of memory, more than is free. Make a layer or the batch smaller."
        raise MemoryEstimateError(message) from None
    start = -raw.ctypes.data % 64
    return raw[start : start + size * dtype.itemsize].view(dtype)
