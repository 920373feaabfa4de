"""What callbacks that change the learning rate have in common."""

from __future__ import annotations

from core.callbacks.base import Callback, Logs
from core.errors import SettingError


def require_settable(callback: Callback) -> None:
    """Say so if the learning rate follows a schedule, which nothing else can change.

    Raises
    ------
    core.errors.SettingError
        It does.
    """
    schedule = callback.model.optimizer.schedule
    if schedule is not None:
        kind, name = type(callback).__name__, type(schedule).__name__
        raise SettingError(
            f"{kind} changes the learning rate, but that follows {name} for the whole training. Compile the model "
            f"with a number for the learning rate, or leave {kind} out.",
            "learning_rate",
        )


def add_rate(callback: Callback, logs: Logs) -> None:
    """Put the learning rate the epoch was trained with into its logs."""
    logs["learning_rate"] = float(callback.model.optimizer.learning_rate)
