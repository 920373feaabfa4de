"""A smaller learning rate where nothing gets better any more."""

from __future__ import annotations

import numpy as np

from core.arguments import loudness
from core.callbacks.base import Logs, say
from core.callbacks.monitor import MONITOR, MonitorCallback
from core.callbacks.rates import add_rate, require_settable
from core.errors import SettingError
from core.layers.settings import Setting


class ReduceLROnPlateau(MonitorCallback):
    """Multiply the learning rate by `factor` when a metric has not improved for `patience` epochs.

    Parameters
    ----------
    monitor
        Name of the metric in the logs.
    factor
        What the learning rate is multiplied by; less than 1.
    patience
        Epochs without improvement before that.
    verbose
        1 prints when it does.
    mode
        Whether less is better ("min"), more ("max"), or as the metric's name says ("auto").
    min_delta
        What counts as better must be better by more than this.
    cooldown
        Epochs after a reduction in which nothing is counted.
    min_lr
        The learning rate does not become smaller than this.

    Attributes
    ----------
    wait, best, cooldown_counter
        Epochs since the last improvement, the best value so far, and epochs of cooling down that are left.
    """

    title = "Smaller rate on a plateau"
    tip = "Makes the learning rate smaller when a metric has not improved for some epochs"
    settings = (
        MONITOR,
        Setting("factor", "Factor", "float", 0.1, 0.0, 1.0, 0.1, help="What the learning rate is multiplied by"),
        Setting("patience", "Patience", "int", 10, 0, help="Epochs without improvement before that"),
        Setting("min_delta", "Least improvement", "float", 1e-4, 0.0, step=0.001,
                help="Better by less than this does not count"),
        Setting("cooldown", "Cooldown", "int", 0, 0, help="Epochs after a reduction in which nothing is counted"),
        Setting("min_lr", "Least rate", "float", 0.0, 0.0, step=1e-5, help="The rate does not become smaller"),
    )  # fmt: skip

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
        mode: str = "auto", min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        self.factor = self.number("factor", factor)
        if not 0 <= self.factor < 1:
            message = (
                f"ReduceLROnPlateau: factor must be at least 0 and less than 1; it is {factor!r}."
            )
            raise SettingError(message, "factor")
        self.min_lr = self.number("min_lr", min_lr)
        self.patience, self.cooldown = (
            self.whole("patience", patience),
            self.whole("cooldown", cooldown),
        )
        self.verbose = loudness(verbose, "ReduceLROnPlateau")
        self.cooldown_counter = self.wait = 0

    def adds(self) -> tuple[str, ...]:
        return ("learning_rate",)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        require_settable(self)
        self.best = None
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        add_rate(self, logs)
        value = self.watched(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduced(epoch):
                self.cooldown_counter, self.wait = self.cooldown, 0

    def _reduced(self, epoch: int) -> bool:
        old = float(self.model.optimizer.learning_rate)
        # As Keras has it: the rate is a float32 number, and its bound is compared as one.
        if not np.float32(old) > np.float32(self.min_lr):
            return False
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose:
            say(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new:g}.")
        return True

    def in_cooldown(self) -> bool:
        """True while a reduction is left to take effect."""
        return self.cooldown_counter > 0
