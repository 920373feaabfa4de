"""The batch's gradient as the sum of its samples' gradients: why stochastic descent is noisy."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ChainruleError
from core.kernels import state as S
from core.runs.story import gradients_of

if TYPE_CHECKING:
    from core.ops.base import Cell
    from core.runs.run import Run
    from core.tape.program import Program


@dataclass(frozen=True, eq=False)
class SampleGradients:
    """What every sample of a batch adds to the gradient of one weight.

    Attributes
    ----------
    weight, cell
        Which one.
    step
        Steps done before the one whose batch it is.
    samples
        (rows,) numbers of the samples in the training data.
    shares
        (rows,) float64: what each adds, the derivative of its own part of the batch's loss.
    rest
        What belongs to no sample: penalties of weights.
    total
        The gradient on the tape; `shares` and `rest` add up to it, but for the rounding of float32.
    lengths
        (rows,) float64: the Euclidean length of each sample's share of the whole weight's gradient.
    towards
        (rows,) float64: the cosine between that share and the batch's gradient; NaN where one is 0.
    """

    weight: str
    cell: tuple[int, ...]
    step: int
    samples: np.ndarray
    shares: np.ndarray
    rest: float
    total: float
    lengths: np.ndarray
    towards: np.ndarray

    @property
    def mean(self) -> float:
        """Of the shares."""
        return float(self.shares.mean()) if len(self.shares) else 0.0

    @property
    def deviation(self) -> float:
        """Standard deviation of the shares."""
        return float(self.shares.std()) if len(self.shares) else 0.0

    @property
    def against(self) -> int:
        """How many samples pull the other way than the batch does."""
        return int((self.shares * (self.total - self.rest) < 0).sum())


def sample_gradients(run: Run, weight: str, cell: Cell) -> Generator[float, None, SampleGradients]:
    """What each sample of the batch adds to a weight's gradient, in pieces of one backward pass each.

    Backpropagation is linear in the slopes of the loss with which it begins. So the pass is done again for every row
    with the slopes of all other rows set to 0: what comes out is the derivative of that row's own part of the loss, in
    networks whose layers mix rows (batch normalization), too. Of the step under way, or of the one done last; before
    the first step of the one to come. A copy of the program does it.

    Yields
    ------
    The share that is done, from 0 to 1.

    Returns
    -------
    SampleGradients

    Raises
    ------
    core.errors.ChainruleError
        There is no such weight, or nothing trains it.
    """
    gradient, _ = gradients_of(run.program, weight)
    start = run.step_start if run.pc or run.step_count > run.base else run.here()
    assert start is not None
    program = run.program.fork()
    program.mem[: program.plan.state] = start.memory
    program.state[...] = start.machine
    program.state[S.ERROR] = S.FINE
    first, stop, sources = _backward(program)
    yield 0.0
    program.run(0, stop)
    rows = program.rows
    view = program.tensor(gradient)
    whole = view.astype(np.float64)
    chosen = program.tape.chosen
    samples = (
        program.tensor(chosen.name).reshape(-1)[:rows].astype(np.int64)
        if chosen is not None
        else np.arange(rows)
    )
    if not sources:
        raise ChainruleError(
            f"No instruction of this network begins the gradient of {weight} from its samples."
        )
    slopes = {
        k: {name: program.tensor(name).copy() for name in names} for k, names in sources.items()
    }
    _again(program, first, stop, slopes, None)
    rest = view.astype(np.float64)
    shares, lengths, towards = np.zeros(rows), np.zeros(rows), np.full(rows, np.nan)
    pull = whole - rest
    size = float(np.sqrt((pull**2).sum()))
    for row in range(rows):
        _again(program, first, stop, slopes, row)
        own = view.astype(np.float64) - rest
        shares[row] = own[cell]
        lengths[row] = np.sqrt((own**2).sum())
        if lengths[row] and size:
            towards[row] = float((own * pull).sum()) / (lengths[row] * size)
        yield (row + 1) / rows
    for array in (samples, shares, lengths, towards):
        array.flags.writeable = False
    return SampleGradients(
        weight, tuple(cell), start.step, samples, shares, float(rest[cell]), float(whole[cell]), lengths, towards
    )  # fmt: skip


def _backward(program: Program) -> tuple[int, int, dict[int, list[str]]]:
    """Where going back begins and ends, and the instructions that make slopes of the loss out of no other slope."""
    instructions = program.tape.instructions
    places = [k for k, ins in enumerate(instructions) if ins.phase == "backward"]
    if not places:
        raise ChainruleError("This network has no backward pass.")
    made: set[str] = set()
    sources: dict[int, list[str]] = {}
    for k in places:
        ins = instructions[k]
        begins = not made.intersection(t.name for t in ins.inputs.values())
        names = [t.name for t in ins.outputs.values()]
        if begins:
            slopes = [
                t.name for t in ins.outputs.values() if t.batch and t.name.startswith("grad/")
            ]
            if slopes:
                sources[k] = slopes
        made.update(names)
    return places[0], places[-1] + 1, sources


def _again(
    program: Program,
    first: int,
    stop: int,
    slopes: dict[int, dict[str, np.ndarray]],
    row: int | None,
) -> None:
    """Go back once more with the slopes of one row only, or of none."""
    at = first
    for k in sorted(slopes):
        program.run(at, k + 1)
        for name, values in slopes[k].items():
            view = program.tensor(name)
            view[...] = 0
            if row is not None:
                view[row] = values[row]
        at = k + 1
    program.run(at, stop)
