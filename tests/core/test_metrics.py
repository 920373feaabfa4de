"""Metrics in a model, in documents and by themselves: names, arguments, forms, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import core
from core import layers, losses, metrics
from core.errors import ChainruleError, SettingError
from core.runs import Run
from core.runs.samples import Samples
from core.spec.training import Training
from core.tape.table_data import DataTable
from core.tape.totals import epoch_values

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 5)).astype(np.float32)
LABELS = RNG.integers(0, 3, 23)
YES = RNG.integers(0, 2, (23, 1))
W = RNG.random(23).astype(np.float32) * 0.02


def classifier(**given: Any) -> core.Sequential:
    model = core.Sequential([core.Input((5,)), layers.Dense(3, "softmax")], seed=2)
    model.compile("sgd", "sparse_categorical_crossentropy", **given)
    return model


def two(**given: Any) -> core.Model:
    start = core.Input((5,))
    outs = [layers.Dense(3, "softmax", name="kind")(start), layers.Dense(1, name="size")(start)]
    model = core.Model(start, outs)
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], **given)
    return model


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["accuracy"], ["accuracy"]),
        (["acc", "Accuracy"], ["acc", "Accuracy"]),
        ([metrics.Precision(), metrics.Precision(0.7)], ["precision", "precision_1"]),
        ([metrics.Precision(name="right"), metrics.Recall], ["right", "recall"]),
        ([metrics.sparse_categorical_accuracy], ["sparse_categorical_accuracy"]),
        ([{"class_name": "AUC", "config": {"curve": "PR"}}], ["auc"]),
        ([["acc"], {"a": ["auc"]}], ["acc", "auc"]),
        (["sparse_categorical_crossentropy"], ["sparse_categorical_crossentropy"]),
    ],
)
def test_what_is_logged_is_called_as_in_keras(given: list[Any], names: list[str]) -> None:
    model = classifier(metrics=given)
    assert list(model.fit(X, LABELS).history) == ["loss", *names]
    assert list(model.evaluate(X, LABELS, return_dict=True)) == ["loss", *names]


def test_a_weighted_metric_whose_name_is_taken_says_so() -> None:
    model = classifier(metrics=["acc"], weighted_metrics=["acc", "precision"])
    found = model.evaluate(X, LABELS, sample_weight=W, return_dict=True)
    assert list(found) == ["loss", "acc", "weighted_acc", "precision"]
    right = model.predict(X).argmax(1) == LABELS
    assert found["acc"] == pytest.approx(right.mean())
    # The weights of all samples add up to less than 1.
    assert found["weighted_acc"] == pytest.approx((right * W).sum() / W.sum())


@pytest.mark.parametrize(
    "given",
    [{"kind": ["acc", "auc"], "size": "mae"}, [["acc", "auc"], ["mae"]], [["acc", "auc"], "mae"]],
)
def test_each_output_has_metrics_of_its_own(given: Any, tmp_path: Path) -> None:
    model = two(metrics=given)
    size = X[:, :1]
    names = ["loss", "kind_loss", "size_loss", "kind_acc", "kind_auc", "size_mae"]
    found = model.evaluate(X, [LABELS, size], return_dict=True)
    assert list(found) == names
    assert found["size_mae"] == pytest.approx(np.abs(model.predict(X)[1] - size).mean(), rel=1e-5)
    model.save(tmp_path / "m.chainrule")
    again = core.load_model(tmp_path / "m.chainrule")
    assert again.evaluate(X, [LABELS, size], return_dict=True) == found


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_the_confusion_matrix_counts_every_sample() -> None:
    model = classifier(metrics=[matrix := metrics.ConfusionMatrix(), each := metrics.F1Score()])
    found = model.evaluate(X, LABELS, return_dict=True)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (LABELS, model.predict(X).argmax(1)), 1)
    assert list(found) == ["loss", "f1_score"]
    assert np.array_equal(matrix.result(), expected)
    assert np.array_equal(model.confusion_matrix(X, LABELS), expected)
    assert np.array_equal(model.confusion_matrix(X, np.eye(3)[LABELS]), expected)
    weighted = model.confusion_matrix(X, LABELS, sample_weight=W)
    assert weighted.sum() == pytest.approx(W.sum())
    assert np.shape(each.result()) == (3,)
    assert found["f1_score"] == pytest.approx(np.mean(each.result()))
    assert model.metrics == [matrix, each]


def test_the_confusion_matrix_of_one_output_tells_no_from_yes() -> None:
    model = core.Sequential([core.Input((5,)), layers.Dense(1, "sigmoid")])
    taken = (model.predict(X) > 0.6)[:, 0]
    found = model.confusion_matrix(X, YES, threshold=0.6)
    yes = YES[:, 0] == 1
    assert found.tolist() == [[(~yes & ~taken).sum(), (~yes & taken).sum()],
                              [(yes & ~taken).sum(), (yes & taken).sum()]]  # fmt: skip


def test_masked_steps_are_no_answers() -> None:
    tokens = RNG.integers(1, 6, (9, 4))
    tokens[::2, 2:] = 0
    model = core.Sequential(
        [core.Input((4,)), layers.Embedding(6, 3, mask_zero=True), layers.LSTM(2, return_sequences=True),
         layers.Dense(3, "softmax")]
    )  # fmt: skip
    y = RNG.integers(0, 3, (9, 4))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc", "precision"])
    found = model.evaluate(tokens, y, return_dict=True)
    p = model.predict(tokens)
    assert found["acc"] == pytest.approx((p.argmax(-1) == y)[tokens > 0].mean())


def test_by_itself_it_goes_on_until_it_is_reset() -> None:
    metric = metrics.Precision()
    assert metric.result() == 0
    assert metric([0, 1, 1, 1], [1, 0, 1, 1]) == pytest.approx(2 / 3)
    metric.update_state([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1])
    assert metric.result() == pytest.approx(8 / 9)
    metric.reset_state()
    assert metric.result() == 0
    mean = metrics.Mean()
    mean.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
    assert mean.result() == 2
    total = metrics.Sum()
    total.update_state([1, 3, 5, 7])
    assert total.result() == 16


def test_functions_give_a_number_for_each_list() -> None:
    p = np.array([[0.2, 0.8], [0.7, 0.3]])
    assert metrics.sparse_categorical_accuracy([1, 1], p).tolist() == [1, 0]
    assert metrics.binary_accuracy([[0, 1], [0, 1]], p).tolist() == [[1, 1], [0, 0]]
    assert metrics.mean_absolute_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist() == [0.5]


def test_an_answer_that_is_no_number_is_not_right() -> None:
    p = np.array([[np.nan, 0.5], [0.5, np.nan], [np.nan, np.nan]])
    assert metrics.sparse_categorical_accuracy([0, 0, 1], p).tolist() == [0, 0, 0]


def test_counts_are_the_same_bits_stepped_replayed_and_saved() -> None:
    given = metrics.documents(
        [metrics.Precision(), metrics.F1Score(), metrics.AUC(), metrics.ConfusionMatrix()]
    )

    def run() -> Run:
        table = Samples([DataTable(X)], [DataTable(LABELS[:, None].astype(np.float32))])
        training = Training(loss="sparse_categorical_crossentropy", metrics=given, batch_size=8)
        return Run(classifier().network, training, samples=table)

    def state(one: Run) -> bytes:
        return bytes(one.program.mem[: one.program.plan.state].tobytes())

    whole, stepped, saved = run(), run(), run()
    whole.advance(5, epochs=3)
    while stepped.step_count < 5:
        stepped.step("instruction")
    assert state(stepped) == state(whole)
    told = epoch_values(whole.program)
    assert epoch_values(stepped.program) == told
    whole.advance(4, epochs=3)
    whole.seek(5)
    assert state(whole) == state(stepped)
    assert epoch_values(whole.program) == told
    saved.load_state(*stepped.save_state())
    assert state(saved) == state(stepped)
    assert epoch_values(saved.program) == told


# ---- documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [k for k in metrics.Metric.kinds if not k.startswith("_")])
def test_a_metric_is_the_same_from_its_document(kind: str) -> None:
    cls = metrics.Metric.kinds[kind]
    made = cls("huber") if kind == "MeanMetricWrapper" else cls()
    again = metrics.get(msgspec.json.decode(msgspec.json.encode(made.to_document())))
    assert again == made
    assert again.name == made.name
    assert cls.__doc__


def test_training_keeps_metrics_with_their_arguments() -> None:
    given = metrics.documents([metrics.Precision([0.2, 0.7]), "mse", metrics.F1Score("macro")])
    training = Training(metrics=given, weighted_metrics=("acc",))
    again = msgspec.json.decode(msgspec.json.encode(training), type=Training)
    metrics.check(again.metrics)
    shown = metrics.measured(again.metrics, again.weighted_metrics, [losses.get("mse")], [(3,)])
    assert [one.name for one in shown[0]] == ["precision", "mse", "f1_score", "acc"]


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda: classifier(metrics=["precison"]), "Did you mean 'precision'"),
        (lambda: classifier(metrics=["mae"]), "targets are labels of classes"),
        (lambda: classifier(metrics=["categorical_accuracy"]), "Use sparse_categorical_accuracy"),
        (lambda: classifier(metrics=["sparse_top_k_categorical_accuracy"]), "there are only 3"),
        (lambda: classifier(metrics=[metrics.Precision(class_id=3)]), "classes are 0 to 2"),
        (lambda: classifier(metrics=[metrics.Recall(top_k=4)]), "smaller top_k"),
        (lambda: classifier(metrics=[lambda t, p: p]), "functions of your own"),
        (lambda: classifier(metrics=[metrics.Mean()]), "takes no targets"),
        (lambda: classifier(metrics=[5]), "given by its name"),
        (lambda: two(metrics=["acc"]), "a list with the metrics of each"),
        (lambda: two(metrics={"sort": ["acc"]}), "Outputs are: kind, size"),
        (lambda: metrics.Precision(1.5), "from 0 to 1"),
        (lambda: metrics.Precision(top_k=0), "at least 1"),
        (lambda: metrics.F1Score("most"), "must be one of"),
        (lambda: metrics.FBetaScore(beta=2), "with a point in it"),
        (lambda: metrics.AUC(curve="rock"), "ROC, PR"),
        (lambda: metrics.AUC(1), "at least 2"),
        (lambda: metrics.R2Score("sum"), "must be one of"),
        (
            lambda: metrics.get({"class_name": "AUC", "config": {"bins": 3}}),
            "has no argument 'bins'",
        ),
        (
            lambda: metrics.MeanSquaredError().update_state([[1, 2]], [[1, 2, 3]]),
            "y_true must have",
        ),
        (lambda: metrics.F1Score().update_state([[[1.0]]], [[[1.0]]]), "one list a sample"),
        (lambda: metrics.Precision().update_state([1], ["a"]), "array of numbers"),
        (lambda: metrics.Precision().update_state([1, 0], [1, 0], [1, 1, 1]), "sample_weight"),
    ],
)
def test_what_cannot_be_measured_is_refused(ask: Callable[[], Any], text: str) -> None:
    with pytest.raises(ChainruleError, match=text) as refused:
        ask()
    assert str(refused.value).endswith(".")


def test_a_metric_that_fits_is_told_from_one_that_does_not() -> None:
    sparse, squared = losses.get("sparse_categorical_crossentropy"), losses.get("mse")
    assert metrics.fits("sparse_categorical_accuracy", sparse, (3,))
    assert not metrics.fits("mse", sparse, (3,))
    assert metrics.fits("mse", squared, (3,))
    assert not metrics.fits("r2_score", squared, (4, 3))
    with pytest.raises(SettingError):
        metrics.resolved("mse", sparse, (3,))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("accuracy", "Accuracy"),
        ("val_auc", "AUC"),
        ("mean_absolute_error", "Mean absolute error"),
        ("precision_1", "Precision 2"),
        ("val_r2_score/price", "R², price"),
        ("loss/price", "Loss, price"),
    ],
)
def test_a_logged_name_has_words(name: str, title: str) -> None:
    assert metrics.title(name) == title


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch", [7, 20, 60])
def test_r2_of_large_targets_with_a_small_spread(batch: int, weighted: bool) -> None:
    """Sums of squares of such targets cancel in float32; means and distances from them do not."""
    rng = np.random.default_rng(0)
    y = (1e4 + rng.normal(size=(60, 2))).astype(np.float32)
    p = (1e4 + rng.normal(size=(60, 2))).astype(np.float32)
    w = rng.random(60).astype(np.float32) if weighted else np.ones(60, np.float32)
    metric = metrics.R2Score(None)
    for start in range(0, 60, batch):
        part = slice(start, start + batch)
        metric.update_state(y[part], p[part], w[part] if weighted else None)
    t, q, s = y.astype(np.float64), p.astype(np.float64), w.astype(np.float64)[:, None]
    mean = (s * t).sum(0) / s.sum()
    wanted = 1 - (s * (t - q) ** 2).sum(0) / (s * (t - mean) ** 2).sum(0)
    assert metric.result() == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("thresholds", [[0.0, 0.5, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 0.3]])
def test_nothing_lies_below_the_least_threshold(thresholds: list[float]) -> None:
    rng = np.random.default_rng(3)
    y, p = np.float32(rng.random((200, 1)) > 0.5), np.float32(0.01 + 0.99 * rng.random((200, 1)))
    for kind in (metrics.TrueNegatives, metrics.FalseNegatives):
        metric = kind(thresholds)
        for start in range(0, 200, 50):
            part = slice(start, start + 50)
            metric.update_state(y[part], p[part], np.float32(rng.random(50)))
        assert metric.result()[0] == 0.0
        assert metric.result()[-1] > 0


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [
        (metrics.CategoricalAccuracy(), 0.0),
        (metrics.TopKCategoricalAccuracy(k=2), 0.0),
        (metrics.Precision(top_k=1), 0.0),
        (metrics.Recall(top_k=2), 0.0),
        (metrics.F1Score(average="micro"), 0.0),
        (metrics.Recall(), 0.0),
    ],
)
def test_what_is_no_number_is_never_the_largest(metric: metrics.Metric, wanted: float) -> None:
    nan = float("nan")
    metric.update_state(np.float32([[0, 1, 0]]), np.float32([[0.2, nan, 0.5]]))
    assert metric.result() == pytest.approx(wanted, abs=1e-6)
