"""Breakpoints of one program: at which places of its tape they are, and which values they look at."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.breakpoints import Breakpoint, check
from core.errors import ChainruleError
from core.naming import unknown
from core.ops.base import Instruction
from core.tape.program import Program
from core.tape.tensors import Tensor

#: Tensors with fewer elements between them are looked through as one stretch.
_NEAR = 512


@dataclass(frozen=True)
class Stopped:
    """Why a run stands where it does.

    Attributes
    ----------
    breakpoint
        Which of those that were given.
    step, pc
        Where: steps done, and instructions done inside the present one.
    instruction
        Place on the tape of the instruction that wrote the number, or before which it stands.
    tensor, cell, value
        Of a condition: the number for which it holds; of several the largest (or the smallest, for "below").
    before
        Of a loss that went up: what it was at the step before.
    """

    breakpoint: int
    step: int
    pc: int
    instruction: int
    tensor: str = ""
    cell: tuple[int, ...] = ()
    value: float | None = None
    before: float | None = None


@dataclass(frozen=True)
class Condition:
    """One condition: which breakpoint it is of, and the tensors it looks at by the instruction that writes them."""

    breakpoint: int
    test: str
    value: float
    written: dict[int, tuple[str, ...]]


class Watch:
    """Breakpoints, bound to a program.

    Parameters
    ----------
    program
        Bound.
    breakpoints
        Those that are not enabled are left out.

    Attributes
    ----------
    places
        Breakpoints by the place before which the run is to stop.
    conditions
        What is looked at when it has been written.
    rises
        True if the loss of the step before matters.

    Raises
    ------
    core.errors.ChainruleError
        One is about a layer, an instruction or a value that the network does not have.
    """

    def __init__(self, program: Program, breakpoints: Sequence[Breakpoint]) -> None:
        self.program = program
        self.count = len(program.kinds)
        tape = program.tape.instructions
        self.places: dict[int, int] = {}
        conditions = []
        for k, one in enumerate(breakpoints):
            check(one)
            if not one.enabled:
                continue
            if one.kind == "condition":
                written = _looked_at(program, one)
                conditions.append(Condition(k, one.test, one.value, written))
            else:
                for place in places_of(tape, one):
                    self.places.setdefault(place, k)
        self.conditions = tuple(conditions)
        #: Stretches of memory that hold all that a condition looks at, and little besides.
        self._spans = [_spans(program, one) for one in self.conditions]
        self.rises = any(one.test == "rises" for one in conditions)
        #: Places behind instructions that write what a condition looks at, and places to stop at; the end is one.
        ends = {pc + 1 for one in conditions for pc in one.written}
        self._stations = sorted({*ends, *self.places, self.count} - {0})

    def __bool__(self) -> bool:
        return bool(self.places or self.conditions)

    def stations(self, pc: int) -> list[int]:
        """Where to look up on the way from `pc` to the end of the step, which is the last."""
        return self._stations[bisect.bisect_right(self._stations, pc) :]

    def holds(self, before: float | None) -> bool:
        """Whether a condition holds for what the last whole step has written; `before` is the loss before it."""
        return any(
            self._holds(one, name, before)
            for one, spans in zip(self.conditions, self._spans, strict=True)
            if _may_hold(spans, one.test, one.value, before)
            for names in one.written.values()
            for name in names
        )

    def _holds(self, one: Condition, name: str, before: float | None) -> bool:
        values = self.program.tensor(name)
        return bool(values.size) and _any(values, one.test, one.value, before)

    def wrote(self, step: int, pc: int, before: float | None) -> Stopped | None:
        """The condition that holds for what instruction `pc` of a step has just written."""
        for one in self.conditions:
            for name in one.written.get(pc, ()):
                found = self._number(one, name, before)
                if found is not None:
                    at = (step + 1, 0) if pc + 1 == self.count else (step, pc + 1)
                    return Stopped(
                        one.breakpoint, *at, pc, name, *found, before if one.test == "rises" else None
                    )  # fmt: skip
        return None

    def at(self, step: int, pc: int) -> Stopped | None:
        """The breakpoint at a place."""
        if pc == self.count:
            step, pc = step + 1, 0
        found = self.places.get(pc)
        return None if found is None else Stopped(found, step, pc, pc)

    def _number(
        self, one: Condition, name: str, before: float | None
    ) -> tuple[tuple[int, ...], float] | None:
        """Cell and value of the number for which a condition holds."""
        values = self.program.tensor(name)
        if not values.size or not _any(values, one.test, one.value, before):
            return None
        if one.test == "not-finite":
            flat = int(np.argmin(np.isfinite(values)))
        elif one.test == "below":
            flat = int(values.argmin())
        else:
            flat = int((np.abs(values) if one.test == "size-above" else values).argmax())
        cell = tuple(int(k) for k in np.unravel_index(flat, values.shape))
        return cell, float(values[cell])


def loss_of(program: Program) -> float | None:
    """The loss as it stands in memory; None for a program without one."""
    return float(program.mem[program.watch[0]]) if len(program.watch) else None


def loss_place(program: Program) -> int | None:
    """The place behind the instruction that gives the loss; None for a program without one."""
    names = list(program.tape.watch.values())
    if not names:
        return None
    written = [k for k, ins in enumerate(program.tape.instructions) if names[0] in ins.outputs.values()]  # fmt: skip
    return written[-1] + 1 if written else None


def update_place(program: Program) -> int | None:
    """The place before the first update, where all gradients are there; None if nothing is updated."""
    tape = program.tape.instructions
    return next((k for k, ins in enumerate(tape) if ins.phase == "update"), None)


def places_of(tape: Sequence[Instruction], one: Breakpoint) -> list[int]:
    """The places before which a breakpoint on an instruction or a layer stops.

    Raises
    ------
    core.errors.ChainruleError
        There is no such instruction or layer.
    """
    if one.kind == "instruction":
        if not 0 <= one.instruction < len(tape):
            raise ChainruleError(
                f"A step has {len(tape)} instructions, at the places 0 to {len(tape) - 1}; there is none at "
                f"{one.instruction}."
            )
        return [one.instruction]
    own = [
        k
        for k, ins in enumerate(tape)
        if ins.layer == one.layer
        and ins.phase == (one.phase or ins.phase)
        and (k == 0 or (tape[k - 1].layer, tape[k - 1].phase) != (ins.layer, ins.phase))
    ]
    if not own:
        known = {ins.layer for ins in tape if ins.layer}
        if one.layer not in known:
            raise ChainruleError(unknown("layer with instructions", one.layer, known))
        raise ChainruleError(f"{one.layer} has no instruction in the phase {one.phase!r}.")
    return own


def _looked_at(program: Program, one: Breakpoint) -> dict[int, tuple[str, ...]]:
    """Names of the tensors a condition looks at, by the instruction that writes them."""
    if one.of == "tensor" and one.tensor not in program.tape.tensors:
        raise ChainruleError(unknown("value in the program", one.tensor, program.tape.tensors))
    found: dict[int, tuple[str, ...]] = {}
    for pc, ins in enumerate(program.tape.instructions):
        names = tuple(_chosen(program, one, ins, pc))
        if names:
            found[pc] = names
    if not found:
        what = one.tensor if one.of == "tensor" else one.of
        raise ChainruleError(
            f"No instruction of this network writes {what}: nothing would ever stop the run."
        )
    return found


def _chosen(program: Program, one: Breakpoint, ins: Instruction, pc: int) -> Iterator[str]:
    if one.of == "tensor":
        if one.tensor in program.written_names[pc]:
            yield one.tensor
        return
    loss = next(iter(program.tape.watch.values()), None)
    for t in ins.outputs.values():
        if one.of == "loss":
            if t is loss:
                yield t.name
        elif _is_of(t, one.of, ins.phase):
            yield t.name


def _is_of(t: Tensor, of: str, phase: str) -> bool:
    if of == "everything":
        return phase != "data"
    if of == "weight-gradients":
        return t.role == "gradient" and not t.batch
    if of == "gradients":
        return t.role == "gradient"
    if of == "weights":
        return t.role == "weight"
    return phase == "forward" and t.role == "value"


def _spans(program: Program, one: Condition) -> list[np.ndarray]:
    """Stretches of the arena with all tensors that a condition looks at: few are quickly looked through."""
    tensors = [program.tape.tensors[name] for names in one.written.values() for name in names]
    ends = sorted((t.at, t.at + (program.capacity - 1) * t.row * t.batch + t.size) for t in tensors)
    merged: list[list[int]] = []
    for first, last in ends:
        if merged and first - merged[-1][1] < _NEAR:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return [program.mem[first:last] for first, last in merged if last > first]


def _may_hold(spans: Sequence[np.ndarray], test: str, bound: float, before: float | None) -> bool:
    """False only if a test holds for no number of these stretches; what is not a number leaves it open."""
    with np.errstate(all="ignore"):
        if test == "not-finite":
            return not all(np.isfinite(span.sum()) for span in spans)
        if test == "size-above":
            return not all(span.max() <= bound and span.min() >= -bound for span in spans)
        if test == "below":
            return not all(span.min() >= bound for span in spans)
        limit = bound if test == "above" else before
        return limit is not None and not all(span.max() <= limit for span in spans)


def _any(values: np.ndarray, test: str, bound: float, before: float | None) -> bool:
    """Whether a test holds for one of these numbers; one that is not a number is neither above nor below."""
    with np.errstate(all="ignore"):
        if test == "not-finite":
            # The sum tells it at once, unless it overflows.
            return not np.isfinite(values.sum()) and not bool(np.isfinite(values).all())
        if test == "size-above":
            return bool(values.max() > bound or values.min() < -bound)
        if test == "above":
            return bool(values.max() > bound)
        if test == "below":
            return bool(values.min() < bound)
        return before is not None and bool(values.max() > before)
