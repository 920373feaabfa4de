"""Callbacks that watch one metric: what is better, and what to say if it is not measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from core import checked
from core.callbacks.base import Callback, Logs
from core.errors import SettingError
from core.layers.settings import Setting
from core.naming import suggestion

MONITOR = Setting("monitor", "Metric", "text", "val_loss",
                  help="The metric that decides; val_ ones are of held-out samples")  # fmt: skip


class MonitorCallback(Callback):
    """Watches a metric at the end of each epoch.

    Parameters
    ----------
    monitor
        Name of the metric in the logs.
    mode
        Whether less is better ("min"), more ("max"), or as the metric's name says ("auto").
    baseline
        What counts as the best value before the first epoch.
    min_delta
        What counts as better must be better by more than this.

    Raises
    ------
    core.errors.SettingError
        An argument has a value it cannot have.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:  # fmt: skip
        kind = type(self).__name__
        if not isinstance(monitor, str) or not monitor:
            message = (
                f'{kind}: monitor is the name of a metric such as "val_loss"; it is {monitor!r}.'
            )
            raise SettingError(message, "monitor")
        if not isinstance(mode, str) or mode not in ("auto", "min", "max"):
            raise SettingError(
                f'{kind}: mode must be "auto", "min" or "max"; it is {mode!r}.', "mode"
            )
        self.monitor, self.mode = monitor, mode
        self.best: float | None = None if baseline is None else self.number("baseline", baseline)
        self.min_delta = abs(self.number("min_delta", min_delta))
        self._known: list[str] = []

    def number(self, name: str, value: Any) -> float:
        """An argument that is a finite number."""
        found = checked.finite(value)
        if found is None:
            raise SettingError(
                f"{type(self).__name__}: {name} must be a number; it is {value!r}.", name
            )
        return found

    def whole(self, name: str, value: Any, least: int = 0) -> int:
        """An argument that is a whole number of at least `least`."""
        found = checked.whole(value, least)
        if found is None:
            message = f"{type(self).__name__}: {name} must be a whole number of at least {least}; it is {value!r}."
            raise SettingError(message, name)
        return found

    def flag(self, name: str, value: Any) -> bool:
        """An argument that is True or False."""
        return checked.yes_or_no(name, value, type(self).__name__)

    @property
    def more_is_better(self) -> bool:
        """True if larger values of the metric are better.

        Raises
        ------
        core.errors.SettingError
            It is no loss and no metric of the model, or one of which neither is better, and `mode` does not say.
        """
        better = self.mode
        if better == "auto":
            better = self.model.better_of(self.monitor.removeprefix("val_"))
        if not better:
            raise SettingError(
                f"{type(self).__name__} cannot tell whether more or less of {self.monitor!r} is better: give "
                'mode="min" or mode="max".',
                "mode",
            )
        return better == "max"

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """True if a value is better than another by more than `min_delta`; of None every one is.

        Compared in float32, as Keras does: smaller differences are chance.
        """
        if reference is None:
            return True
        if self.more_is_better:
            return bool(np.float32(value - self.min_delta) > np.float32(reference))
        return bool(np.float32(value + self.min_delta) < np.float32(reference))

    def require(self, metrics: list[str], batches: list[str], open_: bool) -> None:
        self._known = list(metrics)
        if self.monitor not in metrics and not open_:
            raise self._missing(metrics)
        # Asked now, so that it is not said after an epoch.
        _ = self.more_is_better

    def watched(self, logs: Logs | None) -> float | None:
        """The value of the metric; None if it is measured, but not after this epoch.

        Raises
        ------
        core.errors.SettingError
            It is not measured at all, or it is no number.
        """
        found = logs or {}
        if self.monitor not in found:
            if self.monitor in self._known:
                return None
            raise self._missing(list(found))
        value = found[self.monitor]
        if np.ndim(value):
            raise SettingError(
                f"{type(self).__name__} watches {self.monitor!r}, which is {np.size(value)} numbers and not one.",
                "monitor",
            )
        return float(value)

    def _missing(self, names: list[str]) -> SettingError:
        held = self.monitor.startswith("val_") and not any(one.startswith("val_") for one in names)
        what = (
            " Nothing is held out to measure it on: give fit validation_data or validation_split."
            if held and self.monitor.removeprefix("val_") in names
            else suggestion(self.monitor, names)
        )
        return SettingError(
            f"{type(self).__name__} watches {self.monitor!r}, which is not measured; there are "
            f"{', '.join(names) or 'no metrics'}.{what}",
            "monitor",
        )
