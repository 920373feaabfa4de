"""The other runs of a project: branches, and those the open one has left, each with what it needs to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from core.spec import Network, Training

Arrays = Mapping[str, np.ndarray]

#: Stands for the data set of a model that was saved by a script: a file of it names none.
NO_DATA = "none"


class DataRef(msgspec.Struct, frozen=True):
    """Which data set a project or a run uses: its id in `core.data`, version and parameters."""

    id: str
    parameters: dict[str, Any] = {}
    version: int = 1


class RunNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a run besides its arrays.

    Attributes
    ----------
    id, name
        Its place in the tree of runs ("1.2" is the second branch of "1"), and what it is called.
    parent, step, changes
        The run it left, after how many steps, and what was changed there; "" for the first one.
    training, network
        With what it is trained.
    data
        On what; None in files of runs that were all trained on the project's own data.
    run
        Position, and whatever else a run needs to go on, as JSON values, history and journal among them.
    """

    id: str
    training: Training
    network: Network
    name: str = ""
    parent: str = ""
    step: int = 0
    changes: tuple[str, ...] = ()
    data: DataRef | None = None
    run: dict[str, Any] = {}


@dataclass(frozen=True)
class SavedRun:
    """A run of a project file.

    Attributes
    ----------
    note
        The document part.
    weights, optimizer
        Arrays by name, as those of `core.io.project.Contents`.
    """

    note: RunNote
    weights: Arrays = field(default_factory=dict)
    optimizer: Arrays = field(default_factory=dict)


def to_arrays(runs: tuple[SavedRun, ...]) -> dict[str, np.ndarray]:
    """The arrays of all, by ``"1.2/weights/dense/kernel"``."""
    return {
        f"{one.note.id}/{part}/{name}": array
        for one in runs
        for part, arrays in (("weights", one.weights), ("optimizer", one.optimizer))
        for name, array in arrays.items()
    }


def from_arrays(notes: list[RunNote], arrays: Arrays) -> tuple[SavedRun, ...]:
    """The runs of these notes with their arrays.

    Raises
    ------
    ValueError
        Two have one id, or arrays belong to none.
    """
    found: dict[str, dict[str, dict[str, np.ndarray]]] = {
        note.id: {"weights": {}, "optimizer": {}} for note in notes
    }
    if len(found) != len(notes):
        message = "two runs have one id"
        raise ValueError(message)
    for key, array in arrays.items():
        run, _, rest = key.partition("/")
        part, _, name = rest.partition("/")
        if part not in found.get(run, {}) or not name:
            message = f"{key} belongs to no run"
            raise ValueError(message)
        found[run][part][name] = array
    return tuple(SavedRun(note, **found[note.id]) for note in notes)
