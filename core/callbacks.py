"""Callbacks of `Model.fit`, under their Keras names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import SettingError
from core.naming import no_attribute

if TYPE_CHECKING:
    from core.model import Model

__all__ = ["Callback", "EarlyStopping"]


class Callback:
    """Base: override what you need."""

    model: Model

    def set_model(self, model: Model) -> None:
        """Called once before training."""
        self.model = model

    def on_train_begin(self) -> None:
        """Before the first epoch."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """After each epoch, with its metrics."""

    def on_train_end(self) -> None:
        """After the last epoch."""


class EarlyStopping(Callback):
    """Stop when a metric has not improved for `patience` epochs; optionally go back to the best weights."""

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, mode: str = "auto",
        restore_best_weights: bool = False,
    ) -> None:  # fmt: skip
        if mode not in ("auto", "min", "max"):
            raise SettingError(f'mode must be "auto", "min" or "max"; it is {mode!r}.', "mode")
        self.monitor, self.min_delta, self.patience = monitor, abs(min_delta), patience
        self.sign = 1.0 if mode == "max" or (mode == "auto" and "acc" in monitor) else -1.0
        self.restore_best_weights = restore_best_weights
        self.stopped_epoch = 0

    def on_train_begin(self) -> None:
        self.best, self.wait = -np.inf, 0
        self.best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self.monitor not in logs:
            options = ", ".join(logs)
            raise SettingError(
                f"EarlyStopping watches {self.monitor!r}, which is not measured; there are {options}."
            )
        value = self.sign * logs[self.monitor]
        if value > self.best + self.min_delta:
            self.best, self.wait = value, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant, and what there is."""
        raise no_attribute("core.callbacks", name, __all__, tell_all=True)


def __dir__() -> list[str]:
    return sorted(__all__)
