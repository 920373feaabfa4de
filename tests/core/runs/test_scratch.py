"""What-if copies of a step: what was put in, what follows from it, and that the run knows nothing of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core import data, templates
from core.data.types import DataSet
from core.errors import ChainruleError
from core.runs import Run
from core.runs.keeping import keep, put
from core.runs.samples import prepare
from core.runs.scratch import Scratch
from core.runs.scratch_copy import AT_START

KERNEL = "dense_1/kernel"


def make(name: str = "chain-rule-by-hand", **changes: Any) -> Run:
    template = templates.load(name)
    dataset: DataSet = data.load(template.data.id, **dict(template.data.parameters))
    return Run(template.network, template.training, dataset)


def bits(run: Run) -> tuple[bytes, bytes, int, int, int, int]:
    program = run.program
    return (
        program.mem.tobytes(), program.state.tobytes(), run.pc, run.step_count,
        len(run.journal), run.history.length,
    )  # fmt: skip


def writer(run: Run, tensor: str) -> int:
    return next(k for k, own in enumerate(run.program.written_names) if tensor in own)


def by_hand(run: Run, x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """The hidden layer's values in float64."""
    z = x @ weights[KERNEL].astype(np.float64) + weights["dense_1/bias"]
    return 1 / (1 + np.exp(-z))


@pytest.fixture
def run() -> Run:
    one = make()
    one.advance(3)
    # Everything but the updates.
    one.step_to(next(k for k, i in enumerate(one.program.instructions) if i.phase == "update"))
    return one


def test_the_run_is_bit_identical_before_and_after(run: Run) -> None:
    before = bits(run)
    scratch = Scratch(run)
    scratch.edit(KERNEL, (0, 1), 2.5)
    scratch.edit("dense_1/z", (0, 0), -1.0)
    scratch.edit("targets", (0, 0), 1.0)
    scratch.advance("batch")
    scratch.retreat("layer")
    scratch.go(2)
    assert bits(run) == before
    run.step("batch")
    other = make()
    other.advance(4)
    assert run.program.mem[: run.program.plan.state].tobytes() == (
        other.program.mem[: other.program.plan.state].tobytes()
    )


def test_without_edits_the_copy_is_the_step(run: Run) -> None:
    scratch = Scratch(run)
    for name in run.program.tape.tensors:
        if name in {n for k in range(run.pc) for n in run.program.written_names[k]}:
            assert scratch.program.tensor(name).tobytes() == run.program.tensor(name).tobytes()
    assert scratch.position == run.position
    assert not scratch.changed()
    scratch.advance("batch")
    run.step("batch")
    assert scratch.position == run.position
    size = run.program.plan.state
    # The run has counted its step.
    assert scratch.program.mem[:size].tobytes() == run.program.mem[:size].tobytes()


def test_a_weight_changes_what_follows_and_nothing_else(run: Run) -> None:
    scratch = Scratch(run)
    scratch.edit(KERNEL, (0, 1), 2.5)
    program = scratch.program
    assert program.tensor(KERNEL)[0, 1] == np.float32(2.5)
    x = program.tensor("input_1/x")
    start = {k: np.array(program.tensor(k)) for k in (KERNEL, "dense_1/bias")}
    np.testing.assert_allclose(program.tensor("dense_1/a"), by_hand(run, x, start), rtol=1e-5)
    assert program.tensor("dense_1/a")[0, 0] == run.program.tensor("dense_1/a")[0, 0]
    changed = scratch.changed()
    assert writer(run, "dense_1/product") in changed
    assert writer(run, "loss") in changed
    assert writer(run, "input_1/x") not in changed
    assert scratch.step_start.memory[program.tape.tensors[KERNEL].at + 1] == np.float32(2.5)
    assert scratch.plain.tensor("loss") == run.program.tensor("loss")
    assert scratch.program.tensor("loss") != run.program.tensor("loss")


@pytest.mark.parametrize("tensor", ["input_1/x", "dense_1/z", "dense_2/a", "grad/dense_1/a"])
def test_a_value_is_put_in_behind_the_instruction_that_made_it(run: Run, tensor: str) -> None:
    scratch = Scratch(run)
    cell = (0,) * (len(run.program.tensor(tensor).shape))
    edit = scratch.edit(tensor, cell, 0.75)
    assert edit.after == writer(run, tensor)
    assert scratch.program.tensor(tensor)[cell] == np.float32(0.75)
    assert min(scratch.changed()) == edit.after
    assert scratch.before(edit) == run.program.tensor(tensor)[cell]
    scratch.go(edit.after)
    assert not scratch.changed(), "before that instruction nothing is different"
    scratch.go(run.pc)
    assert scratch.program.tensor(tensor)[cell] == np.float32(0.75)
    scratch.take_back(tensor, cell)
    assert scratch.program.tensor(tensor)[cell] == run.program.tensor(tensor)[cell]
    assert not scratch.changed()


