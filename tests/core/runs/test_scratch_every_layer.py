"""What-if copies with every kind of layer: exact copies, exact to and fro, and a run that knows nothing of them."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ChainruleError
from core.runs import Run
from core.runs.scratch import Scratch
from tests.core.runs.test_every_layer import run_of
from tests.core.subjects import Subject, each, layer_subjects


def lasting(scratch: Scratch) -> bytes:
    """Everything that outlives the step, as the copy has it."""
    return scratch.program.mem[: scratch.program.plan.state].tobytes()


def everything(run: Run) -> tuple[bytes, bytes, int]:
    return run.program.mem.tobytes(), run.program.state.tobytes(), run.pc


@each(layer_subjects())
def test_with_every_layer(subject: Subject) -> None:
    run = run_of(subject.network)
    run.advance(1)
    count = len(run.program.kinds)
    run.step_to(count * 2 // 3)
    before = everything(run)
    scratch = Scratch(run)
    # To the end as it is: the step itself.
    scratch.advance("batch")
    untouched = lasting(scratch)
    # To and fro with a number put in.
    scratch.go(run.pc)
    weights = [s.tensor.name for s in run.program.tape.weights if s.tensor.requires_grad]
    for name in weights[:1]:
        shape = run.program.tensor(name).shape
        scratch.edit(name, (0,) * len(shape), 0.375)
    forward = [
        ins.output.name
        for k, ins in enumerate(run.program.tape.instructions[: run.pc])
        if ins.phase == "forward" and ins.output.role == "value"
    ]
    middle = forward[len(forward) // 2]
    scratch.edit(middle, (0,) * run.program.tensor(middle).ndim, 0.625)
    scratch.advance("batch")
    state, values = lasting(scratch), scratch.program.mem.copy()
    for by in ("instruction", "layer", "layer", "instruction"):
        scratch.retreat(by)
    scratch.go(1)
    for by in ("layer", "instruction", "layer", "batch"):
        scratch.advance(by)
    assert lasting(scratch) == state
    np.testing.assert_array_equal(
        scratch.program.mem.view(np.int32)[: run.program.plan.values],
        values.view(np.int32)[: run.program.plan.values],
    )
    for edit in scratch.edits:
        scratch.take_back(edit.tensor, edit.cell)
    assert lasting(scratch) == untouched
    assert not scratch.changed()
    assert everything(run) == before
    with pytest.raises(ChainruleError):
        scratch.advance("instruction")
    run.step("batch")
    assert untouched == run.program.mem[: run.program.plan.state].tobytes()
