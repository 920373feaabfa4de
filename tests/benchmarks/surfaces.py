"""Twelve racers over every surface, and the heights of a picture of it: what a learner waits for."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import numpy as np

from core import landscape
from core.landscape import Surface
from tests.benchmarks.options import Options
from tests.benchmarks.rows import Row, timed

#: Steps of each racer, and seconds for all twelve.
STEPS, _SECONDS = 10_000, 1.0
#: The kinds of the window, with schedules and a noisy batch among them.
RACERS: tuple[tuple[dict[str, Any], int | None], ...] = (
    ({"kind": "SGD", "learning_rate": 1e-4}, None),
    ({"kind": "SGD", "learning_rate": 1e-4}, 1),
    ({"kind": "SGD", "learning_rate": 1e-4}, 8),
    ({"kind": "SGD", "learning_rate": 1e-5, "momentum": 0.9}, None),
    (
        {"kind": "SGD", "learning_rate": 1e-5, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0},
        None,
    ),
    ({"kind": "Adagrad", "learning_rate": 0.1}, 8),
    ({"kind": "Adadelta", "learning_rate": 1.0}, None),
    (
        {
            "kind": "RMSprop",
            "learning_rate": 0.001,
            "centered": True,
            "momentum": 0.5,
            "epsilon": 1e-2,
        },
        None,
    ),
    (
        {
            "kind": "Adam",
            "learning_rate": {
                "kind": "CosineDecay",
                "initial_learning_rate": 0.01,
                "decay_steps": STEPS,
            },
        },
        8,
    ),
    ({"kind": "AdamW", "learning_rate": 0.001, "amsgrad": True}, None),
    ({"kind": "Nadam", "learning_rate": {"kind": "StepDecay", "initial_learning_rate": 0.01}}, 8),
    ({"kind": "Lion", "learning_rate": 0.0001}, None),
)
#: Points of a picture.
_WIDTH, _HEIGHT = 512, 400


def rows(options: Options) -> Iterator[Row]:
    """The slowest surface is asked for; the others are told with it."""
    found = {}
    for name in landscape.names():
        surface = landscape.surface(name)
        race(surface, 10)
        found[name] = np.array([race(surface, STEPS) for _ in range(min(options.rounds, 3))])
    slowest = max(found, key=lambda name: float(np.median(found[name])))
    median = sorted(float(np.median(times)) for times in found.values())
    row = timed(
        "surfaces", f"12 racers of {STEPS:,} steps on {slowest}, the slowest", found[slowest],
        asked=f"at most {_SECONDS:g}", met=bool(np.median(found[slowest]) <= _SECONDS),
        note=f"of {len(found)} surfaces; the median one takes {median[len(median) // 2]:.3f} s",
    )  # fmt: skip
    yield row
    for name in ("ackley", "logistic-regression"):
        surface = landscape.surface(name)
        times = np.array([picture(surface) for _ in range(min(options.rounds, 5))])
        yield timed("surfaces", f"  {_WIDTH} x {_HEIGHT} heights of {name}", times)


def race(surface: Surface, steps: int) -> float:
    """Seconds of all twelve, every term of every step kept."""
    began = perf_counter()
    ways = [
        landscape.trajectory(surface, config, surface.start, steps, batch_size=batch)
        for config, batch in RACERS
    ]
    seconds = perf_counter() - began
    assert len(ways) == 12
    if surface.minima:
        assert all(way.left is None for way in ways), surface.kind
    return seconds


def picture(surface: Surface) -> float:
    """Seconds of the heights of a picture."""
    began = perf_counter()
    heights = surface.grid(*surface.domain, _WIDTH, _HEIGHT)
    seconds = perf_counter() - began
    assert np.isfinite(heights).all()
    return seconds
