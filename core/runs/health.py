"""How a run is doing, layer by layer: are gradients of a sensible size, do weights move, do units still answer?

==================  =======================================================================================
gradient norm       ``|g|``: the root of the sum of squares of the gradients of all weights of the layer that learn,
                    before clipping. Norms that shrink or grow from layer to layer are vanishing or exploding gradients
                    (Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks").
weight norm         ``|w|`` of all weights of the layer, frozen ones too; moving statistics are none.
update ratio        ``|Δw| / |w|``: what the last step changed, relative to what was there before it. About 1e-3 is
                    usual (Karpathy, CS231n, "Neural Networks Part 3": "Ratio of weights:updates").
dead                Share of the units with a floor at 0 (ReLU and its kin) that gave exactly 0 for every sample of the
                    batch, and at every place of an image or sequence: their slope is 0, so they cannot come back by
                    themselves if other batches do not wake them (Lu et al. 2019, "Dying ReLU and Initialization").
saturated           Share of the values of bounded functions (tanh, sigmoid and their kin, gates of recurrent layers)
                    beyond 97 % of the way from the middle of their range to its end: |tanh| > 0.97, sigmoid below 0.015
                    or above 0.985, where the slope is nearly 0 (Glorot and Bengio 2010; the threshold is Karpathy's,
                    "Building makemore, part 3", 2022). The network's own outputs are not counted: they are meant to
                    be sure.
==================  =======================================================================================

The sums are made by a kernel that copies nothing. What a layer has none of, and what was not computed yet, is NaN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from core.ops.base import Instruction, operation
from core.runs.recording import Health
from core.tape.tensors import Tensor

if TYPE_CHECKING:
    from core.runs.standing import Standing

#: Share of the way from the middle of a function's range to its end from which on a value counts as saturated.
SATURATED = 0.97


class Meter:
    """The tasks of the kernel for a program, worked out once."""

    def __init__(self, run: Standing) -> None:
        from core.kernels import health as kernel

        self._kernel = kernel
        program = run.program
        tape = program.tape
        self._tasks: list[list[int]] = []
        self._limits: list[tuple[float, float]] = []
        self._spans: dict[str, tuple[int, int, int]] = {}
        self._ends = {id(t) for t in tape.outputs.values()}
        #: Behind which instruction the gradients, and the activations, of a layer are known.
        self._known: dict[tuple[int, int], int] = {}
        made = {
            id(t.buffer): k for k, ins in enumerate(tape.instructions) for t in ins.outputs.values()
        }
        measured = [
            ins for ins in tape.instructions if ins.phase == "forward" and self._is_measured(ins)
        ]
        having = {slot.layer for slot in tape.weights if slot.weight.trainable}
        having |= {ins.layer for ins in measured}
        self.layers = tuple(
            dict.fromkeys(r.layer for r in tape.inspection.rows if r.layer in having)
        )
        group = {layer: k for k, layer in enumerate(self.layers)}
        self.learns = np.zeros(len(self.layers), bool)
        for slot in tape.weights:
            if not slot.weight.trainable:
                continue
            at, t = group[slot.layer], slot.tensor
            self._add(at, kernel.SQUARES, t, kernel.NOW)
            gradient = tape.tensors.get(f"grad/{t.name}")
            if not slot.learns or gradient is None:
                continue
            self.learns[at] = True
            self._add(at, kernel.SQUARES, gradient, kernel.GRADIENT)
            self._add(at, kernel.MOVED, t, kernel.CHANGE)
            self._know(at, kernel.GRADIENT, made.get(id(gradient.buffer), 0))
        places = {id(ins): k for k, ins in enumerate(tape.instructions)}
        for ins in measured:
            self._units(group[ins.layer], ins, places[id(ins)])
        shape = (len(self._tasks), 8)
        self._table = np.array(self._tasks, np.int64).reshape(shape)
        self._reach = np.array(self._limits, np.float64).reshape(len(self._tasks), 2)
        spans = list(self._spans.values())
        self._ranges = np.array(spans, np.int64).reshape(len(spans), 3)
        self._alive = np.zeros(sum(units for _, units, _ in spans), np.uint8)
        self._out = np.zeros((len(self.layers), 8))
        # As checkpoints are: an array that can be written to is another type for the kernel.
        self._none: np.ndarray = np.zeros(0, program.mem.dtype)
        self._none.flags.writeable = False
        owners = {task[1] for task in self._tasks if task[0] == kernel.SQUARES}
        self._weighed = np.array([k in owners for k in range(len(self.layers))], bool)

    def _is_measured(self, ins: Instruction) -> bool:
        rule = operation(ins.op)
        if rule.dies(ins.attributes):
            return True
        return rule.limits is not None and id(ins.output) not in self._ends

    def _add(
        self, group: int, what: int, t: Tensor, column: int, units: int = 1, first: int = 0
    ) -> None:
        stride = t.row if t.batch else 0
        self._tasks.append([what, group, column, t.at, t.size, stride, units, first])
        low, high = 0.0, 0.0
        self._limits.append((low, high))

    def _know(self, group: int, column: int, index: int) -> None:
        self._known[group, column] = max(self._known.get((group, column), 0), index)

    def _units(self, group: int, ins: Instruction, index: int) -> None:
        """Count what an activation makes: its units, and whether its values are near its limits."""
        kernel, rule, t = self._kernel, operation(ins.op), ins.output
        if rule.dies(ins.attributes):
            # A unit is the same at every time step.
            name = re.sub(r"/\d+(?=/|$)", "", t.name)
            if name not in self._spans:
                self._spans[name] = (sum(n for _, n, _ in self._spans.values()), t.last, group)
            self._add(group, kernel.ALIVE, t, kernel.OFF, t.last, self._spans[name][0])
            self._know(group, kernel.OFF, index)
            return
        assert rule.limits is not None
        low, high = rule.limits
        self._add(group, kernel.SATURATED, t, kernel.REACHED)
        self._limits[-1] = ((low + high) / 2, SATURATED * (high - low) / 2)
        self._know(group, kernel.REACHED, index)

    def measure(self, run: Standing) -> Health:
        """Measure the run as it stands."""
        kernel, program = self._kernel, run.program
        start = run.step_start if run.pc == 0 else None
        before = self._none if start is None else start.memory
        kernel.measure(
            program.mem,
            before,
            self._table,
            self._reach,
            self._ranges,
            program.rows,
            self._alive,
            self._out,
        )
        sums = self._out
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.stack(
                [
                    np.sqrt(sums[:, kernel.GRADIENT]),
                    np.where(self._weighed, np.sqrt(sums[:, kernel.NOW]), np.nan),
                    np.sqrt(sums[:, kernel.CHANGE]) / np.sqrt(sums[:, kernel.BEFORE]),
                    sums[:, kernel.OFF] / sums[:, kernel.COUNTED],
                    sums[:, kernel.REACHED] / sums[:, kernel.VALUES],
                ],
                axis=1,
            )
        values[~self.learns, 0] = np.nan
        for column, place in ((kernel.GRADIENT, 0), (kernel.OFF, 3), (kernel.REACHED, 4)):
            for group in range(len(self.layers)):
                index = self._known.get((group, column))
                if index is None or (run.step_count == run.base and run.pc <= index):
                    values[group, place] = np.nan
        return Health(run.step_count, self.layers, self.learns, values)
