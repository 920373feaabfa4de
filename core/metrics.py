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


def labels(given: tuple[str, ...], loss: Loss, last: int) -> dict[str, str]:
    """The name on the tape of each metric of an output whose last axis is so long.

    The first is "accuracy"; what measures the same has the same name, what measures something else its own.
    """
    by_kind: dict[int, str] = {}
    return {
        metric: by_kind.setdefault(kind(metric, loss, last), metric if by_kind else "accuracy")
        for metric in given
    }


def accuracy_kind(metric: str, loss: Loss, p: Tensor) -> int:
    """Which accuracy is meant, as Keras resolves "accuracy": by the shapes of targets and predictions.

    Of a sequence or an image it is that of every time step or pixel.

    Raises
    ------
    core.errors.SettingError
        There is no such metric.
    """
    return kind(metric, loss, p.last)


def kind(metric: str, loss: Loss, last: int) -> int:
    """The same for an output whose last axis is so long."""
    check(metric)
    if loss.sparse and last > 1:
        return SPARSE
    if metric == "binary_accuracy" or last == 1:
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
