"""A run: one network being trained, step by step, forwards and backwards in time."""

from __future__ import annotations

from core.runs.branching import Origin
from core.runs.comparing import Comparison, compare, comparing
from core.runs.divergence import Divergence
from core.runs.history import Epoch, History
from core.runs.journal import Entry
from core.runs.position import GRANULARITIES, Position
from core.runs.run import Run
from core.runs.supervising import Supervisor
from core.runs.watching import Stopped

__all__ = [
    "GRANULARITIES", "Comparison", "Divergence", "Entry", "Epoch", "History", "Origin", "Position", "Run",
    "Stopped", "Supervisor", "compare", "comparing",
]  # fmt: skip
