"""Metrics as a table in a file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from core import checked
from core.callbacks.base import Callback, Logs
from core.callbacks.folders import require_writable
from core.errors import SettingError


class CSVLogger(Callback):
    """Write the metrics of each epoch as a row of a file that spreadsheets read.

    Parameters
    ----------
    filename
        The file.
    separator
        What stands between two numbers.
    append
        Go on with the file if there is one.

    Raises
    ------
    core.errors.SettingError
        The separator is not one character; before training, if the file cannot be written.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = str(checked.file_path(filename, "CSVLogger", "filename", "history.csv"))
        if not isinstance(separator, str) or len(separator) != 1:
            message = f"CSVLogger: separator must be one character; it is {separator!r}."
            raise SettingError(message, "separator")
        self.sep = separator
        self.append = checked.yes_or_no("append", append, "CSVLogger")
        self._keys: list[str] | None = None
        self._file: TextIO | None = None
        self._head = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        path = Path(self.filename)
        require_writable(path, "CSVLogger", "filename")
        self._close()
        self._head = not (self.append and path.exists() and path.stat().st_size)
        try:
            # Rows are ended by the writer: without newline="" Windows would end them twice.
            self._file = path.open("a" if self.append else "w", encoding="utf-8", newline="")
        except OSError as error:
            from core.io.errors import explain_os_error

            raise SettingError(explain_os_error(error, path, "save"), "filename") from error
        self._keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        found = logs or {}
        if self._file is None:
            return
        first = self._keys is None
        if self._keys is None:
            self._keys = sorted(found)
            if not any(key.startswith("val_") for key in self._keys):
                # As in Keras: validation may begin later, and columns cannot be added then.
                self._keys += [f"val_{key}" for key in self._keys]
        writer = csv.writer(self._file, delimiter=self.sep)
        if first and self._head:
            writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_cell(found.get(key, "NA")) for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or not np.ndim(value):
        return value
    return f'"[{", ".join(map(str, value))}]"'
