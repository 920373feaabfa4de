"""A weight's story is what stepping through the run shows, and samples' gradients add up to the batch's."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from core import data, templates
from core.errors import ChainruleError
from core.runs import Run
from core.runs.each_sample import SampleGradients, sample_gradients
from core.runs.story import Story, Teller, past
from tests.core.networks import RUNS, differences, everything
from tests.core.runs.test_branches import on


def end(pieces: Any) -> Any:
    """Do all pieces; shares grow from 0 to 1."""
    before = 0.0
    while True:
        try:
            share = next(pieces)
        except StopIteration as stop:
            return stop.value
        assert before <= share <= 1
        before = share


def story(run: Run, weight: str, cell: tuple[int, ...], **more: Any) -> Story:
    found = end(Teller(run).tell(weight, cell, **more))
    assert isinstance(found, Story)
    return found


def trained(run: Run) -> list[str]:
    return [
        ins.inputs["w"].name for ins in run.program.tape.instructions if ins.phase == "update" and "w" in ins.inputs
    ]  # fmt: skip


@pytest.fixture(params=sorted(RUNS))
def run(request: pytest.FixtureRequest) -> Run:
    return on(RUNS[request.param](), 23)


def test_a_story_is_what_one_step_after_the_other_shows(run: Run) -> None:
    there = everything(run)
    for weight in trained(run)[:3]:
        cell = tuple(n - 1 for n in run.program.tape.tensors[weight].shape)
        found = story(run, weight, cell)
        assert differences(there, everything(run)) == []
        assert (found.first, found.last) == (0, 23)
        other = run.branch(0)
        for step in range(23):
            assert found.before[step] == other.program.tensor(weight)[cell]
            other.step("batch")
            assert found.after[step] == other.program.tensor(weight)[cell]
            name = f"grad/{weight}"
            if name in other.program.tape.tensors:
                assert found.gradient[step] == other.program.tensor(name)[cell]
        assert (found.update == found.after - found.before).all()


def test_it_goes_on_where_it_ended_and_begins_anew_where_the_past_is_another(run: Run) -> None:
    weight = trained(run)[0]
    cell = (0,) * len(run.program.tape.tensors[weight].shape)
    teller = Teller(run)
    first = end(teller.tell(weight, cell))
    own = teller._own
    on(run, 31)
    more = end(teller.tell(weight, cell, first=first.last))
    assert teller._own is own
    assert (more.first, more.last) == (23, 31)
    both = first.then(more)
    whole = story(run, weight, cell)
    for name in ("before", "after", "gradient", "used"):
        assert getattr(both, name).tolist() == getattr(whole, name).tolist()
    assert both.past == whole.past == past(run, 31)
    run.seek(10)
    run.set("learning_rate", 0.123)
    on(run, 31)
    assert past(run, 31) != whole.past
    again = end(teller.tell(weight, cell))
    assert teller._own is not own
    assert again.after[:10].tolist() == whole.after[:10].tolist()
    assert again.after[10:].tolist() != whole.after[10:].tolist()


def test_a_weight_set_by_hand_is_told_as_that(run: Run) -> None:
    weight = trained(run)[0]
    cell = (0,) * len(run.program.tape.tensors[weight].shape)
    run.set_weight(weight, cell, 0.75)
    on(run, 30)
    found = story(run, weight, cell)
    assert found.before[23] == 0.75
    assert found.edited.tolist() == [23]
    assert (found.update == found.after - found.before).all()


def test_what_is_no_weight_is_refused(run: Run) -> None:
    with pytest.raises(ChainruleError, match="weight that is trained"):
        story(run, "loss", ())
    weight = trained(run)[0]
    with pytest.raises(ChainruleError, match="no cell"):
        story(run, weight, (10_000,) * len(run.program.tape.tensors[weight].shape))


@pytest.mark.parametrize("place", ["in a step", "after a step", "before the first"])
def test_samples_gradients_add_up_to_the_batchs(run: Run, place: str) -> None:
    if place == "before the first":
        run.seek(0)
    elif place == "in a step":
        run.step("instruction")
        run.step("instruction")
    there = everything(run)
    step = {"in a step": 23, "after a step": 22, "before the first": 0}[place]
    for weight in trained(run)[:4]:
        cell = (0,) * len(run.program.tape.tensors[weight].shape)
        found = end(sample_gradients(run, weight, cell))
        assert isinstance(found, SampleGradients)
        assert differences(there, everything(run)) == []
        assert found.step == step
        other = run.branch(step)
        other.step("instruction")
        chosen = other.program.tape.chosen
        assert chosen is not None
        own = other.program.tensor(chosen.name).reshape(-1)[: other.program.rows]
        assert found.samples.tolist() == own.astype(int).tolist()
        other.step("batch")
        name = f"grad/{weight}"
        total = (
            float(other.program.tensor(name)[cell])
            if name in other.program.tape.tensors
            else found.total
        )
        assert found.total == total
        rounding = 2e-6 * (np.abs(found.shares).sum() + abs(found.rest)) + 1e-9
        assert found.shares.sum() + found.rest == pytest.approx(found.total, abs=rounding)


def test_each_share_is_that_patients_own_gradient() -> None:
    template = templates.load("stroke-risk")
    run = Run(template.network, template.training, data.load(template.data.id))
    found = end(sample_gradients(run, "dense_1/kernel", (1, 2)))
    run.step_to([ins.phase for ins in run.program.tape.instructions].index("update"))
    x, y = (run.program.tensor(name).astype(np.float64) for name in ("input_1/x", "targets"))
    first, second = (run.program.tensor(f"dense_{k}/kernel").astype(np.float64) for k in (1, 2))
    h = 1 / (1 + np.exp(-x @ first))
    o = 1 / (1 + np.exp(-h @ second))
    inner = ((o - y) * o * (1 - o)) @ second.T * h * (1 - h)
    assert found.shares == pytest.approx(x[:, 1] * inner[:, 2], rel=2e-5, abs=2e-8)
    whole = x[:, :, None] * inner[:, None, :]
    assert found.lengths == pytest.approx(np.sqrt((whole**2).sum((1, 2))), rel=2e-5, abs=1e-6)
    assert found.rest == 0
    assert found.against == (np.sign(found.shares) == -np.sign(found.total)).sum()


def test_penalties_belong_to_no_sample() -> None:
    template = templates.load("weight-and-height")
    network = template.network.configure(
        "dense_1", kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}}
    )
    run = Run(network, template.training, data.load(template.data.id))
    weight = float(run.program.tensor("dense_1/kernel")[0, 1])
    found = end(sample_gradients(run, "dense_1/kernel", (0, 1)))
    assert found.rest == pytest.approx(2 * 0.1 * weight, rel=1e-5)
    assert found.shares.sum() + found.rest == pytest.approx(found.total, abs=1e-7)


def test_clipping_is_told_apart() -> None:
    template = templates.load("weight-and-height")
    training = msgspec.structs.replace(
        template.training, optimizer={**template.training.optimizer, "clipvalue": 0.001}
    )
    run = on(Run(template.network, training, data.load(template.data.id)), 5)
    found = story(run, "dense_2/kernel", (0, 0))
    assert (np.abs(found.gradient) > 0.001).all()
    assert np.abs(found.used) == pytest.approx(0.001)
