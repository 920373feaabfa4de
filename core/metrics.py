"""Metrics under their Keras names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SettingError
from core.naming import closest, unknown

if TYPE_CHECKING:
    from core.losses import Loss
    from core.tape.tensors import Tensor

_NAMES = (
    "accuracy",
    "acc",
    "sparse_categorical_accuracy",
    "categorical_accuracy",
    "binary_accuracy",
)
SPARSE, CATEGORICAL, BINARY = 0, 1, 2


def names() -> tuple[str, ...]:
    """Names of all metrics."""
    return _NAMES


def check(metric: str) -> None:
    """Say so if there is no such metric.

    Raises
    ------
    core.errors.SettingError
        There is none.
    """
    if metric not in _NAMES:
        raise SettingError(unknown("metric", str(metric), _NAMES), "metrics")


def accuracy_kind(metric: str, loss: Loss, p: Tensor) -> int:
    """Which accuracy is meant, as Keras resolves "accuracy": by the shapes of targets and predictions.

    Of a sequence or an image it is that of every time step or pixel.

    Raises
    ------
    core.errors.SettingError
        There is no such metric.
    """
    check(metric)
    if loss.sparse and p.last > 1:
        return SPARSE
    if metric == "binary_accuracy" or p.last == 1:
        return BINARY
    return CATEGORICAL


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say how a metric is given: by its name."""
        near = closest(name, _NAMES)
        example = near or "accuracy"
        raise AttributeError(
            f'core.metrics has no {name!r}. Metrics are given by name here: compile(..., metrics=["{example}"]). Known '
            f"metrics: {', '.join(_NAMES)}."
        )


def __dir__() -> list[str]:
    return ["check", "names"]
