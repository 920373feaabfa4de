"""Where numbers stopped being finite, and what a learner is told about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.ops.base import Instruction
from core.spec.network import Network
from core.tape.program import Program


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


def broke(program: Program, instruction: Instruction) -> bool:
    """Tell whether an instruction that has just run wrote a number that is not finite."""
    return any(not np.isfinite(program.tensor(t.name)).all() for t in instruction.outputs.values())


def describe(program: Program, network: Network, step: int, pc: int) -> Divergence:
    """Say what the instruction at `pc` wrote; it is the last one that has run."""
    at = program.instructions[pc]
    name = next((layer.name for layer in network.layers if layer.id == at.layer), "")
    where = f" in {name}" if name else ""
    values = program.tensor(at.writes[0])
    what = "infinite" if np.isinf(values).any() else "not a number"
    sentence = (
        f"A value became {what} at step {step}, in instruction {pc + 1}{where}: {at.title}. "
        "Step back and lower the learning rate."
    )
    return Divergence(step, pc, sentence)
