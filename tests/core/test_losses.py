"""Losses: what they take and refuse, weights of samples and classes, and logits that lose nothing to rounding."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import layers, losses
from core.errors import AdviceWarning, ChainruleError, SettingError
from core.runs import Run
from core.runs.samples import prepare, split
from core.spec import Training
from tests.core.networks import chain
from tests.core.subjects import loss_variants

LOGITS = np.array([[30.0, 0.0], [3.0, -25.0]])


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (losses.SparseCategoricalCrossentropy(from_logits=True), np.array([1, 1])),
        (losses.CategoricalCrossentropy(from_logits=True), np.array([[0, 1], [0, 1]])),
    ],
)
def test_sure_and_wrong_costs_what_it_should(loss: losses.Loss, targets: np.ndarray) -> None:
    assert loss(targets, LOGITS) == pytest.approx(29.0)
    model = core.Sequential([core.Input((2,)), layers.Dense(2, use_bias=False)])
    model.set_weights([np.eye(2)])
    model.compile(core.optimizers.SGD(0.0), loss)
    assert model.evaluate(LOGITS, targets) == pytest.approx(29.0)


def test_the_update_of_a_binary_loss_of_logits_is_p_minus_t() -> None:
    loss = losses.BinaryCrossentropy(from_logits=True)
    model = core.Sequential([core.Input((1,)), layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    model.compile(core.optimizers.SGD(1.0), loss)
    # sigmoid(40) is 1 in float32: a slope that passed through the probability would be 0.
    assert model.train_on_batch([[40.0]], [[0.0]]) == pytest.approx(40.0)
    assert model.get_weights()[0] == pytest.approx(1.0 - 40.0)
    assert loss([[0.0]], [[40.0]]) == pytest.approx(40.0)


def test_probabilities_are_divided_by_their_sum() -> None:
    p = [[0.2, 0.2], [3.0, 1.0]]
    expected = -np.log([0.5, 0.75]).mean()
    assert losses.SparseCategoricalCrossentropy()([1, 0], p) == pytest.approx(expected)
    assert losses.CategoricalCrossentropy()([[0, 1], [1, 0]], p) == pytest.approx(expected)


# ---- arguments and documents ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("mse", "mean_squared_error"),
        ("MAE", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("MSLE", "mean_squared_logarithmic_error"),
        ("bce", "binary_crossentropy"),
        ("kld", "kl_divergence"),
        ("LogCosh", "log_cosh"),
        ({"class_name": "Huber", "config": {"delta": 0.5}}, "huber"),
        ({"class_name": "poisson"}, "poisson"),
        (losses.Hinge, "hinge"),
        (losses.CosineSimilarity(), "cosine_similarity"),
    ],
)
def test_a_loss_is_found_under_all_its_names(given: Any, name: str) -> None:
    assert losses.get(given).name == name


@pytest.mark.parametrize(("name", "loss"), loss_variants(), ids=[n for n, _ in loss_variants()])
def test_a_loss_survives_its_document_and_its_file(
    name: str, loss: losses.Loss, tmp_path: Path
) -> None:
    training = Training(loss=loss.to_document(), class_weight={0: 1.0, 2: 2.5})
    again = msgspec.json.decode(msgspec.json.encode(training), type=Training)
    assert again == training
    assert losses.get(again.loss).config == loss.config
    model = core.Sequential([core.Input((2,)), layers.Dense(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdviceWarning)
        model.compile("sgd", loss)
        model.save(tmp_path / "m.chainrule")
        loaded = core.load_model(tmp_path / "m.chainrule")
    assert [one.config for one in loaded.losses] == [loss.config]


def test_arguments_are_keras_s_in_keras_s_order() -> None:
    loss = losses.BinaryCrossentropy(True, 0.25, -1, "sum", "mine")
    assert (loss.from_logits, loss.label_smoothing, loss.reduction) == (True, 0.25, "sum")
    sparse = losses.SparseCategoricalCrossentropy(False, 3, "none", -1)
    assert (sparse.ignore_class, sparse.reduction) == (3, None)
    assert losses.Huber(2.0).config["delta"] == 2.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: losses.Huber(delta=-1), "greater than 0"),
        (lambda: losses.Huber(delta="a"), "a number"),
        (lambda: losses.Huber(detla=1), "Did you mean 'delta'"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=2), "at most 1"),
        (lambda: losses.CategoricalCrossentropy(axis=1), "last axis"),
        (lambda: losses.MeanSquaredError(reduction="average"), "one of"),
        (lambda: losses.MeanSquaredError(from_logits=True), "no logits"),
        (lambda: losses.Hinge(dtype="float16"), "float32"),
        (lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5), "whole number"),
        (lambda: losses.Poisson("sum", reduction="sum"), "given twice"),
        (lambda: losses.get("meansquarederor"), "Did you mean 'mean_squared_error'"),
        (lambda: losses.get(3), "by its name"),
    ],
)
def test_what_a_loss_does_not_take_is_said(make: Any, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        make()


# ---- on arrays ----------------------------------------------------------------------------------------------------


def test_reductions_of_weighted_numbers() -> None:
    t, p, w = [[0.0], [0.0], [0.0]], [[1.0], [2.0], [3.0]], [1.0, 0.5, 0.0]
    assert losses.MeanSquaredError()(t, p, w) == pytest.approx((1 + 2) / 3)
    assert losses.MeanSquaredError(reduction="sum")(t, p, w) == pytest.approx(3)
    by_weight = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert by_weight(t, p, w) == pytest.approx(3 / 1.5)
    each = losses.MeanSquaredError(reduction=None)(t, p, w)
    assert each == pytest.approx(np.array([1, 2, 0]))


def test_a_single_list_is_one_sample_as_in_keras() -> None:
    assert losses.MeanSquaredError()([1.0, 2.0], [2.0, 4.0]) == pytest.approx(2.5)
    assert losses.CategoricalCrossentropy()([0, 1], [0.2, 0.8]) == pytest.approx(-np.log(0.8))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ChainruleError, match="one shape"):
        losses.MeanSquaredError()(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ChainruleError, match="one weight"):
        losses.MeanSquaredError()(np.zeros((2, 3, 4)), np.zeros((2, 3, 4)), [1.0, 2.0])


# ---- in models ----------------------------------------------------------------------------------------------------


def model_of(loss: Any, units: int = 3, steps: int = 0) -> core.Sequential:
    """A classifier of lists, or of every step of a sequence."""
    shape = (steps, 2) if steps else (2,)
    model = core.Sequential([core.Input(shape), layers.Dense(units, activation="softmax")])
    model.compile(core.optimizers.SGD(0.1), loss)
    return model


X = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 1, 2, 3, 1, 7], r"Row 3 .* label 3, .* 3 outputs, .* 0 to 2 \(2 labels are such\)"),
        ([0, -1, 2, 0, 1, 0], "Row 1 .* label -1"),
        ([0.0, 1.5, 2.0, 0.0, 1.0, 0.0], "1.5 .row 1"),
    ],
)
@pytest.mark.parametrize("way", ["fit", "evaluate"])
def test_labels_without_an_output_are_named_with_their_row(
    labels: list[float], says: str, way: str
) -> None:
    model = model_of("sparse_categorical_crossentropy")
    with pytest.raises(ChainruleError, match=says):
        getattr(model, way)(X, np.array(labels))


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mean_squared_error", "huber"])
@pytest.mark.parametrize("way", ["fit", "evaluate", "train_on_batch"])
def test_labels_do_not_become_one_hot_rows_on_their_own(loss: str, way: str) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdviceWarning)
        model = model_of(loss)
    for given in (labels, labels[:, None], labels.astype(np.float32)):
        with pytest.raises(
            ChainruleError, match=r"sparse_categorical_crossentropy .* np\.eye\(3\)\[y"
        ):
            getattr(model, way)(X, given)


def test_a_data_set_of_classes_has_one_hot_rows_for_losses_that_read_no_labels() -> None:
    y = np.array([0, 2, 1])
    info = SimpleNamespace(classes=("a", "b", "c"))
    dataset = SimpleNamespace(info=info, x_train=X[:3], y_train=y, x_test=X[:0], y_test=y[:0])
    for name in ("mean_squared_error", "half_squared_error", "categorical_crossentropy", "huber"):
        samples, _ = split(dataset, Training(), losses.get(name), 3)
        assert np.array_equal(samples.targets[0].array, np.eye(3)[y])
    samples, _ = split(dataset, Training(), losses.get("sparse_categorical_crossentropy"), 3)
    assert np.array_equal(samples.targets[0].array[:, 0], y)
    info.classes = ()
    with pytest.raises(ChainruleError, match="sparse_categorical_crossentropy"):
        split(dataset, Training(), losses.get("mean_squared_error"), 3)


RECURRENT = (
    layers.LSTM(4, return_sequences=True, name="reads"),
    layers.Dense(3, activation="softmax"),
)


@pytest.mark.parametrize(
    ("shape", "made", "loss", "targets", "says"),
    [
        ((2, 4), [layers.Dense(3)], "mse", (6, 3, 2), r"2×3.* \(6, 3, 2\).*swapaxes\(y, 1, 2\)"),
        ((2, 4), [layers.Dense(3)], "mse", (6, 6), r"\(samples, 2, 3\).*y\.reshape\(-1, 2, 3\)"),
        ((4,), [layers.Dense(6)], "mse", (6, 2, 3), r"\(samples, 6\).*y\.reshape\(-1, 6\)"),
        ((4,), [layers.Dense(1, name="last")], "mse", (6, 2), "has 2 numbers, but Dense 'last' gives 1.* 2 units"),
        ((4,), [layers.Dense(2, name="last")], "mae", (6,), "Give Dense 'last' 1 unit,"),
        ((8, 8, 1), [layers.Dense(3, "softmax", name="last")], "sparse_categorical_crossentropy", (6,),
         "Dense 'last' gives 8×8×3 .*Put Flatten before Dense 'last'"),
        ((8, 8, 1), [layers.Dense(1, name="last")], "mse", (6,), "Put Flatten before Dense 'last'"),
        ((8, 8, 1), [layers.Conv2D(3, 3, name="last")], "sparse_categorical_crossentropy", (6,),
         "Flatten and a Dense layer after Conv2D 'last'"),
        ((5, 4), RECURRENT, "sparse_categorical_crossentropy", (6,), "Let LSTM 'reads' leave out return_sequences"),
        ((4,), [layers.Dense(3)], "sparse_categorical_crossentropy", (6, 3), "one-hot rows"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::core.errors.AdviceWarning")
def test_targets_of_another_shape_are_told_how_to_fit(
    shape: tuple[int, ...], made: Any, loss: str, targets: tuple[int, ...], says: str
) -> None:
    model = core.Sequential([core.Input(shape), *made])
    model.compile(loss=loss)
    y = np.zeros(targets) if loss.startswith("sparse") else np.full(targets, 0.5)
    with pytest.raises(ChainruleError, match=says):
        model.fit(np.zeros((6, *shape)), y)


@pytest.mark.parametrize(
    ("shape", "loss", "targets"),
    [
        ((4,), "mse", (6, 3)),
        ((4,), "mse", (6, 3, 1)),
        ((2, 4), "mse", (6, 2, 3)),
        ((2, 4), "mse", (6, 2, 3, 1)),
        ((4,), "sparse_categorical_crossentropy", (6,)),
        ((4,), "sparse_categorical_crossentropy", (6, 1)),
        ((2, 4), "sparse_categorical_crossentropy", (6, 2)),
        ((2, 4), "sparse_categorical_crossentropy", (6, 2, 1)),
    ],
)
@pytest.mark.filterwarnings("ignore::core.errors.AdviceWarning")
def test_a_last_axis_of_one_may_be_missing_or_extra(
    shape: tuple[int, ...], loss: str, targets: tuple[int, ...]
) -> None:
    model = core.Sequential([core.Input(shape), layers.Dense(3, activation="softmax")])
    model.compile(loss=loss)
    assert np.isfinite(model.evaluate(np.zeros((6, *shape)), np.zeros(targets)))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 3], "Row 1 of the targets has the label 3, .* 0 to 2"),
        ([-1, 0], "Row 0 of the targets has the label -1"),
        ([0, 0.5], "0.5 .row 1 of the targets. is not one"),
        ([0, np.nan], "nan .row 1 of the targets. is not one"),
        (np.eye(3)[:2], "one-hot rows"),
        ([0, 1, 2], "a label for each"),
    ],
)
def test_labels_of_arrays_are_checked_as_those_of_fit(labels: Any, says: str) -> None:
    p = np.full((2, 3), 1 / 3)
    for loss in (losses.SparseCategoricalCrossentropy(), losses.sparse_categorical_crossentropy):
        with pytest.raises(ChainruleError, match=says):
            loss(labels, p)


def test_single_numbers_are_compared_as_in_keras() -> None:
    assert losses.MeanSquaredError()(1.0, 3.0) == 4.0
    assert losses.mean_squared_error(1.0, 3.0) == 4.0
    assert losses.Huber()(1.0, 5.0) == 3.5
    assert losses.BinaryCrossentropy()(1.0, 0.5) == pytest.approx(np.log(2))
    assert losses.CosineSimilarity()(1.0, 2.0) == pytest.approx(-1.0)
    with pytest.raises(ChainruleError, match="probabilities of all classes"):
        losses.SparseCategoricalCrossentropy()(1, 0.5)


def test_a_label_of_a_time_step_is_checked() -> None:
    labels = np.zeros((3, 4), int)
    labels[2, 1] = 9
    model = model_of("sparse_categorical_crossentropy", steps=4)
    x = np.zeros((3, 4, 2), np.float32)
    with pytest.raises(ChainruleError, match=r"Row 2 .* label 9"):
        model.fit(x, labels)
    with pytest.raises(ChainruleError, match=r"\(samples, 4\), because .* they have \(3,\)"):
        model.fit(x, labels[:, 0])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sample_weight": [1.0, 2.0]}, "6 samples and 2 weights"),
        ({"sample_weight": 1.0}, "a single number"),
        ({"sample_weight": np.ones((6, 2))}, "one weight"),
        ({"sample_weight": [1, 1, np.nan, 1, 1, 1]}, "Row 2 of the sample weights"),
        ({"sample_weight": ["a"] * 6}, "array of numbers"),
        ({"sample_weight": np.ones(6), "class_weight": {0: 1.0}}, "either"),
        ({"class_weight": [1.0, 2.0]}, "number of each class"),
        ({"class_weight": {"a": 2.0}}, "number of each class"),
        ({"class_weight": {0: np.inf}}, "number of each class"),
    ],
)
def test_weights_that_are_none_are_refused(given: dict[str, Any], says: str) -> None:
    model = model_of("sparse_categorical_crossentropy")
    with pytest.raises(ChainruleError, match=says):
        model.fit(X, np.array([0, 1, 2, 0, 1, 2]), **given)


def test_weights_of_sequences_are_those_of_their_steps() -> None:
    x, y = np.zeros((3, 4, 2), np.float32), np.zeros((3, 4), int)
    model = model_of("sparse_categorical_crossentropy", steps=4)
    with pytest.raises(ChainruleError, match=r"\(samples, 4\), or \(samples, 1\)"):
        model.fit(x, y, sample_weight=np.ones(3))
    with pytest.raises(ChainruleError, match="one class a sample"):
        model.fit(x, y, class_weight={0: 1.0})
    each, one = np.repeat([[1.0], [0.0], [2.0]], 4, 1), np.array([[1.0], [0.0], [2.0]])
    assert model.evaluate(x, y, sample_weight=each) == model.evaluate(x, y, sample_weight=one)


def test_a_sample_of_weight_0_changes_nothing() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    weights, other = np.array([1, 1, 0, 1, 0.5, 0]), X.copy()
    other[[2, 5]] = 9
    models = [model_of("sparse_categorical_crossentropy") for _ in range(2)]
    for model, x in zip(models, (X, other), strict=True):
        model.fit(x, labels, batch_size=3, epochs=2, sample_weight=weights, shuffle=False)
    for mine, theirs in zip(*(model.get_weights() for model in models), strict=True):
        assert np.array_equal(mine, theirs)


def test_training_goes_on_with_and_without_weights() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    model, plain = (model_of("sparse_categorical_crossentropy") for _ in range(2))
    for one, given in ((model, {"sample_weight": np.ones(6)}), (plain, {})):
        one.fit(X, labels, shuffle=False)
        one.fit(X, labels, shuffle=False, **given)
        one.fit(X, labels, shuffle=False)
        one.train_on_batch(X, labels)
    for mine, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-6)


def test_a_list_of_numbers_cannot_be_minimised() -> None:
    with pytest.raises(ChainruleError, match="reduction None"):
        model_of(losses.SparseCategoricalCrossentropy(reduction=None)).fit(X, np.zeros(6, int))


def test_losses_of_several_outputs_by_name() -> None:
    x = core.Input((2,))
    a, b = layers.Dense(2, name="a")(x), layers.Dense(1, name="b")(x)
    model = core.Model(x, [a, b])
    model.compile("sgd", {"b": "mae", "a": "mse"}, loss_weights={"a": 1.0, "b": 0.5})
    assert [loss.name for loss in model.losses] == ["mean_squared_error", "mean_absolute_error"]
    assert [loss.weight for loss in model.losses] == [1.0, 0.5]
    with pytest.raises(SettingError, match="name every output: a, b"):
        model.compile("sgd", {"a": "mse"})


def test_a_loss_that_counts_half_is_reported_so_and_first() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    model = model_of("sparse_categorical_crossentropy")
    whole = model.evaluate(X, labels)
    model.compile(
        "sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], loss_weights=[0.5]
    )
    assert model.evaluate(X, labels)[0] == pytest.approx(whole / 2)
    assert list(model.fit(X, labels).history) == ["loss", "accuracy"]


def test_a_run_counts_the_classes_its_document_says() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])
    network = chain((2,), ("Dense", {"units": 3, "activation": "softmax"}))
    name = "sparse_categorical_crossentropy"
    weighted = Training(loss=name, metrics=(), batch_size=4, class_weight={1: 3.0, 2: 0.0})
    samples = prepare(X, labels, losses.get(name), 3)
    run = Run(network, weighted, samples=samples)
    assert run.samples.weights is not None
    assert run.samples.weights[0].array[:, 0].tolist() == [1, 3, 0, 1, 3, 0]
    run.advance(2)
    p, t = run.program.tensor("dense_1/output"), run.program.tensor("targets")
    expected = losses.get(name)(t, p, np.array([1.0, 3.0, 0.0])[t[:, 0].astype(int)])
    assert float(run.program.tensor("loss")) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(SettingError, match="class_weight"):
        Run(network, msgspec.structs.replace(weighted, class_weight={0: "a"}), samples=samples)
