"""Callbacks on recorded histories: they count, set, keep and write what Keras's do, and hooks come in its order."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import pytest

import core
from tests.core.golden import following

STORED = json.loads(following.PATH.read_text(encoding="utf-8"))


def same(ours: Any, theirs: Any, place: str = "") -> None:
    """Compare what was recorded; rates and metrics are float32 numbers there."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), place
        for key in theirs:
            same(ours[key], theirs[key], f"{place}/{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), place
        for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, f"{place}[{k}]")
    elif isinstance(theirs, float) and isinstance(ours, float):
        if math.isnan(theirs):
            assert math.isnan(ours), place
        else:
            assert ours == pytest.approx(theirs, rel=1e-6), place
    else:
        assert ours == theirs, place


@pytest.mark.parametrize("name", following.CASES)
def test_a_callback_does_with_recorded_metrics_what_keras_s_does(name: str) -> None:
    same(following.ours_of(name), STORED["following"][name])


@pytest.mark.parametrize("name", following.HOOKS)
def test_hooks_come_in_keras_s_order(name: str) -> None:
    same(following.hooks_of(name), STORED["hooks"][name])


@pytest.mark.conformance
def test_keras_still_says_what_is_stored() -> None:
    pytest.importorskip("keras")
    from tests.core.golden import keras_side

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(json.dumps(following.keras_answers(keras_side.keras)))
    for part in ("following", "hooks"):
        assert set(found[part]) == set(STORED[part])
        same({key: found[part][key] for key in STORED[part]}, STORED[part], part)


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(60))
def test_drawn_arguments_and_metrics_end_as_keras_s_do(seed: int) -> None:
    pytest.importorskip("keras")
    from tests.core.golden import keras_side

    case = following.drawn(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = following.followed(keras_side.keras, *case)
    same(following.followed(core, *case), theirs)
