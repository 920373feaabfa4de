"""Pictures of surfaces: where lines run, which tones points have, and what has no height."""

from __future__ import annotations

import numpy as np
import pytest

from core import landscape
from core.landscape.relief import HOLE, STRENGTHS, STRIPE, TONES, enlarged, nice, relief


def _split(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return codes // STRENGTHS, codes % STRENGTHS


def test_lines_of_a_slope_run_where_it_has_their_heights() -> None:
    x = np.linspace(0.0, 14.0, 281)
    tone, strength = _split(relief(np.tile(x, (40, 1))).codes)
    strong = np.flatnonzero(strength[20] > 0)
    # Heights from 0 to 14 are lined every 1: at pixels 0, 20, 40, ...
    assert {round(k / 20) for k in strong} == set(range(15))
    assert all(abs(k - 20 * round(k / 20)) <= 1 for k in strong)
    # Every second one is half as strong.
    assert strength[20, 40] == STRENGTHS - 1
    assert strength[20, 60] == round((STRENGTHS - 1) / 2)
    assert tone[20, 0] == 0
    assert tone[20, -1] == TONES - 1
    assert (np.diff(tone[20].astype(int)) >= 0).all()


def test_doublings_are_lined_where_the_height_above_the_lowest_is_a_power_of_two() -> None:
    surface = landscape.surface("bowl")
    values = surface.grid((-3, 3), (-3, 3), 301, 301) + 5.0
    found = relief(values, log=True, base=5.0)
    assert found.log
    assert found.every == 2.0
    assert found.base == 5.0
    strength = found.codes[150] % STRENGTHS
    x = np.linspace(-3, 3, 301)
    # x² is 4 at 2, which is an even power; 2 at 1.414, an odd one.
    at = {value: int(np.abs(x - value).argmin()) for value in (2.0, 1.4142, 1.7)}
    assert strength[at[2.0]] > 10
    assert 3 <= strength[at[1.4142]] <= 8
    assert strength[at[1.7]] == 0


def test_the_lowest_point_is_not_lower_than_the_lowest_height_there_is() -> None:
    found = relief(np.array([[1.0, 2.0], [3.0, 4.0]]), log=True, base=2.5)
    assert found.base == 1.0


def test_what_has_no_height_is_hatched_and_disturbs_nothing_else() -> None:
    x = np.linspace(0.0, 14.0, 281)
    values = np.tile(x, (40, 1))
    values[:, 100:150] = np.nan
    codes = relief(values).codes
    assert set(np.unique(codes[:, 100:150])) == {HOLE, STRIPE}
    assert codes[:, :99].max() < HOLE
    whole = relief(np.tile(x, (40, 1))).codes
    assert np.array_equal(codes[:, 160:], whole[:, 160:])


@pytest.mark.parametrize(
    "values",
    [
        np.full((5, 6), np.nan),
        np.full((5, 6), 3.0),
        np.array([[1.0]]),
        np.array([[1.0, np.inf], [2.0, 1e300]]),
    ],
)
@pytest.mark.parametrize("log", [False, True])
def test_heights_that_make_no_picture_make_one_all_the_same(values: np.ndarray, log: bool) -> None:
    codes = relief(values, log=log).codes
    assert codes.shape == values.shape
    assert ((codes >= HOLE) == ~np.isfinite(values)).all()


def test_a_plateau_at_the_height_of_a_line_is_not_filled_with_it() -> None:
    x = np.linspace(-2.0, 2.0, 201)
    values = np.tile(np.maximum(x, 0.0), (50, 1))
    strength = relief(values).codes % STRENGTHS
    assert strength[:, :95].max() == 0
    assert strength[:, 105:].max() > 0


def test_lines_are_left_out_where_they_would_be_one() -> None:
    values = np.tile(np.linspace(0.0, 14.0, 12), (12, 1))
    assert (relief(values).codes % STRENGTHS).max() == 0


def test_enlarging_keeps_corners_and_a_plane() -> None:
    plane = np.add.outer(np.linspace(0, 3, 7), np.linspace(0, 5, 11))
    found = enlarged(plane, 51, 31)
    exact = np.add.outer(np.linspace(0, 3, 31), np.linspace(0, 5, 51))
    assert np.allclose(found, exact, atol=1e-12)


def test_a_part_is_enlarged_as_it_lies_in_the_whole() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(9, 13))
    whole = enlarged(values, 12 * 20 + 1, 8 * 20 + 1)
    part = enlarged(values, 101, 41, across=(0.25, 0.25 + 100 / 240), down=(0.5, 0.75))
    assert np.allclose(part, whole[80:121, 60:161], atol=1e-12)
    # As many points as there are is another part, too.
    same = enlarged(values, 13, 9, across=(0.0, 0.5), down=(0.0, 0.5))
    assert np.allclose(same[::2, ::2], values[:5, :7], atol=1e-12)


@pytest.mark.parametrize(("step", "found"), [(0.9, 1.0), (1.2, 2.0), (30.0, 50.0), (7e-4, 1e-3)])
def test_steps_are_one_two_or_five(step: float, found: float) -> None:
    assert nice(step) == pytest.approx(found)


@pytest.mark.parametrize("log", [False, True])
def test_heights_near_the_largest_number_are_drawn(log: bool) -> None:
    ends = np.array([[-1.7e308, 0.0], [1e300, 1.7e308]])
    found = relief(np.kron(ends, np.ones((4, 4))), log=log, base=-1.7e308)
    assert (found.codes < HOLE).all()
    assert found.codes[0, 0] < found.codes[-1, -1]
    assert np.isfinite([found.base, found.every]).all()
