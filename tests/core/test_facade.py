"""What the facade takes and gives as Keras does: attributes, names and order of what is measured, hooks, defaults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import core
from core import layers as L
from core.callbacks import Callback, EarlyStopping
from core.errors import ChainruleError, SettingError

RNG = np.random.default_rng(0)
X = RNG.random((10, 4), dtype=np.float32)
Y = (X.sum(axis=1, keepdims=True) > 2).astype(np.float32)
KINDS = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, 10)]


def chain(metrics: Any = None, optimizer: Any = "sgd") -> core.Sequential:
    model = core.Sequential([L.Input((4,)), L.Dense(3, "relu"), L.Dense(1, "sigmoid")])
    model.compile(optimizer, "mse", metrics=metrics)
    return model


def two_outputs(metrics: Any) -> core.Model:
    start = L.Input((4,))
    u = L.Dense(1, "sigmoid", name="u")(start)
    v = L.Dense(3, "softmax", name="v")(start)
    model = core.Model(start, [u, v])
    model.compile("sgd", ["binary_crossentropy", "categorical_crossentropy"], metrics=metrics)
    return model


# ---- attributes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("trainable", "no", "trainable must be yes or no"),
        ("units", 7, r"given when the layer is made, Dense\(units=...\)"),
        ("unit", 7, "Did you mean 'units'"),
        ("kernel", np.ones((4, 3)), "set_weights"),
    ],
)
def test_what_a_layer_would_not_keep_is_refused(name: str, value: Any, sentence: str) -> None:
    layer = chain().layers[0]
    with pytest.raises(SettingError, match=sentence):
        setattr(layer, name, value)
    assert name not in vars(layer)


@pytest.mark.parametrize("made", [chain, lambda: two_outputs(None)])
def test_a_model_cannot_be_given_an_optimizer_by_the_way(made: Any) -> None:
    model = made()
    with pytest.raises(SettingError, match="trainable must be yes or no"):
        model.trainable = None
    with pytest.raises(SettingError, match="compile"):
        model.optimizer = "adam"
    model.trainable = True
    assert model.trainable


def test_a_readers_own_kind_of_model_keeps_what_it_likes() -> None:
    class Mine(core.Sequential):
        pass

    model = Mine([L.Input((4,)), L.Dense(1)])
    model.note = "mine"
    assert model.note == "mine"
    model.trainable = False
    assert not model.trainable_weights


def test_settings_and_weights_are_read_as_attributes() -> None:
    dense, dropout = L.Dense(3, "relu"), L.Dropout(0.25)
    assert (dense.units, dense.activation, dropout.rate) == (3, "relu", 0.25)
    assert not hasattr(dense, "kernel")
    plain = L.Dense(1, use_bias=False)
    model = core.Sequential([L.Input((4,)), dense, dropout, plain])
    assert np.array_equal(dense.kernel.numpy(), model.get_weights()[0])
    assert dense.bias.shape == (3,)
    assert plain.bias is None
    dense.bias.assign(np.ones(3))
    assert np.array_equal(model.get_weights()[1], np.ones(3))
    with pytest.raises(AttributeError, match="Did you mean 'units'"):
        _ = dense.unit
    both = L.Bidirectional(L.LSTM(3))
    core.Sequential([L.Input((5, 2)), both])
    with pytest.raises(AttributeError) as found:
        _ = both.kernel
    assert "forward/kernel" not in str(found.value)


# ---- what is measured ----------------------------------------------------------------------------------------------


def test_metrics_of_several_outputs_follow_all_losses() -> None:
    model = two_outputs([["acc"], "acc"])
    named = model.evaluate(X, [Y, KINDS], return_dict=True)
    assert list(named) == ["loss", "u_loss", "v_loss", "u_acc", "v_acc"]
    assert model.evaluate(X, [Y, KINDS]) == list(named.values())
    right = np.argmax(model.predict(X)[1], axis=1) == np.argmax(KINDS, axis=1)
    assert named["v_acc"] == pytest.approx(right.mean())


@pytest.mark.parametrize("name", ["acc", "accuracy", "binary_accuracy"])
def test_a_metric_is_called_what_it_was_called(name: str) -> None:
    history = chain([name]).fit(X, Y, validation_data=(X, Y)).history
    assert set(history) == {"loss", name, "val_loss", f"val_{name}"}


def test_two_accuracies_of_one_output_are_measured_each_for_itself() -> None:
    model = two_outputs({"v": ["categorical_accuracy", "binary_accuracy"]})
    named = model.evaluate(X, [Y, KINDS], return_dict=True)
    p = model.predict(X)[1]
    assert named["v_binary_accuracy"] == pytest.approx(((p > 0.5) == KINDS).mean())
    assert named["v_categorical_accuracy"] == pytest.approx(
        (p.argmax(axis=1) == KINDS.argmax(axis=1)).mean()
    )


@pytest.mark.parametrize("built", [True, False])
def test_without_an_optimizer_it_is_rmsprop(built: bool) -> None:
    model = core.Sequential([*([L.Input((4,))] if built else []), L.Dense(1)])
    model.compile(loss="mse")
    model.fit(X, Y)
    assert type(model.optimizer).__name__ == "RMSprop"
    assert model.optimizer.learning_rate == pytest.approx(0.001)


# ---- callbacks -----------------------------------------------------------------------------------------------------


class Listening(Callback):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.last: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.heard.append(("train begins", logs))

    def on_train_end(self, logs: Any = None) -> None:
        self.heard.append("train ends")
        self.last = logs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.heard.append(("epoch begins", epoch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.heard.append(("epoch ends", epoch, logs["loss"]))

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("batch begins", batch))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.heard.append(("batch ends", batch, logs["loss"]))


def test_every_hook_is_called_in_keras_order() -> None:
    listening, model = Listening(), chain()
    history = model.fit(X, Y, batch_size=5, epochs=2, callbacks=[listening]).history["loss"]
    names = [one[0] if isinstance(one, tuple) else one for one in listening.heard]
    batch = ["batch begins", "batch ends"]
    epoch = ["epoch begins", *batch, *batch, "epoch ends"]
    assert names == ["train begins", *epoch, *epoch, "train ends"]
    assert listening.heard[0] == ("train begins", {})
    assert [one[2] for one in listening.heard if one[0] == "epoch ends"] == history
    # After the last batch the mean so far is that of the epoch.
    assert [one[2] for one in listening.heard if one[:2] == ("batch ends", 1)] == history
    assert listening.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert listening.last == {"loss": history[-1]}


def test_listening_to_batches_changes_nothing() -> None:
    plain, heard = chain(optimizer="adam"), chain(optimizer="adam")
    plain.fit(X, Y, batch_size=4, epochs=3)
    heard.fit(X, Y, batch_size=4, epochs=3, callbacks=[Listening()])
    for a, b in zip(plain.get_weights(), heard.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_training_can_be_stopped_within_an_epoch() -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_training = batch == 1

    model = chain()
    assert len(model.fit(X, Y, batch_size=2, epochs=3, callbacks=[Stop()]).epoch) == 1
    assert model.memory().step == 2
    # The next training begins with a whole epoch.
    model.fit(X, Y, batch_size=2)
    assert model.memory().step == 7


def test_a_hook_that_is_never_called_is_refused() -> None:
    class Waiting(Callback):
        def on_validation_begin(self, logs: Any = None) -> None:
            """Nobody calls it."""

    with pytest.raises(ChainruleError, match="on_validation_begin would never be called"):
        chain().fit(X, Y, callbacks=[Waiting()])


@pytest.mark.parametrize(
    ("arguments", "epochs"),
    [
        ({"patience": 2}, 3),
        ({"patience": 2, "baseline": -1.0}, 2),
        ({"patience": 2, "baseline": 5.0}, 3),
        ({"start_from_epoch": 3}, 5),
    ],
)
def test_early_stopping_waits_as_keras_does(arguments: dict[str, Any], epochs: int) -> None:
    # Nothing is learned: the loss stays the same, as Keras 3.15 was given it to find these numbers.
    model = chain(optimizer=core.optimizers.SGD(0.0))
    stop = EarlyStopping("loss", min_delta=1e-4, **arguments)
    history = model.fit(X, Y, batch_size=10, epochs=8, callbacks=[stop])
    assert len(history.epoch) == epochs


def test_early_stopping_says_when_it_is_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    stop = EarlyStopping("loss", 1e-4, 1, 1, "min", None, True)
    chain(optimizer=core.optimizers.SGD(0.0)).fit(X, Y, epochs=8, callbacks=[stop])
    said = capsys.readouterr().out
    assert "Epoch 2: early stopping" in said
    assert "best epoch: 1" in said


# ---- sentences ----------------------------------------------------------------------------------------------------


def _states() -> Any:
    return L.LSTM(3, return_state=True)(L.Input((5, 2)))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: L.LSTM(3)(L.Input((5, 2)), initial_state=_states()), r"initial_state=\[h, c\]"),
        (lambda: L.Dense(3)(_states()), r"unpack them, y, a, b = LSTM\(...\)\(...\)"),
        (lambda: L.Add()(L.Input((3,)), L.Input((3,))), r"as a list: Add\(...\)\(\[a, b\]\)"),
        (lambda: L.LSTM(3)(L.Input((5, 2)), [1, 2]), r"LSTM\(...\)\(x, initial_state=\[...\]\)"),
        (lambda: L.Dense(3)(L.Input((3,)), L.Input((3,))), "one tensor"),
        (lambda: core.gradient_check("model", X, Y), "takes a compiled model of core"),
        (lambda: chain().save("m.keras"), "'m.chainrule'"),
        (lambda: chain().save("m.h5"), "'m.chainrule'"),
    ],
)  # fmt: skip
def test_what_was_meant_is_said(wrong: Any, sentence: str) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        wrong()


def test_the_gradients_of_a_model_of_keras_are_not_looked_into() -> None:
    theirs = type("Sequential", (), {"__module__": "keras.src.models.sequential"})()
    with pytest.raises(ChainruleError, match="this one is of keras"):
        core.gradient_check(theirs, X, Y)


def test_states_given_one_by_one_are_taken() -> None:
    _, h, c = _states()
    assert L.LSTM(3)(L.Input((5, 2)), initial_state=[h, c]).shape == (3,)


def test_a_first_fit_that_fails_leaves_the_model_unbuilt() -> None:
    model = core.Sequential([L.Dense(3, "relu"), L.Dense(1)])
    model.compile(loss="mse")
    names = [layer.name for layer in model.layers]
    for wrong in (
        lambda: model.fit(X[:, :2], Y[:3]),
        lambda: model.fit(X[:, :2], Y, validation_data=(X, Y)),
        lambda: model.predict(np.full((2, 3), np.nan)),
    ):
        with pytest.raises(ChainruleError):
            wrong()
        assert not model.built
        assert model.get_weights() == []
    model.fit(X, Y)
    assert model.input_shape == (None, 4)
    assert [layer.name for layer in model.layers] == names


def test_advice_points_at_the_readers_line() -> None:
    one = core.Sequential([L.Input((4,)), L.Dense(1, "softmax")])
    late = core.Sequential([L.Dense(1, "softmax")])
    late.compile(loss="mse")
    for call in (lambda: one.compile(loss="mse"), lambda: late.fit(X, Y)):
        with pytest.warns(core.errors.AdviceWarning) as found:
            call()
        assert {warning.filename for warning in found} == {__file__}
