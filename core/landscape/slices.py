"""Slices of a network's loss: over a plane through its weights, from coarse to fine.

A slice shows two of as many directions as there are weights. What is flat in it may be steep elsewhere, a valley of it
need not be one, and paths that leave the plane are seen from above: `core.landscape.planes.Shadow` says how far they
are from it.

>>> import core
>>> from core import layers
>>> from core.explain.progress import last
>>> from core.landscape.planes import random_plane
>>> model = core.Sequential([core.Input((2,)), layers.Dense(3), layers.Dense(1)], seed=0)
>>> model.compile("sgd", "mean_squared_error")
>>> losses = Losses.of_model(model, [[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.0]])
>>> last(loss_slice(losses, random_plane(losses.layout, losses.present), side=5)).loss.shape
(5, 5)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from core import losses as losses_module
from core.errors import ChainruleError, SettingError
from core.explain.progress import Progress
from core.kernels import state as S
from core.landscape.planes import Layout, Plane
from core.runs.measuring import BATCH, batch_of
from core.runs.samples import Samples, require_whole_batches
from core.spec.training import check_seed, check_whole
from core.tape.capacity import rows_that_fit
from core.tape.compiler import compile_network
from core.tape.program import Program
from core.tape.table_data import DataTable
from core.tape.totals import epoch_values

if TYPE_CHECKING:
    from core.model import Model
    from core.runs import Run
    from core.spec import Network, Training

#: Points along one side of a slice at most: a finer one is finer than a screen.
MOST_POINTS = 321
#: Intervals of the coarser grids that come first, where they are part of the whole one.
_COARSER = (4, 10, 20, 40, 80, 160)
#: Seconds of work between two pieces of progress.
_PIECE = 0.01


class Losses:
    """The loss of a network on samples as a function of its weights. Owned by one thread.

    It has a program of its own, in which nothing is left to chance or to the batch: dropout lets everything through,
    and batch normalisation uses the moving statistics. Penalties on weights count, as in `Model.evaluate`.

    Parameters
    ----------
    network, training
        The documents; of the second the loss and the batch size.
    samples
        To be measured on: see `some`.
    loss
        A loss, or a list of one for each output, instead of the one named in `training`.
    weights
        By name, those it begins with; by default those drawn with the seed of `training`.

    Attributes
    ----------
    layout
        Of the weights as a row.
    present
        (size,): the weights it began with.
    samples
    """

    def __init__(
        self,
        network: Network,
        training: Training,
        samples: Samples,
        *,
        loss: Any = None,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        if not len(samples):
            message = "There are no samples to measure the loss on."
            raise ChainruleError(message)
        self.samples = samples
        chosen = loss if loss is not None else losses_module.get(training.loss)
        tape = compile_network(
            network, "evaluate", loss=chosen, metrics=(), batch_size=training.batch_size,
            weighted=samples.weights is not None,
        )  # fmt: skip
        self.layout = Layout(tape)
        if any(t.role == "state" for t in tape.tensors.values()):
            size = training.batch_size
        else:
            size = batch_of(tape, training.batch_size)
            size = rows_that_fit(tape, size) if size == BATCH else size
            size = min(size, len(samples))
        self._program = Program(tape, size, seed=training.seed)
        require_whole_batches(self._program, len(samples))
        self._program.attach(samples.inputs, samples.targets, weights=samples.weights)
        self._program.state[S.SHUFFLE] = 0
        self._views = self.layout.views(self._program)
        self.present = self.layout.flat(self._program.weights() if weights is None else weights)

    @staticmethod
    def of_run(run: Run, samples: Samples | None = None) -> Losses:
        """Of a run's network, on its training samples or on those given. The run is not touched."""
        return Losses(
            run.network,
            run.training,
            samples or run.samples,
            loss=run.loss,
            weights=run.program.weights(),
        )

    @staticmethod
    def of_model(
        model: Model, x: Any, y: Any, batch_size: int = 32, sample_weight: Any = None
    ) -> Losses:
        """Of a compiled model, on samples as `Model.evaluate` takes them. The model is not touched."""
        samples = model._samples(x, y, sample_weight)
        return Losses(
            model._trained(), model._training(batch_size, None), samples, loss=model._loss,
            weights=model.weights_by_name(),
        )  # fmt: skip

    def measuring(self, row: np.ndarray) -> Generator[None, None, float]:
        """The loss of weights (size,), batch by batch; whatever it is, infinite or not a number, too."""
        program = self._program
        for view, start, stop in self._views:
            view[...] = row[start:stop]
        program.clear_states()
        program.state[S.STEP] = 0
        for _ in range(int(program.state[S.BATCHES])):
            program.run()
            program.state[S.STEP] += 1
            yield
        return epoch_values(program)["loss"]

    def at(self, row: np.ndarray) -> float:
        """The loss of weights (size,)."""
        pieces = self.measuring(row)
        while True:
            try:
                next(pieces)
            except StopIteration as end:
                return float(end.value)


