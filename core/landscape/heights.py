"""A surface: a formula, what is known of it, and its values and gradients in double precision."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.expressions import Expr
from core.landscape.differentiating import derivative
from core.landscape.lowest import searched
from core.landscape.program import Program, of_formula

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Point = tuple[float, float]
Domain = tuple[tuple[float, float], tuple[float, float]]
#: Columns of a regression's samples, as its formula calls them.
COLUMNS = ("u", "t")
#: A picture of more points than this is refused.
MOST_POINTS = 16_000_000


@dataclass(frozen=True, eq=False)
class Samples:
    """The points a regression is fitted to.

    Attributes
    ----------
    u, t
        What is known and what is to be said of each sample, (n,), read-only.
    names
        What `u` and `t` are, for axes, with units where they have some.
    origin
        Who measured them, and under which licence they may be passed on; "" if that is nobody's.
    """

    u: Floats
    t: Floats
    names: tuple[str, str]
    origin: str = ""


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of one or two variables to race over. Two are equal if their documents are.

    Attributes
    ----------
    kind
        Its name in documents; "formula" if it was typed.
    title
        Name for people.
    text
        The formula as it is typed. That of a regression is the mean over the samples.
    variables
        ``("x",)`` of a curve, else two: ``("x", "y")``, of a regression ``("w", "b")``.
    settings
        What it was made with.
    domain
        ``((x0, x1), (y0, y1))``, what is worth being looked at.
    minima
        Where it is lowest, if that is known: all places of the lowest value.
    start
        A place from which a race is worth watching.
    log
        Whether contours are better spaced by the logarithm of the height above the lowest.
    source
        Where it is from.
    note
        One sentence: what is to be learnt there.
    samples
        Of a regression.
    expression, derivatives
        The formula, and what it is by each variable, as `core.expressions`; of a regression those of one sample's loss
        (u, t), whose mean over the samples the surface is.
    """

    kind: str
    title: str
    text: str
    variables: tuple[str, ...]
    expression: Expr
    domain: Domain
    start: Point
    settings: dict[str, Any] = field(default_factory=dict)
    minima: tuple[Point, ...] = ()
    log: bool = False
    source: str = ""
    note: str = ""
    samples: Samples | None = None

    @cached_property
    def derivatives(self) -> tuple[Expr, ...]:
        """The slope by each variable, for showing; `gradients` computes."""
        return tuple(derivative(self.expression, name) for name in self.variables)

    @cached_property
    def program(self) -> Program:
        """What the register machine runs."""
        names = ("x", "y") if self.samples is None else (*self.variables, *COLUMNS)
        return of_formula(self.expression, names)

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """The program as `core.kernels.landscape.evaluate` takes it: machine, code, numbers, first, last, columns."""
        import numpy as np

        code, numbers = self.program.arrays()
        columns = np.zeros((0, 0))
        if self.samples is not None:
            columns = np.ascontiguousarray(np.stack([self.samples.u, self.samples.t]), np.float64)
        return (
            _machine().address,
            code,
            numbers,
            self.program.first,
            self.program.results[0],
            columns,
        )

    @cached_property
    def _own(self) -> threading.local:
        return threading.local()

    def registers(self) -> Floats:
        """Room for the machine's registers, of this thread."""
        import numpy as np

        from core.kernels import landscape as machine

        if not hasattr(self._own, "room"):
            self._own.room = np.zeros((self.program.registers, 3, machine.LANES))
        room: Floats = self._own.room
        return room

    # ---- values ------------------------------------------------------------------------------------------------

    def values(self, points: npt.ArrayLike) -> Floats:
        """Heights at points.

        Parameters
        ----------
        points
            (n, 2), or one point (2,). The second number of a curve's points does not matter.

        Returns
        -------
        (n,), or one number. NaN where the formula has no value.
        """
        given, shape = self._points(points)
        found = self._evaluated(given, 0)[:, 0].copy()
        return found.reshape(shape)

    def gradients(self, points: npt.ArrayLike) -> Floats:
        """Slopes by both variables at points, exact to rounding: (n, 2), or (2,) of one point.

        Where the surface has a kink: of ``abs`` and ``relu`` at 0 the slope is 0, of ``max`` and ``min`` of equal
        numbers the mean of both. NaN where the formula has no value or no finite slope.
        """
        import numpy as np

        given, shape = self._points(points)
        out = self._evaluated(given, 2)
        slopes = out[:, 1:].copy()
        slopes[~np.isfinite(slopes).all(axis=1) | np.isnan(out[:, 0])] = np.nan
        return slopes.reshape((*shape, 2))

    def grid(
        self, x_range: Sequence[float], y_range: Sequence[float], width: int, height: int
    ) -> Floats:
        """Heights over a rectangle, its edges included: (height, width), rows from the least y upwards.

        NaN where the formula has no value. Of a curve all rows are equal.

        Raises
        ------
        core.errors.SettingError
            The rectangle has no size, or it is more points than memory should be asked for.
        """
        import numpy as np

        if min(width, height) < 1 or width * height > MOST_POINTS:
            raise SettingError(
                f"A picture of {width:,} x {height:,} heights cannot be made: it has at least one and at most "
                f"{MOST_POINTS:,} of them."
            )
        (x0, x1), (y0, y1) = checked_domain((tuple(x_range), tuple(y_range)))
        points = np.empty((height, width, 2))
        points[..., 0] = np.linspace(x0, x1, width)
        points[..., 1] = np.linspace(y0, y1, height)[:, None]
        return self.values(points.reshape(-1, 2)).reshape(height, width)

    @cached_property
    def lowest(self) -> tuple[Point, ...]:
        """The `minima`; of a surface of which none are known the one that is found by looking, if there is one.

        The lowest of a grid over the domain, and from there Newton's steps: (), if they do not end inside at a place
        without slope.
        """
        if self.minima:
            return self.minima
        found = searched(self)
        return (found,) if found is not None else ()

    def _points(self, points: npt.ArrayLike) -> tuple[Floats, tuple[int, ...]]:
        import numpy as np

        given = np.array(points, np.float64)
        if given.ndim not in (1, 2) or given.shape[-1] != 2:
            raise SettingError(
                f"Points are pairs of numbers, (n, 2); these are of shape {given.shape}."
            )
        if len(self.variables) == 1:
            given[..., 1] = 0.0
        return np.ascontiguousarray(given.reshape(-1, 2)), given.shape[:-1]

    def _evaluated(self, points: Floats, slopes: int) -> Floats:
        import numpy as np

        from core.kernels import landscape as machine

        out = np.empty((len(points), 1 + slopes))
        machine.evaluate(*self.arrays, self.registers(), points, slopes, out)
        out[~np.isfinite(out[:, 0]), 0] = np.nan
        return out

    # ---- documents ---------------------------------------------------------------------------------------------

    def to_document(self) -> dict[str, Any]:
        """The surface as a document holds it: ``{"kind": "valley", "condition": 25.0}``."""
        return {"kind": self.kind, **self.settings}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surface) and self.to_document() == other.to_document()

    def __hash__(self) -> int:
        return hash(repr(self.to_document()))


@cache
def _machine() -> Any:
    """The register machine, compiled."""
    from core.kernels import landscape as machine
    from core.tape.table import Kernel

    return Kernel(machine.run, machine.SIGNATURE)


def checked_domain(domain: Any) -> Domain:
    """A rectangle ``((x0, x1), (y0, y1))`` of numbers.

    Raises
    ------
    core.errors.SettingError
        It is none, or has no size.
    """
    try:
        (x0, x1), (y0, y1) = domain
        found = ((float(x0), float(x1)), (float(y0), float(y1)))
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"A domain is two ranges, ((x0, x1), (y0, y1)); it is {domain!r}.", "domain"
        ) from error
    for name, (low, high) in zip("xy", found, strict=True):
        fine = math.isfinite(low) and math.isfinite(high) and low < high and high - low < 1e9
        if not fine or abs(low) > 1e9 or high - low <= 1e-9 * max(abs(low), abs(high)):
            raise SettingError(
                f"The range of {name} goes from a smaller to a larger number, both within a thousand million of 0; "
                f"here it is {low:g} to {high:g}.",
                "domain",
            )
    return found
