"""Planes through the weights of a network: where a slice of its loss is cut, and how far paths are from it.

All weights are one row of numbers here. A plane is a centre and two directions, and a point of it (x, y) stands for the
weights centre + x · first + y · second.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core import initializers
from core.errors import ChainruleError
from core.spec.training import check_seed

if TYPE_CHECKING:
    from core.tape.compiler import Tape, WeightSlot
    from core.tape.program import Program

#: Numbers of a point that are worked on at a time, for all points together (float64).
_BLOCK = 400_000
#: Below this share of the first component's variance there is no second one: what is left is rounding.
_FLAT = 1e-12
#: Keeps the length of a filter whose random numbers are all 0 from being divided by; that of the paper's code.
_TINY = 1e-10


class Layout:
    """All weights of a network as one row: first those that learn, then statistics and weights of frozen layers.

    Parameters
    ----------
    tape
        Any tape of the network.

    Attributes
    ----------
    learned, size
        Numbers that learn, and all of them.
    """

    def __init__(self, tape: Tape) -> None:
        self._slots = sorted(tape.weights, key=lambda slot: not slot.learns)
        ends = np.cumsum([slot.weight.size for slot in self._slots]).tolist()
        self._spans = list(zip([0, *ends[:-1]], ends, strict=True)) if ends else []
        self.size = ends[-1] if ends else 0
        self.learned = sum(slot.weight.size for slot in self._slots if slot.learns)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the weights, in the order of the row."""
        return tuple(slot.tensor.name for slot in self._slots)

    def flat(self, weights: Mapping[str, np.ndarray]) -> np.ndarray:
        """Weights by name as a row (size,) in float32.

        Raises
        ------
        core.errors.ChainruleError
            One is missing, or has another shape.
        """
        row = np.empty(self.size, np.float32)
        for slot, (start, stop) in self._places():
            given = weights.get(slot.tensor.name)
            if given is None or np.shape(given) != slot.tensor.shape:
                message = f"{slot.tensor.name} needs the shape {slot.tensor.shape}; it is " + (
                    "missing." if given is None else f"given with {np.shape(given)}."
                )
                raise ChainruleError(message)
            row[start:stop] = np.ravel(given)
        return row

    def of_memory(self, tape: Tape, memory: np.ndarray) -> np.ndarray:
        """The row (size,) of a checkpoint: `memory` begins as the arena of a program of `tape`."""
        row = np.empty(self.size, np.float32)
        for slot, (start, stop) in self._places():
            at = tape.tensors[slot.tensor.name].at
            row[start:stop] = memory[at : at + stop - start]
        return row

    def weights(self, row: np.ndarray) -> dict[str, np.ndarray]:
        """A row as weights by name, each a copy."""
        return {
            slot.tensor.name: np.array(row[start:stop], np.float32).reshape(slot.tensor.shape)
            for slot, (start, stop) in self._places()
        }

    def views(self, program: Program) -> tuple[tuple[np.ndarray, int, int], ...]:
        """Where a program of the network keeps them: flat views of its arena, with their places in the row."""
        return tuple(
            (program.tensor(slot.tensor.name).reshape(-1), start, stop)
            for slot, (start, stop) in self._places()
        )

    def directions(self, seed: int, row: np.ndarray) -> np.ndarray:
        """Two random directions, filter by filter as long as the weights. Source: Li et al. 2018, and its code.

        Every filter (column of a dense layer, word of an embedding) of a direction is a draw of normal numbers, scaled
        to the length of the same filter of the weights. Biases, and what normalisation scales and shifts with, are left
        out (0), as the code of the paper does by default.

        Parameters
        ----------
        seed
            Of the draw.
        row
            The weights (size,).

        Returns
        -------
        (2, learned)
        """
        found = np.zeros((2, self.learned))
        normal = initializers.RandomNormal(0.0, 1.0)
        for slot, (start, stop) in self._places():
            if not slot.learns or not slot.weight.filters:
                continue
            values = np.asarray(row[start:stop], np.float64).reshape(slot.weight.shape)
            rest = tuple(_others(slot.weight.filters, values.ndim))
            for k, name in enumerate("xy"):
                drawn = initializers.draw(
                    normal, slot.weight.shape, seed, f"{slot.tensor.name}/direction/{name}"
                ).astype(np.float64)
                lengths = [np.sqrt((a**2).sum(rest, keepdims=True)) for a in (values, drawn)]
                found[k, start:stop] = (drawn * (lengths[0] / (lengths[1] + _TINY))).ravel()
        return found

    def _places(self) -> Iterator[tuple[WeightSlot, tuple[int, int]]]:
        return zip(self._slots, self._spans, strict=True)