def test_another_target_is_another_loss(run: Run) -> None:
    scratch = Scratch(run)
    old = np.array(run.program.tensor("targets"))
    scratch.edit("targets", (0, 0), 1 - float(old[0, 0]))
    assert scratch.program.tensor("loss") != run.program.tensor("loss")
    assert not scratch.between


def test_what_is_not_computed_yet_or_is_no_number_is_refused_and_nothing_changes(run: Run) -> None:
    run.seek(2, 4)
    scratch = Scratch(run)
    scratch.edit("input_1/x", (0, 0), 0.5)
    before = scratch.program.mem.tobytes()
    with pytest.raises(ChainruleError, match="still to come"):
        scratch.edit("dense_2/a", (0, 0), 1.0)
    with pytest.raises(ChainruleError, match="float32"):
        scratch.edit("input_1/x", (0, 0), float("nan"))
    with pytest.raises(ChainruleError, match="shape"):
        scratch.edit("input_1/x", (0, 7), 1.0)
    with pytest.raises(ChainruleError, match="chosen as a sample"):
        scratch.edit("batch/samples", (0,), 3.0)
    assert scratch.program.mem.tobytes() == before
    assert len(scratch.edits) == 1


def test_a_label_without_a_place_is_refused_with_a_sentence() -> None:
    one = make("digits-cnn")
    one.step_to(max(k for k, i in enumerate(one.program.instructions) if i.phase == "loss"))
    scratch = Scratch(one)
    loss = scratch.program.tensor("loss").tobytes()
    with pytest.raises(ChainruleError, match="no place for"):
        scratch.edit("targets", (0, 0), 99.0)
    assert not scratch.edits
    assert scratch.program.tensor("loss").tobytes() == loss


@pytest.mark.parametrize("name", ["chain-rule-by-hand", "digits-cnn"])
def test_going_back_and_forth_in_the_copy_makes_the_very_bits(name: str) -> None:
    one = make(name)
    one.advance(1)
    one.step_to(len(one.program.kinds) - 2)
    kernel = next(s.tensor.name for s in one.program.tape.weights)
    layer = kernel.partition("/")[0]
    scratch = Scratch(one)
    scratch.edit(kernel, (0,) * len(one.program.tensor(kernel).shape), 0.5)
    z = f"{layer}/z" if f"{layer}/z" in one.program.tape.tensors else f"{layer}/a"
    scratch.edit(z, (0,) * one.program.tensor(z).ndim, 0.25)
    scratch.advance("batch")
    size, whole = scratch.program.plan.state, {}
    names = {n for own in one.program.written_names for n in own}
    whole = {n: scratch.program.tensor(n).copy() for n in names}
    state = scratch.program.mem[:size].tobytes()
    for by in ("instruction", "instruction", "layer", "instruction"):
        scratch.retreat(by)
    scratch.retreat("batch")
    fresh = Scratch(one)
    fresh.go(1)
    for edit in scratch.edits[:1]:
        fresh.edit(edit.tensor, edit.cell, edit.value)
    assert scratch.program.mem[:size].tobytes() == fresh.program.mem[:size].tobytes()
    while not scratch.ended:
        scratch.advance("layer")
    assert scratch.program.mem[:size].tobytes() == state
    for name, array in whole.items():
        assert scratch.program.tensor(name).tobytes() == array.tobytes(), name
    for k in range(scratch.count):
        own = one.program.tape.instructions[k].outputs.values()
        same = all(
            np.array_equal(scratch.program._view(t), scratch.plain._view(t), equal_nan=True)
            for t in own
        )
        assert (k not in scratch.changed()) == same, k


def test_it_ends_with_its_step_and_begins_with_it(run: Run) -> None:
    scratch = Scratch(run)
    scratch.advance("batch")
    assert scratch.ended
    assert scratch.position.step == run.step_count + 1
    assert scratch.position.pc == 0
    with pytest.raises(ChainruleError, match="ends with its step"):
        scratch.advance("instruction")
    scratch.retreat("batch")
    assert scratch.pc == 1
    with pytest.raises(ChainruleError, match="begins with this step"):
        scratch.retreat("instruction")


