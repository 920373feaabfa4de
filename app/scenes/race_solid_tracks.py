"""Paths on a surface in three dimensions, told by as many points as are seen: finely, or roughly and at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from app.scenes.race_looks import Look, looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.engine.questions.racing import RaceAnswer
    from app.scenes.mesh import Mesh

#: A picture wider than so many pixels is a large one.
WIDE = 420
#: Most points of all paths together, of one, and of all in a small picture.
_MOST, _ONE, _FEW = 1300, 500, 480
#: And about so many of all together in a large and in a small picture, where they are others many times a second.
_HURRIED, _HURRIED_FEW = 700, 192
#: A path is thinned to places that differ by this share of the picture.
_CELLS = 256
#: Stretches longer than this share of the picture are cut, which makes a path so many times as many points at most.
_PIECE, _FINER = 1 / 40, 2
#: Steps of a path that are looked at for its rough points: so many from its beginning on, ever farther apart, and as
#: many evenly apart.
_LOOKED_AT = 80


@dataclass(frozen=True, eq=False)
class Track:
    """A path on a surface, with as many points as are seen.

    Attributes
    ----------
    steps
        (n,) when the racer was there, in steps.
    shares
        (n, 3): places by width, depth and height of the surface; NaN beside it and over holes.
    positions
        (steps + 1, 2): the whole path.
    ground
        Whose heights these are.
    """

    steps: np.ndarray
    shares: np.ndarray
    positions: np.ndarray
    ground: Mesh


@dataclass(frozen=True)
class Runner:
    """What is shown of one racer. Equal ones make one picture."""

    id: str
    look: Look
    track: Track


@dataclass(frozen=True, eq=False)
class Field:
    """Who races. Two are equal only if they are one.

    Attributes
    ----------
    ids, looks
        Of each racer.
    paths
        (steps + 1, 2) each.
    """

    ids: tuple[str, ...]
    looks: tuple[Look, ...]
    paths: tuple[np.ndarray, ...]

    def runners(self, found: Sequence[Track]) -> list[Runner]:
        """Return the racers with their tracks."""
        return [Runner(*one) for one in zip(self.ids, self.looks, found, strict=True)]


def field_of(answer: RaceAnswer) -> Field:
    """Return the racers of a race whose paths are known."""
    known = looks(answer.race)
    ids = tuple(one.id for one, _ in zip(answer.race.racers, answer.paths, strict=False))
    return Field(
        ids, tuple(known[one] for one in ids), tuple(path.positions for path in answer.paths)
    )


def runners(answer: RaceAnswer, ground: Mesh, width: float) -> list[Runner]:
    """Return the racers of a race on its surface, for a picture so many pixels wide."""
    field = field_of(answer)
    return field.runners(tracks(ground, field.paths, width))


def tracks(ground: Mesh, paths: Sequence[np.ndarray], width: float) -> list[Track]:
    """Return paths, (steps + 1, 2) each, on a surface, for a picture so many pixels wide."""
    return [track(ground, path, len(paths), width) for path in paths]


def track(ground: Mesh, path: np.ndarray, among: int, width: float) -> Track:
    """Return one path (steps + 1, 2) `among` so many; the same object for the same path."""
    most = min(_ONE, (_MOST if width > WIDE else _FEW) // max(1, among))
    return _track(ground, _Held(path), most)


class _Held:
    """An array by identity, so that what is made of it can be kept."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __hash__(self) -> int:
        return id(self.array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.array is self.array


@lru_cache(maxsize=64)
def _track(ground: Mesh, held: _Held, most: int) -> Track:
    positions = held.array
    (x0, x1), (y0, y1) = ground.across, ground.down
    kept = thinned(_shares(ground, positions), most)
    unit = np.array([x1 - x0, y1 - y0])
    steps, places = draped(kept.astype(float), positions[kept], unit, most)
    return Track(steps, ground.place(places), positions, ground)


def draped(
    steps: np.ndarray, places: np.ndarray, unit: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (n,) and places (n, 2) with more of them on long stretches, so that these lie on the surface.

    A stretch is cut where it is longer than a piece of the `unit`'s length, as far as there are not too many.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(np.diff(places, axis=0) / unit).max(axis=1, initial=0.0)
    # What goes far out of the picture is not seen there.
    far = np.clip(np.nan_to_num(far, nan=0.0), 0.0, 2.0)
    pieces = np.clip(np.ceil(far / _PIECE), 1, max(1, _FINER * most // max(1, len(steps)))).astype(
        int
    )
    before = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(before)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[
        before
    ]
    times = np.append(steps[before] + np.diff(steps)[before] * share, steps[-1:])
    found = places[before] + np.diff(places, axis=0)[before] * share[:, None]
    return times, np.concatenate([found, places[-1:]])


def thinned(shares: np.ndarray, most: int) -> np.ndarray:
    """Return which points (n, 2) of a path tell it, in order: no two at one place, at most about `most`."""
    with np.errstate(invalid="ignore", over="ignore"):
        cells = np.clip(np.nan_to_num(shares, nan=-1.0), -1, 2) * _CELLS
    cells = cells.astype(int)
    moved = (cells[1:] != cells[:-1]).any(axis=1)
    kept = np.flatnonzero(np.concatenate(([True], moved)))
    if len(kept) > most:
        # Of each stretch what is farthest out on all four sides, so that zigzags stay as wide as they are.
        count = max(1, most // 4)
        least, more = divmod(len(kept), count)
        begins = np.arange(count + 1) * least + np.minimum(np.arange(count + 1), more)
        longest = int(np.diff(begins).max())
        # Of shorter stretches the last point stands there twice.
        stretches = kept[np.minimum(begins[:-1, None] + np.arange(longest), begins[1:, None] - 1)]
        found = cells[stretches]
        out = np.concatenate([found.argmin(axis=1), found.argmax(axis=1)], axis=1)
        kept = np.unique(np.append(stretches[np.arange(count)[:, None], out], 0))
    last = np.flatnonzero(np.isfinite(shares).all(axis=1))
    end = int(last[-1]) if len(last) else 0
    return np.unique(np.append(kept[kept <= end], end))


def rough_tracks(ground: Mesh, paths: Sequence[np.ndarray], width: float) -> list[Track]:
    """Return paths with few points, in a moment: for paths that are others many times a second.

    A path has points as far apart as another on its way, between steps too, and the steps beside these: where steps
    are long, as in zigzags, that is each of them.
    """
    if not paths:
        return []
    if len({len(path) for path in paths}) > 1:
        return [rough_tracks(ground, [path], width)[0] for path in paths]
    racers = len(paths)
    count = (_HURRIED if width > WIDE else _HURRIED_FEW) // racers // 2
    count = min(max(count, 8), _LOOKED_AT)
    picked = _looked_at(len(paths[0]))
    places = np.array([path[picked] for path in paths], float)
    shares = _shares(ground, places)
    there = np.isfinite(shares[..., 0]) & np.isfinite(shares[..., 1])
    ends = len(picked) - 1 - there[:, ::-1].argmax(axis=1)[:, None]
    # How far each has gone at each step: what is far out of the picture is not seen there.
    gone = np.zeros((racers, len(picked)))
    near = np.minimum(np.maximum(shares, -1), 2)
    far = np.abs(near[:, 1:] - near[:, :-1])
    far = np.where(there[:, 1:] & there[:, :-1], np.maximum(far[..., 0], far[..., 1]), 0.0)
    far.cumsum(axis=1, out=gone[:, 1:])
    # One search for all: the ways of all racers one after the other.
    rows = np.arange(racers)[:, None]
    after = (gone[:, -1].max() + 1) * rows
    aims = np.linspace(0, 1, count) * gone[:, -1:]
    found = np.searchsorted((gone + after).ravel(), (aims + after).ravel(), side="right") - 1
    k = np.minimum(np.maximum(found.reshape(racers, count) - rows * len(picked), 0), ends)
    begun = gone[rows, k]
    length = gone[rows, np.minimum(k + 1, ends)] - begun
    share = np.where(length > 0, (aims - begun) / np.maximum(length, 1e-12), 0.0)
    times = np.sort(np.concatenate([k, k + np.minimum(share, 1.0)], axis=1), axis=1)
    k = times.astype(int)
    share, following = times - k, np.minimum(k + 1, ends)
    before, here = shares[rows, k], shares[rows, following]
    here -= before
    at = (before + here * share[..., None]).reshape(-1, 2)
    steps = picked[k] + (picked[following] - picked[k]) * share
    raised = np.empty((len(at), 3))
    raised[:, :2], raised[:, 2] = at, ground.height_at(at[:, 0], at[:, 1])
    # Where a step and a place between two are one there are two points at one place, which cost nothing.
    found = zip(steps, raised.reshape(racers, -1, 3), paths, strict=True)
    return [Track(*one, ground) for one in found]


def _shares(ground: Mesh, positions: np.ndarray) -> np.ndarray:
    """Return positions (..., 2) as shares of a surface's width and depth."""
    (x0, x1), (y0, y1) = ground.across, ground.down
    with np.errstate(invalid="ignore", over="ignore"):
        found: np.ndarray = (positions - (x0, y0)) / (x1 - x0, y1 - y0)
    return found


@lru_cache(maxsize=16)
def _looked_at(count: int) -> np.ndarray:
    """Return which of so many steps are looked at, in order; the first and the last are."""
    if count <= 2 * _LOOKED_AT:
        return np.arange(count)
    early = np.geomspace(1, count, _LOOKED_AT) - 1
    found: np.ndarray = np.unique(
        np.concatenate([early, np.linspace(0, count - 1, _LOOKED_AT)]).astype(int)
    )
    return found


def position_at(positions: np.ndarray, time: float) -> tuple[float, float]:
    """Return the position at a time in steps; NaN where it is gone."""
    k = int(min(max(time, 0), len(positions) - 1))
    share = time - k
    x, y = positions[k].tolist()
    if share <= 0 or k + 1 >= len(positions):
        return x, y
    to_x, to_y = positions[k + 1].tolist()
    return x * (1 - share) + to_x * share, y * (1 - share) + to_y * share


def where(track: Track, now: np.ndarray, time: float) -> tuple[np.ndarray | None, bool]:
    """Return where a racer is painted that is at `now`, and whether it is out of sight: then it is where it was last.

    None where it was never on the surface.
    """
    if np.isfinite(now).all():
        return now, False
    count = int(np.searchsorted(track.steps, time, side="right"))
    before = np.flatnonzero(np.isfinite(track.shares[:count]).all(axis=1))
    return (None, True) if not len(before) else (track.shares[before[-1]], True)
