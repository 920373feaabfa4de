"""Where a run stands."""

from __future__ import annotations

from dataclasses import dataclass

#: How far one press of Step goes.
GRANULARITIES = ("instruction", "layer", "loss", "update", "batch", "epoch")


@dataclass(frozen=True)
class Position:
    """Where a run stands.

    Attributes
    ----------
    step
        Updates done since the run began.
    epoch
        Completed passes over the data; the batch below belongs to the next one.
    batch, batches
        Batches done in this epoch, and how many it has.
    pc, instructions
        Instructions done inside the present step, and how many a step has. 0 between steps.
    rows
        Samples in the present batch.
    """

    step: int
    epoch: int
    batch: int
    batches: int
    pc: int
    instructions: int
    rows: int

    @property
    def under_way(self) -> int:
        """Number, from 1, of the step that is being computed; between two steps of the one that is done."""
        return self.step + 1 if self.pc or not self.step else self.step
