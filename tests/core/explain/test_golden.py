"""Attributions equal Captum's, from the file and, where it is installed, here and now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.core.explain.cases import CASES, Case
from tests.core.explain.our_side import answer, error, golden

#: Relative to the largest number of a map.
LIMIT = 1e-4


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
