"""A network that no samples fit: it cannot be trained, and is explained all the same. Worker thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.engine.program_view import serials
from app.engine.questions import answering
from core.runs.position import Position
from core.tape.compiler import compile_network
from core.tape.program import Program

if TYPE_CHECKING:
    from app.engine.state import Work


class Unfed:
    """A network with weights, for the questions in `app.engine.worker.OF_THE_NETWORK`.

    It has what these read of a session by the same names, and stands for its own run and program.

    Parameters
    ----------
    work
        The network, the seed its weights are drawn with, and the saved weights, if there are any.
    before
        Weights there were until an edit: those of equal shapes are kept.
    """

    _version = (0, 0, 0)

    def __init__(self, work: Work, before: Mapping[str, np.ndarray] | None = None) -> None:
        self.network = work.network
        tape = compile_network(work.network, "predict", batch_size=1)
        drawn = Program(tape, 1, seed=work.training.seed).weights()
        known = dict(work.saved.weights) if work.saved is not None else {}
        if before is not None and not known:
            known = dict(before)
        for name, values in drawn.items():
            kept = known.get(name)
            if kept is not None and kept.shape == values.shape:
                drawn[name] = np.array(kept, values.dtype)
        self._weights = drawn
        self.run = self.program = self
        self.position = Position(0, 0, 0, 1, 0, len(tape.instructions), 1)
        self.version = (next(serials), *self._version)

    def weights(self) -> dict[str, np.ndarray]:
        """By name."""
        return self._weights

    def answer(self, question: str, **values: Any) -> Any:
        """Answer a question of `app.engine.worker.OF_THE_NETWORK`."""
        return answering(question)(self, **values)


def is_unfed(asked: object) -> bool:
    """Whether what is asked is a network without a run: no samples, no steps, no other runs."""
    return isinstance(asked, Unfed)
