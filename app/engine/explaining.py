"""How a number came about, with the weights, slots and sums as they were when its step began. Worker thread."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from app.engine.state import INTERRUPTED
from core.errors import ChainruleError
from core.expressions import Ref, Sum, evaluate
from core.kernels import state as S
from core.tape.explanation import Reading
from core.tape.program import Explanation

if TYPE_CHECKING:
    from core.runs import Run

#: So many terms are looked up before looking whether something else has to be done.
_GLANCE = 1024

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


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the collector rest: it would look through 200,000 new objects again and again, which takes twice the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Hurried(Reading):
    """A reading that stops when something else has to be done."""

    def __init__(self, array: Callable[[str], np.ndarray], hurry: Callable[[], bool]) -> None:
        super().__init__(array)
        self._hurry = hurry

    def __call__(self, tensor: str, at: tuple[int, ...]) -> float:
        if not len(self.numbers) % _GLANCE and self._hurry():
            raise ChainruleError(INTERRUPTED)
        return super().__call__(tensor, at)


def explain(
    run: Run,
    instruction: int,
    cell: tuple[int, ...],
    output: str | None,
    hurry: Callable[[], bool] = lambda: False,
) -> Explanation:
    """Explain one cell from the values its instruction read, however the present position was reached.

    Raises
    ------
    core.errors.ChainruleError
        `hurry` says that something else has to be done: a sum over a batch of images has 50,000 terms.
    """
    program = run.program
    start = run.step_start
    if start is None or (run.pc and instruction >= run.pc):
        return program.explain(instruction, cell, output)
    before = lasting(run)
    ins = program.tape.instructions[instruction]
    written = ins.output if output is None else program.tape.tensors[output]
    first = bool(program.state[S.BATCH] == 0)
    # Counted up at the end of a step: the update itself was the one before.
    iteration = int(program.state[S.ITERATION]) + (1 if run.pc else 0)
    with _no_collection():
        expression = program.expression(instruction, cell, output, iteration)
    if ins.op == "accumulate" and first:
        # A new epoch counts from nothing: the formula is the one of every other batch, its old sum is 0.
        counted = written is ins.inputs["count"]
        total = ins.inputs["count" if counted else "total"]
        before[total.name] = np.zeros(total.shape)
        terms = expression.terms if isinstance(expression, Sum) else (expression,)
        expression = Sum((Ref(total.name, (), total.symbol, ""), *terms))

    views: dict[str, np.ndarray] = {}

    def array(tensor: str) -> np.ndarray:
        known = views.get(tensor)
        if known is None:
            old = before.get(tensor)
            known = views[tensor] = program.tensor(tensor) if old is None else old
        return known

    read = _Hurried(array, hurry)

    with _no_collection():
        found = evaluate(expression, read)
    return Explained(
        instruction,
        written.name,
        tuple(int(k) for k in cell),
        expression,
        value=found,
        kernel_value=float(program.tensor(written.name)[tuple(cell)]),
        numbers=read.numbers,
        before=MappingProxyType(before),
    )
