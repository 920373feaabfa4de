"""What a program looks like from outside, and which of its values are there. Worker thread."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from app.snapshots import LASTING, InstructionView, ProgramView, TensorView
from core.optimizers import Optimizer
from core.runs import Position, Run
from core.tape.writes import last_writes

if TYPE_CHECKING:
    from core.tape.compiler import Tape
    from core.tape.program import Program
    from core.tape.tensors import Tensor

#: Numbers of snapshots and of programs: none is given twice.
serials = iter(range(1, 1 << 62))


def program_view(run: Run) -> ProgramView:
    """Return the listing of a run's program and of its values, without the values."""
    return view_of_program(run.program)


def view_of_program(program: Program) -> ProgramView:
    """Return the listing of a program and of its values, without the values."""
    instructions = tuple(
        InstructionView(
            i.index, i.phase, i.op, i.layer, i.title, i.formula, MappingProxyType(dict(i.operands)),
            tuple(i.writes), MappingProxyType(dict(i.results)), _plain(i.attributes),
        )
        for i in program.instructions
    )  # fmt: skip
    tensors = {
        name: TensorView(t.name, tuple(t.shape), t.batch, t.role, t.layer, t.symbol)
        for name, t in program.tensors.items()
    }
    return ProgramView(next(serials), instructions, MappingProxyType(tensors))


def _plain(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Constants that are numbers, words, or rows of them: what else an operation keeps is for the compiler.

    Of an optimizer its name, and its arguments as constants beside it.
    """
    optimizer = attributes.get("optimizer")
    if isinstance(optimizer, Optimizer):
        attributes = {**attributes, **optimizer.config, "optimizer": optimizer.name}

    def plain(value: Any) -> bool:
        if isinstance(value, tuple):
            return all(map(plain, value))
        return value is None or isinstance(value, bool | int | float | str)

    return MappingProxyType({name: value for name, value in attributes.items() if plain(value)})


def last_instruction(position: Position) -> int | None:
    """Return the instruction that ran last, if one did."""
    if position.pc:
        return position.pc - 1
    return position.instructions - 1 if position.step else None


def written_at(run: Run) -> dict[str, tuple[int, int]]:
    """Return for each tensor when it was written last: in this step, or in the one before."""
    position, tape = run.position, run.program.tape
    names, wholes = run.program.written_names, _wholes(tape)
    before = position.step > run.base
    known = _told.get(tape)
    if known is not None and known[:2] == (position.step, before) and known[2] <= position.pc:
        # A walk of thousands of instructions tells only of those that were done since.
        done, written = known[2], dict(known[3])
    else:
        done, written = 0, {}
        if before:
            step = position.step - 1
            written = {name: (step, k) for k, own in enumerate(names) for name in own}
            written |= {name: (step, last) for name, last in wholes.items()}
    for index in range(done, position.pc):
        for name in names[index]:
            written[name] = (position.step, index)
    # What is written part by part is there once the last part is.
    for name, last in wholes.items():
        if done <= last < position.pc:
            written[name] = (position.step, last)
    _told[tape] = (position.step, before, position.pc, written)
    return dict(written)


_of_tapes: WeakKeyDictionary[Tape, dict[str, int]] = WeakKeyDictionary()
#: Of each tape what was told last: the step, whether one was done before it, instructions done, and the answer.
_told: WeakKeyDictionary[Tape, tuple[int, bool, int, dict[str, tuple[int, int]]]] = (
    WeakKeyDictionary()
)


def _wholes(tape: Tape) -> dict[str, int]:
    """The values whose parts, such as the steps of a sequence, are written one by one: the last instruction of each."""
    if tape not in _of_tapes:
        outputs = [out for line in tape.instructions for out in line.outputs.values()]
        by_buffer: dict[int, list[Tensor]] = {}
        for out in outputs:
            by_buffer.setdefault(id(out.buffer), []).append(out)
        apart = {
            name: t
            for name, t in tape.tensors.items()
            if not any(out.covers(t) for out in by_buffer.get(id(t.buffer), ()))
        }
        _of_tapes[tape] = last_writes(tape, apart)
    return _of_tapes[tape]


def is_there(run: Run, name: str, written: dict[str, tuple[int, int]]) -> bool:
    """Tell whether a tensor holds anything: parameters always do, other values once they were computed."""
    tensor = run.program.tape.tensors.get(name)
    return tensor is not None and (tensor.role in LASTING or tensor.name in written)
