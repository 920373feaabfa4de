"""How many samples a program takes at a time, where nobody has said: as many as a bounded memory holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: Bytes that the values of all samples of a batch may take: large images go through a few at a time.
BATCH_BYTES = 192 * 1024**2


def rows_that_fit(tape: Tape, most: int, dtype: Any = np.float32) -> int:
    """Samples a program of this tape should take at a time: 1 to `most`.

    Parameters
    ----------
    tape
        What is to be bound.
    most
        Where memory does not matter.
    dtype
        Of its numbers.
    """
    buffers = {id(t.buffer): t.buffer.size for t in tape.tensors.values() if t.batch}
    row = int(sum(buffers.values()) * np.dtype(dtype).itemsize)
    return max(1, min(most, BATCH_BYTES // max(1, row)))
