"""Numbers, angles and sentences as captions of a race have them."""

from __future__ import annotations

import math

import numpy as np

from app.scenes.formula_expressions import given

#: From here on two numbers are told apart, and one is called much larger.
APART, MUCH = 1.2, 2.0


def n(value: float) -> str:
    """Return a number with three figures."""
    return given(float(f"{value:.3g}"))


def percent(value: float) -> str:
    """Return a share in percent."""
    return f"{100 * value:.4g} %"


def angle_between(a: np.ndarray, b: np.ndarray) -> float | None:
    """Degrees between two directions; None if one of them has none."""
    size = float(np.hypot(*a)) * float(np.hypot(*b))
    if not size or not math.isfinite(size):
        return None
    return math.degrees(math.acos(min(1.0, max(-1.0, float(a @ b) / size))))


def joined(*parts: str) -> str:
    """Return sentences after each other, without the empty ones."""
    return " ".join(part for part in parts if part)
