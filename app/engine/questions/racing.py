"""Races on surfaces: the paths of all racers, and the surface as a picture. Of nothing that is open. Worker thread."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from app.engine.answers import Partial
from app.engine.compiled import surfaces_compiled_elsewhere
from app.engine.questions import question
from app.snapshots import read_only

if TYPE_CHECKING:
    from core.landscape import Surface, Trajectory
    from core.landscape.race import Race


@dataclass(frozen=True, eq=False)
class RaceAnswer:
    """A race that was run.

    Attributes
    ----------
    race
        What was raced.
    surface
        On what.
    paths
        Of the racers in their order; fewer while it is still computed.
    lowest
        The surface's value at the lowest of its known minima; NaN if none is known.
    """

    race: Race
    surface: Surface
    paths: tuple[Trajectory, ...]
    lowest: float = float("nan")


@dataclass(frozen=True, eq=False)
class SurfaceGrid:
    """A surface over a rectangle.

    Attributes
    ----------
    surface
        As a document.
    across, down
        First and last x, first and last y.
    values
        (height, width) float64, row 0 at the first y; NaN where the formula has no value.
    """

    surface: dict[str, object]
    across: tuple[float, float]
    down: tuple[float, float]
    values: np.ndarray


@question("race", alone=True)
def raced(session: None, *, race: Race) -> Generator[float | Partial, None, RaceAnswer]:
    """Run a race, one racer after the other."""
    from core.landscape.race import run

    yield from surfaces_compiled_elsewhere()
    surface = _surface(msgspec.json.encode(race.surface))
    paths: tuple[Trajectory, ...] = ()
    lowest = float("nan")
    if surface.minima:
        lowest = float(surface.values(np.array(surface.minima, np.float64)).min())
    for paths in run(race, surface):
        yield Partial(len(paths) / len(race.racers), RaceAnswer(race, surface, paths, lowest))
    return RaceAnswer(race, surface, paths, lowest)


@lru_cache(maxsize=8)
def _surface(document: bytes) -> Surface:
    """Return the surface of a document: while the start is dragged it is asked for again and again."""
    from core import landscape

    return landscape.from_document(msgspec.json.decode(document))


@question("surface_grid", alone=True)
def surface_grid(
    session: None,
    *,
    surface: dict[str, object],
    across: tuple[float, float],
    down: tuple[float, float],
    width: int,
    height: int,
) -> Generator[float, None, SurfaceGrid]:
    """Evaluate a surface on a grid whose corners are those of the rectangle."""
    from core import landscape

    yield from surfaces_compiled_elsewhere()
    values = landscape.from_document(surface).grid(across, down, width, height)
    return SurfaceGrid(surface, across, down, read_only(values, np.float64))
