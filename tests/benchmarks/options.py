"""How much is measured."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.benchmarks.cases import Case


@dataclass(frozen=True)
class Options:
    """How much is measured.

    Attributes
    ----------
    rounds
        In how many each contender works in turn.
    seconds
        A contender works in a round.
    training
        Seconds of training before memory is read.
    cases
        Names of the shapes that are raced; none: all.
    torch
        Beside PyTorch, if it is installed.
    """

    rounds: int = 7
    seconds: float = 0.15
    training: float = 3.0
    cases: tuple[str, ...] = ()
    torch: bool = field(default_factory=lambda: importlib.util.find_spec("torch") is not None)

    def chosen(self, cases: Iterable[Case]) -> list[Case]:
        """Those of the names asked for."""
        return [one for one in cases if not self.cases or one.name in self.cases]


#: For a look: what is printed is rough.
QUICK = {"rounds": 3, "seconds": 0.05, "training": 0.5}
