"""How long each weight's gradient is before and after clipping, read off the tape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.text import tr

if TYPE_CHECKING:
    from app.scenes.closeups import Moment, Subject
    from app.snapshots import InstructionView, ProgramView

LENGTH, GLOBAL, VALUE = "clipnorm", "global_clipnorm", "clipvalue"
_OPS = ("gradient_norm", "global_norm", "clip_to_norm", "clip_value")
#: Gradients of more numbers than this are looked at only when it is their turn.
_LARGE = 65_536


@dataclass(frozen=True)
class Clipped:
    """A weight whose gradient is clipped: tensors of the gradient before and after, and of its length or ""."""

    weight: str
    gradient: str
    clipped: str
    norm: str


@dataclass(frozen=True)
class Clipping:
    """What is clipped in a step, how, and to which limit."""

    way: str
    limit: float
    weights: tuple[Clipped, ...]
    whole: str

    def of(self, instruction: InstructionView) -> Clipped | None:
        """Return the weight an instruction is about; None if it is about all."""
        names = {*instruction.writes, *instruction.operands.values()}
        if instruction.op == "global_norm":
            return None
        return next((w for w in self.weights if names & {w.clipped, w.gradient}), None)


@dataclass(frozen=True)
class Length:
    """A line of the list.

    Attributes
    ----------
    of
        The weight; None for all gradients together.
    before, after
        The length of the gradient, or its largest number where numbers are cut off; None where not computed.
    share
        Of all numbers those that were cut off, or of the whole's square this weight's; None where that says nothing.
    """

    of: Clipped | None
    before: float | None
    after: float | None
    share: float | None = None


def is_clipping(instruction: InstructionView) -> bool:
    """Tell whether an instruction measures or clips gradients."""
    return instruction.phase == "update" and instruction.op in _OPS


_known: dict[int, tuple[ProgramView, Clipping | None]] = {}


def clipping(program: ProgramView) -> Clipping | None:
    """Return how a program clips its gradients, or None."""
    known = _known.get(program.serial)
    if known is None or known[0] is not program:
        while len(_known) > 7:
            del _known[next(iter(_known))]
        known = _known[program.serial] = (program, _find(program))
    return known[1]


def _find(program: ProgramView) -> Clipping | None:
    found, limit, way, whole = [], 0.0, "", ""
    for line in program.instructions:
        if line.op == "global_norm" and line.phase == "update":
            whole = line.writes[0]
        if line.op not in ("clip_to_norm", "clip_value"):
            continue
        limit = float(line.attributes["limit"])
        weight = line.writes[0].removeprefix("clipped/")
        norm = f"norm/{weight}" if line.op == "clip_to_norm" else ""
        way = VALUE if line.op == "clip_value" else GLOBAL if whole else LENGTH
        found.append(Clipped(weight, line.operands["g"], line.writes[0], norm))
    return Clipping(way, limit, tuple(found), whole) if found else None


def tensors(subject: Subject) -> tuple[str, ...]:
    """Name what the list and the pictures are made of."""
    how = clipping(subject.program)
    assert how is not None
    own = how.of(subject.instruction)
    names = [how.whole, *(w.norm for w in how.weights)]
    for one in how.weights:
        size = math.prod(subject.info(one.gradient).shape)
        if one is own or (how.way == VALUE and size <= _LARGE):
            names += [one.gradient, one.clipped]
    return tuple(dict.fromkeys(name for name in names if name))


def lengths(subject: Subject, moment: Moment) -> tuple[Length, ...]:
    """Return the list: a line for each weight, and one for all together where that is what is clipped."""
    how = clipping(subject.program)
    assert how is not None
    whole = _number(moment, how.whole)
    found = []
    for one in how.weights:
        if how.way == VALUE:
            found.append(_cut(one, how.limit, moment))
            continue
        norm = _number(moment, one.norm)
        longest = whole if how.way == GLOBAL else norm
        # What is written says when it is done: the length is known before the gradient is shortened.
        ran = _ran(subject, moment, one.clipped)
        after = (
            norm * how.limit / max(longest, how.limit)
            if ran and norm is not None and longest is not None
            else None
        )
        share = norm**2 / whole**2 if how.way == GLOBAL and norm is not None and whole else None
        found.append(Length(one, norm, after, share))
    if how.way == GLOBAL:
        ran = _ran(subject, moment, how.weights[0].clipped)
        found.append(
            Length(None, whole, min(whole, how.limit) if ran and whole is not None else None)
        )
    return tuple(found)


def _cut(one: Clipped, limit: float, moment: Moment) -> Length:
    gradient, clipped = moment.arrays.get(one.gradient), moment.arrays.get(one.clipped)
    before = float(np.abs(gradient).max()) if gradient is not None else None
    after = float(np.abs(clipped).max()) if clipped is not None else None
    share = float((np.abs(gradient) > limit).mean()) if gradient is not None else None
    return Length(one, before, after, share)


def _number(moment: Moment, name: str) -> float | None:
    array = moment.arrays.get(name) if name else None
    return None if array is None else float(array)


def _ran(subject: Subject, moment: Moment, tensor: str) -> bool:
    """Whether the step that is shown has written a tensor."""
    snapshot = moment.snapshot
    if snapshot is None:
        return False
    ended = snapshot.position.pc == 0 and snapshot.instruction is not None
    line = _writer(subject.program, tensor)
    return ended or line < snapshot.position.pc


def _writer(program: ProgramView, tensor: str) -> int:
    return next((i.index for i in program.instructions if tensor in i.writes), -1)


def sentence(subject: Subject, found: tuple[Length, ...]) -> str:
    """Return what happens to the gradient, in words."""
    how = clipping(subject.program)
    assert how is not None
    own = how.of(subject.instruction)
    limit = f"{how.limit:g}"
    line = next((one for one in found if one.of is own), None)
    if how.way == VALUE:
        if line is None or line.share is None:
            return tr("Numbers beyond ±{limit} are cut off, each by itself.", limit=limit)
        if line.share == 0:
            return tr("No number is beyond ±{limit}: nothing changes.", limit=limit)
        return tr(
            "{share} % of the numbers are beyond ±{limit} and are cut off: the gradient points elsewhere.",
            share=f"{100 * line.share:.3g}",
            limit=limit,
        )
    longest = found[-1] if how.way == GLOBAL else line
    if longest is None or longest.before is None:
        return tr(
            "Gradients longer than {limit} are shortened; their direction stays.", limit=limit
        )
    if longest.before <= how.limit:
        return tr(
            "The length {length} is below {limit}: nothing changes.",
            length=f"{longest.before:.4g}",
            limit=limit,
        )
    share = f"{100 * how.limit / longest.before:.3g}"
    if how.way == GLOBAL:
        return tr(
            "All gradients are shortened to {share} % alike: together they are {limit} long, and point the same way.",
            share=share,
            limit=limit,
        )
    return tr(
        "Shortened to {share} %: {limit} long, and pointing the same way.", share=share, limit=limit
    )
