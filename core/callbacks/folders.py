"""Folders that callbacks write to, tried before an hour of training is spent."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.errors import SettingError
from core.io.errors import explain_os_error


def require_writable(file: Path, kind: str, argument: str) -> None:
    """Make the folder of a file if it is not there, and say so if nothing can be written in it.

    Raises
    ------
    core.errors.SettingError
        It cannot; `kind` is the callback that wants to write, `argument` what the file was given as.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Asking for permission is not enough: a disk may be full, a share read-only.
        with tempfile.TemporaryFile(dir=file.parent):
            pass
        # In here, too: a name may be too long to be looked up.
        taken = file.is_dir()
    except FileExistsError as error:
        message = f"{kind} cannot write {file}: {file.parent} is a file, not a folder. Choose another folder."
        raise SettingError(message, argument) from error
    except OSError as error:
        message = f"{kind} cannot write there. {explain_os_error(error, file, 'save')}"
        raise SettingError(message, argument) from error
    if taken:
        message = f"{kind} cannot write {file}: that is a folder. Give the name of a file in it."
        raise SettingError(message, argument)
