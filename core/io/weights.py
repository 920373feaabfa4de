"""Weights alone in a file: ``.weights.safetensors``, which other programs can read, too.

Arrays are called ``weights/dense/kernel`` and ``memory/dense/kernel/m``. What is not an array is in the metadata.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from core.io.errors import ProjectError, explain_os_error
from core.io.files import write_beside

#: How such a file is called.
SUFFIX = ".weights.safetensors"
_KIND, _FORMAT = "chainrule-weights", 1


class Standing(msgspec.Struct, frozen=True):
    """Where training stood when weights were saved.

    Attributes
    ----------
    names
        Of the weights, in Keras's order.
    compiled
        True if there was an optimizer.
    step, epoch, iteration
        As `core.model.Memory` has them.
    learning_rate
        None where a schedule gives it.
    next_epoch
        The number of the epoch that `fit` does next, where a callback notes it.
    """

    names: tuple[str, ...]
    compiled: bool = False
    step: int = 0
    epoch: int = 0
    iteration: int = 0
    learning_rate: float | None = None
    next_epoch: int = 0


@dataclass(frozen=True)
class SavedWeights:
    """What such a file holds: weights and the optimizer's memory by name, and where training stood."""

    standing: Standing
    weights: dict[str, np.ndarray]
    memory: dict[str, np.ndarray] = field(default_factory=dict)


def write_weights(path: Path, saved: SavedWeights) -> None:
    """Write a file of weights; the one that was there stays until the new one is complete.

    Raises
    ------
    ProjectError
        It cannot be written.
    """
    arrays = {f"weights/{name}": np.asarray(a, order="C") for name, a in saved.weights.items()}
    arrays |= {f"memory/{name}": np.asarray(a, order="C") for name, a in saved.memory.items()}
    told = {
        "kind": _KIND,
        "format": str(_FORMAT),
        "standing": msgspec.json.encode(saved.standing).decode(),
    }
    data = save_arrays(arrays, metadata=told)

    def fill(file: BinaryIO) -> None:
        file.write(data)

    write_beside(path, fill)


def _damaged(path: Path, where: str) -> str:
    return f"{path.name} is damaged ({where}) and cannot be read. If there is an earlier copy, read that one."


def read_weights(path: Path) -> SavedWeights:
    """Read a file of weights.

    Raises
    ------
    ProjectError
        It is not there, not such a file, damaged, or of a newer version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProjectError(explain_os_error(error, path, "open")) from error
    try:
        arrays = load_arrays(data)
        told: Any = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__")
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ProjectError(_damaged(path, "its arrays cannot be read")) from error
    if not isinstance(told, dict) or told.get("kind") != _KIND:
        message = f"{path.name} holds no weights of Chainrule: save_weights writes such files."
        raise ProjectError(message)
    if told.get("format") != str(_FORMAT):
        message = (
            f"{path.name} was written by a newer version of Chainrule. Update Chainrule to read it."
        )
        raise ProjectError(message)
    try:
        standing = msgspec.json.decode(told.get("standing", ""), type=Standing)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ProjectError(_damaged(path, "where training stood")) from error
    parts: dict[str, dict[str, np.ndarray]] = {"weights": {}, "memory": {}}
    for key, array in arrays.items():
        part, _, name = key.partition("/")
        parts.setdefault(part, {})[name] = array
    if set(standing.names) != set(parts["weights"]):
        raise ProjectError(_damaged(path, "weights are missing"))
    return SavedWeights(standing, parts["weights"], parts["memory"])
