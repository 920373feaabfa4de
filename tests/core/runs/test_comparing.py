"""Two runs side by side: is it fair, where do they part, how far apart do they come."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core.errors import ChainruleError
from core.runs import Run, compare
from core.runs.checkpoints import Checkpoints
from core.runs.samples import Samples
from core.tape.table_data import DataTable
from tests.core.networks import RUNS, differences, everything
from tests.core.runs.test_branches import on


def other(run: Run, samples: Samples | None = None, **settings: Any) -> Run:
    """A run of the same network with other settings or data."""
    training = msgspec.structs.replace(run.training, **settings)
    return Run(run.network, training, samples=samples or run.plain)


def lengths(run: Run, step: int) -> np.ndarray:
    run.seek(step)
    return np.concatenate(
        [w.reshape(-1).astype(np.float64) for w in run.program.weights().values()]
    )


@pytest.fixture(params=sorted(RUNS))
def run(request: pytest.FixtureRequest) -> Run:
    return on(RUNS[request.param](), 30)


def test_a_run_and_its_twin_never_differ(run: Run) -> None:
    same = on(run.branch(7), 26)
    found = compare(run, same)
    assert found.fair
    assert (found.first, found.last, found.differ_from) == (0, 26, None)
    assert not found.distances.total.any()
    assert "the same, bit for bit" in str(found)


@pytest.mark.parametrize("gap", [4, 64], ids=["checkpoints between", "none between"])
def test_the_first_difference_is_found_wherever_it_lies(run: Run, gap: int) -> None:
    first = run.checkpoints.before(0)
    run.checkpoints = Checkpoints()
    run.checkpoints.add(first)
    run._spacing = lambda: gap
    run._previous = None
    run.seek(29)
    on(run, 30)
    there = everything(run)
    for step in (0, 5, 8, 17, 29):
        made = run.branch(step, {"learning_rate": 0.25})
        made._spacing = lambda: gap
        on(made, 30)
        found = compare(run, made)
        assert found.fair
        assert found.differ_from == step + 1
        assert found.sentences == ()
    assert differences(there, everything(run)) == []


def test_distances_are_those_of_the_weights(run: Run) -> None:
    made = on(run.branch(10, {"learning_rate": 0.3}), 28)
    there = [everything(run), everything(made)]
    found = compare(run, made).distances
    assert [differences(a, everything(b)) for a, b in zip(there, (run, made), strict=True)] == [
        [],
        [],
    ]
    assert (found.steps[0], found.steps[-1]) == (0, 28)
    for k, step in enumerate(found.steps):
        a, b = lengths(run, int(step)), lengths(made, int(step))
        assert found.total[k] == pytest.approx(np.linalg.norm(a - b), rel=1e-6)
        assert found.relative[k] == pytest.approx(
            np.linalg.norm(a - b) / np.linalg.norm(a), rel=1e-6
        )
        assert found.total[k] == pytest.approx(
            np.sqrt(sum(v[k] ** 2 for v in found.tensors.values()))
        )
    assert found.total[-1] > 0


def test_a_replaced_weight_counts_from_its_step_on() -> None:
    one = on(RUNS["partial"](), 20)
    name, values = next(iter(one.program.weights().items()))
    made = on(one.branch(6, {"weights": {name: values + 1}}), 20)
    assert compare(one, made).differ_from == 6
    assert compare(made, one).differ_from == 6


def test_what_makes_a_comparison_unfair_is_said() -> None:
    one = on(RUNS["partial"](), 12)
    seeded = on(other(one, seed=5), 12)
    found = compare(one, seeded)
    assert not found.same_weights
    assert not found.same_batches
    assert found.differ_from == 0
    assert "seeds 11 and 5" in found.sentences[0]
    assert "another order (seeds 11 and 5)" in found.sentences[1]

    smaller = on(other(one, batch_size=4), 12)
    found = compare(one, smaller)
    assert found.same_weights
    assert found.sentences == ("They see other batches: of 8 samples and of 4.",)

    table = one.plain.targets[0]
    changed = Samples(one.plain.inputs, [DataTable(table.array + 1)])
    found = compare(one, on(other(one, changed), 12))
    assert found.sentences == ("They are trained on other data: the targets are not the same.",)
    fewer = Samples(
        [DataTable(t.array[:20]) for t in one.plain.inputs], [DataTable(table.array[:20])]
    )
    found = compare(one, on(other(one, fewer), 12))
    assert "23 samples and 20" in found.sentences[0]


def test_another_seed_without_an_order_sees_the_same_batches() -> None:
    one, two = RUNS["partial"](), other(RUNS["partial"](), seed=3)
    for each in (one, two):
        each.shuffle(False)
        on(each, 9)
    found = compare(one, two)
    assert found.same_batches
    assert not found.same_weights


def test_an_order_that_changes_later_is_seen() -> None:
    one = on(RUNS["partial"](), 20)
    made = on(one.branch(12, {"shuffle": False}), 20)
    found = compare(one, made)
    assert found.same_weights
    assert "another order: the batch of step 12" in found.sentences[0]
    assert found.differ_from == 13


def test_a_branch_with_another_optimizer_is_compared_from_where_it_left() -> None:
    one = RUNS["mlp"]()
    one.train(4)
    made = one.branch(10, {"optimizer": "sgd"})
    made.train(2)
    found = compare(one, made)
    assert (found.first, found.last) == (10, 20)
    assert found.same_weights
    assert found.same_batches
    assert found.differ_from == 11
    assert [e[0] for e in found.epochs] == [3, 4]
    assert found.epochs[0][1]["loss"] == one.history.epochs[2].metrics["loss"]
    assert set(found.series) == {"loss", "accuracy"}
    assert "After epoch 4: loss" in str(found)


def test_runs_without_a_common_step_cannot_be_compared() -> None:
    one = on(RUNS["partial"](), 12)
    late = one.branch(12, {"batch_size": 4})
    early = on(RUNS["partial"](), 3)
    with pytest.raises(ChainruleError, match="no step in common"):
        compare(early, late)


def test_a_model_that_was_trained_stands_for_its_run() -> None:
    model = core.Sequential([core.Input((2,)), core.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    with pytest.raises(ChainruleError, match="The model has no run yet"):
        compare(model, model)
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    model.fit(x, x[:, :1], batch_size=4, epochs=2)
    branch = model.run.branch(1, {"learning_rate": 0.5})
    branch.advance(2)
    assert str(compare(model, branch)) == str(compare(model.run, branch))
    with pytest.raises(ChainruleError, match=r"takes two runs: model\.run.*3 is neither"):
        compare(branch, 3)  # type: ignore[arg-type]
