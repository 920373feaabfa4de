"""For which stretch of a tape a superinstruction stands: its lines, and the tensors their names are found to mean.

The language of the lines is told in `core.ops.fused`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

from core.ops.base import Instruction, Op, operation
from core.tape.sharing import by_rows
from core.tape.tensors import Buffer, Tensor

#: A stretch of a buffer: from which element on, and how many.
Place = tuple[Buffer, int, int]


def place_of(t: Tensor) -> Place:
    """The stretch a tensor takes."""
    return t.buffer, t.offset, t.size


@dataclass(frozen=True)
class Name:
    """A tensor in a line: all of it, or parts `first` to `last` of `parts` equal ones."""

    name: str
    first: int = 0
    last: int = 1
    parts: int = 1

    @classmethod
    def read(cls, word: str) -> Name:
        """``z``, or ``z[0:1/4]``."""
        name, _, part = word.partition("[")
        if not part:
            return cls(name)
        span, _, parts = part.rstrip("]").partition("/")
        first, _, last = span.partition(":")
        return cls(name, int(first), int(last), int(parts))

    def whole(self, t: Tensor) -> Place | None:
        """The stretch of the whole tensor of which `t` is this part."""
        unit, rest = divmod(t.size, self.last - self.first)
        offset = t.offset - self.first * unit
        return None if rest or offset < 0 else (t.buffer, offset, unit * self.parts)

    def part(self, place: Place) -> Place:
        """The stretch of this part of a whole one."""
        buffer, offset, size = place
        unit = size // self.parts
        return buffer, offset + self.first * unit, (self.last - self.first) * unit


@dataclass(frozen=True)
class Line:
    """An instruction a superinstruction stands for."""

    writes: Name
    op: str
    reads: tuple[Name, ...]
    may_miss: bool
    instead: str


@cache
def lines(rule: Op) -> tuple[Line, ...]:
    """What a superinstruction stands for."""
    found = []
    for text in getattr(rule, "stands_for", "").strip().splitlines():
        words, instead = text.split(), ""
        may_miss = words[0] == "?"
        if may_miss:
            words = words[1:]
        if "or" in words:
            words, instead = words[: words.index("or")], words[-1]
        reads = tuple(Name.read(word) for word in words[3:])
        found.append(Line(Name.read(words[0]), words[2], reads, may_miss, instead))
    return tuple(found)


@dataclass
class Match:
    """Names of a superinstruction with the places they were found to stand for."""

    places: dict[str, Place] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)
    other_names: dict[str, str] = field(default_factory=dict)
    length: int = 0

    def bind(self, name: Name, t: Tensor) -> bool:
        """Let a name stand for a tensor; False if it stands for another one."""
        if name.name in self.other_names:
            name = replace(name, name=self.other_names[name.name])
        place = name.whole(t)
        if place is None or self.places.setdefault(name.name, place) != place:
            return False
        if name.parts == 1:
            self.tensors[name.name] = t
        elif name.name not in self.tensors:
            buffer, offset, size = place
            self.tensors[name.name] = replace(
                t, shape=(size,), buffer=buffer, offset=offset, parent=None, parts=[]
            )
        return True

    def given(self, rule: Op) -> dict[str, Tensor]:
        """The tensors, or parts of them, whose places the kernel is told."""
        found = {}
        for word in getattr(rule, "given", "").split():
            names = [Name.read(choice) for choice in word.split("|")]
            name = next((one for one in names if one.name in self.tensors), None)
            if name is None:
                continue
            t = self.tensors[name.name]
            if name.parts > 1:
                buffer, offset, size = name.part(self.places[name.name])
                t = replace(t, shape=(size,), buffer=buffer, offset=offset, parent=None, parts=[])
            found[name.name] = t
        return found

    def kept(self, rule: Op) -> list[Place]:
        """What the lines write and the kernel does not, as it is not given its place."""
        given, found = self.given(rule), []
        for name in self.written:
            buffer, first, size = self.places[name]
            end = first + size
            if name in given:
                t = given[name]
                found.append((buffer, first, t.offset - first))
                first = t.offset + t.size
            found.append((buffer, first, end - first))
        return [place for place in found if place[2]]

    def instruction(self, rule: Op, like: Instruction) -> Instruction:
        """The superinstruction. Its outputs are what its kernel writes."""
        given = self.given(rule)
        return Instruction(
            rule.name,
            {key: t for key, t in self.tensors.items() if key not in self.written},
            {key: given[key] for key in self.written if key in given},
            {},
            like.layer,
            like.phase,
        )


def match(rule: Op, instructions: list[Instruction], start: int) -> Match | None:
    """How a superinstruction stands for the instructions from `start` on, if it does."""
    first, second = lines(rule)[:2]
    if instructions[start].op != first.op and not (
        first.may_miss and instructions[start].op == second.op
    ):
        return None
    found = Match()
    for line in lines(rule):
        k = start + found.length
        ins = instructions[k] if k < len(instructions) else None
        if ins is not None and _is(line, ins, found):
            found.length += 1
        elif not line.may_miss:
            return None
        elif line.instead:
            found.other_names[line.writes.name] = line.instead
    return found


def _is(line: Line, ins: Instruction, match: Match) -> bool:
    if ins.op != line.op or ins.attributes or not by_rows(ins):
        return False
    rule = operation(ins.op)
    operands = [ins.inputs[key] for key in rule.operands if key in ins.inputs]
    if len(operands) != len(line.reads) or len(ins.outputs) != 1:
        return False
    before = (dict(match.places), dict(match.tensors)) if line.may_miss else None
    bound = all(match.bind(name, t) for name, t in zip(line.reads, operands, strict=True))
    if not (bound and match.bind(line.writes, ins.output)):
        if before is not None:
            match.places, match.tensors = before
        return False
    match.written[line.writes.name] = None
    return True
