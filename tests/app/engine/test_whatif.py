"""A what-if copy of a step in the engine's session: what is shown is the copy, and the run knows nothing of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engine.questions import answering
from app.engine.session import Session
from app.engine.state import Work
from app.snapshots import Probe
from core import templates
from core.errors import ChainruleError
from core.expressions import evaluate

KERNEL = "dense_1/kernel"


def session(name: str = "chain-rule-by-hand") -> Session:
    template = templates.load(name)
    data = template.data
    return Session(Work(template.network, template.training, data.id, dict(data.parameters)))


def ask(one: Session, question: str, **values: Any) -> Any:
    return answering(question)(one, **values)


def everything(one: Session) -> tuple[Probe, ...]:
    return tuple(Probe(name) for name in one.run.program.tape.tensors)


@pytest.fixture
def one() -> Session:
    found = session()
    found.step("batch")
    found.step("instruction", 12)
    return found


def test_the_snapshot_is_the_copys_and_tells_what_was_before(one: Session) -> None:
    before = one.snapshot(everything(one))
    memory = one.run.program.mem.tobytes()
    ask(one, "whatif_edit", tensor=KERNEL, cells=[(0, 1)], values=[2.0])
    now = one.snapshot(everything(one))
    assert now.position == before.position
    assert now.program is before.program
    assert now.whatif is not None
    (edit,) = now.whatif.edits
    assert (edit.tensor, edit.cell, edit.value, edit.keeps) == (KERNEL, (0, 1), 2.0, True)
    assert edit.before == before.values[KERNEL][0, 1]
    assert now.values[KERNEL][0, 1] == 2.0
    for name, value in now.values.items():
        same = np.array_equal(value, before.values[name], equal_nan=True)
        if name in now.written_at and now.written_at[name][0] == now.position.step:
            assert same == (name not in now.whatif.before), name
        if name in now.whatif.before and now.written_at.get(name, (1,))[0] == now.position.step:
            np.testing.assert_array_equal(now.whatif.before[name], before.values[name])
    assert now.whatif.loss == (before.scalars["loss"], now.scalars["loss"])
    ask(one, "whatif_discard")
    after = one.snapshot(everything(one))
    assert after.whatif is None
    assert one.run.program.mem.tobytes() == memory
    for name, value in after.values.items():
        np.testing.assert_array_equal(value, before.values[name])


def test_explanations_are_of_the_copys_numbers(one: Session) -> None:
    ask(one, "whatif_edit", tensor="input_1/x", cells=[(0, 0)], values=[3.0])
    program = one.run.program
    for instruction in range(one.shown.pc):
        ins = program.tape.instructions[instruction]
        if ins.phase not in ("forward", "backward"):
            continue
        cell = (0,) * (len(ins.output.shape) + ins.output.batch)
        found = ask(one, "explain", instruction=instruction, cell=cell)
        assert found.value == pytest.approx(found.kernel_value, rel=2e-5, abs=1e-6), ins.op
        shown = evaluate(found.expression, lambda t, i: float(one.shown.program.tensor(t)[i]))
        assert shown == pytest.approx(found.value)


def test_the_chain_rule_and_origins_are_of_the_copys_numbers(one: Session) -> None:
    one.step("batch")
    one.step("instruction", 24)
    ask(one, "whatif_edit", tensor="input_1/x", cells=[(0, 0)], values=[3.0])
    found = ask(one, "chain", tensor=f"grad/{KERNEL}", cell=(0, 1))
    gradient = float(one.shown.program.tensor(f"grad/{KERNEL}")[0, 1])
    assert gradient != float(one.run.program.tensor(f"grad/{KERNEL}")[0, 1])
    assert found.gradient == pytest.approx(gradient, rel=1e-4)
    index = next(
        k
        for k, ins in enumerate(one.run.program.tape.instructions)
        if ins.output.name == "dense_1/product"
    )
    origin = ask(one, "origin", instruction=index, cell=(0, 0))
    assert origin.kernel_value == float(one.shown.program.tensor("dense_1/product")[0, 0])


def test_stepping_stays_in_the_copy_to_the_end_of_its_step(one: Session) -> None:
    memory = one.run.program.mem.tobytes()
    ask(one, "whatif_edit", tensor="dense_1/z", cells=[(0, 0)], values=[-1.0])
    one.step("instruction")
    assert one.position.pc == 13
    one.step_back("layer")
    one.step("batch")
    assert (one.position.step, one.position.pc) == (2, 0)
    update = one.snapshot(everything(one))
    assert KERNEL in update.whatif.before
    with pytest.raises(ChainruleError, match="ends with its step"):
        one.step("instruction")
    list(one.seek(1, 5))
    assert one.position.pc == 5
    assert one.run.program.mem.tobytes() == memory
    list(one.seek(0, 3))
    assert one.scratch is None
    assert one.position.step == 0


def test_a_weight_between_two_steps_is_that_of_the_step_to_come() -> None:
    one = session()
    one.step("batch")
    ask(one, "whatif_edit", tensor=KERNEL, cells=[(0, 0)], values=[4.0])
    assert one.position.step == 1
    assert one.snapshot(()).whatif.loss is not None
    ask(one, "whatif_discard")
    ask(one, "whatif_edit", tensor="input_1/x", cells=[(0, 0)], values=[4.0])
    assert (one.position.step, one.position.pc) == (1, 0)
    assert one.scratch is not None
    assert one.scratch.step == 0


def test_a_refused_number_leaves_no_copy_behind(one: Session) -> None:
    with pytest.raises(ChainruleError):
        ask(one, "whatif_edit", tensor="nothing", cells=[()], values=[1.0])
    assert one.scratch is None
    with pytest.raises(ChainruleError, match="no what-if copy"):
        ask(one, "whatif_keep")


def test_several_numbers_are_put_in_all_or_none(one: Session) -> None:
    ask(one, "whatif_edit", tensor="targets", cells=[(0, 0), (0, 1)], values=[0.25, 0.75])
    assert one.shown.program.tensor("targets")[0].tolist() == [0.25, 0.75]
    memory = one.shown.program.mem.tobytes()
    with pytest.raises(ChainruleError, match="shape"):
        ask(one, "whatif_edit", tensor="targets", cells=[(0, 0), (0, 9)], values=[1.0, 0.0])
    assert one.shown.program.mem.tobytes() == memory
    assert len(one.scratch.edits) == 2


def test_taking_the_last_number_back_ends_it(one: Session) -> None:
    ask(one, "whatif_edit", tensor="input_1/x", cells=[(0, 0)], values=[3.0])
    ask(one, "whatif_take_back", tensor="input_1/x", cell=(0, 0))
    assert one.scratch is None


def test_the_numeric_check_is_of_the_copys_batch(one: Session) -> None:
    ask(one, "whatif_edit", tensor="input_1/x", cells=[(0, 0)], values=[3.0])
    ask(one, "whatif_edit", tensor="dense_2/kernel", cells=[(0, 0)], values=[-1.5])
    one.step("batch")
    found = ask(one, "numeric_check", tensor=KERNEL, cell=(0, 1))["numeric"]
    assert found == pytest.approx(float(one.shown.program.tensor(f"grad/{KERNEL}")[0, 1]), rel=1e-4)
    ask(one, "whatif_edit", tensor="dense_1/z", cells=[(0, 0)], values=[0.3])
    with pytest.raises(ChainruleError, match="by hand"):
        ask(one, "numeric_check", tensor=KERNEL, cell=(0, 1))


def test_a_sample_of_any_set_that_fits_makes_the_batch() -> None:
    one = session("digits-cnn")
    one.step("batch")
    sets = ask(one, "sample_sets")
    assert sets[0].id == ""
    assert all(len(s.classes) == len(sets[0].classes) for s in sets)
    held = one.run.validation
    ask(one, "whatif_sample", data="", part="validation", index=5)
    one.step("batch")
    assert one.shown.program.rows == 1
    name = next(iter(one.run.program.tape.inputs))
    shown = one.shown.program.tensor(one.run.program.tape.inputs[name].name)[0]
    table = held.inputs[0]
    np.testing.assert_allclose(
        shown.ravel(), table.array[5].ravel() * np.float32(table.scale), rtol=1e-6
    )
    words = one.snapshot(()).whatif.sample
    assert "held-out sample 6" in words
    with pytest.raises(ChainruleError, match="no number"):
        ask(one, "whatif_sample", data="", part="validation", index=10**7)
    size = shown.size
    ask(one, "whatif_typed", inputs=[[0.5] * size], targets=[[7]])
    assert one.shown.ended, "at the same place of the step"
    assert (one.shown.program.tensor(one.run.program.tape.inputs[name].name) == 0.5).all()
    with pytest.raises(ChainruleError, match="numbers for a sample"):
        ask(one, "whatif_typed", inputs=[[0.5]], targets=[[7]])
    with pytest.raises(ChainruleError, match="no place"):
        ask(one, "whatif_typed", inputs=[[0.5] * size], targets=[[70]])


def test_wrong_samples_and_those_of_a_class_are_found() -> None:
    one = session("digits-cnn")
    found = ask(one, "sample_search", data="", part="validation", start=0, label=3)
    assert found.found.label == 3
    again = ask(
        one, "sample_search", data="", part="validation", start=found.found.index + 1, label=3
    )
    assert again.found.index > found.found.index
    back = ask(one, "sample_search", data="", part="validation", start=again.found.index - 1, by=-1,
               label=3)  # fmt: skip
    assert back.found.index == found.found.index
    start, wrong = 0, None
    while start is not None and wrong is None:
        search = ask(one, "sample_search", data="", part="validation", start=start, wrong=True)
        start, wrong = search.next, search.found
    # An untrained network is wrong soon.
    assert wrong is not None
    assert wrong.predicted != wrong.label
    x = one.run.validation.inputs[0]
    assert wrong.output is not None
    np.testing.assert_allclose(
        wrong.output,
        one.run.predict(
            (
                x.array[wrong.index : wrong.index + 1].astype(np.float32) * np.float32(x.scale)
            ).reshape(1, *wrong.x.shape)
        )[0].ravel(),
        rtol=1e-5,
    )
