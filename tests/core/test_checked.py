"""Single values that cannot be are refused in a sentence wherever they are given, never taken for something else."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core import callbacks, checked, layers, studies
from core.errors import ChainruleError, SettingError

NAN, INF, HUGE = float("nan"), float("inf"), 10**400
PAIR = np.array([1, 2])

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
Y = (X[:, :1] > 0).astype(np.float32)


def network() -> core.Model:
    model = core.Sequential(
        [core.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1, activation="sigmoid")], seed=0
    )  # fmt: skip
    model.compile("sgd", "binary_crossentropy")
    return model


@pytest.fixture
def model() -> core.Model:
    made = network()
    made.fit(X, Y, epochs=2)
    return made


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float32(3), np.array(3)])
def test_whole_numbers(value: Any) -> None:
    assert checked.whole(value, 3) == 3
    assert checked.whole(value, 4) is None
    assert checked.finite(value) == 3.0


@pytest.mark.parametrize(
    "value", [None, "3", b"3", [], {}, (3,), True, np.True_, NAN, INF, HUGE, PAIR, 3j, object()]
)
def test_what_is_no_number(value: Any) -> None:
    assert checked.finite(value) is None
    assert checked.whole(value) is None
    with pytest.raises(SettingError):
        checked.yes_or_no("shuffle", value) if not isinstance(value, (bool, np.bool_)) else (
            checked.yes_or_no("shuffle", "no")
        )


@pytest.mark.parametrize("value", [NAN, INF, PAIR, "x", None, -1, 1.5])
@pytest.mark.parametrize(
    "make",
    [
        lambda v: callbacks.EarlyStopping(patience=v),
        lambda v: callbacks.EarlyStopping(start_from_epoch=v),
        lambda v: callbacks.ReduceLROnPlateau(patience=v),
        lambda v: callbacks.ReduceLROnPlateau(cooldown=v),
        lambda v: callbacks.ModelCheckpoint("a.chainrule", save_freq=v),
        lambda v: callbacks.BackupAndRestore("a", save_freq=v),
    ],
)
def test_whole_numbers_of_callbacks(make: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(SettingError):
        make(value)


@pytest.mark.parametrize("value", [NAN, INF, PAIR, "x", HUGE])
@pytest.mark.parametrize(
    "make",
    [
        lambda v: callbacks.EarlyStopping(min_delta=v),
        lambda v: callbacks.EarlyStopping(baseline=v),
        lambda v: callbacks.EarlyStopping(mode=v),
        lambda v: callbacks.ReduceLROnPlateau(factor=v),
        lambda v: callbacks.ReduceLROnPlateau(min_lr=v),
        lambda v: callbacks.ModelCheckpoint("a.chainrule", initial_value_threshold=v),
        lambda v: studies.Sweep(start_rate=v).check(),
        lambda v: studies.Sweep(end_rate=v).check(),
        lambda v: studies.Sweep(smoothing=v).check(),
        lambda v: studies.Sweep(stop_factor=v).check(),
    ],
)
def test_numbers(make: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(SettingError):
        make(value)


@pytest.mark.parametrize("value", ["no", None, [], PAIR, 2, 0.0])
@pytest.mark.parametrize(
    "make",
    [
        lambda v: callbacks.EarlyStopping(restore_best_weights=v),
        lambda v: callbacks.ModelCheckpoint("a.chainrule", save_best_only=v),
        lambda v: callbacks.ModelCheckpoint("a.chainrule", save_weights_only=v),
        lambda v: callbacks.CSVLogger("a.csv", append=v),
        lambda v: callbacks.BackupAndRestore("a", double_checkpoint=v),
        lambda v: callbacks.BackupAndRestore("a", delete_checkpoint=v),
        lambda v: callbacks.TerminateOnNaN(v),
        lambda v: studies.partition(10, 2, shuffle=v),
        lambda v: studies.cross_validate(network(), X, Y, k=2, processes=0, stratified=v),
        lambda v: studies.cross_validate(network(), X, Y, k=2, processes=0, keep_weights=v),
    ],
)
def test_yes_or_no(make: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(SettingError, match="must be True or False"):
        make(value)


def test_a_model_says_itself_how_it_is_trained() -> None:
    with pytest.raises(SettingError, match="leave training= out"):
        studies.try_seeds(network(), X, Y, seeds=2, processes=0, training="x")


@pytest.mark.parametrize("value", [None, "x", [], {}, b"a", (1,), PAIR, True, NAN, -1, HUGE, 1e39])
def test_learning_rates_of_a_run(model: core.Model, value: Any) -> None:
    before = model.run.learning_rate
    with pytest.raises(ChainruleError, match="must be a number that is not negative"):
        model.run.set("learning_rate", value)
    assert model.run.learning_rate == before


@pytest.mark.parametrize(
    "cell", [None, 0, 1.5, "x", (0.7, 0), ("0", 0), (True, 0), (NAN, 0), (0,), (9, 9), {}, HUGE]
)
def test_cells_of_a_run(model: core.Model, cell: Any) -> None:
    before = model.get_weights()
    with pytest.raises(ChainruleError, match="dense/kernel"):
        model.run.set_weight("dense/kernel", cell, 1.0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    for name in ([], None, PAIR):
        with pytest.raises(ChainruleError):
            model.run.set_weight(name, (0, 0), 1.0)
        with pytest.raises(ChainruleError):
            model.run.set(name, 1.0)
    model.run.set_weight("dense/kernel", np.array([1, 2]), 0.5)
    assert model.get_weights()[0][1, 2] == 0.5


@pytest.mark.parametrize("value", [-1, 1.5, "x", (1,), PAIR, HUGE])
def test_changes_of_a_branch(model: core.Model, value: Any) -> None:
    with pytest.raises(ChainruleError, match="is a dictionary"):
        model.run.branch(1, value)
    with pytest.raises(ChainruleError, match="is not a way to step"):
        model.run.step(value)


@pytest.mark.parametrize("value", [-1, 0, 1.5, 7, "x", None, True, PAIR])
def test_threads_of_a_program(model: core.Model, value: Any) -> None:
    with pytest.raises(SettingError, match="1 or 2 threads"):
        model.run.program.threads = value
    assert model.run.program.threads in (1, 2)
    model.fit(X, Y)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_names_of_files(model: core.Model, tmp_path: Path, name: str) -> None:
    start = str(tmp_path / name)

    def fit(watching: callbacks.Callback) -> None:
        model.fit(X, Y, callbacks=[watching])

    for attempt in (
        lambda: fit(callbacks.ModelCheckpoint(start + ".chainrule")),
        lambda: fit(callbacks.CSVLogger(start + ".csv")),
        lambda: fit(callbacks.BackupAndRestore(start)),
        lambda: model.save(start + ".chainrule"),
        lambda: model.save_weights(start + ".weights.safetensors"),
        lambda: model.load_weights(start + ".weights.safetensors"),
        lambda: core.load_model(start + ".chainrule"),
    ):
        with pytest.raises(ChainruleError, match=r"too long|character 0"):
            attempt()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", ["{epoch.__class__}", "{epoch[0]}", "{epoch:{batch.real}}"])
def test_fields_are_names(field: str) -> None:
    with pytest.raises(SettingError, match="cannot fill in"):
        callbacks.ModelCheckpoint(field + ".chainrule")


class Waiting(callbacks.Callback):
    """Lets the other thread try while this one trains."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.reached.set()
        assert self.go_on.wait(60)