def some(samples: Samples, count: int, seed: int = 0, batch: int = 1) -> Samples:
    """So many samples, drawn without putting back, in their order; all of them if there are no more.

    Parameters
    ----------
    samples
        To draw from.
    count
        How many.
    seed
        Of the draw.
    batch
        They come in whole batches of so many, which a stateful layer needs: first to last, nothing is drawn.
    """
    count, seed = check_whole("samples", count, 1), check_seed(seed)
    if count >= len(samples):
        return samples
    if batch > 1:
        rows = np.arange(max(batch, count // batch * batch))
    else:
        rng = np.random.Generator(np.random.Philox(key=[seed & (2**64 - 1), len(samples)]))
        rows = np.sort(rng.permutation(len(samples))[:count])

    def part(table: DataTable) -> DataTable:
        return DataTable(table.array[rows], table.scale)

    weights = None if samples.weights is None else [part(one) for one in samples.weights]
    return Samples([part(t) for t in samples.inputs], [part(t) for t in samples.targets], weights)


@dataclass(frozen=True, eq=False)
class Slice:
    """The loss over a plane, as far as it is known.

    Attributes
    ----------
    plane
        Where it is cut.
    x, y
        (side,): coordinates of columns and rows.
    loss
        (side, side), rows from the least y upwards. NaN where it is not known yet, and where it is not a number;
        infinite where it is.
    known
        (side, side): where it is known.
    every
        ``loss[::every, ::every]`` is known everywhere; 0 until anything is.
    samples
        How many it was measured on.
    """

    plane: Plane
    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    known: np.ndarray
    every: int
    samples: int


def strides(side: int) -> tuple[int, ...]:
    """Of grids from coarse to fine that are part of one with so many points along a side."""
    intervals = side - 1
    coarser = [intervals // n for n in _COARSER if n < intervals and intervals % n == 0]
    return (*coarser, 1)


def loss_slice(
    losses: Losses,
    plane: Plane,
    *,
    side: int = 41,
    x_range: tuple[float, float] = (-1.0, 1.0),
    y_range: tuple[float, float] = (-1.0, 1.0),
) -> Iterator[Progress[Slice]]:
    """The loss over a grid of a plane, coarse first: of 41 x 41 points 5 x 5, then 11 x 11, 21 x 21 and all.

    A point is computed once. Pieces are told about every hundredth of a second.

    Parameters
    ----------
    losses
        The loss as a function of the weights.
    plane
        From `core.landscape.planes`.
    side
        Points along a side, at least 2. One more than a multiple of 40 has all the coarser grids.
    x_range, y_range
        From where to where, in lengths of the directions.

    Raises
    ------
    core.errors.SettingError
        A range is empty, or there are too many points.
    """
    side = check_whole("side", side, 2)
    if side > MOST_POINTS:
        raise SettingError(
            f"A slice has at most {MOST_POINTS} points along a side; {side} are asked for.", "side"
        )
    x, y = (_axis(low, high, side) for low, high in (x_range, y_range))
    found = np.full((side, side), np.nan)
    known = np.zeros((side, side), bool)
    total, done, told = side * side, 0, perf_counter()
    every = 0

    def so_far() -> Progress[Slice]:
        values, places = found.copy(), known.copy()
        for one in (x, y, values, places):
            one.flags.writeable = False
        return Progress(done, total, Slice(plane, x, y, values, places, every, len(losses.samples)))

    for stride in strides(side):
        for row in range(0, side, stride):
            for column in range(0, side, stride):
                if known[row, column]:
                    continue
                pieces = losses.measuring(plane.at(x[column], y[row]))
                while True:
                    try:
                        next(pieces)
                    except StopIteration as end:
                        found[row, column] = end.value
                        break
                    if perf_counter() - told >= _PIECE:
                        yield so_far()
                        told = perf_counter()
                known[row, column] = True
                done += 1
        every = stride
        yield so_far()
        told = perf_counter()


def _axis(low: float, high: float, side: int) -> np.ndarray:
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise SettingError(
            f"A slice goes from a smaller number to a larger one; {low!r} to {high!r} is asked for.",
            "x_range",
        )
    # The middle of a range about 0 is 0 exactly: there stand the weights themselves.
    return low + (high - low) * np.arange(side) / (side - 1)