def test_samples_of_ones_own_make_the_batch() -> None:
    one = make()
    one.advance(2)
    size = one.program.tape.inputs
    (shape,) = [t.shape for t in size.values()]
    x = np.full((1, *shape), 0.25, np.float32)
    given = prepare(x, np.zeros((1, *next(iter(one.program.tape.targets.values())).shape)), one.loss,
                    one._outputs[0])  # fmt: skip
    before = bits(one)
    scratch = Scratch(one, samples=given)
    assert scratch.program.rows == 1
    np.testing.assert_array_equal(scratch.program.tensor("input_1/x"), x)
    assert scratch.ended
    assert bits(one) == before
    predicted = one.predict(x)
    # The step's own weights: those before its update.
    other = make()
    other.advance(1)
    np.testing.assert_allclose(scratch.program.tensor("dense_2/a"), other.predict(x), rtol=1e-6)
    assert not np.allclose(predicted, other.predict(x))


@pytest.mark.parametrize("ended", [False, True])
def test_a_kept_weight_makes_the_run_what_the_copy_was_and_is_undone_to_the_bit(
    ended: bool,
) -> None:
    one = make()
    one.advance(3)
    one.step_to(9)
    if ended:
        one.step("batch")
    before = bits(one)
    scratch = Scratch(one, following=ended)
    if ended:
        scratch.go(9)
    scratch.edit(KERNEL, (1, 0), -2.0)
    kept = keep(one, scratch)
    assert (one.step_count, one.pc) == (scratch.step, scratch.pc)
    names = {n for k in range(one.pc) for n in one.program.written_names[k]} | {KERNEL}
    for name in names:
        assert one.program.tensor(name).tobytes() == scratch.program.tensor(name).tobytes(), name
    put(one, kept.before)
    if ended:
        one.seek(one.step_count)
    assert (
        one.program.mem[: one.program.plan.state].tobytes()
        == before[0][: one.program.plan.state * 4]
    )
    put(one, kept.cells)
    assert one.program.tensor(KERNEL)[1, 0] == np.float32(-2.0)
    step = one.step_count
    one.advance(3)
    after = one.program.mem[: one.program.plan.state].tobytes()
    one.seek(step)
    one.seek(step, 5)
    one.seek(one.history.length)
    assert one.program.mem[: one.program.plan.state].tobytes() == after


def test_a_weight_changed_behind_its_update_is_kept_for_the_next_step() -> None:
    one = make()
    one.advance(2)
    one.step_to(len(one.program.kinds) - 1)
    scratch = Scratch(one)
    scratch.advance("batch")
    edit = scratch.edit(KERNEL, (0, 0), 1.5)
    assert edit.after != AT_START
    before = scratch.before(edit)
    kept = keep(one, scratch)
    assert (one.step_count, one.pc) == (3, 0)
    assert one.program.tensor(KERNEL)[0, 0] == np.float32(1.5)
    put(one, kept.before)
    assert one.program.tensor(KERNEL)[0, 0] == np.float32(before)


def test_only_weights_are_kept(run: Run) -> None:
    scratch = Scratch(run)
    scratch.edit("input_1/x", (0, 0), 3.0)
    before = bits(run)
    with pytest.raises(ChainruleError, match="Only weights"):
        keep(run, scratch)
    assert bits(run) == before


def test_a_run_that_has_gone_on_is_given_the_number_where_it_is(run: Run) -> None:
    scratch = Scratch(run)
    scratch.edit(KERNEL, (0, 0), 1.0)
    kept = keep(run, scratch)
    while run.step_count < scratch.step + 3:
        run.advance(5)
    step = run.step_count
    put(run, kept.before)
    assert run.step_count == step
    assert run.program.tensor(KERNEL)[0, 0] == np.float32(kept.before[0][3])


def test_another_copy_begins_in_the_memory_of_one_that_is_not_used_any_more(run: Run) -> None:
    first = Scratch(run)
    first.edit(KERNEL, (0, 0), 9.0)
    first.advance("batch")
    fresh, again = Scratch(run), Scratch(run, rooms=first.rooms)
    assert again.rooms[0] is first.rooms[0]
    for one, other in zip(fresh.rooms, again.rooms, strict=True):
        assert one.tobytes() == other.tobytes()
