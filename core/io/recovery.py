"""Autosaved copies, and finding them again after a crash."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from core.io.errors import ProjectError
from core.io.files import remove_partial
from core.io.locks import LockedFile
from core.io.project import Contents, read, write

#: Seconds in which a window that starts has certainly locked its file.
_STARTING = 3600.0


@dataclass(frozen=True)
class Recovery:
    """Work that a program which ended unexpectedly left behind.

    Attributes
    ----------
    path
        The autosaved copy.
    original
        The file it is a later state of, or None if it was never saved.
    name
        Name of the project.
    saved_at
        Seconds since the epoch.
    """

    path: Path
    original: Path | None
    name: str
    saved_at: float


class Autosave:
    """The recovery copy of one open window. A lock tells other windows that it is alive.

    Parameters
    ----------
    folder
        Where recovery copies live; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self._lock = LockedFile(folder / f"{self._stem}.lock")

    @property
    def path(self) -> Path:
        """The copy, which exists after the first `save`."""
        return self._folder / f"{self._stem}.chainrule"

    def save(self, contents: Contents, original: Path | None) -> None:
        """Write the copy.

        Raises
        ------
        ProjectError
            When it cannot be written.
        """
        write(self.path, contents)
        note = {"original": str(original) if original else None, "name": contents.project.name}
        with contextlib.suppress(OSError):
            self._note.write_bytes(msgspec.json.encode(note))

    def discard(self) -> None:
        """Remove the copy: the work is saved, or is not wanted."""
        for path in (self.path, self._note):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the copy and end: the window closed in an orderly way."""
        self.discard()
        self._lock.close()

    @property
    def _note(self) -> Path:
        return self._folder / f"{self._stem}.json"

    def __enter__(self) -> Autosave:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def find(folder: Path) -> list[Recovery]:
    """Return what crashed windows left behind, newest first; copies of living windows are not listed."""
    found = []
    _sweep(folder)
    for path in folder.glob("*.chainrule") if folder.is_dir() else ():
        if LockedFile.held(path.with_suffix(".lock")):
            continue
        original: Path | None = None
        name = ""
        with contextlib.suppress(OSError, ValueError, msgspec.DecodeError):
            note = msgspec.json.decode(path.with_suffix(".json").read_bytes())
            original = Path(note["original"]) if note["original"] else None
            name = str(note["name"])
        with contextlib.suppress(OSError):
            found.append(Recovery(path, original, name or path.stem, path.stat().st_mtime))
    return sorted(found, key=lambda recovery: recovery.saved_at, reverse=True)


def take(recovery: Recovery) -> Contents:
    """Read a recovery copy.

    Raises
    ------
    ProjectError
        When the crash damaged it.
    """
    return read(recovery.path)


def forget(recovery: Recovery) -> None:
    """Delete a recovery copy and what belongs to it."""
    for suffix in (".chainrule", ".json", ".lock"):
        with contextlib.suppress(OSError):
            os.unlink(recovery.path.with_suffix(suffix))
    remove_partial(recovery.path)


class Claim:
    """A recovery copy that a window goes on from: kept until the window has one of its own, and not offered again.

    Should this window end unexpectedly, too, the copy is there still and found again.
    """

    def __init__(self, recovery: Recovery) -> None:
        self._recovery = recovery
        self._lock = LockedFile(recovery.path.with_suffix(".lock"))

    def forget(self) -> None:
        """Delete it: its content is somewhere else now, or is not wanted."""
        self._lock.close()
        forget(self._recovery)


def _sweep(folder: Path) -> None:
    """Remove what windows left behind that ended before they had written a copy."""
    for lock in folder.glob("*.lock") if folder.is_dir() else ():
        path = lock.with_suffix(".chainrule")
        with contextlib.suppress(OSError):
            # A window that is just starting has made its file and not locked it yet.
            old = time.time() - lock.stat().st_mtime > _STARTING
            if old and not path.exists() and not LockedFile.held(lock):
                lock.unlink(missing_ok=True)
                remove_partial(path)


__all__ = ["Autosave", "Claim", "ProjectError", "Recovery", "find", "forget", "take"]
