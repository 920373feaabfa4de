"""Races as files, to be shared: JSON with the kind of file and its version."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from core.errors import ChainruleError
from core.io.errors import ProjectError, explain_os_error, readable
from core.io.files import write_beside
from core.landscape.race import Race, as_its_kind, check

FORMAT, VERSION = "chainrule-race", 1
#: A file larger than this is none of ours.
_LARGEST = 1 << 20


def race_document(race: Race) -> dict[str, Any]:
    """Return a race as values JSON can hold."""
    found: dict[str, Any] = msgspec.to_builtins(race)
    return found


def race_of(document: Any, name: str = "The race") -> Race:
    """Return the race of a document that `race_document` made.

    Raises
    ------
    ProjectError
        It is not one, or something in it cannot be raced.
    """
    try:
        race = msgspec.convert(document, Race)
        kinds = tuple(as_its_kind(one) for one in race.racers)
        race = msgspec.structs.replace(race, racers=kinds)
        check(race)
    except msgspec.ValidationError as error:
        raise ProjectError(f"{name} is damaged: {readable(_unread(error))}") from error
    except ChainruleError as error:
        raise ProjectError(f"{name} cannot be raced: {readable(str(error))}") from error
    return race


def _unread(error: msgspec.ValidationError) -> str:
    """Say what in a document cannot be read, and where it stands."""
    said = str(error)
    unknown = re.search("unknown field `(.+?)`", said)
    if unknown:
        return f"no race has anything called {unknown[1]!r}."
    missing = re.search("required field `(.+?)`", said)
    place = re.search(r"at `\$\.?(.+?)`", said)
    where = f" at {place[1]}" if place else ""
    if missing:
        return f"{missing[1]!r} is missing{where}."
    return f"what stands{where} cannot be read." if place else "there is no race in it."


def save_race(race: Race, path: Path) -> None:
    """Write a race file.

    Raises
    ------
    ProjectError
        It could not be written; what was there before is unchanged.
    """
    document = {"format": FORMAT, "version": VERSION, "race": race_document(race)}
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)

    def fill(file: BinaryIO) -> None:
        file.write(text.encode())

    write_beside(path, fill)


def load_race(path: Path) -> Race:
    """Read a race file.

    Raises
    ------
    ProjectError
        The file is not there, damaged, of something else, or of a newer version.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ProjectError(f"{path.name} is not a race: it is too large.")
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise ProjectError(explain_os_error(error, path, "open")) from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{path.name} is not a race, or it is damaged.") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ProjectError(f"{path.name} is not a race.")
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ProjectError(f"{path.name} does not say which version it is; it may be damaged.")
    if version > VERSION:
        raise ProjectError(
            f"{path.name} was made by a newer version of Chainrule. Update the program to open it."
        )
    return race_of(raw.get("race"), path.name)
