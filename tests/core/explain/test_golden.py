"""Attributions equal Captum's, from the file and, where it is installed, here and now."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core import explain
from tests.core.explain.cases import CASES, DEVIATION, GOLDEN, NOISY, Case, model_of

#: Relative to the largest number of a map.
LIMIT = 1e-4


@cache
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as file:
        return dict(file)


def answer(case: Case) -> np.ndarray:
    """What the engine says."""
    settings = dict(case.arguments)
    if case.method == "smooth_grad":
        settings |= {"noise": case.noise, "nt_samples": NOISY, "stdevs": DEVIATION}
    made = getattr(explain, case.method)(
        model_of(case.network, case.seed), case.x, case.chosen, **settings
    )
    assert made.dtype == np.float32
    return made


def error(mine: np.ndarray, theirs: np.ndarray) -> float:
    assert mine.shape == theirs.shape
    # Where nothing speaks for a class a map is 0 everywhere.
    return float(np.abs(mine - theirs).max() / max(float(np.abs(theirs).max()), 1e-3))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_as_captum_says(case: Case) -> None:
    theirs = golden()[case.name]
    assert np.abs(theirs).max() > 1e-4
    assert error(answer(case), theirs) < LIMIT


def test_the_file_has_every_case_and_no_other() -> None:
    assert set(golden()) == {case.name for case in CASES} | {"versions"}


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_captum_says_the_same_here_and_now(case: Case, seed: int) -> None:
    pytest.importorskip("captum")
    from tests.core.explain import captum_side

    other = replace(case, seed=seed, rows=1 + seed % 3)
    assert error(answer(other), captum_side.answer(other)) < LIMIT