def _others(axes: tuple[int, ...], rank: int) -> Iterator[int]:
    """The axes of a weight that are not among these."""
    mine = {axis % rank for axis in axes}
    return (axis for axis in range(rank) if axis not in mine)


@dataclass(frozen=True)
class Shadow:
    """Points as a plane sees them.

    Attributes
    ----------
    places
        (points, 2): the nearest point of the plane.
    distances
        (points,): how far the weights are from it, which the plane does not show.
    lengths
        (points,): how far they are from the plane's centre.
    """

    places: np.ndarray
    distances: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through the weights of a network.

    Attributes
    ----------
    kind
        ``"random"`` or ``"principal"``.
    centre
        (size,) float32: of all weights, those that do not learn too, which are the same everywhere.
    directions
        (2, learned) float64.
    shares
        Of the variance of the points, what goes along each direction; (NaN, NaN) where there were none.
    """

    kind: str
    centre: np.ndarray
    directions: np.ndarray
    shares: tuple[float, float] = (np.nan, np.nan)

    def at(self, x: float, y: float) -> np.ndarray:
        """The weights (size,) at a point, in float32."""
        row = self.centre.copy()
        learned = self.directions.shape[1]
        moved = self.centre[:learned] + x * self.directions[0] + y * self.directions[1]
        # A point so far out that float32 cannot hold it has a loss that is not finite, as it should.
        with np.errstate(over="ignore"):
            row[:learned] = moved
        return row

    def project(self, points: np.ndarray) -> Shadow:
        """The nearest points of the plane to weights (points, size), by least squares over those that learn."""
        learned = self.directions.shape[1]
        first, second = self.directions
        # Sums by this thread alone: NumPy's products wake others up, which takes longer where processors are busy.
        gram = np.einsum("kn,ln->kl", self.directions, self.directions)
        places = np.full((len(points), 2), np.nan)
        distances, lengths = np.full(len(points), np.nan), np.full(len(points), np.nan)
        for k, point in enumerate(points):
            away = point[:learned].astype(np.float64) - self.centre[:learned]
            lengths[k] = _length(away)
            if not np.isfinite(lengths[k]):
                continue
            places[k] = np.linalg.solve(gram, np.einsum("kn,n->k", self.directions, away))
            away -= places[k, 0] * first
            away -= places[k, 1] * second
            distances[k] = _length(away)
        return Shadow(places, distances, lengths)


def _length(row: np.ndarray) -> float:
    return float(np.sqrt(np.einsum("n,n->", row, row)))


def random_plane(layout: Layout, weights: np.ndarray, seed: int = 0) -> Plane:
    """The plane of two random directions, filter by filter as long as the weights: see `Layout.directions`.

    One step along a direction changes each filter by as much as it is long.

    Parameters
    ----------
    layout
        Of the network.
    weights
        (size,): the centre.
    seed
        Of the directions.

    Raises
    ------
    core.errors.ChainruleError
        There are no two such directions.
    """
    found = layout.directions(check_seed(seed), weights)
    lengths = np.sqrt((found**2).sum(1))
    slant = abs(float(found[0] @ found[1]))
    if not np.isfinite(lengths).all():
        message = (
            "The weights are not finite numbers: there is no slice through them. Go back to a step before they broke, "
            "or lower the learning rate."
        )
        raise ChainruleError(message)
    if not lengths.all() or slant >= (1 - 1e-9) * float(lengths[0] * lengths[1]):
        message = (
            "Random directions are as long as the filters of the layers that learn, and here there are not two of "
            "them: the kernels are 0, frozen, or a single number. Train a layer with several weights first."
        )
        raise ChainruleError(message)
    return Plane("random", np.array(weights, np.float32), found)


def principal_plane(
    layout: Layout, points: Sequence[np.ndarray], centre: np.ndarray | None = None
) -> Generator[float, None, Plane]:
    """The plane that shows most of the ways weights have gone: their two principal components.

    It goes through the mean of all points, or through `centre`; directions have length 1, so that a point's place is
    measured as weights are. Source: Li et al. 2018, section 7 (there the components of the differences to the last
    weights, whose mean is taken away likewise).

    Parameters
    ----------
    layout
        Of the network.
    points
        Weights at several steps, for each way (steps, size).
    centre
        (size,), or None for the mean.

    Returns
    -------
    The plane, at the end of a generator of the share that is done.

    Raises
    ------
    core.errors.ChainruleError
        The points do not differ.
    """
    count = sum(len(one) for one in points)
    learned = layout.learned
    blocks = max(1, _BLOCK // max(count, 1))
    starts = range(0, learned, blocks)

    def deviations(start: int) -> np.ndarray:
        part = [one[:, start : min(start + blocks, learned)].astype(np.float64) for one in points]
        found = np.concatenate(part)
        return np.asarray(found - found.mean(0))

    gram = np.zeros((count, count))
    for k, start in enumerate(starts):
        block = deviations(start)
        gram += block @ block.T
        yield 0.5 * (k + 1) / len(starts)
    values, vectors = np.linalg.eigh(gram)
    total = float(np.trace(gram))
    if count < 2 or not np.isfinite(total) or total <= 0:
        message = (
            "These weights did not move, or are not finite numbers, so that there are no directions they moved in. "
            "Train some steps first, or look at random directions."
        )
        raise ChainruleError(message)
    largest = np.maximum(values[::-1][:2], 0.0)
    both = np.ascontiguousarray(vectors[:, ::-1][:, :2])
    directions = np.zeros((2, learned))
    for k, start in enumerate(starts):
        block = deviations(start)
        directions[:, start : start + block.shape[1]] = np.einsum("pk,pn->kn", both, block)
        yield 0.5 + 0.5 * (k + 1) / len(starts)
    shares = largest / total
    if largest[1] <= _FLAT * largest[0]:
        # The points lie on a line: any direction across it will do, and it shows nothing of them.
        directions[1], shares[1] = _across(layout, points, directions[0]), 0.0
    middle = mean_of(points) if centre is None else centre
    return Plane(
        "principal", np.array(middle, np.float32), _upright(directions), (float(shares[0]), float(shares[1]))
    )  # fmt: skip


def _across(layout: Layout, points: Sequence[np.ndarray], along: np.ndarray) -> np.ndarray:
    """A direction that is not that of the points."""
    found: np.ndarray = layout.directions(0, points[0][-1])[1]
    if layout.learned < 2:
        message = "A single number learns in this network: there is no plane through its weights, only a line."
        raise ChainruleError(message)
    flat = abs(float(found @ along)) >= (1 - 1e-9) * np.linalg.norm(found) * np.linalg.norm(along)
    if flat or not np.isfinite(found).all():
        found = np.zeros(layout.learned)
        found[int(np.abs(along).argmin())] = 1.0
    return found


def _upright(directions: np.ndarray) -> np.ndarray:
    """At right angles, of length 1, and with their largest number positive: of the two signs always the same."""
    first, second = directions
    first = first / np.linalg.norm(first)
    second = second / np.linalg.norm(second)
    second = second - (first @ second) * first
    second = second / np.linalg.norm(second)
    signs = [np.sign(one[np.abs(one).argmax()]) for one in (first, second)]
    return np.stack([signs[0] * first, signs[1] * second])


def mean_of(points: Sequence[np.ndarray]) -> np.ndarray:
    """The mean (size,) of all weights of several ways (steps, size)."""
    total: Any = 0.0
    for one in points:
        total = total + one.sum(0, dtype=np.float64)
    return np.asarray(total / sum(len(one) for one in points), np.float32)
