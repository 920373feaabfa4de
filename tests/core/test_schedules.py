"""Learning rates that change: Keras's numbers, the notes' formulas, the same on the tape, and sentences."""

from __future__ import annotations

import math
import warnings
from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import losses, optimizers, schedules
from core.errors import AdviceWarning, SettingError
from core.kernels import state as S
from core.runs import Run
from core.runs.samples import prepare
from core.spec import Training, check_training
from core.tape.compiler import compile_network
from core.tape.program import Program
from tests.core.golden import cases
from tests.core.networks import chain
from tests.core.runs import ways
from tests.core.subjects import schedule_variants

VARIANTS = schedule_variants()
by_schedule = pytest.mark.parametrize("document", VARIANTS.values(), ids=VARIANTS)
NETWORK = chain((3,), ("Dense", {"units": 2}))


def on_tape(
    document: dict[str, Any], steps: list[int], dtype: str, batches: int = 5
) -> list[float]:
    """The rate that the tape uses in each of these steps."""
    optimizer = optimizers.get({"kind": "SGD", "learning_rate": document})
    tape = compile_network(NETWORK, "train", loss=losses.get("mse"), optimizer=optimizer)
    program = Program(tape, 2, dtype)
    program.feed([np.zeros((2, 3))], [np.zeros((2, 2))])
    found = []
    for step in steps:
        program.state[S.ITERATION], program.state[S.EPOCH] = step, step // batches
        program.run()
        found.append(program.scalar("learning_rate"))
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", cases.SCHEDULES)
def test_a_schedule_is_keras_s(name: str, dtype: str) -> None:
    with np.load(cases.FOLDER / "schedules.npz", allow_pickle=False) as file:
        expected = file[f"{name}|{dtype}"]
    bound = 1e-5 if dtype == "float32" else 1e-9
    document = cases.SCHEDULES[name]
    steps = list(cases.SCHEDULE_STEPS)
    # Keras in float32 loses digits where a cosine is nearly -1: relative to the largest rate there.
    floor = bound * float(expected.max()) if dtype == "float32" else 1e-14
    assert on_tape(document, steps, dtype) == pytest.approx(expected, rel=bound, abs=floor)
    alone = [schedules.get(document)(step) for step in steps]
    assert alone == pytest.approx(expected, rel=bound, abs=floor)


