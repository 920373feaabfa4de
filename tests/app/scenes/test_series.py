from __future__ import annotations

import numpy as np
import pytest

from app.scenes import series
from app.scenes.confusion import ConfusionScene
from app.scenes.decision import contour, score
from app.scenes.draw import plain, scientific, signed
from app.scenes.health import verdict


def test_thinning_goes_through_the_middle_and_keeps_the_ends() -> None:
    rng = np.random.default_rng(0)
    x = np.arange(100_000)
    y = rng.normal(size=x.size) + x / 1000
    thin_x, thin_y = series.thin(x, y, 300, 0, x.size)
    assert len(thin_x) == 300
    assert (np.diff(thin_x) > 0).all()
    assert (thin_x[0], thin_x[-1]) == (0, x[-1])
    assert (thin_y[0], thin_y[-1]) == (y[0], y[-1])
    # A mean of 333 values lies within five of its standard errors.
    assert np.abs(thin_y[1:-1] - thin_x[1:-1] / 1000).max() < 5 / np.sqrt(333)


def test_columns_keep_every_extreme() -> None:
    rng = np.random.default_rng(0)
    x = np.arange(100_000)
    y = rng.normal(size=x.size)
    y[43_210], y[70_001] = 9.0, -9.0
    at, low, high = series.ranges(x, y, 300, 0, x.size)
    column = (x / x.size * 300).astype(int)
    assert list(at) == list(range(300))
    for k in (0, 17, column[43_210], column[70_001], 299):
        assert high[k] == y[column == k].max()
        assert low[k] == y[column == k].min()


def test_dashes_cover_their_share_of_any_line() -> None:
    rng = np.random.default_rng(0)
    x, y = np.arange(500.0), rng.random(500) * 80
    pieces = series.dashes(x, y, 5.0, 3.0)
    drawn = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    whole = np.hypot(np.diff(x), np.diff(y)).sum()
    assert drawn.sum() == pytest.approx(whole * 5 / 8, rel=0.01)
    assert drawn.max() <= 5 + 1e-9
    # Two points, shorter than a dash: drawn whole.
    assert series.dashes(np.array([0.0, 3.0]), np.array([0.0, 0.0]), 5, 3).tolist() == [
        [0, 0, 3, 0]
    ]


def test_short_series_are_left_alone() -> None:
    x, y = series.thin(np.arange(50), np.arange(50.0), 300, 0, 50)
    assert len(x) == 50
    assert (y == np.arange(50)).all()


def test_values_that_are_no_numbers_are_left_out() -> None:
    x, y = series.thin(np.arange(4), np.array([1.0, np.nan, 2.0, np.inf]), 10, 0, 4)
    assert list(x) == [0, 2]
    assert list(y) == [1, 2]
    at, low, high = series.ranges(np.arange(4), np.array([1.0, np.nan, 2.0, np.inf]), 2, 0, 4)
    assert list(at) == [0, 1]
    assert list(low) == list(high) == [1, 2]


def test_smoothing_starts_at_the_first_value_and_follows() -> None:
    y = np.r_[np.full(100, 2.0), np.full(400, 1.0)]
    s = series.smooth(y, 0.9)
    assert s[0] == pytest.approx(2.0)
    assert s[-1] == pytest.approx(1.0)
    assert (np.diff(s) <= 1e-12).all()
    assert np.isfinite(series.smooth(np.array([1.0, np.nan, 2.0]))).all()


def test_smoothing_grows_without_a_jump_and_lags_little() -> None:
    keeps = [series.smoothing(n) for n in range(1, 3000)]
    assert np.diff(keeps).min() >= 0
    assert np.diff(keeps).max() < 0.01
    # A falling line is followed at a distance of at most a sixtieth of its length.
    for n in (400, 1000, 3000):
        falling = np.linspace(1.0, 0.0, n)
        assert series.smooth(falling, series.smoothing(n))[-1] < 1 / 50


def test_ticks_are_round() -> None:
    assert series.ticks(-6, 6, 4, (1, 2, 3, 5, 10)) == [-6, -3, 0, 3, 6]
    assert series.ticks(0, 20, 4) == [0, 5, 10, 15, 20]
    assert series.ticks(1, 1, 4) == [1]


def test_numbers_have_a_true_minus() -> None:
    assert signed(-0.5, 2) == "\N{MINUS SIGN}0.50"
    assert signed(0.25, 2) == "+0.25"
    assert signed(-0.0001, 2) == "+0.00"
    assert plain(-1.5, 1) == "\N{MINUS SIGN}1.5"
    assert plain(-0.0, 1) == "0.0"
    # A loss that outgrew its place is still a number one can read.
    assert plain(3.11e34, 4) == "3.1e34"
    assert signed(-7.3e19, 0) == "\N{MINUS SIGN}7.3e19"
    assert signed(7.3e19, 2) == "+7.3e19"
    assert plain(float("inf"), 2) == "∞"
    assert signed(float("-inf"), 2) == "\N{MINUS SIGN}∞"
    assert signed(float("nan"), 2) == "NaN"
    assert scientific(0.0028) == "2.8e\N{MINUS SIGN}3"


def test_the_contour_of_a_circle_is_round() -> None:
    axis = np.linspace(-2, 2, 81)
    x, y = np.meshgrid(axis, axis)
    segments = contour(x**2 + y**2 - 1)
    points = (segments.reshape(-1, 2) / 80) * 4 - 2
    assert len(segments) > 100
    np.testing.assert_allclose(np.hypot(points[:, 0], points[:, 1]), 1, atol=0.01)


def test_scores_are_zero_on_the_boundary() -> None:
    assert score(np.full((1, 2, 2), 0.5), "sigmoid").max() == 0
    both = np.stack([np.full((2, 2), 0.3), np.full((2, 2), 0.7)])
    np.testing.assert_allclose(score(both, "softmax"), 0.4)


def test_verdicts() -> None:
    assert verdict(0.1, float("nan")) == "healthy"
    assert verdict(1e-7, float("nan")) == "vanishing"
    assert verdict(1e5, float("nan")) == "exploding"
    assert verdict(0.1, 0.6) == "60 % saturated"
    assert verdict(float("nan"), 0.0) == "not a number"
    assert verdict(0.1, 0.0, dead=0.5) == "50 % dead"
    assert verdict(0.1, 0.0, dead=0.3) == "healthy"
    assert verdict(float("nan"), float("nan"), learns=False) == "frozen"


def test_confusion_names_the_cell() -> None:
    from app.scenes.frame import Frame, ViewState
    from tests.app.scenes.fixtures_images import trained_cnn

    spec, shots = trained_cnn(20)
    scene = ConfusionScene()
    place = scene.layout(spec, (360.0, 396.0), ViewState())
    hit = place.hits.get("cell:3:5")
    assert hit is not None
    lines = scene.describe(place, hit, Frame(None, shots[-1]))
    matrix = shots[-1].evaluation.confusion
    assert lines == ("Label 3 read as 5", f"{matrix[3, 5]} of {matrix[3].sum()} times")


def test_what_was_not_measured_yet_is_not_drawn() -> None:
    y = np.concatenate([np.full(30, np.nan), np.linspace(1.0, 2.0, 50)])
    even = series.smooth(y)
    assert np.isnan(even[:30]).all()
    assert even[30] == pytest.approx(1.0, abs=0.05)
    assert np.isfinite(even[30:]).all()
