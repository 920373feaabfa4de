"""What effects need to know of surfaces that are made of samples: which rates they bear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from core.landscape import Surface


def curvature(surface: Surface) -> float:
    """Return the largest curvature of linear regression's loss, the mean of the squared errors of wu + b.

    It is the larger eigenvalue of 2/n · [[Σu², Σu], [Σu, n]]; descent diverges at rates above 2 by it.
    """
    u = _inputs(surface)
    mean, square = float(u.mean()), float((u * u).mean())
    middle, half = square + 1, ((square - 1) ** 2 + 4 * mean**2) ** 0.5
    return middle + half


def steepest_sample(surface: Surface) -> float:
    """Return the largest curvature that one sample's squared error has: 2 (u² + 1)."""
    u = _inputs(surface)
    return 2 * (float((u * u).max()) + 1)


def _inputs(surface: Surface) -> np.ndarray:
    if surface.samples is None:
        message = f"the surface {surface.kind} is not made of samples"
        raise ValueError(message)
    return np.asarray(surface.samples.u, np.float64)
