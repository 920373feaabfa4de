"""What training measured."""

from __future__ import annotations

from core.callbacks.base import Callback, Logs


class History(Callback):
    """What `fit` measured: ``history.history["loss"]`` is one number an epoch, as in Keras.

    `fit` returns one; ``model.history`` is that of the last training.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = ", ".join(
            f"{name} {values[-1]:.4g}" for name, values in self.history.items() if values
        )
        count = len(self.epoch)
        return f"<History of {count} epoch{'s' if count != 1 else ''}{': ' if last else ''}{last}>"
