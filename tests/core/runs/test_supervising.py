"""Callbacks of a document on a run: as in `fit`, and to the same bits after a rewind, in a branch, from a file."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import callbacks, layers
from core.callbacks import documents
from core.errors import ChainruleError
from core.runs import Run, Supervisor
from core.runs.supervising import Happening
from core.spec.training import Training, check_training

X = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
Y = (X[:, :1] + 0.3 * X[:, 1:2] > 0).astype(np.float32)
STOP = {"kind": "EarlyStopping", "patience": 3, "restore_best_weights": True}
PLATEAU = {"kind": "ReduceLROnPlateau", "patience": 1, "factor": 0.5, "min_delta": 0.02}


def model_of(rate: float = 30.0) -> Any:
    model = core.Sequential(
        [core.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dropout(0.3),
         layers.Dense(1, activation="sigmoid")],
        seed=3,
    )  # fmt: skip
    model.compile(core.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    return model


def run_of(*given: dict[str, Any], rate: float = 30.0) -> Run:
    """The same training as a run of its own."""
    model = model_of(rate)
    model.fit(X[:30], Y[:30], batch_size=5, validation_data=(X[30:], Y[30:]))
    fitted = model.run
    training = msgspec.structs.replace(fitted.training, callbacks=tuple(given))
    run = Run(
        model.network,
        training,
        samples=fitted.samples,
        validation=fitted.validation,
        loss=fitted.loss,
    )
    run.start_from(model_of(rate).weights_by_name())
    return run


def trained(run: Run, supervisor: Supervisor, epochs: int) -> list[Happening]:
    """Go on as the window does, until training is stopped."""
    seen = []
    for _ in range(epochs):
        if supervisor.stop_step() == run.step_count:
            break
        run.step("epoch")
        if supervisor.is_due():
            seen += supervisor.look(run.evaluate() if supervisor.measures else None)
    return seen


def memory(run: Run) -> bytes:
    return run.program.mem[: run.program.plan.state].tobytes()


def same_weights(run: Run, model: Any) -> bool:
    return all(
        np.array_equal(a, model.weights_by_name()[name])
        for name, a in run.program.weights().items()
    )


def test_a_run_is_looked_after_as_fit_is() -> None:
    model, run = model_of(), run_of(PLATEAU, STOP)
    kept = [callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.02),
            callbacks.EarlyStopping(patience=3, restore_best_weights=True)]  # fmt: skip
    history = model.fit(
        X[:30], Y[:30], batch_size=5, epochs=60, validation_data=(X[30:], Y[30:]), callbacks=kept
    )
    supervisor = Supervisor(run)
    seen = trained(run, supervisor, 60)
    assert 4 < len(history.epoch) < 60
    assert supervisor.stop_step() == run.step_count == 6 * len(history.epoch)
    assert same_weights(run, model)
    assert [e.metrics["learning_rate"] for e in run.history.epochs] == history.history[
        "learning_rate"
    ]
    assert [e.metrics["val_loss"] for e in run.history.epochs] == history.history["val_loss"]
    assert [one.name for one in seen].count("rate-reduced") == len(
        set(history.history["learning_rate"])
    ) - 1 or (run.learning_rate < history.history["learning_rate"][-1])
    stopped = seen[-1]
    assert stopped.name == "stopped-early"
    assert stopped.values["best_epoch"] == kept[1].best_epoch + 1
    assert stopped.values["best"] == pytest.approx(kept[1].best)
    assert stopped.values["restored"] is True
    for mine, theirs in zip(supervisor.callbacks, kept, strict=True):
        assert (mine.wait, mine.best) == (theirs.wait, theirs.best)  # type: ignore[attr-defined]


def test_a_replay_fires_nothing_and_gives_the_same_bits() -> None:
    run = run_of(PLATEAU, STOP)
    supervisor = Supervisor(run)
    trained(run, supervisor, 60)
    end, last, entries = run.step_count, memory(run), list(run.journal.entries)
    for step in (0, 7, end - 6, end - 1):
        run.seek(step)
        assert supervisor.stop_step() == end
        assert trained(run, supervisor, 60) == []
        assert (run.step_count, memory(run)) == (end, last)
    assert run.journal.entries == entries


def test_counting_goes_on_from_where_a_change_was_made() -> None:
    run = run_of(PLATEAU)
    supervisor = Supervisor(run)
    trained(run, supervisor, 9)
    run.seek(6 * 4)
    run.set("learning_rate", 3.0)
    at_four = [e.metrics for e in run.history.epochs]
    assert len(at_four) == 4
    trained(run, supervisor, 5)
    # The same from a run that was never further.
    other = run_of(PLATEAU)
    second = Supervisor(other)
    trained(other, second, 4)
    other.set("learning_rate", 3.0)
    trained(other, second, 5)
    assert memory(run) == memory(other)
    assert run.history.epochs == other.history.epochs
    mine, theirs = supervisor.callbacks[0], second.callbacks[0]
    assert (mine.wait, mine.best) == (theirs.wait, theirs.best)  # type: ignore[attr-defined]


@pytest.mark.parametrize("epochs", [1, 3, 5, 60])
def test_a_saved_run_is_looked_after_as_if_it_had_never_ended(epochs: int) -> None:
    whole, run = run_of(PLATEAU, STOP), run_of(PLATEAU, STOP)
    trained(whole, Supervisor(whole), 60)
    trained(run, Supervisor(run), epochs)
    state, arrays = run.save_state()
    loaded = run_of(PLATEAU, STOP)
    early = Supervisor(loaded)
    loaded.load_state(state, {key: value.copy() for key, value in arrays.items()})
    trained(loaded, early, 60)
    # The best weights were not saved: they are those of an earlier step, done again.
    assert loaded.step_count == whole.step_count
    assert memory(loaded) == memory(whole)
    assert Supervisor(loaded).stop_step() == loaded.step_count


def test_training_that_was_stopped_can_go_on_and_counts_anew() -> None:
    run = run_of(STOP)
    supervisor = Supervisor(run)
    trained(run, supervisor, 60)
    first = run.step_count
    supervisor.go_on()
    assert supervisor.stop_step() is None
    trained(run, supervisor, 60)
    # At least one epoch is the best of its own, and three are waited for.
    assert run.step_count >= first + 6 * 4
    assert Supervisor(run).stop_step() == run.step_count == supervisor.stop_step()


def test_a_branch_is_looked_after_on_its_own() -> None:
    run = run_of(STOP)
    supervisor = Supervisor(run)
    trained(run, supervisor, 60)
    end, last = run.step_count, memory(run)
    branch = run.branch(
        12, {"callbacks": ({"kind": "EarlyStopping", "patience": 2, "min_delta": 100.0},)}
    )
    trained(branch, Supervisor(branch), 60)
    assert branch.step_count == 18
    assert (run.step_count, memory(run)) == (end, last)


def test_more_is_better_where_the_metric_says_so() -> None:
    run = run_of(rate=0.0)
    training = msgspec.structs.replace(
        run.training, metrics=({"class_name": "Precision", "config": {"name": "sure"}}, "mse"),
        callbacks=({"kind": "EarlyStopping", "monitor": "val_sure", "patience": 1},),
    )  # fmt: skip
    other = Run(
        run.network, training, samples=run.samples, validation=run.validation, loss=run.loss
    )
    (stop,) = Supervisor(other).callbacks
    assert stop.more_is_better  # type: ignore[attr-defined]
    assert len(other.train(9)) == 2
    seen = msgspec.structs.replace(
        training, callbacks=({"kind": "EarlyStopping", "monitor": "mse"},)
    )
    (stop,) = Supervisor(Run(run.network, seen, samples=run.samples, loss=run.loss)).callbacks
    assert not stop.more_is_better  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"kind": "EarlyStoping"},
            "callback of a project called 'EarlyStoping'. Did you mean 'EarlyStopping'",
        ),
        ({"kind": "EarlyStopping", "patients": 3}, "Did you mean 'patience'"),
        ({"kind": "EarlyStopping", "patience": -3}, "at least 0"),
        ({"patience": 3}, "looks like"),
        ("EarlyStopping", "looks like"),
    ],
)
def test_what_a_document_may_not_hold_is_told(given: Any, sentence: str) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        check_training(Training(callbacks=(given,)))


def test_two_of_a_kind_or_a_metric_that_is_not_there_are_refused() -> None:
    with pytest.raises(ChainruleError, match="EarlyStopping is there twice"):
        check_training(Training(callbacks=(STOP, STOP)))
    with pytest.raises(
        ChainruleError, match=r"'val_acc', which is not measured; there are .*val_accuracy"
    ):
        Supervisor(run_of({"kind": "EarlyStopping", "monitor": "val_acc"}))
    run = run_of()
    scheduled = msgspec.structs.replace(run.training, optimizer={
        "kind": "SGD", "learning_rate": {"kind": "ExponentialDecay", "initial_learning_rate": 0.1,
                                         "decay_steps": 9, "decay_rate": 0.5}}, callbacks=(PLATEAU,))  # fmt: skip
    with pytest.raises(ChainruleError, match="follows ExponentialDecay"):
        Supervisor(Run(run.network, scheduled, samples=run.samples, loss=run.loss))


@pytest.mark.parametrize("name", documents.names())
def test_forms_know_the_arguments_and_their_defaults(name: str) -> None:
    kind = documents.kind(name)
    plain = kind()
    for setting in kind.settings:
        assert getattr(plain, setting.name) == setting.normalise(setting.default, name)


def test_epochs_that_were_trained_before_are_not_looked_at_in_a_replay() -> None:
    run = run_of(STOP)
    for _ in range(5):
        run.step("epoch")
        run.note_epoch()
    supervisor = Supervisor(run)
    run.seek(12)
    assert not supervisor.is_due()
    assert trained(run, supervisor, 3) == []
    assert [one.metrics.get("learning_rate") is not None for one in run.history.epochs] == [
        False
    ] * 4 + [True]


def test_a_run_trains_by_itself_with_its_callbacks() -> None:
    plain, run = run_of(PLATEAU, STOP), run_of(PLATEAU, STOP)
    trained(plain, Supervisor(plain), 60)
    epochs = run.train(60)
    assert len(epochs) < 60
    assert epochs == run.history.epochs == plain.history.epochs
    assert memory(run) == memory(plain)
    # Asked again it goes on; what was done before is done again without callbacks.
    assert run.train(1)[0].step == run.step_count
    end = run.step_count
    run.seek(6)
    assert run.train(1) == epochs[1:2]
    assert run.step_count == 12 < end
    alone = run_of(STOP)
    alone.validation = None
    assert 0 < len(alone.train(60)) < 60
    assert "val_loss" in alone.history.epochs[-1].metrics


#: Stops nothing within these tests, but goes back to the best epoch at the end.
BEST = {"kind": "EarlyStopping", "patience": 50, "restore_best_weights": True}


def test_at_its_planned_end_training_goes_back_to_the_best_weights_as_fit_does() -> None:
    model, run = model_of(), run_of(BEST)
    kept = callbacks.EarlyStopping(patience=50, restore_best_weights=True)
    model.fit(
        X[:30], Y[:30], batch_size=5, epochs=9, validation_data=(X[30:], Y[30:]), callbacks=[kept]
    )
    assert kept.stopped_epoch == 0
    assert kept.best_epoch < 8
    run.train(9)
    end, last = run.step_count, memory(run)
    assert end == 6 * 9
    assert same_weights(run, model)
    (entry,) = run.journal.entries
    assert (entry.kind, entry.step) == ("weights", end)
    # A rewind over it, training that is done again, and a file give the same bits.
    for step in (0, end - 3, end):
        run.seek(step)
        run.seek(end)
        assert memory(run) == last
    run.seek(12)
    run.train(7)
    assert (run.step_count, memory(run)) == (end, last)
    state, arrays = run.save_state()
    loaded = run_of(BEST)
    loaded.load_state(state, {key: value.copy() for key, value in arrays.items()})
    assert memory(loaded) == last
    run.train(3)
    loaded.train(3)
    assert memory(run) == memory(loaded)


def test_training_that_stops_short_of_its_end_is_not_taken_back() -> None:
    run = run_of(BEST)
    run.train(9)
    end, entries = run.step_count, list(run.journal.entries)
    run.seek(6)
    run.train(2)
    # It stands where it was before: what comes after is kept.
    assert (run.step_count, run.history.length) == (18, end)
    assert run.journal.entries == entries


def test_each_training_goes_back_to_the_best_of_its_own_epochs() -> None:
    plain, run = run_of(), run_of(BEST)
    plain.train(9)
    for _ in range(9):
        run.train(1)
    assert len(run.journal) == 0
    assert all(
        np.array_equal(a, run.program.weights()[n]) for n, a in plain.program.weights().items()
    )
