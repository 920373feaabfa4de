"""Going on after a crash."""

from __future__ import annotations

import os
from pathlib import Path

from core import checked
from core.callbacks.base import Callback, Logs
from core.callbacks.folders import require_writable
from core.callbacks.pace import Pace
from core.errors import ChainruleError
from core.io.files import replace
from core.io.weights import SUFFIX

_FILE = "latest" + SUFFIX
_BEFORE = _FILE + ".bkp"


class BackupAndRestore(Callback):
    """Keep what is needed to go on if the program ends in the middle of `fit`; the next `fit` goes on from there.

    Weights, the optimizer's memory and the number of the epoch are written after each epoch, or after so many batches
    (then the epoch that was begun is begun anew). When training ends they are deleted.

    Parameters
    ----------
    backup_dir
        A folder for this training alone.
    save_freq
        "epoch", or a number of batches.
    double_checkpoint
        Keep the backup before the last one, too, and use it if the last one cannot be read.
    delete_checkpoint
        Delete the backup when training ends.
    """

    def __init__(
        self, backup_dir: str | os.PathLike[str], save_freq: str | int = "epoch",
        double_checkpoint: bool = False, delete_checkpoint: bool = True,
    ) -> None:  # fmt: skip
        self.backup_dir = str(
            checked.file_path(
                backup_dir, "BackupAndRestore", "backup_dir", "backup", "a folder of its own"
            )
        )
        self._pace = Pace(save_freq, "BackupAndRestore")
        self.save_freq = self._pace.save_freq
        self.double_checkpoint, self.delete_checkpoint = (
            checked.yes_or_no("double_checkpoint", double_checkpoint, "BackupAndRestore"),
            checked.yes_or_no("delete_checkpoint", delete_checkpoint, "BackupAndRestore"),
        )
        self._epoch = 0

    @property
    def hears_batches(self) -> bool:  # type: ignore[override]
        """Only if it saves after batches."""
        return self.save_freq != "epoch"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        folder = Path(self.backup_dir)
        require_writable(folder / _FILE, "BackupAndRestore", "backup_dir")
        self._pace.begin()
        self._epoch = 0
        if not (folder / _FILE).exists() and not (folder / _BEFORE).exists():
            return
        try:
            self._restore(folder / _FILE)
        except ChainruleError:
            if not (folder / _BEFORE).exists():
                raise
            self._restore(folder / _BEFORE)

    def _restore(self, file: Path) -> None:
        self._epoch = self.model.take_weights(file)
        self.model.begin_at(self._epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._pace.is_due(batch):
            self._save()

    def _save(self) -> None:
        folder = Path(self.backup_dir)
        folder.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint and (folder / _FILE).exists():
            replace(folder / _FILE, folder / _BEFORE)
        self.model.keep_weights(folder / _FILE, self._epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.delete_checkpoint:
            return
        folder = Path(self.backup_dir)
        for name in (_FILE, _BEFORE):
            (folder / name).unlink(missing_ok=True)
        # Only what it wrote: a folder with other files in it stays.
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