OWN = {
    "InverseEpochDecay": ({"decay": 2.0}, lambda e: 0.2 / (1 + 2 * e)),
    "ExponentialEpochDecay": ({}, lambda e: 0.2 * 0.97**e),
    "SquareRootDecay": ({"k": 0.5}, lambda e: 0.5 / math.sqrt(e + 1) * 0.2),
    "StepDecay": ({"factor": 0.1, "epochs": 3}, lambda e: 0.2 * 0.1 ** (e // 3)),
}


@pytest.mark.parametrize("kind", OWN)
def test_a_schedule_of_the_notes_is_its_formula(kind: str) -> None:
    arguments, formula = OWN[kind]
    document = {"kind": kind, "initial_learning_rate": 0.2, **arguments}
    steps = list(range(0, 60, 3))
    expected = [formula(step // 5) for step in steps]
    assert on_tape(document, steps, "float64") == pytest.approx(expected, rel=1e-12)
    assert [schedules.get(document)(step, 5) for step in steps] == pytest.approx(
        expected, rel=1e-12
    )


def test_a_manual_list_has_one_rate_an_epoch_and_keeps_the_last() -> None:
    document = {"kind": "ManualDecay", "values": [0.3, 0.1, 0.01]}
    found = on_tape(document, [0, 4, 5, 9, 10, 14, 50], "float64")
    assert found == [0.3, 0.3, 0.1, 0.1, 0.01, 0.01, 0.01]


@pytest.mark.conformance
@pytest.mark.parametrize(("total", "share"), [(100, 0.3), (57, 0.5), (10, 0.2)])
def test_one_cycle_is_pytorch_s(total: int, share: float) -> None:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.4, total_steps=total, pct_start=share, cycle_momentum=False
    )
    expected = []
    for step in range(total):
        expected.append(cycle.get_last_lr()[0])
        optimizer.step()
        if step < total - 1:
            cycle.step()
    document = {
        "kind": "OneCycle",
        "max_learning_rate": 0.4,
        "total_steps": total,
        "pct_start": share,
    }
    assert on_tape(document, list(range(total)), "float64") == pytest.approx(expected, rel=1e-9)


@by_schedule
def test_the_formula_of_a_rate_gives_the_kernels_number(document: dict[str, Any]) -> None:
    optimizer = optimizers.get({"kind": "SGD", "learning_rate": document})
    tape = compile_network(NETWORK, "train", loss=losses.get("mse"), optimizer=optimizer)
    program = Program(tape, 2, np.float64)
    program.feed([np.zeros((2, 3))], [np.zeros((2, 2))])
    at = next(k for k, ins in enumerate(tape.instructions) if ins.op.endswith("_schedule"))
    for step in (0, 1, 7, 30, 200):
        program.state[S.ITERATION], program.state[S.EPOCH] = step, step // 5
        program.run()
        found = program.explain(at, ())
        assert found.value == pytest.approx(found.kernel_value, rel=1e-12, abs=1e-15)
        assert program.scalar("learning_rate") == found.kernel_value
    program.set_scalar("learning_rate", 0.25)
    program.run()
    assert program.explain(at, ()).value == program.scalar("learning_rate") == 0.25


#: Instructions until the rate of a step is there: the batch, its inputs and targets, the rate.
AFTER = 4


def run_with(document: dict[str, Any]) -> Run:
    """19 samples in batches of 6."""
    rng = np.random.default_rng(0)
    training = Training(
        optimizer={"kind": "SGD", "learning_rate": document, "momentum": 0.5},
        loss="mse",
        batch_size=6,
    )
    loss = losses.get("mse")
    return Run(
        NETWORK,
        training,
        samples=prepare(rng.normal(size=(19, 3)), rng.normal(size=(19, 2)), loss, 2),
    )


@by_schedule
def test_time_is_exact_with_every_schedule(document: dict[str, Any]) -> None:
    ways.all_the_same(lambda: run_with(document), 20)


def test_a_run_shows_the_rate_of_the_step_it_stands_at() -> None:
    document = {"kind": "InverseEpochDecay", "initial_learning_rate": 0.2}
    run = run_with(document)
    schedule = schedules.get(document)
    assert run.learning_rate == pytest.approx(0.2)
    seen = []
    for step in range(12):
        for _ in range(AFTER):
            run.step("instruction")
        assert run.learning_rate == pytest.approx(schedule(step, 4), rel=1e-6)
        seen.append(run.learning_rate)
        run.advance(1)
    for step in (9, 4, 1, 0):
        run.seek(step, AFTER)
        assert run.learning_rate == seen[step]
    run.seek(12)
    run.set("learning_rate", 0.125)
    run.advance(3)
    assert run.learning_rate == 0.125
    run.seek(5)
    run.advance(1)
    assert run.learning_rate == seen[5]


def test_a_model_trains_with_a_schedule_as_with_the_rates_by_hand(tmp_path) -> None:
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.ones((20, 1))

    def model(rate: Any) -> core.Model:
        made = core.Sequential([core.Input((3,)), core.layers.Dense(1)], seed=1)
        made.compile(optimizers.SGD(rate), "mse")
        return made

    one = model(schedules.StepDecay(0.1, 0.5, 1))
    one.fit(x, y, batch_size=10, epochs=2)
    other = model(0.1)
    other.fit(x, y, batch_size=10)
    other.optimizer.learning_rate = 0.05
    other.fit(x, y, batch_size=10)
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights()))
    assert one.optimizer.learning_rate == pytest.approx(0.025)
    with pytest.raises(SettingError, match="follows StepDecay"):
        one.optimizer.learning_rate = 0.1
    one.save(tmp_path / "m.chainrule")
    again = core.load_model(tmp_path / "m.chainrule")
    assert again.optimizer.schedule == one.optimizer.schedule


@by_schedule
def test_a_schedule_survives_its_document(document: dict[str, Any]) -> None:
    training = Training(optimizer={"kind": "Adam", "learning_rate": document})
    check_training(training)
    again = msgspec.json.decode(msgspec.json.encode(training), type=Training)
    schedule = schedules.get(again.optimizer["learning_rate"])
    assert schedule == schedules.get(document)
    assert schedules.get(schedule.to_document()) == schedule
    assert schedule.scaled(2)(3) == pytest.approx(2 * schedule(3))
    assert type(schedule).__doc__


WRONG = {
    "ExponentialDecy": ({"kind": "ExponentialDecy"}, "Did you mean 'ExponentialDecay'"),
    "negative": ({"kind": "StepDecay", "initial_learning_rate": -1}, "at least 0"),
    "no length": (
        {"kind": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 0},
        "more than 0",
    ),
    "missing": ({"kind": "CosineDecay", "initial_learning_rate": 0.1}, "needs decay_steps"),
    "misspelt": (
        {"kind": "StepDecay", "initial_learning_rate": 0.1, "facter": 1},
        "Did you mean 'factor'",
    ),
    "pieces": (
        {"kind": "PiecewiseConstantDecay", "boundaries": [1], "values": [0.1]},
        "one value more",
    ),
    "list": ({"kind": "ManualDecay", "values": []}, "list of numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_schedule_that_cannot_be_is_refused(name: str) -> None:
    document, said = WRONG[name]
    with pytest.raises(SettingError, match=said):
        check_training(Training(optimizer={"kind": "SGD", "learning_rate": document}))


def test_a_schedule_that_ends_before_training_is_told() -> None:
    model = core.Sequential([core.Input((3,)), core.layers.Dense(1)])
    model.compile(optimizers.SGD(schedules.CosineDecay(0.1, 5)), "mse")
    with pytest.warns(AdviceWarning, match="ends after 5 steps, but training has 8"):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=2)
    assert schedules.advice(schedules.CosineDecay(0.1, 8).to_document(), 2, 4) == ""
    assert schedules.advice(0.1, 2, 4) == ""
    whole = core.Sequential([core.Input((3,)), core.layers.Dense(1)])
    whole.compile(optimizers.SGD(schedules.CosineDecay(0.1, 40)), "mse")
    with pytest.warns(AdviceWarning, match="lasts 40 steps, but training has only 8"):
        whole.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=1)
        whole.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=7)
    with pytest.warns(AdviceWarning, match="ends after 40 steps, but training has 48"):
        whole.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=2)
    long = schedules.advice(schedules.CosineDecay(0.1, 4000), 40, 20)
    assert long.startswith("CosineDecay lasts 4,000 steps, but training has only 800")
    assert "20 % of its curve" in long
    assert f"ends at {schedules.CosineDecay(0.1, 4000)(800):.3g}" in long
    assert "5 epochs" in schedules.advice(schedules.ManualDecay([0.1] * 5), 2, 4)
    assert schedules.advice(schedules.CosineDecay(0.1, 4000), 190, 20) == ""
    assert "2 epochs" in schedules.advice(schedules.ManualDecay([0.1, 0.2]), 3, 4)
