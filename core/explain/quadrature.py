"""Ways to take an integral from 0 to 1 at a number of points, under Captum's names."""

from __future__ import annotations

import numpy as np

from core.errors import SettingError
from core.naming import suggestion

METHODS = (
    "gausslegendre", "riemann_trapezoid", "riemann_left", "riemann_middle", "riemann_right",
)  # fmt: skip


def points_and_weights(method: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in [0, 1] and what each counts.

    Parameters
    ----------
    method
        One of `METHODS`. Gauss and Legendre's points (Golub and Welsch 1969) are exact for polynomials up to the degree
        ``2 count - 1``; the others cut the way into equal pieces, and take the value at their left, their middle or
        their right, or (trapezoid) half of those at both ends.
    count
        How many, at least 1.

    Returns
    -------
    Two arrays (count,) of float64.

    Raises
    ------
    core.errors.SettingError
        There is no such method, or it needs more points.
    """
    if method not in METHODS:
        hint = suggestion(method, METHODS) if isinstance(method, str) else ""
        message = f"method is one of {', '.join(METHODS)}; it is {method!r}.{hint}"
        raise SettingError(message, "method")
    if method == "gausslegendre":
        points, weights = np.polynomial.legendre.leggauss(count)
        return (1.0 + points) / 2, weights / 2
    weights = np.full(count, 1.0 / count)
    if method == "riemann_trapezoid":
        if count < 2:
            message = "riemann_trapezoid needs at least 2 steps: it takes both ends of the way."
            raise SettingError(message, "n_steps")
        weights[0] /= 2
        weights[-1] /= 2
        return np.linspace(0.0, 1.0, count), weights
    piece = 1.0 / count
    starts = {"riemann_left": 0.0, "riemann_middle": piece / 2, "riemann_right": piece}
    return starts[method] + piece * np.arange(count), weights
