"""After how many batches something is written."""

from __future__ import annotations

from typing import Any

from core import checked
from core.errors import SettingError


class Pace:
    """Counts batches over the ends of epochs, as Keras does.

    Parameters
    ----------
    save_freq
        "epoch", or a number of batches.
    kind
        The callback, for the sentence.
    """

    def __init__(self, save_freq: Any, kind: str) -> None:
        by_epoch = isinstance(save_freq, str) and save_freq == "epoch"
        batches = checked.whole(save_freq, 1)
        if batches is None and not by_epoch:
            raise SettingError(
                f'{kind}: save_freq must be "epoch" or a number of batches of at least 1; it is {save_freq!r}.',
                "save_freq",
            )
        self.save_freq: str | int = "epoch" if batches is None else batches
        self._since, self._last = 0, -1

    def begin(self) -> None:
        """A new training: the next batch is the first of an epoch."""
        self._last = -1

    def is_due(self, batch: int) -> bool:
        """Count up to this batch (from 0 in each epoch); True if that makes enough."""
        if self.save_freq == "epoch":
            return False
        self._since += batch + 1 if batch <= self._last else batch - self._last
        self._last = batch
        if self._since < int(self.save_freq):
            return False
        self._since = 0
        return True
