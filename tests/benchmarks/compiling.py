"""How long the first step takes: kernels compiled for the first time, and found in the cache."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import numpy as np

from tests.benchmarks.cases import RACES
from tests.benchmarks.children import Child
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, timed

#: One of each kind: the others share their kernels.
NAMES = ("tiny", "cnn", "lstm")


def rows(options: Options) -> Iterator[Row]:
    """From nothing to the end of a first step."""
    for one in options.chosen(RACES):
        if one.name not in NAMES and one.name not in options.cases:
            continue
        with tempfile.TemporaryDirectory(prefix="chainrule-compile-") as home:
            environment = {"CHAINRULE_HOME": home, "NUMBA_CACHE_DIR": None}
            times = []
            for _ in range(4):
                with Child("own_side", environment=environment) as own:
                    times.append(own.ask("first_step", case=one.name))
        yield timed(
            "compiling", f"a first step, nothing compiled, {one.title}", np.array(times[:1])
        )
        yield timed("compiling", f"a first step, from the cache, {one.title}", np.array(times[1:]))
