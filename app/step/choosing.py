"""The commands that choose what is looked at: a number, a sample of the batch, an instruction.

They change no numbers. Views hear of them from the bus; what does not exist is refused here, before any view hears.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.arguments import Index, Place
from app.bus import CommandError
from app.engine.transport import check_instruction
from app.scenes.step_values import alias_names
from app.text import tr

if TYPE_CHECKING:
    from app.snapshots import Snapshot, TensorView
    from app.workspace import WindowContext


class Choosing:
    """Handlers of ``select.cell``, ``select.row`` and ``step.inspect`` of a window; several views ask for them."""

    def __init__(self, context: WindowContext) -> None:
        self._context = context
        for name, handler, label in (
            ("select.cell", self._cell, tr("Select a number")),
            ("select.row", self._row, tr("Show another sample of the batch")),
            ("step.inspect", self._inspect, tr("Look at an instruction")),
        ):
            if not context.bus.knows(name):
                context.bus.register(name, handler, label=label)

    def _cell(self, tensor: str, index: Index) -> None:
        """Look at a number of a tensor; of one with a batch axis without the sample."""
        check_cell(self._context, tensor, index)

    def _row(self, row: Place) -> None:
        """Look at another sample of the batch."""
        check_row(self._context, row)

    def _inspect(self, instruction: Place | None) -> None:
        """Look at an instruction without moving; None follows the run."""
        if instruction is not None:
            check_instruction(self._context.engine, instruction)


def rows_shown(context: WindowContext, snapshot: Snapshot | None) -> int:
    """Return how many samples the batch that is looked at has: the last of an epoch, or a copy, may have fewer."""
    if snapshot is not None and snapshot.program is not None:
        return max(1, snapshot.position.rows)
    return int(context.document.training.batch_size)


def check_row(context: WindowContext, row: int) -> None:
    """Refuse a sample that the batch does not have."""
    rows = rows_shown(context, context.engine.latest)
    if not 0 <= row < rows:
        raise CommandError(
            tr("The batch has {rows} samples, numbered from 1; there is no sample {number}.",
               rows=f"{rows:,}", number=f"{row + 1:,}")
        )  # fmt: skip


def check_cell(
    context: WindowContext, tensor: str, index: list[int], *, full: bool = False
) -> None:
    """Refuse a number that the network does not have, as far as its tape is known.

    A place with fewer numbers than the tensor has axes stands for a whole row of it. With `full`, the sample is the
    first number where there is a batch axis, and nothing may be left out.
    """
    snapshot = context.engine.latest
    if snapshot is None or snapshot.program is None:
        return
    info = _info(snapshot, tensor)
    if info is None:
        raise CommandError(
            tr("The network computes nothing that is called {name}.", name=repr(tensor))
        )
    shape = info.shape
    if full and info.batch:
        shape = (rows_shown(context, snapshot), *shape)
    fits = len(index) == len(shape) if full else len(index) <= len(shape)
    if not fits or not all(0 <= k < n for k, n in zip(index, shape, strict=False)):
        raise CommandError(
            tr("{name} has the shape {shape}; there is no number at {place} of it, counted from 0.",
               name=tensor, shape=tuple(shape), place=tuple(index))
        )  # fmt: skip


def _info(snapshot: Snapshot, tensor: str) -> TensorView | None:
    assert snapshot.program is not None
    known = snapshot.program.tensors
    return next((known[name] for name in alias_names(tensor) if name in known), None)
