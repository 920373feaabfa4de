"""Callbacks in real training: what they do to a run, and that it can be rewound across."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import callbacks, layers
from core.errors import DivergedError

X = np.random.default_rng(1).normal(size=(24, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)


def made(rate: Any = 0.1, optimizer: str = "SGD", **compiled: Any) -> Any:
    model = core.Sequential(
        [core.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dropout(0.2),
         layers.Dense(1, activation="sigmoid")],
        seed=3,
    )  # fmt: skip
    model.compile(
        getattr(core.optimizers, optimizer)(rate), "binary_crossentropy", metrics=["accuracy"], **compiled
    )  # fmt: skip
    return model


def bits(model: Any) -> bytes:
    return b"".join(np.asarray(w).tobytes() for w in model.get_weights())


def memory(model: Any) -> bytes:
    return bytes(model._run.program.mem[: model._run.program.plan.state].tobytes())


class Note(callbacks.Callback):
    """Keeps the weights after each epoch."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.weights: list[bytes] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.weights.append(bits(self.model))


def test_early_stopping_goes_back_to_the_best_weights_and_that_can_be_rewound_across() -> None:
    model, note = made(40.0), Note()
    stop = callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(
        X, Y, batch_size=5, epochs=40, validation_split=0.25, callbacks=[note, stop]
    )
    best = int(np.argmin(history.history["val_loss"]))
    assert stop.best_epoch == best
    assert len(history.epoch) == best + 1 + 3 < 40
    assert bits(model) == note.weights[best] != note.weights[-1]
    run, end = model._run, model._run.step_count
    last = memory(model)
    run.seek(end - 7)
    assert bits(model) != note.weights[best]
    run.seek(end)
    assert memory(model) == last
    # Training goes on from the restored weights, and the same is done again after a rewind.
    run.advance(4)
    further = memory(model)
    run.seek(end - 2)
    run.seek(end + 4)
    assert memory(model) == further


def test_a_reduced_rate_is_done_again_after_a_rewind_and_nothing_is_counted_twice() -> None:
    model = made(30.0)
    plateau = callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=0.01)
    history = model.fit(X, Y, batch_size=6, epochs=12, validation_split=0.25, callbacks=plateau)
    rates = history.history["learning_rate"]
    assert rates[0] == 30.0
    assert len(set(rates)) > 2
    run, end, last = model._run, model._run.step_count, memory(model)
    counted = (plateau.wait, plateau.best, plateau.cooldown_counter)
    run.seek(4)
    assert run.learning_rate == pytest.approx(30.0)
    run.seek(end)
    assert memory(model) == last
    assert (plateau.wait, plateau.best, plateau.cooldown_counter) == counted


def test_a_scheduler_sets_the_rate_of_each_epoch() -> None:
    model = made(0.5)
    rates: list[float] = []
    history = model.fit(
        X, Y, epochs=4, callbacks=[
            callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
            callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: rates.append(model._run.learning_rate)),
        ],
    )  # fmt: skip
    assert history.history["learning_rate"] == pytest.approx([0.25, 0.125, 0.0625, 0.03125])
    assert rates == pytest.approx([0.25, 0.125, 0.0625, 0.03125])


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("save_freq", ["epoch", 5])
def test_a_backup_goes_on_to_the_same_bits(tmp_path: Path, optimizer: str, save_freq: Any) -> None:
    whole = made(optimizer=optimizer)
    whole.fit(X, Y, batch_size=5, epochs=6)

    class Crash(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 4:
                raise KeyboardInterrupt

    def backup() -> Any:
        return callbacks.BackupAndRestore(tmp_path / "backup", save_freq)

    with pytest.raises(KeyboardInterrupt):
        made(optimizer=optimizer).fit(X, Y, batch_size=5, epochs=6, callbacks=[backup(), Crash()])
    second = made(optimizer=optimizer)
    history = second.fit(X, Y, batch_size=5, epochs=6, callbacks=[backup()])
    # The fifth batch is the last of an epoch that has not ended then: as in Keras that one is begun anew.
    assert history.epoch == ([4, 5] if save_freq == "epoch" else [3, 4, 5])
    if save_freq == "epoch":
        assert bits(second) == bits(whole)
    assert not (tmp_path / "backup").exists()


def test_a_damaged_backup_falls_back_to_the_one_before(tmp_path: Path) -> None:
    def backup() -> Any:
        return callbacks.BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)

    made().fit(X, Y, epochs=3, callbacks=[backup()])
    (tmp_path / "latest.weights.safetensors").write_bytes(b"half a file")
    assert made().fit(X, Y, epochs=4, callbacks=[backup()]).epoch == [2, 3]


def test_the_best_model_is_in_the_file(tmp_path: Path) -> None:
    model, note = made(40.0), Note()
    file = tmp_path / "kept" / "best.chainrule"
    keep = callbacks.ModelCheckpoint(file, save_best_only=True)
    history = model.fit(
        X, Y, batch_size=5, epochs=12, validation_split=0.25, callbacks=[note, keep]
    )
    best = int(np.argmin(history.history["val_loss"]))
    assert bits(core.load_model(file)) == note.weights[best]


