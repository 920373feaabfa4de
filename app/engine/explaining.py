"""How a number came about, with the weights, slots and sums as they were when its step began. Worker thread."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from app.engine.state import INTERRUPTED
from app.snapshots import LASTING
from core.errors import ChainruleError
from core.expressions import Ref, Sum, evaluate
from core.interrupting import InterruptedFormulaError, glance, interruptible
from core.kernels import state as S
from core.tape.explanation import Reading
from core.tape.program import Explanation

if TYPE_CHECKING:
    from core.expressions import Expr
    from core.runs import Run
    from core.tape.compiler import Tape
    from core.tape.tensors import Tensor


def _nothing() -> Mapping[str, np.ndarray]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Explained(Explanation):
    """An explanation, and every lasting tensor as the step found it; read-only."""

    before: Mapping[str, np.ndarray] = field(default_factory=_nothing, compare=False, repr=False)


#: By tape: of thousands of tensors of a recurrent layer those few that outlive a step.
_lasting: WeakKeyDictionary[Tape, dict[str, Tensor]] = WeakKeyDictionary()


def lasting(run: Run) -> dict[str, np.ndarray]:
    """Weights, slots, sums and settings by name as the present step found them; none before the first step."""
    start, program = run.step_start, run.program
    if start is None:
        return {}
    if program.tape not in _lasting:
        _lasting[program.tape] = {
            name: t for name, t in program.tape.tensors.items() if t.role in LASTING
        }
    found = {}
    for name, t in _lasting[program.tape].items():
        # A state that is kept has a row for each sample.
        rows = program.rows if t.batch else 1
        if t.at + rows * t.size <= program.plan.state:
            array = start.memory[t.at : t.at + rows * t.size]
            found[name] = array.reshape((rows, *t.shape) if t.batch else t.shape)
    return found


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


class _Reading(Reading):
    """A reading of what earlier instructions of the same step have left, where later ones have changed it."""

    def __init__(
        self,
        array: Callable[[str], np.ndarray],
        earlier: Callable[[str, tuple[int, ...]], float | None],
    ) -> None:
        super().__init__(array)
        self._earlier = earlier

    def __call__(self, tensor: str, at: tuple[int, ...]) -> float:
        old = self._earlier(tensor, at)
        if old is None:
            return super().__call__(tensor, at)
        glance()
        self.numbers[tensor, at] = old
        return old


@contextmanager
def leaving_off(hurry: Callable[[], bool]) -> Iterator[None]:
    """Leave a formula off when something else has to be done; who asked is told so, and may ask again.

    Raises
    ------
    core.errors.ChainruleError
        `INTERRUPTED`.
    """
    try:
        with interruptible(hurry):
            yield
    except InterruptedFormulaError as error:
        raise ChainruleError(INTERRUPTED) from error


#: By tape: what lasts and is written by several instructions of a step, and by which.
_several: WeakKeyDictionary[Tape, dict[str, tuple[int, ...]]] = WeakKeyDictionary()


def _written_again(tape: Tape) -> dict[str, tuple[int, ...]]:
    if tape not in _several:
        writers: dict[str, list[int]] = {}
        for index, ins in enumerate(tape.instructions):
            for out in ins.outputs.values():
                if out.role in LASTING:
                    writers.setdefault(out.name, []).append(index)
        _several[tape] = {name: tuple(at) for name, at in writers.items() if len(at) > 1}
    return _several[tape]


class _Past:
    """What the instructions of the present step found, after all of them have run."""

    def __init__(self, run: Run, before: dict[str, np.ndarray]) -> None:
        program = self.program = run.program
        self.before = before
        self.done = run.pc or len(program.tape.instructions)
        self.first = bool(program.state[S.BATCH] == 0)
        # Counted up at the end of a step: the update itself was the one before.
        self.iteration = int(program.state[S.ITERATION]) + (1 if run.pc else 0)
        self.writers = _written_again(program.tape)
        self._views: dict[str, np.ndarray] = {}

    def array(self, tensor: str) -> np.ndarray:
        """A tensor as the step found it, if it lasts; else as it is."""
        known = self._views.get(tensor)
        if known is None:
            old = self.before.get(tensor)
            known = self._views[tensor] = self.program.tensor(tensor) if old is None else old
        return known

    def expression(self, instruction: int, cell: tuple[int, ...], output: str | None) -> Expr:
        """The formula of a cell."""
        tape = self.program.tape
        ins = tape.instructions[instruction]
        expression = self.program.expression(instruction, cell, output, self.iteration)
        if ins.op == "accumulate" and self.first:
            # A new epoch counts from nothing: the formula is the one of every other batch, its old sum is 0.
            written = ins.output if output is None else tape.tensors[output]
            total = ins.inputs["count" if written is ins.inputs["count"] else "total"]
            self.before[total.name] = np.zeros(total.shape)
            self._views.pop(total.name, None)
            terms = expression.terms if isinstance(expression, Sum) else (expression,)
            expression = Sum((Ref(total.name, (), total.symbol, ""), *terms))
        return expression

    def again(self, instruction: int, tensor: str) -> bool:
        """Tell whether a later instruction of this step has changed what this one wrote."""
        return any(instruction < later < self.done for later in self.writers.get(tensor, ()))

    def read(self, instruction: int, tensor: str, cell: tuple[int, ...]) -> float | None:
        """A number as an earlier instruction of the same step left it; None if none has changed it."""
        earlier = [one for one in self.writers.get(tensor, ()) if one < instruction]
        if not earlier:
            return None
        index = earlier[-1]
        expression = self.expression(index, cell, tensor)

        def look_up(name: str, at: tuple[int, ...]) -> float:
            old = self.read(index, name, at)
            return float(self.array(name)[at]) if old is None else old

        # Kept in the run's own precision.
        return float(self.program.tensor(tensor).dtype.type(evaluate(expression, look_up)))


def explain(run: Run, instruction: int, cell: tuple[int, ...], output: str | None) -> Explanation:
    """Explain one cell from the values its instruction read, however the present position was reached."""
    program = run.program
    start = run.step_start
    if start is None or (run.pc and instruction >= run.pc):
        return program.explain(instruction, cell, output)
    before = lasting(run)
    ins = program.tape.instructions[instruction]
    written = ins.output if output is None else program.tape.tensors[output]
    past = _Past(run, before)
    with _no_collection():
        expression = past.expression(instruction, cell, output)
        read = _Reading(past.array, lambda name, at: past.read(instruction, name, at))
        found = evaluate(expression, read)
    if past.again(instruction, written.name):
        # Another instruction has gone on with it since.
        made = float(program.tensor(written.name).dtype.type(found))
    else:
        made = float(program.tensor(written.name)[tuple(cell)])
    return Explained(
        instruction,
        written.name,
        tuple(int(k) for k in cell),
        expression,
        value=found,
        kernel_value=made,
        numbers=read.numbers,
        before=MappingProxyType(before),
    )
