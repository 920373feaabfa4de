"""A learning rate that a function gives for each epoch."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from core.arguments import loudness
from core.callbacks.base import Callback, Logs, say
from core.callbacks.rates import add_rate, require_settable
from core.errors import SettingError


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Parameters
    ----------
    schedule
        Function of the epoch (from 0) and the present learning rate, or of the epoch alone; gives the new one.
    verbose
        1 prints it.

    Raises
    ------
    core.errors.SettingError
        It is not a function.
    """

    def __init__(self, schedule: Any, verbose: int = 0) -> None:
        if not callable(schedule):
            message = f"LearningRateScheduler takes a function such as lambda epoch, lr: 0.9 * lr; it is {schedule!r}."
            raise SettingError(message, "schedule")
        self.schedule = schedule
        self.verbose = loudness(verbose, "LearningRateScheduler")

    def adds(self) -> tuple[str, ...]:
        return ("learning_rate",)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_settable(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        given = (epoch, float(optimizer.learning_rate))
        # Keras tries both and takes the error of the first for a sign; one inside the function would be lost.
        rate = self.schedule(*given) if _takes_two(self.schedule) else self.schedule(epoch)
        if isinstance(rate, np.ndarray) and rate.ndim == 0:
            rate = rate.item()
        if not isinstance(rate, (float, np.floating)) or not np.isfinite(rate) or rate < 0:
            raise SettingError(
                f"The schedule of LearningRateScheduler must give a number with a point that is not negative, such as "
                f"0.01; for epoch {epoch} it gives {rate!r}.",
                "schedule",
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            say(
                f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate):g}."
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            add_rate(self, logs)


def _takes_two(function: Any) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:
        # A built-in that does not tell.
        return True
    return True
