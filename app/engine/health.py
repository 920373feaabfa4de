"""How the layers are doing, now and over time: what the run measures, with a strip of means. Worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.snapshots import HealthView, read_only

if TYPE_CHECKING:
    from core.runs import Run

_BINS = 64


class HealthMeter:
    """Measures at each snapshot, keeps a strip of means over time."""

    def __init__(self) -> None:
        self._strip: list[tuple[int, np.ndarray, int]] = []
        self._width = 1
        self._view: HealthView | None = None
        self._key: object = None
        self._serial = 0

    def view(self, run: Run, version: tuple[int, int, int]) -> HealthView | None:
        """Return the view; measured anew after each step."""
        step = run.step_count
        # Right after an edit nothing of the new program was computed.
        if step == run.base or version == self._key or not run.meter.layers:
            return self._view
        self._key = version
        health = run.health()
        norms = health.of("gradient_norm")
        if run.position.pc == 0:
            self._add(step, norms)
        self._serial += 1
        self._view = HealthView(
            layers=health.layers,
            gradient_norm=read_only(norms),
            update_ratio=read_only(health.of("update_ratio")),
            saturation=read_only(health.of("saturated")),
            strip_steps=read_only([end for end, _, _ in self._strip], np.int64),
            strip=read_only(
                np.stack([total / count for _, total, count in self._strip], axis=1)
                if self._strip
                else np.zeros((len(health.layers), 0))
            ),
            dead=read_only(health.of("dead")),
            learns=read_only(health.learns, np.bool_),
            serial=self._serial,
        )
        return self._view

    def _add(self, step: int, norms: np.ndarray) -> None:
        if self._strip and step <= self._strip[-1][0]:
            # The learner went back: what came after did not happen.
            self._strip = [entry for entry in self._strip if entry[0] < step]
        if self._strip and step // self._width == (self._strip[-1][0] - 1) // self._width:
            _, total, count = self._strip[-1]
            self._strip[-1] = (step, total + norms, count + 1)
        else:
            self._strip.append((step, norms.copy(), 1))
        while len(self._strip) > _BINS:
            merged = []
            for left, right in zip(self._strip[::2], self._strip[1::2], strict=False):
                merged.append((right[0], left[1] + right[1], left[2] + right[2]))
            if len(self._strip) % 2:
                merged.append(self._strip[-1])
            self._strip = merged
            self._width *= 2
