"""What the engine answers to the stored cases, and how far it is from Captum."""

from __future__ import annotations

from functools import cache

import numpy as np

from core import explain
from tests.core.explain.cases import DEVIATION, GOLDEN, NOISY, Case, model_of


@cache
def golden() -> dict[str, np.ndarray]:
    """Captum's answers by the names of the cases."""
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
    """The largest difference, relative to the largest number of the map."""
    assert mine.shape == theirs.shape
    # Where nothing speaks for a class a map is 0 everywhere.
    return float(np.abs(mine - theirs).max() / max(float(np.abs(theirs).max()), 1e-3))