def test_a_broken_loss_ends_training_with_an_error_or_quietly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Any:
        model = core.Sequential([core.Input((3,)), layers.Dense(1)], seed=1)
        model.compile(core.optimizers.SGD(1e30), "mse")
        return model

    note = Note()
    with pytest.raises(DivergedError, match=r"infinit|NaN|overflow"):
        broken().fit(X, Y, batch_size=8, epochs=4, callbacks=[note])
    assert not note.weights
    heard: list[tuple[int, float]] = []
    listen = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: heard.append((batch, logs["loss"]))
    )
    for others in ([], [listen]):
        history = broken().fit(
            X, Y, batch_size=8, epochs=4, callbacks=[callbacks.TerminateOnNaN(), *others]
        )
        assert history.epoch == [0]
        assert not math.isfinite(history.history["loss"][0])
        assert "training ends" in capsys.readouterr().out
    assert not math.isfinite(heard[-1][1])
    ends: list[Any] = []
    strict = [
        callbacks.TerminateOnNaN(raise_error=True),
        callbacks.LambdaCallback(on_train_end=ends.append),
    ]
    with pytest.raises(RuntimeError, match="TerminateOnNaN"):
        broken().fit(X, Y, batch_size=8, epochs=4, callbacks=strict)
    assert not ends
    model = broken()
    model.fit(X, Y, batch_size=8, callbacks=callbacks.TerminateOnNaN())
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    model.fit(X, Y, batch_size=8)


def test_training_is_told_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    made().fit(X, Y, batch_size=8, epochs=2, verbose=2, validation_split=0.25)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Epoch 2/2  3 steps, ")
    assert all(f"  {name}: 0." in lines[0] for name in ("loss", "val_loss"))
    model = made()
    model.evaluate(X, Y, verbose=1)
    model.predict(X, verbose=1)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("1 step, ")
    assert "loss: " in said[0]
    assert said[1].startswith("1 step, ")
    model.fit(X, Y)
    assert capsys.readouterr().out == ""


def test_a_bar_grows_on_a_terminal_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, shown = made(), made()
    plain.fit(X, Y, batch_size=2, epochs=2)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown.fit(X, Y, batch_size=2, epochs=2, verbose=1)
    said = capsys.readouterr().out
    assert "━" in said
    assert "12/12" in said
    assert said.count("\n") == 2
    assert bits(plain) == bits(shown)


def test_the_history_is_the_model_s_and_counts_on() -> None:
    model, kept = made(), callbacks.History()
    first = model.fit(X, Y, epochs=2, callbacks=[kept])
    assert first is kept is model.history
    second = model.fit(X, Y, epochs=5, initial_epoch=2)
    assert second.epoch == [2, 3, 4]
    assert model.history is second
    assert repr(second).startswith("<History of 3 epochs: loss ")


def test_a_reused_callback_begins_anew() -> None:
    stop = callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True)
    for _ in range(2):
        assert len(made(0.0).fit(X, Y, epochs=9, batch_size=24, callbacks=[stop]).epoch) >= 2
        assert stop.best_weights is not None
    lists = [[callbacks.EarlyStopping("loss")], callbacks.CallbackList([Note()])]
    made().fit(X, Y, epochs=2, callbacks=lists)


def test_validation_that_comes_every_second_epoch_is_waited_for() -> None:
    stop = callbacks.EarlyStopping(patience=0, min_delta=100)
    history = made().fit(
        X, Y, epochs=9, validation_data=(X, Y), validation_freq=2, callbacks=[stop]
    )
    assert history.epoch == [0, 1, 2, 3]
    assert len(history.history["val_loss"]) == 2


def test_evaluating_and_predicting_can_be_stopped() -> None:
    model = made()
    seen: list[int] = []

    class Enough(callbacks.Callback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_predicting = batch == 1

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(batch)
            self.model.stop_evaluating = batch == 1

    assert np.array_equal(model.predict(X, 5, callbacks=[Enough()]), model.predict(X[:10]))
    loss = model.evaluate(X, Y, 5, callbacks=[Enough()])[0]
    assert loss == pytest.approx(model.evaluate(X[:10], Y[:10])[0], rel=1e-6)
    assert seen == [0, 1]
    assert np.array_equal(model.predict(X, 150, callbacks=[Note()]), model.predict(X))


def test_which_way_is_better_is_the_metric_s_own() -> None:
    model = core.Sequential([core.Input((3,)), layers.Dense(1, activation="sigmoid")], seed=1)
    metrics = [
        core.metrics.Precision(name="sure"),
        "mse",
        core.metrics.AUC(),
        core.metrics.FalsePositives(),
    ]
    model.compile("sgd", "binary_crossentropy", metrics=metrics)
    ways = {
        "loss": "min",
        "sure": "max",
        "mse": "min",
        "auc": "max",
        "false_positives": "min",
        "mae": "",
    }
    assert {name: model.better_of(name) for name in ways} == ways
    stop = callbacks.EarlyStopping("val_sure", patience=1)
    history = model.fit(X, Y, epochs=30, validation_data=(X, Y), callbacks=[stop]).history[
        "val_sure"
    ]
    assert stop.best == max(history)


def test_outputs_are_watched_by_their_names() -> None:
    start = core.Input((3,))
    outputs = [layers.Dense(1, activation="sigmoid", name=name)(start) for name in ("near", "far")]
    model = core.Model(start, outputs, seed=2)
    model.compile(core.optimizers.SGD(0.0), "binary_crossentropy", metrics=[["accuracy"], ["mse"]])
    ways = {"near_loss": "min", "near_accuracy": "max", "far_mse": "min", "far_accuracy": ""}
    assert {name: model.better_of(name) for name in ways} == ways
    for monitor in ("val_near_accuracy", "far_mse", "val_far_loss"):
        stop = callbacks.EarlyStopping(monitor, patience=2)
        fitted = model.fit(
            X, [Y, Y], epochs=9, batch_size=24, validation_data=(X, [Y, Y]), callbacks=[stop]
        )
        assert fitted.epoch == [0, 1, 2]
