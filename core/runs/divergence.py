"""Where numbers stopped being finite, and what a learner is told about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.ops.base import Instruction
from core.spec.network import Network
from core.tape.program import Program

#: What helps if steps were too large; the second for code, which cannot step back.
STEP_BACK = "Step back and lower the learning rate."
LOWER = "Lower the learning rate."


@dataclass(frozen=True)
class Divergence:
    """Where a number stopped being finite.

    Attributes
    ----------
    step
        The step (counted from 0) in which it happened.
    instruction
        Place on the tape of the instruction that wrote the first NaN or infinity.
    sentence
        The same for a learner.
    """

    step: int
    instruction: int
    sentence: str

    @property
    def in_code(self) -> str:
        """The sentence for a learner who writes code."""
        return self.sentence.replace(STEP_BACK, LOWER)


def describe(program: Program, network: Network, step: int, pc: int) -> Divergence:
    """Say what the instruction at `pc` wrote; it is the last one that has run."""
    at = program.instructions[pc]
    name = next((layer.name for layer in network.layers if layer.id == at.layer), "")
    where = f" in {name}" if name else ""
    # An update writes what the optimizer remembers as well, which may be all that broke.
    broken = [t for t in map(program.tensor, at.writes) if not np.isfinite(t).all()]
    what = "infinite" if broken and np.isinf(broken[0]).any() else "not a number"
    sentence = (
        f"A value became {what} in step {step + 1}, in instruction {pc + 1}{where}: {at.title}. "
        f"{_all_padding(program, program.tape.instructions[pc]) or STEP_BACK}"
    )
    return Divergence(step, pc, sentence)


def _all_padding(program: Program, at: Instruction) -> str:
    """The sentence about samples whose steps are all masked, of which there is no mean; "" if there are none."""
    if at.op != "mean_of_steps":
        return ""
    count = program.rows
    kept = program.tensor(at.inputs["keep"].name)[:count].reshape(count, -1)
    padded = np.flatnonzero(~kept.any(1))
    if not len(padded):
        return ""
    chosen = program.tape.chosen
    rows = padded if chosen is None else program.tensor(chosen.name).reshape(-1)[padded]
    first, several = int(rows.min()), len(padded)
    more = f" ({several} samples of this batch are such)" if several > 1 else ""
    return (
        f"Row {first} of x is padding only{more}, so that there is no step to take the mean of. Leave such samples "
        "out, or give them a token of their own."
    )
