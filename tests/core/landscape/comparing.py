"""How far surfaces and ways are from what `golden.npz` holds."""

from __future__ import annotations

from functools import cache

import numpy as np

from core import landscape
from core.landscape import trajectory
from tests.core.landscape import cases


@cache
def stored() -> dict[str, np.ndarray]:
    """The numbers of SymPy and of Keras."""
    with np.load(cases.PATH, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def surface_errors(name: str) -> tuple[float, float]:
    """The largest errors of heights and of slopes, relative to the number where it is larger than 1."""
    surface = cases.every()[name]
    points = cases.points_of(surface)
    size = len(surface.variables)
    ours = np.concatenate([surface.values(points)[:, None], surface.gradients(points)[:, :size]], 1)
    exact = stored()[f"surface|{name}"]
    assert ours.shape == exact.shape
    # Where there is no value there is none for us.
    assert np.array_equal(np.isfinite(ours), np.isfinite(exact))
    there = np.isfinite(exact)
    errors = np.where(there, np.abs(ours - exact) / np.maximum(1.0, np.abs(exact)), 0.0)
    return float(errors[:, 0].max()), float(errors[:, 1:].max())


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest relative difference of positions; of numbers below 1e-9, where rounding is all there is, absolute."""
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-9)).max())


def way(name: str, key: str) -> np.ndarray:
    """The kept positions of an optimizer's way over a surface."""
    surface = landscape.surface(name)
    found = trajectory(surface, cases.config_on(name, key), surface.start, cases.STEPS)
    assert found.left is None
    return found.positions[cases.kept(), : len(surface.variables)]


def way_error(name: str, key: str) -> float:
    """The largest difference from Keras on the way."""
    return difference(way(name, key), stored()[f"way|{name}|{key}"])
