"""The ``.chainrule`` project file: a zip of a versioned JSON document and arrays. No pickle anywhere.

==========================  ================================================================
``project.json``            network, training settings, data set, position of the run, view
``weights.safetensors``     parameters and moving statistics, by tensor name
``optimizer.safetensors``   the optimizer's slots, by name
``history.json``            metrics of the run
``journal.json``            what the learner changed while it ran, by step
``runs.json``               other runs of the project: branches, and those that were left
``runs.safetensors``        their arrays, by run and name
``thumbnail.png``           a small picture
==========================  ================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from core.errors import ChainruleError
from core.io.archive import LIMITS, damaged, read_members
from core.io.errors import ProjectError
from core.io.files import write_beside
from core.io.migrations import FORMAT, migrate
from core.io.runs import DataRef, RunNote, SavedRun, from_arrays, to_arrays
from core.spec import Network, Training, check_training

#: What `project.json` says of itself.
KIND = "chainrule-project"

Arrays = Mapping[str, np.ndarray]


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """The document part of a project file.

    Attributes
    ----------
    name
        What the title bar shows.
    network, training, data
        What is trained, how, on what.
    run
        Position, seeds and whatever else a run needs to go on, as JSON values. History and journal
        are apart from it in the file because they grow.
    view
        Where the window stood. A reader may ignore it.
    """

    name: str
    network: Network
    training: Training
    data: DataRef
    run: dict[str, Any] = {}
    view: dict[str, Any] = {}


@dataclass(frozen=True)
class Contents:
    """Everything in a project file.

    Attributes
    ----------
    project
        The document.
    weights, optimizer
        Arrays by name; empty for a network that was never trained.
    history, journal
        JSON values.
    thumbnail
        A PNG, or empty.
    runs
        Other runs of the project besides the one above.
    """

    project: Project
    weights: Arrays = field(default_factory=dict)
    optimizer: Arrays = field(default_factory=dict)
    history: Any = None
    journal: Any = None
    thumbnail: bytes = b""
    runs: tuple[SavedRun, ...] = ()


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    format: int
    program: str
    project: Project


def write(path: Path | str, contents: Contents) -> None:
    """Write a project file; the file that was there before stays until the new one is complete.

    Raises
    ------
    ProjectError
        When it cannot be written: full disk, no permission, no such folder.
    """
    members = _members(contents)

    def fill(file: BinaryIO) -> None:
        with ZipFile(file, "w") as archive:
            for name, data in members.items():
                # A fixed date makes equal projects equal files.
                info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = ZIP_DEFLATED if name.endswith(".json") else ZIP_STORED
                info.external_attr = 0o644 << 16
                archive.writestr(info, data)

    write_beside(Path(path), fill)


def read(path: Path | str) -> Contents:
    """Read a project file.

    Raises
    ------
    ProjectError
        For a missing, foreign, damaged, too large or newer file, with a sentence for the learner.
    """
    path = Path(path)
    members = read_members(path)
    project = _read_document(members["project.json"], path)
    _check(project, path)
    return Contents(
        project,
        _read_arrays(members, "weights.safetensors", path),
        _read_arrays(members, "optimizer.safetensors", path),
        _read_json(members, "history.json", path),
        _read_json(members, "journal.json", path),
        members.get("thumbnail.png", b""),
        _read_runs(members, path),
    )


def _members(contents: Contents) -> dict[str, bytes]:
    document = _Document(
        kind=KIND, format=FORMAT, program=_program_version(), project=contents.project
    )
    members = {"project.json": msgspec.json.format(msgspec.json.encode(document), indent=1)}
    if contents.runs:
        members["runs.json"] = msgspec.json.encode([one.note for one in contents.runs])
    for name, arrays in (
        ("weights", contents.weights), ("optimizer", contents.optimizer), ("runs", to_arrays(contents.runs)),
    ):  # fmt: skip
        if arrays:
            # safetensors writes the memory as it lies: a transposed array would come back scrambled.
            members[f"{name}.safetensors"] = save_arrays(
                {key: np.asarray(array, order="C") for key, array in sorted(arrays.items())}
            )
    for name, value in (("history", contents.history), ("journal", contents.journal)):
        if value is not None:
            members[f"{name}.json"] = msgspec.json.encode(value)
    if contents.thumbnail:
        members["thumbnail.png"] = contents.thumbnail
    for name, data in members.items():
        if len(data) > LIMITS[name]:
            size, limit = len(data) >> 20, LIMITS[name] >> 20
            message = (
                f"The project is too large to save: {name} has {size} MB, at most {limit} fit."
            )
            raise ProjectError(message)
    return members


def _read_document(data: bytes, path: Path) -> Project:
    try:
        raw = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProjectError(damaged(path, "project.json")) from error
    if not isinstance(raw, dict) or raw.get("kind") != KIND:
        message = f"{path.name} is not a Chainrule project: it does not say that it is one."
        raise ProjectError(message)
    version = raw.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProjectError(damaged(path, "project.json names no format"))
    if version > FORMAT:
        message = (
            f"{path.name} was written by a newer version of Chainrule (format {version}; this one "
            f"reads up to {FORMAT}). Update Chainrule to open it. The file was not changed."
        )
        raise ProjectError(message)
    try:
        return msgspec.convert(migrate(raw), _Document).project
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        place = str(error).replace("`", "").replace("$", "project.json")
        raise ProjectError(damaged(path, place)) from error


def _read_runs(members: Mapping[str, bytes], path: Path) -> tuple[SavedRun, ...]:
    raw = _read_json(members, "runs.json", path) or []
    try:
        notes = msgspec.convert(raw, list[RunNote])
        runs = from_arrays(notes, _read_arrays(members, "runs.safetensors", path))
    except (msgspec.ValidationError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ProjectError):
            raise
        raise ProjectError(damaged(path, "runs.json")) from error
    for note in notes:
        _check(note, path)
    return runs


def _check(project: Project | RunNote, path: Path) -> None:
    """Refuse what no editor can have left: settings that train nothing, a network that is no graph.

    A network whose layers do not fit together is none of these: that is work in progress.
    """
    try:
        check_training(project.training)
        project.network.order()
    except ChainruleError as error:
        message = f"{path.name} cannot be opened. {error}"
        raise ProjectError(message) from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProjectError(damaged(path, "project.json")) from error


def _read_arrays(members: Mapping[str, bytes], name: str, path: Path) -> dict[str, np.ndarray]:
    data = members.get(name)
    if data is None:
        return {}
    try:
        return load_arrays(data)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ProjectError(damaged(path, name)) from error


def _read_json(members: Mapping[str, bytes], name: str, path: Path) -> Any:
    data = members.get(name)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProjectError(damaged(path, name)) from error


def _program_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chainrule")
    except PackageNotFoundError:
        return "0"
