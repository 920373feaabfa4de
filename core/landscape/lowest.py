"""The lowest place of a surface of which nothing is known but its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from core.landscape.heights import Surface

#: Heights along each side that are looked at first; steps from the lowest; step of the differences of gradients.
_SIDE, _STEPS, _NEAR = 129, 60, 1e-6


def searched(surface: Surface) -> tuple[float, float] | None:
    """A place without slope that is as low as anything that was seen of the domain; None if there is none.

    Parameters
    ----------
    surface
        Anything.

    Returns
    -------
    The place, to about 12 digits, if the surface is smooth there.
    """
    import numpy as np

    (x0, x1), (y0, y1) = surface.domain
    heights = surface.grid(*surface.domain, _SIDE, _SIDE)
    if not np.isfinite(heights).any():
        return None
    row, column = np.unravel_index(int(np.nanargmin(heights)), heights.shape)
    at = np.array([np.linspace(x0, x1, _SIDE)[column], np.linspace(y0, y1, _SIDE)[row]])
    if len(surface.variables) == 1:
        at[1] = 0.0
    size = np.array([x1 - x0, y1 - y0])
    spread = float(np.nanmax(heights) - np.nanmin(heights))
    for _ in range(_STEPS):
        step = _step(surface, at, size)
        if step is None:
            break
        at = at + step
        if np.abs(step / size).max() < 1e-15:
            break
    slope = surface.gradients(at)
    still = bool(
        np.isfinite(slope).all() and np.abs(slope * size).max() <= 1e-9 * max(spread, 1e-300)
    )
    inside = bool(((at > [x0, y0]) & (at < [x1, y1])).all())
    low = bool(surface.values(at) <= np.nanmin(heights) + 1e-12 * spread)
    return (float(at[0]), float(at[1])) if still and inside and low else None


def _step(surface: Surface, at: np.ndarray, size: np.ndarray) -> np.ndarray | None:
    """One step downhill: Newton's where the surface is a bowl, else against the gradient; None if none is lower."""
    import numpy as np

    count = len(surface.variables)
    near = _NEAR * size
    slope = surface.gradients(at)[:count]
    ends = np.concatenate([at + np.diag(near), at - np.diag(near)])
    ahead = surface.gradients(ends)[:, :count]
    if not (np.isfinite(slope).all() and np.isfinite(ahead).all()):
        return None
    curvature = ((ahead[:2] - ahead[2:]) / (2 * near[:, None]))[:count]
    curvature = (curvature + curvature.T) / 2
    step: np.ndarray = -slope * (size[:count] / 100) ** 2
    if np.linalg.eigvalsh(curvature)[0] > 0:
        step = -np.linalg.solve(curvature, slope)
    found = np.zeros(2)
    found[:count] = step
    height = float(surface.values(at))
    for _ in range(40):
        if not np.isfinite(found).all():
            return None
        if float(surface.values(at + found)) <= height:
            return found
        found = found / 3
    return None
