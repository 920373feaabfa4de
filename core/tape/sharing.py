"""How a step is shared by two threads: which instruction goes where, and when the threads meet.

Every instruction is cut by what it *writes*, so that each number keeps the one chain of operations it has on one
thread, and no bit depends on the sharing: by rows of the batch, or a gradient of a weight and its update by rows of the
weight. What cannot be cut is done by one of the two. (Shards with gradients of their own, added afterwards, would make
other bits than one thread, or cost one thread the additions.) A layer is cut by rows of the batch however wide it is:
cut by columns, both threads would read all of the batch instead of all of the weight, which was measured to be no
faster, and they would have to meet between any two layers.

From what instructions declare to read and write follows what must be finished before what. An instruction joins the
earliest region in which nothing that it needs is the other part's: in a region neither part touches what the other
writes, and only between regions do the threads meet. The whole way of a sample through the network and back is one or
two regions that way, and all gradients and updates are another. Regions are for speed only: what is shown and stepped
is the tape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.ops.base import Instruction, operation
from core.ops.dense import MatmulInputGrad
from core.tape.tensors import Buffer, Tensor

if TYPE_CHECKING:
    from core.tape.compiler import Tape

#: A step of fewer multiply-adds is not shared: meeting would cost more than it saves.
WORTH_SHARING = 2_500_000
#: An instruction without rows of fewer multiply-adds is not cut.
WORTH_CUTTING = 12_000
#: What calling a kernel takes, in multiply-adds.
_CALL = 4_000

#: Ways of a task, as in `core.kernels.sharing`, repeated here because importing kernels imports Numba.
AS_IT_STANDS, BY_ROWS = 0, 1
_BOTH = 2
_EVERYTHING = 1 << 62


@dataclass(frozen=True)
class Sharing:
    """The tasks of a step.

    Attributes
    ----------
    tasks
        (tasks, 3): the instruction, its row of integers, and the way (by rows of the batch, or as it stands).
    bounds
        (regions, 4): first and last task of the first part, and of the second.
    prelude
        Instructions from the start that are run before, by one thread.
    ints
        Rows of integers beside those of the instructions, numbered after them.
    """

    tasks: np.ndarray
    bounds: np.ndarray
    prelude: int
    ints: list[list[int]]


def work(tape: Tape, rows: int) -> int:
    """About how many multiply-adds a step takes as long as."""
    return sum(_CALL + operation(ins.op).work(ins, rows) for ins in tape.instructions)


def share(
    instructions: Sequence[Instruction],
    rows: int,
    first: int = 0,
    *,
    numbers: Sequence[int] | None = None,
    count: int = 0,
    worth_cutting: int = WORTH_CUTTING,
) -> Sharing:
    """Share bound instructions from `first` on, for batches of up to `rows`.

    Parameters
    ----------
    numbers
        Each one's row of integers, by default its place; `count` is how many rows there are before those of the
        sharing.
    """
    known = range(len(instructions)) if numbers is None else numbers
    return _Planner(instructions, known, count or len(instructions), rows, worth_cutting).plan(
        first
    )


def turned_again(instructions: Sequence[Instruction]) -> dict[int, list[int]]:
    """By place: the integers of those that find their weight turned, because one before has done it.

    Only when all are run: by itself an instruction turns its weight, whatever was done before. A recurrent
    layer reads the same weight at every time step.
    """
    found: dict[int, list[int]] = {}
    turned: dict[int, tuple[Tensor, Tensor]] = {}
    for pc, ins in enumerate(instructions):
        rule = operation(ins.op)
        if isinstance(rule, MatmulInputGrad):
            w, scratch = ins.inputs["w"], ins.scratch
            assert scratch is not None
            known = turned.setdefault(id(w.buffer), (w, scratch))
            if known[0] is w and known[1] is not scratch:
                found[pc] = rule.after_turning(ins, known[1].at)
        for t in ins.outputs.values():
            turned.pop(id(t.buffer), None)
    return found


def by_rows(ins: Instruction) -> bool:
    """True if each sample of the batch is worked on by itself."""
    rule = operation(ins.op)
    return (
        not rule.mixes_rows
        and all(t.batch for t in ins.outputs.values())
        and (ins.scratch is None or isinstance(rule, MatmulInputGrad))
    )


@dataclass(frozen=True)
class _Touch:
    """What one part reads or writes: elements of a buffer (of each row of a batch), in the rows of one part or all."""

    buffer: Buffer
    first: int
    last: int
    part: int
    writes: bool


@dataclass
class _Traces:
    """The last regions in which a stretch of a buffer was read and written, by part."""

    read: list[int] = field(default_factory=lambda: [-1, -1])
    written: list[int] = field(default_factory=lambda: [-1, -1])


class _Planner:
    def __init__(
        self,
        instructions: Sequence[Instruction],
        numbers: Sequence[int],
        count: int,
        rows: int,
        worth_cutting: int,
    ) -> None:
        self.instructions, self.numbers, self.count = instructions, numbers, count
        self.rows, self.worth_cutting = rows, worth_cutting
        self.regions: list[tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]] = []
        self.load: list[list[int]] = []
        self.ints: list[list[int]] = []
        #: Nothing may join a region before this one.
        self.floor = 0
        self.traces: dict[int, dict[tuple[int, int, int], _Traces]] = {}
        #: By buffer of a weight: where it was turned to, and that tensor; forgotten when it is written.
        self.turned: dict[int, tuple[Tensor, Tensor]] = {}

    def plan(self, first: int) -> Sharing:
        # How many samples there are is known once the batch is chosen.
        chosen = [k + 1 for k, ins in enumerate(self.instructions) if ins.op == "choose_batch"]
        prelude = max([first, *chosen])
        for k, ins in enumerate(self.instructions[prelude:], prelude):
            self._place(self.numbers[k], ins)
            for t in ins.outputs.values():
                self.turned.pop(id(t.buffer), None)
        tasks: list[tuple[int, int, int]] = []
        bounds = []
        for parts in self.regions:
            own = [len(tasks), len(tasks) + len(parts[0])]
            tasks += [*parts[0], *parts[1]]
            bounds.append([*own, own[1], len(tasks)])
        return Sharing(
            np.array(tasks, np.int64).reshape(-1, 3), np.array(bounds, np.int64).reshape(-1, 4), prelude, self.ints
        )  # fmt: skip

    def _place(self, pc: int, ins: Instruction) -> None:
        rule = operation(ins.op)
        cost = _CALL + rule.work(ins, self.rows)
        if rule.may_fail:
            # What comes before is done when the machine stops here, and nothing of what comes after.
            self.floor = max(self.floor, len(self.regions) - 1)
        if by_rows(ins):
            row = self._turn(pc, ins, rule) if isinstance(rule, MatmulInputGrad) else pc
            touches = [list(self._touches(ins, part)) for part in (0, 1)]
            self._add(touches, [(pc, row, BY_ROWS)] * 2, cost)
        elif cost >= self.worth_cutting and (halves := rule.halves(ins)):
            touches = [list(self._touches(ins, _BOTH, half.cells)) for half in halves]
            self._add(touches, [(pc, self._row(half.ints), AS_IT_STANDS) for half in halves], cost)
        else:
            self._alone(list(self._touches(ins, _BOTH)), (pc, pc, AS_IT_STANDS), cost)
        if rule.may_fail:
            self.floor = len(self.regions)

    def _turn(self, pc: int, ins: Instruction, rule: MatmulInputGrad) -> int:
        """Turn the weight once, before all that read it so; returns the row of integers of what is left to do."""
        w = ins.inputs["w"]
        assert ins.scratch is not None
        known = self.turned.get(id(w.buffer))
        if known is None or known[0] is not w:
            halves, scratch = rule.turned(ins, ins.scratch.at), ins.scratch
            touches = [
                [
                    _Touch(w.buffer, w.offset + half.cells["w"][0], w.offset + half.cells["w"][1], _BOTH, writes=False),
                    _Touch(scratch.buffer, 0, _EVERYTHING, _BOTH, writes=True),
                ]
                for half in halves
            ]  # fmt: skip
            self._add(
                touches, [(pc, self._row(half.ints), AS_IT_STANDS) for half in halves], 8 * w.size
            )
            known = self.turned[id(w.buffer)] = (w, scratch)
        ins_scratch = known[1]
        return self._row(rule.after_turning(ins, ins_scratch.at))

    def _row(self, ints: list[int]) -> int:
        self.ints.append(ints)
        return self.count + len(self.ints) - 1

    def _touches(
        self, ins: Instruction, part: int, cells: dict[str, tuple[int, int]] | None = None
    ) -> Iterator[_Touch]:
        """What an instruction reads and writes; of batches the rows of one part, of others perhaps some cells."""
        for tensors, writes in ((ins.inputs, False), (ins.outputs, True)):
            for key, t in tensors.items():
                if t.batch:
                    yield _Touch(t.buffer, t.offset, t.offset + t.size, part, writes)
                else:
                    first, last = (cells or {}).get(key, (0, t.size))
                    yield _Touch(t.buffer, t.offset + first, t.offset + last, _BOTH, writes)
        if ins.scratch is not None:
            turned = self.turned.get(id(ins.inputs["w"].buffer)) if "w" in ins.inputs else None
            scratch = turned[1] if turned and by_rows(ins) else ins.scratch
            yield _Touch(scratch.buffer, 0, _EVERYTHING, _BOTH, writes=not by_rows(ins))

    # ---- regions ------------------------------------------------------------------------------------------------

    def _earliest(self, touches: Iterable[_Touch], part: int) -> int:
        """The first region that a part can join: after the other part's last one that matters, with its own."""
        found = self.floor
        for touch in touches:
            for (first, last, rows), trace in self.traces.get(id(touch.buffer), {}).items():
                apart = last <= touch.first or touch.last <= first
                if apart or {rows, touch.part} == {0, 1}:
                    continue
                for who in (0, 1):
                    region = trace.written[who]
                    if touch.writes:
                        region = max(region, trace.read[who])
                    if region >= 0:
                        found = max(found, region + (who != part))
        return found

    def _add(
        self, touches: list[list[_Touch]], tasks: list[tuple[int, int, int]], cost: int
    ) -> None:
        """Put both halves of an instruction into one region."""
        region = max(self._earliest(own, part) for part, own in enumerate(touches))
        for part, own in enumerate(touches):
            self._join(region, part, own, tasks[part], cost // 2)

    def _alone(self, touches: list[_Touch], task: tuple[int, int, int], cost: int) -> None:
        """Put an instruction that is not cut where it can be done first, and there into the shorter part."""
        choices = [(self._earliest(touches, part), part) for part in (0, 1)]
        region, _, part = min(
            (r, self.load[r][p] if r < len(self.load) else 0, p) for r, p in choices
        )
        self._join(region, part, touches, task, cost)

    def _join(
        self, region: int, part: int, touches: Iterable[_Touch], task: tuple[int, int, int], cost: int
    ) -> None:  # fmt: skip
        while len(self.regions) <= region:
            self.regions.append(([], []))
            self.load.append([0, 0])
        self.regions[region][part].append(task)
        self.load[region][part] += cost
        for touch in touches:
            traces = self.traces.setdefault(id(touch.buffer), {})
            trace = traces.setdefault((touch.first, touch.last, touch.part), _Traces())
            kept = trace.written if touch.writes else trace.read
            kept[part] = max(kept[part], region)
