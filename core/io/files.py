"""Writing a file so that it is there whole or not at all, on every system."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from core.io.errors import ProjectError, explain_os_error

#: Windows refuses to replace a file that a virus scanner or an indexer looks at; it lets go soon.
_ATTEMPTS = 12


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


def write_beside(path: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Write a file beside its target and put it in place when it is complete.

    Parameters
    ----------
    path
        The target. What it held before stays until the new content is safely on the disk.
    fill
        Writes the content to the open file.

    Raises
    ------
    ProjectError
        When the file cannot be written; the target is unchanged and nothing is left beside it.
    """
    partial: Path | None = None
    try:
        if path.is_dir():
            message = f"{path} is a folder, not a file."
            raise ProjectError(message)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem[:40]}-", suffix=".partial", dir=path.parent
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


def _give_usual_permissions(partial: Path, path: Path) -> None:
    # mkstemp makes files only their owner may read; a saved file should be like any other.
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    partial.chmod(mode)
