"""Saving the model while it trains."""

from __future__ import annotations

import os
import re
from pathlib import Path
from string import Formatter
from typing import Any

from core import checked
from core.arguments import loudness
from core.callbacks.base import Logs, say
from core.callbacks.folders import require_writable
from core.callbacks.monitor import MonitorCallback
from core.callbacks.pace import Pace
from core.errors import SettingError
from core.io.weights import SUFFIX as WEIGHTS
from core.naming import suggestion

_MODEL = ".chainrule"
_FIELD = re.compile(r"\{(\w*)")


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after each epoch or after so many batches.

    Parameters
    ----------
    filepath
        The file; ``{epoch:02d}``, ``{batch}`` and metrics such as ``{val_loss:.2f}`` in its name are filled in (epochs
        and batches from 1). It ends with ``.chainrule``, or with ``.weights.safetensors`` for weights only.
    monitor
        Name of the metric that tells which model is the best.
    verbose
        1 prints what is saved.
    save_best_only
        Save only what is better than everything before.
    save_weights_only
        Save weights (and the optimizer's memory), not the model.
    mode
        Whether less is better ("min"), more ("max"), or as the metric's name says ("auto").
    save_freq
        "epoch", or a number of batches.
    initial_value_threshold
        Save only what is better than this, too.

    Raises
    ------
    core.errors.SettingError
        An argument has a value it cannot have; before training, if nothing can be written there, or if the file's name
        or `monitor` asks for a metric that is not measured.
    """

    def __init__(
        self, filepath: str | os.PathLike[str], monitor: str = "val_loss", verbose: int = 0,
        save_best_only: bool = False, save_weights_only: bool = False, mode: str = "auto",
        save_freq: str | int = "epoch", initial_value_threshold: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = str(checked.file_path(filepath, "ModelCheckpoint"))
        self.verbose = loudness(verbose, "ModelCheckpoint")
        self.save_best_only = self.flag("save_best_only", save_best_only)
        self.save_weights_only = self.flag("save_weights_only", save_weights_only)
        self._pace = Pace(save_freq, "ModelCheckpoint")
        self.save_freq = self._pace.save_freq
        self._require_ending()
        self._require_plain_fields(self.filepath)
        self._epoch = 0

    def _require_ending(self) -> None:
        ending = WEIGHTS if self.save_weights_only else _MODEL
        if self.filepath.endswith(ending):
            return
        what = "weights only" if self.save_weights_only else "the whole model"
        stem = re.sub(r"(\.weights)?\.(keras|h5|hdf5|safetensors|chainrule)$", "", self.filepath)
        raise SettingError(
            f"ModelCheckpoint saves {what}, in a file that ends with {ending}; it is {self.filepath!r}. Call it "
            f"{stem + ending!r}.",
            "filepath",
        )

    def _require_plain_fields(self, template: str) -> None:
        """Fields are names of numbers: parts of Python objects have no place in the name of a file."""
        try:
            parts = list(Formatter().parse(template))
        except ValueError:
            # What is wrong with it is said when training begins.
            return
        for _, name, form, _ in parts:
            if name and set(name) & set(".["):
                raise SettingError(
                    f"ModelCheckpoint cannot fill in {{{name}}} in {self.filepath!r}: fields are the epoch, the batch "
                    "and metrics, such as {epoch:02d} or {val_loss:.2f}.",
                    "filepath",
                )
            self._require_plain_fields(form or "")

    def require(self, metrics: list[str], batches: list[str], open_: bool) -> None:
        by_batch = self.save_freq != "epoch"
        known = batches if by_batch else metrics
        if self.save_best_only:
            super().require(known, batches, open_)
        self._known = list(known)
        fields = ["epoch", *(["batch"] if by_batch else []), *known]
        for name in _FIELD.findall(self.filepath):
            if name not in fields and not open_:
                raise self._unknown_field(name, fields)

    def _unknown_field(self, name: str, fields: list[str]) -> SettingError:
        return SettingError(
            f"ModelCheckpoint cannot fill in {{{name}}} in {self.filepath!r}: there are {', '.join(fields)}."
            f"{suggestion(name, fields)}",
            "filepath",
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._pace.begin()
        names = {name: 0.0 for name in (*self._known, *_FIELD.findall(self.filepath)) if name}
        try:
            first = Path(self.filepath.format(**{**names, "epoch": 1, "batch": 1}))
        except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
            raise SettingError(
                f"ModelCheckpoint cannot read the name {self.filepath!r}: {error}. Fields look like {{epoch:02d}} or "
                "{val_loss:.2f}.",
                "filepath",
            ) from error
        # A folder with a field in its name is made when it is known.
        while _FIELD.search(str(_template(self.filepath, first))):
            first = first.parent
        require_writable(first, "ModelCheckpoint", "filepath")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._pace.is_due(batch):
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    @property
    def hears_batches(self) -> bool:  # type: ignore[override]
        """Only if it saves after batches."""
        return self.save_freq != "epoch"

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        place = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1})}
        try:
            file = Path(self.filepath.format(**{**place, **logs}))
        except (KeyError, ValueError) as error:
            raise self._unknown_field(str(error).strip("'"), [*place, *logs]) from error
        if not self._is_wanted(epoch, logs, file):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(file)
        else:
            self.model.save(file)

    def _is_wanted(self, epoch: int, logs: dict[str, Any], file: Path) -> bool:
        if not self.save_best_only:
            self._tell(f"Epoch {epoch + 1}: saving {file}.")
            return True
        value = self.watched(logs)
        if value is None:
            # Keras saves here, over the best one.
            return False
        before = "nothing" if self.best is None else f"{self.best:.5f}"
        if not self.is_improvement(value, self.best):
            self._tell(f"Epoch {epoch + 1}: {self.monitor} did not improve from {before}.")
            return False
        self._tell(
            f"Epoch {epoch + 1}: {self.monitor} improved from {before} to {value:.5f}, saving {file}."
        )
        self.best = value
        return True

    def _tell(self, sentence: str) -> None:
        if self.verbose:
            say(sentence)


def _template(template: str, filled: Path) -> Path:
    """The part of a template's path that is as long as the filled one, without the file's name."""
    parts = Path(template).parts
    return Path(*parts[: max(len(filled.parts) - 1, 0)])
