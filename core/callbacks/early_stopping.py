"""Stopping when nothing gets better any more."""

from __future__ import annotations

from typing import Any

from core.arguments import loudness
from core.callbacks.base import Logs, say
from core.callbacks.monitor import MONITOR, MonitorCallback
from core.layers.settings import Setting


class EarlyStopping(MonitorCallback):
    """Stop when a metric has not improved for `patience` epochs; optionally go back to the best weights.

    Parameters
    ----------
    monitor
        Name of the metric in the logs.
    min_delta
        What counts as better must be better by more than this.
    patience
        Epochs without improvement before training stops.
    verbose
        1 prints when it stops and which weights it goes back to.
    mode
        Whether less is better ("min"), more ("max"), or as the metric's name says ("auto").
    baseline
        Waiting starts anew only with values better than this, too.
    restore_best_weights
        Go back to the weights of the best epoch at the end.
    start_from_epoch
        Epochs before this one are not looked at.

    Attributes
    ----------
    wait, best, best_epoch, best_weights
        Epochs since the last improvement, the best value so far, its epoch (from 0) and its weights.
    stopped_epoch
        The epoch it stopped at; 0 if it did not.
    """

    title = "Stop early"
    tip = "Ends training when a metric has not improved for some epochs"
    settings = (
        MONITOR,
        Setting("patience", "Patience", "int", 0, 0, help="Epochs without improvement before training stops"),
        Setting("min_delta", "Least improvement", "float", 0.0, 0.0, step=0.001,
                help="Better by less than this does not count"),
        Setting("restore_best_weights", "Go back to the best", "bool", False,
                help="When training is stopped, or chainrule train has done all its epochs, the weights are those of "
                     "the best epoch again; the window leaves them after its last planned epoch, for you may go on"),
    )  # fmt: skip

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = self.whole("patience", patience)
        self.start_from_epoch = self.whole("start_from_epoch", start_from_epoch)
        self.baseline = None if baseline is None else self.number("baseline", baseline)
        self.verbose = loudness(verbose, "EarlyStopping")
        self.restore_best_weights = self.flag("restore_best_weights", restore_best_weights)
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.best_weights = None, None
        self.wait = self.stopped_epoch = self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.watched(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self._keep(epoch)
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_weights, self.best_epoch = self.model.get_weights(), epoch

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
