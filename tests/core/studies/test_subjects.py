"""What studies take from a model: frozen layers, several outputs, callbacks, losses with arguments."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core import callbacks, layers, losses, metrics, optimizers, studies
from core.errors import ChainruleError, SettingError
from core.studies.job import digest_of
from tests.core.studies.subjects import model, samples


def two_outputs() -> core.Model:
    """A class and a size of the same points."""
    start = core.Input((2,), name="points")
    inner = layers.Dense(6, activation="tanh")(start)
    made = core.Model(
        start,
        [
            layers.Dense(3, activation="softmax", name="kind")(inner),
            layers.Dense(1, name="size")(inner),
        ],
        seed=2,
    )
    made.compile(
        optimizers.SGD(0.05), {"kind": "sparse_categorical_crossentropy", "size": losses.Huber(0.5)},
        loss_weights={"kind": 1.0, "size": 0.3},
    )  # fmt: skip
    return made


@pytest.mark.parametrize("processes", [0, 1])
def test_several_outputs_are_logged_as_fit_logs_them(processes: int) -> None:
    x, y = samples()
    targets = {"kind": y, "size": x.sum(1)}
    found = studies.try_seeds(
        two_outputs(), x, targets, seeds=[2], epochs=2, validation_split=0.2, processes=processes
    )
    fitted = two_outputs()
    history = fitted.fit(x, targets, epochs=2, validation_split=0.2).history
    assert found.runs[0].history == history
    assert "val_size_loss" in history
    assert found.runs[0].digest == digest_of(fitted.weights_by_name())
    best = studies.search(
        two_outputs(), x, targets, {"learning_rate": [0.01, 0.1]}, trials=2, objective="val_size_loss",
        validation_split=0.2, processes=0,
    )  # fmt: skip
    assert best.best.score == best.best.history["val_size_loss"][-1]


def test_frozen_layers_stay_frozen() -> None:
    x, y = samples()
    made = model()
    made.get_layer("hidden").trainable = False
    made.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    frozen = studies.cross_validate(made, x, y, k=2, epochs=2, processes=1)
    free = studies.cross_validate(model(), x, y, k=2, epochs=2, processes=0)
    assert frozen.folds[0].digest != free.folds[0].digest
    kept = np.setdiff1d(np.arange(len(x)), frozen.folds[0].held)
    made.fit(x[kept], y[kept], epochs=2)
    assert digest_of(made.weights_by_name()) == frozen.folds[0].digest


def test_callbacks_are_documents_and_do_what_they_do_in_fit() -> None:
    x, y = samples()
    stopping = {
        "kind": "EarlyStopping",
        "monitor": "val_loss",
        "patience": 1,
        "restore_best_weights": True,
    }
    given = {"optimizer": optimizers.SGD(1.0)}
    found = studies.try_seeds(
        model(**given), x, y, seeds=[3], epochs=30, validation_split=0.3, callbacks=[stopping], processes=1
    )  # fmt: skip
    fitted = model(**given)
    history = fitted.fit(
        x, y, epochs=30, validation_split=0.3,
        callbacks=[callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)],
    )  # fmt: skip
    assert 1 < len(history.history["loss"]) < 30
    assert found.runs[0].history == history.history
    assert found.runs[0].digest == digest_of(fitted.weights_by_name())


def test_a_trial_that_was_stopped_stays_stopped_in_the_next_round() -> None:
    x, y = samples()
    stopping = [{"kind": "EarlyStopping", "monitor": "val_loss", "patience": 1}]
    given = {
        "space": {"learning_rate": [0.5, 1.0, 2.0]}, "trials": 4, "epochs": 40, "callbacks": stopping,
        "validation_split": 0.3, "processes": 0,
    }  # fmt: skip
    whole = studies.search(model(), x, y, **given)
    pruned = studies.search(model(), x, y, prune=2, **given)
    number = pruned.best.number
    assert pruned.best.digest == whole.trials[number].digest
    assert pruned.best.history == whole.trials[number].history


def test_objects_cannot_go_to_another_process() -> None:
    x, y = samples()
    with pytest.raises(SettingError, match="written down"):
        studies.try_seeds(model(), x, y, callbacks=[callbacks.EarlyStopping()])
    with pytest.raises(SettingError, match="Did you mean 'EarlyStopping'"):
        studies.cross_validate(model(), x, y, callbacks=[{"kind": "EarlyStoping"}])


def test_what_was_never_compiled_is_refused() -> None:
    x, y = samples()
    made = core.Sequential([core.Input((2,)), layers.Dense(3)])
    with pytest.raises(ChainruleError, match="compile"):
        studies.try_seeds(made, x, y)


def test_validation_data_of_another_shape_is_refused() -> None:
    x, y = samples()
    with pytest.raises(ChainruleError, match="validation_data"):
        studies.try_seeds(model(), x, y, validation_data=(x[:, :1], y))
    with pytest.raises(ChainruleError, match="validation_data"):
        studies.try_seeds(model(), x, y, validation_data=x)


def test_recurrent_layers_read_in_windows_as_in_fit() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(24, 6, 2)).astype(np.float32), rng.normal(size=(24, 1))

    def sequence() -> core.Model:
        made = core.Sequential([core.Input((6, 2)), layers.LSTM(3), layers.Dense(1)], seed=1)
        made.compile("sgd", "mse")
        return made

    found = studies.try_seeds(
        sequence(), x, y, seeds=[1], epochs=2, truncated_bptt_steps=2, processes=0
    )
    whole = studies.try_seeds(sequence(), x, y, seeds=[1], epochs=2, processes=0)
    fitted = sequence()
    fitted.fit(x, y, epochs=2, truncated_bptt_steps=2)
    assert found.runs[0].digest == digest_of(fitted.weights_by_name()) != whole.runs[0].digest


@pytest.mark.parametrize("processes", [0, 1])
def test_metrics_are_those_of_fit(processes: int) -> None:
    x, y = samples()
    y = (y == 1).astype(int)
    weights = np.linspace(0.1, 2.0, len(x))

    def binary() -> core.Model:
        made = core.Sequential(
            [core.Input((2,)), layers.Dense(4, activation="tanh", name="inner"),
             layers.Dense(1, activation="sigmoid")], seed=1,
        )  # fmt: skip
        made.compile(
            "adam", "binary_crossentropy",
            metrics=["accuracy", metrics.Precision(thresholds=0.4), metrics.AUC(name="area"), "mse"],
            weighted_metrics=["binary_accuracy"],
        )  # fmt: skip
        return made

    given = {"sample_weight": weights, "validation_split": 0.2, "epochs": 2}
    space = {"inner.units": [2, 4]}
    found = studies.search(
        binary(),
        x,
        y,
        space,
        trials=3,
        objective="val_area",
        processes=processes,
        **given,
    )
    fitted = found.model()
    history = fitted.fit(x, y, **given).history
    assert found.best.history == history
    assert found.best.score == max(trial.score for trial in found.trials)
    assert {"precision", "val_area", "val_mse", "binary_accuracy"} <= history.keys()
