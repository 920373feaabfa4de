"""Where a run cannot go back any further, it says what began there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import core
from core import layers
from core.errors import ChainruleError

X, Y = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2), np.ones((12, 1), np.float32)


def fitted() -> core.Sequential:
    """Six steps of two samples."""
    model = core.Sequential([core.Input((2,)), layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=2, epochs=1)
    return model


@pytest.mark.parametrize(
    ("go_on", "why"),
    [
        (lambda m: m.fit(X[:8], Y[:8], batch_size=2), "At step 6 it was given other samples"),
        (lambda m: m.fit(X, Y, batch_size=4), "At step 6 batch_size was changed from 2 to 4"),
        (lambda m: (m.evaluate(X, Y, verbose=0), m.train_on_batch(X[:2], Y[:2])),
         "At step 6 it was given other samples"),
        (lambda m: m.run.start_from(dict(m.run.program.weights())),
         "At step 6 it was given other weights"),
    ],
)  # fmt: skip
def test_what_began_anew_is_said(go_on: Callable[[core.Sequential], object], why: str) -> None:
    model = fitted()
    go_on(model)
    run = model.run
    for ask in (run.seek, run.branch):
        with pytest.raises(ChainruleError, match=f"from step 6 to .*{why}, and the run began anew"):
            ask(2)
    with pytest.raises(ChainruleError, match=r"cannot go to step 90\.$"):
        run.seek(90)
    run.seek(6)


def test_a_branch_knows_why_its_parent_began_there() -> None:
    model = fitted()
    model.fit(X, Y, batch_size=4)
    with pytest.raises(ChainruleError, match="batch_size was changed from 2 to 4"):
        model.run.branch(8).seek(2)
    other = fitted().run.branch(3, {"batch_size": 4})
    with pytest.raises(ChainruleError, match="batch_size was changed from 2 to 4"):
        other.seek(1)
