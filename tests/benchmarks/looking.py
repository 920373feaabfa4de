"""What looking costs: every neuron on a grid, instruction by instruction, snapshots, journeys in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.benchmarks.cases import PLANE, RACES, case
from tests.benchmarks.children import Child, interleaved
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, raced, timed

#: Seconds the prediction of every neuron may take.
GRID = 0.002
#: How many times as long reading all values of an epoch may take as running it.
READING = 3.0
#: Steps of the runs that are travelled.
LONG = {"tiny": 100_000, "cnn": 400}


def neurons(options: Options) -> Iterator[Row]:
    """Every neuron of a small network on a grid, and plain prediction."""
    with Child("own_side") as own:
        found = interleaved({"": own.contender("every_neuron")}, options.rounds, options.seconds)
        yield timed(
            "looking", f"every neuron of {PLANE.title}, 100x100", found[""], asked=f"at most {GRID * 1e3:g} ms",
            met=float(np.median(found[""])) <= GRID,
        )  # fmt: skip
        for name in ("tiny", "cnn"):
            runner = own.contender("predictions", case=name)
            found = interleaved({"": runner}, options.rounds, options.seconds)
            yield timed("looking", f"predict, a sample, {case(name).title}", found[""])


def stepping(options: Options) -> Iterator[Row]:
    """All values that the instructions of an epoch write, read, beside running it; and what one call costs.

    Reading is `run.reading`: the machine runs the instructions and copies what they write, and all of it is taken as
    arrays by name. Stepping is a call from Python for each instruction, as when a learner presses Step, and for each
    value a view; how much longer that takes depends on how short the instructions are, and nothing is asked of it.
    """
    for one in options.chosen(RACES):
        with Child("own_side") as own:
            runners = {
                "reading": own.contender("reading", case=one.name),
                "running": own.contender("running", case=one.name),
            }
            found = interleaved(runners, options.rounds, options.seconds)
            calls = interleaved(
                {"": own.contender("stepping", case=one.name)}, options.rounds, options.seconds / 3
            )
            count = own.ask("facts", case=one.name)["instructions"]
        row = raced("stepping", f"every value, {one.title}", found, "reading")
        assert row.ratio
        assert row.ratio_low
        assert row.ratio_high
        times = 1 / row.ratio
        yield timed(
            "stepping", row.title, found["reading"], other=row.other, beside="running", ratio=times,
            ratio_low=1 / row.ratio_high, ratio_high=1 / row.ratio_low, asked=f"at most {READING:g}",
            met=times <= READING,
        )  # fmt: skip
        yield timed("stepping", "  an instruction by calls from Python", calls[""] / count)


def keeping(options: Options) -> Iterator[Row]:
    """Checkpoints, and what the window's views are given."""
    with Child("own_side", environment={"QT_QPA_PLATFORM": "offscreen"}) as own:
        for one in options.chosen(RACES):
            runner = own.contender("checkpoints", case=one.name)
            found = interleaved({"": runner}, options.rounds, options.seconds / 3)
            yield timed("keeping", f"a checkpoint, {one.title}", found[""])
        for template in ("spirals-mlp", "digits-cnn"):
            runner = own.contender("snapshots", template=template)
            found = interleaved({"": runner}, options.rounds, options.seconds / 3)
            yield timed("keeping", f"a snapshot for the window, {template}", found[""])


def seeking(options: Options) -> Iterator[Row]:
    """Journeys to random steps of a long run."""
    for name, steps in LONG.items():
        with Child("own_side") as own:
            own.ask("seeks", case=name, steps=steps, count=1)
            journeys = np.array(own.ask("seeks", case=name, steps=steps, count=25))
            kept = own.ask("kept", case=name, steps=steps)
        yield timed(
            "seeking", f"to any of {steps:,} steps, {case(name).title}", journeys,
            note=f"95th percentile {1e3 * np.percentile(journeys, 95):.0f} ms; "
                 f"{kept['checkpoints']} checkpoints, {kept['bytes'] / 1e6:.0f} MB",
        )  # fmt: skip
