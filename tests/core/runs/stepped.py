"""The slow way to every value: one instruction at a time, from Python."""

from __future__ import annotations

import numpy as np

from core.runs import Run
from core.runs.reading import Reading


def same_as_stepping(found: Reading, run: Run) -> None:
    """Step a run that stands where all values were read, and compare each at the moment it is written.

    What a later instruction of the step writes once more is read as that one leaves it: only statistics are such.
    """
    program = run.program
    again = {
        name: pc for pc, ins in enumerate(program.instructions) for name in ins.writes
    }  # fmt: skip
    for step in found.steps:
        assert run.position.step == step
        assert run.pc == 0
        walk = found.walk(step)
        end = found.stopped if step == found.steps[-1] else None
        for pc, instruction in enumerate(program.instructions[:end]):
            run.step("instruction")
            late = {name for name in instruction.writes if again[name] > pc}
            assert all(program.tensors[name].role == "statistic" for name in late)
            if late == set(instruction.writes):
                continue
            read, values = next(walk)
            assert read == instruction
            assert set(values) == set(instruction.writes) - late
            for name, value in values.items():
                there = program.tensor(name)
                assert value.shape == there.shape, name
                assert np.array_equal(value.view(np.int32), there.copy().view(np.int32)), name
        assert not list(walk)
