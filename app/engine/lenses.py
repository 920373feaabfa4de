"""Programs beside the training program: one sample, the plane, held-out samples. Worker thread.

They read the training program's weights and never write them, so looking changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core import losses
from core.tape.compiler import compile_network
from core.tape.program import Program

if TYPE_CHECKING:
    from core.spec import Network, Training

#: Held-out samples go through the network this many at a time: about 3 ms of the digits CNN, so that
#: commands need not wait for a whole evaluation.
CHUNK = 128

#: Points along one side of the plane grid.
SIDE = 48


class Lens:
    """A program that borrows the weights of another.

    Parameters
    ----------
    program
        Compiled for its own purpose.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._version: object = None

    def follow(self, source: Program, version: object) -> bool:
        """Copy the weights if they have changed since the last time; tell whether they had."""
        if version == self._version:
            return False
        self.program.copy_weights_from(source)
        self._version = version
        return True

    def forget(self) -> None:
        """Take the weights anew next time."""
        self._version = None


def sample_lens(network: Network, training: Training) -> Lens:
    """Return a program that runs one sample forward and backward, as when predicting: no dropout."""
    tape = compile_network(
        network, "explain", loss=losses.get(training.loss), wrt="params", head="loss", batch_size=1
    )
    return Lens(Program(tape, 1, seed=training.seed))


def predict_lens(network: Network, capacity: int = CHUNK) -> Lens:
    """Return a program that predicts batches."""
    tape = compile_network(network, "predict", batch_size=capacity)
    return Lens(Program(tape, capacity))


def plane_points(low: tuple[float, float], high: tuple[float, float], side: int) -> np.ndarray:
    """Return the points of a grid, row by row from the largest y, as ``(side * side, 2)``."""
    xs = np.linspace(low[0], high[0], side, dtype=np.float32)
    ys = np.linspace(high[1], low[1], side, dtype=np.float32)
    grid = np.empty((side, side, 2), np.float32)
    grid[:, :, 0] = xs[None, :]
    grid[:, :, 1] = ys[:, None]
    return grid.reshape(-1, 2)


def as_plane(values: np.ndarray, side: int) -> np.ndarray:
    """Turn ``(side * side, units)`` into ``(units, side, side)``."""
    flat = values.reshape(side * side, -1)
    return np.ascontiguousarray(flat.T.reshape(flat.shape[1], side, side))


def bounds(points: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return a square around points with a margin, rounded so that it does not depend on noise."""
    reach = float(np.abs(points).max()) if len(points) else 1.0
    side = 1.0
    for step in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0):
        if reach * 1.05 <= step:
            side = step
            break
    else:
        side = reach * 1.1
    return (-side, -side), (side, side)


def output_name(program: Program, node: str) -> str:
    """Return the name of a node's final output."""
    return f"{node}/output"


def run_forward(program: Program, x: np.ndarray, targets: np.ndarray | None = None) -> None:
    """Feed a batch and run the whole tape."""
    program.feed([x], None if targets is None else [targets])
    program.run()


def view_of(program: Program) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return instructions and tensors of a program as plain data for a `ProgramView`."""
    return tuple(program.instructions), program.tensors
