"""The weights of a model in a file of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import checked
from core.errors import ChainruleError, SettingError
from core.io.weights import SUFFIX, SavedWeights, Standing, read_weights, write_weights
from core.model.fitting import Fitting
from core.model.running import Memory, stand_where

if TYPE_CHECKING:
    from collections.abc import Iterable


class Keeping(Fitting):
    """A model whose weights are saved and loaded without the model."""

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights to a ``.weights.safetensors`` file, and the optimizer's memory if the model is compiled.

        Parameters
        ----------
        filepath
            The file.
        overwrite
            Replace it if there is one; otherwise that is refused.
        """
        file = _weights_file(filepath, "save_weights")
        if not checked.yes_or_no("overwrite", overwrite) and file.exists():
            message = f"{file} exists already. Choose another name, or let it be replaced with overwrite=True."
            raise ChainruleError(message)
        self.keep_weights(file)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Read weights that `save_weights` wrote, from a model with the same layers in the same order.

        The optimizer's memory, its count of updates and its learning rate are taken over if the model is compiled: the
        next `fit` goes on as the saved one's would.

        Parameters
        ----------
        filepath
            The file.
        skip_mismatch
            Leave out weights of other shapes, and the optimizer's memory, instead of refusing the file.
        """
        self.take_weights(
            _weights_file(filepath, "load_weights"),
            skip=checked.yes_or_no("skip_mismatch", skip_mismatch),
        )

    def keep_weights(self, file: Path, next_epoch: int = 0) -> None:
        """Write weights and memory; `next_epoch` is noted for a `fit` that goes on from here."""
        self._require_weights("save_weights")
        compiled = self._loss is not None
        memory = self.memory() if compiled else None
        held = memory if memory is not None else Memory({}, 0, 0, 0)
        rate = self._optimizer.config["learning_rate"] if compiled else None
        standing = Standing(
            tuple(self._weight_names()), compiled, held.step, held.epoch, held.iteration,
            float(rate) if isinstance(rate, (int, float)) else None, next_epoch,
        )  # fmt: skip
        write_weights(file, SavedWeights(standing, self.weights_by_name(), held.slots))

    def take_weights(self, file: Path, *, skip: bool = False) -> int:
        """Read weights and memory; gives the number of the epoch that was noted."""
        self._require_weights("load_weights")
        saved = read_weights(file)
        have = self.weights_by_name()
        have = {name: have[name] for name in self._weight_names()}
        names = _renamed(saved, have, file, skip)
        values = {ours: saved.weights[theirs] for theirs, ours in names.items()}
        self.set_weights_by_name(values, finite=False)
        standing = saved.standing
        if not (standing.compiled and self._loss is not None) or len(names) < len(standing.names):
            return standing.next_epoch
        layers = {_layer(theirs): _layer(ours) for theirs, ours in names.items()}
        slots = {_under(name, names, layers): value for name, value in saved.memory.items()}
        memory = Memory(slots, standing.step, standing.epoch, standing.iteration)
        if self._run is not None:
            stand_where(self._run, memory)
        elif standing.step:
            self.recall(memory)
        if standing.learning_rate is not None and self._optimizer.schedule is None:
            self._optimizer.learning_rate = standing.learning_rate
        return standing.next_epoch

    def _require_weights(self, what: str) -> None:
        if not self.built:
            raise ChainruleError(
                f"{what} needs weights, and this model has none yet: begin it with Input((...)), or call "
                "build((None, ...)) first."
            )


def _weights_file(given: Any, what: str) -> Path:
    file = checked.file_path(given, what, example="digits" + SUFFIX)
    if not file.name.endswith(SUFFIX):
        stem = file.name.split(".", 1)[0]
        raise SettingError(
            f"{what} works with files that end with {SUFFIX}, which hold arrays and no code; it is {file.name!r}. Call "
            f"it {stem + SUFFIX!r}.",
            "filepath",
        )
    return file


def _renamed(
    saved: SavedWeights, have: dict[str, np.ndarray], file: Path, skip: bool
) -> dict[str, str]:
    """Which saved weight is which of the model: by name if all are the same, else by their order, as in Keras."""
    theirs, ours = list(saved.standing.names), list(have)
    if len(theirs) != len(ours) and not skip:
        raise ChainruleError(
            f"{file.name} holds {len(theirs)} weights, but the model has {len(ours)}. Make it of the same layers."
        )
    pairs: Iterable[tuple[str, str]] = zip(theirs, ours, strict=False)
    if set(theirs) == set(ours):
        pairs = [(name, name) for name in ours]
    found = {}
    for a, b in pairs:
        if saved.weights[a].shape != have[b].shape:
            if skip:
                continue
            raise ChainruleError(
                f"{file.name} holds {a} with the shape {saved.weights[a].shape}, but {b} of the model has "
                f"{have[b].shape}. Make the model of the same layers, or take the others with skip_mismatch=True."
            )
        found[a] = b
    return found


def _layer(name: str) -> str:
    return name.rsplit("/", 1)[0]


def _under(name: str, weights: dict[str, str], layers: dict[str, str]) -> str:
    """The name of a slot or state in a model whose layers may be called otherwise."""
    for known in (weights, layers):
        for theirs, ours in known.items():
            if name.startswith(theirs + "/"):
                return ours + name.removeprefix(theirs)
    return name
