"""Points follow their rules, and are the same everywhere and always."""

from __future__ import annotations

import numpy as np
import pytest

from core import data
from core.errors import SettingError

POINTS = ("xor", "spirals", "circles", "moons", "gaussians", "two-blobs")


def nearest_neighbour(points: data.DataSet) -> float:
    """Share of test points whose nearest training point has their label."""
    distance = ((points.x_test[:, None] - points.x_train) ** 2).sum(axis=2)
    return float((points.y_train[distance.argmin(axis=1)] == points.y_test).mean())


def best_line(points: data.DataSet) -> float:
    """Share of test points on the right side of the line of least squares."""
    x = np.column_stack([points.x_train, np.ones(len(points.x_train))])
    line = np.linalg.lstsq(x, points.y_train * 2.0 - 1, rcond=None)[0]
    side = np.column_stack([points.x_test, np.ones(len(points.x_test))]) @ line > 0
    return float((side == points.y_test).mean())


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("samples", [4, 5, 400])
def test_counts_and_balance(name: str, samples: int) -> None:
    points = data.load(name, samples=samples)
    assert len(points.x_train) == len(points.y_train) == samples
    assert len(points.x_test) == max(samples // 4, 2)
    assert abs(np.bincount(points.y_train, minlength=2)[1] - samples // 2) == 0
    assert np.isfinite(points.x_train).all()


@pytest.mark.parametrize(
    ("name", "line_at_most", "neighbour_at_least"),
    [("xor", 0.65, 0.98), ("spirals", 0.7, 0.98), ("circles", 0.65, 0.98), ("moons", 0.95, 0.98)],
)
def test_a_line_cannot_part_them_but_their_shape_can(
    name: str, line_at_most: float, neighbour_at_least: float
) -> None:
    points = data.load(name, samples=1000)
    assert best_line(points) <= line_at_most
    assert nearest_neighbour(points) >= neighbour_at_least


def test_blobs_can_be_parted_by_a_line_and_gaussians_almost() -> None:
    assert best_line(data.load("two-blobs", samples=1000)) == 1.0
    # Bayes: a point lies beyond the middle, at distance sqrt(2), with probability 0.079.
    assert 0.89 < best_line(data.load("gaussians", samples=4000)) < 0.95


def test_xor_is_the_product_of_signs() -> None:
    points = data.load("xor", samples=500)
    assert ((points.x_train.prod(axis=1) < 0) == points.y_train).all()
    assert np.abs(points.x_train).min() >= 0.1


def test_spirals_are_arms_half_a_turn_apart() -> None:
    points = data.load("spirals", samples=600, noise=0.0)
    radius = np.hypot(*points.x_train.T)
    angle = np.arctan2(points.x_train[:, 0], points.x_train[:, 1])
    expected = np.pi * radius + np.pi * points.y_train
    outer = radius > 0.05  # rounding hides the angle of what is next to the origin
    assert np.cos(angle - expected)[outer].min() > 0.999


def test_noise_moves_the_same_points() -> None:
    still = data.load("moons", noise=0.0, seed=3)
    moved = data.load("moons", noise=0.2, seed=3)
    shift = moved.x_train - still.x_train
    assert shift.std() == pytest.approx(0.2, rel=0.1)
    assert np.abs(shift.mean()) < 0.03


def test_same_parameters_same_bits_other_seed_other_points() -> None:
    from core.data import registry

    first = data.load("spirals", samples=100, seed=7)
    registry._load.cache_clear()
    again = data.load("spirals", seed=7, samples=100)
    assert again is not first
    assert again.hash == first.hash
    assert data.load("spirals", samples=100, seed=8).hash != first.hash
    assert not np.isin(again.x_test, again.x_train).all()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("digits", "1cf58a12"),
        ("digits8x8", "dbaef911"),
        ("xor", "4151d4a6"),
        ("spirals", "679c03a4"),
        ("circles", "44e801ff"),
        ("moons", "a6559eb5"),
        ("gaussians", "387bb981"),
        ("two-blobs", "d97963fa"),
        ("weight-height", "fc468482"),
        ("chain-rule", "13d78be0"),
    ],
)
def test_the_numbers_never_change_without_a_new_version(name: str, start: str) -> None:
    """Projects name a data set by id, version and parameters and expect these very numbers."""
    assert data.info(name).version == 1
    assert data.load(name).hash.startswith(start)


def test_parameters_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="Two spirals: noise must be at most 2; it is 7"):
        data.load("spirals", noise=7)
    with pytest.raises(SettingError, match="samples must be a whole number; it is 'many'"):
        data.load("xor", samples="many")
