"""What a multiply-add costs as the work grows: it must fall or stay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.benchmarks.cases import GROWTH, scaled
from tests.benchmarks.children import Child, interleaved
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, timed

#: Rises of less than this are the machine's, not ours.
NOISE = 1.15


def rows(options: Options) -> Iterator[Row]:
    """A row for every size; the largest rise from one size to the next decides."""
    for by, sizes in GROWTH.items():
        with Child("own_side") as own:
            names = [scaled(by, size).name for size in sizes]
            work = {name: own.ask("facts", case=name)["multiply_adds"] for name in names}
            runners = {name: own.contender("steps", case=name) for name in names}
            found = interleaved(runners, options.rounds, options.seconds)
        costs = [found[name] / work[name] for name in names]
        for k, (size, cost) in enumerate(zip(sizes, costs)):
            rise = rise_of(costs[k - 1], cost) if k else None
            yield timed(
                "growth", f"{by} {size}: a step, for each multiply-add", cost, ratio=rise,
                asked="" if rise is None else f"at most {NOISE:g}",
                met=None if rise is None else rise <= NOISE,
                note=f"{float(np.median(found[names[k]])) * 1e6:.0f} us a step",
            )  # fmt: skip


def rise_of(before: np.ndarray, after: np.ndarray) -> float:
    """How many times as much, by the rounds."""
    return float(np.median(after / before))
