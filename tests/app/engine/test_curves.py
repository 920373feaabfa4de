"""What a snapshot says of every metric, and of the learning rate, over the steps."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from app.engine.session import Session
from app.engine.state import Work
from app.snapshots import Curve, HistoryView
from core import schedules, templates

_METRICS = ("accuracy", "precision", "auc", "mean_absolute_error")


def session(**settings: object) -> Session:
    template = templates.load("logistic-regression")
    training = msgspec.structs.replace(template.training, **settings)
    return Session(Work(template.network, training, template.data.id, template.data.parameters))


def history(of: Session) -> HistoryView:
    return of.snapshot(()).history


def trained(of: Session, steps: int) -> HistoryView:
    while of.position.step < steps:
        of.advance(steps - of.position.step)
        if of.run.epoch_just_ended():
            for _ in of.evaluation():
                pass
    return history(of)


def test_every_metric_of_a_run_has_its_numbers_of_each_step_and_of_what_is_held_out() -> None:
    found = trained(session(metrics=_METRICS), 50)
    assert [(c.name, c.share) for c in found.metrics] == [
        ("precision", True), ("auc", True), ("mean_absolute_error", False)
    ]  # fmt: skip
    assert found.accurate
    for curve in found.metrics:
        assert curve.steps.tolist() == list(range(1, 51))
        assert curve.train.shape == (50,)
        assert len(curve.valid) == len(curve.val_steps) == len(found.val_loss) > 0
        assert np.isfinite(curve.valid).all()
    error = found.metrics[-1]
    assert 0 < error.train[-1] < error.train[0]


def test_what_was_not_measured_yet_is_no_number_and_stays_at_its_epoch() -> None:
    one = session(metrics=("accuracy",))
    trained(one, 40)
    work = msgspec.structs.replace(one.work.training, metrics=_METRICS)
    one.edit(Work(one.work.network, work, one.work.data, one.work.parameters))
    found = trained(one, 80)
    for curve in found.metrics:
        assert len(curve.valid) == len(curve.val_steps)
        assert curve.steps[-1] == 80


def test_a_run_before_its_first_step_says_what_will_be_measured() -> None:
    found = history(session(metrics=_METRICS))
    assert found.accurate
    assert len(found.metrics) == 3
    assert found.rate is None


@pytest.mark.parametrize("name", schedules.names())
def test_the_rate_is_the_one_each_step_was_taken_with(name: str) -> None:
    made = schedules.get(
        msgspec.to_builtins(getattr(schedules, name).example(0.05, 30, 3).to_document())
    )
    one = session(
        optimizer={"kind": "SGD", "learning_rate": made.to_document(), "momentum": 0.5},
    )
    seen = []
    for _ in range(45):
        one.advance(1)
        seen.append(one.run.program.scalar("learning_rate"))
    rate = history(one).rate
    assert rate is not None
    assert rate.steps.tolist() == list(range(1, 46))
    assert rate.train == pytest.approx(np.array(seen), rel=1e-5, abs=1e-8)


def test_a_rate_that_is_set_while_training_is_a_step_in_the_curve() -> None:
    one = session()
    trained(one, 10)
    one.set("learning_rate", 0.03)
    trained(one, 25)
    rate = history(one).rate
    assert rate is not None
    first = float(one.run.training.optimizer["learning_rate"])
    assert list(zip(rate.steps.tolist(), rate.train.tolist(), strict=True)) == [
        (1, pytest.approx(first)), (10, pytest.approx(first)),
        (11, pytest.approx(0.03)), (25, pytest.approx(0.03)),
    ]  # fmt: skip


def test_a_long_schedule_is_computed_at_a_few_places_that_stay() -> None:
    one = session(
        optimizer={
            "kind": "SGD",
            "learning_rate": {
                "kind": "CosineDecay",
                "initial_learning_rate": 0.1,
                "decay_steps": 3000,
            },
        },
        epochs=400,
    )
    before = trained(one, 1500).rate
    after = trained(one, 3000).rate
    assert before is not None
    assert after is not None
    assert len(after.steps) < 600
    # A plain line between them is the cosine to a thousandth of the first rate.
    at = np.arange(1, 3000)
    exact = 0.05 * (1 + np.cos(np.pi * (at - 1) / 3000))
    assert np.abs(np.interp(at, after.steps, after.train) - exact).max() < 1e-4


def test_a_history_is_cut_at_a_step_with_all_its_curves() -> None:
    found = trained(session(metrics=_METRICS), 60)
    cut = found.until(33, 100, 7)
    curves: list[Curve] = [*cut.metrics, *([cut.rate] if cut.rate is not None else [])]
    assert len(curves) == 4
    for curve in curves:
        assert len(curve.steps) == len(curve.train)
        assert curve.steps.max(initial=0) <= 33
        assert len(curve.val_steps) == len(curve.valid) <= len(found.val_steps)
    assert (cut.total_steps, cut.serial, cut.accurate) == (100, 7, True)
