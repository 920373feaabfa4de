"""Writing a file so that it is there whole or not at all, on every system."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.io.errors import ProjectError, explain_os_error

#: Windows refuses to replace a file that a virus scanner or an indexer looks at; it lets go soon.
_ATTEMPTS = 12

#: A partial file this old, in seconds, is of a program that did not live to complete it.
_STALE = 3600.0

_PARTIAL = re.compile(r"(?:([0-9a-f]{4})-(\d+)-)?[a-z0-9_]{8}\.partial")


def replace(source: Path, target: Path) -> None:
    """Move ``source`` over ``target``, trying for about two seconds where the system is busy with it."""
    for attempt in range(_ATTEMPTS):
        try:
            os.replace(source, target)
        except PermissionError:
            # Only Windows has sharing violations; elsewhere a refusal stays a refusal.
            if os.name != "nt" or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.02 * 1.4**attempt)
        else:
            return


def real_target(path: Path) -> Path:
    """Return the file that is written when `path` is: where a link leads to, the link stays.

    Raises
    ------
    ProjectError
        When something is there that is not a file: a folder, a device, a pipe.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        message = f"{path} is a folder, not a file."
        raise ProjectError(message)
    if target.is_symlink() or (target.exists() and not target.is_file()):
        message = f"{path} is not an ordinary file, so it was not replaced. Choose another name."
        raise ProjectError(message)
    return target


def write_beside(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file beside its target and put it in place when it is complete.

    Parameters
    ----------
    path
        The target. What it held before stays until the new content is safely on the disk.
        Where it is a link, the file it leads to is written.
    fill
        Writes the content to the open file.

    Raises
    ------
    ProjectError
        When the file cannot be written; the target is unchanged and nothing is left beside it.
    """
    partial: Path | None = None
    try:
        path = real_target(path)
        stem = _stem(path)
        _remove_stale(path.parent, stem)
        handle, name = tempfile.mkstemp(
            prefix=f"{stem}{machine()}-{os.getpid()}-", suffix=".partial", dir=path.parent
        )
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        _give_usual_permissions(partial, path)
        replace(partial, path)
        partial = None
    except OSError as error:
        raise ProjectError(explain_os_error(error, path, "save")) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def remove_partial(path: Path) -> None:
    """Remove what was left by writing a file that nobody writes any more."""
    stem = _stem(path)
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(stem) and _PARTIAL.fullmatch(entry.name, len(stem)):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _stem(path: Path) -> str:
    """How the names of partial files begin."""
    return f".{path.stem[:40]}-"


def machine() -> str:
    """Return a short name of this machine: in a shared folder, process numbers mean little."""
    return f"{zlib.crc32(platform.node().encode()) & 0xFFFF:04x}"


def _remove_stale(folder: Path, stem: str) -> None:
    """Remove what programs that were killed while they wrote this file have left beside it."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(stem):
                continue
            found = _PARTIAL.fullmatch(entry.name, len(stem))
            if found is None or not entry.is_file(follow_symlinks=False):
                continue
            here = found[1] == machine()
            old = time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE
            if old or (here and has_ended(int(found[2]))):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def has_ended(process: int) -> bool:
    """True if there is no such process on this machine any more; False where that cannot be asked."""
    if os.name == "nt":
        # There, asking in this way would end it.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _give_usual_permissions(partial: Path, path: Path) -> None:
    # mkstemp makes files only their owner may read; a saved file should be like any other.
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    partial.chmod(mode)
