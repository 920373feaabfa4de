"""Planes through weights: filters keep their length, components are those of NumPy, shadows are nearest points."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

import core
from core import layers
from core.errors import ChainruleError
from core.landscape.planes import Layout, Plane, principal_plane, random_plane
from core.landscape.slices import Losses
from tests.core.landscape.subjects import chancy, trained


def layout_of(model: Any) -> Layout:
    return Layout(model.program(4).tape)


def row_of(model: Any) -> np.ndarray:
    return layout_of(model).flat(model._weights())


def finished(pieces: Generator[float, None, Plane]) -> Plane:
    shares = []
    while True:
        try:
            shares.append(next(pieces))
        except StopIteration as end:
            assert shares == sorted(shares)
            assert shares[-1] == 1.0
            return end.value


#: Layers whose filters lie along other axes, with those axes.
KINDS = {
    "dense": ((5,), [layers.Dense(3)], {"kernel": (-1,)}),
    "convolution": ((6, 6, 2), [layers.Conv2D(3, 3)], {"kernel": (-1,)}),
    "transposed": ((4, 4, 2), [layers.Conv2DTranspose(3, 3)], {"kernel": (-2,)}),
    "depthwise": ((6, 6, 2), [layers.DepthwiseConv2D(3, depth_multiplier=2)], {"kernel": (-2, -1)}),
    "separable": (
        (6, 6, 2), [layers.SeparableConv2D(4, 3)], {"depthwise_kernel": (-2, -1), "pointwise_kernel": (-1,)},
    ),
    "embedding": ((5,), [layers.Embedding(7, 3)], {"embeddings": (0,)}),
    "recurrent": ((5, 3), [layers.GRU(4)], {"kernel": (-1,), "recurrent_kernel": (-1,)}),
    "wrapped": (
        (5, 3), [layers.Bidirectional(layers.LSTM(2))],
        {"forward/kernel": (-1,), "forward/recurrent_kernel": (-1,),
         "backward/kernel": (-1,), "backward/recurrent_kernel": (-1,)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_filter_of_a_random_direction_is_as_long_as_that_of_the_weights(kind: str) -> None:
    shape, own, axes = KINDS[kind]
    model = core.Sequential([core.Input(shape), *own, layers.BatchNormalization()], seed=1)
    layout, weights = layout_of(model), model._weights()
    plane = random_plane(layout, layout.flat(weights), seed=4)
    found = 0
    for k in range(2):
        direction = layout.weights(np.pad(plane.directions[k], (0, layout.size - layout.learned)))
        for name, values in direction.items():
            role = name.partition("/")[2]
            if role not in axes:
                assert not values.any(), name
                continue
            rest = tuple(set(range(values.ndim)) - {a % values.ndim for a in axes[role]})
            assert values.any(), name
            np.testing.assert_allclose(
                np.sqrt((values**2).sum(rest)), np.sqrt((weights[name] ** 2).sum(rest)), rtol=1e-5
            )
            found += 1
    assert found == 2 * len(axes)
    again = random_plane(layout, layout.flat(weights), seed=4)
    other = random_plane(layout, layout.flat(weights), seed=5)
    assert (again.directions == plane.directions).all()
    assert (other.directions != plane.directions).any()


def test_frozen_layers_and_statistics_stay_as_they_are_everywhere_in_a_plane() -> None:
    model = chancy()
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    losses = Losses.of_model(model, np.ones((3, 4)), np.array([0, 1, 1]))
    layout, weights = losses.layout, model._weights()
    plane = random_plane(layout, layout.flat(weights))
    far = layout.weights(plane.at(1.5, -2.0))
    moved = {name for name in far if (far[name] != weights[name]).any()}
    kernels = [name for name in weights if name.endswith("/kernel")]
    assert moved == {kernels[1]}


def test_principal_components_are_those_of_numpys_decomposition() -> None:
    model = chancy()
    layout, start = layout_of(model), row_of(model)
    rng = np.random.default_rng(2)
    # Two ways of other lengths: far along one direction, less along another, and some noise.
    ways = []
    for steps, slope in ((30, 1.0), (21, -0.4)):
        t = np.linspace(0, 1, steps)[:, None]
        way = start + t * rng.normal(size=layout.size) * slope + t**2 * rng.normal(size=layout.size)
        ways.append((way + 1e-3 * rng.normal(size=way.shape)).astype(np.float32))
    plane = finished(principal_plane(layout, ways))
    matrix = np.concatenate(ways)[:, : layout.learned].astype(np.float64)
    _, values, vectors = np.linalg.svd(matrix - matrix.mean(0), full_matrices=False)
    np.testing.assert_allclose(plane.shares, values[:2] ** 2 / (values**2).sum(), rtol=1e-10)
    for own, theirs in zip(plane.directions, vectors[:2], strict=True):
        assert own[np.abs(own).argmax()] > 0
        np.testing.assert_allclose(own * np.sign(own @ theirs), theirs, atol=1e-8)
    np.testing.assert_allclose(plane.centre, np.concatenate(ways).mean(0), rtol=1e-5, atol=1e-6)
    last = ways[0][-1]
    assert (finished(principal_plane(layout, ways, last)).centre == last).all()


def test_weights_that_go_along_a_line_are_shown_in_a_plane_all_the_same() -> None:
    model = chancy()
    layout, start = layout_of(model), row_of(model).astype(np.float64)
    way = np.outer(1 + np.arange(5) / 8, start).astype(np.float32)
    plane = finished(principal_plane(layout, [way]))
    assert plane.shares[0] == pytest.approx(1.0)
    assert plane.shares[1] == 0.0
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    assert np.abs(plane.project(way).places[:, 1]).max() < 1e-5


@pytest.mark.parametrize("kind", ["random", "principal"])
def test_the_shadow_of_weights_is_the_nearest_point_of_the_plane(kind: str) -> None:
    model, *_ = trained()
    layout, centre = layout_of(model), row_of(model)
    rng = np.random.default_rng(7)
    away = centre + rng.normal(size=(4, layout.size)).astype(np.float32)
    if kind == "random":
        plane = random_plane(layout, centre)
    else:
        plane = finished(principal_plane(layout, [away], centre))
    shadow = plane.project(away)
    for k in range(4):
        difference = away[k, : layout.learned].astype(np.float64) - centre[: layout.learned]
        place, rest, *_ = np.linalg.lstsq(plane.directions.T, difference, rcond=None)
        np.testing.assert_allclose(shadow.places[k], place, rtol=1e-9)
        assert shadow.distances[k] == pytest.approx(np.sqrt(rest[0]), rel=1e-9)
        assert shadow.lengths[k] == pytest.approx(np.linalg.norm(difference), rel=1e-12)
    on = np.stack([plane.at(0.25, -0.5), plane.at(0.0, 0.0)])
    seen = plane.project(on)
    np.testing.assert_allclose(seen.places, [[0.25, -0.5], [0, 0]], atol=1e-5)
    assert seen.distances.max() < 1e-5
    assert (on[1] == centre).all()
    broken = np.full((1, layout.size), np.nan, np.float32)
    assert np.isnan(plane.project(broken).places).all()


def test_what_has_no_directions_is_refused() -> None:
    model = core.Sequential([core.Input((3,)), layers.Dense(2)], seed=0)
    layout = layout_of(model)
    with pytest.raises(ChainruleError, match="did not move"):
        finished(principal_plane(layout, [np.tile(row_of(model), (4, 1))]))
    with pytest.raises(ChainruleError, match="the kernels are 0, frozen"):
        random_plane(layout, np.zeros(layout.size, np.float32))
    with pytest.raises(ChainruleError, match="not finite"):
        random_plane(layout, np.full(layout.size, np.nan, np.float32))
    single = core.Sequential([core.Input((1,)), layers.Dense(1, use_bias=False)], seed=0)
    with pytest.raises(ChainruleError, match="single number"):
        random_plane(layout_of(single), row_of(single))
    with pytest.raises(ChainruleError, match="only a line"):
        finished(principal_plane(layout_of(single), [np.array([[1.0], [2.0]], np.float32)]))


def test_a_row_is_the_weights_by_name_and_back() -> None:
    model, *_ = trained(1)
    layout, weights = layout_of(model), model._weights()
    found = layout.weights(layout.flat(weights))
    assert sorted(found) == sorted(layout.names) == sorted(weights)
    assert all((found[name] == weights[name]).all() for name in weights)
    assert layout.size == sum(w.size for w in model.get_weights())
    assert layout.learned == layout.size - 12  # the moving statistics of six channels
    with pytest.raises(ChainruleError, match="missing"):
        layout.flat({})
    with pytest.raises(ChainruleError, match="needs the shape"):
        layout.flat({name: np.zeros((9, 9)) for name in weights})
