"""What was measured of a run's health, once and over time."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import ChainruleError
from core.naming import unknown

#: What is measured of each layer, in the order of the columns of `Health.values`.
MEASURES = ("gradient_norm", "weight_norm", "update_ratio", "dead", "saturated")
#: Records kept at most; then every second one is dropped and half as many are taken.
CAPACITY = 4096
#: Layers that a line tells of at most.
_SHOWN = 4


@dataclass(frozen=True, eq=False)
class Health:
    """What `Run.health` has measured.

    Attributes
    ----------
    step
        Updates done.
    layers
        Ids of the layers that have weights or units that can die or saturate, in the order of the network.
    learns
        (layers,) False where everything of a layer is frozen, or it has no weights.
    values
        (layers, 5) float64, a column for each of `MEASURES`.
    """

    step: int
    layers: tuple[str, ...]
    learns: np.ndarray
    values: np.ndarray

    def __getitem__(self, layer: str) -> dict[str, float]:
        """The measures of a layer by name."""
        if layer not in self.layers:
            raise ChainruleError(unknown("layer that is measured", layer, self.layers))
        row = self.values[self.layers.index(layer)]
        return {name: float(value) for name, value in zip(MEASURES, row, strict=True)}

    def of(self, measure: str) -> np.ndarray:
        """(layers,) one measure of every layer."""
        if measure not in MEASURES:
            raise ChainruleError(unknown("measure", measure, MEASURES))
        return self.values[:, MEASURES.index(measure)]

    def __repr__(self) -> str:
        head = f"{'layer':16}" + "".join(f"{name.replace('_', ' '):>15}" for name in MEASURES)
        rows = [
            f"{layer:16}" + "".join(f"{'-' if np.isnan(v) else f'{v:.3g}':>15}" for v in row)
            for layer, row in zip(self.layers, self.values, strict=True)
        ]
        return "\n".join([f"after {self.step:,} steps", head, *rows])


class HealthLog:
    """Health over the steps of a run, in bounded memory.

    Attributes
    ----------
    every
        Steps between records; 0 records nothing. It doubles when there are `CAPACITY` records.
    layers
        Ids of the layers of the records.
    """

    def __init__(self, every: int = 0) -> None:
        self.every = every
        self.layers: tuple[str, ...] = ()
        self._steps: list[int] = []
        self._values: list[np.ndarray] = []

    def __repr__(self) -> str:
        if not self.every and not self._steps:
            return (
                "<HealthLog: nothing is recorded; run.record_health(100) records every 100 steps>"
            )
        count = len(self._steps)
        often = f"after every {self.every:,} steps" if self.every > 1 else "after every step"
        head = f"<HealthLog of {count:,} record{'s' if count != 1 else ''}, taken {often}"
        if not count:
            return f"{head}>"
        ratios = self._values[-1][:, MEASURES.index("update_ratio")]
        told = [
            f"{layer} {ratio:.3g}"
            for layer, ratio in zip(self.layers, ratios, strict=True)
            if not np.isnan(ratio)
        ]
        shown = ", ".join(told[:_SHOWN]) + (", ..." if len(told) > _SHOWN else "")
        return f"{head}; update ratios of the last (step {self._steps[-1]:,}): {shown or 'none'}>"

    @property
    def steps(self) -> np.ndarray:
        """(records,) updates done when each was taken."""
        return np.array(self._steps, np.int64)

    def series(self, layer: str, measure: str) -> np.ndarray:
        """(records,) one measure of a layer over time."""
        if layer not in self.layers:
            raise ChainruleError(unknown("layer that is recorded", layer, self.layers))
        if measure not in MEASURES:
            raise ChainruleError(unknown("measure", measure, MEASURES))
        row, column = self.layers.index(layer), MEASURES.index(measure)
        return np.array([values[row, column] for values in self._values], np.float32)

    def until_next(self, step: int) -> int:
        """Steps from here to the next record."""
        return self.every - step % self.every if self.every else 1 << 30

    def due(self, step: int) -> bool:
        """True if a record is to be taken after this step; one that is known (a replay) is not taken again."""
        last = self._steps[-1] if self._steps else -1
        return bool(self.every) and step % self.every == 0 and step > last

    def add(self, health: Health) -> None:
        """Keep a record. Those of another network are forgotten."""
        if health.layers != self.layers:
            self.layers, self._steps, self._values = health.layers, [], []
        self._steps.append(health.step)
        self._values.append(health.values.astype(np.float32))
        if len(self._steps) >= CAPACITY:
            self.every *= 2
            kept = [k for k, step in enumerate(self._steps) if step % self.every == 0]
            self._steps = [self._steps[k] for k in kept]
            self._values = [self._values[k] for k in kept]

    def truncate(self, step: int) -> None:
        """Forget what was recorded after this many updates."""
        count = bisect.bisect_right(self._steps, step)
        del self._steps[count:], self._values[count:]

    def copy(self) -> HealthLog:
        """A log of its own that knows the same."""
        made = HealthLog(self.every)
        made.layers, made._steps, made._values = self.layers, list(self._steps), list(self._values)
        return made

    def arrays(self) -> dict[str, np.ndarray]:
        """For a file; empty if nothing is recorded."""
        if not self.every:
            return {}
        shape = (len(self._steps), len(self.layers), len(MEASURES))
        return {
            "health_every": np.array([self.every], np.int64),
            "health_steps": self.steps,
            "health_values": np.array(self._values, np.float32).reshape(shape),
        }

    @classmethod
    def read(cls, arrays: dict[str, Any], layers: tuple[str, ...], last: int) -> HealthLog:
        """From a file of a run with these layers that has come to step `last`.

        Raises
        ------
        ValueError
            No run can have written it.
        """
        if "health_every" not in arrays:
            return cls()
        every, steps, values = (arrays[f"health_{key}"] for key in ("every", "steps", "values"))
        wide = len(layers) if len(steps) else values.shape[1]
        fine = (
            every.shape == (1,)
            and 0 < int(every[0]) < 2**53
            and steps.ndim == 1
            and values.shape == (len(steps), wide, len(MEASURES))
            and len(steps) < CAPACITY
            and (not len(steps) or (steps[0] >= 0 and steps[-1] <= last))
            and bool(np.all(np.diff(steps) > 0))
        )
        if not fine:
            message = "no run records its health so"
            raise ValueError(message)
        log = cls(int(every[0]))
        log.layers = layers if len(steps) else ()
        log._steps = [int(step) for step in steps]
        log._values = [np.array(one, np.float32) for one in values]
        return log
