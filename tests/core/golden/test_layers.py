"""Every layer predicts and learns as in Keras: outputs, gradients, statistics, from stored files."""

from __future__ import annotations

import numpy as np
import pytest

from tests.core.golden import layers, our_side
from tests.core.golden.layers.case import LayerCase

ALL = layers.all_cases()


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for _, case in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("part", "case"), ALL, ids=[f"{p}: {c.name}" for p, c in ALL])
def test_a_layer_is_keras_s(part: str, case: LayerCase) -> None:
    expected = dict(layers.of(part, case.name))
    names = [str(name) for name in expected.pop("weights")]
    found = our_side.measured(case, names)
    assert set(found) == set(expected)
    for key, theirs in expected.items():
        error = our_side.error(found[key], theirs)
        assert error <= case.tolerance, (key, error, found[key], theirs)


def test_an_error_is_seen() -> None:
    a = np.array([1.0, 2.0])
    assert our_side.error(a, a) == 0
    assert our_side.error(a + np.array([0, 1e-4]), a) == pytest.approx(5e-5)
    assert our_side.error(np.array([np.nan, 2]), a) == np.inf
