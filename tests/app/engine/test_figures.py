"""The figures beside the picture are those of the step shown."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from app.engine.session import Session
from app.engine.state import Work
from app.scenes.charts import curves_of
from app.scenes.curves import _numbers_of, _with_number
from app.train.metrics import figures, moments, others
from core import templates


def session(**settings: object) -> Session:
    template = templates.load("logistic-regression")
    training = msgspec.structs.replace(template.training, **settings)
    return Session(Work(template.network, training, template.data.id, template.data.parameters))


def go(one: Session, step: int) -> None:
    for _ in one.seek(step):
        pass


def train(one: Session, epochs: int) -> None:
    for _ in range(epochs):
        done = one.position.step
        while one.position.step < done + one.run.batches:
            assert not one.finished
            one.advance(done + one.run.batches - one.position.step)


def test_after_going_back_the_figures_are_those_of_the_step_shown() -> None:
    one = session(metrics=("accuracy", "precision"), epochs=6)
    train(one, 6)
    for _ in one.evaluation():
        pass
    batches, ended = one.run.batches, list(one.run.history.epochs)
    assert one.snapshot(()).evaluation is not None
    go(one, 3 * batches)
    shot = one.snapshot(())
    third = ended[2].metrics
    assert figures(shot) == {
        "loss": third["loss"], "accuracy": third["accuracy"],
        "val_loss": third["val_loss"], "val_accuracy": third["val_accuracy"],
    }  # fmt: skip
    assert moments(shot) == "Train: mean of epoch 3. Validation: after epoch 3."
    assert f"{third['precision']:.3f}" in others(shot)[0]
    assert f"{third['val_precision']:.3f}" in others(shot)[0]
    # What was measured later says nothing of this step; the curves go on to the end.
    assert shot.evaluation is None
    assert len(shot.history.loss) == 6 * batches
    go(one, 6 * batches)
    shot = one.snapshot(())
    assert shot.evaluation is not None
    assert figures(shot)["val_loss"] == ended[5].metrics["val_loss"]
    go(one, 0)
    assert set(figures(one.snapshot(())).values()) == {None}
    assert moments(one.snapshot(())) == ""


@pytest.mark.parametrize("back", [False, True])
def test_within_an_epoch_it_is_the_mean_so_far_over_its_samples(back: bool) -> None:
    one = session(epochs=3)
    batches = one.run.batches
    assert batches > 3
    train(one, 1)
    one.advance(3)
    if back:
        train(one, 1)
        go(one, batches + 3)
    shot = one.snapshot(())
    assert figures(shot)["loss"] == pytest.approx(shot.history.loss[batches : batches + 3].mean())
    assert figures(shot)["val_loss"] == one.run.history.epochs[0].metrics["val_loss"]
    assert moments(shot) == "Train: mean of epoch 2 so far. Validation: after epoch 1."
    one.step("instruction")
    assert moments(one.snapshot(())).startswith("Train: mean of epoch 2 so far.")


def test_a_legend_tells_the_last_batch_of_the_step_shown() -> None:
    one = session(epochs=4)
    train(one, 4)
    step = one.run.batches + 2
    go(one, step)
    shot = one.snapshot(())
    curve = curves_of(shot.history, "loss")[0]
    assert (
        _with_number(curve, False, _numbers_of(shot)) == f"last batch {curve.train[step - 1]:.4f}"
    )
    assert _with_number(curve, True, _numbers_of(shot)) == f"validation {curve.valid[0]:.4f}"


def test_past_epochs_stay_where_they_were_after_the_batch_size_is_changed() -> None:
    one = session(batch_size=10, epochs=20)
    train(one, 3)
    one.advance(2)
    long = one.run.batches
    work = one.work
    one.edit(replace(work, training=msgspec.structs.replace(work.training, batch_size=50)))
    train(one, 2)
    short = one.run.batches
    assert short < long
    history = one.snapshot(()).history
    began = 3 * long + 2
    for epoch, step in (
        (0, 0),
        (1, long),
        (3, 3 * long),
        (4, began + short),
        (7, began + 4 * short),
    ):
        assert history.step_of_epoch(epoch) == step
        assert history.epochs_at(step) == epoch
    assert history.step_of_epoch(1.5) == 1.5 * long
    assert history.step_of_epoch(4.5) == began + 1.5 * short
    assert history.epochs_at(began) == 3
    cut = history.until(2 * long, 0, 1)
    assert np.array_equal(cut.epoch_ends[-1], (2 * long, 2))
