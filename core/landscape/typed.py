"""Surfaces that a learner types."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.expressions import Expr, Ref, children
from core.landscape import reference
from core.landscape.heights import Domain, Point, Surface, checked_domain
from core.landscape.program import Program, of_formula
from core.landscape.reading import FormulaError, read

if TYPE_CHECKING:
    import numpy as np

#: Where nothing else is asked for.
DOMAIN: Domain = ((-4.0, 4.0), (-4.0, 4.0))
#: Heights along each axis from which start and contours are chosen.
_LOOKS = 33
#: Contours are spaced by the logarithm where half of the heights are below this share of all of them.
_LOW = 0.11
_LONGEST_TITLE = 80


def formula(text: str, *, domain: Any = None, title: str = "") -> Surface:
    """The surface of a formula over x and y, or the curve of one over x.

    Parameters
    ----------
    text
        Such as ``x^2 + 10*y^2``: numbers, x, y, + - * / ^ (or **), brackets, pi, e, and the functions of
        `core.landscape.reading.FUNCTIONS`. It is read, not evaluated by Python.
    domain
        ``((x0, x1), (y0, y1))``, what is looked at; (-4, 4) both by default.
    title
        Name for people; by default the formula.

    Raises
    ------
    FormulaError
        It cannot be read; with the character and a sentence for a learner.
    core.errors.SettingError
        The domain is none.
    """
    expression = read(text)
    variables = {ref.tensor for ref in _refs(expression)}
    if not variables:
        raise FormulaError(
            "The formula has neither x nor y: it is equally high everywhere, with nowhere to go.",
            0,
            len(text),
        )
    if len(title) > _LONGEST_TITLE:
        raise SettingError(f"A title has up to {_LONGEST_TITLE} characters.", "title")
    where = DOMAIN if domain is None else checked_domain(domain)
    program = of_formula(expression, ("x", "y"))
    value, gradient, points = _looked_at(program, where)
    finite = _finite(value)
    if not finite.any():
        (x0, x1), (y0, y1) = where
        raise FormulaError(
            f"The formula has no value anywhere for x from {x0:g} to {x1:g} and y from {y0:g} to {y1:g}. Look for a "
            "root or a logarithm of a negative number, or for a division by 0.",
            0,
            len(text),
        )
    settings: dict[str, Any] = {"text": text}
    if domain is not None:
        settings["domain"] = [list(side) for side in where]
    if title:
        settings["title"] = title
    return Surface(
        kind="formula",
        title=title or text.strip(),
        text=text.strip(),
        variables=("x",) if variables == {"x"} else ("x", "y"),
        expression=expression,
        domain=where,
        start=_start(program, points, finite & _finite(gradient), gradient, variables),
        settings=settings,
        log=_is_low(value[finite]),
        note="Typed.",
    )


def _refs(expr: Expr) -> list[Ref]:
    if isinstance(expr, Ref):
        return [expr]
    return [ref for child in children(expr) for ref in _refs(child)]


def _looked_at(program: Program, domain: Domain) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heights, lengths of gradients and places on a coarse grid that avoids the middle and whole numbers."""
    import numpy as np

    shares = (np.arange(_LOOKS) + 0.4375) / _LOOKS
    (x0, x1), (y0, y1) = domain
    x, y = np.meshgrid(x0 + shares * (x1 - x0), y0 + shares * (y1 - y0))
    value, dx, dy = reference.evaluated(program, [x, y])
    with np.errstate(all="ignore"):
        return value, np.hypot(dx, dy), np.stack([x, y], axis=-1)


def _finite(array: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.asarray(np.isfinite(array))


def _start(
    program: Program, points: np.ndarray, fine: np.ndarray, slope: np.ndarray, variables: set[str]
) -> Point:
    """The place nearest to a fifth from the left and a quarter from the top from which there is a way down."""
    import numpy as np

    wanted = points[int(0.75 * _LOOKS), int(0.2 * _LOOKS)]
    size = np.ptp(points.reshape(-1, 2), axis=0)
    far = (((points - wanted) / size) ** 2).sum(axis=-1)
    far = np.where(fine & (slope > 0), far, np.where(fine, far + 10, far + 100))
    x, y = (float(one) for one in points.reshape(-1, 2)[int(far.argmin())])
    if variables == {"x"}:
        y = 0.0
    first, second = (max(0, 2 - math.floor(math.log10(float(side)))) for side in size)
    short = round(x, first), round(y, second)
    # Rounding may lead into a hole.
    found = reference.evaluated(program, [*short])
    return short if all(math.isfinite(float(one)) for one in found) else (x, y)


def _is_low(heights: np.ndarray) -> bool:
    import numpy as np

    low, high = float(heights.min()), float(heights.max())
    return high > low and (float(np.median(heights)) - low) < _LOW * (high - low)
