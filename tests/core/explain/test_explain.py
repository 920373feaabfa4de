"""What explanations promise beside Captum's numbers: derivatives, completeness, shapes, seeds, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import core
from core import explain, layers
from core.errors import ChainruleError
from core.explain import gradients, maximization, randomization
from core.explain.class_maps import last_convolution
from core.explain.excitement import nearest
from core.explain.explainer import Explainer
from core.explain.fields import field_of
from core.explain.occluding import occlusion
from core.explain.progress import last
from core.explain.score import Score
from core.model import Model
from tests.core.explain.cases import model_of

X = np.random.default_rng(3).uniform(0, 1, (3, 12, 12, 1)).astype(np.float32)


@pytest.fixture
def model() -> Model:
    return model_of("gray")


def double(name: str) -> Explainer:
    """In float64, where differences are exact enough to compare with."""
    model = model_of(name)
    return Explainer(model.network, model.weights_by_name(), np.float64)


@pytest.mark.parametrize("score", [Score(1), Score(0, "probability"), Score(2, against=3),
                                   Score(2, "probability", 1)])  # fmt: skip
@pytest.mark.parametrize("name", ["gray", "colour", "table"])
def test_gradients_are_the_slopes_of_the_score(name: str, score: Score) -> None:
    of = double(name)
    if score.against is not None and score.against >= of.classes:
        score = Score(score.class_index, score.on, 0)
    x = np.random.default_rng(5).uniform(0.1, 0.9, (2, *of.input_shape))
    found = of.gradient(x, score)
    assert np.allclose(found.scores, of.numbers(x, score), rtol=1e-12)
    for cell in np.random.default_rng(6).choice(x[0].size, 12, replace=x[0].size < 12):
        at = (1, *np.unravel_index(cell, of.input_shape))
        step = np.zeros_like(x)
        step[at] = 1e-6
        slope = (of.numbers(x + step, score) - of.numbers(x - step, score))[1] / 2e-6
        assert found.gradient[at] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_a_contrast_is_the_difference_of_two_explanations(model: Model) -> None:
    both = [explain.saliency(model, X, k, abs=False) for k in (2, 4)]
    assert np.allclose(
        explain.saliency(model, X, 2, abs=False, against=4), both[0] - both[1], atol=1e-6
    )


def test_integrated_gradients_add_up_to_what_the_score_has_gained() -> None:
    of = double("gray")
    x = X[:2].astype(float)
    for steps, missing in ((400, 4e-3), (20, 5e-2)):
        path = last(gradients.integrated_gradients(of, x, Score(1), n_steps=steps))
        gained = path.score - path.baseline_score
        assert np.allclose(path.attributions.reshape(2, -1).sum(1), gained, atol=missing)
        assert np.allclose(path.delta, path.attributions.reshape(2, -1).sum(1) - gained, atol=1e-12)
    assert np.allclose(path.scores[0], of.numbers(path.alphas[0] * x, Score(1)))


def test_a_hidden_window_is_a_prediction_without_it() -> None:
    of, x = double("colour"), np.random.default_rng(1).uniform(0, 1, (1, 9, 11, 3))
    found = last(occlusion(of, x, Score(2), window=(4, 3), strides=(3, 2), baseline=0.25))
    places = [(r, c) for r in (0, 3, 6) for c in (0, 2, 4, 6, 8)]
    assert [tuple(w[:2]) for w in found.windows] == places
    total, counts = np.zeros((9, 11)), np.zeros((9, 11))
    for k, (r, c) in enumerate(places):
        other = x.copy()
        other[:, r : r + 4, c : c + 3] = 0.25
        score = of.numbers(other, Score(2))[0]
        assert found.scores[k, 0] == pytest.approx(score, rel=1e-12)
        total[r : r + 4, c : c + 3] += found.score[0] - score
        counts[r : r + 4, c : c + 3] += 1
    assert np.allclose(found.attributions[0], (total / counts)[..., None])


def test_windows_taken_coarse_first_give_the_same_map() -> None:
    of, x = double("gray"), X[:1].astype(float)
    plain = last(occlusion(of, x, Score(0)))
    steps = list(occlusion(of, x, Score(0), coarse=True))
    coarse = steps[-1].result
    assert np.allclose(plain.attributions, coarse.attributions, rtol=1e-12)
    assert sorted(map(tuple, plain.windows)) == sorted(map(tuple, coarse.windows))
    assert not np.array_equal(plain.windows, coarse.windows)
    # The first sixteenth of them is spread over the whole image.
    assert coarse.windows[:4, 0].tolist() == [0, 0, 8, 8]
    assert [s.done for s in steps] == sorted({s.done for s in steps})
    assert steps[-1].done == steps[-1].total == len(plain.windows)


@pytest.mark.parametrize(
    "method",
    [
        explain.saliency, explain.input_x_gradient, explain.guided_backprop, explain.smooth_grad,
        explain.integrated_gradients, explain.occlusion, explain.grad_cam,
    ],
)  # fmt: skip
def test_one_sample_several_and_several_classes(method: Callable[..., Any], model: Model) -> None:
    channels = method is not explain.grad_cam
    several = method(model, X, [1, 3, 1])
    assert several.shape == (X.shape if channels else X.shape[:3])
    for k, chosen in enumerate((1, 3, 1)):
        if method is not explain.smooth_grad:
            one = method(model, X[k], chosen)
            assert one.shape == several.shape[1:]
            assert np.allclose(one, several[k], atol=1e-6)
    assert method(model, X[0, ..., 0], 1).shape == (12, 12)
    predicted = method(model, X)
    assert np.array_equal(predicted, method(model, X, model.predict(X).argmax(1)))


def test_explanations_are_of_the_weights_the_model_has_now(model: Model) -> None:
    before = explain.saliency(model, X, 1)
    weights = model.get_weights()
    model.set_weights([w * 0.5 for w in weights])
    assert not np.allclose(explain.saliency(model, X, 1), before)
    model.set_weights(weights)
    assert np.array_equal(explain.saliency(model, X, 1), before)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, [0, 1, 2], verbose=0)
    assert not np.array_equal(explain.saliency(model, X, 1), before)


def test_noise_is_that_of_its_seed(model: Model) -> None:
    first = explain.smooth_grad(model, X, 1, seed=4, stdevs=0.2)
    assert np.array_equal(first, explain.smooth_grad(model, X, 1, seed=4, stdevs=0.2))
    assert not np.array_equal(first, explain.smooth_grad(model, X, 1, seed=5, stdevs=0.2))
    assert np.allclose(
        explain.smooth_grad(model, X, 1, stdevs=0.0), explain.saliency(model, X, 1), atol=1e-6
    )


def test_feature_maps_are_what_each_layer_gives(model: Model) -> None:
    maps = explain.feature_maps(model, X)
    assert list(maps) == [layer.name for layer in (*model.layers,)] or list(maps)[1:] == [
        layer.name for layer in model.layers
    ]
    assert np.array_equal(maps[model.layers[-1].name], model.predict(X))
    assert np.allclose(maps["max_pooling2d"], maps["first"].reshape(3, 6, 2, 6, 2, 4).max((2, 4)))
    assert explain.feature_maps(model, X[0])["second"].shape == (6, 6, 6)


def test_a_channel_is_excited_by_what_is_found_for_it(model: Model) -> None:
    of = explain.explainer(model)
    channels = maximization.channel_explainer(of, "second")
    run = [
        step.result for step in maximization.activation_maximization(channels, 2, steps=30, seed=1)
    ]
    found = run[-1]
    assert found.activations.shape == (31,)
    assert found.activations[-1] > 2 * found.activations[0]
    mean = explain.feature_maps(model, found.image)["second"][..., 2].mean()
    assert found.activations[-1] == pytest.approx(mean, rel=1e-5)
    assert found.image.min() >= 0
    assert found.image.max() <= 1
    again = explain.activation_maximization(model, "second", 2, steps=30, seed=1)
    assert np.array_equal(again, found.image)
    assert not np.array_equal(
        again, explain.activation_maximization(model, "second", 2, steps=30, seed=2)
    )
    # A unit of a dense layer, and a class before its softmax.
    assert explain.activation_maximization(model, "dense", 1, steps=3).shape == (12, 12, 1)
    assert explain.activation_maximization(model_of("table"), "dense_2", 0, steps=3).shape == (6,)


def test_the_nearest_are_nearest_in_the_layer(model: Model) -> None:
    of = explain.explainer(model)
    x = np.random.default_rng(8).uniform(0, 1, (40, 12, 12, 1)).astype(np.float32)
    layer = next(name for name, shape in of.shapes.items() if len(shape) == 3 and shape[-1] > 1)
    features = of.layer_outputs(x)[layer].reshape(40, -1)
    assert set(of.layer_outputs(x, (layer,))) == {layer}
    batches = ((k, x[k : k + 7]) for k in range(0, 40, 7))
    found = last(nearest(of, batches, 40, layer, x[11], k=6, without=11))
    far = np.sqrt(((features - features[11]) ** 2).sum(1))
    far[11] = np.inf
    order = np.argsort(far, kind="stable")[:6]
    assert found.samples.tolist() == order.tolist()
    assert np.allclose(found.distances, far[order], rtol=1e-5)


def test_a_channel_that_is_silent_at_grey_is_woken_by_noise() -> None:
    # Answers to nothing but a bright pixel between dark ones.
    kernel = np.full((3, 3, 1, 1), -1.0, np.float32)
    kernel[1, 1] = 4.0
    model = core.Sequential(
        [core.Input((12, 12, 1)), layers.Conv2D(1, 3, activation="relu", name="spots"), layers.Flatten(),
         layers.Dense(2)], seed=0,
    )  # fmt: skip
    model.get_layer("spots").set_weights([kernel, np.zeros(1, np.float32)])
    piece = maximization.channel_explainer(explain.explainer(model), "spots")
    grey = np.full((1, 12, 12, 1), 0.5, np.float32)
    assert piece.outputs(grey)[0, 0] == 0
    found = last(
        maximization.activation_maximization(
            piece, 0, steps=30, seed=2, total_variation=0, blur_every=0
        )
    )
    assert found.activations[0] > 0
    assert found.activations[-1] > 2 * found.activations[0]


def test_deleting_the_pixels_of_a_good_map_costs_more_than_of_a_bad_one(model: Model) -> None:
    x = X[0]
    good = explain.occlusion(model, x, 1)
    curves = {
        way: [getattr(explain, way)(model, x, m, 1, on="score") for m in (good, -good)]
        for way in ("deletion", "insertion")
    }
    assert curves["deletion"][0].area < curves["deletion"][1].area
    assert curves["insertion"][0].area > curves["insertion"][1].area
    one = curves["deletion"][0]
    assert one.fractions[[0, -1]].tolist() == [0, 1]
    of = explain.explainer(model)
    assert one.scores[0] == pytest.approx(of.numbers(x[None], Score(1))[0])
    assert one.scores[-1] == pytest.approx(of.numbers(0 * x[None], Score(1))[0])
    half = x.reshape(-1).copy()
    half[one.order[:72]] = 0
    k = int(np.flatnonzero(one.fractions == 0.5)[0])
    assert one.scores[k] == pytest.approx(
        of.numbers(half.reshape(1, 12, 12, 1), Score(1))[0], rel=1e-5
    )


def test_layers_forget_one_after_the_other(model: Model) -> None:
    of = explain.explainer(model)
    found = explain.cascading_randomization(
        model, lambda one: gradients.saliency(one, X[:1], Score(1)), seed=3
    )
    assert [r.layers for r in found] == [
        (), ("dense_1",), ("dense_1", "dense"), ("dense_1", "dense", "second"),
        ("dense_1", "dense", "second", "first"),
    ]  # fmt: skip
    assert np.array_equal(found[0].attributions, gradients.saliency(of, X[:1], Score(1)))
    assert found[0].correlation == 1.0
    assert found[-1].correlation < 0.9
    # A map of the image alone does not care.
    blind = explain.cascading_randomization(model, lambda _: X[:1], seed=3)
    assert [r.correlation for r in blind] == pytest.approx([1.0] * 5)


def test_rank_correlation_shares_ranks_of_equal_numbers() -> None:
    a, b = np.array([1.0, 2.0, 2.0, 5.0]), np.array([10.0, 40.0, 20.0, 30.0])
    # Ranks 1, 2.5, 2.5, 4 and 1, 4, 2, 3: covariance 3, variances 4.5 and 5.
    assert randomization.rank_correlation(a, b) == pytest.approx(3 / np.sqrt(4.5 * 5))
    assert randomization.rank_correlation(a, a**3) == pytest.approx(1)
    assert np.isnan(randomization.rank_correlation(a, np.ones(4)))


FIELDS = {
    "plain": [layers.Conv2D(2, 3, name="last")],
    "same": [
        layers.Conv2D(2, 3, padding="same"),
        layers.MaxPooling2D(2),
        layers.Conv2D(2, 5, padding="same", name="last"),
    ],
    "strides": [layers.Conv2D(2, (4, 3), strides=(2, 3), padding="same"), layers.Conv2D(2, 2, name="last")],
    "dilated": [layers.ZeroPadding2D(((1, 0), (2, 1))), layers.Conv2D(2, 3, dilation_rate=2, name="last")],
    "larger": [
        layers.AveragePooling2D(2),
        layers.UpSampling2D(2),
        layers.Cropping2D(1),
        layers.Conv2D(2, 3, name="last"),
    ],
}  # fmt: skip

#: Of these a place does not see every pixel of its field.
HOLES = ("dilated", "larger")


@pytest.mark.parametrize("name", FIELDS)
def test_a_place_sees_what_its_gradient_reaches(name: str) -> None:
    model = core.Sequential([core.Input((16, 19, 1)), *FIELDS[name]])
    of = explain.explainer(model)
    shape = of.shapes["last"]
    field = field_of(of.network, of.shapes, "last")
    # Numbers that no operation makes 0: every weight is positive, no maximum is tied.
    of.set_weights({k: np.full_like(v, 0.5) for k, v in of.weights.items()})
    x = np.random.default_rng(0).uniform(0.5, 1, (1, 16, 19, 1)).astype(np.float32)
    base = of.layer_outputs(x)["last"]
    for row, column in {(0, 0), (shape[0] // 2, shape[1] // 2), (shape[0] - 1, shape[1] - 1)}:
        top, left, bottom, right = field.seen(row, column)
        outside = np.full_like(x, 9.0)
        outside[:, top:bottom, left:right] = x[:, top:bottom, left:right]
        assert of.layer_outputs(outside)["last"][0, row, column, 0] == pytest.approx(
            base[0, row, column, 0]
        )
        if name in HOLES:
            continue
        for r, c in ((top, left), (bottom - 1, right - 1), (top, right - 1)):
            # Pooling takes the largest: a large number in any corner is seen.
            touched = x.copy()
            touched[0, r, c] = 50.0
            assert (
                of.layer_outputs(touched)["last"][0, row, column, 0] > base[0, row, column, 0] + 1
            )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: explain.saliency(m, X, 5), "from 0 to 4"),
        (lambda m: explain.saliency(m, X, -1), "from 0 to 4"),
        (lambda m: explain.saliency(m, X, [1, 2]), "one for each of the 3 samples"),
        (lambda m: explain.saliency(m, X, 1, on="logit"), '"score"'),
        (lambda m: explain.saliency(m, X, 1, against=1), "another class"),
        (lambda m: explain.saliency(m, X[:0], 1), "no sample"),
        (lambda m: explain.saliency(m, X * np.nan, 1), "NaN"),
        (lambda m: explain.saliency(m, np.zeros((3, 9, 9, 1)), 1), r"\(samples, 12, 12, 1\)"),
        (lambda m: explain.saliency(m, X, 1, abs="no"), "True or False"),
        (lambda m: explain.smooth_grad(m, X, 1, nt_samples=0), "nt_samples"),
        (lambda m: explain.smooth_grad(m, X, 1, stdevs=-1), "stdevs"),
        (lambda m: explain.smooth_grad(m, X, 1, nt_type="mean"), "vargrad"),
        (lambda m: explain.smooth_grad(m, X, 1, noise=np.zeros((3, 2, 12, 12, 1))), "noise must have"),
        (lambda m: explain.integrated_gradients(m, X, 1, n_steps=0), "n_steps"),
        (lambda m: explain.integrated_gradients(m, X, 1, method="gauss"), "gausslegendre"),
        (lambda m: explain.integrated_gradients(m, X, 1, baselines=np.zeros((4, 4))), "one sample"),
        (lambda m: explain.occlusion(m, X, 1, (13, 3)), "larger than the image of 12×12"),
        (lambda m: explain.occlusion(m, X, 1, (3, 3), (4, 1)), "would never be hidden"),
        (lambda m: explain.occlusion(m, X, 1, (0, 3)), "height and a width"),
        (lambda m: explain.grad_cam(m, X, 1, "dense"), "dense has no maps.*first, max_pooling2d"),
        (lambda m: explain.grad_cam(m, X, 1, "third"), "third"),
        (lambda m: explain.grad_cam(m, X, 1, "first", interpolate_mode="cubic"), "bilinear"),
        (lambda _: explain.grad_cam(model_of("table"), np.zeros((1, 6)), 1), "this network has none"),
        (lambda _: explain.occlusion(model_of("table"), np.zeros((1, 6)), 1), "a part of an image"),
        (lambda m: explain.activation_maximization(m, "first", 4), "from 0 to 3"),
        (lambda m: explain.activation_maximization(m, "first", 0, steps=0), "steps"),
        (lambda m: explain.activation_maximization(m, "first", 0, l2=-1), "l2"),
        (lambda m: explain.deletion(m, X, X, 1), "of one sample"),
        (lambda m: explain.insertion(m, X[0], np.zeros((3, 3)), 1), "3×3 numbers"),
    ],
)  # fmt: skip
def test_refusals_say_what_to_do(call: Callable[[Model], Any], sentence: str, model: Model) -> None:
    with pytest.raises(ChainruleError, match=sentence):
        call(model)


def test_networks_that_cannot_be_explained_say_why() -> None:
    a, b = core.Input((2,)), core.Input((2,))
    two = core.Model([a, b], layers.Add()([a, b]))
    with pytest.raises(ChainruleError, match="one input"):
        explain.saliency(two, np.zeros((1, 2)), 0)
    sequence = core.Sequential([core.Input((4, 2)), layers.SimpleRNN(3, return_sequences=True)])
    with pytest.raises(ChainruleError, match="one list of numbers"):
        explain.saliency(sequence, np.zeros((1, 4, 2)), 0)


def test_a_network_of_large_pictures_is_built_and_explained_a_few_rows_at_a_time() -> None:
    def conv(filters: int) -> layers.Conv2D:
        return layers.Conv2D(filters, 3, padding="same", activation="relu")

    # Batches of 64 of it would take more memory than the limit: one picture does not.
    model = core.Sequential(
        [
            core.Input((224, 224, 3)), conv(16), conv(16), layers.MaxPooling2D(4), conv(16),
            layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
        ]
    )  # fmt: skip
    x = np.random.default_rng(0).uniform(0, 1, (224, 224, 3)).astype(np.float32)
    assert model.predict(x[None]).shape == (1, 4)
    assert explain.saliency(model, x, 1).shape == x.shape
    assert explain.grad_cam(model, x, 1).shape == (224, 224)
    assert explain.explainer(model).rows_at_once < 16
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ChainruleError, match=r"batches of at most \d+ instead of 64"):
        model.fit(np.zeros((64, 224, 224, 3), np.float32), np.zeros(64), 64, verbose=0)


def test_the_first_points_of_a_coarse_path_are_of_all_of_it(model: Model) -> None:
    of = Explainer(model.network, model.weights_by_name(), np.float64)
    # As on a large picture, of which only a few gradients go through at once.
    of.gradients_at_once = lambda score: 4  # type: ignore[method-assign]
    x, score = X[:1], Score(1)
    plain = list(gradients.integrated_gradients(of, x, score, n_steps=20))
    coarse = list(gradients.integrated_gradients(of, x, score, n_steps=20, coarse=True))
    end = plain[-1].result
    assert np.allclose(coarse[-1].result.attributions, end.attributions, rtol=1e-9, atol=1e-12)
    assert np.array_equal(coarse[-1].result.alphas, end.alphas)
    assert np.allclose(coarse[-1].result.scores, end.scores)
    first = [
        np.abs(steps[0].result.attributions - end.attributions).sum() for steps in (plain, coarse)
    ]
    assert first[1] < first[0]
    assert coarse[0].result.alphas.max() - coarse[0].result.alphas.min() > 0.6
    assert plain[0].result.alphas.max() < 0.3


def test_grad_cam_is_of_the_last_convolution_and_not_of_the_pooling_behind_it() -> None:
    pooled = core.Sequential(
        [core.Input((8, 8, 1)), layers.Conv2D(2, 3, name="first"), layers.Conv2D(3, 3, name="last"),
         layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(2, activation="softmax")], seed=0
    )  # fmt: skip
    assert last_convolution(Explainer(pooled.network, pooled.weights_by_name())) == "last"
    x = np.random.default_rng(1).uniform(0, 1, (8, 8, 1)).astype(np.float32)
    assert np.array_equal(explain.grad_cam(pooled, x, 1), explain.grad_cam(pooled, x, 1, "last"))
    # Without any convolution it is of the last layer with maps.
    bare = core.Sequential(
        [core.Input((8, 8, 1)), layers.MaxPooling2D(2, name="pool"), layers.Flatten(), layers.Dense(2)], seed=0
    )  # fmt: skip
    assert last_convolution(Explainer(bare.network, bare.weights_by_name())) == "pool"
