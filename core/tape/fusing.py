"""Whole steps in fewer instructions: what the machine runs while nothing looks at what is between.

The tape is the lesson, one textbook step an instruction, each value in a place of its own. Most of a whole step's
values are read once, right after they were written, and looked at by nobody. `fuse` writes the tape anew without them:

1. A run of instructions for which a superinstruction stands (`core.ops.fused`) becomes that one, if nothing else reads
   the values it keeps to itself.
2. A bias of all time steps at once, read by such steps alone, is added in each of them.
3. Gradients of a weight that every time step adds to (a product each, and in the end a chain of additions) join one sum
   as soon as they are there.
4. What is copied is written to where the copy would be.
5. What only the next instruction reads is handed over in a small place that stays in the cache.

Every number is made by the same operations in the same order, so that no bit of what remains differs. Single steps,
probes and explanations see the tape as it is written, and so does the last whole step of every run: when a run returns,
each value stands in its place (`core.kernels.machine.run_steps`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from core.ops.base import Instruction, Op, operation, superinstructions
from core.tape.sharing import by_rows
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: Numbers of a sample that are handed over in a place of their own: more would not stay in the cache.
HANDED_OVER = 1024

#: A stretch of a buffer: from which element on, and how many.
Place = tuple[Buffer, int, int]


def fuse(tape: Tape) -> list[Instruction]:
    """What a whole step runs: instructions of the tape, and others in place of some of them.

    Nothing is fused in tapes that are not trained: they are run to be looked at.
    """
    if tape.mode != "train":
        return list(tape.instructions)
    looked_at = [*tape.watch.values()]
    found = _matched(tape.instructions, looked_at)
    if len(found) == len(tape.instructions):
        return found
    found = _biases_taken_in(found, looked_at)
    found = _summed_at_once(found, looked_at)
    found = _written_in_place(found, looked_at)
    return _handed_over(found, looked_at)


# ---- what is read and written -----------------------------------------------------------------------------------


def place_of(t: Tensor) -> Place:
    """The stretch a tensor takes."""
    return t.buffer, t.offset, t.size


class _Uses:
    """Who reads and writes which stretch of which buffer, by number of the instruction (-1: somebody outside)."""

    def __init__(self, instructions: list[Instruction], looked_at: Iterable[Tensor]) -> None:
        self.read: dict[int, list[tuple[int, Tensor]]] = defaultdict(list)
        self.written: dict[int, list[tuple[int, Tensor]]] = defaultdict(list)
        for k, ins in enumerate(instructions):
            for t in ins.inputs.values():
                self.read[id(t.buffer)].append((k, t))
            for t in ins.outputs.values():
                self.written[id(t.buffer)].append((k, t))
        for t in looked_at:
            self.read[id(t.buffer)].append((-1, t))

    def readers(self, place: Place) -> set[int]:
        """Instructions that read any of a stretch."""
        buffer, first, size = place
        return {
            k
            for k, t in self.read[id(buffer)]
            if t.offset < first + size and first < t.offset + t.size
        }

    def alone_in_parts(self, t: Tensor) -> bool:
        """True if a tensor is all that is written of its buffer, once; parts of it may be read."""
        own = self.written[id(t.buffer)]
        return (
            t.buffer.segment == "values" and t.packed and t.batch
            and len(own) == 1 and own[0][1] is t
        )  # fmt: skip

    def alone(self, t: Tensor) -> bool:
        """True if a tensor is all that is read and written of its buffer, and written once."""
        own = place_of(t)
        tensors = [*self.read[id(t.buffer)], *self.written[id(t.buffer)]]
        return (
            t.buffer.segment == "values"
            and t.packed
            and len(self.written[id(t.buffer)]) == 1
            and all(place_of(other) == own for _, other in tensors)
        )


def _moved(ins: Instruction, to: dict[int, tuple[Buffer, int]]) -> Instruction:
    """The instruction with its tensors in other buffers, by id of the buffer they were in."""

    def moved(t: Tensor) -> Tensor:
        if id(t.buffer) not in to:
            return t
        buffer, offset = to[id(t.buffer)]
        return replace(t, buffer=buffer, offset=offset + t.offset)

    tensors = (*ins.inputs.values(), *ins.outputs.values())
    if not any(id(t.buffer) in to for t in tensors):
        return ins
    return replace(
        ins,
        inputs={key: moved(t) for key, t in ins.inputs.items()},
        outputs={key: moved(t) for key, t in ins.outputs.items()},
    )


# ---- superinstructions ------------------------------------------------------------------------------------------


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
class _Match:
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

    def instruction(self, rule: Op, like: Instruction) -> Instruction:
        """The superinstruction."""
        hidden = getattr(rule, "hidden", ())
        return Instruction(
            rule.name,
            {key: t for key, t in self.tensors.items() if key not in self.written},
            {key: self.tensors[key] for key in self.written if key not in hidden},
            {},
            like.layer,
            like.phase,
        )


def _matched(instructions: list[Instruction], looked_at: Iterable[Tensor]) -> list[Instruction]:
    """With superinstructions wherever one stands for what is there."""
    uses: _Uses | None = None
    rules = [rule for rule in superinstructions() if lines(rule)]
    found: list[Instruction] = []
    k = 0
    while k < len(instructions):
        for rule in rules:
            match = _match(rule, instructions, k)
            if match is None:
                continue
            uses = uses or _Uses(instructions, looked_at)
            if _keeps_to_itself(rule, match, k, uses):
                found.append(match.instruction(rule, instructions[k]))
                k += match.length
                break
        else:
            found.append(instructions[k])
            k += 1
    return found


def _match(rule: Op, instructions: list[Instruction], start: int) -> _Match | None:
    """How a superinstruction stands for the instructions from `start` on, if it does."""
    first, second = lines(rule)[:2]
    if instructions[start].op != first.op and not (
        first.may_miss and instructions[start].op == second.op
    ):
        return None
    match = _Match()
    for line in lines(rule):
        k = start + match.length
        ins = instructions[k] if k < len(instructions) else None
        if ins is not None and _is(line, ins, match):
            match.length += 1
        elif not line.may_miss:
            return None
        elif line.instead:
            match.other_names[line.writes.name] = line.instead
    return match


def _is(line: Line, ins: Instruction, match: _Match) -> bool:
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


def _keeps_to_itself(rule: Op, match: _Match, start: int, uses: _Uses) -> bool:
    """True if nobody else reads what the superinstruction does not write."""
    own = set(range(start, start + match.length))
    for word in getattr(rule, "hidden", ()):
        name = Name.read(word)
        if name.name not in match.written:
            continue
        place = name.part(match.places[name.name])
        if place[0].segment != "values" or uses.readers(place) - own:
            return False
    return True


def _biases_taken_in(
    instructions: list[Instruction], looked_at: Iterable[Tensor]
) -> list[Instruction]:
    """Without biases whose sums only superinstructions read that can add one themselves (operand `early`)."""
    uses = _Uses(instructions, looked_at)
    taken: dict[int, Instruction] = {}
    found = []
    for ins in instructions:
        z = ins.output
        if ins.op == "bias_add" and uses.alone_in_parts(z):
            readers = uses.readers(place_of(z))
            if readers and -1 not in readers and all(_takes(instructions[k], z) for k in readers):
                taken[id(z.buffer)] = ins
                continue
        x = ins.inputs.get("x")
        bias = taken.get(id(x.buffer)) if x is not None else None
        if bias is not None and x is not None:
            source = bias.inputs["x"]
            plain = replace(x, buffer=source.buffer, offset=source.offset + x.offset)
            ins = replace(ins, inputs={**ins.inputs, "x": plain, "early": bias.inputs["b"]})
        found.append(ins)
    return found


def _takes(ins: Instruction, z: Tensor) -> bool:
    """True if an instruction can add the bias of `z` to a row of it."""
    can = getattr(operation(ins.op), "takes_bias", False)
    x = ins.inputs.get("x")
    others = [t for key, t in ins.inputs.items() if key != "x"]
    return (
        can
        and x is not None
        and x.size == z.last
        and x.offset % z.last == 0
        and all(t.buffer is not z.buffer for t in others)
    )


# ---- sums over time ---------------------------------------------------------------------------------------------


def _summed_at_once(
    instructions: list[Instruction], looked_at: Iterable[Tensor]
) -> list[Instruction]:
    """Chains of additions of gradients of a weight, each next to the gradient it adds.

    ``s₂ = g₁ + g₂, s₃ = s₂ + g₃, ...`` all become the sum's own place: g₁ is written there, every other one to a place
    they share, and added from it at once.
    """
    uses = _Uses(instructions, looked_at)
    written = {id(t.buffer): k for k, ins in enumerate(instructions) for t in ins.outputs.values()}
    chains: dict[int, list[int]] = {}
    last_of: dict[int, int] = {}
    for k, ins in enumerate(instructions):
        if ins.op != "add" or ins.output.batch or ins.phase != "backward":
            continue
        a, b = ins.inputs["a"], ins.inputs["b"]
        if not all(uses.alone(t) and len(uses.readers(place_of(t))) == 1 for t in (a, b)):
            continue
        head = last_of.pop(id(a.buffer), k)
        chains.setdefault(head, []).append(k)
        last_of[id(ins.output.buffer)] = head
    moved: dict[int, tuple[Buffer, int]] = {}
    behind: dict[int, Instruction] = {}
    dropped: set[int] = set()
    shared: dict[int, Buffer] = {}
    for chain in chains.values():
        adds = [instructions[k] for k in chain]
        total = adds[-1].output
        sources = [adds[0].inputs["a"], *(ins.inputs["b"] for ins in adds)]
        makers = [written[id(t.buffer)] for t in sources]
        # Each is made by a product or a sum of columns, in the order in which they are added.
        plain = all(instructions[k].op in _GRADIENTS for k in makers)
        if len(chain) < 2 or not plain or makers != sorted(makers):
            continue
        place = shared.setdefault(total.size, Buffer(total.size, False, "scratch"))
        moved[id(sources[0].buffer)] = total.buffer, total.offset
        for source, maker in zip(sources[1:], makers[1:], strict=True):
            moved[id(source.buffer)] = place, 0
            given = replace(source, buffer=place)
            behind[maker] = Instruction(
                "add_to", {"x": given, "before": total}, {"y": total}, {}, adds[0].layer, "backward"
            )
        dropped.update(chain)
    found: list[Instruction] = []
    for k, ins in enumerate(instructions):
        if k not in dropped:
            found.append(_moved(ins, moved))
        if k in behind:
            found.append(behind[k])
    return found


#: What makes the gradient of a weight.
_GRADIENTS = ("matmul_weight_grad", "column_sum")


# ---- copies and values handed over -------------------------------------------------------------------------------


def _written_in_place(
    instructions: list[Instruction], looked_at: Iterable[Tensor]
) -> list[Instruction]:
    """Without copies of values that can be written to where the copy is."""
    uses = _Uses(instructions, looked_at)
    moved: dict[int, tuple[Buffer, int]] = {}
    targets: set[int] = set()
    found = []
    for ins in instructions:
        if ins.op == "copy" and ins.phase == "backward":
            x, y = ins.inputs["x"], ins.output
            whole = Tensor(x.name, (x.buffer.size,), x.buffer)
            own = uses.written[id(x.buffer)]
            free = not {id(x.buffer), id(y.buffer)} & moved.keys() and id(x.buffer) not in targets
            if (
                free and x.batch and y.batch and x.packed and x.buffer.segment == "values"
                and len(own) == 1 and place_of(own[0][1]) == place_of(whole)
                and -1 not in uses.readers(place_of(whole))
            ):  # fmt: skip
                moved[id(x.buffer)] = y.buffer, y.offset
                targets.add(id(y.buffer))
                continue
        found.append(ins)
    return [_moved(ins, moved) for ins in found]


def _handed_over(instructions: list[Instruction], looked_at: Iterable[Tensor]) -> list[Instruction]:
    """With values that only the next instruction reads in places that are used again and again."""
    uses = _Uses(instructions, looked_at)
    moved: dict[int, tuple[Buffer, int]] = {}
    # Two places of each size in turn: one is read while the other is written.
    places: dict[tuple[int, int], Buffer] = {}
    for k, (ins, following) in enumerate(pairwise(instructions)):
        t = ins.output
        if (
            len(ins.outputs) == 1 and t.batch and t.size <= HANDED_OVER and by_rows(ins) and by_rows(following)
            and uses.alone(t) and uses.readers(place_of(t)) == {k + 1}
        ):  # fmt: skip
            key = t.size, k % 2
            moved[id(t.buffer)] = places.setdefault(key, Buffer(t.size, True, "scratch")), 0
    return [_moved(ins, moved) for ins in instructions]