def test_one_thread_trains_at_a_time() -> None:
    model, waiting = network(), Waiting()
    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.append(model.fit(X, Y, epochs=1, callbacks=[waiting]))
    )
    thread.start()
    try:
        assert waiting.reached.wait(60)
        with pytest.raises(ChainruleError, match="being trained by another thread"):
            model.fit(X, Y)
        with pytest.raises(ChainruleError, match="being trained by another thread"):
            model.train_on_batch(X, Y)
        copy.deepcopy(network()).fit(X, Y)
    finally:
        waiting.go_on.set()
        thread.join(60)
    assert len(found) == 1
    model.fit(X, Y)


def test_a_callback_may_measure_and_train_a_batch() -> None:
    model = network()
    seen: list[float] = []

    def look(epoch: int, logs: Any = None) -> None:
        model.predict(X)
        seen.append(model.evaluate(X, Y))

    model.fit(X, Y, epochs=2, callbacks=[callbacks.LambdaCallback(on_epoch_end=look)])
    assert len(seen) == 2


def test_the_turn_is_left_after_an_error() -> None:
    model = network()
    with pytest.raises(ChainruleError):
        model.fit(X, Y, epochs=0)
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(model.fit(X, Y)))
    thread.start()
    thread.join(60)
    assert len(outcome) == 1
