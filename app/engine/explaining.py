"""How a number came about, with the weights, slots and sums as they were when its step began. Worker thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from core.expressions import Ref, Sum, evaluate
from core.kernels import state as S
from core.tape.program import Explanation

if TYPE_CHECKING:
    from core.runs import Run

_LASTING = ("weight", "slot", "statistic", "scalar")


def _nothing() -> Mapping[str, np.ndarray]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Explained(Explanation):
    """An explanation, and every lasting tensor as the step found it; read-only."""

    before: Mapping[str, np.ndarray] = field(default_factory=_nothing, compare=False, repr=False)


def lasting(run: Run) -> dict[str, np.ndarray]:
    """Weights, slots, sums and settings by name as the present step found them; none before the first step."""
    start, program = run.step_start, run.program
    if start is None:
        return {}
    return {
        name: start.memory[t.at : t.at + t.size].reshape(t.shape)
        for name, t in program.tape.tensors.items()
        if t.role in _LASTING and not t.batch and t.at + t.size <= program.plan.state
    }


def explain(run: Run, instruction: int, cell: tuple[int, ...], output: str | None) -> Explanation:
    """Explain one cell from the values its instruction read, however the present position was reached."""
    program = run.program
    plain = program.explain(instruction, cell, output)
    start = run.step_start
    if start is None or (run.pc and instruction >= run.pc):
        return plain
    before = lasting(run)
    ins = program.tape.instructions[instruction]
    first = bool(program.state[S.BATCH] == 0)
    # Counted up at the end of a step: the update itself was the one before.
    iteration = int(program.state[S.ITERATION]) + (1 if run.pc else 0)
    expression = program.expression(instruction, cell, output, iteration)
    if ins.op == "accumulate" and first:
        # A new epoch counts from nothing: the formula is the one of every other batch, its old sum is 0.
        counted = plain.tensor == ins.inputs["count"].name
        total = ins.inputs["count" if counted else "total"]
        before[total.name] = np.zeros(total.shape)
        terms = expression.terms if isinstance(expression, Sum) else (expression,)
        expression = Sum((Ref(total.name, (), total.symbol, ""), *terms))

    numbers: dict[tuple[str, tuple[int, ...]], float] = {}

    def value(tensor: str, index: tuple[int, ...]) -> float:
        found = float(before[tensor][index]) if tensor in before else program.value(tensor, index)
        numbers[tensor, index] = found
        return found

    return Explained(
        plain.instruction,
        plain.tensor,
        plain.cell,
        expression,
        value=evaluate(expression, value),
        kernel_value=plain.kernel_value,
        numbers=numbers,
        before=MappingProxyType(before),
    )
