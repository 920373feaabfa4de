"""Callbacks of `Model.fit`, under their Keras names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ChainruleError, SettingError
from core.naming import no_attribute, suggestion

if TYPE_CHECKING:
    from core.model import Model

__all__ = ["Callback", "EarlyStopping"]


class Callback:
    """Base: override what you need. Hooks are called as Keras calls them, with the metrics so far in ``logs``.

    Attributes
    ----------
    model
        What is trained; ``model.stop_training = True`` ends it after the present batch or epoch.
    params
        ``{"verbose", "epochs", "steps"}`` of this `fit`; `steps` are batches an epoch.
    """

    model: Model
    params: dict[str, Any]

    def set_model(self, model: Model) -> None:
        """Called once before training."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once before training."""
        self.params = params

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """After the last epoch, with its metrics."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Before each epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """After each epoch, with its metrics."""

    def on_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keras's older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Keras's older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Before each batch, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """After each batch, with the means of the epoch so far."""
        self.on_batch_end(batch, logs)


class Callbacks:
    """Those of one `fit`, called one after the other.

    Raises
    ------
    core.errors.ChainruleError
        One is not a callback, or waits for a hook that is never called.
    """

    def __init__(self, given: Any, model: Model, params: dict[str, Any]) -> None:
        found = (
            list(given) if isinstance(given, (list, tuple)) else [] if given is None else [given]
        )
        for one in found:
            if not isinstance(one, Callback):
                raise ChainruleError(
                    f"Callbacks are objects of core.callbacks; {one!r} is not one."
                )
            _require_known_hooks(one)
        self._all: list[Callback] = found
        #: True if somebody wants to hear of batches: then they are run one by one.
        self.by_batch = any(
            getattr(type(one), hook) is not getattr(Callback, hook)
            for one in found
            for hook in _OF_BATCHES
        )
        for one in found:
            one.set_params(dict(params))
            one.set_model(model)

    def call(self, hook: str, *place: int, logs: dict[str, float] | None = None) -> None:
        """Call a hook of all; each gets a copy of the logs."""
        for one in self._all:
            getattr(one, hook)(*place, dict(logs or {}))


_OF_BATCHES = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
_HOOK = re.compile(r"on_\w+_(begin|end)")


def _require_known_hooks(one: Callback) -> None:
    """Say so if a callback has a hook that Keras or nobody knows, which would never be called."""
    kind = type(one)
    for name in dir(kind):
        if _HOOK.fullmatch(name) and callable(getattr(kind, name)) and not hasattr(Callback, name):
            known = [hook for hook in dir(Callback) if _HOOK.fullmatch(hook)]
            raise ChainruleError(
                f"{kind.__name__}.{name} would never be called: fit calls {', '.join(known)}."
                f"{suggestion(name, known)}"
            )


class EarlyStopping(Callback):
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
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        if mode not in ("auto", "min", "max"):
            raise SettingError(f'mode must be "auto", "min" or "max"; it is {mode!r}.', "mode")
        if baseline is not None and (isinstance(baseline, bool) or not _is_number(baseline)):
            message = f"baseline must be a number or None; it is {baseline!r}."
            raise SettingError(message, "baseline")
        self.monitor, self.min_delta, self.patience = monitor, abs(min_delta), patience
        self.sign = 1.0 if mode == "max" or (mode == "auto" and "acc" in monitor) else -1.0
        self.verbose, self.baseline, self.start_from_epoch = verbose, baseline, start_from_epoch
        self.restore_best_weights = restore_best_weights
        self.stopped_epoch = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.best, self.wait = -np.inf, 0
        self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        if self.monitor not in logs:
            options = ", ".join(logs)
            raise SettingError(
                f"EarlyStopping watches {self.monitor!r}, which is not measured; there are {options}."
            )
        if epoch < self.start_from_epoch:
            return
        value = self.sign * logs[self.monitor]
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if value > self.best + self.min_delta:
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            beaten = self.baseline is None or value > self.sign * self.baseline + self.min_delta
            if beaten:
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")  # noqa: T201 - what verbose means
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")  # noqa: T201
            self.model.set_weights(self.best_weights)


if not TYPE_CHECKING:
    # Type checkers look for names themselves.

    def __getattr__(name: str) -> Any:
        """Say what was probably meant, and what there is."""
        raise no_attribute("core.callbacks", name, __all__, tell_all=True)


def __dir__() -> list[str]:
    return sorted(__all__)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))
