"""Running sums of numbers as they are: for use by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import SettingError
from core.metrics.base import Metric


class _Plain(Metric):
    """Takes numbers, not targets and predictions."""

    share = False
    better = ""
    compiled = False

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._total = self._count = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add numbers, each sample counting its weight; of several a sample their mean (a `Sum`: their sum)."""
        given = np.asarray(values, np.float64)
        if given.dtype.kind != "f":
            raise SettingError(f"{self.name} adds numbers; {values!r} is given.", "values")
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        if weights is not None and weights.ndim == given.ndim + 1 and weights.shape[-1] == 1:
            weights = weights[..., 0]
        if weights is not None:
            if weights.shape != given.shape[: weights.ndim]:
                raise SettingError(
                    f"{self.name}: weights of shape {weights.shape} do not fit numbers of shape {given.shape}.",
                    "sample_weight",
                )
            given = self._reduced(given, weights.ndim) * weights
        samples = self._reduced(given, 1)
        self._total += float(np.sum(samples))
        if weights is None:
            self._count += samples.shape[0] if samples.ndim else 1
        else:
            self._count += float(np.sum(self._reduced(weights, 1)))

    def _reduced(self, values: np.ndarray, axes: int) -> np.ndarray:
        rest = tuple(range(axes, values.ndim))
        return np.asarray(values.mean(rest) if rest else values)

    def __call__(self, values: Any, sample_weight: Any = None) -> Any:  # type: ignore[override]
        """Add numbers, and return the result so far."""
        self.update_state(values, sample_weight)
        return self.result()


class Mean(_Plain):
    """The mean of numbers, each counting its weight; 0 if nothing counts."""

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def result(self) -> float:
        """The mean so far."""
        return self._total / self._count if self._count else 0.0


class Sum(_Plain):
    """The sum of numbers, each times its weight."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def _reduced(self, values: np.ndarray, axes: int) -> np.ndarray:
        rest = tuple(range(axes, values.ndim))
        return np.asarray(values.sum(rest) if rest else values)

    def result(self) -> float:
        """The sum so far."""
        return self._total
