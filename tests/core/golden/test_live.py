"""Keras, here and now: layers with random settings predict, learn and refuse as Keras does."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from core.errors import ChainruleError
from core.layers.base import Layer
from core.tape.compiler import compile_network
from tests.core.golden import live, our_side

pytestmark = pytest.mark.conformance
KINDS = live.kinds()
DRAWS = 20


def of_keras(case: Any) -> Any:
    """What Keras gives, or its refusal."""
    from tests.core.golden import keras_side

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return keras_side.measured(case)
        except Exception as error:  # noqa: BLE001 - Keras refuses with many kinds of exceptions
            return error


def of_ours(case: Any, names: list[str] | None) -> Any:
    """What the engine gives, or its refusal; without Keras's names of the weights only whether it refuses."""
    try:
        if names is None:
            return compile_network(our_side.network_of(case), "predict")
        return our_side.measured(case, names)
    except ChainruleError as error:
        return error


def compared(cases: list[Any]) -> int:
    """How many cases neither side refuses; both must give the same numbers, or refuse together."""
    count, wrong = 0, []
    for case in cases:
        theirs = of_keras(case)
        refused = isinstance(theirs, Exception)
        names = None if refused else [str(name) for name in theirs.pop("weights")]
        mine = of_ours(case, names)
        if refused or isinstance(mine, Exception):
            if not (refused and isinstance(mine, Exception)):
                wrong.append((case, "refused by one", theirs if refused else mine))
            continue
        count += 1
        assert set(mine) == set(theirs)
        for key, expected in theirs.items():
            error = our_side.error(mine[key], expected)
            if error > case.tolerance:
                wrong.append((case, key, error))
    for case, *what in wrong:
        print(case.layers or case.calls, case.shape or case.inputs, f"rows {case.rows}", *what)
    assert not wrong
    return count


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_random_settings_do_what_keras_does(kind: type[Layer]) -> None:
    pytest.importorskip("torch")
    count = compared([live.random_case(kind, number) for number in range(DRAWS)])
    assert count >= DRAWS // 4, "nearly everything is refused: draw other settings"


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_every_setting_does_what_keras_does(kind: type[Layer]) -> None:
    pytest.importorskip("torch")
    assert compared(live.setting_cases(kind)) > 0
