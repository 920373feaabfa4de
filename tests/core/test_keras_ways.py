"""Ways to say things that Keras 3 allows: code written for it means the same here."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import AdviceWarning, ChainruleError, SettingError

RNG = np.random.default_rng(5)
A, B, P = (RNG.normal(size=(6, n)).astype(np.float32) for n in (3, 2, 2))
Q = RNG.normal(size=(6, 1)).astype(np.float32)
W = np.arange(6, dtype=np.float32)
Z = (Q > 0).astype(np.float32)


# ---- losses as functions --------------------------------------------------------------------------------------------

FUNCTIONS = {
    "binary_crossentropy": {"label_smoothing": 0.2},
    "categorical_crossentropy": {"from_logits": True},
    "categorical_hinge": {},
    "cosine_similarity": {},
    "hinge": {},
    "huber": {"delta": 0.3},
    "kl_divergence": {},
    "log_cosh": {},
    "mean_absolute_error": {},
    "mean_absolute_percentage_error": {},
    "mean_squared_error": {},
    "mean_squared_logarithmic_error": {},
    "poisson": {},
    "sparse_categorical_crossentropy": {"ignore_class": 1},
    "squared_hinge": {},
}
T = np.array([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [1, 0, 0]]], np.float32)
G = np.array([[[0.2, 0.5, 0.3], [0.1, 0.8, 0.1]], [[0.3, 0.3, 0.4], [0.9, 0.05, 0.05]]], np.float32)
#: What Keras 3.15 gives for T and G, a number a time step.
STORED: dict[str, list[float]] = {
    "binary_crossentropy": [0.8684535, 0.3373129, 0.5861846, 0.3388524],
    "categorical_crossentropy": [1.239831, 0.6897267, 1.033069, 0.6177929],
    "categorical_hinge": [1.3, 0.3, 0.9, 0.15],
    "cosine_similarity": [-0.3244429, -0.9847319, -0.6859943, -0.9969278],
    "hinge": [1.2, 0.8, 1.066667, 0.7333333],
    "huber": [0.115, 0.01, 0.075, 0.002500001],
    "kl_divergence": [1.609435, 0.2231408, 0.9162878, 0.1053579],
    "log_cosh": [0.1517363, 0.009950499, 0.08627224, 0.002496878],
    "mean_absolute_error": [0.5333333, 0.1333333, 0.4, 0.06666667],
    "mean_absolute_percentage_error": [266666700.0, 66666680.0, 200000000.0, 33333340.0],
    "mean_squared_error": [0.3266667, 0.02, 0.18, 0.005000002],
    "mean_squared_logarithmic_error": [0.1647265, 0.009756287, 0.08829562, 0.002463978],
    "poisson": [0.8698124, 0.4077145, 0.6387635, 0.3684534],
    "sparse_categorical_crossentropy": [1.609438, 0.0, 0.9162907, 0.1053605],
    "squared_hinge": [1.526667, 0.82, 1.246667, 0.7383332],
}


def targets(name: str) -> np.ndarray:
    """T, or its labels."""
    return T.argmax(-1) if name.startswith("sparse") else T


def test_every_loss_has_its_function() -> None:
    assert set(losses.names()) == {*FUNCTIONS, "half_squared_error"}
    assert losses.half_squared_error([[1.0, 3.0]], [[0.0, 1.0]]) == pytest.approx([2.5])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_loss_as_a_function_gives_a_number_a_sample(name: str) -> None:
    found = getattr(losses, name)(targets(name), G, **FUNCTIONS[name])
    assert found.shape == (2, 2)
    assert found.ravel() == pytest.approx(STORED[name], rel=1e-5, abs=1e-7)


@pytest.mark.conformance
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_loss_as_a_function_is_keras_s(name: str) -> None:
    keras: Any = pytest.importorskip("keras")
    ours, theirs = getattr(losses, name), getattr(keras.losses, name)
    expected = np.asarray(theirs(targets(name), G, **FUNCTIONS[name]))
    assert ours(targets(name), G, **FUNCTIONS[name]) == pytest.approx(expected, rel=1e-5, abs=1e-7)
    assert expected.ravel() == pytest.approx(STORED[name], rel=1e-5, abs=1e-7)
    have, wanted = (inspect.signature(one).parameters.values() for one in (ours, theirs))
    assert [(p.name, p.default) for p in have] == [(p.name, p.default) for p in wanted]


def test_a_function_of_losses_names_the_loss_of_a_model() -> None:
    assert losses.get(losses.mean_absolute_error).name == "mean_absolute_error"
    with pytest.raises(SettingError, match="not as"):
        losses.get(len)
    with pytest.raises(SettingError, match="delto"):
        losses.huber([[1.0]], [[0.0]], delto=2.0)
    with pytest.raises(SettingError, match="4 arguments"):
        losses.mean_squared_error([[1.0]], [[0.0]], 1.0, 2.0)


# ---- the shape of a sample at the first layer -----------------------------------------------------------------------


@pytest.mark.parametrize("said", [{"input_shape": (5,)}, {"input_shape": [5]}, {"input_dim": 5}])
def test_the_first_layer_may_say_the_shape_of_a_sample(said: dict[str, Any]) -> None:
    model = core.Sequential([layers.Dense(3, **said), layers.Dense(2)])
    plain = core.Sequential([core.Input((5,)), layers.Dense(3), layers.Dense(2)])
    assert model.network == plain.network
    for one, other in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(one, other)
    added = core.Sequential()
    added.add(layers.Dense(3, **said))
    added.add(layers.Dense(2, input_shape=(99,)))
    assert added.network == plain.network


def test_input_dim_of_an_embedding_is_its_vocabulary() -> None:
    model = core.Sequential([layers.Embedding(7, 2, input_shape=(4,)), layers.Flatten()])
    assert model.layers[0]["input_dim"] == 7
    assert model.output_shape == (None, 8)


def test_input_length_of_an_embedding_does_nothing() -> None:
    with pytest.warns(AdviceWarning, match="leave it out"):
        layer = layers.Embedding(7, 2, input_length=4)
    assert layer.config == layers.Embedding(7, 2).config


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ({"input_shape": 5}, r"\(28, 28, 1\)"),
        ({"input_shape": (0,)}, "whole numbers"),
        ({"input_shape": (None, 3)}, "whole numbers"),
        ({"input_dim": (5,)}, "a whole number"),
        ({"input_dim": 5, "input_shape": (5,)}, "one of them"),
    ],
)
def test_a_shape_that_is_none_is_refused(said: dict[str, Any], part: str) -> None:
    with pytest.raises(SettingError, match=part):
        layers.Dense(2, **said)


# ---- dictionaries by name -------------------------------------------------------------------------------------------


def two(kit: Any = core, loss: Any = ("mse", "mae"), **options: Any) -> Any:
    """Inputs a and b, outputs p and q; of `core` or of Keras."""
    a, b = kit.Input((3,), name="a"), kit.Input((2,), name="b")
    h = kit.layers.Concatenate()([a, b])
    ends = [
        kit.layers.Dense(n, name=name, kernel_initializer="ones")(h)
        for n, name in ((2, "p"), (1, "q"))
    ]
    model = kit.Model([a, b], ends)
    model.compile("sgd", loss if isinstance(loss, dict) else list(loss), **options)
    return model


def test_dictionaries_by_name_mean_the_lists() -> None:
    x, y, weights = {"b": B, "a": A}, {"q": Q, "p": P}, {"q": W, "p": W[::-1]}
    expected = two().evaluate([A, B], [P, Q], sample_weight=[W[::-1], W])
    assert two().evaluate(x, y, sample_weight=weights) == expected
    assert two().evaluate(x, [P, Q], sample_weight=weights) == expected
    assert two().evaluate([A, B], y, sample_weight={"p": W}) == two().evaluate(
        [A, B], [P, Q], sample_weight=[W, None]
    )
    ones = [
        two().fit(*data, validation_data=data[:2], epochs=2).history
        for data in ((x, y), ([A, B], [P, Q]))
    ]
    assert ones[0] == ones[1]
    assert np.array_equal(two().predict(x)[1], two().predict([A, B])[1])
    assert np.array_equal(two().predict({**x, "c": A})[0], two().predict([A, B])[0])


def test_a_dictionary_serves_a_model_with_one_input_and_output() -> None:
    model = core.Sequential([core.Input((2,), name="a"), layers.Dense(1, name="out")])
    model.compile("sgd", "mse")
    assert model.evaluate({"a": B}, {"out": Q}) == model.evaluate(B, Q)


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "an input that is missing": (lambda: two().predict({"b": B}), "its inputs are a, b"),
    "an input of another name": (lambda: two().predict({"b": B, "aa": A}), "Did you mean 'a'"),
    "a target too many": (lambda: two().fit([A, B], {"p": P, "q": Q, "z": Q}), "names p, q, z"),
    "a target too few": (lambda: two().fit([A, B], {"p": P}), "its outputs are p, q"),
    "weights of nothing": (
        lambda: two().fit([A, B], [P, Q], sample_weight={"z": W}),
        "sample_weight names z",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_dictionary_with_wrong_names_is_refused(name: str) -> None:
    action, part = WRONG[name]
    with pytest.raises(ChainruleError, match=part):
        action()


# ---- single batches -------------------------------------------------------------------------------------------------


def batches(kit: Any) -> list[Any]:
    """What single batches return, in every form."""
    found: list[Any] = []
    for metrics in (None, ["accuracy"]):
        model = kit.Sequential(
            [
                kit.Input((2,)),
                kit.layers.Dense(1, kernel_initializer="ones", kernel_regularizer="l2"),
            ]
        )
        model.compile("sgd", "mse", metrics=metrics)
        found += [model.train_on_batch(B, Z), model.train_on_batch(B[:4], Z[:4], W[:4])]
        found += [model.test_on_batch(B, Z), model.train_on_batch(B, Z, return_dict=True)]
        found += [model.test_on_batch(B, Z, return_dict=True), model.predict_on_batch(B[:1]).item()]
    model = two(kit, metrics=None)
    found += [model.train_on_batch({"a": A, "b": B}, {"p": P, "q": Q})]
    return [*found, model.train_on_batch([A, B], [P, Q], return_dict=True)]


def flat(found: list[Any]) -> list[float]:
    """All numbers of what batches return."""
    rows = [
        [r[k] for k in sorted(r)] if isinstance(r, dict) else r if isinstance(r, list) else [r]
        for r in found
    ]
    return [float(value) for row in rows for value in row]


#: What Keras 3.15 returns.
BATCHES: list[float] = [
    2.156165,
    0.5757074,
    2.005777,
    2.005777,
    1.898811,
    -1.023247,
    2.156165,
    0.6666667,
    0.5757074,
    0.75,
    2.005777,
    0.6666667,
    0.6666667,
    2.005777,
    0.6666667,
    1.898811,
    -1.023247,
    9.382256,
    8.050308,
    1.331947,
    9.095164,
    7.780742,
    1.314422,
]
FORMS = (
    ["number"] * 3 + [["loss"]] * 2 + ["number"] + [2] * 3 + [["accuracy", "loss"]] * 2 + ["number"]
)
FORMS += [3, ["loss", "p_loss", "q_loss"]]


def form(one: Any) -> Any:
    """The keys of a dictionary, the length of a list."""
    return sorted(one) if isinstance(one, dict) else len(one) if isinstance(one, list) else "number"


def test_single_batches_return_what_keras_returns() -> None:
    found = batches(core)
    assert [form(one) for one in found] == FORMS
    assert flat(found) == pytest.approx(BATCHES, rel=1e-5)


@pytest.mark.conformance
def test_single_batches_are_keras_s() -> None:
    keras: Any = pytest.importorskip("keras")
    theirs = batches(keras)
    assert [form(one) for one in theirs] == FORMS
    assert flat(theirs) == pytest.approx(BATCHES, rel=1e-5)


# ---- a Sequential model that is built later -------------------------------------------------------------------------


def later(kit: Any = core) -> Any:
    """Two layers whose sizes the data tells."""
    return kit.Sequential([kit.layers.Dense(3, activation="tanh"), kit.layers.Dense(1)])


def at_once() -> core.Sequential:
    return core.Sequential([core.Input((2,)), *later().layers])


BUILDS: dict[str, Callable[[Any], Any]] = {
    "build": lambda model: model.build((None, 2)),
    "fit": lambda model: model.fit(B, Q),
    "evaluate": lambda model: model.evaluate(B, Q),
    "predict": lambda model: model.predict(B),
    "train_on_batch": lambda model: model.train_on_batch(B, Q),
    "test_on_batch": lambda model: model.test_on_batch(B, Q),
    "predict_on_batch": lambda model: model.predict_on_batch(B),
    "a call": lambda model: model(B),
    "a call in another model": lambda model: model(core.Input((2,))),
}


@pytest.mark.parametrize("way", BUILDS)
def test_a_model_without_input_is_built_by(way: str) -> None:
    model, plain = later(), at_once()
    for one in (model, plain):
        one.compile(core.optimizers.Adam(0.1), "mse", metrics=["accuracy"])
    assert not model.built
    assert model.get_weights() == []
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    results = [BUILDS[way](one) for one in (model, plain)]
    assert model.built
    assert model.network == plain.network
    assert model.summary_text() == plain.summary_text()
    histories = [one.fit(B, Q, epochs=2).history for one in (model, plain)]
    assert histories[0] == histories[1]
    assert np.array_equal(model.predict(B), plain.predict(B))
    if isinstance(results[0], np.ndarray):
        assert np.array_equal(results[0], results[1])


def test_layers_may_be_added_before_and_after() -> None:
    model = core.Sequential()
    model.compile("sgd", "mse")
    model.add(layers.Dense(3, activation="tanh"))
    assert not model.built
    model.add(layers.Dense(1))
    model.fit(B, Q)
    model.add(layers.Dense(1))
    assert model.count_params() == 9 + 4 + 2
    assert len(model.fit(B, Q).history["loss"]) == 1


def test_a_model_first_in_another_is_built_with_it() -> None:
    inner = later()
    model = core.Sequential([inner, layers.Dense(2)])
    assert not model.built
    assert model.predict(B).shape == (6, 2)
    assert inner.built
    assert model.network == core.Sequential([at_once(), layers.Dense(2)]).network


def rows(kit: Any, model: Any) -> list[tuple[str, str, str]]:
    """Name, shape and count of each layer in a printed summary."""
    lines: list[str] = []
    if kit is core:
        model.summary(print_fn=lines.append)
    else:
        model.summary(print_fn=lambda text, **_: lines.append(text))
    table = "\n".join(lines).splitlines()
    cells = [
        [c.strip() for c in (line.split("│")[1:-1] if "│" in line else re.split(r"  +", line))]
        for line in table
    ]
    found = [(c[0], c[1], c[2]) for c in cells if len(c) == 3 and "(type)" not in c[0]]
    totals = [line.strip().split(" (")[0] for line in table if "params:" in line]
    return [*found, *((line, "", "") for line in totals)]


UNBUILT = [
    ("dense (Dense)", "?", "0 (unbuilt)"),
    ("dense_1 (Dense)", "?", "0 (unbuilt)"),
    ("Total params: 0", "", ""),
    ("Trainable params: 0", "", ""),
    ("Non-trainable params: 0", "", ""),
]


def test_a_summary_before_there_are_weights_is_keras_s() -> None:
    assert rows(core, later()) == UNBUILT


@pytest.mark.conformance
def test_keras_s_summary_before_there_are_weights() -> None:
    keras: Any = pytest.importorskip("keras")
    keras.backend.clear_session()
    model = later(keras)
    assert rows(keras, model) == UNBUILT
    assert model.get_weights() == later().get_weights()
    with pytest.raises(ValueError, match="isn't built"):
        model.count_params()
    with pytest.raises(ValueError, match="cannot build"):
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).build((None, 3))


@pytest.mark.conformance
@pytest.mark.parametrize("x", [B, A.reshape(6, 3, 1)])
def test_data_gives_the_shapes_keras_takes_from_it(x: np.ndarray) -> None:
    keras: Any = pytest.importorskip("keras")
    ours, theirs = later(), later(keras)
    y = np.zeros((6, *([3] if x.ndim == 3 else []), 1), np.float32)
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]


NOT_BUILT: dict[str, tuple[Callable[[], Any], str]] = {
    "counting": (lambda: later().count_params(), "'sequential' is not built yet"),
    "its shapes": (lambda: later().output_shape, r"build\(\(None, ...\)\)"),
    "saving": (lambda: later().save("nowhere.chainrule"), "not built"),
    "training what is not compiled": (lambda: later().fit(B, Q), "no loss yet"),
    "an unknown loss": (lambda: later().compile("sgd", "mean_squared_eror"), "Did you mean"),
    "an unknown metric": (
        lambda: later().compile("sgd", "mse", metrics=["acuracy"]),
        "Did you mean",
    ),
    "a list of numbers": (lambda: later().predict(B[:, 0]), r"x.reshape\(-1, 1\)"),
    "no loss": (lambda: later().compile("sgd"), "needs a loss"),
    "a number as a shape": (lambda: later().build(2), "shape of a batch"),
    "a shape without samples": (lambda: later().build((2,)), "shape of a batch"),
    "no shape": (lambda: later().build(), "shape of a batch"),
    "an open shape": (lambda: later().build((None, None)), "pad the others"),
    "another shape": (lambda: at_once().build((None, 3)), "Make a new model"),
    "building nothing": (lambda: core.Sequential().build((None, 2)), "no layers yet"),
    "an Input behind": (lambda: later().add(core.Input((2,))), "at its beginning"),
}


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_needs_shapes_says_so(name: str) -> None:
    action, part = NOT_BUILT[name]
    with pytest.raises(ChainruleError, match=part):
        action()


def test_data_that_does_not_fit_leaves_the_model_as_it_was() -> None:
    model = core.Sequential([layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ChainruleError, match="Conv2D"):
        model.predict(B)
    assert not model.built
    assert model.predict(np.zeros((2, 5, 5, 1))).shape == (2, 1)


# ---- weights as objects ------------------------------------------------------------------------------------------


def normalised(kit: Any = core) -> Any:
    """A model with weights that learn and statistics that do not."""
    parts = [
        kit.layers.Dense(3, name="first"),
        kit.layers.BatchNormalization(name="norm"),
        kit.layers.Reshape((3, 1)),
        kit.layers.Bidirectional(kit.layers.SimpleRNN(2), name="both"),
    ]
    return kit.Sequential([kit.Input((2,)), *parts])


def listed(model: Any) -> list[list[tuple[str, tuple[int, ...], bool]]]:
    """Names, shapes and kinds of the weights of a model and of its layers."""
    groups = [model.weights, model.trainable_weights, model.non_trainable_weights]
    for layer in model.layers:
        groups += [layer.trainable_weights, layer.non_trainable_weights]
    return [[(w.name, tuple(w.shape), bool(w.trainable)) for w in group] for group in groups]


def test_weights_are_listed_by_what_learns() -> None:
    model = normalised()
    assert [w.path for w in model.non_trainable_weights] == [
        "norm/moving_mean",
        "norm/moving_variance",
    ]
    assert [w.name for w in model.layers[1].trainable_weights] == ["gamma", "beta"]
    for one, value in zip(model.weights, model.get_weights(), strict=True):
        assert np.array_equal(one.numpy(), value)
        assert np.asarray(one).shape == one.shape
    model.weights[1].assign([1.0, 2.0, 3.0])
    assert model.get_layer("first").get_weights()[1].tolist() == [1.0, 2.0, 3.0]
    assert later().weights == layers.Dense(2).trainable_weights == []


@pytest.mark.conformance
def test_weights_are_listed_as_keras_lists_them() -> None:
    keras: Any = pytest.importorskip("keras")
    assert listed(normalised()) == listed(normalised(keras))


# ---- the cross-entropy the targets decide ---------------------------------------------------------------------------

LABELS = np.array([0, 2, 1, 1, 0, 2])
OPEN: dict[str, tuple[int, str, np.ndarray, str]] = {
    "a single output": (1, "sigmoid", LABELS[:, None] == 1, "binary_crossentropy"),
    "labels": (3, "softmax", LABELS, "sparse_categorical_crossentropy"),
    "a column of labels": (3, "softmax", LABELS[:, None], "sparse_categorical_crossentropy"),
    "one-hot": (3, "softmax", np.eye(3)[LABELS], "categorical_crossentropy"),
}


def trained(kit: Any, units: int, activation: str, y: np.ndarray, loss: Any) -> Any:
    """Losses of three epochs from weights of zero, and the model."""
    model = kit.Sequential(
        [kit.layers.Dense(units, activation=activation, kernel_initializer="zeros")]
    )
    model.compile("sgd", loss)
    history = model.fit(B, y.astype(np.float32), epochs=3, shuffle=False, verbose=0).history
    return history["loss"], model


@pytest.mark.parametrize("name", OPEN)
def test_crossentropy_is_the_one_the_targets_ask_for(name: str) -> None:
    units, activation, y, meant = OPEN[name]
    found, model = trained(core, units, activation, y, "crossentropy")
    assert model.losses[0].name == meant
    assert found == trained(core, units, activation, y, meant)[0]


@pytest.mark.conformance
@pytest.mark.parametrize("name", OPEN)
def test_crossentropy_is_keras_s(name: str) -> None:
    keras: Any = pytest.importorskip("keras")
    units, activation, y, _ = OPEN[name]
    found, expected = (trained(kit, units, activation, y, "ce")[0] for kit in (core, keras))
    assert found == pytest.approx(expected, rel=1e-5)


def test_crossentropy_of_one_of_several_outputs() -> None:
    model = two(core, loss={"p": "crossentropy", "q": "mae"})
    assert model.losses == []
    model.fit([A, B], [np.abs(P) / np.abs(P).sum(1, keepdims=True), Q])
    assert [loss.name for loss in model.losses] == [
        "categorical_crossentropy",
        "mean_absolute_error",
    ]


def test_the_last_layer_may_be_taken_off() -> None:
    for model in (at_once(), later()):
        last = model.layers[-1]
        model.compile("sgd", "mse")
        assert model.pop() is last
        assert len(model.layers) == 1
        assert model.predict(B).shape == (6, 3)
        assert np.array_equal(model.get_weights()[0], at_once().get_weights()[0])
    model = later()
    model.pop()
    model.pop()
    with pytest.raises(ChainruleError, match="no layer"):
        model.pop()


def test_models_are_found_where_keras_has_them() -> None:
    for name in core.models.__all__:
        assert getattr(core.models, name) is getattr(core, name)


def test_a_layer_that_cannot_be_added_leaves_the_trained_model_as_it_was() -> None:
    x, y = np.ones((6, 4)), np.ones((6, 3))
    model = core.Sequential([core.Input((4,)), layers.Dense(3)], seed=0)
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    before = [w.copy() for w in model.get_weights()]
    for wrong in (layers.Dense(10**9), layers.Conv2D(2, 3), model.layers[0]):
        with pytest.raises(ChainruleError):
            model.add(wrong)
        assert len(model.layers) == 1
        for mine, was in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(mine, was)
    assert model.predict(x).shape == (6, 3)
    model.fit(x, y, verbose=0)
    model.add(layers.Dense(2))
    assert model.predict(x).shape == (6, 2)


# ---- training and what is said of it --------------------------------------------------------------------------------


def test_an_ignored_class_counts_nothing_where_samples_have_weights() -> None:
    y, w = np.array([0, 1, 2]), np.array([1, 2, 3], np.float32)
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], np.float32)
    for kind in (
        core.metrics.SparseCategoricalCrossentropy(ignore_class=1),
        core.metrics.MeanMetricWrapper(losses.SparseCategoricalCrossentropy(ignore_class=1)),
    ):
        kind.update_state(y, p, w)
        # The weights of the samples that are kept: (-ln 0.7 - 3 ln 0.6) / 4.
        assert kind.result() == pytest.approx(0.4722879, rel=1e-5)
        kind.reset_state()
        kind.update_state(y, p)
        assert kind.result() == pytest.approx(-np.log(0.7 * 0.6) / 3, rel=1e-5)


def test_names_of_metrics_are_those_that_evaluate_measures() -> None:
    one = core.Sequential([core.Input((3,)), layers.Dense(2)])
    assert one.metrics_names == []
    one.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mse"])
    assert one.metrics_names == ["loss", "mae", "mse"] == list(one.evaluate(A, B, return_dict=True))
    x = core.Input((3,))
    two = core.Model(x, [layers.Dense(2, name="size")(x), layers.Dense(2, name="place")(x)])
    two.compile("sgd", "mse", metrics={"place": ["mae"]})
    assert two.metrics_names == list(two.evaluate(A, [B, B], return_dict=True))


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"sample_weight": -W}, "sample_weight holds negative numbers \\(down to -5\\)"),
        ({"class_weight": {0: -1.5, 1: 1.0}}, "class_weight holds negative numbers \\(down to -1.5\\)"),
    ],
)  # fmt: skip
def test_weights_below_0_are_taken_with_advice(given: dict[str, Any], what: str) -> None:
    model = core.Sequential([core.Input((3,)), layers.Dense(1, activation="sigmoid")], seed=1)
    model.compile("sgd", "binary_crossentropy")
    before = model.get_weights()[0]
    with pytest.warns(AdviceWarning, match=what):
        model.fit(A, Z, **given)
    assert not np.array_equal(before, model.get_weights()[0])
    with pytest.warns(AdviceWarning, match=what):
        model.train_on_batch(A, Z, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AdviceWarning)
        model.fit(A, Z, sample_weight=W)
