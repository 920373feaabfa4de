"""How large gradients are, layer by layer and over time. Worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from app.snapshots import HealthView, read_only

if TYPE_CHECKING:
    from core.runs import Run

_BINS = 64

#: Beyond this magnitude a tanh no longer answers to what it is given; a sigmoid beyond the same share.
_SATURATED = 0.97

#: Layers with more weights are not copied to compare two steps.
_LARGEST = 1 << 20


class HealthMeter:
    """Measures at each snapshot, keeps a strip of means over time.

    Parameters
    ----------
    run
        The run whose layers are measured.
    """

    def __init__(self, run: Run) -> None:
        names = run.program.tape.tensors
        self._kernels = [
            slot.tensor.name
            for slot in run.program.tape.weights
            if slot.weight.role in ("kernel", "embeddings") and f"grad/{slot.tensor.name}" in names
        ]
        self._layers = tuple(name.split("/")[0] for name in self._kernels)
        outputs = {
            run.network.node(run.network.source(output)[0]).layer for output in run.network.outputs
        }
        self._bounded = [
            self._activation(run, layer) if layer not in outputs else "" for layer in self._layers
        ]
        self._before: dict[str, np.ndarray] = {}
        self._before_step = -1
        self._strip: list[tuple[int, np.ndarray, int]] = []
        self._width = 1
        self._view: HealthView | None = None
        self._key: object = None
        self._serial = 0

    @staticmethod
    def _activation(run: Run, layer: str) -> str:
        name = run.network.layer(layer).config.get("activation")
        return name if name in ("tanh", "sigmoid", "hard_sigmoid", "softsign") else ""

    def view(self, run: Run, version: tuple[int, int, int]) -> HealthView | None:
        """Return the view; measured anew after each step."""
        step = run.step_count
        if not self._kernels or step == 0 or version == self._key:
            return self._view
        self._key = version
        with np.errstate(all="ignore"):
            norms = np.array(
                [np.linalg.norm(run.program.tensor(f"grad/{name}")) for name in self._kernels]
            )
            ratios = self._ratios(run, step)
            saturation = np.array(
                [
                    _saturation(run, layer, kind)
                    for layer, kind in zip(self._layers, self._bounded, strict=True)
                ]
            )
        if run.position.pc == 0:
            self._add(step, norms)
        self._serial += 1
        self._view = HealthView(
            layers=self._layers,
            gradient_norm=read_only(norms),
            update_ratio=read_only(ratios),
            saturation=read_only(saturation),
            strip_steps=read_only([end for end, _, _ in self._strip], np.int64),
            strip=read_only(
                np.stack([total / count for _, total, count in self._strip], axis=1)
                if self._strip
                else np.zeros((len(self._layers), 0))
            ),
            serial=self._serial,
        )
        return self._view

    def _ratios(self, run: Run, step: int) -> np.ndarray:
        """Return how far the last update moved each kernel, known where two snapshots are one step apart."""
        ratios = np.full(len(self._kernels), np.nan)
        if run.position.pc:
            return ratios
        for place, name in enumerate(self._kernels):
            now = run.program.tensor(name)
            if now.size > _LARGEST:
                continue
            before = self._before.get(name)
            if before is not None and self._before_step == step - 1:
                ratios[place] = np.linalg.norm(now - before) / max(
                    float(np.linalg.norm(before)), 1e-30
                )
            self._before[name] = now.copy()
        self._before_step = step
        return ratios

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


def _saturation(run: Run, layer: str, kind: str) -> float:
    if not kind:
        return float("nan")
    value = run.program.tensor(f"{layer}/output")
    if kind.endswith("sigmoid"):
        value = 2 * value - 1
    return float((np.abs(value) > _SATURATED).mean())
