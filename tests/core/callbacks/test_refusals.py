"""What callbacks cannot do is said in a sentence, before an epoch is spent on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import callbacks as C
from core import layers
from core.errors import ChainruleError

X = np.zeros((8, 3), np.float32)
Y = np.zeros((8, 1), np.float32)


def fit(callback: Any, **arguments: Any) -> Any:
    model = core.Sequential([core.Input((3,)), layers.Dense(1)])
    model.compile(arguments.pop("optimizer", "sgd"), "mse", metrics=["accuracy"])
    try:
        return model.fit(X, Y, epochs=3, callbacks=callback, **arguments)
    finally:
        assert model.memory() is None or model.memory().step == 0


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: C.EarlyStopping(), "'val_loss', which is not measured; there are loss, accuracy. Nothing is held out"),
        (lambda: C.EarlyStopping("acuracy"), "there are loss, accuracy. Did you mean 'accuracy'?"),
        (lambda: C.ReduceLROnPlateau("val_lss"), "ReduceLROnPlateau watches 'val_lss'"),
        (lambda: C.ModelCheckpoint("best.chainrule", save_best_only=True), "ModelCheckpoint watches 'val_loss'"),
        (lambda: C.ModelCheckpoint("{los:.2f}.chainrule"), r"cannot fill in \{los\}.*Did you mean 'loss'"),
        (lambda: C.ModelCheckpoint("{loss:q}.chainrule"), "cannot read the name"),
        (lambda: C.ModelCheckpoint("{loss.chainrule"), "cannot read the name"),
        (lambda: C.ModelCheckpoint("b{batch}.chainrule"), r"cannot fill in \{batch\}"),
        (lambda: [C.ModelCheckpoint("m.weights.safetensors", save_weights_only=True, save_best_only=True, save_freq=2)],
         "there are loss, accuracy"),
        (lambda: C.CSVLogger("log.csv", ", "), "separator must be one character"),
        (lambda: C.CSVLogger(5), "takes the path of a file"),
        (lambda: C.LambdaCallback(on_epoch_ends=print), "Did you mean 'on_epoch_end'"),
        (lambda: C.LambdaCallback(on_epoch_end=5), "must be a function"),
        (lambda: C.LearningRateScheduler(0.1), "takes a function"),
        (lambda: C.LearningRateScheduler(lambda epoch: 1), "for epoch 0 it gives 1"),
        (lambda: C.LearningRateScheduler(lambda epoch: -0.1), "for epoch 0 it gives -0.1"),
        (lambda: C.EarlyStopping(mode="down"), 'mode must be "auto", "min" or "max"'),
        (lambda: C.EarlyStopping(patience=-1), "patience must be a whole number of at least 0"),
        (lambda: C.EarlyStopping(patience=1.5), "patience must be a whole number"),
        (lambda: C.EarlyStopping(baseline="x"), "baseline must be a number"),
        (lambda: C.ReduceLROnPlateau(factor=1.0), "factor must be at least 0 and less than 1"),
        (lambda: C.ReduceLROnPlateau(min_rate=0), "has no argument 'min_rate'. Did you mean 'min_lr'"),
        (lambda: C.EarlyStopping(patince=3), "^EarlyStopping has no argument 'patince'. Did you mean 'patience'"),
        (lambda: C.ModelCheckpoint("a.chainrule", monitr="loss"), "^ModelCheckpoint has no arg.* mean 'monitor'"),
        (lambda: C.CSVLogger(), r"^CSVLogger needs filename: CSVLogger\(filename, separator=',', append=False"),
        (lambda: C.TerminateOnNaN(True, 3), "^TerminateOnNaN takes 1 argument; 2 are given"),
        (lambda: C.EarlyStopping("loss", monitor="loss"), "^EarlyStopping is given monitor twice"),
        (lambda: C.EarlyStopping(verbose="x"), "^EarlyStopping: verbose must be 0, 1, 2"),
        (lambda: C.LearningRateScheduler(abs, verbose=-1), "verbose must be 0, 1, 2"),
        (lambda: C.ModelCheckpoint("best.keras"), "Call it 'best.chainrule'"),
        (lambda: C.ModelCheckpoint("w.weights.h5", save_weights_only=True), "Call it 'w.weights.safetensors'"),
        (lambda: C.ModelCheckpoint("m.chainrule", save_freq=0), "save_freq must be"),
        (lambda: C.BackupAndRestore(""), "a folder of its own"),
        (lambda: C.EarlyStopping, r"Make an object of it: add \(\)"),
        (lambda: [5], "objects of core.callbacks"),
    ],
)  # fmt: skip
def test_a_wrong_callback_is_refused(
    make: Any, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChainruleError, match=sentence):
        fit(make())


@pytest.mark.parametrize(
    "make",
    [
        lambda p: C.ModelCheckpoint(p / "m.chainrule"),
        lambda p: C.ModelCheckpoint(p / "{epoch}" / "m.chainrule"),
        lambda p: C.CSVLogger(p / "log.csv"),
        lambda p: C.BackupAndRestore(p),
    ],
)
def test_a_place_that_cannot_be_written_is_told_at_once(make: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChainruleError, match="not a folder"):
        fit(make(tmp_path / "file"))


def test_a_folder_of_the_file_s_name_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "m.chainrule").mkdir()
    with pytest.raises(ChainruleError, match="that is a folder"):
        fit(C.ModelCheckpoint(tmp_path / "m.chainrule"))


@pytest.mark.parametrize(
    "callback", [C.ReduceLROnPlateau("loss"), C.LearningRateScheduler(lambda e: 0.1)]
)
def test_a_rate_that_follows_a_schedule_is_left_alone(callback: Any) -> None:
    rate = core.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(ChainruleError, match="follows ExponentialDecay for the whole training"):
        fit(callback, optimizer=core.optimizers.SGD(rate))


def test_a_metric_of_the_reader_s_own_callback_is_waited_for() -> None:
    class Own(C.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["size"] = 5.0 - epoch

    model = core.Sequential([core.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = C.EarlyStopping("size", mode="max")
    assert model.fit(X, Y, epochs=5, callbacks=[Own(), stop]).history["size"] == [5.0, 4.0]
    with pytest.raises(
        ChainruleError, match="'length', which is not measured; there are loss, size"
    ):
        model.fit(X, Y, epochs=5, callbacks=[Own(), C.EarlyStopping("length", mode="min")])
    # Of what is no metric of the model it has to be told which is better, as in Keras.
    with pytest.raises(ChainruleError, match="more or less of 'size' is better: give mode"):
        model.fit(X, Y, epochs=5, callbacks=[Own(), C.EarlyStopping("size")])
    # What a callback of ours adds is known beforehand.
    model.fit(
        X, Y, callbacks=[C.ReduceLROnPlateau("loss"), C.EarlyStopping("learning_rate", mode="min")]
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"validation_data": (X[:, :2], Y)}, r"^validation_data: x must have shape \(samples, 3\).*it has \(8, 2\)"),
        ({"validation_data": (X, Y[:4])}, "^validation_data: Every sample needs"),
        ({"validation_data": (X, np.zeros((8, 4)))}, "^validation_data: "),
        ({"validation_data": X}, "must be a pair"),
        ({"validation_freq": 0}, "validation_freq must be"),
        ({"validation_batch_size": 0}, "Validation batch size must be at least 1"),
        ({"validation_steps": 0, "validation_data": (X, Y)}, "Validation steps must be at least 1"),
        ({"initial_epoch": -1}, "Initial epoch must be at least 0"),
        ({"steps_per_epoch": 2}, "an epoch is one pass over the data"),
        ({"workers": 4}, "fit has no argument 'workers'"),
    ],
)  # fmt: skip
def test_wrong_arguments_of_fit_are_answered(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        fit(None, **arguments)


@pytest.mark.parametrize(
    "name", ["TensorBoard", "RemoteMonitor", "SwapEMAWeights", "OrbaxCheckpoint"]
)
def test_callbacks_that_only_keras_has_are_answered(name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no '{name}': "):
        getattr(C, name)
