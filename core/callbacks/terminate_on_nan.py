"""Stopping when numbers break."""

from __future__ import annotations

import numpy as np

from core import checked
from core.callbacks.base import Callback, Logs, say
from core.errors import DivergedError


class TerminateOnNaN(Callback):
    """End training at a loss that is NaN or infinite, and keep what was measured until then.

    Without it `fit` stops there, too, and raises an error that names the instruction where it began.

    Parameters
    ----------
    raise_error
        Raise at once; `on_train_end` of other callbacks is not called.
    """

    #: The machine itself stops at such a loss: nobody has to look after every batch.
    hears_batches = False

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = checked.yes_or_no("raise_error", raise_error, "TerminateOnNaN")

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise DivergedError(
                f"The loss became {loss:g} at batch {batch}. Training ends immediately, as TerminateOnNaN was told."
            )
        say(f"Batch {batch}: the loss is {loss:g}, training ends.")
        self.model.stop_training = True
