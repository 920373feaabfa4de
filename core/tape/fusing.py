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
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from core.ops.base import Instruction, Op, operation, superinstructions
from core.tape.patterns import Match, Place, lines, match, place_of
from core.tape.sharing import by_rows
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: Numbers of a sample that are handed over in a place of their own: more would not stay in the cache.
HANDED_OVER = 1024


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
        return _touching(place, self.read[id(place[0])])

    def writers(self, place: Place) -> set[int]:
        """Instructions that write any of a stretch."""
        return _touching(place, self.written[id(place[0])])

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


def _touching(place: Place, tensors: list[tuple[int, Tensor]]) -> set[int]:
    _, first, size = place
    return {k for k, t in tensors if t.offset < first + size and first < t.offset + t.size}


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


def _matched(instructions: list[Instruction], looked_at: Iterable[Tensor]) -> list[Instruction]:
    """With superinstructions wherever one stands for what is there."""
    uses: _Uses | None = None
    rules = [rule for rule in superinstructions() if lines(rule)]
    found: list[Instruction] = []
    k = 0
    while k < len(instructions):
        for rule in rules:
            found_here = match(rule, instructions, k)
            if found_here is None:
                continue
            uses = uses or _Uses(instructions, looked_at)
            if _keeps_to_itself(rule, found_here, k, uses):
                found.append(found_here.instruction(rule, instructions[k]))
                k += found_here.length
                break
        else:
            found.append(instructions[k])
            k += 1
    return found


def _keeps_to_itself(rule: Op, found: Match, start: int, uses: _Uses) -> bool:
    """True if nobody else reads what the superinstruction does not write."""
    own = set(range(start, start + found.length))
    return all(
        place[0].segment == "values" and not uses.readers(place) - own for place in found.kept(rule)
    )


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
        # Each is made by a product or a sum of columns of its own, in the order in which they are added.
        plain = all(instructions[k].op in _GRADIENTS for k in makers)
        if len(chain) < 2 or not plain or makers != sorted(set(makers)):
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
    """Without copies of values that can be written to where the copy is.

    Nothing else is written there, and nothing reads it before the copy.
    """
    uses = _Uses(instructions, looked_at)
    moved: dict[int, tuple[Buffer, int]] = {}
    targets: set[int] = set()
    found = []
    for k, ins in enumerate(instructions):
        if ins.op == "copy" and ins.phase == "backward":
            x, y = ins.inputs["x"], ins.output
            whole = Tensor(x.name, (x.buffer.size,), x.buffer)
            own = uses.written[id(x.buffer)]
            free = not {id(x.buffer), id(y.buffer)} & moved.keys() and id(x.buffer) not in targets
            if (
                free and x.batch and y.batch and x.packed and x.buffer.segment == "values"
                and len(own) == 1 and place_of(own[0][1]) == place_of(whole)
                and -1 not in uses.readers(place_of(whole))
                and uses.writers(place_of(y)) == {k} and all(r < 0 or r > k for r in uses.readers(place_of(y)))
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
